"""They answer, as the API shows it: conversations, messages, and who wrote them."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from hub.actions import Action
from hub.channels.models import Channel as ChannelRow
from hub.engagement import models
from hub.engagement.hours import Weekday
from hub.engagement.queries import ACCOUNTS, HISTORY, urgency
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns, me, newest_in
from hub.publishing.models import Amendment as AmendmentRow
from schema.access.types import Member
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, listed, paged, reads, to_one
from schema.base.node import Node
from schema.base.offers import Problem, available_actions, problems
from schema.base.paging import Connection
from schema.channels.types import Channel
from schema.publishing.types import AmendmentKind, Publication
from schema.strategy.types import Brand

if TYPE_CHECKING:
    from schema.engagement.moderation import ModerationAction, Sanction

Messages = Connection[Annotated["Message", strawberry.lazy("schema.engagement.types")]]
Threads = Connection[Annotated["Thread", strawberry.lazy("schema.engagement.types")]]
Notes = Connection[Annotated["Note", strawberry.lazy("schema.engagement.types")]]
ModerationActions = Connection[
    Annotated["ModerationAction", strawberry.lazy("schema.engagement.moderation")]
]
Sanctions = Connection[Annotated["Sanction", strawberry.lazy("schema.engagement.moderation")]]

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

ThreadKind = models.ThreadKind
describe(
    ThreadKind,
    description="Where a conversation takes place.",
    values={
        "COMMENTS": "Under a publication of the brand.",
        "DIRECT": "In private, with one person.",
        "POST": "Under somebody else's post, which mentions the brand or needs an answer.",
    },
)

ThreadState = models.ThreadState
describe(
    ThreadState,
    description="How far the work on a conversation has come.",
    values={
        "NEW": "Somebody wrote, and nobody has looked after it yet.",
        "OPEN": "Somebody should act.",
        "WAITING": "It is their turn, or it rests until a time.",
        "DONE": "Nothing is to be done, until somebody writes.",
    },
)

Priority = models.Priority
describe(
    Priority,
    name="ThreadPriority",
    description="How soon somebody should act.",
    values={
        "LOW": "Whenever there is time.",
        "NORMAL": "In its turn.",
        "HIGH": "Before others.",
        "URGENT": "At once.",
    },
)

SentimentLabel = models.SentimentLabel
describe(
    SentimentLabel,
    description="What a text sounds like.",
    values={
        "NEGATIVE": "It complains.",
        "NEUTRAL": "It does neither.",
        "POSITIVE": "It praises.",
    },
)

describe(
    Weekday,
    description="A day of the week.",
    values={day.name: f"{day.name.title()}." for day in Weekday},
)


@reads(models.Person, permission=Permission.ENGAGEMENT_READ)
@strawberry.type(description="A community member as one channel knows them.")
class Person(Node):
    channel: Channel | None = to_one("Where they are known.", columns("channel_id"))
    handle: str = column("Their account's name there.")
    name: str = column("What they call themselves; may be empty.")
    url: str = column("Their address there; may be empty.")
    tags: list[str] = column("Words the team has given them, sorted.")
    accounts: list[Annotated["Person", strawberry.lazy("schema.engagement.types")]] = listed(
        "Every account of the same human being, as the team has linked them; this one is among "
        "them.",
        ACCOUNTS,
    )
    messages: Messages = paged("What they wrote, newest first.", columns("id", "person_id"))
    history: Messages = paged(
        "What the same human being wrote on all their accounts, newest first.",
        HISTORY,
        order=("-written_at",),
    )
    threads: Threads = paged(
        "The conversations with them in private, or about a post of theirs, newest first.",
        columns("id", "person_id"),
    )
    notes: Notes = paged("What members noted about them, newest first.", columns("id", "person_id"))
    sanctions: Sanctions = paged(
        "What they were sanctioned with, newest first.", columns("id", "person_id")
    )
    available_actions: list[Action] = available_actions("Person")


@reads(
    models.Thread,
    permission=Permission.ENGAGEMENT_READ,
    facts={
        "urgency": urgency,
        "unassigned": lambda thread: thread.c.assignee_id.is_(None),
        "mine": lambda thread: thread.c.assignee_id.is_not(None) & (thread.c.assignee_id == me()),
    },
)
@strawberry.type(
    description="A conversation: under a publication, in private, or about somebody else's post."
)
class Thread(Node):
    kind: ThreadKind = column("Where it takes place.")
    channel: Channel | None = to_one("Where it is.", columns("channel_id"))
    publication: Publication | None = to_one(
        "What it is about; null for all but COMMENTS.", columns("publication_id")
    )
    person: Person | None = to_one(
        "Whom it is with, or whose post it is about; null for COMMENTS.", columns("person_id")
    )
    url: str = column("Its address on the platform; may be empty.")
    state: ThreadState = column("How far the work on it has come.")
    assignee: Member | None = to_one(
        "Who looks after it; null: nobody yet.", columns("assignee_id")
    )
    priority: Priority = column("How soon somebody should act.")
    tags: list[str] = column("Words the team has given it, sorted.")
    snoozed_until: datetime | None = column("Until when it rests; null: it does not.")
    last_message_at: datetime | None = column("When somebody last wrote.")
    opened_at: datetime | None = column(
        "When its case opened: with the first message, and again with the first one after it was "
        "done."
    )
    first_reply_due_at: datetime | None = column(
        "Until when its case shall be answered for the first time; null: nobody has promised it."
    )
    first_replied_at: datetime | None = column("When its case was first answered; null: not yet.")
    overdue: bool = column("Whether that time has passed without an answer.")
    messages: Messages = paged(
        "What was written, oldest first.", columns("id", "thread_id"), order=("written_at",)
    )
    notes: Notes = paged("What members noted about it, newest first.", columns("id", "thread_id"))
    version: int = column("Counts up with every change.")
    created_at: datetime = column("When it began.")
    updated_at: datetime = column("When it last changed.")
    problems: list[Problem] = problems("Thread")
    available_actions: list[Action] = available_actions("Thread")


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


def _thread_kind(message: Any) -> Any:
    return newest_in(models.Thread, "kind", lambda thread: thread.c.id == message.c.thread_id)


@reads(
    models.Message,
    permission=Permission.ENGAGEMENT_READ,
    facts={
        "channel_capabilities": _capabilities,
        "pending_amendment": _pending_amendment,
        "thread_kind": _thread_kind,
        "deleted": lambda message: message.c.deleted_at.is_not(None),
        "like_pending": lambda message: message.c.like_wanted.is_not(None),
    },
)
@strawberry.type(description="One message, from the community or from the brand.")
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
    audience: str = column(
        "Who can read it, in the platform's own word, such as direct; empty: everybody."
    )
    language: str | None = column("Its language, as fr; null: nobody knows.")
    sentiment: int | None = column(
        "How it sounds, from -100 (complains) to 100 (praises); null: nobody knows."
    )
    sentiment_label: SentimentLabel | None = column("The same in a word.")
    hidden: bool = column(
        "Whether others cannot see it: the brand has hidden it, or it waits for approval there."
    )
    held: bool = column("Whether it waits for a moderator.")
    moderation_actions: ModerationActions = paged(
        "What rules, sanctions and members did to it, newest first.", columns("id", "message_id")
    )
    liked: bool = column("Whether the brand likes it at the platform.")
    like_under_way: bool = column(
        "Whether a like is being given or taken back.", fact="like_pending"
    )
    like_problem: str = column("Why the last like failed, or is late; empty: all is well.")
    under_way: AmendmentKind | None = column(
        "What is being done to it at the platform now: HIDE or UNHIDE; null: nothing.",
        fact="pending_amendment",
    )
    remote_id: str = column("Its id on the platform.")
    written_at: datetime = column("When it was written.")
    edited_at: datetime | None = column("When its author last changed it; null: never.")
    deleted_at: datetime | None = column(
        "When the hub found that it is not to be seen at the platform any more."
    )
    available_actions: list[Action] = available_actions("Message")


@reads(models.Note, permission=Permission.ENGAGEMENT_READ)
@strawberry.type(
    description="What a member told the others about a conversation or a person; no platform ever "
    "sees it."
)
class Note(Node):
    thread: Thread | None = to_one("The conversation it is about.", columns("thread_id"))
    person: Person | None = to_one("The person it is about.", columns("person_id"))
    author: Member | None = to_one("Who wrote it; null: a program.", columns("author_id"))
    text: str = column("The words.")
    version: int = column("Counts up with every change.")
    created_at: datetime = column("When it was written.")
    updated_at: datetime = column("When it was last changed.")


@reads(models.SavedReply, permission=Permission.ENGAGEMENT_READ)
@strawberry.type(
    description="Words a brand answers with again and again. Variables in braces are filled in: "
    "{person}, {handle}, {brand}, {channel}, {publication}, {member}."
)
class SavedReply(Node):
    brand: Brand | None = to_one("Whose words they are.", columns("brand_id"))
    locale: str = column("Their language, as fr.")
    name: str = column("What members call them.")
    text: str = column("The words, with variables in braces.")
    used_count: int = column("How often an answer was made of them.")
    version: int = column("Counts up with every change.")
    created_at: datetime = column("When they were written.")
    updated_at: datetime = column("When they were last changed.")
    available_actions: list[Action] = available_actions("SavedReply")


@strawberry.type(description="Opening hours of one weekday.")
class BusinessHours:
    weekday: Weekday = strawberry.field(description="The day.")
    opens_at: str = strawberry.field(description="When it opens, on the wall: 09:00.")
    closes_at: str = strawberry.field(description="When it closes, on the wall; 24:00 at the end.")


@strawberry.type(description="How many minutes of opening hours a first answer may take.")
class ReplyMinutes:
    priority: Priority = strawberry.field(description="The priority it holds for.")
    minutes: int = strawberry.field(description="Minutes while open.")


def _hours(facts: Facts, _asking: Asking) -> list[BusinessHours]:
    return [
        BusinessHours(
            weekday=Weekday[one["weekday"]], opens_at=one["opens_at"], closes_at=one["closes_at"]
        )
        for one in facts["hours"]
    ]


def _minutes(facts: Facts, _asking: Asking) -> list[ReplyMinutes]:
    return [
        ReplyMinutes(priority=priority, minutes=facts["minutes"][priority.value])
        for priority in models.Priority
        if priority.value in facts["minutes"]
    ]


def _holidays(facts: Facts, _asking: Asking) -> list[date]:
    return [date.fromisoformat(day) for day in facts["holidays"]]


@reads(models.ServiceTarget, permission=Permission.ENGAGEMENT_READ)
@strawberry.type(
    description="How soon a brand answers for the first time, counted in its business hours."
)
class ServiceTarget(Node):
    brand: Brand | None = to_one("Who promises it.", columns("brand_id"))
    channel: Channel | None = to_one(
        "The channel it holds for; null: every channel without one of its own.",
        columns("channel_id"),
    )
    time_zone: str = column("Whose hours and days they are.", fact="timezone")
    first_reply_minutes: list[ReplyMinutes] = computed(
        "How long the first answer may take; what is not listed has no deadline.",
        needs=("minutes",),
        make=_minutes,
        lasting=True,
    )
    hours: list[BusinessHours] = computed(
        "When somebody is there; empty: round the clock.",
        needs=("hours",),
        make=_hours,
        lasting=True,
    )
    holidays: list[date] = computed(
        "Days without hours.", needs=("holidays",), make=_holidays, lasting=True
    )
    version: int = column("Counts up with every change.")
    created_at: datetime = column("When it was first set.")
    updated_at: datetime = column("When it last changed.")
    available_actions: list[Action] = available_actions("ServiceTarget")
