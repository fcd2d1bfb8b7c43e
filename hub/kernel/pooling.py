"""Connections that are handed out alive, without a question to the database each time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

#: A connection used within these seconds is not asked whether it still works. The driver sees at
#: once when the server closes it; only a network that forgets connections is silent, and slow.
TRUSTED_SECONDS = 10.0

_USED = "hub_used_at"


def watch(engine: AsyncEngine) -> None:
    """Replace a connection of the pool that is closed, or that rested and does not answer."""

    def given_back(_connection: Any, record: Any) -> None:
        record.info[_USED] = time.monotonic()

    def handed_out(connection: Any, record: Any, _holder: Any) -> None:
        used = record.info.get(_USED)
        if connection.driver_connection.is_closed():
            raise DisconnectionError("The server has closed this connection.")
        if used is not None and time.monotonic() - used > TRUSTED_SECONDS:
            _ask(engine, connection)

    event.listen(engine.sync_engine, "checkin", given_back)
    event.listen(engine.sync_engine, "checkout", handed_out)


class Turns:
    """Who may use one of an engine's connections, in the order they came.

    A connection that was left well stays open for the next unit of work: taking one out of the
    pool and giving it back costs more than a round trip. `size` is that of the pool.
    """

    def __init__(self, engine: AsyncEngine, *, size: int, seconds: float) -> None:
        self._engine = engine
        # BEGIN and COMMIT of a unit of work are its own; SQLAlchemy sends none beside them.
        self._by_hand = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._turns = asyncio.Semaphore(size)
        self._seconds = seconds
        self._left: list[tuple[float, AsyncConnection]] = []

    async def take(self) -> AsyncConnection:
        """Give a connection on which no transaction begins by itself; see `give_back`."""
        await self._wait()
        try:
            return await self._taken()
        except BaseException:
            self._turns.release()
            raise

    async def give_back(self, connection: AsyncConnection, *, well: bool) -> None:
        """Take a connection back; one that was not left well goes through the pool."""
        try:
            if well and not connection.in_transaction() and not _is_gone(connection):
                self._left.append((time.monotonic(), connection))
            else:
                await _close(connection)
        finally:
            self._turns.release()

    @asynccontextmanager
    async def of_the_pool(self) -> AsyncIterator[AsyncEngine]:
        """Give the engine, one connection of which is free."""
        await self._wait()
        try:
            if self._left:
                await _close(self._left.pop(0)[1])
            yield self._engine
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Give back what was left open."""
        while self._left:
            await _close(self._left.pop()[1])

    async def _wait(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(self._seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise PoolTimeout(f"No connection was free for {self._seconds} seconds.") from None

    async def _taken(self) -> AsyncConnection:
        while self._left:
            since, connection = self._left.pop()
            if await self._is_well(connection, rested=time.monotonic() - since):
                return connection
            await connection.invalidate()
            await _close(connection)
        return await self._by_hand.connect()

    async def _is_well(self, connection: AsyncConnection, *, rested: float) -> bool:
        if _is_gone(connection):
            return False
        if rested > TRUSTED_SECONDS:
            try:
                await connection.run_sync(lambda held: _ask(self._engine, held.connection))
            except DisconnectionError:
                return False
        return True


async def _close(connection: AsyncConnection) -> None:
    # To its end, whoever is cancelled meanwhile: a connection half given back is lost.
    await asyncio.shield(asyncio.create_task(connection.close()))


def _is_gone(connection: AsyncConnection) -> bool:
    held = connection.sync_connection
    raw: Any = held.connection.driver_connection if held is not None else None
    return raw is None or bool(raw.is_closed())


def _ask(engine: AsyncEngine, connection: Any) -> None:
    try:
        engine.dialect.do_ping(connection)
    except Exception as error:
        raise DisconnectionError("This connection does not answer any more.") from error
