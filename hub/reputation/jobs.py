"""Work that reputation promises."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class CheckSource(Job):
    """Look at one source of a monitor for what is new."""

    name: ClassVar[str] = "reputation.check_source"

    source_id: UUID

    def key(self) -> str:
        """Return one key per source."""
        return f"check_source:{self.source_id}"


@dataclass(frozen=True, kw_only=True)
class JudgeMonitor(Job):
    """Compare what a monitor found lately with what it usually finds."""

    name: ClassVar[str] = "reputation.judge_monitor"

    monitor_id: UUID

    def key(self) -> str:
        """Return one key per monitor: several finds are judged together."""
        return f"judge_monitor:{self.monitor_id}"
