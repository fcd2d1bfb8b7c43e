"""Looking after conversations: whose they are, how urgent, how far; and notes about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.access.models import Member
from hub.engagement import cases
from hub.engagement.events import (
    NoteAdded,
    NoteDeleted,
    NoteUpdated,
    ThreadAssigned,
    ThreadSnoozed,
    ThreadUpdated,
)
from hub.engagement.jobs import WakeThread
from hub.engagement.models import Note, Person, Thread, ThreadState
from hub.engagement.rules import THREADS_MAX, require_tags
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text, require_version, touch
from hub.kernel.errors import Forbidden, HubError, Invalid, NotFound, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork

_NOTE = 10_000


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one conversation of several."""

    thread_id: UUID | None
    error: HubError | None = None


async def update_thread(
    work: UnitOfWork,
    *,
    thread_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Thread:
    """Change the state, the assignee, the priority or the tags of a conversation."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    clean = await _clean(work, changes)
    thread = await get(work, Thread, thread_id, lock=True)
    await _apply(work, thread, clean, expected_version=expected_version)
    return thread


async def update_threads(
    work: UnitOfWork,
    *,
    thread_ids: Sequence[UUID | None],
    changes: Mapping[str, Any],
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
    reject_all: bool = True,
) -> list[Row]:
    """Change several conversations alike; answer for each, in the order asked.

    With `reject_all` one that is not there keeps all from being changed. None stands for an id
    that is none.
    """
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    if len(thread_ids) > THREADS_MAX:
        raise Invalid(f"{THREADS_MAX} at most can be changed at once.", path=("input", "ids"))
    clean = await _clean(work, changes)
    more = require_tags(add_tags, path=("input", "addTags"))
    less = require_tags(remove_tags, path=("input", "removeTags"))
    found = await _locked(work, [one for one in thread_ids if one is not None])
    rows: list[Row] = []
    for index, thread_id in enumerate(thread_ids):
        thread = found.get(thread_id) if thread_id is not None else None
        if thread is None:
            path = ("input", "ids", str(index))
            rows.append(
                Row(
                    thread_id=None,
                    error=NotFound("There is nothing with this id.", path=path),
                )
            )
            continue
        rows.append(Row(thread_id=thread.id))
    wrong = next((row.error for row in rows if row.error is not None), None)
    if reject_all and wrong is not None:
        raise wrong
    for thread in found.values():
        tags = sorted({*clean.get("tags", thread.tags), *more} - set(less))
        await _apply(work, thread, {**clean, "tags": tags})
    return rows


async def snooze_thread(work: UnitOfWork, *, thread_id: UUID, until: datetime | None) -> Thread:
    """Let a conversation rest until a time, or until somebody writes; None ends its rest."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    if until is not None and until <= work.now:
        raise Invalid("This time is over.", path=("input", "until"))
    thread = await get(work, Thread, thread_id, lock=True)
    if until is None:
        if thread.snoozed_until is None:
            raise WrongState("It does not rest.", path=("input", "id"))
        cases.wake(work, thread)
        return thread
    if thread.state is ThreadState.DONE:
        raise WrongState("It is done: there is nothing to come back to.", path=("input", "id"))
    thread.state = ThreadState.WAITING
    thread.snoozed_until = until
    touch(work, thread)
    work.record(ThreadSnoozed(subject_id=thread.id, until=until))
    work.promise(WakeThread(workspace_id=thread.workspace_id, thread_id=thread.id), due_at=until)
    return thread


async def add_thread_note(work: UnitOfWork, *, thread_id: UUID, text: str) -> Note:
    """Note something about a conversation for the other members."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    thread = await get(work, Thread, thread_id, path=("input", "threadId"))
    return await _add_note(work, text, thread_id=thread.id)


async def add_person_note(work: UnitOfWork, *, person_id: UUID, text: str) -> Note:
    """Note something about a person for the other members."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    person = await get(work, Person, person_id, path=("input", "personId"))
    return await _add_note(work, text, person_id=person.id)


async def update_note(
    work: UnitOfWork, *, note_id: UUID, text: str, expected_version: int | None = None
) -> Note:
    """Change one's own note."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    note = await get(work, Note, note_id, lock=True)
    _require_own(work, note)
    words = require_text(text, most=_NOTE, path=("input", "text"))
    if await edit(work, note, {"text": words}, expected_version=expected_version):
        work.record(NoteUpdated(subject_id=note.id))
    return note


async def delete_note(work: UnitOfWork, *, note_id: UUID) -> Note:
    """Throw a note away: one's own, or, as an administrator, anybody's; return what it was."""
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    note = await get(work, Note, note_id, lock=True)
    if not work.caller.may(Permission.WORKSPACE_ADMIN):
        _require_own(work, note)
    await work.session.delete(note)
    work.record(NoteDeleted(subject_id=note_id))
    return note


async def _add_note(
    work: UnitOfWork, text: str, *, thread_id: UUID | None = None, person_id: UUID | None = None
) -> Note:
    note = Note(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        thread_id=thread_id,
        person_id=person_id,
        author_id=work.caller.member_id,
        text=require_text(text, most=_NOTE, path=("input", "text")),
    )
    await work.add(note)
    work.record(NoteAdded(subject_id=note.id, thread_id=thread_id, person_id=person_id))
    return note


def _require_own(work: UnitOfWork, note: Note) -> None:
    if note.author_id is None or note.author_id != work.caller.member_id:
        raise Forbidden("Only who wrote a note may change it.", path=("input", "id"))


async def _clean(work: UnitOfWork, changes: Mapping[str, Any]) -> dict[str, Any]:
    clean = dict(changes)
    if "tags" in clean:
        clean["tags"] = require_tags(clean["tags"], path=("input", "tags"))
    if clean.get("assignee_id") is not None:
        member = await get(work, Member, clean["assignee_id"], path=("input", "assigneeId"))
        if member.removed_at is not None:
            raise WrongState("This member was removed.", path=("input", "assigneeId"))
    return clean


async def _locked(work: UnitOfWork, thread_ids: Sequence[UUID]) -> dict[UUID, Thread]:
    # In the order of their ids: two who change the same ones do not wait for each other.
    found = await work.all(
        select(Thread)
        .where(Thread.id.in_(thread_ids))
        .order_by(Thread.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {thread.id: thread for thread in found}


async def _apply(
    work: UnitOfWork,
    thread: Thread,
    changes: Mapping[str, Any],
    *,
    expected_version: int | None = None,
) -> None:
    wanted = dict(changes)
    if wanted.get("assignee_id") is not None and thread.state is ThreadState.NEW:
        # Whose it is, is under way.
        wanted.setdefault("state", ThreadState.OPEN)
    require_version(thread, expected_version)
    changed = await edit(work, thread, wanted, expected_version=None)
    if not changed:
        return
    if "state" in changed and thread.state is ThreadState.DONE:
        cases.close(thread)
    if "state" in changed and thread.state is not ThreadState.WAITING:
        thread.snoozed_until = None
    if "priority" in changed and thread.state is not ThreadState.DONE:
        await cases.promise_reply(work, thread=thread)
    if "assignee_id" in changed:
        work.record(ThreadAssigned(subject_id=thread.id, assignee_id=thread.assignee_id))
    work.record(ThreadUpdated(subject_id=thread.id, fields=changed))
