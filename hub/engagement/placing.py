"""Where a message belongs: the inbox it came to, and its conversation, both locked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from hub.engagement.models import Inbox, Message, Thread, ThreadKind
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message as the platform gave it; `html` is sanitised already.

    `hidden` is seen by nobody else: it waits for approval there, or was hidden there.
    `private` is for nobody but the brand; `audience` is the platform's own word for who reads it.
    """

    remote_id: str
    parent_remote_id: str
    person_remote_id: str
    person_handle: str
    person_name: str
    person_url: str
    text: str
    html: str
    url: str
    written_at: datetime
    edited_at: datetime | None = None
    private: bool = False
    hidden: bool = False
    audience: str = ""
    language: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


async def inbox_of(work: UnitOfWork, channel_id: UUID) -> Inbox:
    """Return the channel's inbox, locked."""
    made = insert(Inbox).values(
        id=new_id(), workspace_id=work.caller.workspace_id, channel_id=channel_id, cursor=""
    )
    await work.session.execute(made.on_conflict_do_nothing(index_elements=["channel_id"]))
    found: Inbox = (
        await work.session.execute(
            select(Inbox).where(Inbox.channel_id == channel_id).with_for_update()
        )
    ).scalar_one()
    return found


async def thread_of(
    work: UnitOfWork,
    *,
    channel_id: UUID,
    kind: ThreadKind,
    publication_id: UUID | None = None,
    remote_id: str | None = None,
    url: str = "",
) -> Thread:
    """Return a conversation, locked; it begins where there is none yet."""
    same = (
        [Thread.publication_id == publication_id]
        if kind is ThreadKind.COMMENTS
        else [
            Thread.channel_id == channel_id,
            Thread.kind == kind,
            Thread.remote_id == remote_id,
        ]
    )
    await work.session.execute(
        insert(Thread)
        .values(
            id=new_id(),
            workspace_id=work.caller.workspace_id,
            channel_id=channel_id,
            kind=kind,
            publication_id=publication_id,
            remote_id=remote_id,
            url=url,
            cursor="",
            version=1,
        )
        .on_conflict_do_nothing()
    )
    found: Thread = (
        await work.session.execute(select(Thread).where(*same).with_for_update())
    ).scalar_one()
    return found


async def direct_with(work: UnitOfWork, channel_id: UUID, given: Received) -> Thread:
    """Return the private conversation with who wrote a message, locked."""
    return await thread_of(
        work,
        channel_id=channel_id,
        kind=ThreadKind.DIRECT,
        remote_id=given.person_remote_id,
        url=given.person_url,
    )


async def place(work: UnitOfWork, channel_id: UUID, given: Received) -> Thread:
    """Return the conversation a message belongs to, locked; it begins where there is none yet."""
    if given.private:
        return await direct_with(work, channel_id, given)
    known = await work.one(
        select(Thread)
        .join(Message, Message.thread_id == Thread.id)
        .where(
            Message.channel_id == channel_id,
            # What is public answers nothing private, whatever it says.
            Thread.kind != ThreadKind.DIRECT,
            Message.remote_id.in_([given.remote_id, given.parent_remote_id or given.remote_id]),
        )
        .order_by(Message.remote_id != given.remote_id)
        .limit(1)
        .with_for_update(of=Thread)
    )
    if known is not None:
        return known
    published = await _published(work, channel_id, given.parent_remote_id)
    if published is not None:
        return await thread_of(
            work, channel_id=channel_id, kind=ThreadKind.COMMENTS, publication_id=published
        )
    return await thread_of(
        work,
        channel_id=channel_id,
        kind=ThreadKind.POST,
        remote_id=given.remote_id,
        url=given.url,
    )


async def _published(work: UnitOfWork, channel_id: UUID, remote_id: str) -> UUID | None:
    """Return the publication of which a post is a part; answers of the brand are messages."""
    if not remote_id:
        return None
    mine = Publication.channel_id == channel_id, Publication.item_id.is_not(None)
    first = await work.one(select(Publication.id).where(*mine, Publication.remote_id == remote_id))
    if first is not None:
        return first
    return await work.one(
        select(Publication.id)
        .where(
            *mine,
            func.jsonb_array_length(Publication.refs) > 1,
            Publication.refs.contains([{"remote_id": remote_id}]),
        )
        .limit(1)
    )
