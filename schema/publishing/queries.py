"""Asking for publications: calendars, queues, and what needs a person."""

import strawberry

from hub.publishing import models
from schema.base.filters import (
    TimeRange,
    any_of,
    between,
    contains,
    equal,
    every_of,
    none_of,
    some_of,
    through,
    words_in,
)
from schema.base.lists import all_of, ordering
from schema.base.paging import Connection
from schema.content.types import EditionOrigin
from schema.publishing.types import HoldReason, Publication, PublicationState

PublicationOrder = ordering(
    "PublicationOrder",
    "Orders of publications; those without a time come last.",
    {
        "SCHEDULED_FOR_ASC": ("scheduled_for", "Earliest intent first."),
        "SCHEDULED_FOR_DESC": ("-scheduled_for", "Latest intent first."),
        "DUE_AT_ASC": ("due_at", "Next to be tried first."),
        "PUBLISHED_AT_ASC": ("published_at", "First out first."),
        "PUBLISHED_AT_DESC": ("-published_at", "Last out first."),
        "UPDATED_AT_ASC": ("updated_at", "Longest unchanged first."),
        "UPDATED_AT_DESC": ("-updated_at", "Latest change first."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
_ITEM = through("ContentItem", "item_id")
_CHANNEL = through("Channel", "channel_id")


@strawberry.input(description="Which publications; all conditions hold together.")
class PublicationFilter:
    and_: list["PublicationFilter"] | None = every_of()
    or_: list["PublicationFilter"] | None = some_of()
    not_: "PublicationFilter | None" = none_of()
    state_in: list[PublicationState] | None = any_of("Is in one of these states.", "state")
    hold_reason_in: list[HoldReason] | None = any_of(
        "Is held for one of these reasons.", "hold_reason"
    )
    origin_in: list[EditionOrigin] | None = any_of("Its words come from one of these.", "origin")
    channel_in: list[strawberry.ID] | None = any_of(
        "Goes to one of these channels.", "channel_id", ids_of="Channel"
    )
    content_item_in: list[strawberry.ID] | None = any_of(
        "Tells one of these contents.", "item_id", ids_of="ContentItem"
    )
    brand_in: list[strawberry.ID] | None = any_of(
        "Goes to a channel of one of these brands.", "brand_id", ids_of="Brand", via=_CHANNEL
    )
    campaign_in: list[strawberry.ID] | None = any_of(
        "Serves one of these campaigns.", "campaign_id", ids_of="Campaign", via=_ITEM
    )
    title_contains: str | None = contains(
        "The title of its content contains this.", "title", via=_ITEM
    )
    search: str | None = words_in("Its content has these words.", via=_ITEM)
    external_reference: str | None = equal("Has this key of yours.", "external_reference")
    scheduled_for: TimeRange | None = between("Shall go out in this span.", "scheduled_for")
    published_at: TimeRange | None = between("Went out in this span.", "published_at")


_NEEDS_ATTENTION = PublicationFilter(
    state_in=[
        models.PublicationState.HELD,
        models.PublicationState.UNCONFIRMED,
        models.PublicationState.FAILED,
    ]
)


@strawberry.type
class PublishingQueries:
    publications: Connection[Publication] = all_of(
        "The publications of the workspace.",
        "Publication",
        filters=PublicationFilter,
        orders=PublicationOrder,
        order=("-id",),
    )
    publications_needing_attention: Connection[Publication] = all_of(
        "What waits for a person: held, unconfirmed or failed; latest change first.",
        "Publication",
        filters=PublicationFilter,
        orders=PublicationOrder,
        order=("-updated_at",),
        fixed=(_NEEDS_ATTENTION,),
    )
