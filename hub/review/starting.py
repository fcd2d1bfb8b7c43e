"""How a review begins: with which workflow, from which step on, and whether anybody can end it."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import or_, select

from hub.content.models import ContentItem
from hub.kernel.editing import get
from hub.kernel.errors import Invalid, WrongState
from hub.kernel.work import UnitOfWork
from hub.review import runs
from hub.review.errors import NobodyLeft
from hub.review.models import Review, ReviewState, ReviewStep, Workflow, WorkflowStep
from hub.review.rules import Place, defaults_for

_WORKFLOW = ("input", "workflowId")
_RESUME = ("input", "resume")
# Reviews that nobody decided say nothing about the one before them.
_UNDECIDED = (ReviewState.SUPERSEDED, ReviewState.CANCELLED)


async def begin(
    work: UnitOfWork,
    item: ContentItem,
    review: Review,
    *,
    workflow_id: UUID | None,
    platforms: Sequence[str],
    resume: bool,
) -> None:
    """Add a review with its steps; raise NobodyLeft where one of them could never be done."""
    workflow = await _chosen(
        work, workflow_id=workflow_id, brand_id=item.brand_id, platforms=platforms
    )
    if workflow is None:
        steps = [runs.single_step(review, four_eyes=review.four_eyes)]
    else:
        steps = await _copied(work, review, workflow)
    earlier = await _resumed(work, item, workflow) if resume else None
    known = await runs.seats(work)
    own = {review.submitted_by, *await runs.authors(work, item_id=item.id)}
    stuck = runs.stuck_at(steps, known, own=own)
    if stuck is not None:
        raise NobodyLeft(_nobody(stuck.name), path=("input", "contentItemId"))
    await work.add(review, *steps)
    if earlier is not None:
        review.resumed_from = earlier.id
        await runs.carry_over(work, review, steps, earlier=earlier, known=known, own=own)


def _nobody(step: str) -> str:
    at = f" the step {step} of" if step else ""
    # Only the one step of a review without a workflow has no name, and only there it can be said.
    otherwise = "" if step else " An administrator may submit it with fourEyes: false."
    return (
        f"Nobody would be left to approve{at} this: whoever may has written or submitted it. "
        f"Let somebody else submit it, or add a member who may decide.{otherwise}"
    )


async def _chosen(
    work: UnitOfWork, *, workflow_id: UUID | None, brand_id: UUID, platforms: Iterable[str]
) -> Workflow | None:
    if workflow_id is None:
        return await _default(work, brand_id=brand_id, platforms=platforms)
    workflow = await get(work, Workflow, workflow_id, path=_WORKFLOW)
    if workflow.archived_at is not None:
        raise WrongState("This workflow is archived.", path=_WORKFLOW)
    if workflow.brand_id not in {None, brand_id}:
        raise Invalid("This workflow belongs to another brand.", path=_WORKFLOW)
    return workflow


async def _default(
    work: UnitOfWork, *, brand_id: UUID, platforms: Iterable[str]
) -> Workflow | None:
    known = await work.all(
        select(Workflow).where(
            Workflow.is_default,
            Workflow.archived_at.is_(None),
            or_(Workflow.brand_id.is_(None), Workflow.brand_id == brand_id),
        )
    )
    by_id = {workflow.id: workflow for workflow in known}
    found = defaults_for(
        (Place(workflow_id=one.id, brand_id=one.brand_id, platform=one.platform) for one in known),
        platforms,
    )
    if len(found) > 1:
        raise Invalid(
            "These channels are reviewed in different ways. Submit them apart, or name a workflow.",
            path=("input", "targets"),
        )
    (only,) = found
    return None if only is None else by_id[only]


async def _copied(work: UnitOfWork, review: Review, workflow: Workflow) -> list[ReviewStep]:
    if not review.four_eyes:
        raise Invalid(
            "The steps of the workflow say where four eyes are needed; leave this out.",
            path=("input", "fourEyes"),
        )
    rules = await work.all(
        select(WorkflowStep)
        .where(WorkflowStep.workflow_id == workflow.id)
        .order_by(WorkflowStep.number)
    )
    review.workflow_id, review.workflow_version = workflow.id, workflow.version
    review.keeps_approvals = workflow.keeps_approvals
    review.four_eyes = any(rule.four_eyes for rule in rules)
    return runs.copied(review, rules)


async def _resumed(work: UnitOfWork, item: ContentItem, workflow: Workflow | None) -> Review:
    """Return the review that asked for changes; raise WrongState unless it can be gone on with."""
    if workflow is None or not workflow.keeps_approvals:
        raise WrongState("Here every review begins anew.", path=_RESUME)
    earlier = await work.one(
        select(Review)
        .where(Review.item_id == item.id, Review.state.not_in(_UNDECIDED))
        .order_by(Review.id.desc())
        .limit(1)
    )
    if earlier is None or earlier.state is not ReviewState.CHANGES_REQUESTED:
        raise WrongState("The last review of this did not ask for changes.", path=_RESUME)
    if (earlier.workflow_id, earlier.workflow_version) != (workflow.id, workflow.version):
        raise WrongState(
            "The workflow is not the one of the last review any more. Begin anew.", path=_RESUME
        )
    return earlier
