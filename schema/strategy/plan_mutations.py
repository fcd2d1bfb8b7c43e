"""Changing what a campaign plans, and what is to be reached."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry

from hub.kernel.work import UnitOfWork
from hub.publishing import plans
from hub.strategy import operations
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.strategy.goals import Goal, GoalMetric
from schema.strategy.types import Campaign


@strawberry.input(description="So many publications in a span of days, anywhere or in one place.")
class PlanEntryInput(Given):
    planned: int = strawberry.field(description="How many publications are wanted.")
    platform: str | None = strawberry.field(
        default=strawberry.UNSET, description="Key of the kind of place they go to."
    )
    channel_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The channel they go to, instead of a platform."
    )
    pillar_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The pillar they belong to."
    )
    starts_on: date = strawberry.field(description="First day.")
    ends_on: date = strawberry.field(description="Last day.")


@strawberry.input(description="The whole plan of a campaign; the former one is gone.")
class CampaignPlanSetInput(Given):
    campaign_id: strawberry.ID = strawberry.field(description="The campaign.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` of the campaign you read; CONFLICT if it is another by now.",
    )
    entries: list[PlanEntryInput] = strawberry.field(
        description=f"What is wanted, {plans.ENTRIES_MAX} entries at most; empty: no plan."
    )


@strawberry.input(description="A goal to set.")
class GoalCreateInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="The brand whose goal it is.")
    campaign_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The campaign whose goal it is; null: all of the brand's contents count.",
    )
    name: str = strawberry.field(description="What people call it.")
    metric: GoalMetric = strawberry.field(description="What is counted.")
    target: int = strawberry.field(description="How many there shall be.")
    starts_on: date = strawberry.field(description="First day, of UTC.")
    deadline: date = strawberry.field(description="Last day, of UTC.")


@strawberry.input(description="What to change of a goal; what is left out stays.")
class GoalUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="Which one.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What people call it."
    )
    target: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description="How many there shall be."
    )
    starts_on: strawberry.Maybe[date | None] = strawberry.field(
        default=None, description="First day."
    )
    deadline: strawberry.Maybe[date | None] = strawberry.field(
        default=None, description="Last day."
    )


@strawberry.input(description="A goal to remove.")
class GoalDeleteInput(Given):
    id: strawberry.ID = strawberry.field(description="Which one.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.type(description="The answer to campaignPlanSet.")
class CampaignPlanSetPayload(Payload):
    campaign: Campaign | None = result("Campaign", "The campaign with its plan as it is now.")


@strawberry.type(description="The answer to goalCreate.")
class GoalCreatePayload(Payload):
    goal: Goal | None = result("Goal", "The new goal.")


@strawberry.type(description="The answer to goalUpdate.")
class GoalUpdatePayload(Payload):
    goal: Goal | None = result("Goal", "The goal as it is now.")


@strawberry.type(description="The answer to goalDelete.")
class GoalDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of what is no more."
    )


@strawberry.type
class PlanMutations:
    @strawberry.mutation(description="Write the whole plan of a campaign.")
    async def campaign_plan_set(
        self,
        info: Info,
        input: Annotated[CampaignPlanSetInput, strawberry.argument(description="The plan.")],  # noqa: A002 - its name in the API
    ) -> CampaignPlanSetPayload:
        async def act(work: UnitOfWork) -> Made:
            campaign = await plans.set_plan(
                work,
                campaign_id=wanted(input.campaign_id, "Campaign", "campaignId"),
                expected_version=input.expected_version,
                entries=_entries(input.entries),
            )
            return {"campaign": campaign.id}

        return await perform(info, CampaignPlanSetPayload, act)

    @strawberry.mutation(description="Set a goal for a brand, or for one of its campaigns.")
    async def goal_create(
        self,
        info: Info,
        input: Annotated[GoalCreateInput, strawberry.argument(description="The goal.")],  # noqa: A002 - its name in the API
    ) -> GoalCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            made = await operations.create_goal(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                campaign_id=None
                if input.campaign_id is None
                else wanted(input.campaign_id, "Campaign", "campaignId"),
                name=input.name,
                metric=input.metric,
                target=input.target,
                starts_on=input.starts_on,
                deadline=input.deadline,
            )
            return {"goal": made.id}

        return await perform(info, GoalCreatePayload, act)

    @strawberry.mutation(description="Change a goal's name, target or days.")
    async def goal_update(
        self,
        info: Info,
        input: Annotated[GoalUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> GoalUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            made = await operations.update_goal(
                work,
                goal_id=wanted(input.id, "Goal", "id"),
                expected_version=input.expected_version,
                changes=changes(input, "name", "target", "starts_on", "deadline"),
            )
            return {"goal": made.id}

        return await perform(info, GoalUpdatePayload, act)

    @strawberry.mutation(description="Remove a goal.")
    async def goal_delete(
        self,
        info: Info,
        input: Annotated[GoalDeleteInput, strawberry.argument(description="The goal.")],  # noqa: A002 - its name in the API
    ) -> GoalDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            await operations.delete_goal(
                work,
                goal_id=wanted(input.id, "Goal", "id"),
                expected_version=input.expected_version,
            )
            return {}

        payload = await perform(info, GoalDeletePayload, act)
        payload.deleted_id = None if payload.errors else input.id
        return payload


def _entries(given: Sequence[PlanEntryInput]) -> list[plans.NewEntry]:
    return [_entry(one, "entries", str(index)) for index, one in enumerate(given)]


def _entry(given: PlanEntryInput, *path: str) -> plans.NewEntry:
    return plans.NewEntry(
        planned=given.planned,
        platform=given.platform,
        channel_id=None
        if given.channel_id is None
        else wanted(given.channel_id, "Channel", *path, "channelId"),
        pillar_id=None
        if given.pillar_id is None
        else wanted(given.pillar_id, "Pillar", *path, "pillarId"),
        starts_on=given.starts_on,
        ends_on=given.ends_on,
    )
