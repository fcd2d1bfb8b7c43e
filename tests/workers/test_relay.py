"""What the fast path left behind is rung, and one relay leads: nothing is lost with the queue."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import redis
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.audit.models import EventRow
from hub.audit.operations import facts
from hub.audit.rules import chained
from hub.content.operations import create_item
from hub.content.rules import Part, Words
from hub.kernel import jobs
from hub.kernel.ids import new_id
from hub.kernel.jobs import CRASHES_UNTIL_PARKED, ERROR_WAITS
from hub.kernel.queue import QUEUES
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.publishing import operations as publishing
from hub.publishing.models import HoldReason, PublicationState
from hub.runtime import open_hub
from tests.conftest import SECRET_KEY, Database
from tests.factories import World, a_channel, a_publication, a_world, publication
from tests.workers.stands import Stand, an_account, job_of, outcomes, to_next_try
from tests.working import a_toolbox, move_clock, work_off
from workers.calendar import ring_due_jobs, seal_events, sweep_strays
from workers.handling import HANDLERS, Toolbox, database_is_away, run
from workers.relay import LEADER, lead

S = PublicationState
ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0


async def rung(hub: Hub) -> list[UUID]:
    """Take every bell from the queue, as a worker would."""

    def take() -> list[UUID]:
        with redis.Redis.from_url(hub.settings.redis_url) as client:
            found: list[UUID] = []
            for queue in QUEUES:
                while (message_id := client.lpop(f"hub:{queue}")) is not None:
                    message = client.hget(f"hub:{queue}.msgs", message_id)
                    client.hdel(f"hub:{queue}.msgs", message_id)
                    found += [UUID(one) for one in json.loads(message)["args"][0]]
            return found

    return await asyncio.to_thread(take)


async def empty_redis(hub: Hub) -> None:
    with redis.Redis.from_url(hub.settings.redis_url) as client:
        await asyncio.to_thread(client.flushdb)


@pytest.fixture(autouse=True)
async def _own_queue(hub: Hub) -> AsyncIterator[None]:
    """Begin and end with an empty queue: it outlives the databases of tests."""
    await empty_redis(hub)
    yield
    await empty_redis(hub)


async def pass_seconds(hub: Hub, seconds: float) -> None:
    """Let bells and leases be older; the database's own clock cannot be moved."""
    async with hub.unscoped() as session:
        await session.execute(
            text(
                "UPDATE jobs SET rung_at = rung_at - make_interval(secs => :s), "
                "lease_until = lease_until - make_interval(secs => :s)"
            ),
            {"s": seconds},
        )


@pytest.fixture
async def feed(world: World) -> UUID:
    return await a_channel(world, platform_key="feed")


@asynccontextmanager
async def without_redis(settings: Settings) -> AsyncIterator[Hub]:
    """The same hub while nobody listens at Redis's address."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        async with open_hub(settings.model_copy(update={"redis_url": url})) as cut_off:
            yield cut_off


async def test_what_was_promised_while_redis_was_down_is_rung_as_soon_as_it_is_back(
    world: World, feed: UUID, settings: Settings
) -> None:
    async with without_redis(settings) as cut_off:
        made = await a_publication(replace(world, hub=cut_off), channel_id=feed)
        more = [await ring_due_jobs(cut_off) for _ in range(5)]
    job = await job_of(world.hub, made.id)
    nothing = await rung(world.hub)
    await ring_due_jobs(world.hub)

    assert more == [False] * 5
    assert (job.rung_at, job.rings, nothing) == (None, 0, [])
    assert await rung(world.hub) == [job.id]


async def test_an_empty_redis_loses_nothing(world: World, feed: UUID, tools: Toolbox) -> None:
    made = await a_publication(world, channel_id=feed)
    await ring_due_jobs(world.hub)
    await empty_redis(world.hub)
    await ring_due_jobs(world.hub)
    too_soon = await rung(world.hub)
    await pass_seconds(world.hub, 6.1)
    await ring_due_jobs(world.hub)
    (job_id,) = await rung(world.hub)
    await run(job_id, tools)

    assert too_soon == []
    assert (await publication(world, made.id)).state is S.PUBLISHED


async def test_bells_nobody_answers_are_rung_less_and_less_often(world: World, feed: UUID) -> None:
    made = await a_publication(world, channel_id=feed)
    await empty_redis(world.hub)
    waits = []
    for wait in (6, 12, 24, 48, 60, 60):
        await ring_due_jobs(world.hub)
        once = await rung(world.hub)
        await pass_seconds(world.hub, wait - 0.5)
        await ring_due_jobs(world.hub)
        waits.append((len(once), len(await rung(world.hub))))
        await pass_seconds(world.hub, 0.6)

    assert waits == [(1, 0)] * 6
    assert (await job_of(world.hub, made.id)).rings == 6


async def test_what_a_dead_worker_left_is_rung_within_ten_seconds(
    world: World, feed: UUID, tools: Toolbox
) -> None:
    made = await a_publication(world, channel_id=feed)
    job = await job_of(world.hub, made.id)
    async with world.hub.unscoped() as session:
        await jobs.claim(session, job.id, lease=30)
    for _ in range(5):
        await ring_due_jobs(world.hub)
        await pass_seconds(world.hub, 5)
    await empty_redis(world.hub)
    await ring_due_jobs(world.hub)
    while_held = await rung(world.hub)
    await pass_seconds(world.hub, 10.1)
    await ring_due_jobs(world.hub)

    assert while_held == []
    assert await rung(world.hub) == [job.id]
    assert await run(job.id, tools) is True
    assert (await publication(world, made.id)).state is S.PUBLISHED


class Crash(BaseException):
    """The worker dies here."""


async def crash(tools: Toolbox, job_id: UUID, milestone: str) -> None:
    """Let a worker die at a milestone; its job's lease runs out first, as it does in life."""

    async def passed(name: str) -> None:
        if name == milestone:
            raise Crash

    with pytest.raises(Crash):
        await run(job_id, replace(tools, passed=passed))
    async with tools.hub.unscoped() as session:
        await session.execute(
            text("UPDATE jobs SET lease_until = clock_timestamp() - interval '1 s' WHERE id = :id"),
            {"id": job_id},
        )


async def end_lease(world: World, publication_id: UUID) -> None:
    async with world.hub.unit_of_work(world.system) as work:
        await work.session.execute(
            text(
                "UPDATE publications SET lease_until = clock_timestamp() - interval '40 s' "
                "WHERE id = :id AND state = 'PUBLISHING'"
            ),
            {"id": publication_id},
        )


@pytest.mark.parametrize(
    ("milestone", "state", "reason"),
    [
        ("after_claim", S.HELD, HoldReason.PROBLEM),
        ("after_truth", S.UNCONFIRMED, None),
    ],
)
async def test_a_publication_that_takes_workers_down_is_parked_and_shown_to_a_person(
    world: World,
    tools: Toolbox,
    stands: dict[str, Stand],
    database: Database,
    milestone: str,
    state: S,
    reason: HoldReason | None,
) -> None:
    account = await an_account(world, tools, stands["gotosocial"])
    made = await a_publication(world, channel_id=account.channel_id)
    job_id = (await job_of(world.hub, made.id)).id
    crashes = 0
    while (job := await job_of(world.hub, made.id)).state != "PARKED":
        assert crashes <= CRASHES_UNTIL_PARKED
        if job.state == "RUNNING":
            # The publication's own lease still runs: the next worker must wait, and does.
            await run(job_id, tools)
            await end_lease(world, made.id)
            await move_clock(world.hub, database.owner_url, timedelta(seconds=6))
            if milestone == "after_truth":
                # What was in doubt is given time to be seen.
                await run(job_id, tools)
                await move_clock(world.hub, database.owner_url, timedelta(seconds=21))
        await crash(tools, job_id, milestone)
        crashes += 1
        await ring_due_jobs(world.hub)
    posts_before = await account.posts()
    await end_lease(world, made.id)
    await sweep_strays(world.hub)

    found = await publication(world, made.id)
    assert crashes == CRASHES_UNTIL_PARKED
    assert job.last_error == "The worker died or fell silent while doing this, 3 times."
    assert (found.state, found.hold_reason, found.problem) == (state, reason, job.last_error)
    assert posts_before == []
    await sweep_strays(world.hub)
    assert (await job_of(world.hub, made.id)).state == "PARKED"
    async with world.hub.unit_of_work(world.editor) as work:
        again = publishing.resume if state is S.HELD else publishing.retry
        await again(work, publication_id=made.id)
    await work_off(tools)
    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert await account.texts() == ["Hello, world"]


async def test_a_job_of_a_newer_version_is_put_back_and_not_lost(
    world: World, tools: Toolbox
) -> None:
    job_id = new_id()
    async with world.hub.unscoped() as session:
        await session.execute(
            text(
                "INSERT INTO jobs (id, workspace_id, name, queue, arguments, state, due_at) "
                "VALUES (:id, :workspace, 'future.job', 'default', '{}', 'WAITING', hub_now())"
            ),
            {"id": job_id, "workspace": world.workspace_id},
        )
    assert "future.job" not in HANDLERS

    await run(job_id, tools)

    async with world.hub.unscoped() as session:
        row = (
            await session.execute(
                text("SELECT *, due_at - hub_now() AS wait FROM jobs WHERE id = :id"),
                {"id": job_id},
            )
        ).one()
    assert (row.state, row.last_error) == ("WAITING", "this worker does not know future.job")
    assert timedelta() < row.wait <= timedelta(seconds=ERROR_WAITS[0])


async def test_a_publication_that_lost_its_job_gets_another(
    world: World, feed: UUID, tools: Toolbox, database: Database
) -> None:
    made = await a_publication(world, channel_id=feed)
    async with world.hub.unscoped() as session:
        await session.execute(text("DELETE FROM jobs"))
    await sweep_strays(world.hub)
    early = await job_of(world.hub, made.id)
    await move_clock(world.hub, database.owner_url, timedelta(seconds=31))
    await sweep_strays(world.hub)
    await sweep_strays(world.hub)
    await work_off(tools)

    assert early is None
    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert await outcomes(world, made.id) == ["PUBLISHED"]


async def test_a_database_that_goes_is_told_from_one_that_refuses(world: World) -> None:
    async def error_of(statement: str) -> BaseException:
        with pytest.raises(SQLAlchemyError) as caught:
            async with world.hub.unscoped() as session:
                await session.execute(text(statement))
        return caught.value

    assert database_is_away(await error_of("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert database_is_away(PoolTimeout())
    assert database_is_away(ConnectionRefusedError())
    assert not database_is_away(await error_of("SELECT 1 / 0"))
    assert not database_is_away(await error_of("INSERT INTO jobs (id) VALUES (NULL)"))
    assert not database_is_away(ValueError())


async def until(check: Callable[[], Awaitable[Any]]) -> Any:
    """Wait for something to come true; return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := await check()):
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.05)
    return found


async def leaders(hub: Hub) -> list[int]:
    """Return the database connections that hold the lock of the leader."""
    async with hub.unscoped() as session:
        rows = await session.execute(
            text(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND objid = :key AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            {"key": LEADER},
        )
        return list(rows.scalars())


async def test_another_relay_leads_when_the_first_loses_its_connection_or_stops(
    world: World, settings: Settings, database: Database
) -> None:
    stops = [asyncio.Event(), asyncio.Event()]
    async with open_hub(settings, pool=5) as one, open_hub(settings, pool=5) as two:
        relays = [
            asyncio.create_task(lead(hub, stop))
            for hub, stop in zip((one, two), stops, strict=True)
        ]
        (first,) = await until(lambda: leaders(world.hub))
        admin = await asyncpg.connect(database.admin_url.replace("+asyncpg", ""))
        await admin.execute("SELECT pg_terminate_backend($1)", first)
        await admin.close()

        async def another() -> list[int]:
            return [pid for pid in await leaders(world.hub) if pid != first]

        second = await until(another)
        assert [relay.done() for relay in relays] == [False, False]
        stops[0].set()
        await relays[0]
        assert len(await until(lambda: leaders(world.hub))) == 1
        stops[1].set()
        await relays[1]

    assert len(second) == 1
    assert await leaders(world.hub) == []


async def test_events_are_chained_without_a_gap_whoever_commits_and_seals(
    world: World, settings: Settings
) -> None:
    other = await a_world(world.hub, slug="other")

    async def write(one: World, author: int) -> None:
        for number in range(8):
            async with one.hub.unit_of_work(one.editor) as work:
                await create_item(
                    work,
                    brand_id=one.brand_id,
                    words=Words(title=f"{author}.{number}", parts=(Part(text="Hello"),)),
                    locale="en",
                )

    async def seal(hub: Hub) -> None:
        for _ in range(25):
            await seal_events(hub)

    async with open_hub(settings) as second:
        await asyncio.gather(
            *(write(one, author) for one in (world, other) for author in range(4)),
            seal(world.hub),
            seal(second),
        )
    await seal_events(world.hub)

    for one in (world, other):
        async with one.hub.unit_of_work(one.system) as work:
            rows = await work.all(select(EventRow).order_by(EventRow.sequence))
        previous = ""
        for number, row in enumerate(rows, start=1):
            assert row.sequence == number
            assert row.hash == chained(previous, facts(row))
            previous = row.hash
        assert len([row for row in rows if row.name == "content_item.created"]) == 32


# One real end to end: processes as an operator starts them.


def environment(settings: Settings, stand: Stand) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return clean | {
        "HUB_DATABASE_URL": settings.database_url,
        "HUB_REDIS_URL": settings.redis_url,
        "HUB_SECRET_KEY": SECRET_KEY,
        "HUB_DATA_DIR": str(settings.data_dir),
        "HUB_ENVIRONMENT": "development",
        "HUB_OUTGOING_ALLOW": stand.netloc,
        "HUB_LEASE_SECONDS": "2",
        "HUB_LOG_LEVEL": "warning",
    }


@contextmanager
def a_process(*arguments: str, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module in a process group of its own; nothing of it is left behind."""
    with log.open("ab") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=env,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            end(process, signal.SIGKILL)


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    """Send a signal to the whole group (SIGTERM: to the process alone); return the exit code."""
    if process.poll() is None and number is signal.SIGKILL:
        os.killpg(process.pid, number)
    elif process.poll() is None:
        process.send_signal(number)
    return process.wait(PATIENCE_SECONDS)


@pytest.mark.timeout(180)
async def test_real_workers_publish_die_are_replaced_and_stop_cleanly(
    world: World,
    settings: Settings,
    stands: dict[str, Stand],
    database: Database,
    tmp_path: Path,
) -> None:
    stand = stands["mastodon"]
    async with a_toolbox(world.hub, allow=(stand.netloc,)) as tools:
        account = await an_account(world, tools, stand)
    env = environment(settings, stand)
    log = tmp_path / "processes.log"

    async def is_published(publication_id: UUID) -> bool:
        return (await publication(world, publication_id)).state is S.PUBLISHED

    async def comes_back(publication_id: UUID) -> bool:
        row = await publication(world, publication_id)
        if row.state is S.UNCONFIRMED:
            # The wait until the platform is asked is skipped, not waited for.
            await to_next_try(world, database.owner_url, publication_id)
        return row.state is S.PUBLISHED

    dramatiq = ("dramatiq", "workers.main:main", "--processes", "1", "--threads", "2")
    with (
        a_process("workers.relay", env=env, log=log) as relay,
        a_process(*dramatiq, env=env, log=log) as first,
    ):
        made = await a_publication(world, channel_id=account.channel_id, text="First")
        await until(lambda: is_published(made.id))
        # The next one hangs in the middle of its commit, and the whole worker is killed.
        await stand.fault("hang_after")
        second = await a_publication(world, channel_id=account.channel_id, text="Second")

        async def is_stored() -> bool:
            return "Second" in await account.texts()

        await until(is_stored)
        end(first, signal.SIGKILL)
        await empty_redis(world.hub)
        with a_process("workers", "--threads", "2", env=env, log=log) as replacement:
            third = await a_publication(world, channel_id=account.channel_id, text="Third")
            await until(lambda: is_published(third.id))
            assert end(relay, signal.SIGTERM) == 0
            # The relay of the replacement leads now, and brings back what the dead worker left.
            await until(lambda: comes_back(second.id))
            assert end(replacement, signal.SIGTERM) == 0

    assert sorted(await account.texts()) == ["First", "Second", "Third"]
    assert (await outcomes(world, second.id))[-1] == "PUBLISHED"
    said = log.read_text()
    assert "Traceback" not in said
