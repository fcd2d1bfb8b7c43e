"""taskiq: one task for each delivery, as many at once as it likes."""

import asyncio
import os
import sys

from taskiq import TaskiqEvents, TaskiqState
from taskiq_redis import ListQueueBroker

from tests.bench.jobs.peers.posting import Poster
from tests.bench.jobs.peers.sending import BATCH, batches, sent

broker = ListQueueBroker(os.environ["BENCH_REDIS"], queue_name="bench")

_posters: list[Poster] = []


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def _open(_state: TaskiqState) -> None:
    _posters.append(Poster())


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def _close(_state: TaskiqState) -> None:
    await _posters.pop().close()


@broker.task(task_name="deliver")
async def deliver(url: str) -> None:
    """Send one."""
    await _posters[0].post(url)


async def main() -> None:
    """Send what the arguments say."""
    await broker.startup()
    async with sent() as asked:
        for numbers in batches(asked, BATCH):
            await asyncio.gather(*(deliver.kiq(asked.url(number)) for number in numbers))
    await broker.shutdown()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
