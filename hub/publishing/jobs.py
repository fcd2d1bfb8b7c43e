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


@dataclass(frozen=True, kw_only=True)
class Amend(Job):
    """Change what is out, as one amendment says."""

    name: ClassVar[str] = "publishing.amend"
    queue: ClassVar[str] = "publishing"

    amendment_id: UUID

    def key(self) -> str:
        """Return one key per amendment."""
        return f"amend:{self.amendment_id}"


@dataclass(frozen=True, kw_only=True)
class ReadBack(Job):
    """Look whether one publication still stands as it was sent."""

    name: ClassVar[str] = "publishing.read_back"

    publication_id: UUID

    def key(self) -> str:
        """Return one key per publication."""
        return f"read_back:{self.publication_id}"
