"""What a decision takes, and what it does: the ways through the steps of a review."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select, update

from hub.channels.models import Channel
from hub.content.models import ContentItem, Edition
from hub.kernel.editing import get
from hub.kernel.errors import Forbidden, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.review import notices, remarks, runs
from hub.review.current import require_current
from hub.review.errors import FourEyes
from hub.review.events import ChangesRequested, ReviewApproved, StepDone
from hub.review.models import (
    Approval,
    NoticeKind,
    Review,
    ReviewState,
    ReviewStep,
    ReviewTarget,
)
from hub.review.rules import candidates, sees_with_own_eyes


async def require_other_eyes(
    work: UnitOfWork, review: Review, step: ReviewStep, *, member_id: UUID
) -> None:
    if step.four_eyes and sees_with_own_eyes(
        member_id,
        submitted_by=review.submitted_by,
        authors=await runs.authors(work, item_id=review.item_id),
    ):
        raise FourEyes(
            "Somebody else must approve what you wrote or submitted.", path=("input", "reviewId")
        )


async def require_asked(work: UnitOfWork, step: ReviewStep, *, member_id: UUID) -> None:
    if member_id not in candidates(step, await runs.seats(work)):
        name = f" {step.name}" if step.name else ""
        raise Forbidden(
            f"Others decide at the step{name} of this review.", path=("input", "reviewId")
        )


async def require_approvable(
    work: UnitOfWork,
    review: Review,
    editions: Sequence[Edition],
    *,
    seen: Mapping[UUID, str] | None,
) -> None:
    item = await get(work, ContentItem, review.item_id)
    if item.current_revision_id != review.revision_id:
        raise WrongState(
            "The text changed after it was submitted. Review the new revision.",
            path=("input", "reviewId"),
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
    await remarks.require_none_blocking(work, item_id=review.item_id)


async def go_on(
    work: UnitOfWork,
    review: Review,
    steps: Sequence[ReviewStep],
    editions: Sequence[Edition],
    *,
    member_id: UUID,
) -> None:
    """Close the open step, which is done, and open the next; after the last one it is approved."""
    done = runs.current(steps)
    runs.finish(work, done)
    # Two steps of a review are never open at once: the database would refuse.
    await work.session.flush()
    following = await runs.open_next(work, review, steps)
    if following is None:
        await _approve(work, review, editions, member_id=member_id)
    else:
        work.record(StepDone(subject_id=review.id, step_id=done.id, next_step_id=following.id))


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
    await _tell_submitter(work, review, NoticeKind.APPROVED)


async def request_changes(work: UnitOfWork, review: Review, steps: Sequence[ReviewStep]) -> None:
    revoked = review.state is ReviewState.APPROVED
    review.state = ReviewState.CHANGES_REQUESTED
    runs.close(review, steps)
    if revoked:
        await work.change(
            update(Approval)
            .where(Approval.review_id == review.id, Approval.revoked_at.is_(None))
            .values(revoked_at=work.now)
        )
    work.record(ChangesRequested(subject_id=review.id, item_id=review.item_id, revoked=revoked))
    await _tell_submitter(work, review, NoticeKind.CHANGES_REQUESTED)


async def _tell_submitter(work: UnitOfWork, review: Review, kind: NoticeKind) -> None:
    about = notices.About(item_id=review.item_id, review_id=review.id)
    await notices.tell(work, kind, to=[review.submitted_by], about=about, key=str(review.id))


async def editions(work: UnitOfWork, review: Review) -> Sequence[Edition]:
    return await work.all(
        select(Edition)
        .join(ReviewTarget, ReviewTarget.edition_id == Edition.id)
        .where(ReviewTarget.review_id == review.id)
        .order_by(Edition.id)
    )
