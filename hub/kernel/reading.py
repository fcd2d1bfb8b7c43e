"""Reading without a transaction: a pool of read-only connections that know their workspace."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.engine import make_url

from hub.kernel.caller import Caller
from hub.kernel.settings import Settings
from hub.kernel.statements import Statement

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped

# Every value is written as the hub reads it: times in UTC. Compiling a plan to machine code takes
# far longer than any read of the hub.
_SESSION = {
    "default_transaction_read_only": "on",
    "TimeZone": "UTC",
    "jit": "off",
    "application_name": "hub read",
}


if TYPE_CHECKING:
    _Base = asyncpg.Connection[asyncpg.Record]
else:
    _Base = asyncpg.Connection  # not generic at run time


class _Connection(_Base):
    """A connection that remembers the workspace its policies see."""

    workspace: UUID | None = None

    async def enter(self, workspace: UUID) -> None:
        """Make the workspace the only one this connection can see."""
        if self.workspace == workspace:
            return
        # Forgotten first: if this is cancelled half way, nobody knows which one is set.
        self.workspace = None
        await self.execute(
            "SELECT set_config('hub.workspace_id', $1, false)", str(workspace), timeout=5
        )
        self.workspace = workspace


class Reader:
    """Runs SELECTs, each on its own, as one caller: the reading half of the hub.

    `statements` counts what was asked of the database since the start, for tests and metrics;
    setting a connection's workspace is not counted.
    """

    def __init__(self, settings: Settings, *, pool: int | None = None) -> None:
        self.statements = 0
        self._settings = settings
        self._size = pool or settings.database_pool
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    async def rows(
        self,
        caller: Caller,
        statement: Statement | Select[*tuple[Any, ...]],
        values: Mapping[str, Any] | None = None,
    ) -> list[Mapping[str, Any]]:
        """Return the rows of one SELECT as the caller's workspace sees them.

        `values` are the parameters by name; a parameter called `workspace` or `member` is the
        caller's. A SQLAlchemy SELECT carries its values in itself; JSON arrives as Python values.
        """
        sql, arguments = _prepared(statement, {**(values or {}), **_of(caller)})
        pool = await self._open()
        async with pool.acquire(timeout=self._settings.request_seconds) as connection:
            # The pool hands out a proxy of the class it was told to use.
            await cast("_Connection", connection).enter(caller.workspace_id)
            self.statements += 1
            found = await connection.fetch(sql, *arguments)
        return [dict(row) for row in found]

    async def close(self) -> None:
        """Give the connections back."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def _open(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is not None:
            return self._pool
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    **_where(self._settings.database_url),
                    min_size=0,
                    max_size=self._size,
                    timeout=5,
                    command_timeout=self._settings.request_seconds,
                    max_queries=1_000_000,
                    server_settings=_SESSION,
                    connection_class=_Connection,
                    init=_speak_json,
                    reset=_keep,
                )
        return self._pool


def _of(caller: Caller) -> dict[str, UUID | None]:
    return {"workspace": caller.workspace_id, "member": caller.member_id}


def _prepared(
    statement: Statement | Select[*tuple[Any, ...]], values: Mapping[str, Any]
) -> tuple[str, list[Any]]:
    if isinstance(statement, Statement):
        known = {**statement.constants, **values}
        return statement.sql, [known[name] for name in statement.names]
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    given = {name: value for name, value in values.items() if name in compiled.binds}
    own = compiled.construct_params(given)
    processors = cast("Mapping[str, Any]", compiled._bind_processors)  # noqa: SLF001 - what SQLAlchemy's engine applies too
    arguments = [
        processors[name](own[name]) if name in processors else own[name]
        for name in compiled.positiontup or ()
    ]
    return compiled.string, arguments


def _where(url: str) -> dict[str, Any]:
    _, options = _DIALECT.create_connect_args(make_url(url))  # type: ignore[no-untyped-call]  # as above
    return dict(options)


async def _speak_json(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: orjson.dumps(value).decode(),
            decoder=orjson.loads,
        )


async def _keep(connection: object) -> None:
    """Leave a returned connection as it is: resetting it would forget its workspace."""
