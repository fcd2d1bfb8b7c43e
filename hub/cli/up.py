"""`hub up` and `hub demo`: everything on this machine, with one command."""

import asyncio
import errno
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Annotated

import typer
from rich.panel import Panel

from hub.cli.output import RUNNING, complaints, console, settings_from_environment
from hub.cli.processes import api_command, app_role, is_migrated, migrated, worker_command
from hub.cli.story import REPORT, clear_report, play
from hub.embedded.environment import (
    CannotStart,
    listening,
    load_or_create_secrets,
    prepare_folder,
    remembered_listening,
    write_private,
)
from hub.embedded.servers import embedded_servers
from hub.embedded.supervisor import Child, Supervisor, http_answers, stopping_on_signals
from hub.kernel.settings import Settings

#: What stands in for the outside world: its name, and how people call it.
STAND_INS = {
    "HUB_DEMO_MASTODON": ("mastodon", "Mastodon"),
    "HUB_DEMO_BLUESKY": ("bluesky", "Bluesky"),
    "HUB_DEMO_WORDPRESS": ("wordpress", "Blog"),
    "HUB_DEMO_MISAGO": ("misago", "Forum"),
    "HUB_DEMO_PRESS": ("press", "Paper"),
    "HUB_DEMO_RECEIVER": ("receiver", "Webhook"),
}
SIMULATORS = "workers.simulators"
#: A path that only the stand-in which is served last answers: then all of them are there.
ALL_THERE = "/_sim/faults"

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", envvar="HUB_DATA_DIR", help="Where everything is kept.", show_default=".hub"
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        envvar="HUB_PORT",
        help="Port of the API; 0 takes a free one.",
        show_default="8000, or a free one",
        min=0,
        max=65_535,
    ),
]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A hub that is up: its settings, its tokens by role, its children."""

    settings: Settings
    tokens: dict[str, str]
    supervisor: Supervisor
    extra: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Doors:
    """Where the hub and its stand-ins are called: opened here, answered by the children."""

    api: socket
    stand_ins: Mapping[str, socket]

    @property
    def addresses(self) -> dict[str, str]:
        """The address of every stand-in, by its name."""
        return {name: f"http://127.0.0.1:{_port(door)}" for name, door in self.stand_ins.items()}


def up(
    data_dir: DataDir = None,
    port: Port = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Also play the demo story, and leave it to look around.")
    ] = False,
    logs: Annotated[
        bool, typer.Option("--logs", help="Mirror the logs of all parts here.")
    ] = False,
) -> None:
    """Start everything on this machine: database, queue, API, workers. Ctrl-C stops it all.

    PostgreSQL and Valkey come with the hub and keep their data in the data folder. With
    HUB_DATABASE_URL and HUB_REDIS_URL set (and HUB_SECRET_KEY, HUB_MIGRATE_URL) it uses yours.
    """
    folder = data_dir or Path(".hub")
    _exit(asyncio.run(_up(folder, port=port, demo=demo, mirror=logs)))


def demo(
    keep: Annotated[
        Path | None, typer.Option(help="Where the report is written.", show_default=str(REPORT))
    ] = None,
) -> None:
    """Play a week in the life of two brands, French and English, then stop everything.

    Monday to Sunday in about a minute: a plan and a voice, texts reviewed in steps, published to
    stand-ins of two networks, a blog and a forum; answers, a rule, a contest whose draw is proved,
    a bad day with a pause, and what came of it all. All through the public GraphQL API, on data
    that is thrown away. `index.html` in the report tells it again, with charts, files and proofs.
    """
    _exit(asyncio.run(_demo(keep or REPORT)))


def _exit(code: int) -> None:
    if code:
        raise typer.Exit(code)


async def _up(folder: Path, *, port: int | None, demo: bool, mirror: bool) -> int:
    try:
        if demo:
            clear_report(REPORT)
        async with (
            stopping_on_signals(),
            _running(folder, port=port, simulators=demo, mirror=mirror) as running,
        ):
            if demo:
                await _story(running, REPORT, stays=True)
            _announce(running)
            try:
                await running.supervisor.forever()
            finally:
                console.print("Stopping; what is in flight is finished first …")
    except CannotStart as error:
        complaints.print(f"[red]✗[/red] {error}", highlight=False)
        return 1
    console.print("Everything is stopped.")
    return 0


async def _demo(out: Path) -> int:
    folder = _throw_away_folder()
    code = 130
    try:
        clear_report(out)
        async with (
            stopping_on_signals(),
            _running(folder, port=0, simulators=True, mirror=False) as running,
        ):
            code = await _story(running, out)
    except CannotStart as error:
        complaints.print(f"[red]✗[/red] {error}", highlight=False)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return code


async def _story(running: Running, out: Path, *, stays: bool = False) -> int:
    return await play(
        running.settings,
        tokens=running.tokens,
        addresses=running.extra,
        out=out,
        stays=stays,
    )


def _throw_away_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="content-hub-demo-"))
    # Others may pass through, not look: as root the servers run as another user.
    folder.chmod(0o711)
    return folder


@asynccontextmanager
async def _running(
    folder: Path, *, port: int | None, simulators: bool, mirror: bool
) -> AsyncIterator[Running]:
    async with _settings(folder, port=port, simulators=simulators) as (settings, doors):
        if not await is_migrated(settings.database_url):
            with console.status("Preparing the database …"):
                await migrated(
                    settings.migrate_url or settings.database_url,
                    app_role=app_role(settings.database_url),
                )
        tokens: dict[str, str] = {}
        supervisor = Supervisor(
            _children(settings, doors),
            data_dir=settings.data_dir,
            mirror=sys.stderr if mirror else None,
            tell=lambda line: complaints.print(line, highlight=False),
        )
        async with supervisor, _announced(settings):
            with console.status("Starting the API and the workers …"):
                # Loading what looks them up takes a while: it is done beside the children.
                from hub.cli.tokens import tokens_of_this_machine

                tokens.update(await tokens_of_this_machine(settings))
                await supervisor.ready()
            yield Running(
                settings=settings, tokens=tokens, supervisor=supervisor, extra=doors.addresses
            )


@asynccontextmanager
async def _announced(settings: Settings) -> AsyncIterator[None]:
    """Tell the other commands how to reach this hub, for as long as it is up."""
    path = settings.data_dir / RUNNING
    told = {
        "database_url": settings.database_url,
        "migrate_url": settings.migrate_url,
        "redis_url": settings.redis_url,
        "secret_key": settings.secret_key.get_secret_value(),
        "data_dir": str(settings.data_dir),
    }
    write_private(path, json.dumps(told, indent=2) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@asynccontextmanager
async def _settings(
    folder: Path, *, port: int | None, simulators: bool
) -> AsyncIterator[tuple[Settings, Doors]]:
    """Yield the settings of a hub on this machine; start the servers unless they are given."""
    async with AsyncExitStack() as stack:
        host = os.environ.get("HUB_HOST", "127.0.0.1")
        asked = None if port is None else stack.enter_context(_opened(host, port))
        if os.environ.get("HUB_DATABASE_URL") and os.environ.get("HUB_REDIS_URL"):
            given = settings_from_environment()
            api = asked or stack.enter_context(_opened(given.host, given.port))
            doors = _doors(stack, api, simulators=simulators)
            yield _with(given, prepare_folder(folder), doors), doors
            return
        if os.environ.get("HUB_DATABASE_URL") or os.environ.get("HUB_REDIS_URL"):
            raise CannotStart(
                "Set both HUB_DATABASE_URL and HUB_REDIS_URL to use your own servers, or neither."
            )
        servers = embedded_servers(folder)
        with console.status("Starting PostgreSQL and Valkey …"):
            running = await stack.enter_async_context(servers)
        settings = Settings(
            database_url=running.database_url,
            migrate_url=running.migrate_url,
            redis_url=running.redis_url,
            secret_key=load_or_create_secrets(running.claim.folder).secret_key,
            environment="development",
        )
        api = asked or stack.enter_context(
            remembered_listening(running.claim.folder, "api", host=settings.host, preferred=8000)
        )
        doors = _doors(stack, api, simulators=simulators)
        made = _with(settings, running.claim.folder, doors)
        running.announce(made.public_url)
        yield made, doors


def _opened(host: str, port: int) -> socket:
    try:
        return listening(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(f"Port {port} is in use. Choose another one with --port.") from None
        raise CannotStart(f"Port {port} of {host} cannot be opened: {error.strerror}.") from None


def _doors(stack: AsyncExitStack, api: socket, *, simulators: bool) -> Doors:
    names = STAND_INS if simulators else ()
    return Doors(
        api=api,
        stand_ins={name: stack.enter_context(listening("127.0.0.1", 0)) for name in names},
    )


def _port(door: socket) -> int:
    return int(door.getsockname()[1])


def _with(settings: Settings, folder: Path, doors: Doors) -> Settings:
    allowed = [address.removeprefix("http://") for address in doors.addresses.values()]
    port = _port(doors.api)
    return settings.model_copy(
        update={
            "data_dir": folder,
            "port": port,
            "public_url": os.environ.get("HUB_PUBLIC_URL", f"http://{settings.host}:{port}"),
            "outgoing_allow": (*settings.outgoing_allow, *allowed),
        }
    )


def _children(settings: Settings, doors: Doors) -> list[Child]:
    env = _environment(settings)
    children = [
        Child(
            name="api",
            argv=api_command(doors.api.fileno()),
            env=env,
            ready=http_answers(settings.host, settings.port, "/ready"),
            sockets=[doors.api],
        ),
        Child(name="worker", argv=worker_command(settings), env=env),
    ]
    if doors.stand_ins:
        asked = [f"{STAND_INS[name][0]}={door.fileno()}" for name, door in doors.stand_ins.items()]
        receiver = _port(doors.stand_ins["HUB_DEMO_RECEIVER"])
        children.append(
            Child(
                name="stand-ins",
                argv=[sys.executable, "-m", SIMULATORS, "--inherited", *asked],
                ready=http_answers("127.0.0.1", receiver, ALL_THERE),
                sockets=list(doors.stand_ins.values()),
            )
        )
    return children


def _environment(settings: Settings) -> dict[str, str]:
    """Return the settings as the environment of a child; the owner's address is not among them."""
    return {
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_REDIS_URL": settings.redis_url,
        "HUB_SECRET_KEY": settings.secret_key.get_secret_value(),
        "HUB_DATA_DIR": str(settings.data_dir),
        "HUB_ENVIRONMENT": settings.environment,
        "HUB_HOST": settings.host,
        "HUB_PORT": str(settings.port),
        "HUB_PUBLIC_URL": settings.public_url,
        "HUB_OUTGOING_ALLOW": ",".join(settings.outgoing_allow),
    }


def _announce(running: Running) -> None:
    url = running.settings.public_url
    lines = [
        f"[bold]GraphQL[/bold]   {url}/graphql   (open it in a browser for GraphiQL)",
        f"[bold]Health[/bold]    {url}/ready · {url}/metrics",
        *(
            f"[bold]{label:<9}[/bold] {running.extra[name]}"
            for name, (_, label) in STAND_INS.items()
            if name in running.extra
        ),
        "",
        *(f"[bold]{name.title():<9}[/bold] {token}" for name, token in running.tokens.items()),
        "",
        f"Data and logs are in {running.settings.data_dir}. Ctrl-C stops everything.",
    ]
    console.print(Panel.fit("\n".join(lines), title="The content hub is up"))
