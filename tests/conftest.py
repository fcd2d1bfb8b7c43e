"""One PostgreSQL and one Valkey for the whole run; a fresh migrated database for each test."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hub.embedded.servers import scratch_servers_held
from hub.kernel import log
from hub.kernel.ids import new_id
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.runtime import open_hub
from tests.order import arranged
from tests.sharing import share

ROOT = Path(__file__).parent.parent
TEMPLATE = "hub_template"
SECRET_KEY = "only-for-tests-" + "x" * 32
APP_PASSWORD = "only-for-tests"


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Addresses of the servers of this run: a superuser of PostgreSQL, and a Redis."""

    admin_url: str
    redis_url: str

    def url(self, database: str, *, user: str | None = None) -> str:
        """Return the address of a database, as the superuser or as another role."""
        made = make_url(self.admin_url).set(database=database)
        if user is not None:
            made = made.set(username=user, password=APP_PASSWORD)
        return made.render_as_string(hide_password=False)


@dataclass(frozen=True, kw_only=True)
class Database:
    """A fresh, migrated database of one test."""

    name: str
    admin_url: str
    owner_url: str
    database_url: str

    async def owner(self) -> asyncpg.Connection:
        """Connect as the owner of the tables, whom no policy binds."""
        return await asyncpg.connect(self.owner_url.replace("+asyncpg", ""))


_SERVERS = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, where the run starts: its workers get the addresses."""
    log.configure(level="error")
    share()
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    _start(config)


def _start(config: pytest.Config) -> None:
    database, redis = (
        os.environ.get("HUB_TEST_DATABASE_URL"),
        os.environ.get("HUB_TEST_REDIS_URL"),
    )
    if not database or not redis:
        servers = _SERVERS.enter_context(scratch_servers_held())
        if not database:
            # Ours speaks no TLS; asking it, with a context made for it, is a third of a connection.
            os.environ["PGSSLMODE"] = "disable"
        database = database or servers.admin_url
        redis = redis or servers.redis_url
    config.stash[_KEY] = Servers(admin_url=database, redis_url=redis)
    asyncio.run(_make_template(config.stash[_KEY]))


_KEY = pytest.StashKey[Servers]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each worker of the run begin with what takes longest."""
    if hasattr(config, "workerinput"):
        items[:] = arranged(items, workers=config.workerinput["workercount"])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Look for what is no longer used only among what tests make: all else stays, and is much."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the addresses to a worker of the run."""
    servers = node.config.stash[_KEY]
    node.workerinput["servers"] = (servers.admin_url, servers.redis_url)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this run started."""
    if not hasattr(config, "workerinput"):
        _SERVERS.close()


async def _make_template(servers: Servers) -> None:
    """Migrate one database; every test gets a copy of it, which is far quicker."""
    admin = await asyncpg.connect(servers.url("postgres").replace("+asyncpg", ""))
    # Deriving the key takes longer than all else in a connection. PostgreSQL 15 cannot be told.
    await admin.execute(
        "SELECT set_config('scram_iterations', '1', false) "
        "WHERE current_setting('server_version_num')::int >= 160000"
    )
    for role in ("hub_owner", "hub_app"):
        if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await admin.execute(f"CREATE ROLE {role} LOGIN")
        await admin.execute(f"ALTER ROLE {role} PASSWORD '{APP_PASSWORD}'")
    await admin.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
    await admin.execute(f"CREATE DATABASE {TEMPLATE} OWNER hub_owner")
    await admin.close()
    engine = create_async_engine(servers.url(TEMPLATE, user="hub_owner"), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


def migrate(connection: Any, revision: str = "head") -> None:
    """Bring the database of a connection to a revision."""
    config = Config(str(ROOT / "alembic.ini"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """Return the servers of this run."""
    given = getattr(request.config, "workerinput", None)
    if given is None:
        return request.config.stash[_KEY]
    admin_url, redis_url = given["servers"]
    return Servers(admin_url=admin_url, redis_url=redis_url)


@pytest.fixture(scope="session")
def shared_database(servers: Servers) -> Iterator[Database]:
    """Copy the migrated template once for each worker of the run."""
    name = f"t_{new_id().hex[-20:]}"
    asyncio.run(_as_admin(servers, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER hub_owner"))
    yield Database(
        name=name,
        admin_url=servers.url(name),
        owner_url=servers.url(name, user="hub_owner"),
        database_url=servers.url(name, user="hub_app"),
    )
    asyncio.run(_as_admin(servers, f"DROP DATABASE {name} WITH (FORCE)"))


async def _as_admin(servers: Servers, statement: str) -> None:
    admin = await asyncpg.connect(servers.url("postgres").replace("+asyncpg", ""))
    try:
        await admin.execute(statement)
    finally:
        await admin.close()


@pytest.fixture(scope="session")
def sweep(shared_database: Database) -> Iterator[Callable[[], None]]:
    """Empty the database over one connection: what a new one must learn takes longer than that."""
    loop = asyncio.new_event_loop()
    held: list[asyncpg.Connection] = []

    async def empty() -> None:
        if not held or held[0].is_closed():
            held[:] = [await asyncpg.connect(shared_database.admin_url.replace("+asyncpg", ""))]
        await held[0].execute(_EMPTY)

    def sweep_out() -> None:
        try:
            loop.run_until_complete(empty())
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            # A test has ended every connection; what comes of the next use may have many names.
            held[0].terminate()
            loop.run_until_complete(empty())

    yield sweep_out
    for connection in held:
        loop.run_until_complete(connection.close())
    loop.close()


@pytest.fixture
def database(shared_database: Database, sweep: Callable[[], None]) -> Database:
    """A migrated database with nothing in it: emptied, which is far quicker than a copy."""
    sweep()
    return shared_database


# Whoever is still connected belongs to the last test. Without triggers, what never changes can be
# deleted and the order of tables does not matter.
_EMPTY = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET session_replication_role = replica;
    DO $$ DECLARE known record; BEGIN
        FOR known IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
            AND tablename NOT IN ('alembic_version', 'clock')
        LOOP EXECUTE format('DELETE FROM %I', known.tablename); END LOOP;
    END $$;
    UPDATE clock SET shift = '0';
"""


_REDIS_DATABASES = 15


@pytest.fixture
def settings(database: Database, servers: Servers, tmp_path: Path, worker_id: str) -> Settings:
    """Settings of a hub for one test: own database, own folder, own Redis database per worker."""
    number = int(worker_id.removeprefix("gw") or 0) if worker_id != "master" else 0
    redis_url = make_url(servers.redis_url).set(database=str(number % _REDIS_DATABASES))
    made = _settings(database.database_url, redis_url.render_as_string(hide_password=False))
    return made.model_copy(update={"data_dir": tmp_path / "data"})


@cache
def _settings(database_url: str, redis_url: str) -> Settings:
    # Looking through the environment takes longer than opening a hub.
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        secret_key=SECRET_KEY,
        data_dir=Path("/nowhere"),
        environment="development",
        lease_seconds=5,
        database_pool=4,
        password_memory_kib=32,
        password_passes=1,
    )


@pytest.fixture
async def hub(settings: Settings) -> AsyncIterator[Hub]:
    """A running hub on a fresh database."""
    async with open_hub(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Return the name of this worker of the run, or "master" where there is only one."""
    given = getattr(request.config, "workerinput", None)
    return str(given["workerid"]) if given else "master"


@pytest.fixture(autouse=True)
def _nothing_lingers() -> Iterator[None]:
    """Take the environment as it is: a HUB_ variable of the developer must not change a test."""
    saved = {name: value for name, value in os.environ.items() if name.startswith("HUB_")}
    for name in saved:
        if not name.startswith("HUB_TEST_"):
            del os.environ[name]
    yield
    os.environ.update(saved)
