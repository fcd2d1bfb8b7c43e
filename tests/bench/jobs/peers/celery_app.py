"""Celery: one task for each delivery, or a hundred deliveries in a task."""

import asyncio
import os
import sys

from celery import Celery

from tests.bench.jobs.peers.posting import GuardedPoster, Poster, post
from tests.bench.jobs.peers.sending import BATCH, batches, sent

app = Celery("bench", broker=os.environ["BENCH_REDIS"])
app.conf.update(
    task_ignore_result=True,
    task_default_queue="bench",
    # A task that holds a hundred is fetched when there is time for it, small ones ahead.
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "1")),
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
)

_loop: list[tuple[asyncio.Runner, Poster]] = []


@app.task(name="deliver")
def deliver(url: str) -> None:
    """Send one."""
    post(url)


@app.task(name="deliver_all")
def deliver_all(urls: list[str]) -> None:
    """Send a hundred, several at once, on the event loop that this process keeps."""
    if not _loop:
        runner = asyncio.Runner()
        _loop.append((runner, runner.run(_opened())))
    runner, poster = _loop[0]
    runner.run(poster.post_all(urls))


async def _opened() -> Poster:
    return GuardedPoster() if os.environ.get("BENCH_GUARDED") else Poster()


async def main() -> None:
    """Send what the arguments say."""
    async with sent() as asked:
        with app.producer_pool.acquire(block=True) as producer:
            for numbers in batches(asked, BATCH):
                urls = [asked.url(number) for number in numbers]
                if "--batch" in sys.argv:
                    deliver_all.apply_async([urls], producer=producer)
                    continue
                for url in urls:
                    deliver.apply_async([url], producer=producer)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
