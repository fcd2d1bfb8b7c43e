"""One connection of a unit of work without the ORM: the kernel's own statements, as they stand."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.kernel.ids import new_id

if TYPE_CHECKING:
    _Raw = asyncpg.Connection[asyncpg.Record]
    Row = asyncpg.Record
else:
    _Raw = asyncpg.Connection  # not generic at run time
    Row = Any


#: A statement to prepare and the values it is run with.
Prepared = tuple[str, Sequence[str | UUID | int]]

#: How connections are set for writing.
SETTINGS = {"jit": "off"}
#: The setting a script answers with, up to 63 letters: of those PostgreSQL reports, the free one.
SAID = "application_name"

#: Where a connection keeps the names of its statements.
_NAMES = "hub_statements"


class Undone(Exception):
    """A commit that the database turned into a rollback."""


class Line:
    """A connection as the driver has it; errors are those the ORM's statements raise.

    Parameters are PostgreSQL's `$1`; JSON goes in as text and comes out as values.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        # The connection is open already, so this is no I/O.
        held = connection.sync_connection
        if held is None:
            raise TypeError("The connection is not open.")
        self._raw = cast("_Raw", held.connection.driver_connection)
        self._named_here: dict[str, str] = held.info.setdefault(_NAMES, {})
        self._open = False

    @property
    def is_closed(self) -> bool:
        """Say whether the connection is gone."""
        return self._raw.is_closed()

    async def rows(self, sql: str, *values: Any) -> Sequence[Row]:
        """Return the rows of one statement; it is prepared once for each connection."""
        with _told(sql):
            return await self._raw.fetch(sql, *values)

    async def run(self, script: str) -> str:
        """Run statements without values in one round trip; say what the last of them did."""
        with _told(script):
            return await self._raw.execute(script)

    async def begin(self, *statements: Prepared) -> str:
        """Begin a transaction and run statements in it, all in one round trip.

        A script returns no rows. What its statements put into the setting `SAID` comes back
        nevertheless, because PostgreSQL reports it; that is what this returns.
        """
        named = [
            f"EXECUTE {await self._named(sql)}({', '.join(map(literal, values))})"
            for sql, values in statements
        ]
        # Before it is sent: a request that is cancelled does not know how far it came.
        self._open = True
        await self.run("; ".join(["BEGIN", *named]))
        said: str = getattr(self._raw.get_settings(), SAID)
        return said

    async def commit(self) -> None:
        """Commit; raise Undone when an error that somebody swallowed had ended the transaction."""
        done = await self.run("COMMIT")
        self._open = False
        if done != "COMMIT":
            raise Undone("The transaction had failed before its end; nothing was written.")

    async def _named(self, sql: str) -> str:
        """Return the name of a statement on this connection, prepared when it comes first."""
        known = self._named_here.get(sql)
        if known is not None:
            return known
        # A new one each time: if this is cancelled, nobody knows whether there is one.
        name = f"hub_{new_id().hex}"
        await self.run(f"PREPARE {name} AS {sql}")
        self._named_here[sql] = name
        return name

    async def abandon(self) -> None:
        """Roll back what was not committed; a connection that cannot is closed for good."""
        if not self._open:
            return
        try:
            await self.run("ROLLBACK")
        except BaseException as error:
            self._raw.terminate()
            # What went wrong first is what the caller hears of.
            if not isinstance(error, Exception):
                raise
        self._open = False


def literal(value: str | UUID | int) -> str:
    """Return a value as SQL writes it; text in hexadecimal digits, which can mean nothing else."""
    if isinstance(value, str):
        return f"convert_from(decode('{value.encode().hex()}', 'hex'), 'UTF8')"
    return f"'{value}'"


@contextmanager
def _told(sql: str) -> Iterator[None]:
    """Raise what the driver says as the ORM would: there is one kind of error to look for."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise DBAPIError(sql, None, error) from error
