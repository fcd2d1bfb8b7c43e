"""Submitting for review, preparing the editions, and deciding on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from hub.channels.models import Channel, ChannelState
from hub.content import operations as content
from hub.content.models import ContentItem, Edition
from hub.kernel.caller import Permission
from hub.kernel.editing import get, require_text, require_version, touch
from hub.kernel.errors import Forbidden, HubError, Invalid, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.review import deciding, runs, starting
from hub.review.events import (
    ReviewBlocked,
    ReviewEnded,
    ReviewStarted,
    ReviewSubmitted,
    StepApproved,
)
from hub.review.jobs import PrepareReview
from hub.review.models import (
    Approval,
    Decision,
    Review,
    ReviewState,
    ReviewStep,
    ReviewTarget,
    StepMode,
    StepState,
    Verdict,
)
from hub.review.rules import (
    DECIDABLE,
    OPEN,
    is_done,
    refusal,
    require_future,
)

_TARGETS = 50
_REMARK = 5_000


@dataclass(frozen=True, kw_only=True)
class Target:
    """A channel to review for, and when the approved edition should go out (None: later)."""

    channel_id: UUID
    scheduled_for: datetime | None = None


async def submit(
    work: UnitOfWork,
    *,
    item_id: UUID,
    targets: Sequence[Target],
    expected_version: int | None = None,
    four_eyes: bool = True,
    note: str = "",
    workflow_id: UUID | None = None,
    resume: bool = False,
) -> Review:
    """Ask for a decision on the current revision, for these channels.

    It takes the steps of the workflow, or of the default one of its brand and platforms; where
    there is none, anybody who may decides. With `resume` it goes on where changes were asked for.
    What no platform would take, and what nobody could approve, is refused here.
    """
    work.caller.require(Permission.REVIEW_SUBMIT)
    if not four_eyes:
        # Otherwise whoever submits could approve their own words.
        work.caller.require(Permission.WORKSPACE_ADMIN)
    item = await get(work, ContentItem, item_id, path=("input", "contentItemId"), lock=True)
    require_version(item, expected_version)
    if item.archived:
        raise WrongState("This is archived.", path=("input", "contentItemId"))
    if await work.one(select(Review.id).where(Review.item_id == item.id, Review.state.in_(OPEN))):
        raise WrongState(
            "This is in review already. Decide that review, or cancel it first.",
            path=("input", "contentItemId"),
        )
    if not 1 <= len(targets) <= _TARGETS:
        raise Invalid(f"A review is for 1 to {_TARGETS} channels.", path=("input", "targets"))
    if len({target.channel_id for target in targets}) < len(targets):
        raise Invalid("A channel is named twice.", path=("input", "targets"))
    review = Review(
        id=new_id(),
        workspace_id=item.workspace_id,
        item_id=item.id,
        revision_id=item.current_revision_id,
        four_eyes=four_eyes,
        submitted_by=work.caller.member_id,
        note=require_text(note, most=_REMARK, path=("input", "note"), empty=True),
    )
    aims = [
        await _aim(work, item, review, target, path=("input", "targets", str(index)))
        for index, target in enumerate(targets)
    ]
    await starting.begin(
        work,
        item,
        review,
        workflow_id=workflow_id,
        platforms=[channel.platform for channel, _ in aims],
        resume=resume,
    )
    await work.add(*(aim for _, aim in aims))
    await work.session.flush()
    work.record(
        ReviewSubmitted(subject_id=review.id, item_id=item.id, revision_id=review.revision_id)
    )
    work.promise(PrepareReview(workspace_id=item.workspace_id, review_id=review.id))
    return review


async def _aim(
    work: UnitOfWork, item: ContentItem, review: Review, target: Target, *, path: tuple[str, ...]
) -> tuple[Channel, ReviewTarget]:
    """Return a target and its channel, which takes the revision as far as anybody can tell."""
    channel = await usable_channel(
        work, target.channel_id, brand_id=item.brand_id, path=(*path, "channelId")
    )
    rendered = await content.rendering(work, revision_id=review.revision_id, channel=channel)
    error = refusal(rendered.problems, path=path)
    if error is not None:
        raise error
    return channel, ReviewTarget(
        id=new_id(),
        workspace_id=item.workspace_id,
        review_id=review.id,
        channel_id=channel.id,
        scheduled_for=require_future(
            target.scheduled_for, now=work.now, path=(*path, "scheduledFor")
        ),
    )


async def usable_channel(
    work: UnitOfWork, channel_id: UUID, *, brand_id: UUID, path: tuple[str, ...]
) -> Channel:
    """Return a channel of the brand that was checked and works."""
    channel = await get(work, Channel, channel_id, path=path)
    if channel.brand_id != brand_id:
        raise Invalid("This channel belongs to another brand.", path=path)
    if channel.state is not ChannelState.READY:
        raise WrongState(
            f"The channel {channel.name} is {channel.state.value}. {channel.state_message}".strip(),
            path=path,
        )
    return channel


async def prepare(work: UnitOfWork, *, review_id: UUID) -> None:
    """Render the revision for every channel and store the exact bytes; then people may decide."""
    review = await work.one(select(Review).where(Review.id == review_id).with_for_update())
    if review is None or review.state is not ReviewState.PREPARING:
        return
    problem = await _prepare_targets(work, review)
    review.state = ReviewState.BLOCKED if problem else ReviewState.IN_REVIEW
    touch(work, review)
    if problem:
        work.record(ReviewBlocked(subject_id=review.id, problem=problem))
        return
    await runs.open_next(work, review, await runs.steps_of(work, review_id=review.id))
    work.record(ReviewStarted(subject_id=review.id))


async def _prepare_targets(work: UnitOfWork, review: Review) -> str | None:
    problem: str | None = None
    for target in await _targets(work, review.id):
        channel = await get(work, Channel, target.channel_id)
        try:
            edition, problems = await content.prepare(
                work, revision_id=review.revision_id, channel=channel
            )
        except HubError as error:
            return error.message
        target.edition_id = edition.id
        first = refusal(problems, path=())
        problem = problem or (first.message if first else None)
    return problem


async def decide(
    work: UnitOfWork,
    *,
    review_id: UUID,
    verdict: Verdict,
    remark: str = "",
    expected_version: int | None = None,
    seen: Mapping[UUID, str] | None = None,
) -> Review:
    """Approve the editions by their hashes, or ask for changes (which revokes an approval).

    It is decided at the open step: the last approval a step needs opens the next one, that of the
    last step approves the editions. `seen` maps edition ids to the hashes the reviewer looked at:
    others are refused.
    """
    work.caller.require(Permission.REVIEW_DECIDE)
    member_id = work.caller.member_id
    if member_id is None:
        raise Forbidden("Only a member can decide on a review.")
    review = await _to_decide(work, review_id, verdict)
    require_version(review, expected_version)
    if review.state not in DECIDABLE[verdict]:
        raise WrongState(
            f"This review is {review.state.value}; that cannot be decided now.",
            path=("input", "reviewId"),
        )
    steps = await runs.steps_of(work, review_id=review.id)
    step = runs.current(steps)
    editions = await deciding.editions(work, review)
    if verdict is Verdict.APPROVE:
        await deciding.require_other_eyes(work, review, step, member_id=member_id)
        await deciding.require_approvable(work, review, editions, seen=seen)
    if review.state is ReviewState.IN_REVIEW:
        await deciding.require_asked(work, step, member_id=member_id)
    standing = await runs.standing(work, review, step)
    if verdict is Verdict.APPROVE and member_id in standing.approved:
        raise WrongState("You have approved this step already.", path=("input", "reviewId"))
    await work.add(
        Decision(
            id=new_id(),
            workspace_id=review.workspace_id,
            review_id=review.id,
            step_id=step.id,
            member_id=member_id,
            verdict=verdict,
            remark=require_text(remark, most=_REMARK, path=("input", "remark"), empty=True),
            editions={str(edition.id): edition.hash for edition in editions},
        )
    )
    touch(work, review)
    if verdict is Verdict.REQUEST_CHANGES:
        await deciding.request_changes(work, review, steps)
    elif is_done(step, standing.able, standing.approved | {member_id}):
        await deciding.go_on(work, review, steps, editions, member_id=member_id)
    else:
        work.record(StepApproved(subject_id=review.id, step_id=step.id))
    await work.session.flush()
    return review


async def reconsider(work: UnitOfWork, *, member_id: UUID) -> None:
    """Go on with reviews that waited for nobody but a member who has left."""
    waiting = await work.all(
        select(Review.id)
        .join(ReviewStep, ReviewStep.review_id == Review.id)
        .where(ReviewStep.state == StepState.OPEN, ReviewStep.mode == StepMode.ALL)
        .order_by(Review.item_id)
    )
    for review_id in waiting:
        review = await _to_decide(work, review_id, Verdict.APPROVE)
        steps = await runs.steps_of(work, review_id=review.id)
        standing = await runs.standing(work, review, runs.current(steps))
        approved = (standing.able & standing.approved) - {member_id}
        if review.state is not ReviewState.IN_REVIEW or not approved:
            continue
        editions = await deciding.editions(work, review)
        if is_done(runs.current(steps), standing.able, approved):
            try:
                await deciding.require_approvable(work, review, editions, seen=None)
            except HubError:
                # Whoever mends that decides once more.
                continue
            touch(work, review)
            await deciding.go_on(work, review, steps, editions, member_id=max(approved))


async def _to_decide(work: UnitOfWork, review_id: UUID, verdict: Verdict) -> Review:
    path = ("input", "reviewId")
    if verdict is Verdict.APPROVE:
        # The text before its review, as an edit takes them: an edit that is under way makes this
        # wait, or sees the approval, and neither waits for the other in a circle.
        found = await get(work, Review, review_id, path=path)
        await get(work, ContentItem, found.item_id, lock=True)
    return await get(work, Review, review_id, path=path, lock=True)


async def cancel(
    work: UnitOfWork, *, review_id: UUID, expected_version: int | None = None
) -> Review:
    """Call a review back before it is decided."""
    work.caller.require(Permission.REVIEW_SUBMIT)
    review = await get(work, Review, review_id, path=("input", "reviewId"), lock=True)
    require_version(review, expected_version)
    if review.state not in OPEN:
        raise WrongState(
            f"This review is {review.state.value} already.", path=("input", "reviewId")
        )
    await _end(work, review, ReviewState.CANCELLED)
    return review


async def supersede(work: UnitOfWork, *, item_id: UUID) -> None:
    """End the open review of an item whose words changed: nobody decides on the old ones."""
    review = await work.one(
        select(Review).where(Review.item_id == item_id, Review.state.in_(OPEN)).with_for_update()
    )
    if review is not None:
        await _end(work, review, ReviewState.SUPERSEDED)


async def approve_by_policy(work: UnitOfWork, *, edition: Edition, policy: str) -> None:
    """Approve an edition because a rule says that nobody needs to look (a member's own reply)."""
    await work.add(
        Approval(
            id=new_id(),
            workspace_id=edition.workspace_id,
            edition_id=edition.id,
            hash=edition.hash,
            policy=policy,
            member_id=work.caller.member_id,
        )
    )
    await work.session.flush()


async def targets_of(work: UnitOfWork, *, review_id: UUID) -> Sequence[ReviewTarget]:
    """Return the channels of a review, in the order they were named."""
    return await _targets(work, review_id)


async def _targets(work: UnitOfWork, review_id: UUID) -> Sequence[ReviewTarget]:
    return await work.all(
        select(ReviewTarget).where(ReviewTarget.review_id == review_id).order_by(ReviewTarget.id)
    )


async def _end(work: UnitOfWork, review: Review, state: ReviewState) -> None:
    runs.close(review, await runs.steps_of(work, review_id=review.id))
    review.state = state
    touch(work, review)
    work.record(ReviewEnded(subject_id=review.id, reason=state.value))
