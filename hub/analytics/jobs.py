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


@dataclass(frozen=True, kw_only=True)
class MeasureChannel(Job):
    """Ask the platform for the counters of an account as a whole."""

    name: ClassVar[str] = "analytics.measure_channel"

    channel_id: UUID

    def key(self) -> str:
        """Return one key per channel."""
        return f"measure-channel:{self.channel_id}"


@dataclass(frozen=True, kw_only=True)
class WriteExport(Job):
    """Write the file of an export."""

    name: ClassVar[str] = "analytics.write_export"

    export_id: UUID

    def key(self) -> str:
        """Return one key per export."""
        return f"export:{self.export_id}"


@dataclass(frozen=True, kw_only=True)
class DiscardExport(Job):
    """Remove the bytes of an export whose time is over."""

    name: ClassVar[str] = "analytics.discard_export"

    export_id: UUID

    def key(self) -> str:
        """Return one key per export."""
        return f"discard-export:{self.export_id}"


@dataclass(frozen=True, kw_only=True)
class MakeReport(Job):
    """Write a report as a page and as a document."""

    name: ClassVar[str] = "analytics.make_report"

    report_id: UUID

    def key(self) -> str:
        """Return one key per report."""
        return f"report:{self.report_id}"
