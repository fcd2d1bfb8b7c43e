"""Decisions about publications: no session, no clock, no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from hub.channels.platforms.base import Guarantee
from hub.publishing.models import AmendmentKind, HoldReason, PublicationState, Standing

S = PublicationState

#: What may follow what. A trigger in the database holds the same table; a test compares them.
TRANSITIONS: Mapping[PublicationState, frozenset[PublicationState]] = {
    S.PLANNED: frozenset({S.SCHEDULED, S.CANCELLED}),
    S.SCHEDULED: frozenset({S.PLANNED, S.PUBLISHING, S.HELD, S.CANCELLED, S.EXPIRED}),
    S.PUBLISHING: frozenset(
        {S.SCHEDULED, S.PUBLISHED, S.HELD, S.UNCONFIRMED, S.FAILED, S.CANCELLED, S.EXPIRED}
    ),
    S.HELD: frozenset({S.SCHEDULED, S.CANCELLED, S.EXPIRED}),
    S.UNCONFIRMED: frozenset({S.PUBLISHING, S.PUBLISHED, S.SCHEDULED, S.FAILED}),
    S.FAILED: frozenset({S.SCHEDULED, S.CANCELLED}),
    S.PUBLISHED: frozenset({S.WITHDRAWN}),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset(),
    S.WITHDRAWN: frozenset(),
}

FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=30)
#: Tries before the publication is given up: FAILED, or a person is asked where it may be out.
ATTEMPTS = 12
#: Looks that could not say for certain before a person is asked.
LOOKS = 6
#: Looks the platform did not even answer before a person is asked: a few hours.
FAILED_LOOKS = 12
#: How often a platform may say that it is busy with our pictures: an hour or so.
POLLS = 36
LONGEST_POLL = timedelta(minutes=5)


class Failure(StrEnum):
    """What a connector says went wrong; see `workers/connectors/errors.py`."""

    NOT_SENT = "NOT_SENT"
    TRANSIENT = "TRANSIENT"
    UNKNOWN = "UNKNOWN"
    RATE_LIMITED = "RATE_LIMITED"
    NEEDS_AUTH = "NEEDS_AUTH"
    REJECTED = "REJECTED"
    DUPLICATE = "DUPLICATE"
    GONE = "GONE"
    UNSUPPORTED = "UNSUPPORTED"


class Turn(StrEnum):
    """What becomes of a publication after a step that did not work."""

    RETRY = "RETRY"
    LOOK_UP = "LOOK_UP"
    ASK_PERSON = "ASK_PERSON"
    HOLD = "HOLD"
    FAIL = "FAIL"


@dataclass(frozen=True, kw_only=True)
class Next:
    """A turn, how long to wait for it, and the reason where it holds."""

    turn: Turn
    wait: timedelta = timedelta()
    reason: HoldReason | None = None


#: Failures after which a commit may have taken effect; a duplicate is even evidence that it has.
DOUBTFUL = frozenset({Failure.TRANSIENT, Failure.UNKNOWN, Failure.DUPLICATE})


def after_failure(
    failure: Failure,
    *,
    committing: bool,
    guarantee: Guarantee,
    attempts: int,
    settle: timedelta,
    retry_after: timedelta | None,
    in_doubt: bool = False,
) -> Next:
    """Decide what follows a failed step.

    `settle` is how long the platform may take to show a post it has accepted: looking earlier
    proves nothing. `in_doubt` says that an earlier try of the same commit may have taken effect:
    whatever a repeat is told then, the first may be out.
    """
    if committing and (in_doubt or failure in DOUBTFUL):
        if guarantee is Guarantee.BLIND or attempts >= ATTEMPTS:
            return Next(turn=Turn.ASK_PERSON)
        # Even where the same key gives the same post: the first request may still be running, and
        # not every version of a platform takes a lock around it.
        wait = max(settle, backoff(attempts), retry_after or timedelta())
        return Next(turn=Turn.LOOK_UP, wait=wait)
    match failure:
        case Failure.NEEDS_AUTH:
            return Next(turn=Turn.HOLD, reason=HoldReason.NEEDS_AUTH)
        case Failure.REJECTED | Failure.GONE | Failure.UNSUPPORTED | Failure.DUPLICATE:
            return Next(turn=Turn.FAIL)
    if attempts >= ATTEMPTS:
        return Next(turn=Turn.FAIL)
    return Next(turn=Turn.RETRY, wait=max(backoff(attempts), retry_after or timedelta()))


def after_weak_look(
    *,
    looks: int,
    settle: timedelta,
    failed: bool = False,
    retry_after: timedelta | None = None,
) -> Next:
    """Decide what follows a look that could not say for certain, or that was not answered."""
    if looks >= (FAILED_LOOKS if failed else LOOKS):
        return Next(turn=Turn.ASK_PERSON)
    wait = max(settle, backoff(looks + 1), retry_after or timedelta())
    return Next(turn=Turn.LOOK_UP, wait=wait)


def after_pending(*, polls: int, poll_after: timedelta) -> Next:
    """Decide when to ask again whether the platform is ready, after so many polls."""
    if polls >= POLLS:
        return Next(turn=Turn.FAIL)
    wait: timedelta = poll_after * 2 ** min(polls // 4, 10)
    return Next(turn=Turn.RETRY, wait=min(wait, max(LONGEST_POLL, poll_after)))


def backoff(attempts: int) -> timedelta:
    """Return the wait before the next try: 15 s, doubling, at most half an hour."""
    wait: timedelta = FIRST_WAIT * 2 ** min(max(attempts - 1, 0), 10)
    return min(wait, LONGEST_WAIT)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All that decides whether a publication may go out at this moment."""

    now: datetime
    due_at: datetime
    expires_at: datetime | None
    grace: timedelta
    channel_enabled: bool
    channel_works: bool
    channel_message: str
    approved: bool
    is_current_revision: bool
    accept_older_revision: bool
    edition_basis_is_current: bool
    partly_out: bool


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why a publication may not go out: it expires, or is held for a reason, in plain words."""

    message: str
    reason: HoldReason | None = None
    expired: bool = False


def obstacle(case: Situation) -> Obstacle | None:
    """Return what stands in the way of sending, most final first; None when nothing does."""
    if case.expires_at is not None and case.now > case.expires_at and not case.partly_out:
        return Obstacle(message="Its latest time has passed.", expired=True)
    if not case.approved:
        return Obstacle(
            reason=HoldReason.UNAPPROVED, message="No valid approval covers these bytes."
        )
    if not case.is_current_revision and not case.accept_older_revision:
        return Obstacle(
            reason=HoldReason.SUPERSEDED,
            message="The text was changed after this revision was approved.",
        )
    if not case.edition_basis_is_current:
        return Obstacle(
            reason=HoldReason.EDITION_STALE,
            message="The channel's limits, settings or account, or what its links are followed by, "
            "changed since it was prepared.",
        )
    if not case.channel_enabled:
        return Obstacle(reason=HoldReason.PAUSED, message="The channel is switched off.")
    if not case.channel_works:
        return Obstacle(
            reason=HoldReason.NEEDS_AUTH,
            message=case.channel_message or "The channel's last check failed.",
        )
    if case.now - case.due_at > case.grace and not case.partly_out:
        return Obstacle(
            reason=HoldReason.MISSED,
            message=f"It should have gone out at {case.due_at.isoformat()}.",
        )
    return None


#: (until this age, look this often) whether what is out still stands; later nobody looks.
_READ_BACK = (
    (timedelta(minutes=10), timedelta(minutes=2)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=7), timedelta(hours=6)),
    (timedelta(days=90), timedelta(days=1)),
)


def next_read_back(*, published_at: datetime, now: datetime) -> datetime | None:
    """Return when to look whether it still stands, or None when it is too old to be watched."""
    age = now - published_at
    return next((now + every for until, every in _READ_BACK if age < until), None)


#: Worst first: what one post of a thread suffers is said of the whole.
_WORST = (Standing.GONE, Standing.HIDDEN, Standing.CHANGED, Standing.STANDS)


def worst(seen: Sequence[Standing]) -> Standing:
    """Return the worst of what was seen; STANDS where nothing was."""
    return next((standing for standing in _WORST if standing in seen), Standing.STANDS)


#: How a post is named whose id at the platform nobody has told.
CONFIRMED = "confirmed:"


def can_be_addressed(refs: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether the platform can be asked about every post of a publication.

    What a person confirmed without its id is out, but nobody knows under which name there.
    """
    return not any(str(ref["remote_id"]).startswith(CONFIRMED) for ref in refs)


#: Tries of a withdrawal before it is given up, half a day: whoever takes something down means it.
WITHDRAWAL_TRIES = 30


def after_amendment(
    failure: Failure, *, kind: AmendmentKind, tries: int, retry_after: timedelta | None
) -> timedelta | None:
    """Return how long to wait before an amendment is tried again; None: give it up.

    Doing it twice is doing it once, so an answer that was lost is no reason to ask anybody.
    """
    final = {
        Failure.NEEDS_AUTH,
        Failure.REJECTED,
        Failure.GONE,
        Failure.UNSUPPORTED,
        Failure.DUPLICATE,
    }
    most = WITHDRAWAL_TRIES if kind is AmendmentKind.WITHDRAW else ATTEMPTS
    if failure in final or tries >= most:
        return None
    return max(backoff(tries), retry_after or timedelta())
