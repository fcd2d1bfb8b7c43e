"""Questions that rows of one answer ask by themselves, put together into one.

Resolvers below the root run row by row. What they ask within one turn of the event loop with the
same arguments is handed over together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

Load = Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, Any]]]


class BatchContext(Protocol):
    """Where the questions of a request wait."""

    batches: dict[Hashable, Any]


class _Batch:
    """Rows that wait for the same answer, and the one question for all of them."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._rows: dict[UUID, None] = {}
        self._asking: asyncio.Task[Mapping[UUID, Any]] | None = None

    async def of(self, row: UUID) -> Any:
        """Return what is found for a row."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        self._rows[row] = None
        return (await asyncio.shield(self._asking))[row]

    async def _ask(self) -> Mapping[UUID, Any]:
        # After all that are ready to ask have asked.
        await asyncio.sleep(0)
        self._asking, rows = None, list(self._rows)
        self._rows = {}
        return await self._load(rows)


async def together(context: BatchContext, key: Hashable, row: UUID, load: Load) -> Any:
    """Return what `load` finds for a row, asked together with all others of the same key."""
    batch: _Batch = context.batches.setdefault(key, _Batch(load))
    return await batch.of(row)
