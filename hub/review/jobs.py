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
