"""Work that analytics promises."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class Measure(Job):
    """Ask the platform for the counters of one publication."""

    name: ClassVar[str] = "analytics.measure"

    publication_id: UUID

    def key(self) -> str:
        """Return one key per publication."""
        return f"measure:{self.publication_id}"
