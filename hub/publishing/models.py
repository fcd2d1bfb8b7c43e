"""Out it goes: one edition to one channel at one time, and the evidence of every try."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.content.models import EditionOrigin
from hub.kernel.model import (
    Base,
    Versioned,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class PublicationState(StrEnum):
    """Where a publication stands; `rules.TRANSITIONS` says what may follow what."""

    PLANNED = "PLANNED"
    SCHEDULED = "SCHEDULED"
    PUBLISHING = "PUBLISHING"
    PUBLISHED = "PUBLISHED"
    HELD = "HELD"
    UNCONFIRMED = "UNCONFIRMED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"


class HoldReason(StrEnum):
    """Why a publication waits for a person."""

    UNAPPROVED = "UNAPPROVED"
    PAUSED = "PAUSED"
    PROBLEM = "PROBLEM"
    MISSED = "MISSED"
    EDITION_STALE = "EDITION_STALE"
    NEEDS_AUTH = "NEEDS_AUTH"
    SUPERSEDED = "SUPERSEDED"


class Publication(Versioned, WorkspaceOwned, Base):
    """One edition on its way to one channel. Never two living ones for the same edition.

    `scheduled_for` is the intent and stays; `due_at` is the next try. `fence` grows with every
    claim: a worker that lost its lease cannot settle. `commit_attempted_at` set without an outcome
    means the truth is unknown until somebody looks.
    """

    __tablename__ = "publications"
    __table_args__ = workspace_args(
        within_workspace("edition_id", "editions"),
        within_workspace("channel_id", "channels"),
        within_workspace("item_id", "content_items"),
        within_workspace("revision_id", "revisions"),
        CheckConstraint("state <> 'PUBLISHING' OR lease_until IS NOT NULL", name="has_lease"),
        CheckConstraint("state <> 'PUBLISHED' OR remote_id IS NOT NULL", name="published_has_id"),
        CheckConstraint("(state = 'HELD') = (hold_reason IS NOT NULL)", name="hold_reason"),
        CheckConstraint("state <> 'SCHEDULED' OR due_at IS NOT NULL", name="scheduled_has_time"),
        # NULL equals nothing and would pass for it: what was sent must be known.
        CheckConstraint(
            "state <> 'PUBLISHED' OR coalesce(approved_hash = sent_hash, false)",
            name="sent_is_approved",
        ),
        Index(
            "uq_publications_living",
            "edition_id",
            unique=True,
            postgresql_where=text("state NOT IN ('CANCELLED', 'FAILED', 'EXPIRED', 'WITHDRAWN')"),
        ),
        Index(
            "uq_publications_remote_id",
            "channel_id",
            "remote_id",
            unique=True,
            postgresql_where=text("remote_id IS NOT NULL"),
        ),
        Index("ix_publications_due", "due_at", postgresql_where=text("state = 'SCHEDULED'")),
        Index("ix_publications_item_id", "workspace_id", "item_id", "id"),
        Index("ix_publications_channel_id", "workspace_id", "channel_id", "id"),
        Index("ix_publications_state", "workspace_id", "state", "id"),
        Index(
            "uq_publications_external_reference",
            "workspace_id",
            "external_reference",
            unique=True,
            postgresql_where=text("external_reference IS NOT NULL"),
        ),
    )

    edition_id: Mapped[UUID]
    channel_id: Mapped[UUID]
    item_id: Mapped[UUID | None]
    revision_id: Mapped[UUID | None]
    origin: Mapped[EditionOrigin] = mapped_column(text_enum(EditionOrigin))
    state: Mapped[PublicationState] = mapped_column(text_enum(PublicationState))
    hold_reason: Mapped[HoldReason | None] = mapped_column(text_enum(HoldReason))
    problem: Mapped[str] = mapped_column(default="")
    scheduled_for: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    accept_older_revision: Mapped[bool] = mapped_column(default=False)
    in_reply_to: Mapped[dict[str, Any] | None]
    # What identifies the sending, fixed when the publication is made or first claimed.
    idempotency_key: Mapped[UUID]
    frozen_at: Mapped[datetime | None]
    approved_hash: Mapped[str | None]
    sent_hash: Mapped[str | None]
    # The lease and how far the sending has come.
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    attempts_forgiven: Mapped[int] = mapped_column(default=0)
    checkpoint: Mapped[dict[str, Any]]
    commit_step: Mapped[str | None]
    commit_attempted_at: Mapped[datetime | None]
    reconcile_count: Mapped[int] = mapped_column(default=0)
    # Where it ended.
    remote_id: Mapped[str | None]
    url: Mapped[str | None]
    refs: Mapped[list[dict[str, Any]]]
    published_at: Mapped[datetime | None]
    external_reference: Mapped[str | None]


class Attempt(WorkspaceOwned, Base):
    """One try, kept as evidence: what was sent (by digest), and what came of it."""

    __tablename__ = "attempts"
    __table_args__ = workspace_args(
        within_workspace("publication_id", "publications"),
        UniqueConstraint("publication_id", "number"),
    )

    publication_id: Mapped[UUID]
    number: Mapped[int]
    fence: Mapped[int]
    worker: Mapped[str]
    finished_at: Mapped[datetime | None]
    step: Mapped[str | None]
    wire_digest: Mapped[str | None]
    outcome: Mapped[str | None]
    error: Mapped[str | None]
    message: Mapped[str | None]
    status: Mapped[int | None]
