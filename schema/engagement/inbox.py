"""Looking after conversations: state, assignee, priority, tags, rest, notes."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import strawberry

from hub.engagement import threads
from hub.kernel.errors import NotFound
from hub.kernel.work import UnitOfWork
from schema.base.enums import describe
from schema.base.perform import (
    Given,
    Made,
    Payload,
    Refusals,
    RowError,
    changes,
    perform,
    refusals,
    result,
    wanted,
)
from schema.base.reading import Info
from schema.engagement.types import Note, Person, Priority, Thread, ThreadState


class BulkPolicy(StrEnum):
    """What a bulk mutation does about rows that cannot be changed."""

    REJECT_ALL = "REJECT_ALL"
    REJECT_FAILED = "REJECT_FAILED"


describe(
    BulkPolicy,
    description="What happens when some of several cannot be changed.",
    values={
        "REJECT_ALL": "Nothing is changed, and the first of them is the error.",
        "REJECT_FAILED": "The others are changed; each refusal is told.",
    },
)

_VERSION = "The `version` you read; CONFLICT if it is another by now."


@strawberry.input(description="What to change of a conversation; what is left out stays.")
class ThreadUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The conversation.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=_VERSION)
    state: strawberry.Maybe[ThreadState | None] = strawberry.field(
        default=None, description="How far the work on it has come."
    )
    assignee_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        default=None, description="Who looks after it; null: nobody."
    )
    priority: strawberry.Maybe[Priority | None] = strawberry.field(
        default=None, description="How soon somebody should act; deadlines follow it."
    )
    tags: strawberry.Maybe[list[str] | None] = strawberry.field(
        default=None, description="All of its tags."
    )


@strawberry.input(description="What to change of several conversations alike.")
class ThreadsUpdateInput(Given):
    ids: list[strawberry.ID] = strawberry.field(description="The conversations; 100 at most.")
    policy: BulkPolicy = strawberry.field(
        default=BulkPolicy.REJECT_ALL, description="What happens when some are not there."
    )
    state: strawberry.Maybe[ThreadState | None] = strawberry.field(
        default=None, description="How far the work on them has come."
    )
    assignee_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        default=None, description="Who looks after them; null: nobody."
    )
    priority: strawberry.Maybe[Priority | None] = strawberry.field(
        default=None, description="How soon somebody should act."
    )
    add_tags: list[str] = strawberry.field(default_factory=list, description="Tags to add.")
    remove_tags: list[str] = strawberry.field(
        default_factory=list, description="Tags to take away."
    )


@strawberry.input(description="Whose a conversation is from now on.")
class ThreadAssignInput(Given):
    id: strawberry.ID = strawberry.field(description="The conversation.")
    assignee_id: strawberry.ID | None = strawberry.field(
        description="Who looks after it; null: nobody."
    )


@strawberry.input(description="A conversation to let rest.")
class ThreadSnoozeInput(Given):
    id: strawberry.ID = strawberry.field(description="The conversation.")
    until: datetime = strawberry.field(
        description="When it comes back; earlier where somebody writes."
    )


@strawberry.input(description="A conversation whose rest shall end.")
class ThreadWakeInput(Given):
    id: strawberry.ID = strawberry.field(description="The conversation.")


@strawberry.input(description="A note about a conversation.")
class ThreadNoteAddInput(Given):
    thread_id: strawberry.ID = strawberry.field(description="The conversation.")
    text: str = strawberry.field(description="The words; members alone see them.")


@strawberry.input(description="A note about a person.")
class PersonNoteAddInput(Given):
    person_id: strawberry.ID = strawberry.field(description="The person.")
    text: str = strawberry.field(description="The words; members alone see them.")


@strawberry.input(description="Other words for one's own note.")
class NoteUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The note.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=_VERSION)
    text: str = strawberry.field(description="The words.")


@strawberry.input(description="A note to throw away.")
class NoteDeleteInput(Given):
    id: strawberry.ID = strawberry.field(description="The note.")


@strawberry.type(description="The answer to threadUpdate.")
class ThreadUpdatePayload(Payload):
    thread: Thread | None = result("Thread", "The conversation as it is now.")


@strawberry.type(description="The answer to threadsUpdate.")
class ThreadsUpdatePayload(Payload):
    threads: list[Thread] | None = result(
        "Thread", "The conversations that were found, as they are now, in the order asked."
    )
    refused: list[RowError] | None = refusals("Those that were left as they are, and why.")


@strawberry.type(description="The answer to threadAssign.")
class ThreadAssignPayload(Payload):
    thread: Thread | None = result("Thread", "The conversation as it is now.")


@strawberry.type(description="The answer to threadSnooze.")
class ThreadSnoozePayload(Payload):
    thread: Thread | None = result("Thread", "The conversation as it is now.")


@strawberry.type(description="The answer to threadWake.")
class ThreadWakePayload(Payload):
    thread: Thread | None = result("Thread", "The conversation as it is now.")


@strawberry.type(description="The answer to threadNoteAdd.")
class ThreadNoteAddPayload(Payload):
    note: Note | None = result("Note", "The new note.")
    thread: Thread | None = result("Thread", "The conversation it is about.")


@strawberry.type(description="The answer to personNoteAdd.")
class PersonNoteAddPayload(Payload):
    note: Note | None = result("Note", "The new note.")
    person: Person | None = result("Person", "The person it is about.")


@strawberry.type(description="The answer to noteUpdate.")
class NoteUpdatePayload(Payload):
    note: Note | None = result("Note", "The note as it is now.")


@strawberry.type(description="The answer to noteDelete.")
class NoteDeletePayload(Payload):
    thread: Thread | None = result("Thread", "The conversation it was about.")
    person: Person | None = result("Person", "The person it was about.")


def _given(given: Any, *names: str) -> dict[str, Any]:
    found = changes(given, *names, empty=("assignee_id",))
    if found.get("assignee_id") is not None:
        found["assignee_id"] = wanted(found["assignee_id"], "Member", "assigneeId")
    return found


def _row(given: str, index: int) -> UUID | None:
    try:
        return wanted(given, "Thread", "ids", str(index))
    except NotFound:
        return None


@strawberry.type
class InboxMutations:
    @strawberry.mutation(
        description="Change a conversation's state, assignee, priority or tags. What is new and "
        "given to somebody is open from then on."
    )
    async def thread_update(
        self,
        info: Info,
        input: Annotated[ThreadUpdateInput, strawberry.argument(description="The changes.")],  # noqa: A002 - its name in the API
    ) -> ThreadUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            thread = await threads.update_thread(
                work,
                thread_id=wanted(input.id, "Thread", "id"),
                expected_version=input.expected_version,
                changes=_given(input, "state", "priority", "tags"),
            )
            return {"thread": thread.id}

        return await perform(info, ThreadUpdatePayload, act)

    @strawberry.mutation(
        description="Change several conversations alike, 100 at most, all or those that are there."
    )
    async def threads_update(
        self,
        info: Info,
        input: Annotated[ThreadsUpdateInput, strawberry.argument(description="The changes.")],  # noqa: A002 - its name in the API
    ) -> ThreadsUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            rows = await threads.update_threads(
                work,
                thread_ids=[_row(one, index) for index, one in enumerate(input.ids)],
                changes=_given(input, "state", "priority"),
                add_tags=input.add_tags,
                remove_tags=input.remove_tags,
                reject_all=input.policy is BulkPolicy.REJECT_ALL,
            )
            errors = {index: row.error for index, row in enumerate(rows) if row.error is not None}
            return {
                "threads": [row.thread_id for row in rows if row.thread_id is not None],
                "refused": Refusals(errors=errors),
            }

        return await perform(info, ThreadsUpdatePayload, act)

    @strawberry.mutation(description="Give a conversation to a member, or to nobody.")
    async def thread_assign(
        self,
        info: Info,
        input: Annotated[ThreadAssignInput, strawberry.argument(description="Whose it is.")],  # noqa: A002 - its name in the API
    ) -> ThreadAssignPayload:
        async def act(work: UnitOfWork) -> Made:
            assignee = input.assignee_id
            given: Mapping[str, Any] = {
                "assignee_id": assignee and wanted(assignee, "Member", "assigneeId")
            }
            thread = await threads.update_thread(
                work, thread_id=wanted(input.id, "Thread", "id"), changes=given
            )
            return {"thread": thread.id}

        return await perform(info, ThreadAssignPayload, act)

    @strawberry.mutation(
        description="Let a conversation rest until a time, or until somebody writes in it."
    )
    async def thread_snooze(
        self,
        info: Info,
        input: Annotated[ThreadSnoozeInput, strawberry.argument(description="Until when.")],  # noqa: A002 - its name in the API
    ) -> ThreadSnoozePayload:
        async def act(work: UnitOfWork) -> Made:
            thread = await threads.snooze_thread(
                work, thread_id=wanted(input.id, "Thread", "id"), until=input.until
            )
            return {"thread": thread.id}

        return await perform(info, ThreadSnoozePayload, act)

    @strawberry.mutation(description="End a conversation's rest now.")
    async def thread_wake(
        self,
        info: Info,
        input: Annotated[ThreadWakeInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> ThreadWakePayload:
        async def act(work: UnitOfWork) -> Made:
            thread = await threads.snooze_thread(
                work, thread_id=wanted(input.id, "Thread", "id"), until=None
            )
            return {"thread": thread.id}

        return await perform(info, ThreadWakePayload, act)

    @strawberry.mutation(description="Note something about a conversation for the other members.")
    async def thread_note_add(
        self,
        info: Info,
        input: Annotated[ThreadNoteAddInput, strawberry.argument(description="The note.")],  # noqa: A002 - its name in the API
    ) -> ThreadNoteAddPayload:
        async def act(work: UnitOfWork) -> Made:
            thread_id = wanted(input.thread_id, "Thread", "threadId")
            note = await threads.add_thread_note(work, thread_id=thread_id, text=input.text)
            return {"note": note.id, "thread": thread_id}

        return await perform(info, ThreadNoteAddPayload, act)

    @strawberry.mutation(description="Note something about a person for the other members.")
    async def person_note_add(
        self,
        info: Info,
        input: Annotated[PersonNoteAddInput, strawberry.argument(description="The note.")],  # noqa: A002 - its name in the API
    ) -> PersonNoteAddPayload:
        async def act(work: UnitOfWork) -> Made:
            person_id = wanted(input.person_id, "Person", "personId")
            note = await threads.add_person_note(work, person_id=person_id, text=input.text)
            return {"note": note.id, "person": person_id}

        return await perform(info, PersonNoteAddPayload, act)

    @strawberry.mutation(description="Change one's own note.")
    async def note_update(
        self,
        info: Info,
        input: Annotated[NoteUpdateInput, strawberry.argument(description="The words.")],  # noqa: A002 - its name in the API
    ) -> NoteUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            note = await threads.update_note(
                work,
                note_id=wanted(input.id, "Note", "id"),
                text=input.text,
                expected_version=input.expected_version,
            )
            return {"note": note.id}

        return await perform(info, NoteUpdatePayload, act)

    @strawberry.mutation(
        description="Throw a note away: one's own, or, for administrators, anybody's."
    )
    async def note_delete(
        self,
        info: Info,
        input: Annotated[NoteDeleteInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> NoteDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            note = await threads.delete_note(work, note_id=wanted(input.id, "Note", "id"))
            about: dict[str, UUID | None] = {"thread": note.thread_id, "person": note.person_id}
            return {name: id_ for name, id_ in about.items() if id_ is not None}

        return await perform(info, NoteDeletePayload, act)
