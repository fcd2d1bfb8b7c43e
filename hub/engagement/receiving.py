"""What comes in, step by step: placed in a conversation, kept once, and what follows from it.

1. Each message finds its conversation: the one under the publication it answers, the private one
   with its author, or one about a post of somebody else.
2. New ones are kept; known ones are looked at for what was changed or taken away.
3. Each new one is an event of this transaction: what rules do with it is a reaction to it.
4. The conversation opens, or goes on.

Locks have one order: the channel's inbox, conversations, persons.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from hub.engagement import cases
from hub.engagement.events import (
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    MessageShown,
)
from hub.engagement.models import Direction, Message, Person, Thread, ThreadKind, ThreadState
from hub.engagement.placing import Received, direct_with, inbox_of, place, thread_of
from hub.engagement.reading import read_of
from hub.engagement.rules import is_believable
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing import amendments
from hub.publishing.models import Publication


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A message and the conversation it belongs to."""

    given: Received
    thread: Thread


async def below(
    work: UnitOfWork,
    *,
    row: Publication,
    messages: Sequence[Received],
    cursor: str,
    whole: bool = False,
) -> int:
    """Keep what is new under a publication; return how many. `whole`: there is nothing else.

    What is below an answer of the brand belongs to the conversation the answer is in.
    """
    given = _once(messages)
    if await _crosses(work, row, given):
        await inbox_of(work, row.channel_id)
    conversation = await _answered_in(work, row)
    thread = conversation or await thread_of(
        work, channel_id=row.channel_id, kind=ThreadKind.COMMENTS, publication_id=row.id
    )
    placed = [
        _Placed(
            given=one,
            thread=await direct_with(work, row.channel_id, one) if one.private else thread,
        )
        for one in given
    ]
    new = await _take(work, row.channel_id, placed, gathering=thread)
    if conversation is not None:
        return new
    thread.cursor = cursor
    if whole:
        await _note_deleted(work, thread, {one.remote_id for one in given})
    return new


async def inbox(
    work: UnitOfWork, *, channel_id: UUID, messages: Sequence[Received], cursor: str
) -> int:
    """Keep what is new in a channel's own inbox, and the cursor behind it; return how many."""
    box = await inbox_of(work, channel_id)
    placed = [
        _Placed(given=one, thread=await place(work, channel_id, one)) for one in _once(messages)
    ]
    new = await _take(work, channel_id, placed)
    box.cursor = cursor
    box.read_at = work.now
    return new


async def about(work: UnitOfWork, *, channel_id: UUID, given: Received) -> Thread:
    """Return the conversation about somebody else's post, with that post in it."""
    await inbox_of(work, channel_id)
    thread = await place(work, channel_id, given)
    await _take(work, channel_id, [_Placed(given=given, thread=thread)])
    return thread


async def _answered_in(work: UnitOfWork, row: Publication) -> Thread | None:
    """Return the conversation a publication is an answer in, locked; None: it begins one."""
    known = (row.in_reply_to or {}).get("extra", {}).get("thread_id")
    if known is None:
        return None
    return await work.one(
        select(Thread)
        .where(Thread.id == UUID(known))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _once(messages: Iterable[Received]) -> list[Received]:
    return list({message.remote_id: message for message in messages}.values())


async def _crosses(work: UnitOfWork, row: Publication, given: Sequence[Received]) -> bool:
    """Say whether a message of these belongs, or has been put, into another conversation."""
    if any(one.private for one in given):
        return True
    elsewhere = await work.all(
        select(Message.id)
        .join(Thread, Thread.id == Message.thread_id)
        .where(
            Message.channel_id == row.channel_id,
            Message.remote_id.in_([one.remote_id for one in given]),
            Thread.kind != ThreadKind.COMMENTS,
        )
        .limit(1)
    )
    return bool(elsewhere)


async def _take(
    work: UnitOfWork,
    channel_id: UUID,
    placed: Sequence[_Placed],
    *,
    gathering: Thread | None = None,
) -> int:
    """Keep messages in their conversations, which are locked; return how many were new."""
    placed = [replace(one, given=_believed(one.given, now=work.now)) for one in placed]
    persons = await _persons(work, channel_id, placed)
    known = await _known(work, channel_id, placed)
    new: list[_Placed] = []
    for one in placed:
        message = known.get(one.given.remote_id)
        if message is not None:
            await _look_again(work, message, one, gathering)
        elif await _keep(work, channel_id, persons[one.given.person_remote_id], one):
            new.append(one)
    for thread in {one.thread.id: one.thread for one in placed}.values():
        came = [one.given for one in new if one.thread is thread]
        if not came:
            continue
        if thread.kind is not ThreadKind.COMMENTS and thread.person_id is None:
            thread.person_id = persons[came[0].person_remote_id]
        times = [given.written_at for given in came]
        await cases.message_came(work, thread=thread, oldest=min(times), newest=max(times))
    return len(new)


def _believed(given: Received, *, now: datetime) -> Received:
    """Return a message with times that can be: on some networks they are its writer's word."""
    if not is_believable(given.written_at):
        given = replace(given, written_at=now)
    if given.edited_at is not None and not is_believable(given.edited_at):
        given = replace(given, edited_at=None)
    return given


async def _persons(
    work: UnitOfWork, channel_id: UUID, placed: Sequence[_Placed]
) -> Mapping[str, UUID]:
    # Always in the same order: others receive for this channel at the same time, and must not
    # wait for each other in a circle.
    latest = {one.given.person_remote_id: one.given for one in placed}
    return {
        remote_id: await _person(work, channel_id, latest[remote_id])
        for remote_id in sorted(latest)
    }


async def _person(work: UnitOfWork, channel_id: UUID, given: Received) -> UUID:
    statement = insert(Person).values(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        channel_id=channel_id,
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


async def _known(
    work: UnitOfWork, channel_id: UUID, placed: Sequence[_Placed]
) -> Mapping[str, Message]:
    found = await work.all(
        select(Message)
        .where(
            Message.channel_id == channel_id,
            Message.remote_id.in_([one.given.remote_id for one in placed]),
        )
        .execution_options(populate_existing=True)
    )
    return {message.remote_id: message for message in found}


async def _keep(work: UnitOfWork, channel_id: UUID, person_id: UUID, one: _Placed) -> bool:
    given, thread = one.given, one.thread
    kept = await work.session.execute(
        insert(Message)
        .values(
            id=new_id(),
            workspace_id=work.caller.workspace_id,
            thread_id=thread.id,
            channel_id=channel_id,
            person_id=person_id,
            direction=Direction.INBOUND,
            remote_id=given.remote_id,
            parent_remote_id=given.parent_remote_id,
            text=given.text,
            html=given.html,
            url=given.url,
            written_at=given.written_at,
            edited_at=given.edited_at,
            audience=given.audience,
            hidden=given.hidden,
            extra=dict(given.extra),
            **_read(given),
        )
        .on_conflict_do_nothing(index_elements=["channel_id", "remote_id"])
        .returning(Message.id)
    )
    message_id = kept.scalar_one_or_none()
    if message_id is None:
        return False
    work.record(
        MessageReceived(
            subject_id=message_id, thread_id=thread.id, publication_id=thread.publication_id
        )
    )
    return True


def _read(given: Received) -> dict[str, Any]:
    read = read_of(given.text, given.language)
    return {
        "language": read.language,
        "sentiment": read.sentiment,
        "sentiment_label": read.label,
    }


async def _look_again(
    work: UnitOfWork, message: Message, one: _Placed, gathering: Thread | None
) -> None:
    """See what has become of a message that is known."""
    if message.direction is Direction.OUTBOUND:
        return
    given = one.given
    message.deleted_at = None
    if given.edited_at and (message.edited_at is None or message.edited_at < given.edited_at):
        message.edited_at = given.edited_at
        message.text, message.html = given.text, given.html
        for name, value in _read(given).items():
            setattr(message, name, value)
        work.record(MessageEdited(subject_id=message.id, thread_id=message.thread_id))
    if (
        message.hidden
        and not given.hidden
        and not await amendments.ever_hidden(work, message_id=message.id)
    ):
        # It had waited for approval there, and somebody let it through there.
        message.hidden = False
        work.record(MessageShown(subject_id=message.id))
    if gathering is not None and one.thread is gathering and message.thread_id != gathering.id:
        await _gather(work, message, gathering)


async def _gather(work: UnitOfWork, message: Message, thread: Thread) -> None:
    """Bring a message home that had come as a mention, before what it answers was known."""
    former = await work.one(select(Thread).where(Thread.id == message.thread_id).with_for_update())
    if former is None or former.kind is not ThreadKind.POST:
        return
    message.thread_id = thread.id
    await work.session.flush()
    await cases.message_came(
        work, thread=thread, oldest=message.written_at, newest=message.written_at
    )
    if not await work.all(select(Message.id).where(Message.thread_id == former.id).limit(1)):
        former.state = ThreadState.DONE
        cases.close(former)


async def _note_deleted(work: UnitOfWork, thread: Thread, there: set[str]) -> None:
    """Note which answers are not at the platform any more."""
    gone = await work.all(
        select(Message).where(
            Message.thread_id == thread.id,
            Message.direction == Direction.INBOUND,
            Message.deleted_at.is_(None),
            Message.remote_id.not_in(there),
        )
    )
    for message in gone:
        message.deleted_at = work.now
        work.record(MessageDeleted(subject_id=message.id, thread_id=thread.id))
