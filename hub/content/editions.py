"""Rendering words for a channel, and storing the exact bytes."""

import asyncio
from uuid import UUID

from sqlalchemy import select

from hub.channels.models import Channel
from hub.channels.platforms import platform as platform_by_key
from hub.channels.platforms.base import Draft, Limits, Rendering
from hub.content.events import EditionPrepared
from hub.content.links import tracked
from hub.content.models import Edition, EditionOrigin
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.strategy.utm import Tracking


async def followed(channel: Channel, words: Draft, by: Tracking | None) -> Draft:
    """Return words whose links have their parameters, where there are some."""
    if by is None:
        return words
    return await asyncio.to_thread(tracked, words, platform_by_key(channel.platform).kind, by)


async def rendered(channel: Channel, words: Draft) -> Rendering:
    """Render words for a channel."""
    kind = platform_by_key(channel.platform)
    settings = kind.settings.model_validate(channel.settings)
    limits = Limits.from_json(channel.limits)
    # Long Markdown takes a while: everybody else's requests and sendings go on meanwhile.
    return await asyncio.to_thread(kind.render, words, limits, settings)


async def stored(
    work: UnitOfWork,
    channel: Channel,
    rendering: Rendering,
    *,
    revision_id: UUID | None,
    tracking: str = "",
) -> Edition:
    """Store an edition, or return the one of the same revision, bytes and grounds."""
    digest = rendering.edition.digest()
    if revision_id is not None:
        existing = await work.one(
            select(Edition).where(
                Edition.revision_id == revision_id,
                Edition.channel_id == channel.id,
                Edition.hash == digest,
                Edition.basis == channel.basis,
                Edition.tracking == tracking,
            )
        )
        if existing is not None:
            return existing
    edition = Edition(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        revision_id=revision_id,
        channel_id=channel.id,
        origin=EditionOrigin.REPLY if revision_id is None else EditionOrigin.CONTENT,
        body=rendering.edition.to_bytes().decode(),
        hash=digest,
        basis=channel.basis,
        tracking=tracking,
        problems=[problem.to_json() for problem in rendering.problems],
    )
    await work.add(edition)
    work.record(EditionPrepared(subject_id=edition.id, channel_id=channel.id, hash=digest))
    return edition
