"""The unit of work: all or nothing, in one workspace, on two clocks."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased

from hub.audit.models import EventRow
from hub.kernel.clock import set_offset
from hub.kernel.errors import WrongState
from hub.kernel.ids import new_id
from hub.kernel.jobs import JobRow
from hub.kernel.queue import ACTOR, Queue
from hub.kernel.settings import Settings
from hub.kernel.work import Hub, Reactions, UnitOfWork
from hub.reactions import KEEP
from hub.strategy.models import Brand, Campaign
from tests.conftest import Database
from tests.factories import World, a_world
from tests.hub.kernel.errands import Errand, Followed, Happened, KeyedErrand
from tests.hub.traces import events_of, promised

SUBJECT = new_id()


async def counts(world: World) -> tuple[int, int, int]:
    """Return how many brands, events of tests and jobs there are."""
    async with world.hub.unit_of_work(world.system) as work:
        brands = await work.one(select(func.count()).select_from(Brand))
        events = await work.one(
            select(func.count()).select_from(EventRow).where(EventRow.name.like("test.%"))
        )
        jobs = await work.one(select(func.count()).select_from(JobRow))
        return brands or 0, events or 0, jobs or 0


def a_brand(work: UnitOfWork, name: str = "Second") -> Brand:
    return Brand(
        workspace_id=work.caller.workspace_id, slug=name, name=name, description="", locales=["en"]
    )


async def do_all_three(work: UnitOfWork) -> None:
    work.session.add(a_brand(work))
    work.record(Happened(subject_id=SUBJECT, note="hello"))
    work.promise(Errand(workspace_id=work.caller.workspace_id))


@pytest.fixture
def queue(settings: Settings) -> redis.Redis:
    """The queue's own database, empty."""
    client = redis.Redis.from_url(settings.redis_url)
    client.flushdb()
    return client


async def depths(hub: Hub) -> dict[str, int]:
    """Return what waits in the queue once everything is rung: nobody waits for the bell."""
    await asyncio.gather(*hub._ringing)
    return await hub.queue.depths()


async def another_hub(settings: Settings, reactions: Reactions) -> AsyncIterator[Hub]:
    hub = Hub(settings, reactions=reactions, keep=KEEP)
    try:
        yield hub
    finally:
        await hub.close()


async def test_rows_events_and_jobs_are_there_together_and_the_bell_is_rung(
    world: World, queue: redis.Redis
) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        await do_all_three(work)
        assert await depths(world.hub) == {"default": 0, "publishing": 0, "media": 0, "webhooks": 0}

    assert await counts(world) == (2, 1, 1)
    async with world.hub.unit_of_work(world.system) as work:
        event = await work.one(select(EventRow).where(EventRow.name == "test.happened"))
        job = await work.one(select(JobRow))
        assert event is not None
        assert job is not None
        assert (event.subject_id, event.data) == (SUBJECT, {"note": "hello"})
        assert (event.actor_id, event.actor_name) == (world.editor.member_id, "Editor of acme")
        assert (event.actor_kind, event.sequence, event.hash) == ("member", None, None)
    assert await depths(world.hub) == {"default": 1, "publishing": 0, "media": 0, "webhooks": 0}
    (message,) = queue.hgetall("hub:default.msgs").values()
    assert str(job.id).encode() in message
    assert ACTOR.encode() in message
    assert str(world.workspace_id).encode() not in message


async def test_an_error_leaves_nothing_and_rings_nothing(world: World, queue: redis.Redis) -> None:
    async def act() -> None:
        async with world.hub.unit_of_work(world.editor) as work:
            await do_all_three(work)
            await work.session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await act()

    assert await counts(world) == (1, 0, 0)
    assert await depths(world.hub) == {"default": 0, "publishing": 0, "media": 0, "webhooks": 0}


async def test_a_row_the_database_refuses_takes_everything_with_it(world: World) -> None:
    async def act() -> None:
        async with world.hub.unit_of_work(world.editor) as work:
            await do_all_three(work)
            brand = a_brand(work, name="no workspace")
            brand.workspace_id = new_id()
            work.session.add(brand)

    with pytest.raises(DBAPIError):
        await act()
    assert await counts(world) == (1, 0, 0)


async def test_a_reaction_that_refuses_rolls_everything_back(
    world: World, settings: Settings
) -> None:
    async def refuse(work: UnitOfWork, happened: Happened) -> None:
        # It sees what the act has written.
        assert await work.one(select(Brand.id).where(Brand.slug == "Second")) is not None
        raise WrongState(f"No {happened.note}.")

    async for hub in another_hub(settings, {Happened: [refuse]}):
        with pytest.raises(WrongState, match="No hello"):
            async with hub.unit_of_work(world.editor) as work:
                await do_all_three(work)

    assert await counts(world) == (1, 0, 0)


async def test_reactions_may_cause_more_events_and_all_of_them_are_kept_in_order(
    world: World, settings: Settings
) -> None:
    followed: list[Any] = []

    async def follow(work: UnitOfWork, happened: Happened) -> None:
        work.record(Followed(subject_id=happened.subject_id))
        work.promise(Errand(workspace_id=work.caller.workspace_id, note="from a reaction"))

    async def note(_work: UnitOfWork, happened: Followed) -> None:
        followed.append(happened.subject_id)

    async for hub in another_hub(settings, {Happened: [follow], Followed: [note]}):
        async with hub.unit_of_work(world.editor) as work:
            for _ in range(20):
                work.record(Happened(subject_id=SUBJECT))

    assert followed == [SUBJECT] * 20
    told = [event.name for event in await events_of(world) if event.name.startswith("test.")]
    assert told == ["test.happened"] * 20 + ["test.followed"] * 20
    assert await promised(world.hub) == [("test.errand", None)] * 20


async def test_a_queue_that_is_down_only_delays_the_work(world: World, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    down = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})

    async for hub in another_hub(down, {}):
        async with hub.unit_of_work(world.editor) as work:
            await do_all_three(work)
        assert not await hub.queue.is_up()
        with pytest.raises(redis.RedisError):
            await hub.queue.depths()
        assert await hub.is_up()

    assert await counts(world) == (2, 1, 1)
    assert await world.hub.queue.is_up()


async def test_bells_go_to_their_queues_in_messages_of_a_hundred(
    world: World, queue: redis.Redis
) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        for _ in range(101):
            work.promise(Errand(workspace_id=world.workspace_id))
        work.promise(KeyedErrand(workspace_id=world.workspace_id, subject_id=SUBJECT))
        work.promise(
            Errand(workspace_id=world.workspace_id), due_at=work.now + timedelta(minutes=1)
        )

    assert await depths(world.hub) == {"default": 2, "publishing": 0, "media": 1, "webhooks": 0}


async def test_nothing_is_rung_where_nothing_is_due(settings: Settings, queue: redis.Redis) -> None:
    bell = Queue(settings.redis_url)

    assert await bell.ring([])

    bell.close()
    assert queue.dbsize() == 0


async def test_every_statement_keeps_to_the_workspace(hub: Hub) -> None:
    one, other = await a_world(hub, slug="one"), await a_world(hub, slug="other")

    # Turn by turn: what a statement was compiled for once must not stick to it.
    for world, foreign in [(one, other), (other, one)] * 3:
        async with hub.unit_of_work(world.system) as work:
            found = await work.all(select(Brand.id))
            assert found == [world.brand_id]
            assert await work.one(select(Brand).where(Brand.id == foreign.brand_id)) is None
            assert await work.session.get(Brand, foreign.brand_id) is None
            assert await work.session.get(Brand, world.brand_id) is not None
            assert await work.one(select(func.count()).select_from(Brand)) == 1
            alias = aliased(Brand)
            assert await work.all(select(alias.id)) == [world.brand_id]
            joined = select(Brand.id).join(alias, alias.id != Brand.id)
            assert await work.all(joined) == []
            within = select(Brand.id).where(Brand.id.in_(select(alias.id)))
            assert await work.all(within) == [world.brand_id]
            change = update(Brand).where(Brand.id == foreign.brand_id).values(name="Stolen")
            assert await work.change(change) == 0
            assert await work.change(update(Brand).values(description="Seen")) == 1
            assert await work.change(delete(Brand).where(Brand.id == foreign.brand_id)) == 0
            assert await work.change(delete(Campaign)) == 0
    async with hub.unit_of_work(one.system) as work:
        brand = await work.one(select(Brand))
        assert brand is not None
        assert brand.name == "Brand"


async def test_the_scope_of_the_session_stands_even_where_policies_do_not(
    hub: Hub, settings: Settings, database: Database
) -> None:
    one, other = await a_world(hub, slug="one"), await a_world(hub, slug="other")
    owner = settings.model_copy(update={"database_url": database.owner_url})

    async for unbound in another_hub(owner, {}):
        async with unbound.unit_of_work(one.system) as work:
            assert await work.all(select(Brand.id)) == [one.brand_id]
            change = update(Brand).where(Brand.id == other.brand_id).values(name="Stolen")
            assert await work.change(change) == 0
            assert await work.change(update(Brand).values(description="Seen")) == 1
            assert await work.change(delete(Brand)) == 1
    async with hub.unit_of_work(other.system) as work:
        brand = await work.one(select(Brand))
        assert brand is not None
        assert (brand.id, brand.name) == (other.brand_id, "Brand")


async def test_the_hubs_clock_can_be_moved_and_the_bare_one_cannot(
    world: World, database: Database, settings: Settings
) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        before_now, before_clock = work.now, work.clock
        assert abs(work.now - work.clock) < timedelta(seconds=1)

    owner = Hub(
        settings.model_copy(update={"database_url": database.owner_url}), reactions={}, keep=KEEP
    )
    async with owner.engine.begin() as connection:
        await set_offset(connection, timedelta(days=3))
    await owner.close()

    async with world.hub.unit_of_work(world.editor) as work:
        assert timedelta(days=3) <= work.now - before_now < timedelta(days=3, minutes=1)
        assert timedelta() <= work.clock - before_clock < timedelta(minutes=1)
    assert await world.hub.now() - before_now >= timedelta(days=3)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with world.hub.engine.begin() as connection:
            await set_offset(connection, timedelta())


async def test_a_hub_without_its_database_says_so(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    away = settings.model_copy(
        update={"database_url": f"postgresql+asyncpg://hub_app:x@127.0.0.1:{port}/none"}
    )

    async for hub in another_hub(away, {}):
        assert not await hub.is_up()
