"""How a job is run: claimed with a lease, done, and put away, whatever happens in between."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.content.storage import Storage
from hub.kernel import jobs
from hub.kernel.caller import Caller
from hub.kernel.jobs import ERROR_WAITS, Claimed, Job
from hub.kernel.log import logger
from hub.kernel.work import Hub, UnitOfWork
from workers.apart import Apart
from workers.connectors.http import Http
from workers.connectors.port import Connector

_log = logger(__name__)

#: Jobs of one message that run at once.
AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class Again:
    """What a handler answers when there is more to do, at that time on the hub's clock.

    None is at once. `progressed` is false where nothing was done because it is not time yet: then
    the workers this job has taken down stay counted.
    """

    due_at: datetime | None
    progressed: bool = True


#: What PostgreSQL says when it goes, comes, or has no room: classes 08, 53 and 57P of SQLSTATE.
_AWAY = ("08", "53", "57P")


def database_is_away(error: BaseException) -> bool:
    """Say whether an error means that the database cannot be reached, not that it refused."""
    if isinstance(error, OSError | PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    # asyncpg gives no state to what it finds out by itself: a closed or broken connection.
    return error.connection_invalidated or state is None or state.startswith(_AWAY)


async def _nothing(_milestone: str) -> None:
    """Pass a milestone without a word."""


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """What handlers work with. `passed` is told each milestone of a sending, by name.

    Without `apart` every job is done before `run` returns.
    """

    hub: Hub
    http: Http
    connectors: Mapping[str, Connector]
    storage: Storage
    worker: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")
    passed: Callable[[str], Awaitable[None]] = _nothing
    apart: Apart | None = None

    @asynccontextmanager
    async def unit_of_work(self, workspace_id: UUID) -> AsyncIterator[UnitOfWork]:
        """Open a transaction of the hub itself in one workspace."""
        async with self.hub.unit_of_work(Caller.system(workspace_id)) as work:
            yield work


Handler = Callable[[Any, Toolbox], Awaitable[Again | None]]
JobType = TypeVar("JobType", bound=Job)

HANDLERS: dict[str, tuple[type[Job], Handler]] = {}
#: Jobs that wait for strangers: no thread waits with them.
APART: set[str] = set()


def handles(
    kind: type[JobType], *, apart: bool = False
) -> Callable[
    [Callable[[JobType, Toolbox], Awaitable[Again | None]]],
    Callable[[JobType, Toolbox], Awaitable[Again | None]],
]:
    """Register the one handler of a kind of job; `apart` lets it run beside its message."""

    def register(
        handler: Callable[[JobType, Toolbox], Awaitable[Again | None]],
    ) -> Callable[[JobType, Toolbox], Awaitable[Again | None]]:
        if kind.name in HANDLERS:
            raise ValueError(f"{kind.name} has a handler already.")
        HANDLERS[kind.name] = (kind, handler)
        if apart:
            APART.add(kind.name)
        return handler

    return register


async def run_all(job_ids: list[UUID], tools: Toolbox) -> None:
    """Run the jobs of one message, several at once; one that goes wrong stops no other."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(job_id: UUID) -> None:
        async with places:
            await run(job_id, tools)

    await asyncio.gather(*(one(job_id) for job_id in job_ids))


async def run(job_id: UUID, tools: Toolbox) -> bool:
    """Claim a job and do it, or let it run apart; say whether it was this worker's to do."""
    try:
        held = await _claim(job_id, tools)
        if held is None:
            return False
        if tools.apart is not None and held.name in APART:
            tools.apart.start(_do_apart(held, tools))
            return True
        await _do(held, tools)
    except Exception as error:
        if not database_is_away(error):
            raise
        _tell_away(job_id, error)
        return False
    return True


async def _do_apart(held: Claimed, tools: Toolbox) -> None:
    try:
        await _do(held, tools)
    except Exception as error:  # noqa: BLE001 - nobody waits for it who could be told
        if not database_is_away(error):
            _log.exception("a job could not be put away", job=held.name, id=str(held.id))
            return
        _tell_away(held.id, error)


def _tell_away(job_id: UUID, error: Exception) -> None:
    # The lease runs out and the relay rings again: nothing is lost.
    _log.warning("the database does not answer", job=str(job_id), error=str(error))


async def _claim(job_id: UUID, tools: Toolbox) -> Claimed | None:
    async with tools.hub.unscoped() as session:
        return await jobs.claim(session, job_id, lease=tools.hub.settings.lease_seconds)


async def _do(held: Claimed, tools: Toolbox) -> None:
    known = HANDLERS.get(held.name)
    if known is None:
        # A newer version promised it: its own workers will do it.
        await _put_back(held, tools, error=f"this worker does not know {held.name}")
        return
    kind, handler = known
    heartbeat = asyncio.create_task(_keep(held, tools))
    try:
        following = await handler(kind.from_arguments(held.arguments), tools)
    except Exception as error:
        if database_is_away(error):
            raise
        _log.exception("a job went wrong", job=held.name, id=str(held.id))
        await _put_back(held, tools, error=f"{type(error).__name__}: {error}"[:2000])
        return
    finally:
        heartbeat.cancel()
        with suppress(asyncio.CancelledError):
            await heartbeat
    async with tools.hub.unscoped() as session:
        if following is None:
            await jobs.finish(session, held)
        else:
            await jobs.again(
                session, held, due_at=following.due_at, progressed=following.progressed
            )


async def _put_back(held: Claimed, tools: Toolbox, *, error: str) -> None:
    async with tools.hub.unscoped() as session:
        if held.attempts > len(ERROR_WAITS):
            await jobs.park(session, held, error=error)
            return
        now: datetime = (await session.execute(select(func.hub_now()))).scalar_one()
        wait = timedelta(seconds=ERROR_WAITS[held.attempts - 1])
        await jobs.again(session, held, due_at=now + wait, error=error)


async def _keep(held: Claimed, tools: Toolbox) -> None:
    """Renew the lease until cancelled; a database that is away only lets it run out."""
    lease = tools.hub.settings.lease_seconds
    while True:
        await asyncio.sleep(lease / 3)
        with suppress(SQLAlchemyError, OSError):
            async with tools.hub.unscoped() as session:
                await jobs.renew(session, held, lease=lease)
