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


@dataclass(frozen=True, kw_only=True)
class DiscardUpload(Job):
    """Remove an upload that is of no more use: nothing was made of it, or all that could be."""

    name: ClassVar[str] = "content.discard_upload"
    queue: ClassVar[str] = "media"

    upload_id: UUID

    def key(self) -> str:
        """Return one key per upload."""
        return f"upload:{self.upload_id}"


@dataclass(frozen=True, kw_only=True)
class CheckVoice(Job):
    """Find anew what a brand's voice guides say of its open contents."""

    name: ClassVar[str] = "content.check_voice"

    brand_id: UUID

    def key(self) -> str:
        """Return one key per brand."""
        return f"voice:{self.brand_id}"
