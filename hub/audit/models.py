"""The one stream of events of a workspace, sealed into a chain."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel.caller import ActorKind
from hub.kernel.model import Base, WorkspaceOwned, text_enum, workspace_args


class EventRow(WorkspaceOwned, Base):
    """What happened, who did it, to what. Written with its transaction, numbered by the sealer.

    `sequence` and `hash` are empty until the sealer has given the event its place in the chain:
    no lock is held for order while people work.
    """

    __tablename__ = "events"
    __table_args__ = workspace_args(
        Index(
            "uq_events_sequence",
            "workspace_id",
            "sequence",
            unique=True,
            postgresql_where=text("sequence IS NOT NULL"),
        ),
        Index(
            "ix_events_unsealed", "workspace_id", "id", postgresql_where=text("sequence IS NULL")
        ),
        Index(
            "ix_events_sealed",
            "workspace_id",
            text("sequence DESC NULLS LAST"),
            text("id DESC"),
            postgresql_where=text("sequence IS NOT NULL"),
        ),
        Index("ix_events_subject", "workspace_id", "subject_id", "id"),
    )

    name: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    actor_kind: Mapped[ActorKind] = mapped_column(text_enum(ActorKind))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    data: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]
    sequence: Mapped[int | None]
    hash: Mapped[str | None]


class EventChain(WorkspaceOwned, Base):
    """The end of a workspace's chain: the last sequence given and its hash."""

    __tablename__ = "event_chains"
    __table_args__ = (UniqueConstraint("workspace_id"),)

    sequence: Mapped[int] = mapped_column(default=0)
    hash: Mapped[str] = mapped_column(default="")
