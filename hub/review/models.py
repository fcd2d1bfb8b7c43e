"""Is it ok: runs of review on one revision, the decisions, and the approvals that follow."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel.model import (
    Base,
    Versioned,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class ReviewState(StrEnum):
    """Where a review stands."""

    PREPARING = "PREPARING"
    IN_REVIEW = "IN_REVIEW"
    BLOCKED = "BLOCKED"
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    SUPERSEDED = "SUPERSEDED"
    CANCELLED = "CANCELLED"


class Verdict(StrEnum):
    """What a reviewer decided."""

    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"


class Review(Versioned, WorkspaceOwned, Base):
    """One run on one revision, for the channels it names. At most one is open per item."""

    __tablename__ = "reviews"
    __table_args__ = workspace_args(
        within_workspace("item_id", "content_items"),
        within_workspace("revision_id", "revisions"),
        Index("ix_reviews_item_id", "workspace_id", "item_id", "id"),
        Index(
            "uq_reviews_open",
            "item_id",
            unique=True,
            postgresql_where=text("state IN ('PREPARING', 'IN_REVIEW', 'BLOCKED')"),
        ),
    )

    item_id: Mapped[UUID]
    revision_id: Mapped[UUID]
    state: Mapped[ReviewState] = mapped_column(
        text_enum(ReviewState), default=ReviewState.PREPARING
    )
    four_eyes: Mapped[bool] = mapped_column(default=True)
    submitted_by: Mapped[UUID | None]
    note: Mapped[str] = mapped_column(default="")


class ReviewTarget(WorkspaceOwned, Base):
    """A channel the revision is meant for, when it should go out, and the edition to decide on."""

    __tablename__ = "review_targets"
    __table_args__ = workspace_args(
        within_workspace("review_id", "reviews"),
        within_workspace("channel_id", "channels"),
        within_workspace("edition_id", "editions"),
        UniqueConstraint("review_id", "channel_id"),
        Index(
            "ix_review_targets_scheduled_for",
            "workspace_id",
            "scheduled_for",
            postgresql_where=text("scheduled_for IS NOT NULL"),
        ),
    )

    review_id: Mapped[UUID]
    channel_id: Mapped[UUID]
    scheduled_for: Mapped[datetime | None]
    edition_id: Mapped[UUID | None]


class Decision(WorkspaceOwned, Base):
    """What one reviewer said, and the hashes of the editions they saw. Immutable."""

    __tablename__ = "decisions"
    __table_args__ = workspace_args(
        within_workspace("review_id", "reviews"),
        within_workspace("member_id", "members"),
        Index("ix_decisions_review_id", "workspace_id", "review_id", "id"),
    )

    review_id: Mapped[UUID]
    member_id: Mapped[UUID]
    verdict: Mapped[Verdict] = mapped_column(text_enum(Verdict))
    remark: Mapped[str]
    editions: Mapped[dict[str, Any]]


class Approval(WorkspaceOwned, Base):
    """The right of one edition, by its hash, to go out: from a review or by a policy.

    Publishing asks this table alone. A revoked approval stays as evidence.
    """

    __tablename__ = "approvals"
    __table_args__ = workspace_args(
        within_workspace("edition_id", "editions"),
        within_workspace("review_id", "reviews"),
        within_workspace("member_id", "members"),
        CheckConstraint("(review_id IS NULL) <> (policy IS NULL)", name="one_source"),
        Index("ix_approvals_edition_id", "workspace_id", "edition_id"),
    )

    edition_id: Mapped[UUID]
    hash: Mapped[str]
    review_id: Mapped[UUID | None]
    policy: Mapped[str | None]
    member_id: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]
