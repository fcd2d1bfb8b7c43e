"""Why and how a brand speaks, as the API shows it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.actions import Action
from hub.kernel.caller import Permission
from hub.kernel.shapes import Expression, columns, first_of
from hub.publishing.plans import plan_facts
from hub.strategy import models
from hub.strategy.utm import PARAMETERS
from schema.base.fields import (
    Asking,
    Facts,
    column,
    computed,
    embedded,
    listed,
    paged,
    reads,
    to_one,
)
from schema.base.node import Node
from schema.base.offers import Problem, available_actions, problems
from schema.base.paging import Connection
from schema.strategy.plans import CampaignPlan, plan_of
from schema.strategy.voice import VoiceGuide

if TYPE_CHECKING:
    from schema.channels.types import Channel
    from schema.content.types import ContentItem
    from schema.strategy.goals import Goal

Channels = Connection[Annotated["Channel", strawberry.lazy("schema.channels.types")]]
ContentItems = Connection[Annotated["ContentItem", strawberry.lazy("schema.content.types")]]
Goals = Connection[Annotated["Goal", strawberry.lazy("schema.strategy.goals")]]


@reads(models.Brand, permission=Permission.STRATEGY_READ)
@strawberry.type(description="A name under which the workspace speaks.")
class Brand(Node):
    slug: str = column("Short name, for addresses.")
    name: str = column("Full name.")
    description: str = column("What it is and whom it speaks to.")
    locales: list[str] = column("Languages it speaks, the main one first.")
    own_domains: list[str] = column(
        "Its own domains: links to them get the parameters of a campaign. None: every link does."
    )
    voice_guides: list[VoiceGuide] = listed(
        "How it speaks, by language.", columns("id", "brand_id"), order=("locale",)
    )
    audiences: Connection[Annotated["Audience", strawberry.lazy("schema.strategy.types")]] = paged(
        "Whom it speaks to, oldest first.", columns("id", "brand_id"), order=("id",)
    )
    pillars: Connection[Annotated["Pillar", strawberry.lazy("schema.strategy.types")]] = paged(
        "The themes it comes back to, oldest first.", columns("id", "brand_id"), order=("id",)
    )
    goals: Goals = paged("Its goals, those of its campaigns too.", columns("id", "brand_id"))
    campaigns: Connection[Annotated["Campaign", strawberry.lazy("schema.strategy.types")]] = paged(
        "Its campaigns, newest first.", columns("id", "brand_id")
    )
    channels: Channels | None = paged("Its channels, newest first.", columns("id", "brand_id"))
    content_items: ContentItems | None = paged(
        "Its contents, newest first.", columns("id", "brand_id")
    )
    problems: list[Problem] = problems("Brand")
    available_actions: list[Action] = available_actions("Brand")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")


@reads(models.Audience, permission=Permission.STRATEGY_READ)
@strawberry.type(description="People a brand speaks to.")
class Audience(Node):
    brand: Brand = to_one("The brand that speaks to them.", columns("brand_id"))
    name: str = column("What people call them.")
    description: str = column("Who they are.")
    needs: str = column("What they need, and what they ask for.")
    locales: list[str] = column("Languages they read.")
    problems: list[Problem] = problems("Audience")
    available_actions: list[Action] = available_actions("Audience")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")


@reads(models.Pillar, permission=Permission.STRATEGY_READ)
@strawberry.type(description="A theme a brand comes back to.")
class Pillar(Node):
    brand: Brand = to_one("The brand whose theme it is.", columns("brand_id"))
    name: str = column("What people call it.")
    description: str = column("What belongs to it.")
    target_share: int | None = column(
        "How much of the brand's contents it should be, in percent; null: nobody has said."
    )
    content_items: ContentItems | None = paged(
        "Contents that belong to it, newest first.", columns("id", "pillar_id")
    )
    problems: list[Problem] = problems("Pillar")
    available_actions: list[Action] = available_actions("Pillar")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")


@strawberry.type(
    description="What links get added so that visits can be told apart. In values, {platform}, "
    "{channel}, {campaign}, {content} and {locale} stand for the short names of where it goes."
)
class UtmTemplate:
    source: str = strawberry.field(description="Becomes utm_source.")
    medium: str | None = strawberry.field(description="Becomes utm_medium; null: not added.")
    campaign: str | None = strawberry.field(description="Becomes utm_campaign; null: not added.")
    term: str | None = strawberry.field(description="Becomes utm_term; null: not added.")
    content: str | None = strawberry.field(description="Becomes utm_content; null: not added.")


def _utm(facts: Facts, _asking: Asking) -> UtmTemplate | None:
    template = facts["utm"]
    if template is None:
        return None
    return UtmTemplate(**{name: template.get(name) for name in PARAMETERS})


#: A campaign without one of its days runs from ever, or for ever.
_DAYS: Mapping[str, Expression] = {
    "first_day": lambda campaign: first_of(campaign.c.starts_on, date.min),
    "last_day": lambda campaign: first_of(campaign.c.ends_on, date.max),
    "any_day": lambda campaign: first_of(campaign.c.starts_on, campaign.c.ends_on),
    "plan_facts": plan_facts,
}


@reads(models.Campaign, permission=Permission.STRATEGY_READ, facts=_DAYS)
@strawberry.type(description="What a brand wants to reach in a period, and the brief for writers.")
class Campaign(Node):
    brand: Brand = to_one("The brand it is for.", columns("brand_id"))
    name: str = column("What people call it.")
    objective: str = column("What it shall reach.")
    brief: str = column("What writers need to know.")
    locale: str = column("The language it is written in, unless an item says otherwise.")
    starts_on: date | None = column("First day; null: open.")
    ends_on: date | None = column("Last day; null: open.")
    external_reference: str | None = column("Your own key for it, unique in the workspace.")
    paid: bool = column("Whether somebody pays for it: disclosures may be needed then.")
    utm: UtmTemplate | None = computed(
        "What its links get added; null: nothing.", needs=("utm",), make=_utm, lasting=True
    )
    plan: CampaignPlan = embedded(
        "How many publications it wants where and when, and how far that is filled.",
        needs=("plan_facts",),
        target="PlanEntry",
        link=columns("id", "campaign_id"),
        make=plan_of,
        lasting=True,
    )
    goals: Goals = paged("Its goals, newest first.", columns("id", "campaign_id"))
    content_items: ContentItems | None = paged(
        "Its contents, newest first.", columns("id", "campaign_id")
    )
    problems: list[Problem] = problems("Campaign")
    available_actions: list[Action] = available_actions("Campaign")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
