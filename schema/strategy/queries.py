"""Asking for brands and campaigns."""

from typing import Annotated

import strawberry

from hub.content.voice import problem_of
from hub.strategy import guides
from schema.base.fields import LASTING
from schema.base.filters import (
    any_of,
    contains,
    equal,
    every_of,
    none_of,
    some_of,
    words_in,
)
from schema.base.limits import SIZE
from schema.base.lists import all_of, ordering
from schema.base.node import row_id
from schema.base.offers import Problem, problem
from schema.base.paging import Connection
from schema.base.reading import Info, found, read_one
from schema.strategy.goals import Goal, GoalMetric
from schema.strategy.types import Brand, Campaign

BrandOrder = ordering(
    "BrandOrder",
    "Orders of brands.",
    {
        "NAME_ASC": ("name", "By name."),
        "NAME_DESC": ("-name", "By name, backwards."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
CampaignOrder = ordering(
    "CampaignOrder",
    "Orders of campaigns; those without a day come last.",
    {
        "STARTS_ON_ASC": ("starts_on", "Earliest start first."),
        "STARTS_ON_DESC": ("-starts_on", "Latest start first."),
        "NAME_ASC": ("name", "By name."),
        "NAME_DESC": ("-name", "By name, backwards."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)

GoalOrder = ordering(
    "GoalOrder",
    "Orders of goals.",
    {
        "DEADLINE_ASC": ("deadline", "Earliest deadline first."),
        "DEADLINE_DESC": ("-deadline", "Latest deadline first."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)


@strawberry.input(description="Which brands; all conditions hold together.")
class BrandFilter:
    and_: list["BrandFilter"] | None = every_of()
    or_: list["BrandFilter"] | None = some_of()
    not_: "BrandFilter | None" = none_of()
    slug_in: list[str] | None = any_of("Has one of these short names.", "slug")
    name_contains: str | None = contains("The name contains this.", "name")


@strawberry.input(description="Which campaigns; all conditions hold together.")
class CampaignFilter:
    and_: list["CampaignFilter"] | None = every_of()
    or_: list["CampaignFilter"] | None = some_of()
    not_: "CampaignFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Is for one of these brands.", "brand_id", ids_of="Brand"
    )
    locale_in: list[str] | None = any_of("Is written in one of these languages.", "locale")
    name_contains: str | None = contains("The name contains this.", "name")
    search: str | None = words_in(
        "Has these words in its name, your key, its objective or its brief."
    )
    external_reference: str | None = equal("Has this key of yours.", "external_reference")


@strawberry.input(description="Which goals; all conditions hold together.")
class GoalFilter:
    and_: list["GoalFilter"] | None = every_of()
    or_: list["GoalFilter"] | None = some_of()
    not_: "GoalFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Is of one of these brands.", "brand_id", ids_of="Brand"
    )
    campaign_in: list[strawberry.ID] | None = any_of(
        "Is of one of these campaigns.", "campaign_id", ids_of="Campaign"
    )
    metric_in: list[GoalMetric] | None = any_of("Counts one of these.", "metric")


@strawberry.type
class StrategyQueries:
    brands: Connection[Brand] = all_of(
        "The brands of the workspace.",
        "Brand",
        filters=BrandFilter,
        orders=BrandOrder,
        order=("name",),
    )

    @strawberry.field(
        description="One brand; NOT_FOUND when there is none with this id.",
        metadata={LASTING: True},
    )
    async def brand(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The brand's id.")],  # noqa: A002 - its name in the API
    ) -> Brand | None:
        brand: Brand = found(await read_one(info, "Brand", row_id(id, "Brand")))
        return brand

    campaigns: Connection[Campaign] = all_of(
        "The campaigns of the workspace.",
        "Campaign",
        filters=CampaignFilter,
        orders=CampaignOrder,
        order=("-id",),
    )

    goals: Connection[Goal] = all_of(
        "The goals of the workspace.",
        "Goal",
        filters=GoalFilter,
        orders=GoalOrder,
        order=("deadline",),
    )

    @strawberry.field(
        description="What a brand's voice guide says of a text while it is written, in the order "
        "of the text. Nothing is stored; without a guide for the language nothing is wrong.",
        metadata={SIZE: 20},
    )
    async def voice_check(
        self,
        info: Info,
        brand_id: Annotated[strawberry.ID, strawberry.argument(description="The brand.")],
        locale: Annotated[
            str, strawberry.argument(description='Its language as a tag, such as "fr".')
        ],
        text: Annotated[str, strawberry.argument(description="The words; `field` is `text`.")],
        tags: Annotated[
            list[str] | None, strawberry.argument(description="Tags that go out beside it.")
        ] = strawberry.UNSET,
        paid: Annotated[
            bool, strawberry.argument(description="Whether somebody pays for it.")
        ] = False,
    ) -> list[Problem]:
        async with info.context.unit_of_work() as work:
            found = await guides.check(
                work,
                brand_id=row_id(brand_id, "Brand", path=("brandId",)),
                locale=locale,
                text=text,
                tags=tags or (),
                paid=paid,
            )
        return [problem(problem_of(one)) for one in found]
