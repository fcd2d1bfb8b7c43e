"""Work that automation promises."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class DeliverEvents(Job):
    """Call an endpoint with what it has not heard yet, in order."""

    name: ClassVar[str] = "automation.deliver_events"
    queue: ClassVar[str] = "webhooks"

    endpoint_id: UUID

    def key(self) -> str:
        """Return one key per endpoint: its order is kept by calling it from one place."""
        return f"deliver:{self.endpoint_id}"
