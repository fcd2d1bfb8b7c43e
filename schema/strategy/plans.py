"""The plan of a campaign, as the API shows it."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from hub.kernel.caller import Permission
from hub.kernel.shapes import columns
from hub.publishing import coverage
from hub.strategy import models
from schema.base.fields import Asking, Facts, column, reads, to_one
from schema.base.limits import SIZE
from schema.base.node import Node

if TYPE_CHECKING:
    from schema.channels.types import Channel
    from schema.strategy.types import Campaign, Pillar

_SIZE = 10


@reads(models.PlanEntry, permission=Permission.STRATEGY_READ)
@strawberry.type(description="So many publications in a span of days, anywhere or in one place.")
class PlanEntry(Node):
    campaign: Annotated["Campaign", strawberry.lazy("schema.strategy.types")] = to_one(
        "The campaign that plans it.", columns("campaign_id")
    )
    position: int = column("Its place in the plan, from 0.")
    planned: int = column("How many publications are wanted.")
    platform: str | None = column("Key of the kind of place they go to; null: any.")
    channel: Annotated["Channel", strawberry.lazy("schema.channels.types")] | None = to_one(
        "The channel they go to; null: any.", columns("channel_id")
    )
    pillar: Annotated["Pillar", strawberry.lazy("schema.strategy.types")] | None = to_one(
        "The pillar they belong to; null: any.", columns("pillar_id")
    )
    starts_on: date = column("First day.")
    ends_on: date = column("Last day.")


@strawberry.type(description="An entry of a plan, and how far it is filled.")
class PlanCoverage:
    entry: PlanEntry | None = strawberry.field(description="What is wanted.")
    planned: int = strawberry.field(description="How many publications are wanted.")
    in_preparation: int = strawberry.field(
        description="Contents in review for the place, or with words of their own for it, that "
        "have no time yet."
    )
    scheduled: int = strawberry.field(
        description="Publications with a time, what is held or unconfirmed included."
    )
    published: int = strawberry.field(description="Publications that are out.")
    missing: int = strawberry.field(description="How many nobody has begun.")


@strawberry.type(description="A week in which a plan lacks publications.")
class PlanGap:
    entry: PlanEntry | None = strawberry.field(description="The entry that lacks them.")
    week_of: date = strawberry.field(description="The Monday of the week.")
    missing: int = strawberry.field(description="How many are missing.")


@strawberry.type(
    description="What a campaign plans, and how far that is filled. A publication counts once, for "
    "the narrowest entry it fits; its day is that of its channel's time zone."
)
class CampaignPlan:
    entries: list[PlanCoverage] = strawberry.field(
        description="Every entry of the plan, in its order.", metadata={SIZE: _SIZE}
    )
    gaps: list[PlanGap] = strawberry.field(
        description="Which entries lack how many, by week.", metadata={SIZE: _SIZE}
    )
    planned: int = strawberry.field(description="How many publications are wanted in all.")
    in_preparation: int = strawberry.field(description="How many are being prepared.")
    scheduled: int = strawberry.field(description="How many have a time.")
    published: int = strawberry.field(description="How many are out.")
    missing: int = strawberry.field(description="How many nobody has begun.")


def plan_of(facts: Facts, _asking: Asking, entries: Mapping[str, Any]) -> CampaignPlan:
    """Return the plan made of its facts, and of its entries as far as they are asked for."""
    covered = coverage.read(facts["plan_facts"])
    return CampaignPlan(
        entries=[
            PlanCoverage(
                entry=entries.get(str(one.wanted.id)),
                planned=one.wanted.planned,
                in_preparation=one.in_preparation,
                scheduled=one.scheduled,
                published=one.published,
                missing=one.missing,
            )
            for one in covered
        ],
        gaps=[
            PlanGap(entry=entries.get(str(one.wanted.id)), week_of=gap.week, missing=gap.missing)
            for one in covered
            for gap in one.gaps
        ],
        planned=sum(one.wanted.planned for one in covered),
        in_preparation=sum(one.in_preparation for one in covered),
        scheduled=sum(one.scheduled for one in covered),
        published=sum(one.published for one in covered),
        missing=sum(one.missing for one in covered),
    )
