"""What a unit of work writes, when, and in how many statements."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.audit.models import EventRow
from hub.kernel.collisions import expected
from hub.kernel.errors import Taken, WrongState
from hub.kernel.idempotency import IdempotencyKey, KeyedRequest, earlier_outcome, keep_outcome
from hub.kernel.ids import new_id
from hub.kernel.jobs import JobRow
from hub.kernel.line import Undone
from hub.kernel.pile import Pile
from hub.kernel.settings import Settings
from hub.kernel.work import Hub, UnitOfWork
from hub.reactions import KEEP
from hub.runtime import open_hub
from hub.strategy.models import Brand, Campaign
from tests.conftest import Database
from tests.factories import World
from tests.hub.kernel.errands import Errand, Happened, KeyedErrand
from tests.hub.traces import promised
from tests.wire import Wire, a_wire

SUBJECT = new_id()
BEGUN = ["BEGIN; EXECUTE"]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A hub with one connection, over a wire that counts."""

    hub: Hub
    wire: Wire


@pytest.fixture
async def counted(settings: Settings, world: World) -> AsyncIterator[Counted]:
    async with a_wire(settings.database_url) as wire:
        over = settings.model_copy(update={"database_url": wire.url})
        async with open_hub(over, pool=1) as hub:
            # What a connection asks once, when it is new, is not what this is about.
            for _ in range(2):
                async with hub.unit_of_work(world.editor):
                    pass
            wire.forget()
            yield Counted(hub=hub, wire=wire)


def a_brand(work: UnitOfWork, slug: str = "second") -> Brand:
    return Brand(
        workspace_id=work.caller.workspace_id, slug=slug, name=slug, description="", locales=["en"]
    )


def a_campaign(work: UnitOfWork, brand: Brand) -> Campaign:
    return Campaign(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        brand_id=brand.id,
        name="Spring",
        objective="",
        brief="",
        locale="en",
    )


async def named(world: World, slug: str) -> Brand | None:
    async with world.hub.unit_of_work(world.system) as work:
        return await work.one(select(Brand).where(Brand.slug == slug))


async def test_a_unit_of_work_that_does_nothing_is_two_round_trips(
    counted: Counted, world: World
) -> None:
    async with counted.hub.unit_of_work(world.editor):
        pass

    assert counted.wire.words() == [*BEGUN, "COMMIT"]
    assert counted.wire.trips == 2


async def test_rows_facts_promises_and_the_key_are_written_in_one_statement(
    counted: Counted, world: World
) -> None:
    for turn in range(2):
        counted.wire.forget()
        request = KeyedRequest(key=f"k{turn}", request_hash="h")
        async with counted.hub.unit_of_work(world.editor, request=request) as work:
            assert await earlier_outcome(work, request) is None
            brand = a_brand(work, f"brand-{turn}")
            await work.add(brand)
            await work.add(a_campaign(work, brand), a_campaign(work, brand))
            work.record(Happened(subject_id=SUBJECT))
            work.promise(Errand(workspace_id=world.workspace_id))
            await keep_outcome(work, request, {"made": {}, "errors": []})

    assert counted.wire.words() == [*BEGUN, "WITH pile_0", "COMMIT"]
    assert counted.wire.trips == 3
    written = counted.wire.statements[1]
    assert [
        f"INSERT INTO {table} " in written
        for table in ("brands", "campaigns", "events", "idempotency_keys", "jobs")
    ] == [True] * 5
    async with world.hub.unit_of_work(world.system) as work:
        assert len(await work.all(select(Campaign))) == 4
        assert len(await work.all(select(EventRow).where(EventRow.name == "test.happened"))) == 2
        assert len(await work.all(select(IdempotencyKey))) == 2
    assert await promised(world.hub) == [("test.errand", None)] * 2


async def test_an_edit_is_a_look_a_change_and_one_last_statement(
    counted: Counted, world: World
) -> None:
    for turn in range(2):
        counted.wire.forget()
        async with counted.hub.unit_of_work(world.editor) as work:
            brand = await work.one(select(Brand).where(Brand.id == world.brand_id))
            assert brand is not None
            brand.description = f"Turn {turn}"
            work.record(Happened(subject_id=SUBJECT))
            work.promise(Errand(workspace_id=world.workspace_id))

    assert counted.wire.words() == [
        *BEGUN,
        "SELECT brands.slug,",
        "UPDATE brands",
        "WITH pile_0",
        "COMMIT",
    ]
    assert counted.wire.trips == 5


async def test_what_nobody_gave_is_told_at_once_and_stored(world: World) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        brand = a_brand(work)
        await work.add(brand)
        assert (brand.version, brand.created_at, brand.updated_at) == (1, work.now, work.now)
        assert brand.id.version == 7
        now = work.now

    stored = await named(world, "second")
    assert stored is not None
    assert (stored.id, stored.version) == (brand.id, 1)
    assert (stored.created_at, stored.updated_at) == (now, now)
    assert stored.locales == ["en"]


async def test_what_changes_before_and_after_it_was_written_counts(world: World) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        brand = a_brand(work)
        await work.add(brand)
        brand.name = "Before"
        # Reading writes what was added: the row is there, and it is this object.
        assert await work.one(select(Brand).where(Brand.slug == "second")) is brand
        assert (await work.rows("SELECT name FROM brands WHERE id = $1", brand.id))[0][
            0
        ] == "Before"
        brand.description = "After"

    stored = await named(world, "second")
    assert stored is not None
    assert (stored.name, stored.description) == ("Before", "After")


async def test_a_row_read_by_hand_is_still_the_object_that_was_added(world: World) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        brand = a_brand(work)
        await work.add(brand)
        assert len(await work.rows("SELECT FROM brands WHERE id = $1", brand.id)) == 1
        brand.description = "After"

    stored = await named(world, "second")
    assert stored is not None
    assert stored.description == "After"


async def test_what_was_changed_first_is_written_first(world: World) -> None:
    """A reference that an edit gives up is free for the row that comes next."""
    async with world.hub.unit_of_work(world.editor) as work:
        brand = await work.one(select(Brand))
        assert brand is not None
        former = a_campaign(work, brand)
        former.external_reference = "crm-1"
        await work.add(former)
    async with world.hub.unit_of_work(world.editor) as work:
        found = await work.one(select(Campaign).where(Campaign.id == former.id))
        assert found is not None
        found.external_reference = None
        successor = a_campaign(work, brand)
        successor.external_reference = "crm-1"
        await work.add(successor)
        await work.flush()
        assert successor.starts_on is None
        # And an edit that names a new row comes after it.
        other = a_brand(work)
        await work.add(other)
        successor.brand_id = other.id

    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(select(Campaign).order_by(Campaign.id))
        assert [(row.brand_id, row.external_reference) for row in rows] == [
            (world.brand_id, None),
            (other.id, "crm-1"),
        ]


async def test_a_savepoint_takes_back_what_was_added_recorded_and_promised(world: World) -> None:
    async def refused(work: UnitOfWork) -> None:
        async with work.savepoint():
            await work.add(a_brand(work, "written"))
            await work.flush()
            await work.add(a_brand(work, "waiting"))
            work.record(Happened(subject_id=SUBJECT))
            work.promise(Errand(workspace_id=world.workspace_id))
            raise WrongState("No.")

    async with world.hub.unit_of_work(world.editor) as work:
        await work.add(a_brand(work, "before"))
        work.promise(KeyedErrand(workspace_id=world.workspace_id, subject_id=SUBJECT))
        with pytest.raises(WrongState):
            await refused(work)
        await work.add(a_brand(work, "behind"))

    found = [await named(world, slug) for slug in ("before", "written", "waiting", "behind")]
    assert [brand is not None for brand in found] == [True, False, False, True]
    assert [name for name, _ in await promised(world.hub)] == ["test.keyed"]


async def test_a_key_promised_twice_at_once_is_one_job_at_the_earlier_time(world: World) -> None:
    keyed = KeyedErrand(workspace_id=world.workspace_id, subject_id=SUBJECT)
    async with world.hub.unit_of_work(world.system) as work:
        work.promise(keyed, due_at=work.now + timedelta(hours=2))
        work.promise(keyed, due_at=work.now + timedelta(hours=1))
        work.promise(keyed, due_at=work.now + timedelta(hours=3))
        hour = work.now + timedelta(hours=1)
    async with world.hub.unit_of_work(world.system) as work:
        (row,) = await work.all(select(JobRow))
        assert row.due_at == hour
        work.promise(keyed, due_at=work.now + timedelta(hours=3))
        work.promise(keyed)
        now = work.now

    async with world.hub.unit_of_work(world.system) as work:
        (again,) = await work.all(select(JobRow))
        assert again.id == row.id
        assert now <= again.due_at < now + timedelta(minutes=1)


async def test_a_duplicate_met_at_the_end_is_the_typed_error_of_a_race(world: World) -> None:
    async def create() -> None:
        async with world.hub.unit_of_work(world.editor) as work:
            await work.add(a_brand(work))

    await create()
    with pytest.raises(Taken) as caught:
        await create()

    assert caught.value.path == ()
    assert isinstance(caught.value.__cause__, DBAPIError)
    error = asyncpg.UniqueViolationError()
    error.constraint_name = "uq_campaigns_external_reference"
    told = expected(DBAPIError("INSERT", None, error))
    assert told is not None
    assert told.path == ("input", "externalReference")


async def test_a_transaction_whose_failure_was_swallowed_is_never_taken_for_done(
    world: World,
) -> None:
    async def swallow() -> None:
        async with world.hub.unit_of_work(world.editor) as work:
            with pytest.raises(DBAPIError):
                await work.rows("SELECT 1 / 0")

    with pytest.raises(Undone):
        await swallow()


async def _sleeping(database: Database) -> None:
    admin = await asyncpg.connect(database.admin_url.replace("+asyncpg", ""))
    try:
        for _ in range(1_000):
            if await admin.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                "AND datname = current_database() AND query LIKE '%pg_sleep(60)%' "
                "AND pid <> pg_backend_pid()"
            ):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("PostgreSQL never began to sleep.")
    finally:
        await admin.close()


async def test_a_request_cancelled_in_a_statement_leaves_nothing_open(
    counted: Counted, world: World, database: Database
) -> None:
    async def slow() -> None:
        async with counted.hub.unit_of_work(world.editor) as work:
            await work.add(a_brand(work))
            await work.rows("SELECT pg_sleep(60)")

    task = asyncio.create_task(slow())
    await counted.wire.seen("pg_sleep")
    # What PostgreSQL has not begun it cannot be told to stop.
    await _sleeping(database)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    # The one connection there is was given back, with no transaction on it.
    async with counted.hub.unit_of_work(world.editor) as work:
        assert await work.one(select(Brand).where(Brand.slug == "second")) is None
        await work.add(a_brand(work, "third"))
    assert await named(world, "third") is not None


async def test_a_connection_the_server_closed_is_replaced_unseen(
    counted: Counted, world: World, database: Database
) -> None:
    admin = await asyncpg.connect(database.admin_url.replace("+asyncpg", ""))
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND usename = 'hub_app'"
    )
    await admin.close()

    async with counted.hub.unit_of_work(world.editor) as work:
        await work.add(a_brand(work))
    assert await named(world, "second") is not None


async def test_only_a_connection_that_rested_is_asked_whether_it_lives(
    counted: Counted, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.kernel.pooling.TRUSTED_SECONDS", -1.0)

    async with counted.hub.unit_of_work(world.editor):
        pass

    asked = counted.wire.words()
    assert asked[-2:] == [*BEGUN, "COMMIT"]
    assert len(asked) > 2


async def test_a_row_without_what_it_needs_is_refused(world: World) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        pile = Pile(work.now)
        pile.put(Brand, {"name": "without the rest"})
        with pytest.raises(KeyError, match="slug"):
            pile.taken()


async def test_bulk_changes_see_what_was_added_before_them(world: World) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        await work.add(a_brand(work))
        assert await work.change(update(Brand).values(description="Seen")) == 2
        counted = await work.session.execute(text("SELECT count(*) FROM brands"))
        assert counted.scalar_one() == 2


async def test_a_hub_may_be_built_without_reactions(settings: Settings, world: World) -> None:
    hub = Hub(settings, reactions={}, keep=KEEP)
    async with hub.unit_of_work(world.editor) as work:
        await work.add(a_brand(work))
    await hub.close()
    assert await named(world, "second") is not None


async def test_what_is_written_is_no_part_of_any_statement(counted: Counted, world: World) -> None:
    async with counted.hub.unit_of_work(world.editor) as work:
        await work.add(a_brand(work, "not-to-be-seen"))
        work.record(Happened(subject_id=SUBJECT))

    assert counted.wire.words() == [*BEGUN, "WITH pile_0", "COMMIT"]
    assert counted.wire.trips == 3
    said = " ".join(counted.wire.sql(number) for number in range(3))
    assert "not-to-be-seen" not in said
    assert await named(world, "not-to-be-seen") is not None


@pytest.mark.parametrize(
    "text",
    ["it's", "''", "\\'; ROLLBACK; --", "$1 :name %s", "E'\\x41'", "\\u0041", 'é “ü” 🌻\n\t"'],
)
async def test_text_is_stored_as_it_was_written_whatever_it_means_in_sql(
    world: World, text: str
) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        brand = a_brand(work)
        brand.name = text
        await work.add(brand)

    stored = await named(world, "second")
    assert stored is not None
    assert stored.name == text


async def test_an_error_never_repeats_what_was_to_be_written(world: World) -> None:
    for _ in range(2):
        try:
            async with world.hub.unit_of_work(world.editor) as work:
                await work.add(a_brand(work, "not-to-be-seen"))
        except Taken as error:
            cause = error.__cause__
    assert isinstance(cause, DBAPIError)
    assert "INSERT INTO brands" in str(cause.statement)
    assert "not-to-be-seen" not in str(cause.statement)


async def test_a_key_is_taken_as_the_transaction_begins_and_read_only_where_it_is_known(
    counted: Counted, world: World
) -> None:
    request = KeyedRequest(key="it's;--", request_hash="h")
    trips = []
    outcomes = []
    for _ in range(3):
        counted.wire.forget()
        async with counted.hub.unit_of_work(world.editor, request=request) as work:
            earlier = await earlier_outcome(work, request)
            if earlier is None:
                await keep_outcome(work, request, {"made": {}, "errors": []})
        outcomes.append(earlier)
        trips.append(counted.wire.trips)

    kept: dict[str, Any] = {"made": {}, "errors": []}
    assert outcomes == [None, kept, kept]
    assert trips[-1] == 3


async def test_connections_go_from_unit_to_unit_and_to_whoever_needs_none(
    counted: Counted, world: World
) -> None:
    async def unscoped() -> int:
        async with counted.hub.unscoped() as session:
            return int((await session.execute(text("SELECT pg_backend_pid()"))).scalar_one())

    async def scoped() -> int:
        async with counted.hub.unit_of_work(world.editor) as work:
            ((pid,),) = await work.rows("SELECT pg_backend_pid()")
            return int(pid)

    # There is one connection, so each waits until the one before it has given it back.
    pids = await asyncio.gather(*[one() for one in (scoped, unscoped) * 4])

    assert len(set(pids)) == 1
    async with counted.hub.unscoped() as session:
        setting = text("SELECT current_setting('hub.workspace_id', true)")
        assert not (await session.execute(setting)).scalar_one()


async def test_whoever_waits_too_long_for_a_connection_is_told(
    settings: Settings, world: World
) -> None:
    short = settings.model_copy(update={"request_seconds": 0.05})
    async with open_hub(short, pool=1) as hub, hub.unit_of_work(world.editor):
        with pytest.raises(PoolTimeout):
            async with hub.unit_of_work(world.editor):
                pass
