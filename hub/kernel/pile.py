"""New rows that a transaction writes together: one statement for all tables and any number of rows.

The rows of a table travel as one JSON document, so the statement depends only on which tables
there are: PostgreSQL plans it once for each connection.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Column, inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.attributes import set_committed_value

from hub.kernel.model import Base

#: Makes the value of a column nobody gave one; it is told the hub's time of the transaction.
Default = Callable[[datetime], Any]


# Names come from the models alone.
_INSERT = "INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset"


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A table as rows are written to it: by attribute its column and what that defaults to.

    `telling` are the defaults that say more than None.
    """

    name: str
    columns: tuple[tuple[str, str, Default | None], ...]
    telling: tuple[tuple[str, Default], ...]
    insert: str


class Pile:
    """The new rows of a transaction that were not written yet."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.rows: list[tuple[_Table, Mapping[str, Any]]] = []
        self.instances: list[Base] = []

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, instance: Base) -> None:
        """Lay a new row on the pile; what is changed on it until the pile is written counts."""
        table = _table(type(instance))
        # The instance's own dict: values are read from it when the pile is written.
        given = instance.__dict__
        for key, default in table.telling:
            if key not in given:
                set_committed_value(instance, key, default(self._now))
        self.rows.append((table, given))
        self.instances.append(instance)

    def put(self, model: type[Base], values: Mapping[str, Any]) -> None:
        """Lay a row on the pile that nobody needs as an object."""
        self.rows.append((_table(model), values))

    def take_over(self, other: "Pile") -> None:
        """Lay another pile's rows on this one."""
        self.rows += other.rows
        self.instances += other.instances
        other.clear()

    def clear(self) -> None:
        """Throw the rows away."""
        self.rows, self.instances = [], []

    def taken(self) -> tuple[list[str], list[str], list[Base]]:
        """Empty the pile; return its INSERTs, their documents, and the instances in it.

        The n-th statement reads its rows from the parameter `$n`.
        """
        by_table: dict[str, tuple[_Table, list[Mapping[str, Any]]]] = {}
        for table, row in self.rows:
            by_table.setdefault(table.name, (table, []))[1].append(row)
        inserts, documents = [], []
        for number, name in enumerate(sorted(by_table), start=1):
            table, rows = by_table[name]
            inserts.append(f"{table.insert}(NULL::{name}, ${number})")
            documents.append(document([self._plain(table, row) for row in rows]))
        instances = self.instances
        self.clear()
        return inserts, documents, instances

    def _plain(self, table: _Table, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            column: row[key] if default is None or key in row else default(self._now)
            for key, column, default in table.columns
        }


def completed(instance: Base) -> None:
    """Give a row that was written the None of every column nobody gave a value."""
    for key, _, _ in _table(type(instance)).columns:
        if key not in instance.__dict__:
            set_committed_value(instance, key, None)


def together(statements: Sequence[str]) -> str:
    """Return one statement that does them all, if any; its rows are those of the last."""
    if not statements:
        return ""
    *first, last = statements
    if not first:
        return last
    named = ", ".join(f"pile_{number} AS ({sql})" for number, sql in enumerate(first))
    return f"WITH {named} {last}"


def document(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as the JSON that PostgreSQL reads them from."""
    return orjson.dumps(rows, default=_as_text).decode()


def _as_text(value: object) -> str:
    match value:
        case UUID() | Decimal():  # The driver's own UUID is a subclass, which orjson does not take.
            return str(value)
        case bytes():
            return f"\\x{value.hex()}"
        case _:
            raise TypeError(f"A {type(value).__name__} cannot be written as JSON.")


@cache
def _table(model: type[Base]) -> _Table:
    mapper: Mapper[Any] = inspect(model)
    written = [
        (attribute.key, column)
        for attribute in mapper.column_attrs
        for column in attribute.columns
        if isinstance(column, Column) and column.computed is None
    ]
    name = mapper.local_table.name  # type: ignore[attr-defined]  # every mapped class has a table
    columns = ", ".join(column.name for _, column in written)
    return _Table(
        name=name,
        columns=tuple((key, column.name, _default(column)) for key, column in written),
        telling=tuple(
            (key, default)
            for key, column in written
            if _says_more(column) and (default := _default(column)) is not None
        ),
        insert=_INSERT.format(table=name, columns=columns),
    )


def _says_more(column: "Column[Any]") -> bool:
    return column.default is not None or column.server_default is not None


def _default(column: "Column[Any]") -> Default | None:
    given: Any = column.default
    if given is not None and given.is_callable:
        return lambda _now: given.arg(None)
    if given is not None and given.is_scalar:
        return lambda _now: given.arg
    told: Any = column.server_default
    if told is None:
        return (lambda _now: None) if column.nullable else None
    if "hub_now()" in str(told.arg):
        # The transaction's own time, asked for once, where the column would ask once a row.
        return lambda now: now
    raise TypeError(f"{column} has a default only the database knows: give it one in Python too.")
