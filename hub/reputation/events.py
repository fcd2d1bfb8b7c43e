"""What happens to monitors, to what they find, and to incidents."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.events import Event
from hub.reputation.models import AlertKind, Severity


@dataclass(frozen=True, kw_only=True)
class MonitorCreated(Event):
    """Somebody wants to hear of something."""

    name: ClassVar[str] = "monitor.created"
    subject_type: ClassVar[str] = "Monitor"


@dataclass(frozen=True, kw_only=True)
class MonitorUpdated(Event):
    """A monitor was changed, or switched on or off."""

    name: ClassVar[str] = "monitor.updated"
    subject_type: ClassVar[str] = "Monitor"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MentionFound(Event):
    """A monitor found something; a mention that two monitors find is found twice."""

    name: ClassVar[str] = "mention.found"
    subject_type: ClassVar[str] = "Mention"

    monitor_id: UUID


@dataclass(frozen=True, kw_only=True)
class MentionUpdated(Event):
    """Somebody has dealt with a mention, or said how it sounds."""

    name: ClassVar[str] = "mention.updated"
    subject_type: ClassVar[str] = "Mention"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MentionToInbox(Event):
    """A mention became a conversation, because somebody must act."""

    name: ClassVar[str] = "mention.to_inbox"
    subject_type: ClassVar[str] = "Mention"

    thread_id: UUID


@dataclass(frozen=True, kw_only=True)
class AlertRaised(Event):
    """More, or worse, is said than usual."""

    name: ClassVar[str] = "alert.raised"
    subject_type: ClassVar[str] = "Alert"

    monitor_id: UUID
    kind: AlertKind
    count: int
    expected: float


@dataclass(frozen=True, kw_only=True)
class AlertAcknowledged(Event):
    """Somebody has seen an alert."""

    name: ClassVar[str] = "alert.acknowledged"
    subject_type: ClassVar[str] = "Alert"


@dataclass(frozen=True, kw_only=True)
class IncidentOpened(Event):
    """A bad day has begun; `alert_id` is set where an alert opened it by itself."""

    name: ClassVar[str] = "incident.opened"
    subject_type: ClassVar[str] = "Incident"

    severity: Severity
    alert_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class IncidentUpdated(Event):
    """An incident has another owner, severity, state or wording."""

    name: ClassVar[str] = "incident.updated"
    subject_type: ClassVar[str] = "Incident"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class IncidentNoted(Event):
    """Somebody wrote into the timeline of an incident."""

    name: ClassVar[str] = "incident.noted"
    subject_type: ClassVar[str] = "Incident"


@dataclass(frozen=True, kw_only=True)
class IncidentLinked(Event):
    """Mentions and alerts were found to belong to an incident."""

    name: ClassVar[str] = "incident.linked"
    subject_type: ClassVar[str] = "Incident"

    mention_ids: tuple[UUID, ...]
    alert_ids: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class StatementWritten(Event):
    """What may be said about an incident was written in a language."""

    name: ClassVar[str] = "incident.statement_written"
    subject_type: ClassVar[str] = "Incident"

    locale: str


@dataclass(frozen=True, kw_only=True)
class StatementDrafted(Event):
    """A content item was made of a holding statement; it is reviewed like every other."""

    name: ClassVar[str] = "incident.statement_drafted"
    subject_type: ClassVar[str] = "Incident"

    locale: str
    item_id: UUID
