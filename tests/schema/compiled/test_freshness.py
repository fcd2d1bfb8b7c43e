"""Whatever changes in the database, kept answers are those that would be read anew.

Generated from the mapping: every column of every row that may be kept is changed, and rows are
added and deleted, past all rules and by plain SQL; each time everything is asked again.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import create_async_engine

from hub.kernel.caller import ActorKind, Caller, Permission
from hub.kernel.changes import WATCHED
from hub.kernel.model import Base
from hub.kernel.reading import Reader
from hub.kernel.work import Hub
from hub.runtime import open_hub
from schema.base.documents import Documents, Draft
from schema.base.facts import RequestFacts
from schema.base.fields import SOURCES, Column
from schema.base.limits import Limits
from schema.base.selection import known_fields
from schema.compiled.compiler import Compiler
from schema.compiled.keeping import Kept
from schema.context import Context
from schema.schema import build_schema
from tests.conftest import Database, Servers
from tests.schema.compiled.comparing import the_schema
from tests.schema.compiled.conftest import a_database, settings_of
from tests.schema.compiled.data import Workspaceful, fill
from tests.schema.compiled.everything import documents, is_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Columns that are shown and have one value in all rows here.
EQUAL = {
    "channels.dialect",
    "renditions.height",
    "renditions.mime",
    "renditions.width",
    "workspaces.version",
}
#: What reads tables of which every act writes a row.
UNKEPT = {
    *("AssetUpload", "Delivery", "DeliveryAttempt", "Endpoint", "Event", "Member", "Trigger"),
    *(
        "TriggerCall",
        "notices",
        "reviewQueue",
        "deliveries",
        "endpoints",
        "events",
        "tokens",
        "triggers",
    ),
    *("TriggerCall", "deliveries", "endpoints", "events", "tokens", "triggers"),
    *("ContentImport", "contentImports"),
}

# What keeps rows sensible would keep most changes from being made.
_LAWLESS = """
    DO $$ DECLARE known record; BEGIN
        FOR known IN SELECT conrelid::regclass AS of, conname FROM pg_constraint
            WHERE contype IN ('f', 'c') AND connamespace = 'public'::regnamespace
        LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', known.of, known.conname); END LOOP;
        FOR known IN SELECT tgrelid::regclass AS of, tgname FROM pg_trigger
            WHERE NOT tgisinternal AND tgname NOT LIKE 'note\\_%'
        LOOP EXECUTE format('DROP TRIGGER %I ON %s', known.tgname, known.of); END LOOP;
        FOR known IN SELECT indexrelid::regclass AS name FROM pg_index JOIN pg_class AS c
                ON c.oid = indexrelid WHERE indisunique AND NOT indisprimary
                AND c.relnamespace = 'public'::regnamespace
                AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        LOOP EXECUTE format('DROP INDEX %s', known.name); END LOOP;
        FOR known IN SELECT conrelid::regclass AS of, conname FROM pg_constraint
            WHERE contype = 'u' AND connamespace = 'public'::regnamespace
        LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', known.of, known.conname); END LOOP;
    END $$;
"""


@dataclass(kw_only=True)
class Asker:
    """Asks the same with what is kept and anew."""

    hub: Hub
    reader: Reader
    keeping: Compiler
    anew: Compiler
    caller: Caller
    drafts: Mapping[str, tuple[Draft, dict[str, Any]]]
    tables: dict[str, frozenset[str]] = field(default_factory=dict)

    async def ask(self, compiler: Compiler, name: str) -> bytes | None:
        """Return the data of an answer; None where the reference would have to find it."""
        draft, variables = self.drafts[name]
        facts = RequestFacts(None, draft.query, variables, None)
        context = Context(hub=self.hub, reader=self.reader, known=self.caller, facts=facts)
        result = await compiler.run(draft, variables, context)
        return None if result is None else orjson.dumps(result.data)

    async def warm(self, tables: frozenset[str]) -> None:
        """Have everything kept that reads one of the tables."""
        for name, read in self.tables.items():
            if tables & read:
                found = self._find(name)
                if found is not None:
                    found.stale = found.rest = 0
                await self.ask(self.keeping, name)

    async def compare(self, tables: frozenset[str], what: str) -> int:
        """Ask everything that reads one of the tables; return how many answers are others now."""
        others = 0
        for name, read in self.tables.items():
            if tables & read:
                before = self.kept(name)
                after = await self.ask(self.keeping, name)
                assert after == await self.ask(self.anew, name), f"{name} after {what}"
                others += before != after
        return others

    def kept(self, name: str) -> bytes | None:
        """Return what is kept of an answer."""
        found = self._find(name)
        return None if found is None else orjson.dumps(found.data)

    def _find(self, name: str) -> Kept | None:
        keeper = self.keeping.keeper
        assert keeper is not None
        draft, variables = self.drafts[name]
        key = keeper.answers.key(draft, variables, self.caller)
        return None if key is None else keeper.answers.find(key)

    async def learn(self) -> None:
        """Ask everything once, and note which tables it reads."""
        for name in self.drafts:
            assert await self.ask(self.keeping, name) is not None, f"{name} was declined"
            found = self._find(name)
            if found is not None:
                self.tables[name] = found.tables


@dataclass(kw_only=True)
class World:
    """A filled database without rules, and who asks."""

    here: Workspaceful
    there: Workspaceful
    asker: Asker
    owner: asyncpg.Connection


@pytest.fixture(scope="module")
def lawless(servers: Servers) -> Iterator[Database]:
    """A database of its own."""
    with a_database(servers) as database:
        yield database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    lawless: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Two workspaces full of rows, which nothing keeps sensible any more."""
    engine = create_async_engine(lawless.owner_url, pool_size=1)
    here, there = await fill(engine, seed=7)
    await engine.dispose()
    owner = await asyncpg.connect(lawless.owner_url.replace("+asyncpg", ""))
    await owner.execute(_LAWLESS)
    settings = settings_of(lawless, servers, tmp_path_factory.mktemp("data"))
    reader = Reader(settings)
    async with open_hub(settings) as hub:
        yield World(here=here, there=there, owner=owner, asker=await _asker(hub, reader, here))
    await reader.close()
    await owner.close()


async def _asker(hub: Hub, reader: Reader, here: Workspaceful) -> Asker:
    schema = build_schema()
    read = Documents(the_schema(), limits=Limits(cost=10**9, nodes=10**9))
    drafts = {}
    for name, (text, variables) in documents(the_schema(), here).items():
        draft = read.read(text, operation_name=None, variables=variables)
        read.check(draft, suggestions=False)
        drafts[name] = (draft, variables)
    caller = Caller(
        workspace_id=here.id,
        kind=ActorKind.MEMBER,
        member_id=here.ids["Member"][0],
        name="Ada",
        permissions=frozenset(Permission),
    )
    asker = Asker(
        hub=hub,
        reader=reader,
        keeping=Compiler(schema, keep_bytes=100_000_000),
        anew=Compiler(schema),
        caller=caller,
        drafts=drafts,
    )
    await asker.learn()
    return asker


def _watched() -> list[Table]:
    return [Base.metadata.tables[name] for name in sorted(WATCHED)]


async def test_every_table_that_is_watched_has_its_triggers(world: World) -> None:
    found = await world.owner.fetch(
        "SELECT tgrelid::regclass::text AS name, count(*) AS several FROM pg_trigger "
        "WHERE tgname LIKE 'note\\_%' GROUP BY 1"
    )
    assert {row["name"]: row["several"] for row in found} == dict.fromkeys(WATCHED, 4)


async def test_answers_of_every_kind_are_kept_but_of_those_that_nobody_watches(
    world: World,
) -> None:
    kept, asked = world.asker.tables, world.asker.drafts
    assert set().union(*kept.values()) == WATCHED
    assert asked.keys() - kept.keys() == UNKEPT


async def test_what_nothing_has_changed_is_answered_from_what_is_kept(world: World) -> None:
    asker = world.asker
    await asker.warm(WATCHED)
    before, statements = asker.keeping.counts["kept"], asker.reader.statements
    for name in asker.tables:
        assert await asker.ask(asker.keeping, name) == asker.kept(name)
    assert asker.keeping.counts["kept"] - before == len(asker.tables)
    assert asker.reader.statements == statements


@pytest.mark.parametrize("table", _watched(), ids=lambda table: table.name)
async def test_whatever_column_changes_the_answer_is_that_of_now(
    world: World, table: Table
) -> None:
    unseen = set()
    for column in table.columns:
        if column.name not in {"id", "workspace_id"} and not await _change(
            world, table.name, column.name
        ):
            unseen.add(column.name)
    assert {f"{table.name}.{name}" for name in unseen & _shown(table)} <= EQUAL


def _shown(table: Table) -> set[str]:
    """Return the columns of a table that fields of a node show as they are."""
    found = set()
    for kind, source in SOURCES.items():
        parent = the_schema().get_type(kind)
        if source.origin.table is table and is_node(parent):
            for known in known_fields(parent).values():
                if isinstance(known.spec, Column):
                    found.add(known.spec.fact or known.attribute)
    return found & set(table.columns.keys())


@pytest.mark.parametrize("table", _watched(), ids=lambda table: table.name)
async def test_rows_that_come_and_go_are_seen(world: World, table: Table) -> None:
    if table.name == "workspaces":
        return
    known = await world.owner.fetchrow(
        f"SELECT id, to_jsonb(t)::text AS row FROM {table.name} AS t "
        "WHERE workspace_id = $1 ORDER BY id DESC LIMIT 1",
        world.here.id,
    )
    assert known is not None
    here = frozenset({table.name})
    await world.asker.warm(here)
    await world.owner.execute(f"DELETE FROM {table.name} WHERE id = $1", known["id"])
    gone = await world.asker.compare(here, f"a row of {table.name} was deleted")
    await world.asker.warm(here)
    await world.owner.execute(
        f"INSERT INTO {table.name} SELECT (jsonb_populate_record(NULL::{table.name}, $1::jsonb)).*",
        known["row"],
    )
    come = await world.asker.compare(here, f"a row of {table.name} was added")
    assert gone > 0
    assert come > 0


async def test_emptying_a_table_is_seen(world: World) -> None:
    here = frozenset({"measurements"})
    known = await world.owner.fetchval("SELECT jsonb_agg(t)::text FROM measurements AS t")
    await world.asker.warm(here)
    await world.owner.execute("TRUNCATE measurements")
    assert await world.asker.compare(here, "TRUNCATE") > 0
    await world.owner.execute(
        "INSERT INTO measurements SELECT * FROM "
        "jsonb_populate_recordset(NULL::measurements, $1::jsonb)",
        known,
    )
    assert await world.asker.compare(here, "INSERT") > 0


async def test_changes_elsewhere_leave_what_is_kept_true(world: World) -> None:
    asker = world.asker
    await asker.warm(WATCHED)
    before = asker.keeping.counts["kept"]
    for table in _watched():
        mine = "id" if table.name == "workspaces" else "workspace_id"
        await world.owner.execute(
            f"UPDATE {table.name} SET created_at = created_at WHERE {mine} = $1", world.there.id
        )
    for name in asker.tables:
        await asker.ask(asker.keeping, name)
    assert asker.keeping.counts["kept"] - before == len(asker.tables)


async def _change(world: World, table: str, column: str) -> bool:
    """Give a column of every row the value of the next row; is it seen?"""
    watched = frozenset({table})
    await world.asker.warm(watched)
    await _turn(world, table, column, 1)
    seen = await world.asker.compare(watched, f"{table}.{column}")
    await _turn(world, table, column, -1)
    return seen > 0


async def _turn(world: World, table: str, column: str, step: int) -> None:
    mine = "true" if table == "workspaces" else "workspace_id = $1"
    done = await world.owner.execute(
        f"WITH known AS (SELECT id, {column} AS value, row_number() OVER (ORDER BY id) - 1 AS n, "
        f"count(*) OVER () AS total FROM {table} WHERE {mine}) "
        f"UPDATE {table} AS t SET {column} = other.value FROM known, known AS other "
        "WHERE t.id = known.id AND other.n = (known.n + known.total + $2) % known.total "
        "AND $1::uuid IS NOT NULL",
        world.here.id,
        step,
    )
    assert done != "UPDATE 0", f"nothing in {table}"
