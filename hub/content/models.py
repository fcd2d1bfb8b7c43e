"""What is said: ideas, their immutable revisions, pictures, and editions cut for one channel."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel.model import (
    Base,
    Versioned,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class ContentItem(Versioned, WorkspaceOwned, Base):
    """One idea to be told. Every save makes a new revision; `current_revision_id` is the newest.

    `voice_problems` is what the brand's voice guide says of the newest revision, and `voice_seen`
    which guide at which version said so.
    """

    __tablename__ = "content_items"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        within_workspace("campaign_id", "campaigns"),
        within_workspace("pillar_id", "pillars", ondelete="SET NULL (pillar_id)"),
        Index("ix_content_items_campaign_id", "workspace_id", "campaign_id", "id"),
        Index("ix_content_items_pillar_id", "workspace_id", "pillar_id", "id"),
        Index("ix_content_items_updated_at", "workspace_id", "updated_at", "id"),
        Index("ix_content_items_brand_id", "workspace_id", "brand_id", "id"),
        Index(
            "uq_content_items_external_reference",
            "workspace_id",
            "external_reference",
            unique=True,
            postgresql_where=text("external_reference IS NOT NULL"),
        ),
    )

    workspace_id: Mapped[UUID] = mapped_column()
    brand_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None]
    pillar_id: Mapped[UUID | None]
    title: Mapped[str]
    locale: Mapped[str]
    current_revision_id: Mapped[UUID]
    archived: Mapped[bool] = mapped_column(default=False)
    external_reference: Mapped[str | None]
    voice_problems: Mapped[list[dict[str, Any]]] = mapped_column(
        default=list, server_default=text("'[]'")
    )
    voice_seen: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))


class ContentAudience(WorkspaceOwned, Base):
    """A content is meant for an audience."""

    __tablename__ = "content_audiences"
    __table_args__ = (
        within_workspace("item_id", "content_items"),
        within_workspace("audience_id", "audiences", ondelete="CASCADE"),
        UniqueConstraint("workspace_id", "item_id", "audience_id"),
        Index("ix_content_audiences_audience_id", "workspace_id", "audience_id", "item_id"),
    )

    workspace_id: Mapped[UUID] = mapped_column()
    item_id: Mapped[UUID]
    audience_id: Mapped[UUID]


class Revision(WorkspaceOwned, Base):
    """An immutable version of a content item, numbered from 1; a trigger refuses every change.

    `parts` is a list of `{"text", "media": [asset id]}`; `hash` covers the revision and its
    variants.
    """

    __tablename__ = "revisions"
    __table_args__ = workspace_args(
        within_workspace("item_id", "content_items"),
        UniqueConstraint("item_id", "number"),
        Index("ix_revisions_item_id", "workspace_id", "item_id", "id"),
        Index("ix_revisions_slug", "workspace_id", "slug"),
    )

    workspace_id: Mapped[UUID] = mapped_column()
    item_id: Mapped[UUID]
    number: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str]
    parts: Mapped[list[dict[str, Any]]]
    link: Mapped[str]
    tags: Mapped[list[str]]
    slug: Mapped[str]
    locale: Mapped[str]
    shortens_links: Mapped[bool] = mapped_column(default=False)
    hash: Mapped[str]
    author_id: Mapped[UUID | None]


class Variant(WorkspaceOwned, Base):
    """What differs on one platform or one channel; an empty field falls back to the revision's."""

    __tablename__ = "variants"
    # No key leads to a variant, so its pair of workspace and id need not be unique.
    __table_args__ = (
        within_workspace("revision_id", "revisions"),
        within_workspace("channel_id", "channels"),
        CheckConstraint("(platform IS NULL) <> (channel_id IS NULL)", name="one_target"),
        UniqueConstraint("revision_id", "platform"),
        UniqueConstraint("revision_id", "channel_id"),
    )

    workspace_id: Mapped[UUID] = mapped_column()
    revision_id: Mapped[UUID]
    platform: Mapped[str | None]
    channel_id: Mapped[UUID | None]
    title: Mapped[str | None]
    summary: Mapped[str | None]
    parts: Mapped[list[dict[str, Any]] | None]
    link: Mapped[str | None]
    tags: Mapped[list[str] | None]
    settings: Mapped[dict[str, Any]]


class EditionOrigin(StrEnum):
    """Where the words of an edition come from."""

    CONTENT = "CONTENT"
    REPLY = "REPLY"


class Edition(WorkspaceOwned, Base):
    """One revision (or reply) rendered for one channel: exact bytes and their hash, immutable.

    `body` is canonical JSON and `hash` its SHA-256 in hex: a CHECK holds them together. `basis`
    is what it was rendered with (limits, settings, account), `tracking` the digest of the template
    its links got their parameters from; empty without links, or without a template.
    """

    __tablename__ = "editions"
    __table_args__ = workspace_args(
        within_workspace("revision_id", "revisions"),
        within_workspace("channel_id", "channels"),
        CheckConstraint("hash = encode(sha256(convert_to(body, 'UTF8')), 'hex')", name="hash"),
        CheckConstraint("(origin = 'CONTENT') = (revision_id IS NOT NULL)", name="origin"),
        Index("ix_editions_revision_id", "workspace_id", "revision_id", "id"),
    )

    revision_id: Mapped[UUID | None]
    channel_id: Mapped[UUID]
    origin: Mapped[EditionOrigin] = mapped_column(text_enum(EditionOrigin))
    body: Mapped[str]
    hash: Mapped[str]
    basis: Mapped[str]
    tracking: Mapped[str] = mapped_column(default="", server_default=text("''"))
    problems: Mapped[list[dict[str, Any]]]


class ShortLink(WorkspaceOwned, Base):
    """A code that leads to an address in the approved words of one revision on one channel."""

    __tablename__ = "short_links"
    __table_args__ = workspace_args(
        within_workspace("revision_id", "revisions"),
        within_workspace("channel_id", "channels"),
        UniqueConstraint("code"),
        Index("ix_short_links_revision_id", "workspace_id", "revision_id", "channel_id", "id"),
    )

    revision_id: Mapped[UUID]
    channel_id: Mapped[UUID]
    code: Mapped[str]
    url: Mapped[str]


class AssetState(StrEnum):
    """A picture on its way: decoded only by a worker, usable only when READY."""

    PROCESSING = "PROCESSING"
    READY = "READY"
    REFUSED = "REFUSED"


class Asset(Versioned, WorkspaceOwned, Base):
    """A picture or a video. Its bytes lie in storage under their hash; `alt` is by locale.

    `duration_ms` and `codecs` (as in "avc1, mp4a") are those of a video.
    """

    __tablename__ = "assets"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        Index("ix_assets_brand_id", "workspace_id", "brand_id", "id"),
    )

    brand_id: Mapped[UUID | None]
    filename: Mapped[str]
    state: Mapped[AssetState] = mapped_column(text_enum(AssetState), default=AssetState.PROCESSING)
    refusal: Mapped[str | None]
    refusal_message: Mapped[str | None]
    mime: Mapped[str | None]
    size: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    sha256: Mapped[str | None]
    storage_key: Mapped[str | None]
    duration_ms: Mapped[int | None]
    codecs: Mapped[str | None]
    alt: Mapped[dict[str, Any]]


class Rendition(WorkspaceOwned, Base):
    """A smaller size of an asset."""

    __tablename__ = "renditions"
    __table_args__ = workspace_args(
        within_workspace("asset_id", "assets"), UniqueConstraint("asset_id", "name")
    )

    asset_id: Mapped[UUID]
    name: Mapped[str]
    mime: Mapped[str]
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str]
    storage_key: Mapped[str]


class AssetUpload(WorkspaceOwned, Base):
    """A signed address bytes can be PUT to, once, until it expires; then an asset is made of it."""

    __tablename__ = "asset_uploads"
    __table_args__ = workspace_args()

    filename: Mapped[str]
    mime: Mapped[str]
    size: Mapped[int]
    storage_key: Mapped[str]
    expires_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    asset_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]
