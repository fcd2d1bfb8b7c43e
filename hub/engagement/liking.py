"""Giving and taking back likes: done twice is done once, so a lost answer is followed by another.

What is wanted stands in the message; whoever changes their mind meanwhile is heard.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.engagement.events import MessageLiked, MessageLikeFailed, MessageUnliked
from hub.engagement.models import Message
from hub.engagement.operations import target_of
from hub.kernel.editing import get
from hub.kernel.work import UnitOfWork

#: How soon to ask again while the account must not be used.
_REST = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Liking:
    """What a worker needs to give a like or to take it back."""

    message_id: UUID
    access: ChannelAccess
    target: Mapping[str, Any]
    liked: bool
    tries: int


async def begin(work: UnitOfWork, *, message_id: UUID) -> Liking | datetime | None:
    """Return what is wanted; a time when the account must rest; None when nothing is."""
    message = await _wanting(work, message_id)
    if message is None or message.like_wanted is None:
        return None
    channel = await get(work, Channel, message.channel_id)
    access = await channels.access(work, channel_id=channel.id)
    if access is None or message.deleted_at is not None:
        await fail(work, message_id=message_id, problem="It cannot be reached any more.")
        return None
    held_for = (channel.rate_held_until or work.clock) - work.clock
    if held_for > timedelta():
        return work.now + held_for
    if not channel.enabled or channel.state is not ChannelState.READY:
        return work.now + _REST
    message.like_tries += 1
    return Liking(
        message_id=message.id,
        access=access,
        target=target_of(message),
        liked=message.like_wanted,
        tries=message.like_tries,
    )


async def settle(work: UnitOfWork, *, liking: Liking) -> bool:
    """Keep that it was done; say whether something else is wanted by now."""
    message = await _wanting(work, liking.message_id)
    if message is None:
        return False
    message.liked = liking.liked
    message.like_problem = ""
    happened = MessageLiked if liking.liked else MessageUnliked
    work.record(happened(subject_id=message.id))
    if message.like_wanted is not liking.liked:
        return message.like_wanted is not None
    message.like_wanted = None
    return False


async def settle_later(work: UnitOfWork, *, liking: Liking, problem: str) -> None:
    """Keep why it is not done yet."""
    message = await _wanting(work, liking.message_id)
    if message is not None:
        message.like_problem = problem


async def fail(work: UnitOfWork, *, message_id: UUID, problem: str) -> None:
    """Give it up."""
    message = await _wanting(work, message_id)
    if message is None:
        return
    message.like_wanted = None
    message.like_problem = problem
    work.record(MessageLikeFailed(subject_id=message.id, problem=problem))


async def _wanting(work: UnitOfWork, message_id: UUID) -> Message | None:
    return await work.one(
        select(Message)
        .where(Message.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
