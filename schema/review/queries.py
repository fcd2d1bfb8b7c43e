"""Asking for reviews, what waits for oneself, workflows and notices."""

import strawberry

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
)
from schema.base.lists import all_of, ordering
from schema.base.paging import Connection
from schema.review.notices import Notice, NoticeKind, NoticeState
from schema.review.types import Review, ReviewState
from schema.review.workflows import Workflow

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
ReviewQueueOrder = ordering(
    "ReviewQueueOrder",
    "Orders of what waits for you.",
    {"DUE_AT_ASC": ("due_at", "Due first, those without a due time last.")},
)
WorkflowOrder = ordering(
    "WorkflowOrder",
    "Orders of workflows.",
    {
        "NAME_ASC": ("name", "By name."),
        "NAME_DESC": ("-name", "By name, backwards."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
NoticeOrder = ordering(
    "NoticeOrder",
    "Orders of notices.",
    {
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
    workflow_in: list[strawberry.ID] | None = any_of(
        "Takes the steps of one of these workflows.", "workflow_id", ids_of="Workflow"
    )
    waits_for_me: bool | None = equal("You may approve it now, and have not yet.", "waits_for_me")
    due_at: TimeRange | None = between("Its open step is due in this span.", "due_at")
    created_at: TimeRange | None = between("Was submitted in this span.", "created_at")


@strawberry.input(description="Which workflows; all conditions hold together.")
class WorkflowFilter:
    and_: list["WorkflowFilter"] | None = every_of()
    or_: list["WorkflowFilter"] | None = some_of()
    not_: "WorkflowFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Is for one of these brands alone.", "brand_id", ids_of="Brand"
    )
    name_contains: str | None = contains("The name contains this.", "name")
    archived: bool | None = equal("Was archived.", "archived")


@strawberry.input(description="Which notices; all conditions hold together.")
class NoticeFilter:
    and_: list["NoticeFilter"] | None = every_of()
    or_: list["NoticeFilter"] | None = some_of()
    not_: "NoticeFilter | None" = none_of()
    state_in: list[NoticeState] | None = any_of("Is in one of these states.", "state")
    kind_in: list[NoticeKind] | None = any_of("Says one of these.", "kind")


@strawberry.input(description="Which notices, whatever else is asked.")
class _Mine:
    is_mine: bool | None = equal("Is for you.", "is_mine")


@strawberry.type
class ReviewQueries:
    reviews: Connection[Review] = all_of(
        "The reviews of the workspace.",
        "Review",
        filters=ReviewFilter,
        orders=ReviewOrder,
        order=("-id",),
    )
    review_queue: Connection[Review] = all_of(
        "The reviews that wait for you: you may approve their open step, and have not yet.",
        "Review",
        filters=ReviewFilter,
        orders=ReviewQueueOrder,
        order=("due_at",),
        fixed=(ReviewFilter(waits_for_me=True),),
    )
    workflows: Connection[Workflow] = all_of(
        "The workflows of the workspace, archived ones as well.",
        "Workflow",
        filters=WorkflowFilter,
        orders=WorkflowOrder,
        order=("name",),
    )
    notices: Connection[Notice] = all_of(
        "What you were told by mail, and what you shall be.",
        "Notice",
        filters=NoticeFilter,
        orders=NoticeOrder,
        order=("-id",),
        fixed=(_Mine(is_mine=True),),
    )
