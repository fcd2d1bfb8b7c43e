"""They answer: conversations under what was published."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, false
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


class Person(WorkspaceOwned, Base):
    """A community member as one channel knows them."""

    __tablename__ = "persons"
    __table_args__ = workspace_args(
        within_workspace("channel_id", "channels"), UniqueConstraint("channel_id", "remote_id")
    )

    channel_id: Mapped[UUID]
    remote_id: Mapped[str]
    handle: Mapped[str]
    name: Mapped[str]
    url: Mapped[str]


class Thread(Versioned, WorkspaceOwned, Base):
    """The conversation under one publication."""

    __tablename__ = "threads"
    __table_args__ = workspace_args(
        within_workspace("channel_id", "channels"),
        within_workspace("publication_id", "publications"),
        UniqueConstraint("publication_id"),
        Index(
            "ix_threads_last_message_at",
            "workspace_id",
            sql("last_message_at DESC NULLS LAST"),
            sql("id DESC"),
        ),
        Index("ix_threads_channel_id", "workspace_id", "channel_id", "id"),
    )

    channel_id: Mapped[UUID]
    publication_id: Mapped[UUID]
    last_message_at: Mapped[datetime | None]
    cursor: Mapped[str] = mapped_column(default="")


class Message(WorkspaceOwned, Base):
    """One answer, once: the platform's id is unique in its channel."""

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
    hidden: Mapped[bool] = mapped_column(default=False, server_default=false())
    # What the platform needs to answer or hide it, beside its id.
    extra: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))
