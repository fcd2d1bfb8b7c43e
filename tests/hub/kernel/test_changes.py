"""What has changed since a look: found however transactions overlap, and nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from hub.kernel.changes import LOOK_SECONDS, Changes, Standing, forget_changes
from hub.kernel.connections import Connections
from hub.kernel.ids import new_id
from hub.kernel.settings import Settings
from hub.kernel.sources import tables_of
from hub.kernel.work import Hub
from tests.conftest import Database
from tests.factories import World

BRANDS, MEMBERS = frozenset({"brands"}), frozenset({"members"})

_ANOTHER = """
    INSERT INTO brands SELECT (jsonb_populate_record(NULL::brands, to_jsonb(brands)
        || jsonb_build_object('id', gen_random_uuid(), 'slug', $1::text))).*
    FROM brands LIMIT 1
"""


@dataclass(kw_only=True)
class Place:
    """One process that looks, and the owner who changes things past every rule."""

    changes: Changes
    connections: Connections
    owner: asyncpg.Connection
    second: asyncpg.Connection
    workspace: UUID
    time: list[float] = field(default_factory=lambda: [0.0])

    async def tick(self) -> int:
        """Look; return the tick."""
        return (await self.changes.look(self.workspace)).tick


@pytest.fixture
async def place(database: Database, settings: Settings, world: World) -> AsyncIterator[Place]:
    connections = Connections(settings.database_url, size=2, seconds=5)
    time = [0.0]
    url = database.owner_url.replace("+asyncpg", "")
    owner, second = await asyncpg.connect(url), await asyncpg.connect(url)
    yield Place(
        changes=Changes(connections, clock=lambda: time[0]),
        connections=connections,
        owner=owner,
        second=second,
        workspace=world.workspace_id,
        time=time,
    )
    await owner.close()
    await second.close()
    await connections.close()


async def touch(connection: asyncpg.Connection, table: str = "brands") -> None:
    await connection.execute(f"UPDATE {table} SET created_at = created_at")


async def test_what_changes_after_a_look_is_found_at_the_next(place: Place) -> None:
    first = await place.changes.look(place.workspace)
    tick = first.tick
    assert (await place.changes.look(place.workspace)).unchanged(BRANDS, tick)
    await touch(place.owner)
    second = await place.changes.look(place.workspace)
    assert second is first
    assert not second.unchanged(BRANDS, tick)
    assert second.unchanged(MEMBERS, tick)
    assert second.unchanged(BRANDS, second.tick)


async def test_what_was_not_committed_has_not_changed_until_it_is(place: Place) -> None:
    await place.tick()
    begun = place.owner.transaction()
    await begun.start()
    await touch(place.owner)
    standing = await place.changes.look(place.workspace)
    before = standing.tick
    assert standing.unchanged(BRANDS, before)
    await begun.commit()
    assert not (await place.changes.look(place.workspace)).unchanged(BRANDS, before)


async def test_what_was_undone_has_not_changed(place: Place) -> None:
    before = await place.tick()
    begun = place.owner.transaction()
    await begun.start()
    await touch(place.owner)
    await begun.rollback()
    assert await place.tick() == before


async def test_a_transaction_that_ends_after_later_ones_is_found(place: Place) -> None:
    await place.tick()
    early = place.owner.transaction()
    await early.start()
    await touch(place.owner, "members")
    for _ in range(3):
        await touch(place.second)
        late = await place.changes.look(place.workspace)
        assert late.unchanged(MEMBERS, 0)
    before = late.tick
    await early.commit()
    found = await place.changes.look(place.workspace)
    assert found.unchanged(BRANDS, before)
    assert not found.unchanged(MEMBERS, before)


async def test_two_who_change_the_same_do_not_wait_for_each_other(place: Place) -> None:
    one, other = place.owner.transaction(), place.second.transaction()
    await one.start()
    await other.start()
    before = await place.tick()
    await place.owner.execute(_ANOTHER, "one")
    async with asyncio.timeout(5):
        await place.second.execute(_ANOTHER, "other")
    await other.commit()
    await one.commit()
    found = await place.changes.look(place.workspace)
    assert found.unchanged(MEMBERS, before)
    assert not found.unchanged(BRANDS, before)


async def test_changes_of_another_workspace_are_none(place: Place) -> None:
    before = await place.tick()
    elsewhere = new_id()
    await place.owner.execute(
        "INSERT INTO workspaces (id, slug, name, version) VALUES ($1, 'else', 'Else', 1)", elsewhere
    )
    assert await place.tick() == before
    assert (await place.changes.look(elsewhere)).tick == 0


async def test_those_who_come_during_a_look_share_the_next_one(place: Place) -> None:
    await place.tick()
    looks = place.changes.looks
    found = await asyncio.gather(*[place.changes.look(place.workspace) for _ in range(20)])
    assert place.changes.looks - looks == 2
    assert all(one is found[0] for one in found)


async def test_a_look_that_was_given_up_leaves_nobody_waiting(place: Place) -> None:
    await place.tick()
    first = asyncio.create_task(place.changes.look(place.workspace))
    await asyncio.sleep(0)
    others = [asyncio.create_task(place.changes.look(place.workspace)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    others[0].cancel()
    async with asyncio.timeout(5):
        found = await asyncio.gather(first, *others, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in found] == [True, True, False, False]
    await touch(place.owner)
    assert not (await place.changes.look(place.workspace)).unchanged(BRANDS, 0)


async def test_after_a_long_while_nothing_is_known_any_more(place: Place) -> None:
    first = await place.changes.look(place.workspace)
    place.time[0] += LOOK_SECONDS
    assert place.changes.known(place.workspace) is first
    assert await place.changes.look(place.workspace) is first
    place.time[0] += LOOK_SECONDS + 1
    assert place.changes.known(place.workspace) is None
    assert await place.changes.look(place.workspace) is not first


async def test_after_a_lost_connection_nothing_is_known_any_more(
    place: Place, database: Database
) -> None:
    first = await place.changes.look(place.workspace)
    admin = await asyncpg.connect(database.admin_url.replace("+asyncpg", ""))
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'hub read' AND datname = current_database()"
    )
    await admin.close()
    async with asyncio.timeout(5):
        while await look_or_fail(place) is first:  # noqa: ASYNC110 - another process ends it
            await asyncio.sleep(0.01)


async def look_or_fail(place: Place) -> Standing | None:
    """Look; None where the connection was lost in the middle."""
    try:
        return await place.changes.look(place.workspace)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return None


async def test_a_failed_look_is_said_to_all_who_wait(place: Place) -> None:
    await place.tick()
    await place.owner.execute("REVOKE SELECT ON changes FROM hub_app")
    try:
        found = await asyncio.gather(
            *[place.changes.look(place.workspace) for _ in range(4)], return_exceptions=True
        )
    finally:
        await place.owner.execute("GRANT SELECT ON changes TO hub_app")
    assert [type(one) for one in found] == [asyncpg.InsufficientPrivilegeError] * 4
    assert await place.tick() == 0


async def test_the_application_can_leave_no_change_out(place: Place, hub: Hub) -> None:
    for statement in ("DELETE FROM changes", "UPDATE changes SET xid = 0", "TRUNCATE changes"):
        async with hub.unscoped() as session:
            connection = await session.connection()
            with pytest.raises(Exception, match="permission denied"):
                await connection.exec_driver_sql(statement)
            await session.rollback()


async def test_lines_are_thrown_away_once_everybody_has_seen_them(place: Place, hub: Hub) -> None:
    async def forget(*, after: timedelta) -> None:
        await place.owner.execute("UPDATE changes_horizon SET at = at - $1::interval", after)
        async with hub.unscoped() as session:
            await forget_changes(session)

    async def lines(kind: str) -> int:
        found: int = await place.owner.fetchval(
            "SELECT count(*) FROM changes WHERE kind = $1", kind
        )
        return found

    async def forgotten(kind: str) -> None:
        # Transactions in other databases of the server are waited for, too.
        async with asyncio.timeout(20):
            while await lines(kind):
                await forget(after=timedelta(minutes=6))

    await touch(place.owner)
    async with hub.unscoped() as session:
        await forget_changes(session)
    assert await lines("brands") > 0
    await forget(after=timedelta(minutes=4))
    assert await lines("brands") > 0
    open_one = place.second.transaction()
    await open_one.start()
    await touch(place.second, "members")
    await forgotten("brands")
    await open_one.commit()
    # Its number is old; nobody can be sure to have seen it yet.
    assert await lines("members") > 0
    await forgotten("members")


def test_a_statement_is_kept_only_if_it_names_all_it_depends_on() -> None:
    assert tables_of("SELECT t0.name FROM brands AS t0") == frozenset({"brands"})
    assert tables_of("SELECT hub_now() AS now, t0.name FROM brands AS t0") == frozenset({"brands"})
    both = "SELECT row_to_json(t1) FROM brands AS t0, LATERAL (SELECT 1 FROM campaigns) AS t1"
    assert tables_of(both) == frozenset({"brands", "campaigns"})
    assert tables_of('SELECT t0.name AS "now()" FROM brands AS t0') == frozenset({"brands"})
    for doubtful in (
        "SELECT now() FROM brands",
        "SELECT hub_now() AS now, hub_now() FROM brands",
        "SELECT clock_timestamp() FROM brands",
        "SELECT CURRENT_TIMESTAMP FROM brands",
        "SELECT current_setting('a') FROM brands",
        "SELECT hub_search('a') FROM brands",
        "SELECT 1 FROM events",
        "SELECT 1 FROM brands, jobs",
    ):
        assert tables_of(doubtful) is None, doubtful
