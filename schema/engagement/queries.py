"""Asking for conversations and messages: the inbox."""

import strawberry

from schema.base.filters import (
    TimeRange,
    any_of,
    between,
    contains,
    every_of,
    none_of,
    some_of,
    through,
    words_in,
)
from schema.base.lists import all_of, ordering
from schema.base.paging import Connection
from schema.engagement.types import Direction, Message, Thread

ThreadOrder = ordering(
    "ThreadOrder",
    "Orders of conversations; those without a message come last.",
    {
        "LAST_MESSAGE_AT_ASC": ("last_message_at", "Longest silent first."),
        "LAST_MESSAGE_AT_DESC": ("-last_message_at", "Latest message first."),
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
_CHANNEL = through("Channel", "channel_id")
_THREAD = through("Thread", "thread_id")
_MESSAGES = through("Message", "id", "thread_id")


@strawberry.input(description="Which conversations; all conditions hold together.")
class ThreadFilter:
    and_: list["ThreadFilter"] | None = every_of()
    or_: list["ThreadFilter"] | None = some_of()
    not_: "ThreadFilter | None" = none_of()
    channel_in: list[strawberry.ID] | None = any_of(
        "Is on one of these channels.", "channel_id", ids_of="Channel"
    )
    publication_in: list[strawberry.ID] | None = any_of(
        "Is about one of these publications.", "publication_id", ids_of="Publication"
    )
    brand_in: list[strawberry.ID] | None = any_of(
        "Is on a channel of one of these brands.", "brand_id", ids_of="Brand", via=_CHANNEL
    )
    search: str | None = words_in(
        "One of its messages has these words, or its writer has this name.", via=_MESSAGES
    )
    last_message_at: TimeRange | None = between(
        "Had its last message in this span.", "last_message_at"
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
    text_contains: str | None = contains("The words contain this.", "text")
    search: str | None = words_in("Has these words, or its writer has this name.")
    written_at: TimeRange | None = between("Was written in this span.", "written_at")


@strawberry.type
class EngagementQueries:
    threads: Connection[Thread] = all_of(
        "The conversations of the workspace.",
        "Thread",
        filters=ThreadFilter,
        orders=ThreadOrder,
        order=("-last_message_at",),
    )
    messages: Connection[Message] = all_of(
        "The messages of the workspace: the inbox.",
        "Message",
        filters=MessageFilter,
        orders=MessageOrder,
        order=("-written_at",),
    )
