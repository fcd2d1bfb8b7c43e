"""The steps of a review as it runs: who counts, what opens next, what is carried over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from hub.access.models import Member
from hub.content.models import Revision
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.review import notices
from hub.review.jobs import RemindOfStep
from hub.review.models import (
    Decision,
    NoticeKind,
    Review,
    ReviewState,
    ReviewStep,
    StepMode,
    StepRule,
    StepState,
    Verdict,
)
from hub.review.rules import DECIDING_ROLES, Seat, can_be_done, deciders, is_done

#: What a review copies of each step of its workflow.
COPIED = tuple(StepRule.__annotations__)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A step at this moment: whose approvals count, and who has approved."""

    able: frozenset[UUID]
    approved: frozenset[UUID]


async def seats(work: UnitOfWork) -> tuple[Seat, ...]:
    """Return the members of the workspace who may decide on reviews at all."""
    rows = await work.session.execute(
        select(Member.id, Member.role).where(
            Member.workspace_id == work.caller.workspace_id,
            Member.removed_at.is_(None),
            Member.role.in_(DECIDING_ROLES),
        )
    )
    return tuple(Seat(member_id=row.id, role=row.role) for row in rows)


async def authors(work: UnitOfWork, *, item_id: UUID) -> frozenset[UUID | None]:
    """Return who wrote what is to be approved: every revision since the last approved one.

    The last to save may have changed a single tag.
    """
    approved = (
        select(func.coalesce(func.max(Revision.number), 0))
        .join(Review, Review.revision_id == Revision.id)
        .where(Review.item_id == item_id, Review.state == ReviewState.APPROVED)
        .scalar_subquery()
    )
    rows = await work.all(
        select(Revision.author_id)
        .where(Revision.item_id == item_id, Revision.number > approved)
        .distinct()
    )
    return frozenset(rows)


async def steps_of(work: UnitOfWork, *, review_id: UUID) -> Sequence[ReviewStep]:
    """Return the steps of a review in their order."""
    return await work.all(
        select(ReviewStep).where(ReviewStep.review_id == review_id).order_by(ReviewStep.number)
    )


def current(steps: Sequence[ReviewStep]) -> ReviewStep:
    """Return the step that decisions belong to: the open one, or the last one."""
    return next((step for step in steps if step.state is StepState.OPEN), steps[-1])


async def standing(work: UnitOfWork, review: Review, step: ReviewStep) -> Standing:
    """Return who counts at a step now, and who has approved it."""
    own = {review.submitted_by, *await authors(work, item_id=review.item_id)}
    approved = await work.all(
        select(Decision.member_id).where(
            Decision.step_id == step.id, Decision.verdict == Verdict.APPROVE
        )
    )
    return Standing(able=deciders(step, await seats(work), own=own), approved=frozenset(approved))


def single_step(review: Review, *, four_eyes: bool) -> ReviewStep:
    """Return the one step of a review without a workflow: anybody who may decide."""
    return ReviewStep(
        id=new_id(),
        workspace_id=review.workspace_id,
        review_id=review.id,
        number=1,
        name="",
        mode=StepMode.ANY,
        needed=None,
        four_eyes=four_eyes,
        roles=[],
        member_ids=[],
        due_hours=None,
        reminders=[],
    )


def copied(review: Review, rules: Iterable[Any]) -> list[ReviewStep]:
    """Return the steps of a review, copied from those of a workflow."""
    return [
        ReviewStep(
            id=new_id(),
            workspace_id=review.workspace_id,
            review_id=review.id,
            **{name: getattr(rule, name) for name in COPIED},
        )
        for rule in rules
    ]


def stuck_at(
    steps: Sequence[ReviewStep], known: Sequence[Seat], *, own: Iterable[UUID | None]
) -> ReviewStep | None:
    """Return the first step that nobody is left for, if any."""
    mine = tuple(own)
    return next(
        (step for step in steps if not can_be_done(step, deciders(step, known, own=mine))), None
    )


async def carry_over(
    work: UnitOfWork,
    review: Review,
    steps: Sequence[ReviewStep],
    *,
    earlier: Review,
    known: Sequence[Seat],
    own: Iterable[UUID | None],
) -> None:
    """Let approvals of an earlier review stand, up to the step that asked for changes.

    Only those count that would count now: whoever has written a part of the text meanwhile is an
    author. The first step that is not done by them begins anew, and with it all that follow.
    """
    mine = tuple(own)
    decided: dict[int, list[Decision]] = {}
    asked_at = len(steps)
    for former in await steps_of(work, review_id=earlier.id):
        decisions = await work.all(
            select(Decision).where(Decision.step_id == former.id).order_by(Decision.id)
        )
        if any(one.verdict is Verdict.REQUEST_CHANGES for one in decisions):
            asked_at = former.number
            break
        decided[former.number] = list(decisions)
    # However it ended, the last step is always decided on what will go out.
    for step in steps[: min(asked_at, len(steps)) - 1]:
        able = deciders(step, known, own=mine)
        counting = [one for one in decided.get(step.number, ()) if one.member_id in able]
        if not is_done(step, able, frozenset(one.member_id for one in counting)):
            return
        step.state, step.opened_at, step.done_at = StepState.DONE, work.now, work.now
        await work.add(*(_carried(review, step, one) for one in counting))


def _carried(review: Review, step: ReviewStep, decision: Decision) -> Decision:
    return Decision(
        id=new_id(),
        workspace_id=review.workspace_id,
        review_id=review.id,
        step_id=step.id,
        member_id=decision.member_id,
        verdict=decision.verdict,
        remark=decision.remark,
        editions=decision.editions,
        carried_from=decision.id,
    )


async def open_next(
    work: UnitOfWork, review: Review, steps: Sequence[ReviewStep]
) -> ReviewStep | None:
    """Open the first step that waits, and tell those who may decide; None where none is left."""
    step = next((one for one in steps if one.state is StepState.WAITING), None)
    review.due_at = None
    if step is None:
        return None
    step.state, step.opened_at = StepState.OPEN, work.now
    if step.due_hours is not None:
        step.due_at = review.due_at = work.now + timedelta(hours=step.due_hours)
        for hours in sorted({0, *step.reminders}):
            work.promise(
                RemindOfStep(workspace_id=review.workspace_id, step_id=step.id, hours=hours),
                due_at=step.due_at + timedelta(hours=hours),
            )
    await work.session.flush()
    if notices.are_sent(work):
        able = (await standing(work, review, step)).able
        await notices.tell(
            work,
            NoticeKind.STEP_OPENED,
            to=able,
            about=notices.About(item_id=review.item_id, review_id=review.id, step_id=step.id),
            key=str(step.id),
        )
    return step


def finish(work: UnitOfWork, step: ReviewStep) -> None:
    """Note that enough have approved a step."""
    step.state, step.done_at = StepState.DONE, work.now


def close(review: Review, steps: Iterable[ReviewStep]) -> None:
    """End what is not done of a review."""
    review.due_at = None
    for step in steps:
        if step.state is not StepState.DONE:
            step.state = StepState.CLOSED
