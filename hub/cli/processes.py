"""`hub serve`, `hub work` and `hub migrate`: the parts of the hub, each to run by itself."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hub.cli.output import AsJson, console, fail, print_json, settings_from_environment
from hub.embedded.environment import CannotStart, prepare_folder
from hub.embedded.supervisor import Child, Supervisor, stopping_on_signals
from hub.kernel.settings import Settings

APP = "schema.app:create_app"
WORKERS = "workers.main:main"
RELAY = "workers.relay"
MIGRATIONS = Path(__file__).parent.parent.parent / "alembic.ini"


def api_command(settings: Settings) -> list[str]:
    """Return the command that serves the API."""
    return [
        *(sys.executable, "-m", "uvicorn", APP, "--factory"),
        *("--host", settings.host, "--port", str(settings.port)),
        *("--http", "httptools", "--ws", "websockets", "--no-access-log"),
        *("--ws-max-size", str(settings.body_bytes)),
        *("--timeout-graceful-shutdown", "10", "--log-level", "warning"),
        *("--no-server-header", "--no-proxy-headers"),
    ]


def worker_command(settings: Settings) -> list[str]:
    """Return the command that runs the workers."""
    return [
        *(sys.executable, "-m", "dramatiq", WORKERS, "--skip-logging"),
        *("--processes", str(settings.worker_processes)),
        *("--threads", str(settings.worker_threads)),
        *("--worker-shutdown-timeout", "10000"),
    ]


def relay_command() -> list[str]:
    """Return the command that runs the relay."""
    return [sys.executable, "-m", RELAY]


def serve() -> None:
    """Serve the API on HUB_HOST:HUB_PORT; run as many as you like behind one address.

    Needs HUB_DATABASE_URL, HUB_REDIS_URL and HUB_SECRET_KEY, and a migrated database.
    """
    settings = settings_from_environment()
    os.execv(sys.executable, api_command(settings))  # noqa: S606 - our own interpreter


def work() -> None:
    """Run the workers and a relay, restarted when they die; run as many as you like.

    Among all relays one leads; the others wait to take over. Stop with Ctrl-C or SIGTERM: what is
    in flight is finished first.
    """
    settings = settings_from_environment()

    async def supervise() -> None:
        children = [
            Child(name="worker", argv=worker_command(settings)),
            Child(name="relay", argv=relay_command()),
        ]
        folder = prepare_folder(settings.data_dir / f"work-{os.getpid()}")
        async with stopping_on_signals():
            supervisor = Supervisor(
                children,
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
    return make_url(database_url).username or "hub_app"


async def migrated(url: str, *, app_role: str, revision: str = "head") -> str:
    """Migrate in one transaction; return the revision the database is at now."""
    engine = create_async_engine(url, poolclass=NullPool)

    def upgrade(connection: Connection) -> str:
        config = Config(str(MIGRATIONS))
        config.set_main_option("script_location", str(MIGRATIONS.parent / "migrations"))
        config.attributes["connection"] = connection
        config.attributes["app_role"] = app_role
        command.upgrade(config, revision)
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())

    try:
        async with engine.begin() as connection:
            return await connection.run_sync(upgrade)
    finally:
        await engine.dispose()
