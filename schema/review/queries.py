"""Asking for reviews."""

import strawberry

from schema.base.filters import TimeRange, any_of, between, every_of, none_of, some_of, through
from schema.base.lists import all_of, ordering
from schema.base.paging import Connection
from schema.review.types import Review, ReviewState

ReviewOrder = ordering(
    "ReviewOrder",
    "Orders of reviews.",
    {
        "UPDATED_AT_ASC": ("updated_at", "Longest unchanged first."),
        "UPDATED_AT_DESC": ("-updated_at", "Latest change first."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)


@strawberry.input(description="Which reviews; all conditions hold together.")
class ReviewFilter:
    and_: list["ReviewFilter"] | None = every_of()
    or_: list["ReviewFilter"] | None = some_of()
    not_: "ReviewFilter | None" = none_of()
    state_in: list[ReviewState] | None = any_of("Is in one of these states.", "state")
    content_item_in: list[strawberry.ID] | None = any_of(
        "Is about one of these contents.", "item_id", ids_of="ContentItem"
    )
    channel_in: list[strawberry.ID] | None = any_of(
        "Is meant for one of these channels.",
        "channel_id",
        ids_of="Channel",
        via=through("ReviewTarget", "id", "review_id"),
    )
    brand_in: list[strawberry.ID] | None = any_of(
        "Is about a content of one of these brands.",
        "brand_id",
        ids_of="Brand",
        via=through("ContentItem", "item_id"),
    )
    submitted_by_in: list[strawberry.ID] | None = any_of(
        "Was submitted by one of these members.", "submitted_by", ids_of="Member"
    )
    created_at: TimeRange | None = between("Was submitted in this span.", "created_at")


@strawberry.type
class ReviewQueries:
    reviews: Connection[Review] = all_of(
        "The reviews of the workspace.",
        "Review",
        filters=ReviewFilter,
        orders=ReviewOrder,
        order=("-id",),
    )
