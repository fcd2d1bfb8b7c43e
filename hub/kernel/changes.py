"""What has changed in a workspace since somebody looked: kept answers are true until something has.

Triggers write a line for every transaction and table of a workspace, in that transaction. A
snapshot of PostgreSQL says exactly which transactions it saw. So what has changed since a snapshot
are the lines of transactions it did not see; nothing is ever missed, however they overlap, and no
writer waits for another.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Table, Text, Uuid, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kernel.connections import Connections
from hub.kernel.model import Base

#: The tables whose changes are noted. Those of which every act writes a row are not among them.
WATCHED = frozenset(
    {
        "alerts",
        "amendments",
        "approvals",
        "assets",
        "attempts",
        "audiences",
        "brands",
        "campaigns",
        "channels",
        "content_audiences",
        "click_hours",
        "content_items",
        "contest_entries",
        "contest_places",
        "contest_sources",
        "contests",
        "decisions",
        "editions",
        "goals",
        "exports",
        "incident_entries",
        "incidents",
        "measurements",
        "members",
        "mention_matches",
        "mentions",
        "messages",
        "moderation_actions",
        "moderation_rules",
        "notices",
        "notes",
        "monitor_sources",
        "monitors",
        "pauses",
        "persons",
        "pillars",
        "plan_entries",
        "publications",
        "remarks",
        "renditions",
        "review_steps",
        "reports",
        "review_targets",
        "reviews",
        "revisions",
        "sanctions",
        "saved_replies",
        "service_targets",
        "short_links",
        "threads",
        "variants",
        "voice_guides",
        "workflow_steps",
        "workflows",
        "workspaces",
    }
)
#: A look that is older says nothing any more: lines are kept for longer than this, in seconds.
LOOK_SECONDS = 60.0

_PLACES = 1_000
# No transaction has such a number: nothing has changed since.
_NEVER = 1 << 62

_LOOK = """
SELECT pg_current_snapshot()::text AS seen, ARRAY(
    SELECT kind FROM changes WHERE workspace_id = $1 AND xid >= $2
    UNION SELECT kind FROM changes WHERE workspace_id = $1 AND xid = ANY($3)
) AS kinds
"""

#: One line for each table that a transaction has changed in a workspace.
CHANGES = Table(
    "changes",
    Base.metadata,
    Column("workspace_id", Uuid(), primary_key=True),
    Column("xid", BigInteger(), primary_key=True, autoincrement=False),
    Column("kind", Text(), primary_key=True),
)
#: A snapshot of a while ago: what it saw, everybody has seen.
HORIZON = Table(
    "changes_horizon",
    Base.metadata,
    Column("only", Boolean(), primary_key=True, autoincrement=False),
    Column("oldest", BigInteger(), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)


class Standing:
    """What is known of the changes in a workspace; `tick` counts the looks that found some."""

    __slots__ = ("_changed", "tick")

    def __init__(self) -> None:
        self.tick = 0
        self._changed: dict[str, int] = {}

    def note(self, kinds: Sequence[str]) -> None:
        """Remember that these tables have changed."""
        self.tick += 1
        self._changed.update(dict.fromkeys(kinds, self.tick))

    def unchanged(self, kinds: frozenset[str], tick: int) -> bool:
        """Say whether none of these tables has changed since that tick."""
        if tick == self.tick:
            return True
        changed = self._changed
        return all(changed.get(kind, 0) <= tick for kind in kinds)


class _Place:
    """A workspace as one process sees it: the last snapshot, and who waits for the next look."""

    def __init__(self, workspace: UUID) -> None:
        self.workspace = workspace
        self.standing = Standing()
        self.looked_at = float("-inf")
        self.lost = -1
        self.next: int = _NEVER
        self.running: list[int] = []
        self.looking = False
        self.waiting: list[asyncio.Future[Standing]] = []


class Changes:
    """The changes in all workspaces that a process is asked about."""

    def __init__(
        self, connections: Connections, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._places: OrderedDict[UUID, _Place] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self.looks = 0

    def known(self, workspace: UUID) -> Standing | None:
        """Return what was found at the last look; None where there was none lately."""
        place = self._places.get(workspace)
        return None if place is None or self._is_stale(place) else place.standing

    async def look(self, workspace: UUID) -> Standing:
        """Return what is known after a look that begins now.

        Those who come while another look is on its way share the next one: that one might have
        begun before what they must see. A different standing than last time says that what
        happened in between is not known.
        """
        place = self._places.get(workspace) or self._begin(workspace)
        if place.looking:
            waiting: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
            place.waiting.append(waiting)
            return await waiting
        place.looking = True
        try:
            return await self._look(place)
        finally:
            self._go_on(place)

    def _begin(self, workspace: UUID) -> _Place:
        place = self._places[workspace] = _Place(workspace)
        if len(self._places) > _PLACES:
            self._places.popitem(last=False)
        return place

    def _is_stale(self, place: _Place) -> bool:
        # Another server may stand behind new connections, without what the last one had promised.
        lost = place.lost != self._connections.lost
        return lost or self._clock() - place.looked_at > LOOK_SECONDS

    async def _look(self, place: _Place) -> Standing:
        if self._is_stale(place):
            place.standing, place.next, place.running = Standing(), _NEVER, []
        began, lost = self._clock(), self._connections.lost
        self.looks += 1
        (row,) = await self._connections.rows(
            place.workspace, _LOOK, (place.workspace, place.next, place.running), steady=True
        )
        if lost != (lost := self._connections.lost):
            # Perhaps the answer of another server than the last one.
            place.standing = Standing()
        elif row["kinds"]:
            place.standing.note(row["kinds"])
        place.next, place.running = _unseen(row["seen"])
        place.looked_at, place.lost = began, lost
        return place.standing

    def _go_on(self, place: _Place) -> None:
        place.looking = bool(place.waiting)
        if place.waiting:
            waiting, place.waiting = place.waiting, []
            task = asyncio.get_running_loop().create_task(self._serve(place, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, place: _Place, waiting: Sequence[asyncio.Future[Standing]]) -> None:
        try:
            standing = await self._look(place)
        except BaseException as error:
            for one in waiting:
                if not one.done():
                    one.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for one in waiting:
                if not one.done():
                    one.set_result(standing)
        finally:
            self._go_on(place)


def _unseen(snapshot: str) -> tuple[int, list[int]]:
    """Return from which transaction on a snapshot saw none, and those before that it did not see.

    https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT-PARTS
    """
    _, xmax, running = snapshot.split(":")
    return int(xmax), [int(one) for one in running.split(",") if one]


async def forget_changes(session: AsyncSession) -> int:
    """Throw away what everybody has seen, a few minutes after it; return how many lines."""
    forgotten: int = (await session.execute(select(func.hub_forget_changes()))).scalar_one()
    return forgotten
