"""The shape of an answer: tables and their facts, rows inside rows, pages; no values.

Values are named as parameters only, so that equal questions share one compiled statement.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Enum,
    FromClause,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB, JSONPATH, distinct_on
from sqlalchemy.types import TypeEngine

from hub.kernel.model import Base

EMPTY: ColumnElement[Any] = literal_column("'[]'::json")

Expression = Callable[[FromClause], ColumnElement[Any]]
On = Callable[[FromClause], ColumnElement[bool]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Origin:
    """A table one can read, with its computed facts and the rows that count at all."""

    table: Table
    facts: Mapping[str, Expression] = field(default_factory=dict)
    only: Expression | None = None

    def kind(self, name: str) -> TypeEngine[Any]:
        """Return the type a value of this fact is compared as."""
        kind: TypeEngine[Any] = self.fact(name, self.table).type
        return Text() if isinstance(kind, Enum) else kind

    def python(self, name: str) -> type:
        """Return the Python type of this fact's values; `object` where it has no single one."""
        try:
            return self.kind(name).python_type
        except NotImplementedError:
            return object

    def fact(self, name: str, source: FromClause) -> ColumnElement[Any]:
        """Return a column or a computed fact of a row; KeyError where there is none."""
        if name in self.facts:
            return self.facts[name](source)
        return source.c[name]

    def rows(self, source: FromClause) -> ColumnElement[bool]:
        """Return the predicate every read of this table carries."""
        mine = within(source)
        return mine if self.only is None else and_(mine, self.only(source))


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """How a row finds the rows that belong to it."""

    on: Callable[[FromClause, FromClause], ColumnElement[bool]]


@dataclass(frozen=True, kw_only=True)
class Test:
    """One condition on one fact: in, equal, from, before, greater, contains, has.

    `via` looks at the fact of another table's row, found by a link.
    """

    fact: str
    how: str
    parameter: str
    origin: Origin
    via: Link | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """Several conditions taken together: `and`, `or`, or `not` (none of them)."""

    how: str
    parts: tuple["Test | Group", ...]


Condition = Test | Group


@dataclass(frozen=True, kw_only=True)
class Edge:
    """The place of a cursor: a parameter per ordering fact, None where the fact was null."""

    parameters: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which rows of a list: its order (`-name` descends, nulls last), its ends, its size.

    `limit` is a number or the name of a parameter. `distinct` keeps the first row of each value.
    """

    order: tuple[str, ...]
    limit: int | str
    after: Edge | None = None
    before: Edge | None = None
    backwards: bool = False
    distinct: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class One:
    """A related row."""

    key: str
    link: Link
    pick: "Pick"


@dataclass(frozen=True, kw_only=True)
class Many:
    """Related rows; `pick` is None where only their number is wanted."""

    key: str
    link: Link
    origin: Origin
    pick: "Pick | None"
    window: Window
    where: Condition | None = None
    total: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pick:
    """What is wanted of each row: facts, related rows, lists of related rows."""

    origin: Origin
    facts: tuple[str, ...]
    ones: tuple[One, ...] = ()
    lists: tuple[Many, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """A whole read. Its answer is one row: `now` (the hub's clock), `rows` (JSON), `total`."""

    origin: Origin
    pick: Pick | None
    window: Window
    where: Condition | None = None
    total: bool = False


def within(source: FromClause) -> ColumnElement[bool]:
    """Return the predicate that a row belongs to the caller's workspace."""
    column = source.c["workspace_id"] if "workspace_id" in source.c else source.c["id"]
    return column == bindparam("workspace", type_=Uuid())


def me() -> ColumnElement[Any]:
    """Return the id of the member who asks; null where nobody does."""
    return bindparam("member", type_=Uuid())


def exists_in(model: type[Base], on: On) -> ColumnElement[bool]:
    """Return whether the caller's workspace has such a row of the model."""
    other = model.__table__.alias()
    found: Select[Any] = select(literal_column("1")).where(within(other), on(other))
    return found.correlate_except(other).exists()


def newest_in(model: type[Base], column: str, on: On) -> ColumnElement[Any]:
    """Return a column of the newest such row of the model, or null."""
    other = model.__table__.alias()
    found: Select[Any] = select(other.c[column]).where(within(other), on(other))
    found = found.order_by(other.c.id.desc()).limit(1)
    return found.correlate_except(other).scalar_subquery()


def all_in(model: type[Base], column: str, on: On, *, newest_per: str) -> ColumnElement[Any]:
    """Return a column of such rows as a JSON list: of the newest row per value of another."""
    other = model.__table__.alias()
    found: Select[Any] = select(other.c[column]).where(within(other), on(other))
    found = found.ext(distinct_on(other.c[newest_per]))
    rows = found.order_by(other.c[newest_per], other.c.id.desc()).correlate_except(other).subquery()
    return select(func.coalesce(func.json_agg(rows.c[column]), EMPTY)).scalar_subquery()


def one_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Return whether a column has one of a few values known beforehand."""
    return or_(*(column == value for value in values))


def first_of(column: ColumnElement[Any], otherwise: Any) -> ColumnElement[Any]:
    """Return a column, or another one (or a value) where it is null.

    Spelt as a CASE, since PostgreSQL never takes a COALESCE for the condition of an index where
    policies guard the table: it is not among the expressions known to leak nothing.
    """
    return case((column.is_not(None), column), else_=otherwise)


def as_json(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return text that is JSON as JSON."""
    return cast(column, JSON)


def over(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a time of the bare clock has come."""
    return column <= func.clock_timestamp()


def columns(here: str, there: str = "id") -> Link:
    """Link rows whose columns are equal."""
    return Link(on=lambda row, other: other.c[there] == row.c[here])


def named_in(column: str, path: str) -> Link:
    """Link rows whose ids stand in a JSON column, at a JSON path."""

    def on(row: FromClause, other: FromClause) -> ColumnElement[bool]:
        document = cast(row.c[column], JSONB)
        found = func.jsonb_path_query(document, cast(literal_column(f"'{path}'"), JSONPATH))
        ids = cast(found.op("#>>")(literal_column("'{}'")), Uuid)
        return other.c.id.in_(select(ids).correlate(row))

    return Link(on=on)
