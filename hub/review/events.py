"""What happens in a review."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ReviewSubmitted(Event):
    """Somebody asks for a decision; the editions are being prepared."""

    name: ClassVar[str] = "review.submitted"
    subject_type: ClassVar[str] = "Review"

    item_id: UUID
    revision_id: UUID


@dataclass(frozen=True, kw_only=True)
class ReviewStarted(Event):
    """The editions are ready to be looked at."""

    name: ClassVar[str] = "review.started"
    subject_type: ClassVar[str] = "Review"


@dataclass(frozen=True, kw_only=True)
class ReviewBlocked(Event):
    """An edition has a problem that forbids publishing; the text must change first."""

    name: ClassVar[str] = "review.blocked"
    subject_type: ClassVar[str] = "Review"

    problem: str


@dataclass(frozen=True, kw_only=True)
class ReviewApproved(Event):
    """These editions, by their hashes, may go out."""

    name: ClassVar[str] = "review.approved"
    subject_type: ClassVar[str] = "Review"

    item_id: UUID
    revision_id: UUID
    editions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class ChangesRequested(Event):
    """The reviewer wants something else; an earlier approval of this review is revoked."""

    name: ClassVar[str] = "review.changes_requested"
    subject_type: ClassVar[str] = "Review"

    item_id: UUID
    revoked: bool


@dataclass(frozen=True, kw_only=True)
class ReviewEnded(Event):
    """The review ended without a decision: called back, or overtaken by a newer revision."""

    name: ClassVar[str] = "review.ended"
    subject_type: ClassVar[str] = "Review"

    reason: str


@dataclass(frozen=True, kw_only=True)
class StepApproved(Event):
    """Somebody approved at a step, and others still must."""

    name: ClassVar[str] = "review.step_approved"
    subject_type: ClassVar[str] = "Review"

    step_id: UUID


@dataclass(frozen=True, kw_only=True)
class StepDone(Event):
    """A step is done, and the next one has opened."""

    name: ClassVar[str] = "review.step_done"
    subject_type: ClassVar[str] = "Review"

    step_id: UUID
    next_step_id: UUID


@dataclass(frozen=True, kw_only=True)
class WorkflowCreated(Event):
    """A way to review was written down."""

    name: ClassVar[str] = "workflow.created"
    subject_type: ClassVar[str] = "Workflow"


@dataclass(frozen=True, kw_only=True)
class WorkflowUpdated(Event):
    """A way to review changed, for reviews that are still to come."""

    name: ClassVar[str] = "workflow.updated"
    subject_type: ClassVar[str] = "Workflow"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WorkflowArchived(Event):
    """No new review can take this way any more."""

    name: ClassVar[str] = "workflow.archived"
    subject_type: ClassVar[str] = "Workflow"


@dataclass(frozen=True, kw_only=True)
class RemarkAdded(Event):
    """Somebody remarked on a content, or answered a remark."""

    name: ClassVar[str] = "remark.added"
    subject_type: ClassVar[str] = "Remark"

    item_id: UUID
    parent_id: UUID | None
    blocking: bool


@dataclass(frozen=True, kw_only=True)
class RemarkEdited(Event):
    """The words of a remark, or whether it blocks, were changed."""

    name: ClassVar[str] = "remark.edited"
    subject_type: ClassVar[str] = "Remark"

    item_id: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RemarkResolved(Event):
    """What a remark asked for is done."""

    name: ClassVar[str] = "remark.resolved"
    subject_type: ClassVar[str] = "Remark"

    item_id: UUID


@dataclass(frozen=True, kw_only=True)
class RemarkReopened(Event):
    """What a remark asked for is not done after all."""

    name: ClassVar[str] = "remark.reopened"
    subject_type: ClassVar[str] = "Remark"

    item_id: UUID


@dataclass(frozen=True, kw_only=True)
class RemarkDeleted(Event):
    """A remark was taken away."""

    name: ClassVar[str] = "remark.deleted"
    subject_type: ClassVar[str] = "Remark"

    item_id: UUID
