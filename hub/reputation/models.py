"""What is said of a brand elsewhere, what is unusual about it, and how a bad day was met."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.engagement.models import SentimentLabel
from hub.kernel.model import (
    Base,
    Versioned,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class SourceKind(StrEnum):
    """Where a monitor looks."""

    FEED = "FEED"
    SEARCH = "SEARCH"


class MentionState(StrEnum):
    """How far people have come with a mention."""

    NEW = "NEW"
    SEEN = "SEEN"
    DONE = "DONE"
    IGNORED = "IGNORED"


class AlertKind(StrEnum):
    """What is unusual."""

    VOLUME = "VOLUME"
    SENTIMENT = "SENTIMENT"


class Severity(StrEnum):
    """How bad an incident is."""

    MINOR = "MINOR"
    MAJOR = "MAJOR"
    CRITICAL = "CRITICAL"


class IncidentState(StrEnum):
    """How far an incident is."""

    OPEN = "OPEN"
    MONITORING = "MONITORING"
    RESOLVED = "RESOLVED"


class EntryKind(StrEnum):
    """What a line in the timeline of an incident tells."""

    OPENED = "OPENED"
    NOTE = "NOTE"
    CHANGED = "CHANGED"
    ALERT = "ALERT"
    MENTIONS = "MENTIONS"
    STATEMENT = "STATEMENT"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"


class Monitor(Versioned, WorkspaceOwned, Base):
    """What a brand wants to hear of: a query over sources, and when to raise the alarm.

    `query` and `alarms` are as `rules.Query` and `alarms.Alarms` write them.
    """

    __tablename__ = "monitors"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        Index("ix_monitors_name", "workspace_id", "name", "id"),
        Index("ix_monitors_brand_id", "workspace_id", "brand_id", "id"),
    )

    brand_id: Mapped[UUID]
    name: Mapped[str]
    query: Mapped[dict[str, Any]]
    enabled: Mapped[bool]
    alarms: Mapped[dict[str, Any]]
    opens_incident: Mapped[bool]


class MonitorSource(WorkspaceOwned, Base):
    """One place a monitor looks at: how far it has read, when it looks again, what went wrong.

    `validators` are what the place gave to be asked with next time (ETag, Last-Modified).
    """

    __tablename__ = "monitor_sources"
    __table_args__ = workspace_args(
        within_workspace("monitor_id", "monitors"),
        within_workspace("channel_id", "channels"),
        CheckConstraint("(kind = 'SEARCH') = (channel_id IS NOT NULL)", name="channel"),
        CheckConstraint("(kind = 'FEED') = (url <> '')", name="url"),
        Index(
            "uq_monitor_sources_place",
            "workspace_id",
            "monitor_id",
            "channel_id",
            "url",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_monitor_sources_due_at", "workspace_id", "due_at"),
    )

    monitor_id: Mapped[UUID]
    kind: Mapped[SourceKind] = mapped_column(text_enum(SourceKind))
    channel_id: Mapped[UUID | None]
    url: Mapped[str]
    title: Mapped[str]
    cursor: Mapped[str]
    validators: Mapped[dict[str, Any]]
    due_at: Mapped[datetime | None]
    last_checked_at: Mapped[datetime | None]
    last_found_at: Mapped[datetime | None]
    failures: Mapped[int]
    problem: Mapped[str]


class Incident(Versioned, WorkspaceOwned, Base):
    """A bad day: who sees to it, how far it is, and what may be said about it meanwhile.

    `statements` are, by locale, the holding statement and the content item made of it.
    """

    __tablename__ = "incidents"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        within_workspace("monitor_id", "monitors"),
        within_workspace("owner_id", "members"),
        CheckConstraint("(state = 'RESOLVED') = (resolved_at IS NOT NULL)", name="resolved"),
        Index("ix_incidents_brand_id", "workspace_id", "brand_id", "id"),
        Index("ix_incidents_monitor_id", "workspace_id", "monitor_id", "id"),
        # A monitor has one incident at a time: alerts that follow belong to it.
        Index(
            "uq_incidents_open",
            "workspace_id",
            "monitor_id",
            unique=True,
            postgresql_where=text("state <> 'RESOLVED' AND monitor_id IS NOT NULL"),
        ),
    )

    brand_id: Mapped[UUID]
    monitor_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    title: Mapped[str]
    summary: Mapped[str]
    severity: Mapped[Severity] = mapped_column(text_enum(Severity))
    state: Mapped[IncidentState] = mapped_column(text_enum(IncidentState))
    statements: Mapped[list[dict[str, Any]]]
    resolved_at: Mapped[datetime | None]


class Mention(Versioned, WorkspaceOwned, Base):
    """Something somebody said in public that a monitor found; the same thing is there once.

    `identity` tells it from every other: the address of an article, the id of a post.
    """

    __tablename__ = "mentions"
    __table_args__ = workspace_args(
        within_workspace("channel_id", "channels"),
        within_workspace("incident_id", "incidents"),
        within_workspace("thread_id", "threads"),
        UniqueConstraint("workspace_id", "identity"),
        Index("ix_mentions_published_at", "workspace_id", "published_at", "id"),
        Index(
            "ix_mentions_incident_id",
            "workspace_id",
            "incident_id",
            "published_at",
            "id",
            postgresql_where=text("incident_id IS NOT NULL"),
        ),
    )

    identity: Mapped[str]
    kind: Mapped[SourceKind] = mapped_column(text_enum(SourceKind))
    platform: Mapped[str]
    channel_id: Mapped[UUID | None]
    source_title: Mapped[str]
    author_name: Mapped[str]
    author_handle: Mapped[str]
    author_url: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    url: Mapped[str]
    language: Mapped[str | None]
    sentiment: Mapped[int | None]
    sentiment_label: Mapped[SentimentLabel | None] = mapped_column(text_enum(SentimentLabel))
    state: Mapped[MentionState] = mapped_column(text_enum(MentionState))
    incident_id: Mapped[UUID | None]
    # The conversation about it, once somebody has brought it into the inbox.
    thread_id: Mapped[UUID | None]
    published_at: Mapped[datetime]
    # What the platform needs to answer it; null for an article.
    remote: Mapped[dict[str, Any] | None]


class MentionMatch(WorkspaceOwned, Base):
    """A monitor found a mention, by these words of it."""

    __tablename__ = "mention_matches"
    __table_args__ = workspace_args(
        within_workspace("mention_id", "mentions"),
        within_workspace("monitor_id", "monitors"),
        within_workspace("brand_id", "brands"),
        UniqueConstraint("workspace_id", "mention_id", "monitor_id"),
        Index("ix_mention_matches_monitor_id", "workspace_id", "monitor_id", "id"),
    )

    mention_id: Mapped[UUID]
    monitor_id: Mapped[UUID]
    brand_id: Mapped[UUID]
    terms: Mapped[list[str]]


class Alert(WorkspaceOwned, Base):
    """Something unusual about a monitor's mentions, with the numbers that say so.

    `probability` is how likely as much would be on a usual day.
    """

    __tablename__ = "alerts"
    __table_args__ = workspace_args(
        within_workspace("monitor_id", "monitors"),
        within_workspace("incident_id", "incidents"),
        Index("ix_alerts_monitor_id", "workspace_id", "monitor_id", "id"),
        Index(
            "ix_alerts_incident_id",
            "workspace_id",
            "incident_id",
            "id",
            postgresql_where=text("incident_id IS NOT NULL"),
        ),
    )

    monitor_id: Mapped[UUID]
    incident_id: Mapped[UUID | None]
    kind: Mapped[AlertKind] = mapped_column(text_enum(AlertKind))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    count: Mapped[int]
    total: Mapped[int]
    expected: Mapped[float]
    probability: Mapped[float]
    baseline: Mapped[list[dict[str, Any]]]
    acknowledged_by: Mapped[UUID | None]
    acknowledged_at: Mapped[datetime | None]


class IncidentEntry(WorkspaceOwned, Base):
    """A line in the timeline of an incident; it never changes."""

    __tablename__ = "incident_entries"
    __table_args__ = workspace_args(
        within_workspace("incident_id", "incidents"),
        within_workspace("member_id", "members"),
        Index("ix_incident_entries_incident_id", "workspace_id", "incident_id", "id"),
    )

    incident_id: Mapped[UUID]
    kind: Mapped[EntryKind] = mapped_column(text_enum(EntryKind))
    text: Mapped[str]
    member_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
