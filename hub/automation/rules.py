"""Decisions about triggers and endpoints: no session, no clock."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import orjson
from pydantic import AwareDatetime, Field

from hub.automation.models import AttemptOutcome
from hub.channels.platforms.base import PlatformModel
from hub.channels.rules import read
from hub.kernel.errors import Invalid
from hub.kernel.events import is_named

#: How much of a trigger's body is read at all.
BODY_BYTES = 65_536
#: How many genuine calls within this time count against a trigger's rate.
RATE_SPAN = timedelta(minutes=1)
#: How long a call's answer is kept: far longer than its signature is good for.
CALLS_KEPT = timedelta(hours=24)

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


class Wish(PlatformModel):
    """What the body of a call asks for."""

    externalReference: str = Field(min_length=1, max_length=200)  # noqa: N815 - its name in the API
    channelIds: list[str] | None = Field(  # noqa: N815 - its name in the API
        default=None, min_length=1, max_length=_CHANNELS_MOST
    )
    channels: list[str] | None = Field(default=None, min_length=1, max_length=_CHANNELS_MOST)
    scheduledFor: AwareDatetime | None = None  # noqa: N815 - its name in the API


def read_wish(body: bytes) -> Wish:
    """Return what a call asks for; Invalid names the field of the body at fault."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Invalid("The body is not JSON.") from None
    if not isinstance(given, dict):
        raise Invalid("The body is a JSON object.")
    # A number would be taken for seconds since 1970, which nobody who writes one by hand means.
    if not isinstance(given.get("scheduledFor"), str | None):
        raise Invalid("A time is text, as in 2030-01-31T09:00:00Z.", path=("scheduledFor",))
    wish = read(Wish, given, path=())
    if wish.channelIds is not None and wish.channels is not None:
        raise Invalid("Name channels by `channelIds` or by `channels`.", path=("channels",))
    return wish


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
