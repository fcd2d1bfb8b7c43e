"""Asking for contests and for the comments that take part."""

from typing import Annotated

import strawberry

from schema.base.fields import LASTING
from schema.base.filters import (
    TimeRange,
    any_of,
    between,
    contains,
    every_of,
    none_of,
    some_of,
    through,
)
from schema.base.lists import all_of, ordering
from schema.base.node import row_id
from schema.base.paging import Connection
from schema.base.reading import Info, found, read_one
from schema.engagement.contests import Contest, ContestEntry, ContestState, EntryState

ContestOrder = ordering(
    "ContestOrder",
    "Orders of contests.",
    {
        "CLOSES_AT_ASC": ("closes_at", "The first to close first."),
        "CLOSES_AT_DESC": ("-closes_at", "The last to close first."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
ContestEntryOrder = ordering(
    "ContestEntryOrder",
    "Orders of comments under contests.",
    {
        "WRITTEN_AT_ASC": ("written_at", "Oldest first."),
        "WRITTEN_AT_DESC": ("-written_at", "Newest first."),
    },
)


@strawberry.input(description="Which contests; all conditions hold together.")
class ContestFilter:
    and_: list["ContestFilter"] | None = every_of()
    or_: list["ContestFilter"] | None = some_of()
    not_: "ContestFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Is held by one of these brands.", "brand_id", ids_of="Brand"
    )
    state_in: list[ContestState] | None = any_of("Is in one of these states.", "state")
    publication_in: list[strawberry.ID] | None = any_of(
        "Is about one of these publications.",
        "publication_id",
        ids_of="Publication",
        via=through("ContestSource", "id", "contest_id"),
    )
    name_contains: str | None = contains("The name contains this.", "name")
    closes_at: TimeRange | None = between("Closes in this span.", "closes_at")


@strawberry.input(description="Which comments under contests; all conditions hold together.")
class ContestEntryFilter:
    and_: list["ContestEntryFilter"] | None = every_of()
    or_: list["ContestEntryFilter"] | None = some_of()
    not_: "ContestEntryFilter | None" = none_of()
    contest_in: list[strawberry.ID] | None = any_of(
        "Belongs to one of these contests.", "contest_id", ids_of="Contest"
    )
    state_in: list[EntryState] | None = any_of("Is in one of these states.", "state")
    person_in: list[strawberry.ID] | None = any_of(
        "Was written by one of these persons.", "person_id", ids_of="Person"
    )
    written_at: TimeRange | None = between("Was written in this span.", "written_at")


@strawberry.type
class ContestQueries:
    contests: Connection[Contest] = all_of(
        "The contests of the workspace.",
        "Contest",
        filters=ContestFilter,
        orders=ContestOrder,
        order=("-id",),
    )

    @strawberry.field(
        description="One contest; NOT_FOUND when there is none with this id.",
        metadata={LASTING: True},
    )
    async def contest(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The contest's id.")],  # noqa: A002 - its name in the API
    ) -> Contest | None:
        contest: Contest = found(await read_one(info, "Contest", row_id(id, "Contest")))
        return contest

    contest_entries: Connection[ContestEntry] = all_of(
        "The comments under contests of the workspace.",
        "ContestEntry",
        filters=ContestEntryFilter,
        orders=ContestEntryOrder,
        order=("written_at",),
    )
