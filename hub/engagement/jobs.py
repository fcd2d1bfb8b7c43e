"""Work that engagement promises."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class CollectMessages(Job):
    """Ask the platform for answers to one publication."""

    name: ClassVar[str] = "engagement.collect"

    publication_id: UUID

    def key(self) -> str:
        """Return one key per publication."""
        return f"collect:{self.publication_id}"
