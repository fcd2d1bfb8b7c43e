"""Asking for conversations, messages and persons: the inbox."""

from typing import Annotated
from uuid import UUID

import strawberry

from hub.engagement import saved_replies
from hub.engagement.queries import counts
from schema.base.fields import LASTING
from schema.base.filters import (
    TimeRange,
    any_of,
    between,
    contains,
    equal,
    every_of,
    has,
    none_of,
    some_of,
    through,
    words_in,
)
from schema.base.lists import all_of, ordering
from schema.base.node import row_id
from schema.base.offers import Problem, problem
from schema.base.paging import Connection
from schema.base.reading import Info, found, read_one
from schema.engagement.types import (
    Direction,
    Message,
    Person,
    Priority,
    SavedReply,
    SentimentLabel,
    ServiceTarget,
    Thread,
    ThreadKind,
    ThreadState,
)

ThreadOrder = ordering(
    "ThreadOrder",
    "Orders of conversations; those without a message or a deadline come last.",
    {
        "LAST_MESSAGE_AT_ASC": ("last_message_at", "Longest silent first."),
        "LAST_MESSAGE_AT_DESC": ("-last_message_at", "Latest message first."),
        "FIRST_REPLY_DUE_AT_ASC": ("first_reply_due_at", "What must be answered first, first."),
        "PRIORITY_DESC": ("-urgency", "Most urgent first."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
MessageOrder = ordering(
    "MessageOrder",
    "Orders of messages.",
    {
        "WRITTEN_AT_ASC": ("written_at", "Oldest first."),
        "WRITTEN_AT_DESC": ("-written_at", "Newest first."),
    },
)
PersonOrder = ordering(
    "PersonOrder",
    "Orders of persons.",
    {
        "NAME_ASC": ("name", "By name."),
        "NAME_DESC": ("-name", "By name, backwards."),
        "CREATED_AT_ASC": ("id", "First seen first."),
        "CREATED_AT_DESC": ("-id", "Last seen first."),
    },
)
SavedReplyOrder = ordering(
    "SavedReplyOrder",
    "Orders of saved replies.",
    {
        "NAME_ASC": ("name", "By name."),
        "NAME_DESC": ("-name", "By name, backwards."),
        "USED_COUNT_DESC": ("-used_count", "Most used first."),
    },
)
ServiceTargetOrder = ordering(
    "ServiceTargetOrder",
    "Orders of service targets.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
_CHANNEL = through("Channel", "channel_id")
_THREAD = through("Thread", "thread_id")
_MESSAGES = through("Message", "id", "thread_id")


@strawberry.input(description="Which conversations; all conditions hold together.")
class ThreadFilter:
    and_: list["ThreadFilter"] | None = every_of()
    or_: list["ThreadFilter"] | None = some_of()
    not_: "ThreadFilter | None" = none_of()
    kind_in: list[ThreadKind] | None = any_of("Takes place in one of these ways.", "kind")
    state_in: list[ThreadState] | None = any_of("Is in one of these states.", "state")
    priority_in: list[Priority] | None = any_of("Has one of these priorities.", "priority")
    assignee_in: list[strawberry.ID] | None = any_of(
        "Is looked after by one of these members.", "assignee_id", ids_of="Member"
    )
    mine: bool | None = equal("Is looked after by you, or not.", "mine")
    unassigned: bool | None = equal("Is looked after by nobody, or by somebody.", "unassigned")
    overdue: bool | None = equal("Was not answered in time, or was.", "overdue")
    tag: str | None = has("Has this tag.", "tags")
    channel_in: list[strawberry.ID] | None = any_of(
        "Is on one of these channels.", "channel_id", ids_of="Channel"
    )
    publication_in: list[strawberry.ID] | None = any_of(
        "Is about one of these publications.", "publication_id", ids_of="Publication"
    )
    person_in: list[strawberry.ID] | None = any_of(
        "Is with one of these persons, or about a post of theirs.", "person_id", ids_of="Person"
    )
    brand_in: list[strawberry.ID] | None = any_of(
        "Is on a channel of one of these brands.", "brand_id", ids_of="Brand", via=_CHANNEL
    )
    language_in: list[str] | None = any_of(
        "One of its messages is in one of these languages.", "language", via=_MESSAGES
    )
    sentiment_in: list[SentimentLabel] | None = any_of(
        "One of its messages sounds like this.", "sentiment_label", via=_MESSAGES
    )
    held: bool | None = equal(
        "One of its messages waits for a moderator, or does not.", "held", via=_MESSAGES
    )
    search: str | None = words_in(
        "One of its messages has these words, or its writer has this name.", via=_MESSAGES
    )
    last_message_at: TimeRange | None = between(
        "Had its last message in this span.", "last_message_at"
    )
    first_reply_due_at: TimeRange | None = between(
        "Is to be answered in this span.", "first_reply_due_at"
    )


@strawberry.input(description="Which messages; all conditions hold together.")
class MessageFilter:
    and_: list["MessageFilter"] | None = every_of()
    or_: list["MessageFilter"] | None = some_of()
    not_: "MessageFilter | None" = none_of()
    direction_in: list[Direction] | None = any_of("Was written by one of these.", "direction")
    channel_in: list[strawberry.ID] | None = any_of(
        "Is on one of these channels.", "channel_id", ids_of="Channel"
    )
    thread_in: list[strawberry.ID] | None = any_of(
        "Belongs to one of these conversations.", "thread_id", ids_of="Thread"
    )
    person_in: list[strawberry.ID] | None = any_of(
        "Was written by one of these persons.", "person_id", ids_of="Person"
    )
    publication_in: list[strawberry.ID] | None = any_of(
        "Stands under one of these publications.",
        "publication_id",
        ids_of="Publication",
        via=_THREAD,
    )
    brand_in: list[strawberry.ID] | None = any_of(
        "Is on a channel of one of these brands.", "brand_id", ids_of="Brand", via=_CHANNEL
    )
    language_in: list[str] | None = any_of("Is in one of these languages.", "language")
    sentiment_in: list[SentimentLabel] | None = any_of("Sounds like this.", "sentiment_label")
    held: bool | None = equal("Waits for a moderator, or does not.", "held")
    text_contains: str | None = contains("The words contain this.", "text")
    search: str | None = words_in("Has these words, or its writer has this name.")
    written_at: TimeRange | None = between("Was written in this span.", "written_at")


@strawberry.input(description="Which persons; all conditions hold together.")
class PersonFilter:
    and_: list["PersonFilter"] | None = every_of()
    or_: list["PersonFilter"] | None = some_of()
    not_: "PersonFilter | None" = none_of()
    channel_in: list[strawberry.ID] | None = any_of(
        "Is known on one of these channels.", "channel_id", ids_of="Channel"
    )
    brand_in: list[strawberry.ID] | None = any_of(
        "Is known on a channel of one of these brands.",
        "brand_id",
        ids_of="Brand",
        via=_CHANNEL,
    )
    tag: str | None = has("Has this tag.", "tags")
    name_contains: str | None = contains("The name contains this.", "name")
    handle_contains: str | None = contains("The account's name contains this.", "handle")


@strawberry.input(description="Which saved replies; all conditions hold together.")
class SavedReplyFilter:
    and_: list["SavedReplyFilter"] | None = every_of()
    or_: list["SavedReplyFilter"] | None = some_of()
    not_: "SavedReplyFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Is one of these brands'.", "brand_id", ids_of="Brand"
    )
    locale_in: list[str] | None = any_of("Is written in one of these languages.", "locale")
    name_contains: str | None = contains("The name contains this.", "name")
    text_contains: str | None = contains("The words contain this.", "text")


@strawberry.input(description="Which service targets; all conditions hold together.")
class ServiceTargetFilter:
    and_: list["ServiceTargetFilter"] | None = every_of()
    or_: list["ServiceTargetFilter"] | None = some_of()
    not_: "ServiceTargetFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Is one of these brands'.", "brand_id", ids_of="Brand"
    )
    channel_in: list[strawberry.ID] | None = any_of(
        "Holds for one of these channels alone.", "channel_id", ids_of="Channel"
    )


@strawberry.type(description="How many conversations there are.")
class InboxCounts:
    new: int = strawberry.field(description="In the state NEW.")
    open: int = strawberry.field(description="In the state OPEN.")
    waiting: int = strawberry.field(description="In the state WAITING.")
    done: int = strawberry.field(description="In the state DONE.")
    mine: int = strawberry.field(description="Not done, and looked after by you.")
    unassigned: int = strawberry.field(description="Not done, and looked after by nobody.")
    overdue: int = strawberry.field(description="Not done, and not answered in time.")


@strawberry.type(description="A saved reply with its variables filled in.")
class RenderedReply:
    text: str = strawberry.field(description="The words as they could be sent.")
    problems: list[Problem] = strawberry.field(
        description="Variables that do not exist, or that nobody has a value for."
    )


@strawberry.type
class EngagementQueries:
    threads: Connection[Thread] = all_of(
        "The conversations of the workspace: the inbox.",
        "Thread",
        filters=ThreadFilter,
        orders=ThreadOrder,
        order=("-last_message_at",),
    )
    messages: Connection[Message] = all_of(
        "The messages of the workspace.",
        "Message",
        filters=MessageFilter,
        orders=MessageOrder,
        order=("-written_at",),
    )
    persons: Connection[Person] = all_of(
        "The persons the workspace knows, account by account.",
        "Person",
        filters=PersonFilter,
        orders=PersonOrder,
        order=("name",),
    )
    saved_replies: Connection[SavedReply] = all_of(
        "The words brands answer with again and again.",
        "SavedReply",
        filters=SavedReplyFilter,
        orders=SavedReplyOrder,
        order=("name",),
    )
    service_targets: Connection[ServiceTarget] = all_of(
        "How soon brands answer.",
        "ServiceTarget",
        filters=ServiceTargetFilter,
        orders=ServiceTargetOrder,
        order=("id",),
    )

    @strawberry.field(
        description="One conversation; NOT_FOUND when there is none with this id.",
        metadata={LASTING: True},
    )
    async def thread(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The conversation's id.")],  # noqa: A002 - its name in the API
    ) -> Thread | None:
        thread: Thread = found(await read_one(info, "Thread", row_id(id, "Thread")))
        return thread

    @strawberry.field(description="How many conversations there are, by state and by need.")
    async def inbox_counts(self, info: Info) -> InboxCounts:
        counted = await counts(info.context.reader, info.context.caller)
        return InboxCounts(**counted.__dict__)

    @strawberry.field(
        description="A saved reply as it would answer a message, or in a conversation; nothing is "
        "sent or counted. Name either of both."
    )
    async def saved_reply_render(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The saved reply.")],  # noqa: A002 - its name in the API
        message_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The message to answer.")
        ] = None,
        thread_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The conversation.")
        ] = None,
    ) -> RenderedReply:
        async with info.context.unit_of_work() as work:
            filled = await saved_replies.render_saved_reply(
                work,
                saved_reply_id=row_id(id, "SavedReply"),
                message_id=_id_of(message_id, "Message", "messageId"),
                thread_id=_id_of(thread_id, "Thread", "threadId"),
            )
        return RenderedReply(text=filled.text, problems=[problem(one) for one in filled.problems])


def _id_of(given: strawberry.ID | None, kind: str, name: str) -> UUID | None:
    return None if given is None else row_id(given, kind, path=(name,))
