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


class Standing(StrEnum):
    """How something that is out was last seen at the platform."""

    STANDS = "STANDS"
    CHANGED = "CHANGED"
    HIDDEN = "HIDDEN"
    GONE = "GONE"


class AmendmentKind(StrEnum):
    """What is to be done to something that is out."""

    EDIT = "EDIT"
    WITHDRAW = "WITHDRAW"
    HIDE = "HIDE"
    UNHIDE = "UNHIDE"


class AmendmentState(StrEnum):
    """Where an amendment stands."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class PauseScope(StrEnum):
    """How much a pause stops."""

    WORKSPACE = "WORKSPACE"
    BRAND = "BRAND"
    CHANNEL = "CHANNEL"
    CAMPAIGN = "CAMPAIGN"


class PauseDecision(StrEnum):
    """What becomes of something a pause has held, when the pause ends."""

    RELEASE = "RELEASE"
    RESCHEDULE = "RESCHEDULE"
    KEEP = "KEEP"
    CANCEL = "CANCEL"


class Pause(Versioned, WorkspaceOwned, Base):
    """Nothing of a scope goes out while it runs: asked at every moment of truth.

    `incident_id` names what it is for, where it is for something; `outcomes` says, once it has
    ended, what was decided for each publication that it held.
    """

    __tablename__ = "pauses"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        within_workspace("channel_id", "channels"),
        within_workspace("campaign_id", "campaigns"),
        CheckConstraint("(scope = 'BRAND') = (brand_id IS NOT NULL)", name="brand"),
        CheckConstraint("(scope = 'CHANNEL') = (channel_id IS NOT NULL)", name="channel"),
        CheckConstraint("(scope = 'CAMPAIGN') = (campaign_id IS NOT NULL)", name="campaign"),
        Index(
            "uq_pauses_running",
            "workspace_id",
            "scope",
            "brand_id",
            "channel_id",
            "campaign_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_pauses_incident_id", "workspace_id", "incident_id", "id"),
    )

    scope: Mapped[PauseScope] = mapped_column(text_enum(PauseScope))
    brand_id: Mapped[UUID | None]
    channel_id: Mapped[UUID | None]
    campaign_id: Mapped[UUID | None]
    incident_id: Mapped[UUID | None]
    reason: Mapped[str]
    replies_too: Mapped[bool]
    started_by: Mapped[UUID | None]
    ended_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    outcomes: Mapped[list[dict[str, Any]]]


# When it shall go out, else when it went out. No COALESCE: where policies guard a table, PostgreSQL
# never looks one up. Its lines end where PostgreSQL ends them, so that both can be compared.
_CALENDAR_TIME = (
    "(\nCASE\nWHEN scheduled_for IS NOT NULL THEN scheduled_for\nELSE published_at\nEND)"
)


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
        within_workspace("pause_id", "pauses"),
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
        Index(
            "ix_publications_out",
            "workspace_id",
            text("published_at DESC NULLS LAST"),
            text("id DESC"),
            postgresql_where=text("state = 'PUBLISHED' AND origin = 'CONTENT'"),
        ),
        Index(
            "ix_publications_revision_id",
            "workspace_id",
            "revision_id",
            postgresql_where=text("state = 'PUBLISHED' AND origin = 'CONTENT'"),
        ),
        Index(
            "ix_publications_attention",
            "workspace_id",
            "updated_at",
            "id",
            postgresql_where=text("state IN ('HELD', 'UNCONFIRMED', 'FAILED')"),
        ),
        Index("ix_publications_item_id", "workspace_id", "item_id", "id"),
        Index("ix_publications_channel_id", "workspace_id", "channel_id", "id"),
        Index("ix_publications_state", "workspace_id", "state", "id"),
        Index(
            "ix_publications_pause_id",
            "workspace_id",
            "pause_id",
            "id",
            postgresql_where=text("pause_id IS NOT NULL"),
        ),
        Index(
            "ix_publications_calendar",
            "workspace_id",
            text(_CALENDAR_TIME),
        ),
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
    # The pause that holds it, or held it when it was kept back at its end.
    pause_id: Mapped[UUID | None]
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
    edited_at: Mapped[datetime | None]
    # How it was last seen there, and when.
    standing: Mapped[Standing | None] = mapped_column(text_enum(Standing))
    standing_at: Mapped[datetime | None]
    external_reference: Mapped[str | None]


class Amendment(WorkspaceOwned, Base):
    """A change to what is out: an approved edition in the place of another, or taken down.

    Doing one twice is doing it once, so a lost answer is followed by the same again. Hiding and
    showing concern an answer under the publication: `message_id` names it, `target` addresses it.
    """

    __tablename__ = "amendments"
    __table_args__ = workspace_args(
        within_workspace("publication_id", "publications"),
        within_workspace("edition_id", "editions"),
        within_workspace("former_edition_id", "editions"),
        CheckConstraint("(kind = 'EDIT') = (edition_id IS NOT NULL)", name="edit_has_edition"),
        CheckConstraint(
            "(kind IN ('HIDE', 'UNHIDE')) = (message_id IS NOT NULL)", name="hide_has_message"
        ),
        CheckConstraint("(state = 'PENDING') = (due_at IS NOT NULL)", name="pending_has_time"),
        Index(
            "uq_amendments_pending",
            "publication_id",
            "message_id",
            unique=True,
            postgresql_where=text("state = 'PENDING'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_amendments_due", "due_at", postgresql_where=text("state = 'PENDING'")),
        Index(
            "ix_amendments_message_id",
            "workspace_id",
            "message_id",
            postgresql_where=text("message_id IS NOT NULL"),
        ),
        Index("ix_amendments_publication_id", "workspace_id", "publication_id", "id"),
    )

    publication_id: Mapped[UUID]
    kind: Mapped[AmendmentKind] = mapped_column(text_enum(AmendmentKind))
    state: Mapped[AmendmentState] = mapped_column(text_enum(AmendmentState))
    edition_id: Mapped[UUID | None]
    former_edition_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    target: Mapped[dict[str, Any] | None]
    reason: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[UUID | None]
    due_at: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    checkpoint: Mapped[dict[str, Any]]
    # Set before the platform is first called: from then on something may have changed there.
    attempted_at: Mapped[datetime | None]
    hash: Mapped[str | None]
    problem: Mapped[str] = mapped_column(default="")
    finished_at: Mapped[datetime | None]


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
