"""A plan is written as a whole."""

from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import select

from hub.kernel.ids import new_id
from hub.publishing.plans import NewEntry, set_plan
from hub.strategy import operations as strategy
from hub.strategy.models import PlanEntry
from tests.factories import World, a_channel
from tests.hub.traces import refusal, tell

FIRST, LAST = date(2030, 3, 1), date(2030, 3, 31)


def entry(planned: int = 2, **more: Any) -> NewEntry:
    return NewEntry(**{"planned": planned, "starts_on": FIRST, "ends_on": LAST, **more})


async def test_a_plan_replaces_the_one_before_and_counts_the_campaigns_version(
    world: World,
) -> None:
    channel_id = await a_channel(world)
    async with world.hub.unit_of_work(world.manager) as work:
        campaign = await strategy.create_campaign(work, brand_id=world.brand_id, name="C")
        pillar = await strategy.create_pillar(work, brand_id=world.brand_id, name="P")
        other = await strategy.create_brand(work, slug="o", name="O", locales=["en"])
        foreign = await strategy.create_pillar(work, brand_id=other.id, name="P")
    write = partial(set_plan, campaign_id=campaign.id)

    (told,) = await tell(
        world,
        world.manager,
        partial(
            write,
            entries=[entry(channel_id=channel_id, pillar_id=pillar.id), entry(3, platform="feed")],
            expected_version=1,
        ),
    )
    assert (told.name, told.data) == ("campaign.plan_set", {"entries": 2, "planned": 5})
    stale = partial(write, entries=[], expected_version=1)
    assert await refusal(world, world.manager, stale) == ("CONFLICT", ("input", "expectedVersion"))

    await tell(world, world.manager, partial(write, entries=[entry(4)], expected_version=2))
    async with world.hub.unit_of_work(world.manager) as work:
        await strategy.delete_pillar(work, pillar_id=pillar.id)
        rows = await work.all(select(PlanEntry))
    assert [(row.planned, row.platform, row.position) for row in rows] == [(4, None, 0)]

    wrong: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"planned": 0}, ("INVALID", "planned")),
        ({"planned": 1_001}, ("INVALID", "planned")),
        ({"ends_on": date(2030, 2, 1)}, ("INVALID", "endsOn")),
        ({"ends_on": date(2032, 1, 1)}, ("INVALID", "endsOn")),
        ({"platform": "nowhere"}, ("INVALID", "platform")),
        ({"platform": "feed", "channel_id": channel_id}, ("INVALID", "platform")),
        ({"channel_id": new_id()}, ("NOT_FOUND", "channelId")),
        ({"pillar_id": foreign.id}, ("INVALID", "pillarId")),
    ]
    for change, (code, field) in wrong:
        act = partial(write, entries=[entry(), entry(**change)])
        found = await refusal(world, world.manager, act)
        assert found == (code, ("input", "entries", "1", field)), change
    many = partial(write, entries=[entry()] * 51)
    assert await refusal(world, world.manager, many) == ("INVALID", ("input", "entries"))
