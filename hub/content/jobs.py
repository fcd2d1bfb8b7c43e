"""Work that content promises."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class ProcessAsset(Job):
    """Decode, bound, re-encode and size a picture."""

    name: ClassVar[str] = "content.process_asset"
    queue: ClassVar[str] = "media"

    asset_id: UUID

    def key(self) -> str:
        """Return one key per picture."""
        return f"asset:{self.asset_id}"
