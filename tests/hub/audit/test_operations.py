"""The chain of events: sealed in order, the same for everybody, and broken by any change."""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from sqlalchemy import func, select

from hub.audit import operations as audit
from hub.audit.models import EventChain, EventRow
from hub.audit.rules import chained
from hub.kernel.events import Event
from hub.kernel.ids import new_id
from hub.kernel.work import Hub
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, a_world


@dataclass(frozen=True, kw_only=True)
class Noted(Event):
    """Something was noted."""

    name: ClassVar[str] = "test.noted"
    subject_type: ClassVar[str] = "Test"

    number: int


async def seal(world: World) -> int:
    async with world.hub.unit_of_work(world.system) as work:
        return await audit.seal(work)


async def note(world: World, *numbers: int) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        for number in numbers:
            work.record(Noted(subject_id=new_id(), number=number))


async def sealed(world: World) -> list[EventRow]:
    async with world.hub.unit_of_work(world.system) as work:
        found = select(EventRow).where(EventRow.sequence.is_not(None))
        return list(await work.all(found.order_by(EventRow.sequence)))


async def broken_at(world: World) -> int | None:
    """Recompute the chain; return the first sequence that does not fit, if any."""
    previous = ""
    for expected, row in enumerate(await sealed(world), start=1):
        previous = chained(previous, audit.facts(row))
        if row.sequence != expected or row.hash != previous:
            return expected
    async with world.hub.unit_of_work(world.system) as work:
        chain = await work.one(select(EventChain))
    assert chain is not None
    return None if chain.hash == previous else -1


async def test_events_get_their_place_after_the_fact(world: World) -> None:
    await note(world, 1, 2)
    total = len(await _unsealed(world))
    async with world.hub.unscoped() as session:
        assert await audit.unsealed_workspaces(session) == [world.workspace_id]

    assert await seal(world) == total
    assert await seal(world) == 0
    await note(world, 3)
    assert await seal(world) == 1

    rows = await sealed(world)
    assert [row.sequence for row in rows] == list(range(1, total + 2))
    assert [row.data["number"] for row in rows if row.name == "test.noted"] == [1, 2, 3]
    assert await broken_at(world) is None
    async with world.hub.unscoped() as session:
        assert await audit.unsealed_workspaces(session) == []


async def _unsealed(world: World) -> list[EventRow]:
    async with world.hub.unit_of_work(world.system) as work:
        return list(await work.all(select(EventRow).where(EventRow.sequence.is_(None))))


async def test_events_of_one_transaction_keep_their_order(world: World) -> None:
    numbers = list(range(300))
    await note(world, *numbers)

    await seal(world)

    rows = await sealed(world)
    assert [row.data["number"] for row in rows if row.name == "test.noted"] == numbers


async def test_a_whole_story_is_a_chain_that_fits(world: World) -> None:
    await a_publication(world, channel_id=await a_channel(world))

    await seal(world)

    assert await broken_at(world) is None
    assert len(await sealed(world)) > 15


async def test_sealers_at_once_give_every_event_one_place(world: World) -> None:
    await note(world, *range(50))
    total = len(await _unsealed(world))

    counts = await asyncio.gather(*(seal(world) for _ in range(4)))

    assert sum(counts) == total
    assert [row.sequence for row in await sealed(world)] == list(range(1, total + 1))
    assert await broken_at(world) is None


async def test_a_long_backlog_is_sealed_in_batches(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "BATCH", 7)
    await note(world, *range(20))
    total = len(await _unsealed(world))

    counts = []
    while count := await seal(world):
        counts.append(count)

    assert sum(counts) == total
    assert set(counts[:-1]) == {7}
    assert await broken_at(world) is None


async def test_each_workspace_has_a_chain_of_its_own(hub: Hub) -> None:
    one, other = await a_world(hub, slug="one"), await a_world(hub, slug="other")
    async with hub.unscoped() as session:
        assert set(await audit.unsealed_workspaces(session)) == {
            one.workspace_id,
            other.workspace_id,
        }
        assert len(await audit.unsealed_workspaces(session, most=1)) == 1

    await seal(one)
    await seal(other)

    assert [row.sequence for row in await sealed(one)] == [
        row.sequence for row in await sealed(other)
    ]
    assert {row.hash for row in await sealed(one)}.isdisjoint(
        {row.hash for row in await sealed(other)}
    )


TAMPERINGS = [
    "UPDATE events SET data = '{\"number\": 9}' WHERE sequence = 14",
    "UPDATE events SET actor_name = 'Somebody else' WHERE sequence = 14",
    "UPDATE events SET occurred_at = occurred_at + interval '1 us' WHERE sequence = 14",
    "UPDATE events SET subject_id = gen_random_uuid() WHERE sequence = 14",
    "UPDATE events SET name = 'test.other' WHERE sequence = 14",
    "UPDATE events SET actor_id = NULL WHERE sequence = 14",
    "DELETE FROM events WHERE sequence = 14",
    (
        "UPDATE events SET sequence = -1 WHERE sequence = 14;"
        "UPDATE events SET sequence = 14 WHERE sequence = 15;"
        "UPDATE events SET sequence = 15 WHERE sequence = -1"
    ),
]


async def test_any_change_to_the_past_is_found_where_it_was_made(
    world: World, database: Database
) -> None:
    await note(world, *range(20))
    await seal(world)
    assert await broken_at(world) is None
    owner = await database.owner()
    await owner.execute("CREATE TEMP TABLE truth AS SELECT * FROM events")

    for tampering in TAMPERINGS:
        await owner.execute(tampering)
        assert await broken_at(world) == 14, tampering
        await owner.execute("DELETE FROM events; INSERT INTO events SELECT * FROM truth")
        assert await broken_at(world) is None
    await owner.close()


async def test_an_end_that_was_cut_off_is_found(world: World, database: Database) -> None:
    await seal(world)
    owner = await database.owner()
    await owner.execute("DELETE FROM events WHERE sequence = (SELECT max(sequence) FROM events)")
    await owner.close()

    assert await broken_at(world) == -1


def test_a_hash_covers_the_one_before_it() -> None:
    event: dict[str, Any] = {"id": new_id(), "data": {"b": 1, "a": 2}}

    assert chained("x", event) == chained("x", {"data": {"a": 2, "b": 1}, "id": event["id"]})
    assert chained("x", event) != chained("y", event)


async def test_an_event_says_who_did_it(world: World) -> None:
    await note(world, 1)

    async with world.hub.unit_of_work(world.system) as work:
        row = await work.one(select(EventRow).where(EventRow.name == "test.noted"))
        total = await work.one(select(func.count()).select_from(EventRow))

    assert row is not None
    assert (row.actor_kind, row.actor_id, row.actor_name) == (
        "member",
        world.editor.member_id,
        "Editor of acme",
    )
    assert total == 12
