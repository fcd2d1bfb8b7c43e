"""Work that publishing promises."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class Publish(Job):
    """Bring one publication a step further: send, look up, or hold it."""

    name: ClassVar[str] = "publishing.publish"
    queue: ClassVar[str] = "publishing"

    publication_id: UUID

    def key(self) -> str:
        """Return one key per publication; the sweeper looks for it."""
        return f"publish:{self.publication_id}"
