"""`hub serve`, `hub work` and `hub migrate`: the parts of the hub, each to run by itself."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import asyncpg
import typer

from hub.cli.output import AsJson, console, fail, print_json, settings_from_environment
from hub.embedded.environment import CannotStart, prepare_folder
from hub.embedded.supervisor import Child, Supervisor, stopping_on_signals

if TYPE_CHECKING:
    from hub.kernel.settings import Settings

API = "schema"
WORKERS = "workers"
ALEMBIC = Path(__file__).parent.parent.parent / "alembic.ini"
MIGRATIONS = ALEMBIC.parent / "migrations"


def api_command(fd: int | None = None) -> list[str]:
    """Return the command that serves the API, on HUB_HOST:HUB_PORT or on an inherited socket."""
    return [sys.executable, "-m", API, *([] if fd is None else ["--fd", str(fd)])]


def worker_command(settings: "Settings") -> list[str]:
    """Return the command that runs the workers and a relay."""
    return [
        *(sys.executable, "-m", WORKERS),
        *("--processes", str(settings.worker_processes)),
        *("--threads", str(settings.worker_threads)),
    ]


def serve() -> None:
    """Serve the API on HUB_HOST:HUB_PORT; run as many as you like behind one address.

    Needs HUB_DATABASE_URL, HUB_REDIS_URL and HUB_SECRET_KEY, and a migrated database.
    """
    settings_from_environment()
    os.execv(sys.executable, api_command())  # noqa: S606 - our own interpreter


def work() -> None:
    """Run the workers and a relay, restarted when they die; run as many as you like.

    Among all relays one leads; the others wait to take over. Stop with Ctrl-C or SIGTERM: what is
    in flight is finished first.
    """
    settings = settings_from_environment()

    async def supervise() -> None:
        folder = prepare_folder(settings.data_dir / f"work-{os.getpid()}")
        async with stopping_on_signals():
            supervisor = Supervisor(
                [Child(name="worker", argv=worker_command(settings))],
                data_dir=folder,
                stop_seconds=20,
                mirror=sys.stderr,
                tell=lambda line: console.print(line, highlight=False),
            )
            async with supervisor:
                console.print("Workers and relay are running. Ctrl-C stops them.")
                await supervisor.forever()

    try:
        asyncio.run(supervise())
    except CannotStart as error:
        fail(str(error))


def migrate(
    revision: Annotated[str, typer.Argument(help="Up to this revision.")] = "head",
    as_json: AsJson = False,
) -> None:
    """Bring the database to this version, as the owner of the tables (HUB_MIGRATE_URL).

    The role of HUB_DATABASE_URL is granted what it needs; it must own nothing itself.
    """
    from sqlalchemy.exc import SQLAlchemyError

    settings = settings_from_environment()
    if settings.migrate_url is None:
        fail("HUB_MIGRATE_URL is not set: the address of PostgreSQL as the owner of the tables.")
    url = settings.migrate_url or ""
    try:
        at = asyncio.run(migrated(url, app_role=app_role(settings.database_url), revision=revision))
    except (SQLAlchemyError, OSError) as error:
        fail(f"The migration did not happen, and changed nothing: {error}")
    if as_json:
        print_json({"revision": at})
        return
    console.print(f"[green]✓[/green] The database is at {at}.")


def app_role(database_url: str) -> str:
    """Return the role an address connects as."""
    return urlsplit(database_url).username or "hub_app"


def newest_revision() -> str:
    """Return the newest migration there is: files begin with the revision they bring."""
    return max(path.stem[:15] for path in (MIGRATIONS / "versions").glob("2*.py"))


async def is_migrated(database_url: str) -> bool:
    """Say whether a database is at the newest revision, without loading what migrates it."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        at = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await connection.close()
    return bool(at == newest_revision())


async def migrated(url: str, *, app_role: str, revision: str = "head") -> str:
    """Migrate in one transaction; return the revision the database is at now."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import Connection, text
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    engine = create_async_engine(url, poolclass=NullPool)

    def upgrade(connection: Connection) -> str:
        config = Config(str(ALEMBIC))
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        config.attributes["app_role"] = app_role
        command.upgrade(config, revision)
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())

    try:
        async with engine.begin() as connection:
            return await connection.run_sync(upgrade)
    finally:
        await engine.dispose()
