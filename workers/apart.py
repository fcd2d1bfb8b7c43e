"""Work that waits for strangers: it holds no thread of a worker, and only so much runs at once."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


class Apart:
    """Runs jobs beside the message that brought them.

    Whoever starts one goes on at once. Nothing is lost by that: a job that ends with its process
    has a lease that runs out.
    """

    def __init__(self, *, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let it run by itself; it must not raise."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for one of the places, in order."""
        async with self._places:
            yield

    async def close(self) -> None:
        """Stop what still runs."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
