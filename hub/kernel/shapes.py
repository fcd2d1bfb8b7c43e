"""The shape of an answer: tables and their facts, rows inside rows, pages; no values.

Values are named as parameters only, so that equal questions share one compiled statement.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    FromClause,
    Integer,
    Select,
    String,
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
from sqlalchemy import JSON as GENERIC_JSON
from sqlalchemy.dialects.postgresql import JSON, JSONB, JSONPATH, distinct_on
from sqlalchemy.types import Enum as EnumType
from sqlalchemy.types import TypeEngine

from hub.kernel.model import Base

EMPTY: ColumnElement[Any] = literal_column("'[]'::json")

Expression = Callable[[FromClause], ColumnElement[Any]]
On = Callable[[FromClause], ColumnElement[bool]]


class Stored(Enum):
    """What PostgreSQL writes for a value in JSON."""

    TEXT = "text"
    INTEGER = "integer"
    LARGE = "integer of 64 bits"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    DATE = "date"
    JSON = "json"
    LIST = "list"
    OTHER = "other"


#: The first that fits decides.
_STORED: tuple[tuple[type[TypeEngine[Any]], Stored], ...] = (
    (String, Stored.TEXT),
    (BigInteger, Stored.LARGE),
    (Integer, Stored.INTEGER),
    (Boolean, Stored.BOOLEAN),
    (DateTime, Stored.INSTANT),
    (Date, Stored.DATE),
    (GENERIC_JSON, Stored.JSON),
    (ARRAY, Stored.LIST),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Origin:
    """A table one can read, with its computed facts and the rows that count at all."""

    table: Table
    facts: Mapping[str, Expression] = field(default_factory=dict)
    only: Expression | None = None

    def kind(self, name: str) -> TypeEngine[Any]:
        """Return the type a value of this fact is compared as."""
        kind: TypeEngine[Any] = self.fact(name, self.table).type
        return Text() if isinstance(kind, EnumType) else kind

    @lru_cache(maxsize=1024)  # noqa: B019 - there are as many origins as types, for ever
    def python(self, name: str) -> type:
        """Return the Python type of this fact's values; `object` where it has no single one."""
        try:
            return self.kind(name).python_type
        except NotImplementedError:
            return object

    @lru_cache(maxsize=1024)  # noqa: B019 - as above
    def stored(self, name: str) -> Stored:
        """Return what PostgreSQL writes for this fact."""
        kind = self.fact(name, self.table).type
        return next((word for one, word in _STORED if isinstance(kind, one)), Stored.OTHER)

    def holds(self, name: str, value: Any) -> bool:
        """Say whether a text or an integer is one that PostgreSQL could hold in this fact."""
        if isinstance(value, str):
            return "\0" not in value
        bits = 63 if self.stored(name) is Stored.LARGE else 31
        return not isinstance(value, int) or -(1 << bits) <= value < 1 << bits

    def certain(self, name: str) -> bool:
        """Say whether the database itself keeps this fact from being null."""
        return name not in self.facts and not self.table.c[name].nullable

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
    """How a row finds the rows that belong to it; `key` is the column that names the only one."""

    on: Callable[[FromClause, FromClause], ColumnElement[bool]]
    key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Test:
    """One condition on one fact: in, equal, from, before, greater, contains, has, search.

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

    The size is no parameter: how many rows are wanted decides how PostgreSQL finds them. `distinct`
    keeps the first row of each value.
    """

    order: tuple[str, ...]
    limit: int
    after: Edge | None = None
    before: Edge | None = None
    backwards: bool = False
    distinct: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A fact of the row as it is; `narrow` numbers are an error where they exceed 32 bits."""

    label: str
    fact: str
    narrow: bool = False


@dataclass(frozen=True, kw_only=True)
class GlobalId:
    """A fact that holds an id, as the id clients see: base64url of the kind and the id."""

    label: str
    fact: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word that is the same for every row; null where whoever asks fills it in later."""

    label: str
    word: str | None


@dataclass(frozen=True, kw_only=True)
class One:
    """A related row."""

    label: str
    link: Link
    pick: "Pick"


@dataclass(frozen=True, kw_only=True)
class Many:
    """Related rows."""

    label: str
    link: Link
    pick: "Pick"
    window: Window
    where: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class Number:
    """How many related rows there are."""

    label: str
    link: Link
    origin: Origin
    where: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """Entries of the same row, in an object of their own."""

    label: str
    entries: tuple["Entry", ...]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A text that an element of a JSON list holds under a name."""

    label: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Mentioned:
    """The rows whose ids an element of a JSON list holds under a name, in that order.

    A row that is mentioned twice is there twice, one that is no more is left out.
    """

    label: str
    name: str
    pick: "Pick"


@dataclass(frozen=True, kw_only=True)
class Elements:
    """The elements of a JSON list, in their order; null where the row has no list."""

    label: str
    fact: str
    entries: tuple[Piece | Mentioned | Word, ...]


Entry = Leaf | GlobalId | Word | One | Many | Number | Part | Elements


@dataclass(frozen=True, kw_only=True)
class Pick:
    """What is wanted of each row, in the order it is wanted."""

    origin: Origin
    entries: tuple[Entry, ...]


class Form(Enum):
    """How the rows of an answer come: as values, as one text of JSON, or each as a text.

    With `TEXTS` the facts of each row's place come beside it.
    """

    VALUES = "values"
    TEXT = "text"
    TEXTS = "texts"


@dataclass(frozen=True, kw_only=True)
class Question:
    """A whole read. Its answer is one row: `now` (the hub's clock), `rows` (JSON), `total`.

    With `Form.TEXTS` there are `places` beside the rows: the values of the facts in `place`.
    """

    origin: Origin
    pick: Pick | None
    window: Window
    where: Condition | None = None
    total: bool = False
    form: Form = Form.VALUES
    place: tuple[str, ...] = ()
    now: bool = True


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


def sum_in(model: type[Base], column: str, on: On) -> ColumnElement[Any]:
    """Return the sum of a column over such rows of the model; 0 where there is none."""
    other = model.__table__.alias()
    total = cast(func.coalesce(func.sum(other.c[column]), 0), BigInteger)
    found: Select[Any] = select(total).where(within(other), on(other))
    return found.correlate_except(other).scalar_subquery()


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


@cache
def columns(here: str, there: str = "id") -> Link:
    """Link rows whose columns are equal; the same columns are the same link."""
    key = here if there == "id" else None
    return Link(on=lambda row, other: other.c[there] == row.c[here], key=key)


def named_in(column: str, path: str) -> Link:
    """Link rows whose ids stand in a JSON column, at a JSON path."""

    def on(row: FromClause, other: FromClause) -> ColumnElement[bool]:
        document = cast(row.c[column], JSONB)
        found = func.jsonb_path_query(document, cast(literal_column(f"'{path}'"), JSONPATH))
        ids = cast(found.op("#>>")(literal_column("'{}'")), Uuid)
        # As an array, or PostgreSQL reads every row of the workspace to join it with the few ids.
        named = func.array(select(ids).correlate(row).scalar_subquery(), type_=ARRAY(Uuid()))
        return other.c.id == func.any(named)

    return Link(on=on)


def joined_by(model: type[Base], here: str, there: str) -> Link:
    """Link rows by a table of pairs: `here` holds the id of the row, `there` of the other one."""

    def on(row: FromClause, other: FromClause) -> ColumnElement[bool]:
        pairs = model.__table__.alias()
        ids = select(pairs.c[there]).where(within(pairs), pairs.c[here] == row.c.id)
        # As an array, for the reason `named_in` gives.
        found = func.array(ids.correlate_except(pairs).scalar_subquery(), type_=ARRAY(Uuid()))
        return other.c.id == func.any(found)

    return Link(on=on)
