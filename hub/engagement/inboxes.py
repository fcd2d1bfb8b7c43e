"""Reading the inboxes of channels: who mentioned their accounts, and who wrote to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.channels.platforms.base import Capability
from hub.engagement.jobs import ReadInbox
from hub.engagement.models import Inbox
from hub.engagement.rules import INBOX_PACE
from hub.kernel.work import UnitOfWork

#: How soon an inbox is read again that could not be read.
AFTER_FAILURE = timedelta(minutes=5)
_CHECK_WAIT = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class ReadingInbox:
    """What a worker needs to read an inbox; while the account must rest, when to come back."""

    access: ChannelAccess
    cursor: str
    now: datetime
    next_read: datetime
    rests_until: datetime | None


async def idle_inboxes(session: AsyncSession, *, most: int = 100) -> Sequence[tuple[UUID, UUID]]:
    """Return (workspace, channel) where an inbox can be read and nobody does; the relay's."""
    rows = await session.execute(text("SELECT * FROM hub_idle_inboxes(:most)"), {"most": most})
    return [(row.workspace_id, row.channel_id) for row in rows]


def promise_reading(work: UnitOfWork, *, channel_id: UUID) -> None:
    """Have an inbox read from now on; the relay's."""
    work.promise(ReadInbox(workspace_id=work.caller.workspace_id, channel_id=channel_id))


async def reading(work: UnitOfWork, *, channel_id: UUID) -> ReadingInbox | None:
    """Return what a worker needs; None where nobody shall read, until the relay says otherwise."""
    channel = await work.one(select(Channel).where(Channel.id == channel_id))
    if channel is None or not channel.enabled or not can_be_read(channel):
        return None
    if channel.state not in {ChannelState.READY, ChannelState.CHECKING}:
        return None
    access = await channels.access(work, channel_id=channel_id)
    if access is None:
        return None
    # Rate holds are kept in the bare clock, jobs are due by the hub's.
    held_for = (channel.rate_held_until or work.clock) - work.clock
    if channel.state is ChannelState.CHECKING:
        held_for = max(held_for, _CHECK_WAIT)
    box = await work.one(select(Inbox).where(Inbox.channel_id == channel_id))
    return ReadingInbox(
        access=access,
        cursor=box.cursor if box else "",
        now=work.now,
        next_read=work.now + INBOX_PACE,
        rests_until=work.now + held_for if held_for > timedelta() else None,
    )


def can_be_read(channel: Channel) -> bool:
    """Say whether the platform tells who mentioned the account or wrote to it."""
    wanted = {Capability.NOTIFICATIONS, Capability.DIRECT_MESSAGES}
    return not wanted.isdisjoint(channel.capabilities)
