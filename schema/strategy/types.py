"""Why and how a brand speaks, as the API shows it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.kernel.caller import Permission
from hub.kernel.shapes import Expression, columns, first_of
from hub.strategy import models
from schema.base.fields import column, paged, reads, to_one
from schema.base.node import Node
from schema.base.offers import Action, Problem, available_actions, problems
from schema.base.paging import Connection

if TYPE_CHECKING:
    from schema.channels.types import Channel
    from schema.content.types import ContentItem

Channels = Connection[Annotated["Channel", strawberry.lazy("schema.channels.types")]]
ContentItems = Connection[Annotated["ContentItem", strawberry.lazy("schema.content.types")]]


@reads(models.Brand, permission=Permission.STRATEGY_READ)
@strawberry.type(description="A name under which the workspace speaks.")
class Brand(Node):
    slug: str = column("Short name, for addresses.")
    name: str = column("Full name.")
    description: str = column("What it is and whom it speaks to.")
    locales: list[str] = column("Languages it speaks, the main one first.")
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


#: A campaign without one of its days runs from ever, or for ever.
_DAYS: Mapping[str, Expression] = {
    "first_day": lambda campaign: first_of(campaign.c.starts_on, date.min),
    "last_day": lambda campaign: first_of(campaign.c.ends_on, date.max),
    "any_day": lambda campaign: first_of(campaign.c.starts_on, campaign.c.ends_on),
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
    content_items: ContentItems | None = paged(
        "Its contents, newest first.", columns("id", "campaign_id")
    )
    problems: list[Problem] = problems("Campaign")
    available_actions: list[Action] = available_actions("Campaign")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
