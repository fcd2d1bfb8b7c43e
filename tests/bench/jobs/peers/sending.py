"""What every sender is asked, and what it says: when it began and the processor time it took."""

import json
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

#: Deliveries in a message, where a message holds more than one.
BATCH = 100


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How many deliveries of which round go where."""

    sink: str
    name: str
    deliveries: int

    def url(self, number: int) -> str:
        """Return where one of them goes."""
        return f"{self.sink}/{self.name}/{number}"


def batches(asked: Asked, size: int) -> Iterator[Sequence[int]]:
    """Return the numbers of all deliveries, so many at a time."""
    for start in range(0, asked.deliveries, size):
        yield range(start, min(start + size, asked.deliveries))


@asynccontextmanager
async def sent() -> AsyncIterator[Asked]:
    """Read the arguments, measure the block, and say so in JSON."""
    sink, name, deliveries = sys.argv[-3:]
    began, spent = time.monotonic(), time.process_time()
    yield Asked(sink=sink, name=name, deliveries=int(deliveries))
    print(json.dumps({"began": began, "spent": time.process_time() - spent}))  # noqa: T201 - its answer
