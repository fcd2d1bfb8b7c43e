"""Decisions about triggers and endpoints: no session, no clock."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

import orjson
from pydantic import Field

from hub.automation.models import AttemptOutcome, TriggerAction
from hub.automation.rows import When
from hub.channels.platforms.base import PlatformModel
from hub.channels.rules import read
from hub.kernel.caller import Permission
from hub.kernel.errors import Forbidden, Invalid
from hub.kernel.events import is_named

#: How much of a trigger's body is read at all.
BODY_BYTES = 65_536
#: How many genuine calls within this time count against a trigger's rate.
RATE_SPAN = timedelta(minutes=1)
#: How long a call's answer is kept and what it began can be followed: far longer than its
#: signature is good for.
CALLS_KEPT = timedelta(days=7)

#: Waits between the calls of one delivery, in seconds: 3 days and 4 hours in all.
WAITS = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, *(43200,) * 5)
#: A delivery that failed so often lets those behind it pass.
STEP_ASIDE = 5
#: An endpoint that did nothing but fail for so long, so often, is switched off.
FAILING_FOR = timedelta(days=3)
FAILING_TIMES = 10
#: The longest an endpoint may ask to wait.
LONGEST_WAIT = timedelta(days=1)

_SPREAD = 0.2
_PATTERN = re.compile(r"\*|[a-z_]+\.(\*|[a-z_]+)")
_PATTERNS_MOST = 50
_MINE = "endpoint.tested"
_CHANNELS_MOST = 100


#: What a trigger's caller holds for each of its actions, whatever whoever made it may.
NEEDS: Mapping[str, Permission] = {
    TriggerAction.PUBLISH: Permission.PUBLISHING_WRITE,
    TriggerAction.SAVE: Permission.CONTENT_WRITE,
    TriggerAction.SUBMIT: Permission.REVIEW_SUBMIT,
    TriggerAction.IMPORT: Permission.CONTENT_WRITE,
}


class OperationState(StrEnum):
    """How far what a call began has come."""

    RUNNING = "RUNNING"
    WAITING = "WAITING"
    DONE = "DONE"
    FAILED = "FAILED"
    REFUSED = "REFUSED"


_WORST_FIRST = (OperationState.FAILED, OperationState.WAITING, OperationState.RUNNING)
#: Every state that is not here is a failure to those who asked for it.
_OF_PUBLICATION = {
    "PLANNED": OperationState.RUNNING,
    "SCHEDULED": OperationState.RUNNING,
    "PUBLISHING": OperationState.RUNNING,
    "HELD": OperationState.WAITING,
    "UNCONFIRMED": OperationState.WAITING,
    "PUBLISHED": OperationState.DONE,
}
_OF_REVIEW = {
    "PREPARING": OperationState.RUNNING,
    "IN_REVIEW": OperationState.WAITING,
    "APPROVED": OperationState.DONE,
}


class Wish(PlatformModel):
    """What the body of a call asks for."""

    externalReference: str = Field(min_length=1, max_length=200)  # noqa: N815 - its name in the API
    channelIds: list[str] | None = Field(  # noqa: N815 - its name in the API
        default=None, min_length=1, max_length=_CHANNELS_MOST
    )
    channels: list[str] | None = Field(default=None, min_length=1, max_length=_CHANNELS_MOST)
    scheduledFor: When | None = None  # noqa: N815 - its name in the API


def read_wish(given: Mapping[str, Any]) -> Wish:
    """Return what a call asks for; Invalid names the field of the body at fault."""
    wish = read(Wish, given, path=())
    if wish.channelIds is not None and wish.channels is not None:
        raise Invalid("Name channels by `channelIds` or by `channels`.", path=("channels",))
    return wish


def wanted_action(given: dict[str, Any], actions: Sequence[str]) -> TriggerAction:
    """Take out of a body which action it asks for: the only one, or to publish, unless it says.

    Raises Forbidden for one the trigger may not do.
    """
    usual = actions[0] if len(actions) == 1 else TriggerAction.PUBLISH
    asked = given.pop("action", usual)
    if asked not in TriggerAction.__members__:
        raise Invalid(f"An action is one of {', '.join(TriggerAction)}.", path=("action",))
    if asked not in actions:
        raise Forbidden(f"This trigger may not {asked}.", path=("action",))
    return TriggerAction(asked)


def operation_state(
    *, code: str | None, review: str | None, publications: Collection[str]
) -> OperationState:
    """Say how far what a call began has come, by the states of its review and publications."""
    if code is not None:
        return OperationState.REFUSED
    states = {_OF_PUBLICATION.get(state, OperationState.FAILED) for state in publications}
    if review is not None:
        states.add(_OF_REVIEW.get(review, OperationState.FAILED))
    return next((state for state in _WORST_FIRST if state in states), OperationState.DONE)


def body_hash(body: bytes) -> str:
    """Return the digest a call is compared by."""
    return hashlib.sha256(body).hexdigest()


def require_patterns(patterns: Sequence[str], *, known: Iterable[str]) -> list[str]:
    """Return the patterns, sorted; Invalid for one that no event there is would ever match."""
    path = ("input", "events")
    if not patterns:
        raise Invalid('Name at least one event, or "*" for all.', path=path)
    if len(patterns) > _PATTERNS_MOST:
        raise Invalid(f"Name {_PATTERNS_MOST} events at most.", path=path)
    names = frozenset(known)
    for index, pattern in enumerate(patterns):
        if not _PATTERN.fullmatch(pattern) or not any(
            is_named([pattern], name=name) for name in names
        ):
            raise Invalid(
                'There is no such event. Write "publication.published", "publication.*" or "*".',
                path=(*path, str(index)),
            )
    return sorted(set(patterns))


def is_heard(patterns: Iterable[str], *, name: str, is_own_test: bool) -> bool:
    """Say whether an endpoint with these patterns hears an event."""
    return (name == _MINE and is_own_test) or is_named(patterns, name=name)


def next_wait(tries: int, *, asked: timedelta | None, seed: str) -> timedelta | None:
    """Return how long to wait after so many calls; None when it is time to give up.

    The same seed spreads the same way, up to a fifth longer or shorter, so that a thousand
    deliveries do not come back in one second. `asked` is what the endpoint asked for.
    """
    if tries > len(WAITS):
        return None
    share = int.from_bytes(hashlib.sha256(f"{seed}:{tries}".encode()).digest()[:4]) / 2**32
    wait = timedelta(seconds=WAITS[tries - 1] * (1 + _SPREAD * (2 * share - 1)))
    return max(wait, min(asked, LONGEST_WAIT)) if asked else wait


def steps_aside(outcome: AttemptOutcome, *, tries: int) -> bool:
    """Say whether later events may pass a delivery that failed.

    What is refused for itself holds nobody up; an endpoint that is down does, for a while.
    """
    return outcome is AttemptOutcome.REFUSED or tries >= STEP_ASIDE


def is_failing(*, failures: int, lasting: timedelta) -> bool:
    """Say whether an endpoint has failed for so long that calling it makes no sense."""
    return failures >= FAILING_TIMES and lasting >= FAILING_FOR


def outcome_of(status: int) -> AttemptOutcome:
    """Return what an answer's status says."""
    if 200 <= status < 300:
        return AttemptOutcome.DELIVERED
    if status == 410:
        return AttemptOutcome.GONE
    if status >= 500 or status in {408, 425, 429}:
        return AttemptOutcome.UNWELL
    return AttemptOutcome.REFUSED


def written(event: dict[str, Any]) -> bytes:
    """Return an event as it is sent: the same bytes for every attempt."""
    return orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
