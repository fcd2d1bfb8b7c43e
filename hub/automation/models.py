"""What other tools do here, and what they are told: triggers come in, endpoints go out."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel.model import (
    Base,
    Versioned,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class TriggerAction(StrEnum):
    """What a call of a trigger may do."""

    PUBLISH = "PUBLISH"
    SAVE = "SAVE"
    SUBMIT = "SUBMIT"
    IMPORT = "IMPORT"


class ImportPolicy(StrEnum):
    """What an import does with rows that cannot be taken."""

    REJECT_ALL = "REJECT_ALL"
    REJECT_FAILED = "REJECT_FAILED"


class RowOutcome(StrEnum):
    """What became of one row of an import."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


class DisabledReason(StrEnum):
    """Why an endpoint is switched off."""

    BY_HAND = "BY_HAND"
    GONE = "GONE"
    FAILING = "FAILING"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    GIVEN_UP = "GIVEN_UP"


class AttemptOutcome(StrEnum):
    """What one call of an endpoint came to."""

    DELIVERED = "DELIVERED"
    UNREACHABLE = "UNREACHABLE"
    UNWELL = "UNWELL"
    REFUSED = "REFUSED"
    GONE = "GONE"


class Sealed:
    """A row with a secret, sealed for it with the key named by `key_id`; never shown again.

    After a rotation the secret before is good until `previous_until`, by the database's own clock.
    """

    key_id: Mapped[str]
    sealed: Mapped[bytes]
    previous_until: Mapped[datetime | None]


class Trigger(Sealed, Versioned, WorkspaceOwned, Base):
    """A door for one automation tool: whoever holds its secret may have it do its actions."""

    __tablename__ = "triggers"
    __table_args__ = workspace_args(
        UniqueConstraint("public_key"), Index("ix_triggers_name", "workspace_id", "name", "id")
    )

    name: Mapped[str]
    actions: Mapped[list[str]]
    public_key: Mapped[str]
    enabled: Mapped[bool] = mapped_column(default=True)
    last_called_at: Mapped[datetime | None]


class TriggerCall(WorkspaceOwned, Base):
    """A call that was genuine, by its id: what it asked for (a digest) and what it was answered.

    Written in the transaction that did it; a repeat is answered from here and does nothing. What it
    began can be followed from here: content, a review, publications (by their ids), an import.
    """

    __tablename__ = "trigger_calls"
    __table_args__ = workspace_args(
        within_workspace("trigger_id", "triggers"),
        within_workspace("item_id", "content_items"),
        within_workspace("review_id", "reviews"),
        within_workspace("import_id", "content_imports"),
        UniqueConstraint("trigger_id", "message_id"),
        Index("ix_trigger_calls_received_at", "trigger_id", "received_at"),
    )

    trigger_id: Mapped[UUID]
    message_id: Mapped[str]
    body_hash: Mapped[str]
    status: Mapped[int]
    code: Mapped[str | None]
    answer: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    action: Mapped[TriggerAction | None] = mapped_column(text_enum(TriggerAction))
    item_id: Mapped[UUID | None]
    review_id: Mapped[UUID | None]
    import_id: Mapped[UUID | None]
    publications: Mapped[list[str]]


class ContentImport(WorkspaceOwned, Base):
    """Many rows of content that came at once, and what became of each.

    `applied` is false for a trial, and where rows were refused and the policy refuses all then:
    nothing but this row has changed. `results` name items and reviews by their ids.
    """

    __tablename__ = "content_imports"
    __table_args__ = workspace_args()

    policy: Mapped[ImportPolicy] = mapped_column(text_enum(ImportPolicy))
    dry_run: Mapped[bool]
    applied: Mapped[bool]
    created_count: Mapped[int]
    updated_count: Mapped[int]
    unchanged_count: Mapped[int]
    refused_count: Mapped[int]
    results: Mapped[list[dict[str, Any]]]


class Endpoint(Sealed, Versioned, WorkspaceOwned, Base):
    """An address that hears events.

    `cursor` is the number of the last event that was looked at: deliveries of everything up to it
    are promised. The counts and `failing_since` are about calls, not about deliveries.
    """

    __tablename__ = "endpoints"
    __table_args__ = workspace_args()

    url: Mapped[str]
    description: Mapped[str]
    events: Mapped[list[str]]
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[DisabledReason | None] = mapped_column(text_enum(DisabledReason))
    problem: Mapped[str] = mapped_column(default="")
    cursor: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    delivered_count: Mapped[int] = mapped_column(BigInteger, default=0)
    failed_count: Mapped[int] = mapped_column(BigInteger, default=0)
    given_up_count: Mapped[int] = mapped_column(BigInteger, default=0)


class Delivery(WorkspaceOwned, Base):
    """One event for one endpoint.

    `tries` counts the calls since it was promised, `attempt_count` all of them. `aside` lets later
    events pass: it was refused for what it is, or has been tried for long enough.
    """

    __tablename__ = "deliveries"
    __table_args__ = workspace_args(
        within_workspace("endpoint_id", "endpoints"),
        within_workspace("event_id", "events"),
        UniqueConstraint("endpoint_id", "sequence"),
        Index("ix_deliveries_sequence", "workspace_id", "sequence", "id"),
        Index(
            "ix_deliveries_pending",
            "endpoint_id",
            "aside",
            "sequence",
            postgresql_where=text("state = 'PENDING'"),
        ),
        Index(
            "ix_deliveries_ended_at",
            "workspace_id",
            "ended_at",
            postgresql_where=text("ended_at IS NOT NULL"),
        ),
    )

    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    event_name: Mapped[str]
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[DeliveryState] = mapped_column(text_enum(DeliveryState))
    aside: Mapped[bool] = mapped_column(default=False)
    tries: Mapped[int] = mapped_column(default=0)
    attempt_count: Mapped[int] = mapped_column(default=0)
    promised_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class DeliveryAttempt(WorkspaceOwned, Base):
    """One call of an endpoint, kept as evidence; without an outcome the worker died in it."""

    __tablename__ = "delivery_attempts"
    __table_args__ = workspace_args(
        within_workspace("delivery_id", "deliveries"),
        UniqueConstraint("delivery_id", "number"),
    )

    delivery_id: Mapped[UUID]
    number: Mapped[int]
    outcome: Mapped[AttemptOutcome | None] = mapped_column(text_enum(AttemptOutcome))
    status: Mapped[int | None]
    message: Mapped[str] = mapped_column(default="")
    finished_at: Mapped[datetime | None]
