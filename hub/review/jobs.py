"""Work that reviews promise."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class PrepareReview(Job):
    """Render the revision for every channel of the review."""

    name: ClassVar[str] = "review.prepare"

    review_id: UUID

    def key(self) -> str:
        """Return one key per review."""
        return f"review:{self.review_id}"


@dataclass(frozen=True, kw_only=True)
class RemindOfStep(Job):
    """Tell those who still must decide, so many hours after the due time (before: negative)."""

    name: ClassVar[str] = "review.remind"

    step_id: UUID
    hours: int

    def key(self) -> str:
        """Return one key per step and reminder."""
        return f"review-remind:{self.step_id}:{self.hours}"


@dataclass(frozen=True, kw_only=True)
class SendNotice(Job):
    """Send one notice by mail."""

    name: ClassVar[str] = "review.notice"

    notice_id: UUID

    def key(self) -> str:
        """Return one key per notice."""
        return f"notice:{self.notice_id}"
