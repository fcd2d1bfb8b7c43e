"""Nothing of one workspace is ever seen from another: asked of every table and every operation."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from hub.access import operations as access
from hub.kernel.caller import Caller
from hub.kernel.errors import HubError
from hub.kernel.ids import new_id
from hub.kernel.work import Hub, UnitOfWork
from hub.strategy import operations as strategy
from tests.conftest import Database
from tests.hub.catalogue import CASES, Ids, one_of_everything
from tests.hub.traces import Undone, undo

#: Tables with a workspace and no policy: tokens are found by their digest and jobs by the relay
#: before any workspace is known.
WITHOUT_POLICY = {"tokens", "jobs"}
#: Tables whose rows are evidence.
IMMUTABLE = {"revisions", "variants", "editions", "decisions"}
#: Tables that only triggers write.
WRITTEN_BY_TRIGGERS = {"changes"}
#: Ids that no foreign key holds, and why that is well.
WITHOUT_KEY = {
    ("amendments", "message_id"): "an answer belongs to a later area",
    ("changes", "workspace_id"): "a line tells of a workspace that is gone, too",
    ("asset_uploads", "asset_id"): "a note of what became of it",
    ("asset_uploads", "member_id"): "a note of who asked",
    ("contests", "key_id"): "names a key",
    ("content_items", "current_revision_id"): "written before its revision, in one transaction",
    ("trigger_calls", "message_id"): "the tool's id",
    ("endpoints", "key_id"): "names a key",
    ("triggers", "key_id"): "names a key",
    ("events", "subject_id"): "the subject may be gone",
    ("events", "actor_id"): "a note of who acted",
    ("idempotency_keys", "actor_id"): "a member or a token",
    ("jobs", "workspace_id"): "jobs are swept without looking at a workspace",
    ("publications", "remote_id"): "the platform's id",
    ("revisions", "author_id"): "a note of who wrote",
    ("channels", "remote_id"): "the platform's id",
    ("messages", "remote_id"): "the platform's id",
    ("messages", "parent_remote_id"): "the platform's id",
    ("persons", "remote_id"): "the platform's id",
    ("persons", "group_id"): "names those who are one human being",
    ("threads", "remote_id"): "the platform's id",
    ("credentials", "key_id"): "names a key",
    ("notices", "remark_id"): "remarks can be deleted",
}
#: What a generated row needs beyond its columns' types, to pass the table's checks.
SPECIAL: dict[str, dict[str, Any]] = {
    "editions": {"origin": "REPLY", "body": "{}", "hash": hashlib.sha256(b"{}").hexdigest()},
    "variants": {"platform": "mastodon"},
    "approvals": {"policy": "test"},
    "publications": {"state": "PLANNED"},
    "notes": {"thread_id": UUID(int=1)},
    "threads": {"kind": "DIRECT", "remote_id": "x"},
    "jobs": {"state": "WAITING"},
    "contests": {"state": "DRAFT", "opens_at": datetime(2029, 1, 1, tzinfo=UTC)},
    "contest_entries": {"state": "DISQUALIFIED", "reasons": "[{}]"},
}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def workspace_tables(connection: asyncpg.Connection) -> list[str]:
    """Return every table that has a workspace_id, as the database itself says."""
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid "
        "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace "
        "AND a.attname = 'workspace_id' AND NOT a.attisdropped ORDER BY c.relname"
    )
    return [row["relname"] for row in rows]


async def fill(connection: asyncpg.Connection, table: str, workspace_id: UUID) -> None:
    """Write a row of a workspace into a table, made up from the columns' types."""
    made: dict[str, Any] = {
        "uuid": uuid4,
        "text": lambda: uuid4().hex,
        "character varying": lambda: uuid4().hex[:8],
        "jsonb": lambda: "{}",
        "integer": lambda: 1,
        "bigint": lambda: 1,
        "boolean": lambda: False,
        "bytea": lambda: uuid4().bytes,
        "date": lambda: date(2030, 1, 1),
        "timestamp with time zone": lambda: datetime(2030, 1, 1, tzinfo=UTC),
    }
    columns = await connection.fetch(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL",
        table,
    )
    row = {column["column_name"]: made[column["data_type"]]() for column in columns}
    row |= {**SPECIAL.get(table, {}), "workspace_id": workspace_id}
    places = ", ".join(f"${index + 1}" for index in range(len(row)))
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values()
    )


async def test_no_table_shows_one_workspace_the_rows_of_another(database: Database) -> None:
    mine, theirs = new_id(), new_id()
    async with connected(database.admin_url) as admin:
        tables = await workspace_tables(admin)
        # Keys to other tables are not the question here.
        await admin.execute("SET session_replication_role = replica")
        for table in tables:
            await fill(admin, table, mine)
            await fill(admin, table, theirs)
    assert len(tables) >= 32
    assert set(tables) >= WITHOUT_POLICY | IMMUTABLE

    async with connected(database.database_url) as app:
        for table in (name for name in tables if name not in WITHOUT_POLICY):
            count = f"SELECT count(*) FROM {table}"
            await app.execute("RESET hub.workspace_id")
            assert await app.fetchval(count) == 0, table
            for nothing in ("", str(new_id())):
                await app.execute("SELECT set_config('hub.workspace_id', $1, false)", nothing)
                assert await app.fetchval(count) == 0, table
            await app.execute("SELECT set_config('hub.workspace_id', $1, false)", str(mine))
            seen = await app.fetch(f"SELECT DISTINCT workspace_id FROM {table}")
            assert [row["workspace_id"] for row in seen] == [mine], table
            await _try_to_reach(app, table, theirs)

    async with connected(database.admin_url) as admin:
        for table in tables:
            left = await admin.fetchval(
                f"SELECT count(*) FROM {table} WHERE workspace_id = $1", theirs
            )
            assert left == 1, table


async def _try_to_reach(app: asyncpg.Connection, table: str, theirs: UUID) -> None:
    """Try to change, delete, copy into and give rows to another workspace."""
    if table in WRITTEN_BY_TRIGGERS:
        for statement in (f"UPDATE {table} SET kind = kind", f"DELETE FROM {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
                await app.execute(statement)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            await fill(app, table, theirs)
        return
    reach = (
        f"UPDATE {table} SET created_at = created_at WHERE workspace_id = $1",
        f"DELETE FROM {table} WHERE workspace_id = $1",
    )
    for statement in reach:
        if table in IMMUTABLE:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
                await app.execute(statement, theirs)
        else:
            done = await app.execute(statement, theirs)
            assert done.endswith(" 0"), (table, done)
    if table not in IMMUTABLE:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await app.execute(f"UPDATE {table} SET workspace_id = $1", theirs)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await fill(app, table, theirs)


async def test_every_table_with_a_workspace_has_its_policy(database: Database) -> None:
    async with connected(database.admin_url) as admin:
        tables = await workspace_tables(admin)
        rows = await admin.fetch(
            "SELECT c.relname, c.relrowsecurity, p.polpermissive, p.polcmd, p.polroles, "
            "pg_get_expr(p.polqual, p.polrelid) AS condition "
            "FROM pg_class AS c JOIN pg_policy AS p ON p.polrelid = c.oid"
        )

    assert {row["relname"] for row in rows} == set(tables) - WITHOUT_POLICY
    assert len(rows) == len(tables) - len(WITHOUT_POLICY)
    for row in rows:
        assert row["relrowsecurity"], row["relname"]
        # For every command and every role, evaluated once per statement.
        assert row["polcmd"] == b"*"
        assert row["polroles"] == [0]
        assert row["condition"].startswith("(workspace_id = ( SELECT"), row["relname"]


async def test_the_applications_role_owns_nothing_and_cannot_step_out(
    database: Database,
) -> None:
    async with connected(database.admin_url) as admin:
        role = await admin.fetchrow("SELECT * FROM pg_roles WHERE rolname = 'hub_app'")
        owned = await admin.fetchval(
            "SELECT count(*) FROM pg_shdepend AS d JOIN pg_roles AS r ON r.oid = d.refobjid "
            "WHERE r.rolname = 'hub_app' AND d.deptype = 'o'"
        )
        member_of = await admin.fetchval(
            "SELECT count(*) FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member "
            "WHERE r.rolname = 'hub_app'"
        )
    assert (owned, member_of) == (0, 0)
    assert role is not None
    for power in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication"):
        assert role[power] is False, power

    async with connected(database.database_url) as app:
        for step in (
            "SET ROLE hub_owner",
            "SET SESSION AUTHORIZATION hub_owner",
            "ALTER TABLE brands DISABLE ROW LEVEL SECURITY",
            "DROP POLICY workspace ON brands",
            "CREATE TABLE public.mine (id int)",
            "TRUNCATE brands",
            "DROP TABLE brands",
            "UPDATE clock SET shift = '1 day'",
            "UPDATE alembic_version SET version_num = 'x'",
            "SET session_replication_role = replica",
            "ALTER FUNCTION hub_now() OWNER TO hub_app",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(step)
        await app.execute("SET row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await app.execute("SELECT * FROM brands")


async def test_evidence_never_changes_not_even_for_the_owner(database: Database) -> None:
    workspace_id = new_id()
    async with connected(database.admin_url) as admin:
        await admin.execute("SET session_replication_role = replica")
        for table in IMMUTABLE:
            await fill(admin, table, workspace_id)

    async with connected(database.owner_url) as owner:
        for table in IMMUTABLE:
            for statement in (
                f"UPDATE {table} SET created_at = now()",
                f"DELETE FROM {table}",
            ):
                with pytest.raises(asyncpg.CheckViolationError, match=f"rows of {table} never"):
                    await owner.execute(statement)


async def test_functions_that_look_over_all_workspaces_return_ids_and_sums_only(
    database: Database,
) -> None:
    async with connected(database.admin_url) as admin:
        rows = await admin.fetch(
            "SELECT proname, pg_get_function_result(oid) AS result, proconfig, "
            "has_function_privilege('public', oid, 'EXECUTE') AS public "
            "FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        )

    assert {row["proname"]: row["result"] for row in rows} == {
        "hub_unsealed_workspaces": "SETOF uuid",
        "hub_stray_publications": "TABLE(workspace_id uuid, publication_id uuid)",
        "hub_publication_counts": (
            "TABLE(state text, hold_reason text, publications bigint, "
            "most_late_seconds double precision)"
        ),
        "hub_stray_amendments": "SETOF uuid",
        "hub_public_channel": "TABLE(workspace_id uuid, channel_id uuid)",
        "hub_search": "uuid[]",
        "hub_search_page": "uuid[]",
        "hub_session": "TABLE(workspace_id uuid, session_id uuid)",
        "hub_public_trigger": "TABLE(workspace_id uuid, trigger_id uuid)",
        "hub_idle_endpoints": "TABLE(workspace_id uuid, endpoint_id uuid)",
        "hub_idle_inboxes": "TABLE(workspace_id uuid, channel_id uuid)",
        "hub_delivery_counts": (
            "TABLE(outcome text, deliveries bigint, oldest_seconds double precision)"
        ),
        "hub_forget_changes": "bigint",
        "hub_clicked_workspaces": "TABLE(workspace_id uuid)",
        "hub_count_clicks": "void",
        # What a short link leads to is public by its code.
        "hub_short_link": "TABLE(link_id uuid, address text)",
        "note_change": "trigger",
        "note_change_of_all": "trigger",
        "note_change_of_workspaces": "trigger",
    }
    for row in rows:
        assert not row["public"] or row["result"] == "trigger", row["proname"]
        # Nobody can put a table of theirs in front of ours.
        assert row["proconfig"] == ["search_path=pg_catalog, public, pg_temp"], row["proname"]


async def test_a_temporary_table_is_no_way_to_act_as_the_owner(database: Database) -> None:
    mine, theirs = new_id(), new_id()
    async with connected(database.admin_url) as admin:
        await admin.execute("SET session_replication_role = replica")
        for workspace_id in (mine, theirs):
            await fill(admin, "brands", workspace_id)

    async with connected(database.database_url) as app:
        await app.execute("SELECT set_config('hub.workspace_id', $1, false)", str(mine))
        await app.execute(_IN_FRONT)
        await app.execute("UPDATE brands SET name = name")
        assert await app.fetch("SELECT * FROM loot") == []
        assert await app.fetchval("SELECT count(*) FROM pg_temp.changes") == 0
        noted = await app.fetch("SELECT workspace_id, kind FROM public.changes")
    assert [tuple(row) for row in noted] == [(mine, "brands")]


_IN_FRONT = """
    CREATE TEMPORARY TABLE loot (who text, name text);
    CREATE TEMPORARY TABLE changes (workspace_id uuid, xid bigint, kind text);
    GRANT ALL ON loot, pg_temp.changes TO PUBLIC;
    CREATE FUNCTION pg_temp.take() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO pg_temp.loot SELECT current_user, name FROM public.brands;
        RETURN NULL;
    END $$;
    CREATE TRIGGER take AFTER INSERT ON pg_temp.changes
        FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.take();
"""


async def test_no_foreign_key_can_join_two_workspaces(database: Database) -> None:
    async with connected(database.admin_url) as admin:
        tables = set(await workspace_tables(admin))
        keys = await admin.fetch(
            "SELECT conrelid::regclass::text AS source, confrelid::regclass::text AS target, "
            "(SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute "
            " WHERE attrelid = conrelid AND attnum = ANY(conkey)) AS columns "
            "FROM pg_constraint WHERE contype = 'f'"
        )
        columns = await admin.fetch(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND column_name LIKE '%\\_id'"
        )

    for key in keys:
        if key["target"] != "workspaces":
            assert "workspace_id" in key["columns"], dict(key)
            assert len(key["columns"]) == 2, dict(key)
    held = {(key["source"], column) for key in keys for column in key["columns"]}
    loose = {
        (row["table_name"], row["column_name"])
        for row in columns
        if row["table_name"] in tables and (row["table_name"], row["column_name"]) not in held
    }
    assert loose == set(WITHOUT_KEY)


async def test_the_database_refuses_a_row_that_belongs_half_to_another(hub: Hub) -> None:
    workspaces = {}
    for slug in ("one", "two"):
        async with hub.unscoped() as session:
            workspace = await access.create_workspace(session, slug=slug, name=slug)
        async with hub.unit_of_work(Caller.system(workspace.id)) as work:
            brand = await strategy.create_brand(work, slug="b", name="B", locales=["en"])
        workspaces[slug] = (workspace.id, brand.id)
    mine, theirs = workspaces["one"][0], workspaces["two"][1]

    with pytest.raises(Exception, match="fk_campaigns_workspace_id_brand_id"):
        async with hub.unit_of_work(Caller.system(mine)) as work:
            await work.session.execute(
                text(
                    "INSERT INTO campaigns (id, workspace_id, brand_id, name, objective, brief, "
                    "locale, version) VALUES (:id, :mine, :theirs, 'x', '', '', 'en', 1)"
                ),
                {"id": new_id(), "mine": mine, "theirs": theirs},
            )


async def test_a_pool_shared_by_many_workspaces_never_leaks(hub: Hub) -> None:
    brands: dict[UUID, UUID] = {}
    for number in range(10):
        async with hub.unscoped() as session:
            workspace = await access.create_workspace(session, slug=f"w{number}", name="W")
        async with hub.unit_of_work(Caller.system(workspace.id)) as work:
            brand = await strategy.create_brand(work, slug="b", name="B", locales=["en"])
        brands[workspace.id] = brand.id

    async def look(workspace_id: UUID) -> None:
        async with hub.unit_of_work(Caller.system(workspace_id)) as work:
            # Plain SQL: only the policy stands between this and everybody's rows.
            rows = await work.session.execute(text("SELECT id FROM brands"))
            assert rows.scalars().all() == [brands[workspace_id]]

    async def nobody() -> None:
        async with hub.unscoped() as session:
            assert (await session.execute(text("SELECT count(*) FROM brands"))).scalar_one() == 0

    async def break_off(workspace_id: UUID) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02), hub.unit_of_work(Caller.system(workspace_id)) as work:
                await work.session.execute(text("SELECT pg_sleep(5), id FROM brands"))

    async def fail(workspace_id: UUID) -> None:
        with pytest.raises(ZeroDivisionError):
            async with hub.unit_of_work(Caller.system(workspace_id)):
                raise ZeroDivisionError

    for turn in range(50):
        await asyncio.gather(
            *(look(workspace_id) for workspace_id in brands),
            nobody(),
            *((break_off(next(iter(brands))),) if turn % 10 == 0 else ()),
            fail(list(brands)[turn % 10]),
        )


async def answer(hub: Hub, caller: Caller, name: str, ids: Ids) -> object:
    """Return what an operation answers, comparably; nothing of it is kept."""

    async def act(work: UnitOfWork) -> object:
        return await CASES[name].call(work, ids)

    try:
        async with hub.unit_of_work(caller) as work:
            found = await act(work)
            await work.session.flush()
            undo()
    except HubError as error:
        return (type(error), error.code, error.message, error.path)
    except Undone:
        return found if isinstance(found, int | str | list | dict | None) else type(found)


async def test_an_id_of_another_workspace_is_answered_exactly_like_an_unknown_one(
    hub: Hub, database: Database
) -> None:
    world, mine = await one_of_everything(hub, database, slug="mine")
    _, theirs = await one_of_everything(hub, database, slug="theirs")
    everything = replace(world.manager, permissions=world.system.permissions)

    for name, case in CASES.items():
        caller = everything if case.roles else world.system
        for taken in case.ids:
            foreign = replace(mine, **{taken: getattr(theirs, taken)})

            told = await answer(hub, caller, name, foreign)

            assert told == await answer(hub, caller, name, mine.unknown(taken)), (name, taken)
            if case.roles:
                assert isinstance(told, tuple), (name, taken)
                assert told[1] in {"NOT_FOUND", "INVALID"}, (name, taken, told)
                # The call itself is right: with one's own id it is answered otherwise.
                assert told != await answer(hub, caller, name, mine), (name, taken)
