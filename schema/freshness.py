"""How far each workspace has come: what readers of its stream follow, and kept answers depend on.

Every change writes an event in its own transaction. So the number of events a workspace has ever
committed tells whether anything can have changed, the moment it is committed and before the event
has its place in the stream. It is looked at twice a second at most, once for all who want to know.
"""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from hub.audit.queries import stirred
from hub.kernel.caller import Caller
from hub.kernel.reading import Reader

#: How old a look may be, in seconds: a change made by another process is seen within it.
LOOK_SECONDS = 0.5

#: Subjects of events that cannot change what is published; every other one may.
ELSEWHERE = frozenset(
    {
        "Asset",
        "Campaign",
        "ContentItem",
        "Endpoint",
        "Member",
        "Message",
        "Review",
        "Session",
        "Token",
        "Trigger",
    }
)


class Workspace:
    """One workspace: the end of its stream, and a version that changes with what is published."""

    def __init__(self, reader: Reader, workspace_id: UUID, clock: Callable[[], float]) -> None:
        self.key = workspace_id
        self._reader = reader
        self._caller = Caller.nobody(workspace_id)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._looked_at = float("-inf")
        self._forgotten = 0
        self._version = 0
        self._sequence: int | None = None
        self._committed = 0

    def version(self) -> int | None:
        """Return the version as it was seen just now; None when it has to be looked at."""
        return self._version if self._clock() - self._looked_at < LOOK_SECONDS else None

    async def look(self) -> int:
        """Return the version, half a second old at most."""
        async with self._lock:
            known = self.version()
            if known is not None:
                return known
            # What is committed while this look is on its way is for the next one to see.
            began, forgotten = self._clock(), self._forgotten
            found = await stirred(
                self._reader, self._caller, after=self._sequence, besides=ELSEWHERE
            )
            if found.committed != self._committed and found.concerned:
                self._version += 1
            self._sequence, self._committed = found.sequence, found.committed
            if forgotten == self._forgotten:
                self._looked_at = began
            return self._version

    async def last(self) -> int:
        """Return the newest sequence of the stream, half a second old at most."""
        await self.look()
        return self._sequence or 0

    def forget(self) -> None:
        """Look again before the next answer: this process has just changed something."""
        self._forgotten += 1
        self._looked_at = float("-inf")


class Freshness:
    """The workspaces one process has been asked about."""

    def __init__(self, reader: Reader, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._clock = clock
        self._workspaces: dict[UUID, Workspace] = {}

    def of(self, workspace_id: UUID) -> Workspace:
        """Return a workspace."""
        found = self._workspaces.get(workspace_id)
        if found is None:
            found = Workspace(self._reader, workspace_id, self._clock)
            self._workspaces[workspace_id] = found
        return found
