"""`make bench-workers`: the hub's jobs beside Celery, taskiq and Dramatiq on the same work."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from sqlalchemy import make_url

from hub.cli.processes import migrated
from hub.embedded.servers import EmbeddedServers, embedded_servers
from tests.bench.jobs import outbox, report
from tests.bench.jobs.contestants import CONTESTANTS, Contestant, Ground, install
from tests.bench.jobs.rounds import Delivered, a_sink, delivered

DELIVERIES, ROUNDS = 2_000, 3

console = Console(width=160)


def main(
    deliveries: Annotated[int, typer.Option(help="In each round.")] = DELIVERIES,
    rounds: Annotated[int, typer.Option(help="How often each contestant delivers.")] = ROUNDS,
    only: Annotated[str, typer.Option(help="Part of the names of contestants.")] = "",
) -> None:
    """Measure, print, keep the figures in docs, and exit 1 where a bar is missed."""
    chosen = [one for one in CONTESTANTS if only in one.name]
    with console.status("Installing other people's tools …"):
        install()
    measured, batches = asyncio.run(_measured(chosen, deliveries=deliveries, rounds=rounds))
    found = report.Found(
        deliveries=deliveries, contestants=chosen, measured=measured, batches=batches
    )
    report.show(console, found)
    if not only and deliveries == DELIVERIES and rounds >= ROUNDS:
        report.write(found)
    wrong = report.failures(found)
    for line in wrong:
        console.print(f"[red]✗[/red] {line}", highlight=False)
    console.print(report.summary(found), highlight=False)
    sys.exit(1 if wrong else 0)


async def _measured(
    chosen: Sequence[Contestant], *, deliveries: int, rounds: int
) -> tuple[Mapping[str, list[Delivered]], list[outbox.Batch]]:
    measured: dict[str, list[Delivered]] = {one.name: [] for one in chosen}
    with a_sink() as sink, console.status("Starting servers …") as status:
        async with _ground(sink) as ground:
            for number in range(rounds):
                turn = number % len(chosen)
                # Whoever is first in one round is last in the next.
                for one in [*chosen[turn:], *chosen[:turn]]:
                    status.update(f"round {number + 1}: {one.name} …")
                    measured[one.name].append(await delivered(one, ground, deliveries=deliveries))
            status.update("the outbox, by batch …")
            batches = await outbox.measured(ground, rounds=rounds)
    return measured, batches


@asynccontextmanager
async def _ground(sink: str) -> AsyncIterator[Ground]:
    """Run both servers on a new folder, PostgreSQL writing to disk as it does for people."""
    folder = Path(tempfile.mkdtemp(prefix="content-hub-bench-"))
    # As root PostgreSQL runs as somebody else, who must be able to pass.
    folder.chmod(0o711)  # noqa: ASYNC240 - nothing else runs yet
    home = folder
    try:
        async with embedded_servers(folder, keep=False) as servers:
            home = servers.home.folder
            await migrated(servers.migrate_url, app_role="hub_app")
            yield _ground_of(servers, sink)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _ground_of(servers: EmbeddedServers, sink: str) -> Ground:
    address = make_url(servers.redis_url)
    pids = (servers.postgres.pid, servers.valkey.pid)
    return Ground(
        database_url=servers.database_url,
        redis_url=lambda number: address.set(database=str(number)).render_as_string(
            hide_password=False
        ),
        secret_key=servers.secrets.secret_key,
        folder=servers.claim.folder,
        sink=sink,
        servers=[psutil.Process(pid) for pid in pids if pid is not None],
    )


if __name__ == "__main__":
    typer.run(main)
