"""Migrations: one line, there and back, and exactly the tables of the models."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

import hub.runtime
from hub.kernel.ids import new_id
from hub.kernel.model import Base
from tests.conftest import ROOT, TEMPLATE, Servers

assert hub.runtime

_DESCRIBE = """
SELECT 'column' AS kind, table_name || '.' || column_name AS name,
    concat_ws(' ', data_type, is_nullable, column_default) AS what
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'policy', tablename || '.' || policyname, qual FROM pg_policies
UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function', proname, pg_get_functiondef(oid)
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'right', table_name || '.' || privilege_type, grantee
FROM information_schema.role_table_grants WHERE grantee = 'hub_app'
ORDER BY 1, 2, 3
"""


def config(connection: Connection) -> Config:
    made = Config(str(ROOT / "alembic.ini"))
    made.attributes["connection"] = connection
    return made


@asynccontextmanager
async def a_database(servers: Servers, *, template: str = "template1") -> AsyncIterator[Servers]:
    """Make a database of the owner's; its name is in the server addresses."""
    name = f"m_{new_id().hex[-20:]}"
    admin = await asyncpg.connect(servers.url("postgres").replace("+asyncpg", ""))
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER hub_owner")
    try:
        yield Servers(admin_url=servers.url(name), redis_url=servers.redis_url)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


@asynccontextmanager
async def as_owner(servers: Servers) -> AsyncIterator[AsyncEngine]:
    """Open a database as the owner of its tables."""
    name = servers.admin_url.rpartition("/")[2].partition("?")[0]
    engine = create_async_engine(servers.url(name, user="hub_owner"), poolclass=NullPool)
    yield engine
    await engine.dispose()


@pytest.fixture
async def empty(servers: Servers) -> AsyncIterator[Servers]:
    """An empty database."""
    async with a_database(servers) as made:
        yield made


@pytest.fixture
async def owner(empty: Servers) -> AsyncIterator[AsyncEngine]:
    """The empty database, as its owner."""
    async with as_owner(empty) as engine:
        yield engine


@pytest.fixture
async def migrated(servers: Servers) -> AsyncIterator[AsyncEngine]:
    """A copy of what this run has migrated from nothing to the newest revision, as its owner."""
    async with a_database(servers, template=TEMPLATE) as made, as_owner(made) as engine:
        yield engine


async def run(engine: AsyncEngine, step: Any, *arguments: Any) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(lambda given: step(config(given), *arguments))


async def described(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.exec_driver_sql(_DESCRIBE)]


def test_migrations_are_one_line() -> None:
    scripts = ScriptDirectory.from_config(Config(str(ROOT / "alembic.ini")))

    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1
    for revision in scripts.walk_revisions():
        assert not revision.is_merge_point
        assert revision.doc
        assert revision.path.rpartition("/")[2].startswith(revision.revision)


async def test_a_database_goes_up_down_and_up_again(migrated: AsyncEngine) -> None:
    first = await described(migrated)
    await run(migrated, command.downgrade, "base")
    bare = await described(migrated)
    await run(migrated, command.upgrade, "head")

    assert await described(migrated) == first
    assert len(first) > 500
    assert {row[1].partition(".")[0] for row in bare} <= {"alembic_version", "alembic_version_pkc"}


async def test_every_step_can_be_taken_alone(owner: AsyncEngine) -> None:
    scripts = ScriptDirectory.from_config(Config(str(ROOT / "alembic.ini")))
    states = [await described(owner)]

    for revision in reversed(list(scripts.walk_revisions())):
        await run(owner, command.upgrade, revision.revision)
        states.append(await described(owner))
        await run(owner, command.downgrade, "-1")
        before = [row for row in await described(owner) if "alembic_version" not in row[1]]
        assert before == [row for row in states[-2] if "alembic_version" not in row[1]]
        await run(owner, command.upgrade, revision.revision)


async def test_models_and_migrations_say_the_same(migrated: AsyncEngine) -> None:
    await run(migrated, command.check)


async def test_checks_of_the_models_are_those_of_the_database(
    owner: AsyncEngine, migrated: AsyncEngine
) -> None:
    # Alembic does not compare checks, so both sets of tables are made and compared here.
    expected = await _checks(migrated)
    async with owner.begin() as connection:
        await connection.exec_driver_sql(
            "CREATE FUNCTION hub_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'"
        )
        await connection.run_sync(Base.metadata.create_all)

    assert await _checks(owner) == expected
    assert len(expected) > 10


async def _checks(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace "
            "AND conrelid::regclass::text <> 'clock' ORDER BY 1, 2"
        )
        return [tuple(row) for row in rows]


async def test_the_application_may_be_another_role(
    owner: AsyncEngine, empty: Servers, servers: Servers
) -> None:
    role = f"app_{new_id().hex[-12:]}"
    admin = await asyncpg.connect(servers.url("postgres").replace("+asyncpg", ""))
    await admin.execute(f"CREATE ROLE {role}")
    try:
        async with owner.begin() as connection:

            def upgrade(given: Connection) -> None:
                made = config(given)
                made.attributes["app_role"] = role
                command.upgrade(made, "head")

            await connection.run_sync(upgrade)
        async with owner.connect() as connection:
            rows = await connection.exec_driver_sql(
                "SELECT DISTINCT grantee FROM information_schema.role_table_grants "
                "WHERE table_schema = 'public' AND grantee LIKE '%app%'"
            )
            assert [row.grantee for row in rows] == [role]
    finally:
        inside = await asyncpg.connect(empty.admin_url.replace("+asyncpg", ""))
        await inside.execute(f"DROP OWNED BY {role}")
        await inside.close()
        await admin.execute(f"DROP ROLE IF EXISTS {role}")
        await admin.close()
