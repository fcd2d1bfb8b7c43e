"""From the shape of an answer to one SELECT: nested rows as JSON, each table in its workspace.

A shape holds no values, only the names of parameters, so that equal questions share one compiled
statement. Identifiers come from the tables alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Enum,
    FromClause,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.types import TypeEngine

from hub.kernel.model import Base

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped
_EMPTY = literal_column("'[]'::json")

Expression = Callable[[FromClause], ColumnElement[Any]]
On = Callable[[FromClause], ColumnElement[bool]]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Compiled SQL and the names of its parameters, in their order."""

    sql: str
    names: tuple[str, ...]


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
    """One condition on one fact: `in`, `equal`, `from`, `before`, `contains`, `empty`.

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
    found = select(literal_column("1")).where(within(other), on(other))
    return found.correlate_except(other).exists()


def newest_in(model: type[Base], column: str, on: On) -> ColumnElement[Any]:
    """Return a column of the newest such row of the model, or null."""
    other = model.__table__.alias()
    found = select(other.c[column]).where(within(other), on(other))
    found = found.order_by(other.c.id.desc()).limit(1)
    return found.correlate_except(other).scalar_subquery()


def all_in(model: type[Base], column: str, on: On, *, newest_per: str) -> ColumnElement[Any]:
    """Return a column of such rows as a JSON list: of the newest row per value of another."""
    other = model.__table__.alias()
    found = select(other.c[column]).where(within(other), on(other)).distinct(other.c[newest_per])
    rows = found.order_by(other.c[newest_per], other.c.id.desc()).correlate_except(other).subquery()
    return select(func.coalesce(func.json_agg(rows.c[column]), _EMPTY)).scalar_subquery()


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


@lru_cache(maxsize=2048)
def compiled(question: Question) -> Statement:
    """Return the one statement that answers the question."""
    built = _Builder().question(question).compile(dialect=_DIALECT)
    names = built.positiontup or ()  # type: ignore[attr-defined]  # of SQL compilers
    return Statement(sql=built.string, names=tuple(names))


class _Builder:
    """Builds one statement; every table in it gets its own short name."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count()

    def question(self, question: Question) -> Select[Any]:
        wanted: list[ColumnElement[Any]] = [func.hub_now().label("now")]
        if question.pick is not None:
            rows = self._list(question.pick, question.window, question.where, link=None, row=None)
            wanted.append(rows.label("rows"))
        if question.total:
            total = self._count(question.origin, question.where, link=None, row=None)
            wanted.append(total.label("total"))
        return select(*wanted)

    def _alias(self, origin: Origin) -> FromClause:
        return origin.table.alias(f"t{next(self._numbers)}")

    def _columns(self, pick: Pick, row: FromClause) -> list[ColumnElement[Any]]:
        wanted = [pick.origin.fact(name, row).label(name) for name in pick.facts]
        for one in pick.ones:
            wanted.append(self._one(one, row).label(one.key))
        for many in pick.lists:
            if many.pick is not None:
                rows = self._list(many.pick, many.window, many.where, link=many.link, row=row)
                wanted.append(rows.label(many.key))
            if many.total is not None:
                total = self._count(many.origin, many.where, link=many.link, row=row)
                wanted.append(total.label(many.total))
        return wanted

    def _one(self, one: One, row: FromClause) -> ColumnElement[Any]:
        other = self._alias(one.pick.origin)
        inner = (
            select(*self._columns(one.pick, other))
            .where(one.pick.origin.rows(other), one.link.on(row, other))
            .correlate(row)
            .subquery(f"r{next(self._numbers)}")
        )
        return select(func.row_to_json(inner.table_valued())).scalar_subquery()

    def _list(
        self,
        pick: Pick,
        window: Window,
        where: Condition | None,
        *,
        link: Link | None,
        row: FromClause | None,
    ) -> ColumnElement[Any]:
        other = self._alias(pick.origin)
        inner = select(*self._columns(pick, other))
        inner = self._narrowed(inner, pick.origin, other, where, link=link, row=row)
        for edge, later in ((window.after, True), (window.before, False)):
            if edge is not None:
                inner = inner.where(_beyond(pick.origin, other, window.order, edge, later=later))
        order = _ordered(pick.origin, other, window)
        if window.distinct:
            inner = inner.distinct(*(pick.origin.fact(name, other) for name in window.distinct))
        inner = inner.order_by(*order).limit(_limit(window.limit))
        found = inner.subquery(f"r{next(self._numbers)}")
        return select(
            func.coalesce(func.json_agg(found.table_valued()), _EMPTY)
        ).scalar_subquery()

    def _count(
        self, origin: Origin, where: Condition | None, *, link: Link | None, row: FromClause | None
    ) -> ColumnElement[Any]:
        other = self._alias(origin)
        counted = select(func.count()).select_from(other)
        return self._narrowed(counted, origin, other, where, link=link, row=row).scalar_subquery()

    def _narrowed(
        self,
        chosen: Select[Any],
        origin: Origin,
        other: FromClause,
        where: Condition | None,
        *,
        link: Link | None,
        row: FromClause | None,
    ) -> Select[Any]:
        chosen = chosen.where(origin.rows(other))
        if link is not None and row is not None:
            chosen = chosen.where(link.on(row, other)).correlate(row)
        return chosen if where is None else chosen.where(_condition(where, other))


def _limit(limit: int | str) -> ColumnElement[Any]:
    if isinstance(limit, int):
        return literal_column(str(limit))
    return bindparam(limit, type_=Integer())


def _condition(condition: Condition, row: FromClause) -> ColumnElement[bool]:
    if isinstance(condition, Test):
        return _test(condition, row)
    parts = [_condition(part, row) for part in condition.parts]
    if condition.how == "or":
        return or_(false(), *parts)
    together = and_(true(), *parts)
    # A condition on a null is unknown; "not" means "not known to be so".
    return together if condition.how == "and" else not_(func.coalesce(together, false()))


def _test(test: Test, row: FromClause) -> ColumnElement[bool]:
    if test.via is None:
        return _compared(test, row)
    other = test.origin.table.alias()
    found = select(literal_column("1")).where(
        test.origin.rows(other), test.via.on(row, other), _compared(test, other)
    )
    return found.correlate_except(other).exists()


def _compared(test: Test, row: FromClause) -> ColumnElement[bool]:
    fact = test.origin.fact(test.fact, row)
    kind = test.origin.kind(test.fact)
    match test.how:
        case "in":
            return fact == func.any(bindparam(test.parameter, type_=ARRAY(kind)))
        case "from":
            return fact >= bindparam(test.parameter, type_=kind)
        case "before":
            return fact < bindparam(test.parameter, type_=kind)
        case "contains":
            return fact.ilike(bindparam(test.parameter, type_=Text()), escape="\\")
        case "empty":
            return fact.is_(None) == bindparam(test.parameter)
        case _:
            return fact == bindparam(test.parameter, type_=kind)


def _split(name: str) -> tuple[str, bool]:
    return name.removeprefix("-"), name.startswith("-")


def _ordered(origin: Origin, row: FromClause, window: Window) -> list[ColumnElement[Any]]:
    order = []
    for name, descending in map(_split, window.order):
        fact = origin.fact(name, row)
        if descending is window.backwards:
            order.append(_nulls(origin, name, fact.asc(), first=window.backwards))
        else:
            order.append(_nulls(origin, name, fact.desc(), first=window.backwards))
    return order


def _nulls(origin: Origin, name: str, ordered: Any, *, first: bool) -> ColumnElement[Any]:
    # Said only where nulls can be: a plain order is one an index can give.
    if not _nullable(origin, name):
        return ordered  # type: ignore[no-any-return]  # asc() and desc() are elements
    return ordered.nulls_first() if first else ordered.nulls_last()  # type: ignore[no-any-return]  # the same


def _nullable(origin: Origin, name: str) -> bool:
    return name in origin.facts or bool(origin.table.c[name].nullable)


def _beyond(
    origin: Origin, row: FromClause, order: tuple[str, ...], edge: Edge, *, later: bool
) -> ColumnElement[bool]:
    """Return the predicate of the rows strictly after (or before) a place in the order."""
    reached: list[ColumnElement[bool]] = []
    beyond: list[ColumnElement[bool]] = []
    for (name, descending), parameter in zip(map(_split, order), edge.parameters, strict=True):
        fact = origin.fact(name, row)
        if parameter is None:
            # Nulls are last: nothing but other nulls follows, and everything else is before.
            step = false() if later else fact.is_not(None)
            same = fact.is_(None)
        else:
            place = bindparam(parameter, type_=origin.kind(name))
            step = fact < place if descending is later else fact > place
            if later and _nullable(origin, name):
                step = or_(step, fact.is_(None))
            same = fact == place
        beyond.append(and_(*reached, step))
        reached.append(same)
    return or_(*beyond)
