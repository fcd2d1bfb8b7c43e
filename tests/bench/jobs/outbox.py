"""How quickly rows of the outbox are rung, claimed and put away, by how many go together.

The hub's own statements run as its relay and its workers run them, through a session. Beside them
one statement for a whole batch, written by hand, says what the database could do.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kernel import jobs
from hub.kernel.ids import new_id
from hub.kernel.jobs import Claimed, Promise
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.runtime import open_hub
from tests.bench.jobs.contestants import Ground
from tests.bench.jobs.deliver import Deliver

SIZES = (1, 10, 100, 1_000)
#: Rows measured with each size: enough for some tenths of a second.
ROWS = {1: 500, 10: 2_000, 100: 4_000, 1_000: 10_000}
#: A number of Valkey's that no contestant has.
_DATABASE = 8

_CLAIM_BATCH = text("""
UPDATE jobs SET state = 'RUNNING', fence = fence + 1, attempts = attempts + 1,
    lease_until = clock_timestamp() + make_interval(secs => 30)
WHERE id IN (
    SELECT id FROM jobs WHERE state = 'WAITING' AND due_at <= hub_now()
    ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
)
RETURNING id
""")
_DELETE_BATCH = text("DELETE FROM jobs WHERE id = ANY(:ids) AND state = 'RUNNING'")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows a second with so many in a transaction.

    `rung`: chosen by the relay's statement. `settled`: claimed and finished by the worker's
    statements, one for each row. `together`: claimed and deleted by one statement for the batch.
    """

    size: int
    rung: float
    settled: float
    together: float


async def measured(ground: Ground, *, rounds: int) -> list[Batch]:
    """Measure every size, in turns; return medians."""
    settings = Settings(
        database_url=ground.database_url,
        redis_url=ground.redis_url(_DATABASE),
        secret_key=ground.secret_key,
    )
    async with open_hub(settings, pool=1) as hub:
        ways = {"rung": _rung, "settled": _settled, "together": _together}
        found: dict[tuple[str, int], list[float]] = {}
        for _ in range(rounds):
            for size in SIZES:
                for name, way in ways.items():
                    found.setdefault((name, size), []).append(await _rate(hub, way, size))
    return [
        Batch(size=size, **{name: median(found[name, size]) for name in ways}) for size in SIZES
    ]


Way = Callable[[Hub, int, Sequence[UUID]], Awaitable[int]]


async def _rate(hub: Hub, way: Way, size: int) -> float:
    ids = await _filled(hub, ROWS[size])
    began = time.perf_counter()
    done = await way(hub, size, ids)
    took = time.perf_counter() - began
    if done != len(ids):
        raise RuntimeError(f"{done} rows of {len(ids)} were done.")
    return done / took


async def _filled(hub: Hub, rows: int) -> Sequence[UUID]:
    workspace = new_id()
    async with hub.unscoped() as session:
        await session.execute(text("DELETE FROM jobs"))
        bells = await jobs.write(
            session,
            [
                Promise(job=Deliver(workspace_id=workspace, url=f"http://127.0.0.1/{number}"))
                for number in range(rows)
            ],
        )
    return [bell.job_id for bell in bells]


async def _rung(hub: Hub, size: int, ids: Sequence[UUID]) -> int:
    done = 0
    for _ in range(len(ids) // size):
        async with hub.unscoped() as session:
            done += len(await jobs.to_ring(session, limit=size))
    return done


async def _settled(hub: Hub, size: int, ids: Sequence[UUID]) -> int:
    done = 0
    for start in range(0, len(ids), size):
        async with hub.unscoped() as session:
            held = [await _claimed(session, job_id) for job_id in ids[start : start + size]]
        async with hub.unscoped() as session:
            for one in held:
                await jobs.finish(session, one)
        done += len(held)
    return done


async def _claimed(session: AsyncSession, job_id: UUID) -> Claimed:
    held = await jobs.claim(session, job_id, lease=30)
    if held is None:
        raise RuntimeError("Somebody else claimed a row.")
    return held


async def _together(hub: Hub, size: int, ids: Sequence[UUID]) -> int:
    done = 0
    for _ in range(len(ids) // size):
        async with hub.unscoped() as session:
            held = (await session.execute(_CLAIM_BATCH, {"most": size})).scalars().all()
        async with hub.unscoped() as session:
            await session.execute(_DELETE_BATCH, {"ids": list(held)})
        done += len(held)
    return done
