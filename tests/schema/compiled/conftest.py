"""One filled database and two applications on it for each worker of the run."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import make_url

from hub.kernel.ids import new_id
from hub.kernel.settings import Settings
from tests.conftest import SECRET_KEY, TEMPLATE, Database, Servers, _as_admin
from tests.schema.compiled.doors import Pair, a_pair

SEED = 20260301


@contextmanager
def a_database(servers: Servers) -> Iterator[Database]:
    """Copy the template: a database that no other test empties."""
    name = f"t_{new_id().hex[-20:]}"
    asyncio.run(_as_admin(servers, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER hub_owner"))
    yield Database(
        name=name,
        admin_url=servers.url(name),
        owner_url=servers.url(name, user="hub_owner"),
        database_url=servers.url(name, user="hub_app"),
    )
    asyncio.run(_as_admin(servers, f"DROP DATABASE {name} WITH (FORCE)"))


def settings_of(database: Database, servers: Servers, folder: Path) -> Settings:
    """Return settings of a hub on that database."""
    redis_url = make_url(servers.redis_url).set(database="15")
    return Settings(
        database_url=database.database_url,
        redis_url=redis_url.render_as_string(hide_password=False),
        secret_key=SecretStr(SECRET_KEY),
        data_dir=folder,
        environment="development",
        database_pool=2,
        password_memory_kib=32,
        password_passes=1,
    )


@pytest.fixture(scope="session")
def own_database(servers: Servers) -> Iterator[Database]:
    """A database for the two filled workspaces."""
    with a_database(servers) as made:
        yield made


@pytest.fixture(scope="session")
def own_settings(
    own_database: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings of a hub on that database."""
    return settings_of(own_database, servers, tmp_path_factory.mktemp("data"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pair(own_database: Database, own_settings: Settings) -> AsyncIterator[Pair]:
    """The application with compiled reads and without, over two filled workspaces."""
    async with a_pair(own_settings, own_database.owner_url, seed=SEED) as opened:
        # As a server does: what is here by now stays, looking at it again and again costs time.
        before = gc.get_threshold()
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 1_000)
        yield opened
        gc.set_threshold(*before)
        gc.unfreeze()
