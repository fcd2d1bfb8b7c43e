"""The entry of Dramatiq: `dramatiq workers.main`. One actor; the row says what is to be done."""

from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import dramatiq
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.middleware import AsyncIO, Middleware, ShutdownNotifications, TimeLimit

from hub.content.storage import Storage
from hub.kernel import log
from hub.kernel.queue import ACTOR, QUEUES, redis_broker
from hub.kernel.settings import Settings
from hub.runtime import open_hub
from workers.apart import Apart
from workers.connectors.http import open_http
from workers.connectors.registry import connectors
from workers.handlers import HANDLERS
from workers.handling import Toolbox, run_all

_log = log.logger(__name__)

#: A message holds up to 100 jobs; each step of one is far shorter.
TIME_LIMIT_MS = 600_000


class Tools(Middleware):
    """Opens the hub in the worker's event loop before the first message, closes it at the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self.toolbox: Toolbox | None = None

    def before_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002 - dramatiq's shape
        """Open in the loop that the AsyncIO middleware, listed before, has just started."""
        log.configure(level=self._settings.log_level)
        self._in_loop(self._open())

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002 - as above
        """Close, while the loop still runs."""
        self._in_loop(self._stack.aclose())

    async def _open(self) -> None:
        settings = self._settings
        hub = await self._stack.enter_async_context(open_hub(settings))
        http = await self._stack.enter_async_context(open_http(allow=settings.outgoing_allow))
        apart = Apart(places=settings.deliveries_at_once)
        self._stack.push_async_callback(apart.close)
        self.toolbox = Toolbox(
            hub=hub,
            http=http,
            connectors=connectors(http),
            storage=Storage(settings.data_dir / "assets"),
            apart=apart,
        )

    @staticmethod
    def _in_loop(work: Coroutine[Any, Any, None]) -> None:
        thread = get_event_loop_thread()
        if thread is None:
            raise RuntimeError("The event loop of this worker is not running.")
        thread.run_coroutine(work)


def build(settings: Settings) -> dramatiq.Broker:
    """Return the broker with the one actor, ready for `dramatiq` to run."""
    tools = Tools(settings)
    broker = redis_broker(
        settings.redis_url,
        middleware=[
            AsyncIO(),
            tools,
            TimeLimit(time_limit=TIME_LIMIT_MS),
            ShutdownNotifications(),
        ],
    )

    async def run_jobs(job_ids: list[str]) -> None:
        if tools.toolbox is None:
            raise RuntimeError("The hub is not open in this worker.")
        await run_all([UUID(job_id) for job_id in job_ids], tools.toolbox)

    dramatiq.actor(broker=broker, actor_name=ACTOR, queue_name=QUEUES[0])(run_jobs)
    _log.info("this worker knows its jobs", jobs=sorted(HANDLERS))
    return broker


def main() -> None:
    """Build the broker from the environment; `dramatiq workers.main:main` calls this."""
    settings = Settings()
    log.configure(level=settings.log_level)
    dramatiq.set_broker(build(settings))
