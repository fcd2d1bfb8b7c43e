"""The database of the bench: built once for each size, kept, and served by the embedded servers."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg
import psutil

from hub.cli.processes import migrated
from hub.embedded.servers import EmbeddedServers, embedded_servers
from hub.kernel.settings import Settings
from hub.runtime import open_hub
from tests.bench.data import World, build, describe, name_of
from tests.node import FETCHED

#: Everything the bench fetches, builds and keeps.
KEPT = FETCHED / "bench"
_READY = "world.json"

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Running servers with a data set in them, and how to reach them."""

    world: World
    folder: Path
    database_url: str
    owner_url: str
    admin_url: str
    redis_url: str
    secret_key: str
    postmaster: psutil.Process

    async def connect(self) -> asyncpg.Connection:
        """Connect as the superuser, for setting up and cleaning up."""
        return await asyncpg.connect(self.admin_url)


@contextmanager
def a_place(contents: int, *, tell: Tell) -> Iterator[Place]:
    """Serve the data set of that many contents, built first where it is not kept yet."""
    folder = KEPT / "data" / name_of(contents)
    # One loop from entering to leaving: closing it would end the servers.
    with asyncio.Runner() as runner:
        if not (folder / _READY).exists():
            # Of each size one is kept: the rows of another version are of no use any more.
            for old in folder.parent.glob(f"{contents}-*"):
                shutil.rmtree(old, ignore_errors=True)
            runner.run(_built(folder, contents, tell))
        serving = embedded_servers(folder, keep=False)
        servers = runner.run(serving.__aenter__())
        try:
            yield _place(folder, servers)
        finally:
            runner.run(serving.__aexit__(None, None, None))


def _place(folder: Path, servers: EmbeddedServers) -> Place:
    number = (servers.home.database / "postmaster.pid").read_text().split()[0]
    return Place(
        world=World(**json.loads((folder / _READY).read_text())),
        folder=servers.claim.folder,
        database_url=servers.database_url,
        owner_url=servers.migrate_url.replace("+asyncpg", ""),
        admin_url=_admin(servers),
        redis_url=servers.redis_url,
        secret_key=servers.secrets.secret_key,
        postmaster=psutil.Process(int(number)),
    )


def _admin(servers: EmbeddedServers) -> str:
    return servers.admin_url.replace("+asyncpg", "").rsplit("/", 1)[0] + "/hub"


async def _built(folder: Path, contents: int, tell: Tell) -> None:
    async with embedded_servers(folder, fsync=False, keep=False) as servers:
        tell("tables")
        await migrated(servers.migrate_url, app_role="hub_app")
        connection = await asyncpg.connect(_admin(servers))
        await build(connection, contents, tell=tell)
        settings = Settings(
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            secret_key=servers.secrets.secret_key,
        )
        async with open_hub(settings, pool=1) as hub:
            world = await describe(connection, hub, contents)
        await connection.close()
    (folder / _READY).write_text(json.dumps(asdict(world), indent=2) + "\n")


#: Tables whose rows outlive a run; of all others, what a run has written goes.
_KEPT_TABLES = "('workspaces', 'members', 'tokens', 'clock', 'alembic_version')"


async def clean(place: Place) -> None:
    """Delete every row that is no part of the data set, and tidy up; quick where there is none."""
    connection = await place.connect()
    try:
        there = await connection.fetchval("SELECT count(*) FROM content_items")
        if there == place.world.rows["content_items"]:
            return
        # What never changes may be deleted here, and the order of tables does not matter.
        await connection.execute("SET session_replication_role = replica")
        tables = await connection.fetch(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' "
            f"AND column_name = 'created_at' AND table_name NOT IN {_KEPT_TABLES}"
        )
        for (table,) in tables:
            await connection.execute(
                f"DELETE FROM {table} WHERE created_at >= '{place.world.built}'::timestamptz"
            )
        await connection.execute("VACUUM ANALYZE", timeout=600)
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
