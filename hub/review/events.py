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
