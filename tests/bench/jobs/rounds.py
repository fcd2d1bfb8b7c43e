"""One round of one contestant: its workers are started, warmed, given work, watched and stopped."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import asyncpg
import httpx
import psutil

from hub.embedded.environment import free_port
from tests.bench.jobs.contestants import Contestant, Ground, start
from tests.bench.load import megabytes, spent, tree
from tests.bench.servers import ROOT

#: Longest waits, in seconds: for workers that start, for all deliveries, for workers that stop.
START_SECONDS, ROUND_SECONDS, STOP_SECONDS = 60.0, 120.0, 15.0
WARM = 200
_LOOK_SECONDS = 0.02
#: How long a delivery that is one too many has to show.
_AFTER_SECONDS = 0.5

_names = count(1)


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What one round measured: processor time for each delivery, memory of the workers."""

    rate: float
    workers_us: float
    sender_us: float
    servers_us: float
    memory_mb: float
    lost: int
    doubled: int
    wrong: int
    left: int = 0

    @property
    def exactly_once(self) -> bool:
        """Say whether every delivery came once, as it was, and nothing is left to do."""
        return not (self.lost or self.doubled or self.wrong or self.left)


@contextmanager
def a_sink() -> Iterator[str]:
    """Run the sink in a process of its own; return its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.jobs.sink", "--port", str(port)], cwd=ROOT
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _is_up(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The sink did not start.")
            time.sleep(_LOOK_SECONDS)
        yield address
    finally:
        _stop([process])


def _is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/start", trust_env=False).is_success
    except httpx.TransportError:
        return False


async def delivered(one: Contestant, ground: Ground, *, deliveries: int) -> Delivered:
    """Run a round and return what it measured."""
    async with _working(one, ground) as (processes, sink):
        await _sent(one, ground, sink, deliveries=min(WARM, deliveries))
        before = _spent(processes), _spent(ground.servers)
        name, began, sender = await _sent(one, ground, sink, deliveries=deliveries)
        ended = await _settled(one, ground)
        after = _spent(processes), _spent(ground.servers)
        memory = megabytes([each for root in processes for each in tree(root)])
        await asyncio.sleep(_AFTER_SECONDS)
        came = (await sink.get(f"/{name}")).json()
        left = await _left(ground) if one.promises else 0
    each = 1e6 / deliveries
    return Delivered(
        rate=deliveries / (max(came["last"], ended) - began),
        workers_us=(after[0] - before[0]) * each,
        sender_us=sender * each,
        servers_us=(after[1] - before[1]) * each,
        memory_mb=memory,
        lost=deliveries - came["different"],
        doubled=came["all"] - came["different"],
        wrong=came["wrong"],
        left=left,
    )


@asynccontextmanager
async def _working(
    one: Contestant, ground: Ground
) -> AsyncIterator[tuple[Sequence[psutil.Process], httpx.AsyncClient]]:
    started = start(one, ground)
    try:
        async with httpx.AsyncClient(base_url=ground.sink, trust_env=False) as sink:
            yield [psutil.Process(process.pid) for process in started], sink
    except TimeoutError as error:
        said = "".join(
            path.read_text()[-1500:] for path in sorted(ground.folder.glob(f"{one.name}-*.log"))
        )
        raise RuntimeError(f"{one.name} did not deliver in time:\n{said}") from error
    finally:
        await asyncio.to_thread(_stop, started)


async def _sent(
    one: Contestant, ground: Ground, sink: httpx.AsyncClient, *, deliveries: int
) -> tuple[str, float, float]:
    """Give it work and wait until all has come; return the round's name, its start, the cost."""
    name = f"r{next(_names)}"
    sender = await asyncio.create_subprocess_exec(
        *(*one.sender, ground.sink, name, str(deliveries)),
        env=dict(one.environment(ground)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(ROUND_SECONDS):
            said, _ = await sender.communicate()
            if sender.returncode:
                raise RuntimeError(f"{one.name} could not be given work.")
            async for _ in _looking():
                if (await sink.get(f"/{name}")).json()["different"] >= deliveries:
                    break
    finally:
        if sender.returncode is None:
            sender.kill()
            await sender.wait()
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return name, told["began"], told["spent"]


async def _settled(one: Contestant, ground: Ground) -> float:
    """Wait until no promise is left; return when that was."""
    if not one.promises:
        return 0.0
    async with asyncio.timeout(ROUND_SECONDS):
        async for _ in _looking():
            if not await _left(ground):
                break
    return time.monotonic()


async def _looking() -> AsyncIterator[None]:
    """Return again and again: other processes cannot say when something has happened."""
    while True:
        yield
        await asyncio.sleep(_LOOK_SECONDS)


async def _left(ground: Ground) -> int:
    connection = await asyncpg.connect(ground.database_url.replace("+asyncpg", ""))
    try:
        left: int = await connection.fetchval(
            "SELECT count(*) FROM jobs WHERE name = 'bench.deliver'"
        )
        return left
    finally:
        await connection.close()


def _spent(roots: Sequence[psutil.Process]) -> float:
    return sum(spent(root) for root in roots)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    known = [each for process in processes for each in _tree_of(process)]
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    # What a killed parent leaves behind would go on working beside the next one.
    for each in known:
        if each.is_running():
            each.kill()


def _tree_of(process: subprocess.Popen[bytes]) -> Sequence[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return ()
