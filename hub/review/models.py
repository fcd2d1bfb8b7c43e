"""Is it ok: workflows, runs of review on one revision, decisions, and approvals that follow."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, false, text
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


class StepMode(StrEnum):
    """How many of those who may decide must approve a step."""

    ANY = "ANY"
    ALL = "ALL"
    N_OF_M = "N_OF_M"


class StepState(StrEnum):
    """Where a step of a review stands."""

    WAITING = "WAITING"
    OPEN = "OPEN"
    DONE = "DONE"
    CLOSED = "CLOSED"


class Workflow(Versioned, WorkspaceOwned, Base):
    """How texts are reviewed: steps in their order. Reviews copy them; it is never deleted."""

    __tablename__ = "workflows"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        Index("ix_workflows_name", "workspace_id", "name", "id"),
        Index("ix_workflows_brand_id", "workspace_id", "brand_id", "id"),
        # One default for each place; no brand, or no platform, is a place as well.
        Index(
            "uq_workflows_default",
            "workspace_id",
            "brand_id",
            "platform",
            unique=True,
            postgresql_where=text("is_default AND archived_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    brand_id: Mapped[UUID | None]
    platform: Mapped[str | None]
    name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(default=False)
    keeps_approvals: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None]


class StepRule:
    """Who decides, and how; the same in a workflow and in the reviews that copied it.

    Without roles and members it is for everybody who may decide on reviews. `needed` counts only
    with N_OF_M. Reminders are hours from the due time on; those before it are negative.
    """

    number: Mapped[int]
    name: Mapped[str]
    mode: Mapped[StepMode] = mapped_column(text_enum(StepMode))
    needed: Mapped[int | None]
    four_eyes: Mapped[bool]
    roles: Mapped[list[str]]
    member_ids: Mapped[list[str]]
    due_hours: Mapped[int | None]
    reminders: Mapped[list[int]]


class WorkflowStep(StepRule, WorkspaceOwned, Base):
    """A step of a workflow; changing the workflow writes its steps anew."""

    __tablename__ = "workflow_steps"
    __table_args__ = workspace_args(
        within_workspace("workflow_id", "workflows"),
        UniqueConstraint("workflow_id", "number"),
        Index("ix_workflow_steps_workflow_id", "workspace_id", "workflow_id", "number"),
    )

    workflow_id: Mapped[UUID]


class Review(Versioned, WorkspaceOwned, Base):
    """One run on one revision, for the channels it names. At most one is open per item.

    `due_at` is when its open step is due.
    """

    __tablename__ = "reviews"
    __table_args__ = workspace_args(
        within_workspace("item_id", "content_items"),
        within_workspace("revision_id", "revisions"),
        within_workspace("workflow_id", "workflows"),
        within_workspace("resumed_from", "reviews"),
        Index("ix_reviews_item_id", "workspace_id", "item_id", "id"),
        Index(
            "ix_reviews_due_at",
            "workspace_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'IN_REVIEW'"),
        ),
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
    workflow_id: Mapped[UUID | None]
    workflow_version: Mapped[int | None]
    keeps_approvals: Mapped[bool] = mapped_column(default=False, server_default=false())
    resumed_from: Mapped[UUID | None]
    due_at: Mapped[datetime | None]


class ReviewStep(StepRule, WorkspaceOwned, Base):
    """A step of one review, copied from its workflow. At most one is open per review."""

    __tablename__ = "review_steps"
    __table_args__ = workspace_args(
        within_workspace("review_id", "reviews"),
        UniqueConstraint("review_id", "number"),
        Index("ix_review_steps_review_id", "workspace_id", "review_id", "number"),
        Index(
            "uq_review_steps_open",
            "review_id",
            unique=True,
            postgresql_where=text("state = 'OPEN'"),
        ),
    )

    review_id: Mapped[UUID]
    state: Mapped[StepState] = mapped_column(text_enum(StepState), default=StepState.WAITING)
    opened_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]


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
    """What one reviewer said at a step, and the hashes of the editions they saw. Immutable.

    One that was carried over from an earlier review names it; its hashes are those seen then.
    """

    __tablename__ = "decisions"
    __table_args__ = workspace_args(
        within_workspace("review_id", "reviews"),
        within_workspace("step_id", "review_steps"),
        within_workspace("member_id", "members"),
        within_workspace("carried_from", "decisions"),
        # One member approves a step once, and may ask for changes after that.
        UniqueConstraint("step_id", "member_id", "verdict"),
        Index("ix_decisions_review_id", "workspace_id", "review_id", "id"),
        Index("ix_decisions_step_id", "workspace_id", "step_id", "id"),
    )

    review_id: Mapped[UUID]
    step_id: Mapped[UUID]
    member_id: Mapped[UUID]
    verdict: Mapped[Verdict] = mapped_column(text_enum(Verdict))
    remark: Mapped[str]
    editions: Mapped[dict[str, Any]]
    carried_from: Mapped[UUID | None]


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


class Remark(Versioned, WorkspaceOwned, Base):
    """A word about a content, or an answer to one; it stays from review to review.

    It is about all of the revision, a field of it, or a span of that field in code points, whose
    text is kept as `quote`. What is blocking forbids approvals until it is resolved.
    """

    __tablename__ = "remarks"
    __table_args__ = workspace_args(
        within_workspace("item_id", "content_items"),
        within_workspace("revision_id", "revisions"),
        within_workspace("review_id", "reviews"),
        within_workspace("parent_id", "remarks"),
        within_workspace("author_id", "members"),
        CheckConstraint("NOT (blocking AND parent_id IS NOT NULL)", name="answers_block_nothing"),
        CheckConstraint("(span_start IS NULL) = (span_end IS NULL)", name="whole_span"),
        CheckConstraint("span_start IS NULL OR field IS NOT NULL", name="span_of_field"),
        Index("ix_remarks_item_id", "workspace_id", "item_id", "id"),
        Index("ix_remarks_parent_id", "workspace_id", "parent_id", "id"),
    )

    item_id: Mapped[UUID]
    revision_id: Mapped[UUID]
    review_id: Mapped[UUID | None]
    parent_id: Mapped[UUID | None]
    author_id: Mapped[UUID]
    text: Mapped[str]
    field: Mapped[str | None]
    span_start: Mapped[int | None]
    span_end: Mapped[int | None]
    quote: Mapped[str]
    blocking: Mapped[bool] = mapped_column(default=False)
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[UUID | None]


class NoticeKind(StrEnum):
    """What somebody is told by mail."""

    STEP_OPENED = "STEP_OPENED"
    DUE_SOON = "DUE_SOON"
    OVERDUE = "OVERDUE"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    APPROVED = "APPROVED"
    REMARK_ADDED = "REMARK_ADDED"
    REMARK_ANSWERED = "REMARK_ANSWERED"


class NoticeState(StrEnum):
    """Whether a notice has left."""

    PENDING = "PENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class NoticeFailure(StrEnum):
    """Why a mail did not leave."""

    BAD_ADDRESS = "BAD_ADDRESS"
    REFUSED = "REFUSED"
    NOT_ALLOWED = "NOT_ALLOWED"
    UNREACHABLE = "UNREACHABLE"


class Notice(WorkspaceOwned, Base):
    """One mail to one member; `key` says what for, so that nobody is told the same twice."""

    __tablename__ = "notices"
    __table_args__ = workspace_args(
        within_workspace("member_id", "members"),
        within_workspace("item_id", "content_items"),
        within_workspace("review_id", "reviews"),
        within_workspace("step_id", "review_steps"),
        UniqueConstraint("workspace_id", "key"),
        Index("ix_notices_member_id", "workspace_id", "member_id", "id"),
        Index("ix_notices_review_id", "workspace_id", "review_id", "id"),
    )

    member_id: Mapped[UUID]
    kind: Mapped[NoticeKind] = mapped_column(text_enum(NoticeKind))
    item_id: Mapped[UUID]
    review_id: Mapped[UUID | None]
    step_id: Mapped[UUID | None]
    remark_id: Mapped[UUID | None]
    key: Mapped[str]
    state: Mapped[NoticeState] = mapped_column(text_enum(NoticeState), default=NoticeState.PENDING)
    tries: Mapped[int] = mapped_column(default=0)
    failure: Mapped[NoticeFailure | None] = mapped_column(text_enum(NoticeFailure))
    problem: Mapped[str] = mapped_column(default="")
    sent_at: Mapped[datetime | None]
