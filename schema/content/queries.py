"""Asking for contents and pictures."""

from typing import Annotated, Any

import strawberry

from hub.content.models import ContentAudience
from hub.kernel.shapes import Origin, columns
from schema.base.fields import LASTING
from schema.base.filters import (
    TimeRange,
    Via,
    any_of,
    between,
    contains,
    equal,
    every_of,
    none_of,
    some_of,
    words_in,
)
from schema.base.lists import all_of, ordering
from schema.base.paging import Connection
from schema.base.reading import Info, read_by
from schema.content.assets import Asset, AssetState
from schema.content.types import ContentItem

#: Which contents are meant for which audiences.
_PAIRS: Any = ContentAudience.__table__
_MEANT = Origin(table=_PAIRS)

ContentItemOrder = ordering(
    "ContentItemOrder",
    "Orders of contents.",
    {
        "TITLE_ASC": ("title", "By title."),
        "TITLE_DESC": ("-title", "By title, backwards."),
        "UPDATED_AT_ASC": ("updated_at", "Longest unchanged first."),
        "UPDATED_AT_DESC": ("-updated_at", "Latest change first."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
AssetOrder = ordering(
    "AssetOrder",
    "Orders of pictures.",
    {
        "FILENAME_ASC": ("filename", "By name of the file."),
        "FILENAME_DESC": ("-filename", "By name of the file, backwards."),
        "SIZE_ASC": ("size", "Smallest first."),
        "SIZE_DESC": ("-size", "Largest first."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)


@strawberry.input(description="Which contents; all conditions hold together.")
class ContentItemFilter:
    and_: list["ContentItemFilter"] | None = every_of()
    or_: list["ContentItemFilter"] | None = some_of()
    not_: "ContentItemFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Belongs to one of these brands.", "brand_id", ids_of="Brand"
    )
    campaign_in: list[strawberry.ID] | None = any_of(
        "Serves one of these campaigns.", "campaign_id", ids_of="Campaign"
    )
    pillar_in: list[strawberry.ID] | None = any_of(
        "Belongs to one of these pillars.", "pillar_id", ids_of="Pillar"
    )
    audience_in: list[strawberry.ID] | None = any_of(
        "Is meant for one of these audiences.",
        "audience_id",
        ids_of="Audience",
        via=Via(link=columns("id", "item_id"), origin=_MEANT),
    )
    locale_in: list[str] | None = any_of("Is written in one of these languages.", "locale")
    archived: bool | None = equal("Was put away, or not.", "archived")
    title_contains: str | None = contains("The title contains this.", "title")
    search: str | None = words_in(
        "Has these words in its title, your key, or the words, summary and tags of now."
    )
    external_reference: str | None = equal("Has this key of yours.", "external_reference")
    created_at: TimeRange | None = between("Was begun in this span.", "created_at")
    updated_at: TimeRange | None = between("Was last changed in this span.", "updated_at")


@strawberry.input(description="Which pictures; all conditions hold together.")
class AssetFilter:
    and_: list["AssetFilter"] | None = every_of()
    or_: list["AssetFilter"] | None = some_of()
    not_: "AssetFilter | None" = none_of()
    state_in: list[AssetState] | None = any_of("Is in one of these states.", "state")
    brand_in: list[strawberry.ID] | None = any_of(
        "Belongs to one of these brands.", "brand_id", ids_of="Brand"
    )
    filename_contains: str | None = contains("The name of the file contains this.", "filename")
    search: str | None = words_in("Has these words in the name of its file or in its descriptions.")
    sha256_in: list[str] | None = any_of("Has one of these hashes.", "sha256")


@strawberry.type
class ContentQueries:
    content_items: Connection[ContentItem] = all_of(
        "The contents of the workspace.",
        "ContentItem",
        filters=ContentItemFilter,
        orders=ContentItemOrder,
        order=("-id",),
    )

    @strawberry.field(
        description="The content with this key of yours; null when there is none.",
        metadata={LASTING: True},
    )
    async def content_item_by_reference(
        self,
        info: Info,
        external_reference: Annotated[
            str, strawberry.argument(description="Your key, as it was given on creation.")
        ],
    ) -> ContentItem | None:
        item: ContentItem | None = await read_by(
            info, "ContentItem", external_reference=external_reference
        )
        return item

    assets: Connection[Asset] = all_of(
        "The pictures of the workspace.",
        "Asset",
        filters=AssetFilter,
        orders=AssetOrder,
        order=("-id",),
    )
