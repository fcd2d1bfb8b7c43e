"""Work that channels promise."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class CheckChannel(Job):
    """Ask the platform who the credentials belong to and what it accepts."""

    name: ClassVar[str] = "channels.check"

    channel_id: UUID

    def key(self) -> str:
        """Return one key per channel: two checks at once would only race."""
        return f"check:{self.channel_id}"
