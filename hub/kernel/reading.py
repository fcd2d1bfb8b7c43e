"""Reading without a transaction: a pool of read-only connections that know their workspace."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

import orjson
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from hub.kernel.caller import Caller
from hub.kernel.changes import Changes
from hub.kernel.connections import Connections
from hub.kernel.settings import Settings
from hub.kernel.statements import Statement

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped


class Reader:
    """Runs SELECTs, each on its own, as one caller: the reading half of the hub.

    `statements` counts what was asked of the database since the start, for tests and metrics;
    setting a connection's workspace is not counted.
    """

    def __init__(self, settings: Settings, *, pool: int | None = None) -> None:
        self.statements = 0
        self._connections = Connections(
            settings.database_url,
            size=pool or settings.database_pool,
            seconds=settings.request_seconds,
        )
        self.changes = Changes(self._connections)

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
        self.statements += 1
        found = await self._connections.rows(caller.workspace_id, sql, arguments)
        if isinstance(statement, Statement):
            return [_loaded(dict(row)) for row in found]
        return [dict(row) for row in found]

    async def row(
        self, caller: Caller, statement: Statement, values: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Return the one row of a compiled statement; see `rows`. `values` are added to.

        The JSON of its rows stays as PostgreSQL wrote it, in UTF-8.
        """
        values["workspace"] = workspace = caller.workspace_id
        values["member"] = caller.member_id
        constants = statement.constants
        arguments = [
            values[name] if name in values else constants[name] for name in statement.names
        ]
        self.statements += 1
        found = await self._connections.rows(
            workspace, statement.sql, arguments, steady=statement.steady
        )
        answer: Mapping[str, Any] = cast("Mapping[str, Any]", found[0])
        return answer

    async def close(self) -> None:
        """Give the connections back."""
        await self._connections.close()


def _loaded(loaded: dict[str, Any]) -> Mapping[str, Any]:
    if "rows" in loaded:
        loaded["rows"] = orjson.loads(loaded["rows"])
    return loaded


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
