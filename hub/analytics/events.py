"""What happens in measuring."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from hub.analytics.models import ExportFormat, ExportKind
from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class PublicationMeasured(Event):
    """A counter of a publication changed."""

    name: ClassVar[str] = "publication.measured"
    subject_type: ClassVar[str] = "Publication"

    counters: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class ChannelMeasured(Event):
    """A counter of an account changed, such as its followers."""

    name: ClassVar[str] = "channel.measured"
    subject_type: ClassVar[str] = "Channel"

    counters: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class ExportRequested(Event):
    """Somebody asked for a file of what is there."""

    name: ClassVar[str] = "export.requested"
    subject_type: ClassVar[str] = "Export"

    kind: ExportKind
    format: ExportFormat


@dataclass(frozen=True, kw_only=True)
class ExportFinished(Event):
    """The file is there to be fetched."""

    name: ClassVar[str] = "export.finished"
    subject_type: ClassVar[str] = "Export"

    rows: int
    size: int


@dataclass(frozen=True, kw_only=True)
class ExportFailed(Event):
    """No file could be made; `problem` says why."""

    name: ClassVar[str] = "export.failed"
    subject_type: ClassVar[str] = "Export"

    problem: str


@dataclass(frozen=True, kw_only=True)
class ExportCancelled(Event):
    """Somebody does not want the file any more."""

    name: ClassVar[str] = "export.cancelled"
    subject_type: ClassVar[str] = "Export"


@dataclass(frozen=True, kw_only=True)
class ExportExpired(Event):
    """The time to fetch the file is over; its bytes are gone."""

    name: ClassVar[str] = "export.expired"
    subject_type: ClassVar[str] = "Export"


@dataclass(frozen=True, kw_only=True)
class ReportRequested(Event):
    """Somebody asked what a campaign came to."""

    name: ClassVar[str] = "report.requested"
    subject_type: ClassVar[str] = "Report"

    campaign_id: UUID
    first_day: date
    last_day: date

    def data(self) -> dict[str, object]:
        """Return the days as text, as JSON has none."""
        return {
            **super().data(),
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
        }


@dataclass(frozen=True, kw_only=True)
class ReportMade(Event):
    """A report is there to be read."""

    name: ClassVar[str] = "report.made"
    subject_type: ClassVar[str] = "Report"

    campaign_id: UUID


@dataclass(frozen=True, kw_only=True)
class ReportFailed(Event):
    """No report could be made; `problem` says why."""

    name: ClassVar[str] = "report.failed"
    subject_type: ClassVar[str] = "Report"

    problem: str
