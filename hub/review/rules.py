"""Decisions about reviews: no session, no clock."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hub.channels.platforms.base import Problem, ProblemSeverity
from hub.kernel.errors import HubError, Invalid
from hub.review.errors import InPast, TooLong
from hub.review.models import ReviewState, Verdict

#: A time this little in the past means "now": clients and servers never agree to the second.
NOW_MEANS = timedelta(seconds=60)

_TOO_LONG = frozenset(
    {
        "TEXT_TOO_LONG",
        "TEXT_TOO_MANY_BYTES",
        "TITLE_TOO_LONG",
        "PAYLOAD_TOO_LARGE",
        "ALT_TOO_LONG",
        "TAG_TOO_LONG",
    }
)

#: Which states a verdict may be given in: changes may still be asked for after an approval.
DECIDABLE: dict[Verdict, frozenset[ReviewState]] = {
    Verdict.APPROVE: frozenset({ReviewState.IN_REVIEW}),
    Verdict.REQUEST_CHANGES: frozenset({ReviewState.IN_REVIEW, ReviewState.APPROVED}),
}

#: States in which a review waits for somebody.
OPEN = frozenset({ReviewState.PREPARING, ReviewState.IN_REVIEW, ReviewState.BLOCKED})


def refusal(problems: Sequence[Problem], *, path: tuple[str, ...]) -> HubError | None:
    """Return the typed error for the first problem that forbids publishing, if any."""
    for problem in problems:
        if problem.severity is not ProblemSeverity.ERROR:
            continue
        where = (*path, *problem.field.split(".")) if problem.field else path
        kind = TooLong if problem.code in _TOO_LONG else Invalid
        return kind(problem.message, path=where)
    return None


def require_future(
    wanted: datetime | None, *, now: datetime, path: tuple[str, ...]
) -> datetime | None:
    """Return the time; raise InPast when it is over, Invalid when it has no zone."""
    if wanted is None:
        return None
    if wanted.tzinfo is None:
        raise Invalid("A time needs its zone, as in 2030-01-31T09:00:00+01:00.", path=path)
    if wanted < now - NOW_MEANS:
        raise InPast(
            f"{wanted.isoformat()} is over. Choose a time to come, or none for at once.", path=path
        )
    return max(wanted, now)


def sees_with_own_eyes(
    member_id: UUID, *, submitted_by: UUID | None, authors: frozenset[UUID | None]
) -> bool:
    """Say whether approving would be judging one's own work."""
    return member_id in {submitted_by, *authors}
