"""The unit of work: one transaction, one workspace, one commit; facts and promises included."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Delete, Select, Update, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from hub.kernel import jobs
from hub.kernel.caller import Caller
from hub.kernel.collisions import expected
from hub.kernel.events import Event
from hub.kernel.jobs import Bell, Job, Promise
from hub.kernel.model import WorkspaceOwned
from hub.kernel.queue import Queue
from hub.kernel.secrets import Vault
from hub.kernel.settings import Settings

Found = TypeVar("Found")


class ScopedSession(Session):
    """A session that sees one workspace: every ORM SELECT, UPDATE and DELETE carries it."""


@event.listens_for(ScopedSession, "do_orm_execute")
def _keep_to_workspace(state: ORMExecuteState) -> None:
    workspace_id = state.session.info.get("workspace_id")
    if workspace_id is None or state.is_column_load:
        return
    if state.is_select or state.is_update or state.is_delete:
        state.statement = state.statement.options(
            with_loader_criteria(
                WorkspaceOwned, lambda cls: cls.workspace_id == workspace_id, include_aliases=True
            )
        )


@dataclass(kw_only=True)
class UnitOfWork:
    """What an operation works with. `now` is the hub's clock, `clock` the bare database clock.

    Operations never commit: leaving the block does, after every reaction has run.
    """

    session: AsyncSession
    caller: Caller
    now: datetime
    clock: datetime
    settings: Settings
    vault: Vault
    events: list[Event] = field(default_factory=list)
    promises: list[Promise] = field(default_factory=list)

    def record(self, happened: Event) -> None:
        """Note a fact; what follows from it runs before the commit and may refuse."""
        self.events.append(happened)

    def promise(self, job: Job, *, due_at: datetime | None = None) -> None:
        """Write a job into this transaction; it is rung after the commit when it is due."""
        self.promises.append(Promise(job=job, due_at=due_at))

    async def one(self, statement: Select[Found]) -> Found | None:
        """Return the one row of a statement, or None."""
        found: Found | None = (await self.session.execute(statement)).scalar_one_or_none()
        return found

    async def all(self, statement: Select[Found]) -> Sequence[Found]:
        """Return every row of a statement."""
        found: Sequence[Found] = (await self.session.execute(statement)).scalars().all()
        return found

    async def change(self, statement: Update | Delete) -> int:
        """Run a conditional UPDATE or DELETE; return how many rows it met."""
        result = await self.session.execute(
            statement, execution_options={"synchronize_session": False}
        )
        return int(getattr(result, "rowcount", 0))


Reaction = Callable[[UnitOfWork, Any], Awaitable[None]]
Reactions = Mapping[type[Event], Sequence[Reaction]]

#: Called for every event of a transaction, before its commit: keeps them for audit and feeds.
Keep = Callable[[UnitOfWork, Sequence[Event]], Awaitable[None]]

_BEGIN = text(
    "SELECT set_config('hub.workspace_id', :workspace, true), hub_now() AS now, "
    "clock_timestamp() AS clock"
)


@contextmanager
def _typed_races() -> Iterator[None]:
    """Turn what the database refuses to one of two who did the same at once into a typed error."""
    try:
        yield
    except DBAPIError as error:
        known = expected(error)
        if known is None:
            raise
        raise known from error


_ROLE = text("""
SELECT current_user AS name,
    rolsuper OR rolbypassrls OR EXISTS (
        SELECT FROM pg_tables WHERE tableowner = current_user AND schemaname = 'public'
    ) AS unbound
FROM pg_roles WHERE rolname = current_user
""")


class RoleTooPowerful(Exception):
    """The application's database role is not bound by the policies that keep workspaces apart."""


class Hub:
    """The running hub: a pool to the database, a bell to the queue, and the one commit."""

    def __init__(
        self, settings: Settings, *, reactions: Reactions, keep: Keep, pool: int | None = None
    ) -> None:
        self.settings = settings
        self.vault = Vault(settings.secret_key.get_secret_value())
        self.engine: AsyncEngine = create_async_engine(
            settings.database_url,
            pool_size=pool or settings.database_pool,
            max_overflow=0,
            pool_timeout=settings.request_seconds,
            pool_pre_ping=True,
            connect_args={"timeout": 5, "command_timeout": 30},
        )
        self.queue = Queue(settings.redis_url)
        self._ringing: set[asyncio.Task[bool]] = set()
        self._reactions = reactions
        self._keep = keep

    @asynccontextmanager
    async def unit_of_work(self, caller: Caller) -> AsyncIterator[UnitOfWork]:
        """Open a transaction for the caller's workspace; commit it when the block ends well."""
        with _typed_races():
            async with self._transaction(caller) as work:
                yield work
                bells = await self._settle(work)
                await work.session.commit()
        # Past this line the facts are true; a queue that is down only delays the work, and nobody
        # waits for it.
        if bells:
            ringing = asyncio.create_task(self.queue.ring(bells))
            self._ringing.add(ringing)
            ringing.add_done_callback(self._ringing.discard)

    @asynccontextmanager
    async def _transaction(self, caller: Caller) -> AsyncIterator[UnitOfWork]:
        async with self._session(caller) as session:
            begun = (await session.execute(_BEGIN, {"workspace": str(caller.workspace_id)})).one()
            yield UnitOfWork(
                session=session,
                caller=caller,
                now=begun.now,
                clock=begun.clock,
                settings=self.settings,
                vault=self.vault,
            )

    async def _settle(self, work: UnitOfWork) -> list[Bell]:
        # Reactions may record further events, so walk the list while it grows.
        for happened in work.events:
            for reaction in self._reactions.get(type(happened), ()):
                await reaction(work, happened)
        await work.session.flush()
        if work.events:
            await self._keep(work, work.events)
        return await jobs.write(work.session, work.promises)

    @asynccontextmanager
    async def unscoped(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction outside any workspace: only tables without a policy can be seen."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session
            await session.commit()

    @asynccontextmanager
    async def _session(self, caller: Caller) -> AsyncIterator[AsyncSession]:
        session = AsyncSession(
            self.engine,
            sync_session_class=ScopedSession,
            expire_on_commit=False,
            info={"workspace_id": caller.workspace_id},
        )
        async with session:
            yield session

    async def now(self) -> datetime:
        """Return the hub's clock."""
        async with self.engine.connect() as connection:
            found: datetime = (await connection.execute(text("SELECT hub_now()"))).scalar_one()
            return found

    async def is_up(self, *, within: timedelta = timedelta(seconds=2)) -> bool:
        """Say whether the database answers soon enough."""
        try:
            async with asyncio.timeout(within.total_seconds()), self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001 - whatever it is, the database does not answer
            return False
        return True

    async def require_bound_role(self) -> None:
        """Raise RoleTooPowerful when policies do not bind the role the hub connects as."""
        async with self.engine.connect() as connection:
            found = (await connection.execute(_ROLE)).one()
        if found.unbound:
            raise RoleTooPowerful(
                f"HUB_DATABASE_URL connects as {found.name}, which is a superuser, owns tables of "
                "the hub or bypasses row-level security. Use a role that owns nothing, such as "
                "hub_app; the owner belongs into HUB_MIGRATE_URL."
            )

    async def close(self) -> None:
        """Ring what is still to be rung and give the connections back."""
        await asyncio.gather(*self._ringing, return_exceptions=True)
        await self.engine.dispose()
        self.queue.close()
