"""Counting clicks without making anybody wait: kept in memory, written together each second."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from hub.analytics import clicks
from hub.analytics.clicks import Clicks, Target
from hub.kernel.log import logger
from hub.kernel.work import Hub

_log = logger(__name__)

#: How long a click waits to be written, in seconds: what a process takes with it when it is killed.
EVERY = 1.0
#: Codes whose targets are remembered; they never change.
_KNOWN = 10_000


class Counter:
    """The clicks of one process that are not written yet.

    A process that ends in order writes them first; one that is killed loses those of its last
    second. While the database is away they wait.
    """

    def __init__(self, hub: Hub, *, every: float = EVERY) -> None:
        self._hub = hub
        self._every = every
        self._known: OrderedDict[str, Target] = OrderedDict()
        self._waiting: dict[UUID, Clicks] = {}
        self._task: asyncio.Task[None] | None = None

    async def target(self, code: str) -> Target | None:
        """Return where a code leads; what was found once is remembered."""
        found = self._known.get(code)
        if found is not None:
            self._known.move_to_end(code)
            return found
        async with self._hub.unscoped() as session:
            found = await clicks.target(session, code=code)
        if found is not None:
            self._known[code] = found
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return found

    def count(self, target: Target, headers: Mapping[str, str]) -> None:
        """Count one click: of a person, or of a program that says it is one."""
        counted = self._waiting.setdefault(target.link_id, Clicks())
        if clicks.is_program(headers.get("user-agent", ""), headers):
            counted.programs += 1
        else:
            counted.people += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_soon())

    async def write(self) -> None:
        """Write what waits, in one statement; what could not be written goes on waiting."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            async with self._hub.unscoped() as session:
                await clicks.count(session, waiting)
        except BaseException:
            for link, one in waiting.items():
                again = self._waiting.setdefault(link, Clicks())
                again.people += one.people
                again.programs += one.programs
            raise

    async def close(self) -> None:
        """Write what is left."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._try()

    async def _write_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._every)
            await self._try()

    async def _try(self) -> None:
        try:
            await self.write()
        except Exception as error:  # noqa: BLE001 - they are counted later
            _log.warning("clicks could not be written", error=str(error))
