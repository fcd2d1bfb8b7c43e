"""They answer, as the API shows it: conversations under what was published."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from hub.channels.models import Channel as ChannelRow
from hub.engagement import models
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns, newest_in
from hub.publishing.models import Amendment as AmendmentRow
from schema.base.enums import describe
from schema.base.fields import column, paged, reads, to_one
from schema.base.node import Node
from schema.base.offers import Action, available_actions
from schema.base.paging import Connection
from schema.channels.types import Channel
from schema.publishing.types import AmendmentKind, Publication

Messages = Connection[Annotated["Message", strawberry.lazy("schema.engagement.types")]]

Direction = models.Direction
describe(
    Direction,
    name="MessageDirection",
    description="Who wrote a message.",
    values={
        "INBOUND": "Somebody wrote to the brand.",
        "OUTBOUND": "The brand wrote.",
    },
)


@reads(models.Person, permission=Permission.ENGAGEMENT_READ)
@strawberry.type(description="A community member as one channel knows them.")
class Person(Node):
    channel: Channel | None = to_one("Where they are known.", columns("channel_id"))
    handle: str = column("Their account's name there.")
    name: str = column("What they call themselves; may be empty.")
    url: str = column("Their address there; may be empty.")
    messages: Messages = paged("What they wrote, newest first.", columns("id", "person_id"))


@reads(models.Thread, permission=Permission.ENGAGEMENT_READ)
@strawberry.type(description="The conversation under one publication.")
class Thread(Node):
    channel: Channel | None = to_one("Where it is.", columns("channel_id"))
    publication: Publication | None = to_one("What it is about.", columns("publication_id"))
    last_message_at: datetime | None = column("When somebody last wrote.")
    messages: Messages = paged(
        "What was written, oldest first.", columns("id", "thread_id"), order=("written_at",)
    )
    version: int = column("Counts up with every change.")
    created_at: datetime = column("When it began.")
    updated_at: datetime = column("When it last changed.")


def _capabilities(message: Any) -> Any:
    return newest_in(
        ChannelRow, "capabilities", lambda channel: channel.c.id == message.c.channel_id
    )


def _pending_amendment(message: Any) -> Any:
    return newest_in(
        AmendmentRow,
        "kind",
        lambda row: (row.c.message_id == message.c.id) & (row.c.state == "PENDING"),
    )


@reads(
    models.Message,
    permission=Permission.ENGAGEMENT_READ,
    facts={"channel_capabilities": _capabilities, "pending_amendment": _pending_amendment},
)
@strawberry.type(description="One answer, from the community or from the brand.")
class Message(Node):
    thread: Thread = to_one("The conversation it belongs to.", columns("thread_id"))
    channel: Channel | None = to_one("Where it was written.", columns("channel_id"))
    person: Person | None = to_one("Who wrote it; null: the brand.", columns("person_id"))
    publication: Publication | None = to_one(
        "How the hub sent it; null for what others wrote.", columns("publication_id")
    )
    direction: Direction = column("Who wrote it: the community or the brand.")
    text: str = column("The words, without any markup.")
    html: str = column("The words as HTML that is safe to show; may be empty.")
    url: str = column("Its address on the platform; may be empty.")
    hidden: bool = column("Whether the brand has hidden it from others.")
    under_way: AmendmentKind | None = column(
        "What is being done to it at the platform now: HIDE or UNHIDE; null: nothing.",
        fact="pending_amendment",
    )
    remote_id: str = column("Its id on the platform.")
    written_at: datetime = column("When it was written.")
    available_actions: list[Action] = available_actions("Message")
