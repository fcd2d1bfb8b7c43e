"""A pool of read-only connections that know their workspace and keep their statements."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import orjson
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.engine import make_url

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped

#: How a connection reads. Every value is written as the hub reads it: times in UTC. Compiling a
#: plan to machine code takes far longer than any read of the hub. What is read is in memory or on
#: disks without an arm: by its default PostgreSQL prefers indexes in the order of the disk, and
#: walks the rows of all workspaces for those of one.
SESSION = {
    "default_transaction_read_only": "on",
    "TimeZone": "UTC",
    "jit": "off",
    "random_page_cost": "1.1",
    "application_name": "hub read",
}
_CONNECT_SECONDS = 5
_ENTER_SECONDS = 5
_STATEMENTS = 200
_ENTER = (
    "SELECT set_config('hub.workspace_id', $1, false), set_config('plan_cache_mode', $2, false)"
)
# Planning a statement anew for every value takes longer than running most of them. But where values
# say how many rows fit, PostgreSQL shall see them until it finds that they make no difference.
_PLANS = {True: "force_generic_plan", False: "auto"}

if TYPE_CHECKING:
    _Base = asyncpg.Connection[asyncpg.Record]
    _Statement = PreparedStatement[asyncpg.Record]
else:
    _Base = asyncpg.Connection  # not generic at run time
    _Statement = PreparedStatement


class Connection(_Base):
    """A connection that remembers its statements, and the workspace its policies see."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.workspace: UUID | None = None
        self.steady = False
        self._kept: OrderedDict[str, _Statement] = OrderedDict()

    async def enter(self, workspace: UUID, *, steady: bool) -> None:
        """Make the workspace the only one this connection can see.

        With `steady` statements keep one plan for all values.
        """
        if self.workspace == workspace and self.steady is steady:
            return
        # Forgotten first: if this is cancelled half way, nobody knows which one is set.
        self.workspace = None
        await self.execute(_ENTER, str(workspace), _PLANS[steady], timeout=_ENTER_SECONDS)
        self.workspace, self.steady = workspace, steady

    async def run(self, sql: str, arguments: Sequence[Any]) -> list[asyncpg.Record]:
        """Run a statement, prepared when it comes for the first time."""
        try:
            statement = self._kept.get(sql) or await self._keep(sql)
            return await statement.fetch(*arguments)
        except asyncpg.InvalidCachedStatementError:
            # The tables were changed under the statement; reading once more harms nobody.
            self._kept.clear()
            await self.reload_schema_state()
            return await (await self._keep(sql)).fetch(*arguments)

    async def _keep(self, sql: str) -> _Statement:
        statement = await self.prepare(sql)
        self._kept[sql] = statement
        if len(self._kept) > _STATEMENTS:
            # What nobody holds any more is closed with the next statement.
            self._kept.popitem(last=False)
        return statement


class Connections:
    """At most `size` connections to a database, opened when they are needed.

    `seconds` bounds a statement, on both sides, and how long one waits for a free connection.
    """

    def __init__(self, url: str, *, size: int, seconds: float) -> None:
        self._url = url
        self._size = size
        self._seconds = seconds
        #: How many connections were lost: what stood behind them may not be what answers now.
        self.lost = 0
        self._opened = 0
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()

    async def rows(
        self, workspace: UUID, sql: str, arguments: Sequence[Any], *, steady: bool = False
    ) -> list[asyncpg.Record]:
        """Return the rows of a statement as a workspace sees them; `json` is bytes."""
        connection = self._chosen(workspace, steady=steady) or await self._acquire()
        try:
            await connection.enter(workspace, steady=steady)
            found = await connection.run(sql, arguments)
        except asyncpg.PostgresError:
            self._release(connection)
            raise
        except BaseException as error:
            # Whether it still runs is not known: nobody else may get its answer.
            connection.terminate()
            self._release(connection)
            if isinstance(error, asyncpg.InternalClientError):
                # So asyncpg calls it where the server's farewell came just before the question.
                raise asyncpg.ConnectionDoesNotExistError("The connection was lost.") from error
            raise
        self._release(connection)
        return found

    async def close(self) -> None:
        """Close what is idle, and what is in use when it comes back."""
        self._size = 0
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()
        self._opened -= len(idle)

    def _chosen(self, workspace: UUID, *, steady: bool) -> Connection | None:
        """Take an idle connection that is set for this already, the last used first."""
        idle = self._idle
        for place in range(len(idle) - 1, -1, -1):
            if idle[place].workspace == workspace and idle[place].steady is steady:
                connection = idle.pop(place)
                if not connection.is_closed():
                    return connection
                self._forget()
        return None

    async def _acquire(self) -> Connection:
        while True:
            if self._opened < self._size:
                return await self._open()
            if self._idle:
                connection = self._idle.pop(0)
                if not connection.is_closed():
                    return connection
                self._forget()
                continue
            given = await self._wait()
            if given is not None:
                return given

    async def _wait(self) -> Connection | None:
        """Wait for a connection, or for the right to open one."""
        free: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(free)
        try:
            async with asyncio.timeout(self._seconds):
                return await free
        except BaseException:
            if free.done() and not free.cancelled():
                given = free.result()
                if given is None:
                    self._wake(None)
                else:
                    self._release(given)
            raise

    def _release(self, connection: Connection) -> None:
        if connection.is_closed() or self._size == 0:
            connection.terminate()
            self._forget()
            self._wake(None)
        elif not self._wake(connection):
            self._idle.append(connection)

    def _forget(self) -> None:
        self._opened -= 1
        self.lost += 1

    def _wake(self, connection: Connection | None) -> bool:
        while self._waiting:
            free = self._waiting.popleft()
            if not free.done():
                free.set_result(connection)
                return True
        return False

    async def _open(self) -> Connection:
        self._opened += 1
        connection: Connection | None = None
        try:
            _, options = _DIALECT.create_connect_args(make_url(self._url))  # type: ignore[no-untyped-call]  # as above
            connection = await asyncpg.connect(
                **options,
                timeout=_CONNECT_SECONDS,
                command_timeout=self._seconds,
                # Left to itself it forgets what is still used; without any cache it keeps no plan.
                max_cached_statement_lifetime=0,
                server_settings={
                    **SESSION,
                    "statement_timeout": str(round(self._seconds * 1000)),
                },
                connection_class=Connection,
            )
            await _speak_json(connection)
        except BaseException:
            if connection is not None:
                connection.terminate()
            self._opened -= 1
            self._wake(None)
            raise
        return connection


async def _speak_json(connection: Connection) -> None:
    # What the database has written as JSON mostly goes out as it is: nobody reads it here.
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
    )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
    )
