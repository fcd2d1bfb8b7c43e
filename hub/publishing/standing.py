"""Looking back at what is out: whether it still stands as it was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.channels.platforms.base import Capability, EditionContent
from hub.content.models import Edition
from hub.kernel.editing import get
from hub.kernel.work import UnitOfWork
from hub.publishing.events import PublicationSeen
from hub.publishing.jobs import ReadBack
from hub.publishing.models import Publication, PublicationState, Standing
from hub.publishing.rules import can_be_addressed, next_read_back, worst


@dataclass(frozen=True, kw_only=True)
class LookingBack:
    """What a worker needs to look at a publication; `refs` is empty while the channel cannot."""

    publication_id: UUID
    edition_id: UUID
    access: ChannelAccess
    edition: EditionContent
    refs: Sequence[Mapping[str, Any]]
    checkpoint: Mapping[str, Any]
    in_reply_to: Mapping[str, Any] | None
    idempotency_key: UUID
    frozen_at: datetime
    next_look: datetime | None


async def begin_reading_back(work: UnitOfWork, *, publication_id: UUID) -> None:
    """Promise to look at what has just been published; a reaction."""
    row = await get(work, Publication, publication_id)
    channel = await get(work, Channel, row.channel_id)
    if Capability.READ_BACK not in channel.capabilities or row.published_at is None:
        return
    work.promise(
        ReadBack(workspace_id=row.workspace_id, publication_id=row.id),
        due_at=next_read_back(published_at=row.published_at, now=work.now),
    )


async def looking_back(work: UnitOfWork, *, publication_id: UUID) -> LookingBack | None:
    """Return what a worker needs to look at a publication; None when there is nothing to see."""
    row = await work.one(select(Publication).where(Publication.id == publication_id))
    if row is None or row.state is not PublicationState.PUBLISHED or row.published_at is None:
        return None
    channel = await get(work, Channel, row.channel_id)
    access = await channels.access(work, channel_id=row.channel_id)
    if access is None or Capability.READ_BACK not in channel.capabilities:
        return None
    if not can_be_addressed(row.refs):
        return None
    edition = await get(work, Edition, row.edition_id)
    held_for = (channel.rate_held_until or work.clock) - work.clock
    usable = channel.state is ChannelState.READY and held_for <= timedelta()
    again = next_read_back(published_at=row.published_at, now=work.now)
    return LookingBack(
        publication_id=row.id,
        edition_id=row.edition_id,
        access=access,
        edition=EditionContent.from_json(orjson.loads(edition.body)),
        refs=row.refs if usable else (),
        checkpoint={**row.checkpoint, "parts": row.refs},
        in_reply_to=row.in_reply_to,
        idempotency_key=row.idempotency_key,
        frozen_at=row.frozen_at or row.published_at,
        next_look=max(again, work.now + held_for) if again else None,
    )


async def note_standing(
    work: UnitOfWork, *, looking: LookingBack, seen: Sequence[Standing]
) -> Standing | None:
    """Keep how a publication stands; None when it has changed since the look began."""
    row = await get(work, Publication, looking.publication_id, lock=True)
    if row.state is not PublicationState.PUBLISHED or row.edition_id != looking.edition_id:
        return None
    standing = worst(seen)
    row.standing_at = work.now
    if standing is not row.standing:
        row.standing = standing
        row.version += 1
        row.updated_at = work.now
        work.record(PublicationSeen(subject_id=row.id, standing=standing))
    return standing


async def looked_back_in_vain(
    work: UnitOfWork, *, looking: LookingBack, wait: timedelta | None
) -> datetime | None:
    """Keep the platform's word that this account must wait, if it gave it; return when to look."""
    if wait is None:
        return looking.next_look
    await channels.hold_for_rate(
        work, channel_id=looking.access.channel_id, until=work.clock + wait
    )
    return max(looking.next_look, work.now + wait) if looking.next_look else None
