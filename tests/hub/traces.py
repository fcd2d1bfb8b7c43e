"""What an act left behind: its events, its promises, or the error it ended in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

import asyncpg
from sqlalchemy import select, text

from hub.audit.models import EventRow
from hub.kernel.caller import Caller
from hub.kernel.errors import HubError
from hub.kernel.work import Hub, UnitOfWork
from tests.conftest import Database
from tests.factories import World

Act = Callable[[UnitOfWork], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One recorded event, without what every event has."""

    name: str
    subject_id: UUID
    data: dict[str, Any]


class Undone(Exception):
    """Raised at the end of a block whose changes are not wanted."""


def undo() -> NoReturn:
    """End a block whose changes are not wanted."""
    raise Undone


async def events_of(world: World, *, after: int = 0) -> list[Told]:
    """Return the workspace's events in the order they were recorded, but for the first `after`."""
    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(select(EventRow).order_by(EventRow.id))
        return [
            Told(name=row.name, subject_id=row.subject_id, data=row.data) for row in rows[after:]
        ]


async def tell(world: World, caller: Caller, act: Act) -> list[Told]:
    """Do something as the caller; return the events it recorded."""
    before = len(await events_of(world))
    async with world.hub.unit_of_work(caller) as work:
        await act(work)
    return await events_of(world, after=before)


async def promised(hub: Hub) -> list[tuple[str, str | None]]:
    """Return (name, key) of every promised job, by name and key."""
    async with hub.unscoped() as session:
        rows = await session.execute(text("SELECT name, key FROM jobs ORDER BY name, key"))
        return [(row.name, row.key) for row in rows]


async def error_of(hub: Hub, caller: Caller, act: Act) -> HubError | None:
    """Try something, keep nothing of it, and return the error it ended in, if any."""
    try:
        async with hub.unit_of_work(caller) as work:
            await act(work)
            await work.session.flush()
            undo()
    except HubError as error:
        return error
    except Undone:
        return None


async def refusal(world: World, caller: Caller, act: Act) -> tuple[str, tuple[str, ...]]:
    """Do something that must be refused and change nothing; return (code, path)."""
    before = len(await events_of(world))
    error = await error_of(world.hub, caller, act)
    assert error is not None, "it was not refused"
    assert await events_of(world, after=before) == []
    return error.code.value, error.path


async def put(database: Database, table: str, row_id: UUID, **columns: Any) -> None:
    """Set columns of a row as a superuser, with triggers off: only to stage a situation."""
    names = list(columns)
    assignments = ", ".join(f"{name} = ${index + 2}" for index, name in enumerate(names))
    connection = await asyncpg.connect(database.admin_url.replace("+asyncpg", ""))
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(
            f"UPDATE {table} SET {assignments} WHERE id = $1", row_id, *columns.values()
        )
    finally:
        await connection.close()
