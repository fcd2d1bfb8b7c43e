"""Workers for tests: the real handlers and connectors, run in this process until all is quiet."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from hub.content.storage import Storage
from hub.kernel.jobs import JobRow
from hub.kernel.work import Hub
from workers.connectors.http import open_http
from workers.connectors.registry import connectors
from workers.handlers import HANDLERS
from workers.handling import Toolbox, run

#: More rounds than any story takes: a job that never ends fails the test instead of hanging it.
ROUNDS = 200


async def nothing(_milestone: str) -> None:
    """Pass a milestone without a word."""


@asynccontextmanager
async def a_toolbox(
    hub: Hub,
    *,
    allow: tuple[str, ...] = (),
    passed: Callable[[str], Awaitable[None]] = nothing,
    deadline: float = 8.0,
) -> AsyncIterator[Toolbox]:
    """A worker's tools: outgoing calls only to the addresses in `allow`."""
    assert HANDLERS
    async with open_http(allow=allow, deadline=deadline) as http:
        yield Toolbox(
            hub=hub,
            http=http,
            connectors=connectors(http),
            storage=Storage(hub.settings.data_dir / "assets"),
            worker="test",
            passed=passed,
        )


async def due_jobs(hub: Hub) -> list[UUID]:
    """Return the jobs that a worker could take now."""
    async with hub.unscoped() as session:
        rows = await session.execute(
            text(
                "SELECT id FROM jobs WHERE (state = 'WAITING' AND due_at <= hub_now()) "
                "OR (state = 'RUNNING' AND lease_until < clock_timestamp()) ORDER BY due_at, id"
            )
        )
        return list(rows.scalars())


async def jobs_left(hub: Hub) -> list[JobRow]:
    """Return every job that is still promised."""
    async with hub.unscoped() as session:
        return list((await session.execute(JobRow.__table__.select())).all())  # type: ignore[arg-type]  # rows read like jobs


async def work_off(tools: Toolbox) -> int:
    """Run what is due, and what becomes due by it, until nothing is; return how many jobs ran."""
    done = 0
    for _ in range(ROUNDS):
        due = await due_jobs(tools.hub)
        if not due:
            return done
        done += sum(await asyncio.gather(*(run(job_id, tools) for job_id in due)))
    raise AssertionError("The jobs never came to rest.")


async def move_clock(hub: Hub, owner_url: str, by: timedelta) -> None:
    """Move the hub's clock forward, as only the owner of the tables may."""
    import asyncpg

    connection = await asyncpg.connect(owner_url.replace("+asyncpg", ""))
    try:
        await connection.execute("UPDATE clock SET shift = shift + $1", by)
    finally:
        await connection.close()
