"""Only what changed is kept."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from hub.analytics import operations as analytics
from hub.analytics.models import Measurement
from hub.kernel.errors import NotFound
from hub.kernel.ids import new_id
from hub.publishing.models import Publication
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication
from tests.hub.traces import promised, put, refusal, tell


async def measured(world: World, row: Publication, **counters: int) -> Mapping[str, int]:
    async with world.hub.unit_of_work(world.system) as work:
        return await analytics.record(
            work, publication_id=row.id, counters=counters, approximate=False
        )


async def rows(world: World) -> list[tuple[str, int]]:
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.all(
            select(Measurement).order_by(Measurement.measured_at, Measurement.id)
        )
        return [(row.metric, row.value) for row in found]


async def test_only_changes_are_kept_and_told(world: World) -> None:
    row = await a_publication(world, channel_id=await a_channel(world))

    assert await measured(world, row, likes=1, replies=0) == {"likes": 1, "replies": 0}
    assert await measured(world, row, likes=1, replies=0) == {}
    assert await measured(world, row, likes=2, replies=0) == {"likes": 2}
    assert await measured(world, row, likes=1) == {"likes": 1}

    assert sorted(await rows(world)) == [("likes", 1), ("likes", 1), ("likes", 2), ("replies", 0)]
    async with world.hub.unit_of_work(world.system) as work:
        assert await analytics.latest(work, publication_id=row.id) == {"likes": 1, "replies": 0}
    (told,) = await tell(
        world,
        world.system,
        lambda work: analytics.record(
            work, publication_id=row.id, counters={"likes": 1, "views": 5}, approximate=True
        ),
    )
    assert (told.name, told.subject_id) == ("publication.measured", row.id)
    assert told.data == {"counters": {"views": 5}}


async def test_a_counter_may_be_larger_than_32_bits(world: World) -> None:
    row = await a_publication(world, channel_id=await a_channel(world))

    assert await measured(world, row, views=5_000_000_000) == {"views": 5_000_000_000}


async def test_two_who_measure_at_once_keep_one_value(world: World) -> None:
    row = await a_publication(world, channel_id=await a_channel(world))

    kept = await asyncio.gather(*(measured(world, row, likes=7) for _ in range(4)))

    assert sorted(len(one) for one in kept) == [0, 0, 0, 1]
    assert await rows(world) == [("likes", 7)]


async def test_somebody_can_measure_at_once(world: World, database: Database) -> None:
    row = await a_publication(world, channel_id=await a_channel(world))
    act: Any = lambda work: analytics.measure_now(work, publication_id=row.id)  # noqa: E731 - said twice

    assert await refusal(world, world.editor, act) == ("WRONG_STATE", ("input", "id"))
    await put(
        database,
        "publications",
        row.id,
        state="PUBLISHED",
        remote_id="1",
        sent_hash=row.approved_hash,
    )
    assert await tell(world, world.editor, act) == []
    assert ("analytics.measure", f"measure:{row.id}") in await promised(world.hub)


async def test_what_is_not_there_is_not_measured(world: World) -> None:
    with pytest.raises(NotFound):
        async with world.hub.unit_of_work(world.system) as work:
            await analytics.record(
                work, publication_id=new_id(), counters={"likes": 1}, approximate=False
            )
