"""The relay: rings what the fast path left behind, seals events, keeps the calendar.

Run as `python -m workers.relay`. Any number may run; one leads, by a lock that dies with it.
Nothing depends on there being only one: claims decide, the lock only saves work.
"""

import asyncio
import signal
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kernel import log
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.runtime import open_hub
from workers.calendar import CALENDAR, Periodic

#: The key of the advisory lock: "hub relay" in spirit, a number in PostgreSQL.
LEADER = 7_201_944

_RETRY_SECONDS = 1.0

_log = log.logger(__name__)


async def lead(hub: Hub, stop: asyncio.Event) -> None:
    """Keep the calendar while this process holds the lock; wait for it otherwise."""
    while not stop.is_set():
        try:
            async with hub.connected() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                if await _wait_for_lock(connection, stop):
                    _log.info("this relay leads")
                    await _keep_calendar(hub, connection, stop)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("the database does not answer", error=str(error))
            await _pause(stop, _RETRY_SECONDS)


async def _wait_for_lock(connection: AsyncConnection, stop: asyncio.Event) -> bool:
    while not stop.is_set():
        taken = await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER})
        if taken.scalar_one():
            return True
        await _pause(stop, _RETRY_SECONDS)
    return False


async def _keep_calendar(hub: Hub, connection: AsyncConnection, stop: asyncio.Event) -> None:
    running = [asyncio.create_task(_repeat(entry, hub, stop)) for entry in CALENDAR]
    try:
        while not stop.is_set():
            # The lock lives as long as this connection: when it is gone, so is the leadership.
            await connection.execute(text("SELECT 1"))
            await _pause(stop, _RETRY_SECONDS)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with suppress(SQLAlchemyError, OSError):
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LEADER})


async def _repeat(entry: Periodic, hub: Hub, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            more = await entry.task(hub)
        except Exception:  # noqa: BLE001 - one bad turn must not end the others
            _log.exception("a periodic task went wrong", task=entry.name)
            more = False
        if not more:
            await _pause(stop, entry.every.total_seconds())


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), timeout=seconds)


async def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = Settings()
    log.configure(level=settings.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_hub(settings, pool=3) as hub:
        await lead(hub, stop)


def run() -> None:
    """Run until told to stop, in a process of its own."""
    asyncio.run(main())


if __name__ == "__main__":
    run()
