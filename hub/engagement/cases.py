"""What a conversation owes: the case a message opens, its deadline, and how it ends."""

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from hub.channels.models import Channel
from hub.engagement.events import ThreadOpened, ThreadReplied, ThreadTargetMissed, ThreadWoken
from hub.engagement.hours import Hours, Span, deadline
from hub.engagement.jobs import WatchTarget
from hub.engagement.models import ServiceTarget, Thread, ThreadState
from hub.engagement.rules import arrived, opened, replied
from hub.kernel.editing import touch
from hub.kernel.work import UnitOfWork


async def message_came(
    work: UnitOfWork, *, thread: Thread, oldest: datetime, newest: datetime
) -> None:
    """Somebody wrote in a conversation, which is locked: it opens, or goes on."""
    first, was = thread.last_message_at is None, thread.state
    thread.last_message_at = max(newest, thread.last_message_at or newest)
    thread.state = arrived(was, first=first)
    thread.snoozed_until = None
    touch(work, thread)
    if was is not ThreadState.DONE:
        return
    thread.opened_at = opened(written_at=oldest, now=work.now)
    thread.first_replied_at = None
    thread.overdue = False
    await promise_reply(work, thread=thread)
    work.record(ThreadOpened(subject_id=thread.id, kind=thread.kind, again=not first))


async def promise_reply(work: UnitOfWork, *, thread: Thread) -> None:
    """Reckon until when an open case shall be answered, and have somebody look at that time."""
    if thread.opened_at is None or thread.first_replied_at is not None:
        return
    thread.first_reply_due_at = await _due_at(work, thread, thread.opened_at)
    thread.overdue = False
    if thread.first_reply_due_at is None:
        return
    work.promise(
        WatchTarget(workspace_id=work.caller.workspace_id, thread_id=thread.id),
        due_at=thread.first_reply_due_at,
    )


async def _due_at(work: UnitOfWork, thread: Thread, since: datetime) -> datetime | None:
    brand = select(Channel.brand_id).where(Channel.id == thread.channel_id).scalar_subquery()
    target = await work.one(
        select(ServiceTarget)
        .where(
            ServiceTarget.brand_id == brand,
            or_(
                ServiceTarget.channel_id == thread.channel_id,
                ServiceTarget.channel_id.is_(None),
            ),
        )
        .order_by(ServiceTarget.channel_id.nulls_last())
        .limit(1)
    )
    minutes = None if target is None else target.minutes.get(thread.priority.value)
    if target is None or minutes is None:
        return None
    return deadline(since, minutes=minutes, hours=hours_of(target))


def hours_of(target: ServiceTarget) -> Hours:
    """Return when a brand is there."""
    return Hours(
        zone=ZoneInfo(target.timezone),
        spans=[Span.from_json(stored) for stored in target.hours],
        holidays=frozenset(date.fromisoformat(day) for day in target.holidays),
    )


def reply_went_out(work: UnitOfWork, *, thread: Thread, at: datetime) -> None:
    """The brand has answered in a conversation, which is locked."""
    thread.last_message_at = max(at, thread.last_message_at or at)
    thread.state = replied(thread.state, thread.kind)
    touch(work, thread)
    if thread.opened_at is None or thread.first_replied_at is not None:
        return
    work.record(ThreadReplied(subject_id=thread.id, overdue=thread.overdue))
    thread.first_replied_at = at
    thread.overdue = False


def close(thread: Thread) -> None:
    """Nothing is owed any more in a conversation that is done."""
    thread.overdue = False
    thread.snoozed_until = None


async def look_at_target(work: UnitOfWork, *, thread_id: UUID) -> datetime | None:
    """Say that a case was not answered in time, once; return when to look again, if ever."""
    thread = await _locked(work, thread_id)
    if thread is None or thread.first_reply_due_at is None or thread.overdue:
        return None
    if thread.first_replied_at is not None or thread.state is ThreadState.DONE:
        return None
    if thread.first_reply_due_at > work.now:
        return thread.first_reply_due_at
    thread.overdue = True
    touch(work, thread)
    work.record(
        ThreadTargetMissed(
            subject_id=thread.id,
            due_at=thread.first_reply_due_at,
            assignee_id=thread.assignee_id,
        )
    )
    return None


async def end_rest(work: UnitOfWork, *, thread_id: UUID) -> datetime | None:
    """Wake a conversation whose rest is over; return when to look again, if ever."""
    thread = await _locked(work, thread_id)
    if thread is None or thread.snoozed_until is None:
        return None
    if thread.snoozed_until > work.now:
        return thread.snoozed_until
    wake(work, thread)
    return None


def wake(work: UnitOfWork, thread: Thread) -> None:
    """End the rest of a conversation, which is locked."""
    thread.snoozed_until = None
    if thread.state is ThreadState.WAITING:
        thread.state = ThreadState.OPEN
    touch(work, thread)
    work.record(ThreadWoken(subject_id=thread.id))


async def _locked(work: UnitOfWork, thread_id: UUID) -> Thread | None:
    statement: Any = select(Thread).where(Thread.id == thread_id).with_for_update()
    return await work.one(statement.execution_options(populate_existing=True))
