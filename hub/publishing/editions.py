"""Which editions are approved, and which are about to go out, asked by several operations."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from hub.content.models import Edition
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Amendment, AmendmentState, Publication
from hub.review.models import Approval


async def newest_approved(
    work: UnitOfWork, *, revision_id: UUID, channel_id: UUID
) -> Edition | None:
    """Return the newest approved edition of a revision for a channel; None where there is none."""
    return await work.one(
        select(Edition)
        .join(Approval, Approval.edition_id == Edition.id)
        .where(
            Edition.revision_id == revision_id,
            Edition.channel_id == channel_id,
            Approval.hash == Edition.hash,
            Approval.revoked_at.is_(None),
        )
        .order_by(Edition.id.desc())
        .limit(1)
    )


async def is_amending(work: UnitOfWork, edition: Edition) -> bool:
    """Say whether these words are about to take the place of others that are out."""
    pending = select(Amendment.id).where(
        Amendment.edition_id == edition.id, Amendment.state == AmendmentState.PENDING
    )
    return await work.one(pending) is not None


def is_approved() -> ColumnElement[bool]:
    """Return the SQL for: a valid approval covers the publication's bytes."""
    return exists().where(
        Approval.edition_id == Publication.edition_id,
        Approval.hash == Publication.approved_hash,
        Approval.revoked_at.is_(None),
    )
