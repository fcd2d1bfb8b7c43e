"""They answer: conversations under publications, in private, and about posts of others."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, false
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel.model import (
    Base,
    Versioned,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class Direction(StrEnum):
    """Whether somebody wrote to the brand or the brand wrote."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class ThreadKind(StrEnum):
    """Where a conversation takes place."""

    COMMENTS = "COMMENTS"
    DIRECT = "DIRECT"
    POST = "POST"


class ThreadState(StrEnum):
    """How far the work on a conversation has come."""

    NEW = "NEW"
    OPEN = "OPEN"
    WAITING = "WAITING"
    DONE = "DONE"


class Priority(StrEnum):
    """How soon somebody should act."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class SentimentLabel(StrEnum):
    """What a text sounds like."""

    NEGATIVE = "NEGATIVE"
    NEUTRAL = "NEUTRAL"
    POSITIVE = "POSITIVE"


class Person(WorkspaceOwned, Base):
    """A community member as one channel knows them.

    Those with the same `group_id` are one human being, as somebody of the workspace has said.
    """

    __tablename__ = "persons"
    __table_args__ = workspace_args(
        within_workspace("channel_id", "channels"),
        UniqueConstraint("channel_id", "remote_id"),
        Index("ix_persons_group_id", "workspace_id", "group_id", "id"),
        Index("ix_persons_name", "workspace_id", "name", "id"),
    )

    channel_id: Mapped[UUID]
    remote_id: Mapped[str]
    handle: Mapped[str]
    name: Mapped[str]
    url: Mapped[str]
    group_id: Mapped[UUID | None]
    tags: Mapped[list[str]] = mapped_column(default=list, server_default=sql("'[]'"))


class Thread(Versioned, WorkspaceOwned, Base):
    """A conversation: under a publication, in private with one person, or under another's post.

    `remote_id` is whom it is with (DIRECT) or what it is about (POST). A case opens with the first
    message, and again when somebody writes after it was done: `opened_at` is when, and until
    `first_reply_due_at` it shall be answered for the first time. `overdue` is set at that moment.
    """

    __tablename__ = "threads"
    __table_args__ = workspace_args(
        within_workspace("channel_id", "channels"),
        within_workspace("publication_id", "publications"),
        within_workspace("person_id", "persons"),
        within_workspace("assignee_id", "members"),
        UniqueConstraint("publication_id"),
        UniqueConstraint("channel_id", "kind", "remote_id"),
        CheckConstraint(
            "(kind = 'COMMENTS') = (publication_id IS NOT NULL)", name="comments_have_publication"
        ),
        CheckConstraint("(kind = 'COMMENTS') = (remote_id IS NULL)", name="others_are_known_there"),
        CheckConstraint(
            "NOT overdue OR first_reply_due_at IS NOT NULL", name="overdue_has_deadline"
        ),
        Index(
            "ix_threads_last_message_at",
            "workspace_id",
            sql("last_message_at DESC NULLS LAST"),
            sql("id DESC"),
        ),
        Index("ix_threads_channel_id", "workspace_id", "channel_id", "id"),
        Index("ix_threads_person_id", "workspace_id", "person_id", "id"),
        Index("ix_threads_assignee_id", "workspace_id", "assignee_id", "id"),
        Index("ix_threads_state", "workspace_id", "state", "id"),
        Index("ix_threads_first_reply_due_at", "workspace_id", "first_reply_due_at", "id"),
    )

    channel_id: Mapped[UUID]
    kind: Mapped[ThreadKind] = mapped_column(
        text_enum(ThreadKind), default=ThreadKind.COMMENTS, server_default="COMMENTS"
    )
    publication_id: Mapped[UUID | None]
    remote_id: Mapped[str | None]
    person_id: Mapped[UUID | None]
    url: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[ThreadState] = mapped_column(
        text_enum(ThreadState), default=ThreadState.DONE, server_default="DONE"
    )
    assignee_id: Mapped[UUID | None]
    priority: Mapped[Priority] = mapped_column(
        text_enum(Priority), default=Priority.NORMAL, server_default="NORMAL"
    )
    tags: Mapped[list[str]] = mapped_column(default=list, server_default=sql("'[]'"))
    snoozed_until: Mapped[datetime | None]
    last_message_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    first_reply_due_at: Mapped[datetime | None]
    first_replied_at: Mapped[datetime | None]
    overdue: Mapped[bool] = mapped_column(default=False, server_default=false())
    cursor: Mapped[str] = mapped_column(default="")


class Message(WorkspaceOwned, Base):
    """One message, once: the platform's id is unique in its channel.

    `audience` is who could read it, in the platform's own word; empty: everybody. `sentiment` is
    between -100 and 100. What the brand wants of its like is in `like_wanted` until it is done.
    """

    __tablename__ = "messages"
    __table_args__ = workspace_args(
        within_workspace("thread_id", "threads"),
        within_workspace("channel_id", "channels"),
        within_workspace("person_id", "persons"),
        within_workspace("publication_id", "publications"),
        UniqueConstraint("channel_id", "remote_id"),
        Index("ix_messages_written_at", "workspace_id", "written_at", "id"),
        Index("ix_messages_person_id", "workspace_id", "person_id", "id"),
        Index("ix_messages_thread_id", "workspace_id", "thread_id", "id"),
    )

    thread_id: Mapped[UUID]
    channel_id: Mapped[UUID]
    person_id: Mapped[UUID | None]
    publication_id: Mapped[UUID | None]
    direction: Mapped[Direction] = mapped_column(text_enum(Direction))
    remote_id: Mapped[str]
    parent_remote_id: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    url: Mapped[str]
    written_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    audience: Mapped[str] = mapped_column(default="", server_default="")
    language: Mapped[str | None]
    sentiment: Mapped[int | None]
    sentiment_label: Mapped[SentimentLabel | None] = mapped_column(text_enum(SentimentLabel))
    hidden: Mapped[bool] = mapped_column(default=False, server_default=false())
    # It waits for a moderator.
    held: Mapped[bool] = mapped_column(default=False, server_default=false())
    liked: Mapped[bool] = mapped_column(default=False, server_default=false())
    like_wanted: Mapped[bool | None]
    like_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    like_problem: Mapped[str] = mapped_column(default="", server_default="")
    # What the platform needs to answer or hide it, beside its id.
    extra: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))


class Note(Versioned, WorkspaceOwned, Base):
    """What members tell each other about a conversation or a person; no platform ever sees it."""

    __tablename__ = "notes"
    __table_args__ = workspace_args(
        within_workspace("thread_id", "threads"),
        within_workspace("person_id", "persons"),
        within_workspace("author_id", "members"),
        CheckConstraint("(thread_id IS NULL) <> (person_id IS NULL)", name="about_one"),
        Index("ix_notes_thread_id", "workspace_id", "thread_id", "id"),
        Index("ix_notes_person_id", "workspace_id", "person_id", "id"),
    )

    thread_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    author_id: Mapped[UUID | None]
    text: Mapped[str]


class SavedReply(Versioned, WorkspaceOwned, Base):
    """Words a brand answers with again and again, in one language, with variables."""

    __tablename__ = "saved_replies"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        UniqueConstraint("brand_id", "locale", "name"),
        Index("ix_saved_replies_name", "workspace_id", "name", "id"),
        Index("ix_saved_replies_brand_id", "workspace_id", "brand_id", "id"),
    )

    brand_id: Mapped[UUID]
    locale: Mapped[str]
    name: Mapped[str]
    text: Mapped[str]
    used_count: Mapped[int] = mapped_column(default=0, server_default="0")


class ServiceTarget(Versioned, WorkspaceOwned, Base):
    """How soon a brand answers for the first time, counted in its business hours.

    One of a channel stands before that of its brand. `minutes` is by priority; `hours` are spans
    of a weekday in the time zone, none: round the clock; `holidays` are days without hours.
    """

    __tablename__ = "service_targets"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        within_workspace("channel_id", "channels"),
        UniqueConstraint("brand_id", "channel_id", postgresql_nulls_not_distinct=True),
        Index("ix_service_targets_brand_id", "workspace_id", "brand_id", "id"),
        Index("ix_service_targets_channel_id", "workspace_id", "channel_id", "id"),
    )

    brand_id: Mapped[UUID]
    channel_id: Mapped[UUID | None]
    timezone: Mapped[str]
    minutes: Mapped[dict[str, Any]]
    hours: Mapped[list[dict[str, Any]]]
    holidays: Mapped[list[str]]


class Inbox(WorkspaceOwned, Base):
    """How far a channel's own inbox has been read: mentions of it and messages to it."""

    __tablename__ = "inboxes"
    __table_args__ = workspace_args(
        within_workspace("channel_id", "channels"), UniqueConstraint("channel_id")
    )

    channel_id: Mapped[UUID]
    cursor: Mapped[str] = mapped_column(default="")
    read_at: Mapped[datetime | None]
