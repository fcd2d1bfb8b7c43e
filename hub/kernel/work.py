"""The unit of work: one transaction, one workspace, one commit; facts and promises included."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import Delete, Select, Update, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import (
    ORMExecuteState,
    Session,
    make_transient_to_detached,
    with_loader_criteria,
)
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.util import await_only

from hub.kernel import jobs
from hub.kernel.caller import Caller
from hub.kernel.collisions import typed_races
from hub.kernel.events import Event
from hub.kernel.jobs import Bell, Job, Promise
from hub.kernel.line import SETTINGS, Line, Row
from hub.kernel.model import Base, WorkspaceOwned
from hub.kernel.opening import Begun, Held, KeyedRequest, begin, take
from hub.kernel.pile import Pile, completed, together
from hub.kernel.pooling import Turns, watch
from hub.kernel.queue import Queue
from hub.kernel.secrets import Vault
from hub.kernel.settings import Settings

Found = TypeVar("Found")


class ScopedSession(Session):
    """A session that sees one workspace: every ORM SELECT, UPDATE and DELETE carries it."""


@event.listens_for(ScopedSession, "do_orm_execute")
def _keep_to_workspace(state: ORMExecuteState) -> None:
    work: UnitOfWork | None = state.session.info.get("work")
    if work is not None:
        work.write_in_passing()
    workspace_id = state.session.info.get("workspace_id")
    if workspace_id is None or state.is_column_load:
        return
    if state.is_select or state.is_update or state.is_delete:
        state.statement = state.statement.options(_within(workspace_id))


@event.listens_for(ScopedSession, "before_flush")
def _write_what_came_before(session: Session, *_: object) -> None:
    work: UnitOfWork | None = session.info.get("work")
    if work is not None:
        work.write_in_passing()


@lru_cache(maxsize=1_000)
def _within(workspace_id: UUID) -> ExecutableOption:
    # Made once: SQLAlchemy looks into the lambda whenever such an option is made.
    return with_loader_criteria(
        WorkspaceOwned, lambda cls: cls.workspace_id == workspace_id, include_aliases=True
    )


class UnitOfWork:
    """What an operation works with. `now` is the hub's clock, `clock` the bare database clock.

    Operations never commit: leaving the block does, after every reaction has run. New rows go to
    `add`: they are written together, before anything is read and at the end.
    """

    def __init__(
        self,
        *,
        connection: AsyncConnection,
        line: Line,
        begun: Begun,
        caller: Caller,
        settings: Settings,
        vault: Vault,
    ) -> None:
        self.caller = caller
        self.now = begun.now
        self.clock = begun.clock
        self.settings = settings
        self.vault = vault
        self.events: list[Event] = []
        self.promises: list[Promise] = []
        self._connection = connection
        self._line = line
        self._held = begun.held
        self._pile = Pile(begun.now)
        self._last = Pile(begun.now)
        self._session: AsyncSession | None = None

    @property
    def session(self) -> AsyncSession:
        """Return the ORM's session; it is made when somebody needs it."""
        if self._session is None:
            self._session = AsyncSession(
                self._connection,
                sync_session_class=ScopedSession,
                expire_on_commit=False,
                info={"workspace_id": self.caller.workspace_id, "work": self},
            )
        return self._session

    def record(self, happened: Event) -> None:
        """Note a fact; what follows from it runs before the commit and may refuse."""
        self.events.append(happened)

    def promise(self, job: Job, *, due_at: datetime | None = None) -> None:
        """Write a job into this transaction; it is rung after the commit when it is due."""
        self.promises.append(Promise(job=job, due_at=due_at))

    async def add(self, *rows: Base) -> None:
        """Add new rows; what was changed before is written before them."""
        if self._session is not None and self._session.dirty:
            await self._session.flush()
        for row in rows:
            self._pile.add(row)

    def put(self, table: type[Base], values: Mapping[str, Any]) -> None:
        """Add a row that nobody needs as an object, by the names of its attributes.

        It must refer to nothing that was changed, rather than added, in this transaction.
        """
        self._pile.put(table, values)

    def leave(self, table: type[Base], values: Mapping[str, Any]) -> None:
        """Add a row that nothing in this transaction reads: it is written right before the end."""
        self._last.put(table, values)

    async def one(self, statement: Select[Found]) -> Found | None:
        """Return the one row of a statement, or None."""
        found: Found | None = (await self.session.execute(statement)).scalar_one_or_none()
        return found

    async def all(self, statement: Select[Found]) -> Sequence[Found]:
        """Return every row of a statement."""
        found: Sequence[Found] = (await self.session.execute(statement)).scalars().all()
        return found

    async def rows(self, sql: str, *values: Any) -> Sequence[Row]:
        """Return the rows of a hand-written SELECT, which must name the workspace itself.

        Parameters are `$1`; JSON goes in as text and comes out as values.
        """
        await self.flush()
        return await self._line.rows(sql, *values)

    async def change(self, statement: Update | Delete) -> int:
        """Run a conditional UPDATE or DELETE; return how many rows it met."""
        result = await self.session.execute(
            statement, execution_options={"synchronize_session": False}
        )
        return int(getattr(result, "rowcount", 0))

    async def flush(self) -> None:
        """Write what was added and changed so far."""
        if self._session is not None:
            await self._session.flush()
        await self._write()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Take back everything the block did when it raises: rows, facts and promises."""
        await self.flush()
        events, promises = len(self.events), len(self.promises)
        try:
            async with self.session.begin_nested():
                # The session sets its savepoint when it first needs a connection in here, and
                # what is written by hand would come before that.
                await self.session.connection()
                yield
                await self.flush()
        except BaseException:
            self._pile.clear()
            del self.events[events:], self.promises[promises:]
            raise

    async def hold(self, request: KeyedRequest) -> Held:
        """Take the key of a request; whoever opened this with the request has it already."""
        if self._held is None or self._held.request != request:
            self._held = await take(self._line, self.caller, request)
        return self._held

    def write_in_passing(self) -> None:
        """Write what was added, from within a statement of the session."""
        if self._pile:
            await_only(self._write())

    async def settle(self) -> list[Bell]:
        """Write everything that is left, promises included, and commit; return whom to ring."""
        if self._session is not None:
            await self._session.flush()
        self._pile.take_over(self._last)
        inserts, documents, _ = self._pile.taken()
        if self.promises:
            inserts.append(jobs.insertion(len(inserts) + 1))
            documents.append(jobs.document(self.promises))
        written = await self._line.rows(together(inserts), *documents) if inserts else ()
        await self._line.commit()
        return jobs.bells(written) if self.promises else []

    async def close(self) -> None:
        """Let go of the objects."""
        if self._session is not None:
            await self._session.close()

    async def _write(self) -> None:
        if not self._pile:
            return
        inserts, documents, instances = self._pile.taken()
        await self._line.rows(together(inserts), *documents)
        # From here on they are rows like those that were loaded: changes to them are written.
        for instance in instances:
            completed(instance)
            make_transient_to_detached(instance)
            self.session.add(instance)


Reaction = Callable[[UnitOfWork, Any], Awaitable[None]]
Reactions = Mapping[type[Event], Sequence[Reaction]]

#: Called for every event of a transaction, before its commit: keeps them for audit and feeds.
Keep = Callable[[UnitOfWork, Sequence[Event]], Awaitable[None]]


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
            # Few that are always at it do more than many in turn: what they need is at hand.
            pool_use_lifo=True,
            pool_timeout=settings.request_seconds,
            connect_args={"timeout": 5, "command_timeout": 30, "server_settings": SETTINGS},
            json_deserializer=orjson.loads,
        )
        watch(self.engine)
        self._turns = Turns(
            self.engine,
            size=pool or settings.database_pool,
            seconds=settings.request_seconds,
        )
        self.queue = Queue(settings.redis_url)
        self._ringing: set[asyncio.Task[bool]] = set()
        self._reactions = reactions
        self._keep = keep

    @asynccontextmanager
    async def unit_of_work(
        self, caller: Caller, *, request: KeyedRequest | None = None
    ) -> AsyncIterator[UnitOfWork]:
        """Open a transaction for the caller's workspace; commit it when the block ends well.

        With a `request` its key is taken in the same breath; see `hub.kernel.idempotency`.
        """
        with typed_races():
            async with self._transaction(caller, request) as work:
                yield work
                bells = await self._settle(work)
        # Past this line the facts are true; a queue that is down only delays the work, and nobody
        # waits for it.
        if bells:
            ringing = asyncio.create_task(self.queue.ring(bells))
            self._ringing.add(ringing)
            ringing.add_done_callback(self._ringing.discard)

    @asynccontextmanager
    async def _transaction(
        self, caller: Caller, request: KeyedRequest | None
    ) -> AsyncIterator[UnitOfWork]:
        connection, line, begun = await self._begun(caller, request)
        work = UnitOfWork(
            connection=connection,
            line=line,
            begun=begun,
            caller=caller,
            settings=self.settings,
            vault=self.vault,
        )
        well = False
        try:
            yield work
            await work.close()
            well = True
        finally:
            try:
                if not well:
                    await line.abandon()
                    await work.close()
            finally:
                await self._turns.give_back(connection, well=well)

    async def _begun(
        self, caller: Caller, request: KeyedRequest | None
    ) -> tuple[AsyncConnection, Line, Begun]:
        """Begin on a connection of the pool; one that proves dead at the first word is replaced."""
        again = 2
        while True:
            connection = await self._turns.take()
            line = Line(connection)
            try:
                return connection, line, await begin(line, caller, request)
            except BaseException as error:
                try:
                    await line.abandon()
                finally:
                    await self._turns.give_back(connection, well=False)
                if not isinstance(error, Exception) or not again or not line.is_closed:
                    raise
            again -= 1

    async def _settle(self, work: UnitOfWork) -> list[Bell]:
        # Reactions may record further events, so walk the list while it grows.
        for happened in work.events:
            for reaction in self._reactions.get(type(happened), ()):
                await reaction(work, happened)
        if work.events:
            await self._keep(work, work.events)
        return await work.settle()

    @asynccontextmanager
    async def unscoped(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction outside any workspace: only tables without a policy can be seen."""
        async with (
            self._turns.of_the_pool() as engine,
            AsyncSession(engine, expire_on_commit=False) as session,
        ):
            yield session
            await session.commit()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection outside any workspace."""
        async with self._turns.of_the_pool() as engine, engine.connect() as connection:
            yield connection

    async def now(self) -> datetime:
        """Return the hub's clock."""
        async with self.connected() as connection:
            found: datetime = (await connection.execute(text("SELECT hub_now()"))).scalar_one()
            return found

    async def is_up(self, *, within: timedelta = timedelta(seconds=2)) -> bool:
        """Say whether the database answers soon enough."""
        try:
            async with asyncio.timeout(within.total_seconds()), self.connected() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception:  # noqa: BLE001 - whatever it is, the database does not answer
            return False
        return True

    async def require_bound_role(self) -> None:
        """Raise RoleTooPowerful when policies do not bind the role the hub connects as."""
        async with self.connected() as connection:
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
        await self._turns.close()
        await self.engine.dispose()
        self.queue.close()
