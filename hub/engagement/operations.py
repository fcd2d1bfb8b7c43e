"""Receiving answers, once, and answering them through the same engine as everything else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.channels.platforms.base import Capability, Draft, DraftPart, Problem, ProblemSeverity
from hub.content import operations as content
from hub.content.models import ContentItem
from hub.engagement.contests import entries as contests
from hub.engagement.events import (
    MessageHidden,
    MessageReceived,
    MessageReplied,
    MessageShown,
)
from hub.engagement.jobs import CollectMessages
from hub.engagement.models import Direction, Message, Person, Thread
from hub.engagement.rules import REPLY_MAX, next_look
from hub.kernel.caller import Permission
from hub.kernel.editing import get, require_text
from hub.kernel.errors import Unsupported, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing import amendments
from hub.publishing import operations as publishing
from hub.publishing.models import Publication, PublicationState
from hub.review import operations as review
from hub.review.rules import refusal

REPLY_POLICY = "reply.by_member"


@dataclass(frozen=True, kw_only=True)
class Looking:
    """What a worker needs to look at the answers, or the counters, of one publication."""

    publication_id: UUID
    access: ChannelAccess
    refs: Sequence[Mapping[str, Any]]
    cursor: str
    next_look: datetime | None
    began_at: datetime


@dataclass(frozen=True, kw_only=True)
class Received:
    """An answer as the platform gave it; `html` is sanitised already."""

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
    extra: Mapping[str, Any] = field(default_factory=dict)


async def begin_watching(work: UnitOfWork, *, publication_id: UUID) -> None:
    """Promise to look for answers under what has just been published; a reaction."""
    row = await get(work, Publication, publication_id)
    channel = await get(work, Channel, row.channel_id)
    if Capability.MESSAGES not in channel.capabilities or row.published_at is None:
        return
    work.promise(
        CollectMessages(workspace_id=row.workspace_id, publication_id=row.id),
        due_at=next_look(published_at=row.published_at, now=work.now),
    )


async def collect_now(work: UnitOfWork, *, publication_id: UUID) -> Publication:
    """Look for answers at once instead of at the next turn."""
    work.caller.require(Permission.ENGAGEMENT_READ)
    row = await get(work, Publication, publication_id)
    if row.state is not PublicationState.PUBLISHED:
        raise WrongState("Nothing is published here yet.", path=("input", "id"))
    await _require(work, row.channel_id, Capability.MESSAGES)
    work.promise(CollectMessages(workspace_id=row.workspace_id, publication_id=row.id))
    return row


async def _require(
    work: UnitOfWork,
    channel_id: UUID,
    capability: Capability,
    *,
    path: tuple[str, ...] = ("input", "id"),
) -> Channel:
    channel = await get(work, Channel, channel_id)
    if capability not in channel.capabilities:
        raise Unsupported(f"{channel.name} cannot do this: {capability.value.lower()}.", path=path)
    return channel


async def looking(
    work: UnitOfWork, *, publication_id: UUID, capability: Capability
) -> Looking | None:
    """Return what a worker needs to look at a publication; None when there is nothing to see."""
    row = await work.one(select(Publication).where(Publication.id == publication_id))
    if row is None or row.state is not PublicationState.PUBLISHED or row.published_at is None:
        return None
    channel = await get(work, Channel, row.channel_id)
    if capability not in channel.capabilities:
        return None
    access = await channels.access(work, channel_id=row.channel_id)
    if access is None:
        return None
    thread = await work.one(select(Thread).where(Thread.publication_id == row.id))
    # Rate holds are kept in the bare clock, looks are due by the hub's.
    held_for = (channel.rate_held_until or work.clock) - work.clock
    usable = channel.enabled and channel.state is ChannelState.READY and held_for <= timedelta()
    again = next_look(published_at=row.published_at, now=work.now)
    return Looking(
        publication_id=row.id,
        access=access,
        refs=row.refs if usable else (),
        cursor=thread.cursor if thread else "",
        next_look=max(again, work.now + held_for) if again else None,
        began_at=work.now,
    )


async def looked_in_vain(
    work: UnitOfWork, *, looking: Looking, wait: timedelta | None
) -> datetime | None:
    """Keep the platform's word that this account must wait, if it gave it; return when to look."""
    if wait is None:
        return looking.next_look
    await channels.hold_for_rate(
        work, channel_id=looking.access.channel_id, until=work.clock + wait
    )
    return max(looking.next_look, work.now + wait) if looking.next_look else None


async def receive(
    work: UnitOfWork, *, publication_id: UUID, messages: Sequence[Received], cursor: str
) -> int:
    """Keep answers that are new and the cursor behind them; return how many were new.

    The platform may hand over the same answer any number of times: its id decides.
    """
    row = await get(work, Publication, publication_id)
    thread = await _thread(work, row)
    persons = await _persons(work, row, messages)
    new = [message for message in messages if await _keep(work, row, thread, persons, message)]
    thread.cursor = cursor
    if new:
        await contests.comments_changed(work, publication_id=row.id)
        newest = max(message.written_at for message in new)
        thread.last_message_at = max(newest, thread.last_message_at or newest)
        thread.version += 1
        thread.updated_at = work.now
    return len(new)


async def _thread(work: UnitOfWork, row: Publication) -> Thread:
    await work.session.execute(
        insert(Thread)
        .values(
            id=new_id(),
            workspace_id=row.workspace_id,
            channel_id=row.channel_id,
            publication_id=row.id,
            cursor="",
            version=1,
        )
        .on_conflict_do_nothing(index_elements=["publication_id"])
    )
    return (
        await work.session.execute(
            select(Thread).where(Thread.publication_id == row.id).with_for_update()
        )
    ).scalar_one()


async def _persons(
    work: UnitOfWork, row: Publication, messages: Sequence[Received]
) -> Mapping[str, UUID]:
    # Always in the same order: others receive for this channel at the same time, and must not
    # wait for each other in a circle.
    latest = {message.person_remote_id: message for message in messages}
    return {remote_id: await _person(work, row, latest[remote_id]) for remote_id in sorted(latest)}


async def _keep(
    work: UnitOfWork,
    row: Publication,
    thread: Thread,
    persons: Mapping[str, UUID],
    given: Received,
) -> bool:
    kept = await work.session.execute(
        insert(Message)
        .values(
            id=new_id(),
            workspace_id=row.workspace_id,
            thread_id=thread.id,
            channel_id=row.channel_id,
            person_id=persons[given.person_remote_id],
            direction=Direction.INBOUND,
            remote_id=given.remote_id,
            parent_remote_id=given.parent_remote_id,
            text=given.text,
            html=given.html,
            url=given.url,
            written_at=given.written_at,
            hidden=False,
            extra=dict(given.extra),
        )
        .on_conflict_do_nothing(index_elements=["channel_id", "remote_id"])
        .returning(Message.id)
    )
    message_id = kept.scalar_one_or_none()
    if message_id is None:
        return False
    work.record(MessageReceived(subject_id=message_id, thread_id=thread.id, publication_id=row.id))
    return True


async def _person(work: UnitOfWork, row: Publication, given: Received) -> UUID:
    statement = insert(Person).values(
        id=new_id(),
        workspace_id=row.workspace_id,
        channel_id=row.channel_id,
        remote_id=given.person_remote_id,
        handle=given.person_handle,
        name=given.person_name,
        url=given.person_url,
    )
    found = await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["channel_id", "remote_id"],
            set_={
                "handle": statement.excluded.handle,
                "name": statement.excluded.name,
                "url": statement.excluded.url,
            },
        ).returning(Person.id)
    )
    return found.scalar_one()


async def reply(work: UnitOfWork, *, message_id: UUID, text: str) -> Publication:
    """Answer a message: the reply is an edition of its own, approved by policy, sent once."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    message = await get(work, Message, message_id, path=("input", "messageId"))
    if message.direction is not Direction.INBOUND:
        raise WrongState("This is your own message.", path=("input", "messageId"))
    channel = await _require(work, message.channel_id, Capability.REPLY)
    words = require_text(text, most=REPLY_MAX, path=("input", "text"))
    edition = await content.prepare_reply(
        work,
        channel=channel,
        answer=Draft(
            title="",
            parts=(DraftPart(text=words),),
            in_reply_to=message.remote_id,
            locale=await _locale_of(work, message),
        ),
    )
    problems = [
        Problem(**{**stored, "severity": ProblemSeverity(stored["severity"]), "field": ""})
        for stored in edition.problems
    ]
    error = refusal(problems, path=("input", "text"))
    if error is not None:
        raise error
    await review.approve_by_policy(work, edition=edition, policy=REPLY_POLICY)
    row = await publishing.add(
        work,
        edition=edition,
        item=None,
        scheduled_for=None,
        in_reply_to={
            "remote_id": message.remote_id,
            "url": message.url,
            "published_at": message.written_at.isoformat(),
            "extra": {**message.extra, "thread_id": str(message.thread_id)},
        },
    )
    work.record(MessageReplied(subject_id=message.id, publication_id=row.id))
    return row


async def set_hidden(work: UnitOfWork, *, message_id: UUID, hidden: bool) -> Message:
    """Hide somebody's answer from others at the platform, or show it again; a job does it."""
    work.caller.require(Permission.ENGAGEMENT_MODERATE)
    path = ("input", "messageId")
    message = await get(work, Message, message_id, path=path)
    if message.direction is not Direction.INBOUND:
        raise WrongState("This is your own message: withdraw its publication.", path=path)
    await _require(work, message.channel_id, Capability.HIDE, path=path)
    thread = await get(work, Thread, message.thread_id)
    under_way = await amendments.wanted_hidden(
        work, publication_id=thread.publication_id, message_id=message.id
    )
    # Whoever changes their mind before the platform has done it must be heard.
    if (message.hidden if under_way is None else under_way) is hidden:
        raise WrongState("It is so already, or about to be.", path=path)
    await amendments.set_hidden(
        work,
        publication_id=thread.publication_id,
        message_id=message.id,
        target={
            "remote_id": message.remote_id,
            "url": message.url,
            "published_at": message.written_at.isoformat(),
            "extra": dict(message.extra),
        },
        hidden=hidden,
    )
    return message


async def note_hidden(work: UnitOfWork, *, message_id: UUID, hidden: bool) -> None:
    """Keep that an answer was hidden or shown; a reaction to its amendment."""
    message = await get(work, Message, message_id, lock=True)
    message.hidden = hidden
    thread = await get(work, Thread, message.thread_id)
    await contests.comments_changed(work, publication_id=thread.publication_id)
    work.record((MessageHidden if hidden else MessageShown)(subject_id=message.id))


async def _locale_of(work: UnitOfWork, message: Message) -> str:
    """Return the language of what a message answers; a reply is taken to keep to it."""
    thread = await get(work, Thread, message.thread_id)
    answered = await get(work, Publication, thread.publication_id)
    if answered.item_id is None:
        return "und"
    return (await get(work, ContentItem, answered.item_id)).locale


async def note_reply_sent(work: UnitOfWork, *, publication_id: UUID) -> None:
    """Put a reply that went out into its conversation; a reaction to its publication."""
    row = await get(work, Publication, publication_id)
    if row.in_reply_to is None or row.remote_id is None:
        return
    edition = await content.edition_content(work, edition_id=row.edition_id)
    # Before the message: two replies that settle together would wait for each other behind theirs.
    thread = await get(work, Thread, UUID(row.in_reply_to["extra"]["thread_id"]), lock=True)
    await work.session.execute(
        insert(Message)
        .values(
            id=new_id(),
            workspace_id=row.workspace_id,
            thread_id=thread.id,
            channel_id=row.channel_id,
            publication_id=row.id,
            direction=Direction.OUTBOUND,
            remote_id=row.remote_id,
            parent_remote_id=row.in_reply_to["remote_id"],
            text=edition.parts[0].text,
            html="",
            url=row.url or "",
            written_at=row.published_at or work.now,
            hidden=False,
            extra={},
        )
        .on_conflict_do_nothing(index_elements=["channel_id", "remote_id"])
    )
    thread.last_message_at = func.greatest(Thread.last_message_at, row.published_at)
    thread.version += 1
