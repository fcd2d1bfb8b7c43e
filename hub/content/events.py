"""What happens to content and pictures."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ContentItemCreated(Event):
    """An idea was written down."""

    name: ClassVar[str] = "content_item.created"
    subject_type: ClassVar[str] = "ContentItem"

    revision_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContentItemRevised(Event):
    """The words or pictures changed: there is a new revision."""

    name: ClassVar[str] = "content_item.revised"
    subject_type: ClassVar[str] = "ContentItem"

    revision_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class ContentItemUpdated(Event):
    """Something around the words changed, such as the campaign they belong to."""

    name: ClassVar[str] = "content_item.updated"
    subject_type: ClassVar[str] = "ContentItem"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ContentItemArchived(Event):
    """The idea was put away."""

    name: ClassVar[str] = "content_item.archived"
    subject_type: ClassVar[str] = "ContentItem"


@dataclass(frozen=True, kw_only=True)
class EditionPrepared(Event):
    """A revision was rendered for a channel: these are the bytes that can be approved."""

    name: ClassVar[str] = "edition.prepared"
    subject_type: ClassVar[str] = "Edition"

    channel_id: UUID
    hash: str


@dataclass(frozen=True, kw_only=True)
class AssetCreated(Event):
    """A picture was handed in; a worker looks at it."""

    name: ClassVar[str] = "asset.created"
    subject_type: ClassVar[str] = "Asset"


@dataclass(frozen=True, kw_only=True)
class AssetReady(Event):
    """A picture can be used."""

    name: ClassVar[str] = "asset.ready"
    subject_type: ClassVar[str] = "Asset"

    sha256: str


@dataclass(frozen=True, kw_only=True)
class AssetRefused(Event):
    """A picture cannot be used."""

    name: ClassVar[str] = "asset.refused"
    subject_type: ClassVar[str] = "Asset"

    reason: str


@dataclass(frozen=True, kw_only=True)
class AssetUpdated(Event):
    """A picture's name or alternative text changed."""

    name: ClassVar[str] = "asset.updated"
    subject_type: ClassVar[str] = "Asset"

    fields: tuple[str, ...]
