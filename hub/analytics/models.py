"""Did it work: counters over time, clicks, and what is made of them to take away."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel.model import (
    Base,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class Measurement(WorkspaceOwned, Base):
    """The value of one metric of one publication when it was last seen to change."""

    __tablename__ = "measurements"
    __table_args__ = workspace_args(
        within_workspace("publication_id", "publications"),
        UniqueConstraint("publication_id", "metric", "measured_at"),
        Index(
            "ix_measurements_publication_id",
            "workspace_id",
            "publication_id",
            "metric",
            "measured_at",
        ),
    )

    publication_id: Mapped[UUID]
    metric: Mapped[str]
    # Some places count beyond what 32 bits hold.
    value: Mapped[int] = mapped_column(BigInteger)
    approximate: Mapped[bool]
    measured_at: Mapped[datetime]


class PublicationHour(WorkspaceOwned, Base):
    """What one metric of one publication did in an hour of UTC in which it was seen to change.

    `value` is what it was last seen at, `increase` how far that is from where the hour began: a
    counter that fell has a negative one, so the sum over a span is what changed in it. Where
    nothing changed there is no row.
    """

    __tablename__ = "publication_hours"
    __table_args__ = workspace_args(
        within_workspace("publication_id", "publications"),
        Index(
            "uq_publication_hours_hour",
            "workspace_id",
            "publication_id",
            "metric",
            "hour",
            unique=True,
        ),
        Index("ix_publication_hours_hour", "workspace_id", "hour", "publication_id"),
    )

    publication_id: Mapped[UUID]
    metric: Mapped[str]
    hour: Mapped[datetime]
    value: Mapped[int] = mapped_column(BigInteger)
    increase: Mapped[int] = mapped_column(BigInteger)


class ChannelHour(WorkspaceOwned, Base):
    """The same for an account: followers and what else the platform counts of it as a whole.

    An account was there before it was connected: the first value is no increase.
    """

    __tablename__ = "channel_hours"
    __table_args__ = workspace_args(
        within_workspace("channel_id", "channels"),
        Index("uq_channel_hours_hour", "workspace_id", "channel_id", "metric", "hour", unique=True),
    )

    channel_id: Mapped[UUID]
    metric: Mapped[str]
    hour: Mapped[datetime]
    value: Mapped[int] = mapped_column(BigInteger)
    increase: Mapped[int] = mapped_column(BigInteger)


class ClickHour(WorkspaceOwned, Base):
    """How often a short link was followed in an hour of UTC: by people, and by programs.

    Nothing about who followed it is kept: no address, no browser.
    """

    __tablename__ = "click_hours"
    __table_args__ = workspace_args(
        within_workspace("short_link_id", "short_links"),
        Index("uq_click_hours_hour", "workspace_id", "short_link_id", "hour", unique=True),
        Index("ix_click_hours_hour", "workspace_id", "hour"),
    )

    short_link_id: Mapped[UUID]
    hour: Mapped[datetime]
    people: Mapped[int] = mapped_column(BigInteger)
    programs: Mapped[int] = mapped_column(BigInteger)


class ExportKind(StrEnum):
    """What an export holds; one row each."""

    MEASUREMENTS = "MEASUREMENTS"
    PUBLICATIONS = "PUBLICATIONS"
    MESSAGES = "MESSAGES"
    CLICKS = "CLICKS"


class ExportFormat(StrEnum):
    """How an export is written."""

    CSV = "CSV"
    PARQUET = "PARQUET"


class ExportState(StrEnum):
    """Where an export stands."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    READY = "READY"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class Export(WorkspaceOwned, Base):
    """A file somebody asked for. Its bytes lie in storage until it expires.

    The span is that of the rows' own time: `starts_at` included, `ends_at` not.
    """

    __tablename__ = "exports"
    __table_args__ = workspace_args(
        CheckConstraint("(state = 'READY') = (storage_key IS NOT NULL)", name="ready_has_bytes"),
        Index("ix_exports_state", "workspace_id", "state", "id"),
    )

    kind: Mapped[ExportKind] = mapped_column(text_enum(ExportKind))
    format: Mapped[ExportFormat] = mapped_column(text_enum(ExportFormat))
    state: Mapped[ExportState] = mapped_column(text_enum(ExportState))
    scope: Mapped[dict[str, Any]]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    byte_order_mark: Mapped[bool]
    rows_done: Mapped[int] = mapped_column(BigInteger)
    rows_total: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)
    problem: Mapped[str]
    storage_key: Mapped[str | None]
    requested_by: Mapped[UUID | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class ReportState(StrEnum):
    """Where a report stands."""

    MAKING = "MAKING"
    READY = "READY"
    FAILED = "FAILED"


class Report(WorkspaceOwned, Base):
    """What a campaign came to in some days, as a page and as a document to print."""

    __tablename__ = "reports"
    __table_args__ = workspace_args(
        within_workspace("campaign_id", "campaigns"),
        CheckConstraint("first_day <= last_day", name="days"),
        CheckConstraint("(state = 'READY') = (storage_key IS NOT NULL)", name="ready_has_bytes"),
        Index("ix_reports_campaign_id", "workspace_id", "campaign_id", "id"),
    )

    campaign_id: Mapped[UUID]
    locale: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    time_zone: Mapped[str]
    state: Mapped[ReportState] = mapped_column(text_enum(ReportState))
    problem: Mapped[str]
    storage_key: Mapped[str | None]
    requested_by: Mapped[UUID | None]
    finished_at: Mapped[datetime | None]
