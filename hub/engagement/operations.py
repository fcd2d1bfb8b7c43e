"""Receiving answers, once, and answering them through the same engine as everything else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.channels.platforms.base import (
    Capability,
    Draft,
    DraftPart,
    EditionContent,
    Problem,
    ProblemSeverity,
)
from hub.content import operations as content
from hub.content.models import ContentItem
from hub.engagement import cases, placing, receiving
from hub.engagement.contests import entries as contests
from hub.engagement.events import (
    MessageHidden,
    MessageLikeRequested,
    MessageReplied,
    MessageShown,
)
from hub.engagement.jobs import CollectMessages, LikeMessage
from hub.engagement.models import Direction, Message, Person, SavedReply, Thread, ThreadKind
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


Received = placing.Received


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
    work: UnitOfWork,
    *,
    publication_id: UUID,
    messages: Sequence[Received],
    cursor: str,
    whole: bool = False,
) -> int:
    """Keep answers that are new and the cursor behind them; return how many were new.

    The platform may hand over the same answer any number of times: its id decides. With `whole`,
    what it does not hand over any more is gone.
    """
    row = await get(work, Publication, publication_id)
    new = await receiving.below(work, row=row, messages=messages, cursor=cursor, whole=whole)
    if new or any(isinstance(one, MessageShown) for one in work.events):
        await contests.comments_changed(work, publication_id=row.id)
    return new


async def receive_inbox(
    work: UnitOfWork, *, channel_id: UUID, messages: Sequence[Received], cursor: str
) -> int:
    """Keep what is new in a channel's own inbox; return how many were new."""
    channel = await get(work, Channel, channel_id)
    return await receiving.inbox(work, channel_id=channel.id, messages=messages, cursor=cursor)


async def open_for_mention(work: UnitOfWork, *, channel_id: UUID, post: Received) -> Thread:
    """Bring somebody else's post into the inbox, because somebody must act; once."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    channel = await get(work, Channel, channel_id, path=("input", "channelId"))
    if post.private:
        raise WrongState("A private message is in the inbox already.", path=("input", "id"))
    return await receiving.about(work, channel_id=channel.id, given=post)


async def reply(
    work: UnitOfWork,
    *,
    message_id: UUID,
    text: str,
    saved_reply_id: UUID | None = None,
    privately: bool = False,
    policy: str = REPLY_POLICY,
) -> Publication:
    """Answer a message: the reply is an edition of its own, approved by policy, sent once.

    A private message is answered in private, and no wider than others can read what is answered;
    with `privately` what was written in public is answered in private, too.
    """
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    message = await get(work, Message, message_id, path=("input", "messageId"))
    if message.direction is not Direction.INBOUND:
        raise WrongState("This is your own message.", path=("input", "messageId"))
    if message.deleted_at is not None:
        raise WrongState("It is not at the platform any more.", path=("input", "messageId"))
    channel = await _require(work, message.channel_id, Capability.REPLY)
    thread = await get(work, Thread, message.thread_id)
    private = privately or thread.kind is ThreadKind.DIRECT
    if private:
        await _require(work, message.channel_id, Capability.DIRECT_MESSAGES)
    words = require_text(text, most=REPLY_MAX, path=("input", "text"))
    await _count_use(work, saved_reply_id)
    edition = await content.prepare_reply(
        work,
        channel=channel,
        answer=Draft(
            title="",
            parts=(DraftPart(text=words),),
            in_reply_to=message.remote_id,
            locale=await _locale_of(work, message, thread),
            audience=message.audience,
            private_to=await _handle_of(work, message) if private else None,
        ),
    )
    problems = [
        Problem(**{**stored, "severity": ProblemSeverity(stored["severity"]), "field": ""})
        for stored in edition.problems
    ]
    error = refusal(problems, path=("input", "text"))
    if error is not None:
        raise error
    await review.approve_by_policy(work, edition=edition, policy=policy)
    row = await publishing.add(
        work,
        edition=edition,
        item=None,
        scheduled_for=None,
        in_reply_to={**target_of(message), "extra": _with_thread(message)},
    )
    work.record(MessageReplied(subject_id=message.id, publication_id=row.id))
    return row


def target_of(message: Message) -> dict[str, Any]:
    """Return what a connector needs to address a message."""
    return {
        "remote_id": message.remote_id,
        "url": message.url,
        "published_at": message.written_at.isoformat(),
        "extra": dict(message.extra),
    }


def _with_thread(message: Message) -> dict[str, Any]:
    return {**message.extra, "thread_id": str(message.thread_id)}


async def _handle_of(work: UnitOfWork, message: Message) -> str:
    person = await work.one(select(Person.handle).where(Person.id == message.person_id))
    return person or ""


async def _count_use(work: UnitOfWork, saved_reply_id: UUID | None) -> None:
    if saved_reply_id is None:
        return
    saved = await get(work, SavedReply, saved_reply_id, path=("input", "savedReplyId"), lock=True)
    saved.used_count += 1


async def set_hidden(work: UnitOfWork, *, message_id: UUID, hidden: bool) -> Message:
    """Hide somebody's answer from others at the platform, or show it again; a job does it."""
    work.caller.require(Permission.ENGAGEMENT_MODERATE)
    path = ("input", "messageId")
    message = await get(work, Message, message_id, path=path)
    if message.direction is not Direction.INBOUND:
        raise WrongState("This is your own message: withdraw its publication.", path=path)
    await _require(work, message.channel_id, Capability.HIDE, path=path)
    publication_id = (await get(work, Thread, message.thread_id)).publication_id
    if publication_id is None:
        raise Unsupported("Only answers under your own publications can be hidden.", path=path)
    under_way = await amendments.wanted_hidden(
        work, publication_id=publication_id, message_id=message.id
    )
    # Whoever changes their mind before the platform has done it must be heard.
    if (message.hidden if under_way is None else under_way) is hidden:
        raise WrongState("It is so already, or about to be.", path=path)
    await amendments.set_hidden(
        work,
        publication_id=publication_id,
        message_id=message.id,
        target=target_of(message),
        hidden=hidden,
    )
    return message


async def set_liked(work: UnitOfWork, *, message_id: UUID, liked: bool) -> Message:
    """Give somebody's message the brand's like at the platform, or take it back; a job does it."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    path = ("input", "messageId")
    message = await get(work, Message, message_id, path=path, lock=True)
    if message.direction is not Direction.INBOUND:
        raise WrongState("This is your own message.", path=path)
    await _require(work, message.channel_id, Capability.LIKE, path=path)
    wanted = message.liked if message.like_wanted is None else message.like_wanted
    if wanted is liked:
        raise WrongState("It is so already, or about to be.", path=path)
    message.like_wanted = liked
    message.like_tries = 0
    message.like_problem = ""
    work.record(MessageLikeRequested(subject_id=message.id, liked=liked))
    work.promise(LikeMessage(workspace_id=message.workspace_id, message_id=message.id))
    return message


async def note_hidden(work: UnitOfWork, *, message_id: UUID, hidden: bool) -> None:
    """Keep that an answer was hidden or shown; a reaction to its amendment."""
    message = await get(work, Message, message_id, lock=True)
    message.hidden = hidden
    thread = await get(work, Thread, message.thread_id)
    if thread.publication_id is not None:
        await contests.comments_changed(work, publication_id=thread.publication_id)
    work.record((MessageHidden if hidden else MessageShown)(subject_id=message.id))


async def _locale_of(work: UnitOfWork, message: Message, thread: Thread) -> str:
    """Return the language of what a message answers; a reply is taken to keep to it."""
    if thread.publication_id is None:
        return message.language or "und"
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
            audience=_audience_of(edition),
            extra={},
        )
        .on_conflict_do_nothing(index_elements=["channel_id", "remote_id"])
    )
    cases.reply_went_out(work, thread=thread, at=row.published_at or work.now)


def _audience_of(edition: EditionContent) -> str:
    said = str(edition.fields.get("visibility", ""))
    return "" if said == "public" else said
