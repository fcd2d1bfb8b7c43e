"""The doorbell: tells Dramatiq which jobs are due. The only file of the hub that knows Dramatiq."""

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware

from hub.kernel.jobs import Bell
from hub.kernel.log import logger

#: The one actor; the row says what is to be done.
ACTOR = "run_jobs"
NAMESPACE = "hub"
QUEUES = ("default", "publishing", "media", "webhooks")
#: Ids per message: fewer messages for the same work, and one dead worker delays no more than this.
BATCH = 100

_log = logger(__name__)


def redis_broker(
    url: str, *, middleware: Sequence[Middleware], socket_timeout: float = 5
) -> RedisBroker:
    """Return the broker with the settings that were measured to work.

    No retries (the row decides), no results, no delays; a dead worker's messages come back within
    seconds because maintenance runs with every command.
    """
    client = redis.Redis.from_url(
        url, socket_timeout=socket_timeout, socket_connect_timeout=socket_timeout
    )
    broker = RedisBroker(  # type: ignore[no-untyped-call]  # dramatiq types only its actors
        client=client,
        namespace=NAMESPACE,
        maintenance_chance=1_000_000,
        heartbeat_timeout=15_000,
        dead_message_ttl=3_600_000,
        middleware=list(middleware),
    )
    for queue in QUEUES:
        broker.declare_queue(queue)
    return broker


class Queue:
    """Rings the bell; a queue that is down only delays the work, so ringing never raises."""

    def __init__(self, url: str) -> None:
        self._broker = redis_broker(url, middleware=[], socket_timeout=2)
        self._client: redis.Redis = self._broker.client

    async def ring(self, bells: Iterable[Bell]) -> bool:
        """Tell the workers about due jobs, up to 100 a message; say whether the queue took it."""
        by_queue: dict[str, list[UUID]] = {}
        for bell in bells:
            by_queue.setdefault(bell.queue, []).append(bell.job_id)
        if not by_queue:
            return True
        try:
            await asyncio.to_thread(self._send, by_queue)
        except (redis.RedisError, dramatiq.BrokerConnectionError, OSError) as error:
            _log.warning("the queue does not answer; the relay rings later", error=str(error))
            return False
        return True

    def _send(self, by_queue: dict[str, list[UUID]]) -> None:
        for queue, ids in by_queue.items():
            for start in range(0, len(ids), BATCH):
                self._broker.enqueue(
                    dramatiq.Message(
                        queue_name=queue,
                        actor_name=ACTOR,
                        args=([str(job_id) for job_id in ids[start : start + BATCH]],),
                        kwargs={},
                        options={},
                    )
                )

    async def depths(self) -> dict[str, int]:
        """Return how many messages wait in each queue; raises redis.RedisError when it is down."""
        return await asyncio.to_thread(
            lambda: {name: self._client.llen(f"{NAMESPACE}:{name}") for name in QUEUES}
        )

    async def is_up(self) -> bool:
        """Say whether the queue answers."""
        try:
            return bool(await asyncio.to_thread(self._client.ping))
        except (redis.RedisError, OSError):
            return False

    def close(self) -> None:
        """Let go of the connections."""
        self._broker.close()
        self._client.close()
