"""Changing brands and campaigns."""

from datetime import date
from typing import Annotated

import strawberry

from hub.kernel.work import UnitOfWork
from hub.strategy import operations
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.strategy.types import Brand, Campaign


@strawberry.input(description="A brand to add.")
class BrandCreateInput(Given):
    slug: str = strawberry.field(description="Short name, unique in the workspace.")
    name: str = strawberry.field(description="Full name.")
    description: str = strawberry.field(default="", description="What it is and whom it speaks to.")
    locales: list[str] = strawberry.field(
        description='Languages it speaks as tags such as "fr" or "en-GB", the main one first.'
    )


@strawberry.input(description="What to change of a brand; what is left out stays.")
class BrandUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The brand.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    name: strawberry.Maybe[str | None] = strawberry.field(default=None, description="Full name.")
    description: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What it is and whom it speaks to."
    )
    locales: strawberry.Maybe[list[str] | None] = strawberry.field(
        default=None, description="Languages it speaks, the main one first."
    )


@strawberry.input(description="A campaign to add.")
class CampaignCreateInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="The brand it is for.")
    name: str = strawberry.field(description="What people call it.")
    objective: str = strawberry.field(default="", description="What it shall reach.")
    brief: str = strawberry.field(default="", description="What writers need to know.")
    locale: str = strawberry.field(
        default="en", description="The language it is written in, unless an item says otherwise."
    )
    starts_on: date | None = strawberry.field(
        default=strawberry.UNSET, description="First day; null: open."
    )
    ends_on: date | None = strawberry.field(
        default=strawberry.UNSET, description="Last day; null: open."
    )
    external_reference: str | None = strawberry.field(
        default=strawberry.UNSET, description="Your own key for it, unique in the workspace."
    )


@strawberry.input(description="What to change of a campaign; what is left out stays.")
class CampaignUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The campaign.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What people call it."
    )
    objective: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What it shall reach."
    )
    brief: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What writers need to know."
    )
    locale: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="The language it is written in."
    )
    starts_on: strawberry.Maybe[date | None] = strawberry.field(
        default=None, description="First day; null leaves it open."
    )
    ends_on: strawberry.Maybe[date | None] = strawberry.field(
        default=None, description="Last day; null leaves it open."
    )


@strawberry.type(description="The answer to brandCreate.")
class BrandCreatePayload(Payload):
    brand: Brand | None = result("Brand", "The new brand.")


@strawberry.type(description="The answer to brandUpdate.")
class BrandUpdatePayload(Payload):
    brand: Brand | None = result("Brand", "The brand as it is now.")


@strawberry.type(description="The answer to campaignCreate.")
class CampaignCreatePayload(Payload):
    campaign: Campaign | None = result("Campaign", "The new campaign.")


@strawberry.type(description="The answer to campaignUpdate.")
class CampaignUpdatePayload(Payload):
    campaign: Campaign | None = result("Campaign", "The campaign as it is now.")


@strawberry.type
class StrategyMutations:
    @strawberry.mutation(description="Add a brand.")
    async def brand_create(
        self,
        info: Info,
        input: Annotated[BrandCreateInput, strawberry.argument(description="The brand.")],  # noqa: A002 - its name in the API
    ) -> BrandCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            brand = await operations.create_brand(
                work,
                slug=input.slug,
                name=input.name,
                description=input.description,
                locales=input.locales,
            )
            return {"brand": brand.id}

        return await perform(info, BrandCreatePayload, act)

    @strawberry.mutation(description="Change a brand's name, description or languages.")
    async def brand_update(
        self,
        info: Info,
        input: Annotated[BrandUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> BrandUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            brand = await operations.update_brand(
                work,
                brand_id=wanted(input.id, "Brand", "id"),
                expected_version=input.expected_version,
                changes=changes(input, "name", "description", "locales"),
            )
            return {"brand": brand.id}

        return await perform(info, BrandUpdatePayload, act)

    @strawberry.mutation(description="Add a campaign to a brand.")
    async def campaign_create(
        self,
        info: Info,
        input: Annotated[CampaignCreateInput, strawberry.argument(description="The campaign.")],  # noqa: A002 - its name in the API
    ) -> CampaignCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            campaign = await operations.create_campaign(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                name=input.name,
                objective=input.objective,
                brief=input.brief,
                locale=input.locale,
                starts_on=input.starts_on,
                ends_on=input.ends_on,
                external_reference=input.external_reference,
            )
            return {"campaign": campaign.id}

        return await perform(info, CampaignCreatePayload, act)

    @strawberry.mutation(description="Change a campaign's words, language or days.")
    async def campaign_update(
        self,
        info: Info,
        input: Annotated[CampaignUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> CampaignUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            campaign = await operations.update_campaign(
                work,
                campaign_id=wanted(input.id, "Campaign", "id"),
                expected_version=input.expected_version,
                changes=changes(
                    input, "name", "objective", "brief", "locale", empty=("starts_on", "ends_on")
                ),
            )
            return {"campaign": campaign.id}

        return await perform(info, CampaignUpdatePayload, act)
