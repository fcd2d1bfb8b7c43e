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
    own_domains: list[str] = strawberry.field(
        default_factory=list,
        description="Its own domains, without https://: links to them get a campaign's parameters.",
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
    own_domains: strawberry.Maybe[list[str] | None] = strawberry.field(
        default=None,
        description="Its own domains; empty: every link gets a campaign's parameters. What is "
        "scheduled with links that are followed by others now is held as EDITION_STALE.",
    )


_IN_BRACES = "{platform}, {channel}, {campaign}, {content} and {locale} are filled in"


@strawberry.input(
    description="What links get added. They keep what they have of it, and all else they have."
)
class UtmInput(Given):
    source: str = strawberry.field(description=f"Becomes utm_source; {_IN_BRACES}.")
    medium: str = strawberry.field(default="", description="Becomes utm_medium; empty: not added.")
    campaign: str = strawberry.field(
        default="", description="Becomes utm_campaign; empty: not added."
    )
    term: str = strawberry.field(default="", description="Becomes utm_term; empty: not added.")
    content: str = strawberry.field(
        default="", description="Becomes utm_content; empty: not added."
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
    paid: bool = strawberry.field(
        default=False, description="Whether somebody pays for it: disclosures may be needed then."
    )
    utm: UtmInput | None = strawberry.field(
        default=strawberry.UNSET, description="What its links get added; null: nothing."
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
    paid: strawberry.Maybe[bool | None] = strawberry.field(
        default=None, description="Whether somebody pays for it."
    )
    utm: strawberry.Maybe[UtmInput | None] = strawberry.field(
        default=None,
        description="What its links get added; null: nothing. What is scheduled with other links "
        "is held as EDITION_STALE: submit it for review again.",
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
                own_domains=input.own_domains,
            )
            return {"brand": brand.id}

        return await perform(info, BrandCreatePayload, act)

    @strawberry.mutation(description="Change a brand's name, description, languages or domains.")
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
                changes=changes(input, "name", "description", "locales", "own_domains"),
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
                paid=input.paid,
                utm=None if input.utm is None else vars(input.utm),
            )
            return {"campaign": campaign.id}

        return await perform(info, CampaignCreatePayload, act)

    @strawberry.mutation(
        description="Change a campaign's words, language, days, payment or link parameters."
    )
    async def campaign_update(
        self,
        info: Info,
        input: Annotated[CampaignUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> CampaignUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            given = changes(
                input,
                *("name", "objective", "brief", "locale", "paid"),
                empty=("starts_on", "ends_on", "utm"),
            )
            if given.get("utm") is not None:
                given["utm"] = vars(given["utm"])
            campaign = await operations.update_campaign(
                work,
                campaign_id=wanted(input.id, "Campaign", "id"),
                expected_version=input.expected_version,
                changes=given,
            )
            return {"campaign": campaign.id}

        return await perform(info, CampaignUpdatePayload, act)
