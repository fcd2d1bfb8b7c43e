"""Where a brand speaks: accounts on platforms, with their credentials sealed apart."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.channels.platforms.base import Guarantee
from hub.kernel.model import (
    Base,
    Versioned,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class ChannelState(StrEnum):
    """Whether a channel can be used: a job asks the platform, nobody guesses."""

    CHECKING = "CHECKING"
    READY = "READY"
    NEEDS_AUTH = "NEEDS_AUTH"
    FAILED = "FAILED"


class Channel(Versioned, WorkspaceOwned, Base):
    """One account on one platform.

    `enabled` is a person's switch (off: nothing goes out, from the next moment of truth on);
    `state` is what the last check found. `basis` is the digest of all that editions depend on:
    when it changes, prepared editions are stale. `rate_held_until` is the platform's word.
    """

    __tablename__ = "channels"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        UniqueConstraint("public_key"),
        Index("ix_channels_name", "workspace_id", "name", "id"),
        Index("ix_channels_brand_id", "workspace_id", "brand_id", "id"),
        Index(
            "uq_channels_external_reference",
            "workspace_id",
            "external_reference",
            unique=True,
            postgresql_where=text("external_reference IS NOT NULL"),
        ),
    )

    brand_id: Mapped[UUID]
    platform: Mapped[str]
    name: Mapped[str]
    timezone: Mapped[str]
    settings: Mapped[dict[str, Any]]
    enabled: Mapped[bool] = mapped_column(default=True)
    state: Mapped[ChannelState] = mapped_column(
        text_enum(ChannelState), default=ChannelState.CHECKING
    )
    state_message: Mapped[str] = mapped_column(default="")
    checked_at: Mapped[datetime | None]
    remote_id: Mapped[str] = mapped_column(default="")
    handle: Mapped[str] = mapped_column(default="")
    url: Mapped[str] = mapped_column(default="")
    dialect: Mapped[str] = mapped_column(default="")
    guarantee: Mapped[Guarantee] = mapped_column(text_enum(Guarantee))
    capabilities: Mapped[list[str]]
    limits: Mapped[dict[str, Any]]
    basis: Mapped[str]
    public_key: Mapped[str]
    rate_held_until: Mapped[datetime | None]
    external_reference: Mapped[str | None]


class Credential(WorkspaceOwned, Base):
    """The secrets of a channel, sealed for this row with the key named by `key_id`."""

    __tablename__ = "credentials"
    __table_args__ = workspace_args(
        within_workspace("channel_id", "channels"), UniqueConstraint("channel_id")
    )

    channel_id: Mapped[UUID]
    key_id: Mapped[str]
    sealed: Mapped[bytes]
