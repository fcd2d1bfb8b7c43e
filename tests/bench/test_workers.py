"""The bench of workers measures what it says: every delivery of the hub arrives exactly once."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from hub.kernel import jobs
from hub.kernel.ids import new_id
from hub.kernel.jobs import Promise
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from tests.bench.jobs.contestants import CELERY, HUB, PEERS, Ground
from tests.bench.jobs.deliver import Deliver, deliver
from tests.bench.jobs.outbox import Batch
from tests.bench.jobs.report import Found, as_json, failures, markdown, summary
from tests.bench.jobs.rounds import Delivered, a_sink, delivered
from tests.bench.jobs.sink import BODY, Sink
from tests.working import a_toolbox
from workers.handling import HANDLERS, run_all


@pytest.fixture
async def sink() -> AsyncIterator[str]:
    """The sink, on the loop of the test."""
    server = await Sink().listen()
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _told(sink: str, name: str) -> dict[str, float]:
    async with httpx.AsyncClient(trust_env=False) as client:
        told: dict[str, float] = (await client.get(f"{sink}/{name}")).json()
        return told


async def test_the_workers_of_the_hub_deliver_everything_exactly_once(settings: Settings) -> None:
    with a_sink() as address:
        ground = Ground(
            database_url=settings.database_url,
            redis_url=lambda _number: settings.redis_url,
            secret_key=settings.secret_key.get_secret_value(),
            folder=settings.data_dir,
            sink=address,
        )
        settings.data_dir.mkdir(parents=True)
        found = await delivered(HUB, ground, deliveries=130)

    assert (found.lost, found.doubled, found.wrong, found.left) == (0, 0, 0, 0)
    assert found.exactly_once


async def test_a_job_that_is_rung_twice_at_once_is_delivered_once(
    hub: Hub, sink: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(HANDLERS, Deliver.name, (Deliver, deliver))
    workspace = new_id()
    promises = [
        Promise(job=Deliver(workspace_id=workspace, url=f"{sink}/twice/{number}"))
        for number in range(20)
    ]
    async with hub.unscoped() as session:
        ids = [bell.job_id for bell in await jobs.write(session, promises)]

    async with a_toolbox(hub, allow=(sink.removeprefix("http://"),)) as tools:
        await asyncio.gather(run_all(ids, tools), run_all(ids[::-1], tools))

    came = await _told(sink, "twice")
    assert (came["different"], came["all"], came["wrong"]) == (20, 20, 0)


async def test_the_sink_tells_doubled_and_changed_deliveries_apart(sink: str) -> None:
    async with httpx.AsyncClient(base_url=sink, trust_env=False) as client:
        for number, body in ((1, BODY), (2, BODY), (2, BODY), (3, b"less")):
            await client.post(f"/one/{number}", content=body)
        await client.post("/other/1", content=BODY)

    came = await _told(sink, "one")
    assert (came["different"], came["all"], came["wrong"]) == (3, 4, 1)


_FINE = Delivered(
    rate=100,
    workers_us=1,
    sender_us=1,
    servers_us=1,
    memory_mb=1,
    lost=0,
    doubled=0,
    wrong=0,
)


def _found(*, hub: Delivered, celery: Delivered) -> Found:
    return Found(
        deliveries=10,
        contestants=(HUB, CELERY[0], CELERY[1]),
        measured={
            HUB.name: [hub],
            CELERY[0].name: [celery],
            CELERY[1].name: [replace(_FINE, rate=50)],
        },
        batches=[Batch(size=1, rung=1, settled=1, together=1)],
    )


def test_the_bar_is_the_best_form_of_celery_that_lost_nothing() -> None:
    behind = _found(hub=_FINE, celery=replace(_FINE, rate=200))
    careless = _found(hub=_FINE, celery=replace(_FINE, rate=200, lost=1))

    assert failures(behind) == [
        "the hub delivers 0.50 times as many a second as celery, batches, not 1"
    ]
    assert failures(careless) == ["celery, batches lost 1, doubled 0, spoilt 0, left 0"]
    assert "2.00" in summary(careless)


def test_what_the_hub_loses_doubles_or_leaves_fails_the_run() -> None:
    found = _found(hub=replace(_FINE, lost=1, doubled=2, left=3), celery=replace(_FINE, rate=1))

    assert failures(found)[0] == "hub lost 1, doubled 2, spoilt 0, left 3"
    assert as_json(found)["contestants"]["hub"]["exactly_once"] is False
    assert "| hub | 100 ± 0% |" in markdown(found)


def test_other_peoples_tools_are_locked_with_hashes_and_without_an_address() -> None:
    lock = (PEERS / "requirements.txt").read_text()
    packages = re.findall(r"^\S+==", lock, re.MULTILINE)
    hashed = re.findall(r"^\S+==[^\n]*\\\n    --hash=sha256:", lock, re.MULTILINE)

    assert "://" not in lock
    assert {"celery==", "taskiq==", "dramatiq=="} <= set(packages)
    assert len(hashed) == len(packages)
