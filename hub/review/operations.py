"""Submitting for review, preparing the editions, and deciding on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from hub.channels.models import Channel, ChannelState
from hub.content import operations as content
from hub.content.models import ContentItem, Edition, Revision
from hub.kernel.caller import Permission
from hub.kernel.editing import get, require_text, require_version, touch
from hub.kernel.errors import Forbidden, HubError, Invalid, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.review.current import require_current
from hub.review.errors import FourEyes
from hub.review.events import (
    ChangesRequested,
    ReviewApproved,
    ReviewBlocked,
    ReviewEnded,
    ReviewStarted,
    ReviewSubmitted,
)
from hub.review.jobs import PrepareReview
from hub.review.models import (
    Approval,
    Decision,
    Review,
    ReviewState,
    ReviewTarget,
    Verdict,
)
from hub.review.rules import DECIDABLE, OPEN, refusal, require_future, sees_with_own_eyes

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
) -> Review:
    """Ask for a decision on the current revision, for these channels.

    What no platform would take is refused here, before anybody spends time on it.
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
    await work.add(review)
    for index, target in enumerate(targets):
        await _add_target(work, item, review, target, path=("input", "targets", str(index)))
    await work.session.flush()
    work.record(
        ReviewSubmitted(subject_id=review.id, item_id=item.id, revision_id=review.revision_id)
    )
    work.promise(PrepareReview(workspace_id=item.workspace_id, review_id=review.id))
    return review


async def _add_target(
    work: UnitOfWork, item: ContentItem, review: Review, target: Target, *, path: tuple[str, ...]
) -> None:
    channel = await usable_channel(
        work, target.channel_id, brand_id=item.brand_id, path=(*path, "channelId")
    )
    rendered = await content.rendering(work, revision_id=review.revision_id, channel=channel)
    error = refusal(rendered.problems, path=path)
    if error is not None:
        raise error
    await work.add(
        ReviewTarget(
            id=new_id(),
            workspace_id=item.workspace_id,
            review_id=review.id,
            channel_id=channel.id,
            scheduled_for=require_future(
                target.scheduled_for, now=work.now, path=(*path, "scheduledFor")
            ),
        )
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
    else:
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

    `seen` maps edition ids to the hashes the reviewer looked at: others are refused.
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
    editions = await _editions(work, review)
    if verdict is Verdict.APPROVE:
        await _require_approvable(work, review, editions, member_id=member_id, seen=seen)
    hashes = {str(edition.id): edition.hash for edition in editions}
    await work.add(
        Decision(
            id=new_id(),
            workspace_id=review.workspace_id,
            review_id=review.id,
            member_id=member_id,
            verdict=verdict,
            remark=require_text(remark, most=_REMARK, path=("input", "remark"), empty=True),
            editions=hashes,
        )
    )
    touch(work, review)
    if verdict is Verdict.APPROVE:
        await _approve(work, review, editions, member_id=member_id)
    else:
        await _request_changes(work, review)
    await work.session.flush()
    return review


async def _to_decide(work: UnitOfWork, review_id: UUID, verdict: Verdict) -> Review:
    path = ("input", "reviewId")
    if verdict is Verdict.APPROVE:
        # The text before its review, as an edit takes them: an edit that is under way makes this
        # wait, or sees the approval, and neither waits for the other in a circle.
        found = await get(work, Review, review_id, path=path)
        await get(work, ContentItem, found.item_id, lock=True)
    return await get(work, Review, review_id, path=path, lock=True)


async def _require_approvable(
    work: UnitOfWork,
    review: Review,
    editions: Sequence[Edition],
    *,
    member_id: UUID,
    seen: Mapping[UUID, str] | None,
) -> None:
    item = await get(work, ContentItem, review.item_id)
    if item.current_revision_id != review.revision_id:
        raise WrongState(
            "The text changed after it was submitted. Review the new revision.",
            path=("input", "reviewId"),
        )
    if review.four_eyes and sees_with_own_eyes(
        member_id, submitted_by=review.submitted_by, authors=await _authors(work, review)
    ):
        raise FourEyes(
            "Somebody else must approve what you wrote or submitted.", path=("input", "reviewId")
        )
    if seen is not None and {edition.id: edition.hash for edition in editions} != dict(seen):
        raise WrongState(
            "The editions are not the ones you looked at. Read the review again.",
            path=("input", "editions"),
        )
    for edition in editions:
        channel = await get(work, Channel, edition.channel_id)
        if channel.basis != edition.basis:
            raise WrongState(
                f"The channel {channel.name} changed since this was prepared. Submit it again.",
                path=("input", "reviewId"),
            )
    await require_current(work, item=item, revision_id=review.revision_id, editions=editions)


async def _authors(work: UnitOfWork, review: Review) -> frozenset[UUID | None]:
    """Return who wrote what is to be approved: every revision since the last approved one.

    The last to save may have changed a single tag.
    """
    approved = (
        select(func.coalesce(func.max(Revision.number), 0))
        .join(Review, Review.revision_id == Revision.id)
        .where(Review.item_id == review.item_id, Review.state == ReviewState.APPROVED)
        .scalar_subquery()
    )
    rows = await work.all(
        select(Revision.author_id)
        .where(Revision.item_id == review.item_id, Revision.number > approved)
        .distinct()
    )
    return frozenset(rows)


async def _approve(
    work: UnitOfWork, review: Review, editions: Sequence[Edition], *, member_id: UUID
) -> None:
    review.state = ReviewState.APPROVED
    await work.add(
        *(
            Approval(
                id=new_id(),
                workspace_id=review.workspace_id,
                edition_id=edition.id,
                hash=edition.hash,
                review_id=review.id,
                member_id=member_id,
            )
            for edition in editions
        )
    )
    work.record(
        ReviewApproved(
            subject_id=review.id,
            item_id=review.item_id,
            revision_id=review.revision_id,
            editions={str(edition.id): edition.hash for edition in editions},
        )
    )


async def _request_changes(work: UnitOfWork, review: Review) -> None:
    revoked = review.state is ReviewState.APPROVED
    review.state = ReviewState.CHANGES_REQUESTED
    if revoked:
        await work.change(
            update(Approval)
            .where(Approval.review_id == review.id, Approval.revoked_at.is_(None))
            .values(revoked_at=work.now)
        )
    work.record(ChangesRequested(subject_id=review.id, item_id=review.item_id, revoked=revoked))


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
    _end(work, review, ReviewState.CANCELLED)
    return review


async def supersede(work: UnitOfWork, *, item_id: UUID) -> None:
    """End the open review of an item whose words changed: nobody decides on the old ones."""
    review = await work.one(
        select(Review).where(Review.item_id == item_id, Review.state.in_(OPEN)).with_for_update()
    )
    if review is not None:
        _end(work, review, ReviewState.SUPERSEDED)


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


async def _editions(work: UnitOfWork, review: Review) -> Sequence[Edition]:
    return await work.all(
        select(Edition)
        .join(ReviewTarget, ReviewTarget.edition_id == Edition.id)
        .where(ReviewTarget.review_id == review.id)
        .order_by(Edition.id)
    )


def _end(work: UnitOfWork, review: Review, state: ReviewState) -> None:
    review.state = state
    touch(work, review)
    work.record(ReviewEnded(subject_id=review.id, reason=state.value))
