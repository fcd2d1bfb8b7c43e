"""What hundreds of short-lived hubs of one run may share: what a server does once in its life."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.util import LRUCache

#: As many statements as all tests of a worker have, and more.
_STATEMENTS = 4_000


def share() -> None:
    """Compile each statement once for all engines of this process, and not once for each test.

    A statement is compiled for a dialect, and every engine makes its own: two are the same here
    when they read JSON alike, since all of them speak to one server.
    """
    compiled: LRUCache[Any, Any] = LRUCache(_STATEMENTS)

    @event.listens_for(Engine, "engine_connect")
    def use(connection: Connection) -> None:
        if isinstance(connection.dialect, PGDialect_asyncpg):
            connection.execution_options(compiled_cache=compiled)

    PGDialect_asyncpg.__hash__ = lambda self: hash(_kind(self))  # type: ignore[method-assign]  # tests only
    PGDialect_asyncpg.__eq__ = lambda self, other: _kind(self) == _kind(other)  # type: ignore[method-assign]  # tests only


def _kind(dialect: Any) -> tuple[Any, ...]:
    names = ("_json_serializer", "_json_deserializer", "paramstyle")
    return type(dialect), *(getattr(dialect, name, None) for name in names)
