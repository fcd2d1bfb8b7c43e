"""Decisions about reviews: no session, no clock."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from hub.access.models import Role
from hub.access.rules import PERMISSIONS
from hub.channels.platforms.base import Problem, ProblemSeverity
from hub.kernel.caller import Permission
from hub.kernel.errors import HubError, Invalid
from hub.review.errors import InPast, TooLong
from hub.review.models import ReviewState, StepMode, Verdict

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

#: Roles that may decide on reviews at all; others are never asked, whatever a step says.
DECIDING_ROLES: tuple[Role, ...] = tuple(
    role for role in Role if Permission.REVIEW_DECIDE in PERMISSIONS[role]
)

_STEPS = 10
_DECIDERS = 50
_REMINDERS = 5
_YEAR = 366 * 24


class Rule(Protocol):
    """What a step of a workflow, or of a review, says of who decides."""

    @property
    def mode(self) -> StepMode: ...
    @property
    def needed(self) -> int | None: ...
    @property
    def four_eyes(self) -> bool: ...
    @property
    def roles(self) -> Sequence[str]: ...
    @property
    def member_ids(self) -> Sequence[str]: ...


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A member who belongs to the workspace, and their role in it."""

    member_id: UUID
    role: Role


@dataclass(frozen=True, kw_only=True)
class StepWords:
    """A step as somebody wants it; without roles and members it is for all who may decide."""

    name: str = ""
    mode: StepMode = StepMode.ANY
    needed: int | None = None
    four_eyes: bool = True
    roles: tuple[Role, ...] = ()
    member_ids: tuple[UUID, ...] = ()
    due_hours: int | None = None
    reminders: tuple[int, ...] = ()


def candidates(step: Rule, seats: Iterable[Seat]) -> frozenset[UUID]:
    """Return who is asked by a step, whoever wrote the text."""
    anybody = not step.roles and not step.member_ids
    return frozenset(
        seat.member_id
        for seat in seats
        if seat.role in DECIDING_ROLES
        and (anybody or seat.role in step.roles or str(seat.member_id) in step.member_ids)
    )


def deciders(step: Rule, seats: Iterable[Seat], *, own: Collection[UUID | None]) -> frozenset[UUID]:
    """Return whose approvals count at a step; `own` are those who wrote or submitted the text."""
    asked = candidates(step, seats)
    return asked.difference(one for one in own if one) if step.four_eyes else asked


def approvals_needed(mode: StepMode, needed: int | None, able: int) -> int:
    """Return how many of those who are able to must approve; nobody approves nothing."""
    match mode:
        case StepMode.ANY:
            return 1
        case StepMode.ALL:
            return max(1, able)
        case StepMode.N_OF_M:
            return needed or 1


def can_be_done(step: Rule, able: Collection[UUID]) -> bool:
    """Say whether enough are left to approve a step."""
    return len(able) >= approvals_needed(step.mode, step.needed, len(able))


def is_done(step: Rule, able: frozenset[UUID], approved: frozenset[UUID]) -> bool:
    """Say whether enough of those who count have approved."""
    return len(able & approved) >= approvals_needed(step.mode, step.needed, len(able))


def require_steps(steps: Sequence[StepWords], seats: Iterable[Seat]) -> None:
    """Raise Invalid for steps that nobody could ever take."""
    if not 1 <= len(steps) <= _STEPS:
        raise Invalid(f"A workflow has 1 to {_STEPS} steps.", path=("input", "steps"))
    known = tuple(seats)
    for index, step in enumerate(steps):
        _require_step(step, known, path=("input", "steps", str(index)))


def _require_step(step: StepWords, seats: Sequence[Seat], *, path: tuple[str, ...]) -> None:
    _require_people(step, seats, path=path)
    most = None if step.roles or not step.member_ids else len(step.member_ids)
    if (step.mode is StepMode.N_OF_M) is (step.needed is None):
        raise Invalid("N_OF_M, and nothing else, says how many.", path=(*path, "needed"))
    if step.needed is not None and not 1 <= step.needed <= (most or _DECIDERS):
        raise Invalid(
            f"Between 1 and {most or _DECIDERS} can be needed here.", path=(*path, "needed")
        )
    if step.due_hours is not None and not 1 <= step.due_hours <= _YEAR:
        raise Invalid(f"A step is due after 1 to {_YEAR} hours.", path=(*path, "dueHours"))
    if step.reminders and step.due_hours is None:
        raise Invalid("Reminders need a due time.", path=(*path, "dueHours"))
    if len(step.reminders) > _REMINDERS or len(set(step.reminders)) < len(step.reminders):
        raise Invalid(
            f"A step has up to {_REMINDERS} different reminders.", path=(*path, "reminders")
        )
    for number, hours in enumerate(step.reminders):
        if not -(step.due_hours or 0) < hours <= _YEAR:
            raise Invalid(
                "A reminder comes after the step has opened, and within a year.",
                path=(*path, "reminders", str(number)),
            )


def _require_people(step: StepWords, seats: Sequence[Seat], *, path: tuple[str, ...]) -> None:
    if len(step.member_ids) > _DECIDERS:
        raise Invalid(f"A step names up to {_DECIDERS} members.", path=(*path, "memberIds"))
    for number, role in enumerate(step.roles):
        if role not in DECIDING_ROLES:
            raise Invalid(
                f"The role {role} may not decide on reviews.", path=(*path, "roles", str(number))
            )
    roles = {seat.member_id: seat.role for seat in seats}
    for number, member_id in enumerate(step.member_ids):
        where = (*path, "memberIds", str(number))
        if member_id in step.member_ids[:number]:
            raise Invalid("This member is named twice.", path=where)
        if roles[member_id] not in DECIDING_ROLES:
            raise Invalid("The role of this member may not decide on reviews.", path=where)


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a workflow is the default for; None is any."""

    workflow_id: UUID
    brand_id: UUID | None
    platform: str | None


def defaults_for(places: Iterable[Place], platforms: Iterable[str]) -> frozenset[UUID | None]:
    """Return the default workflow of each platform, the most particular one; None is none.

    The places are those of one brand and of all brands.
    """
    known = list(places)
    return frozenset(_default_for(known, platform) for platform in platforms)


def _default_for(places: Sequence[Place], platform: str) -> UUID | None:
    fitting = [place for place in places if place.platform in {None, platform}]
    best = max(
        fitting,
        key=lambda place: (place.brand_id is not None, place.platform is not None),
        default=None,
    )
    return best.workflow_id if best else None


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
