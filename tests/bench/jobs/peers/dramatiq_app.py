"""Plain Dramatiq: a message is a hundred deliveries, sent from the event loop."""

import asyncio
import os
import sys

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO

from tests.bench.jobs.peers.posting import GuardedPoster, Poster
from tests.bench.jobs.peers.sending import BATCH, batches, sent

# The settings of the hub's own broker.
broker = RedisBroker(  # type: ignore[no-untyped-call]  # dramatiq types only its actors
    client=redis.Redis.from_url(os.environ["BENCH_REDIS"]),
    maintenance_chance=1_000_000,
    heartbeat_timeout=15_000,
    middleware=[AsyncIO()],
)
dramatiq.set_broker(broker)

_posters: list[Poster] = []


@dramatiq.actor(queue_name="bench")
async def deliver(urls: list[str]) -> None:
    """Send all of a message."""
    if not _posters:
        _posters.append(GuardedPoster() if os.environ.get("BENCH_GUARDED") else Poster())
    await _posters[0].post_all(urls)


async def main() -> None:
    """Send what the arguments say."""
    async with sent() as asked:
        for numbers in batches(asked, BATCH):
            deliver.send([asked.url(number) for number in numbers])


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
