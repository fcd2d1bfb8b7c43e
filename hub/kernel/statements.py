"""From a question to one SELECT: nested rows as JSON, each table in its workspace.

Identifiers come from the tables alone, values are parameters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from hub.kernel.shapes import (
    EMPTY,
    Condition,
    Edge,
    Link,
    One,
    Origin,
    Pick,
    Question,
    Test,
    Window,
)

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Compiled SQL, the names of its parameters in their order, and those the shape gives."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=2048)
def compiled(question: Question) -> Statement:
    """Return the one statement that answers the question."""
    selected = _Builder().question(question)
    built = selected.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    names = tuple(built.positiontup or ())
    asked = {name for name, bound in built.binds.items() if bound.required}
    given = {name: value for name, value in built.params.items() if name not in asked}
    return Statement(sql=built.string, names=names, constants=given)


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
        wanted: list[ColumnElement[Any]] = [
            pick.origin.fact(name, row).label(name) for name in pick.facts
        ]
        wanted.extend(self._one(one, row).label(one.key) for one in pick.ones)
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
            first = (pick.origin.fact(name, other) for name in window.distinct)
            inner = inner.ext(distinct_on(*first))
        inner = inner.order_by(*order).limit(_limit(window.limit))
        found = inner.subquery(f"r{next(self._numbers)}")
        return select(func.coalesce(func.json_agg(found.table_valued()), EMPTY)).scalar_subquery()

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
    found: Select[Any] = select(literal_column("1")).where(
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
        case "greater":
            return fact > bindparam(test.parameter, type_=kind)
        case "before":
            return fact < bindparam(test.parameter, type_=kind)
        case "has":
            return fact.op("?", is_comparison=True)(bindparam(test.parameter, type_=Text()))
        case "contains":
            return fact.ilike(bindparam(test.parameter, type_=Text()), escape="\\")
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
            step: ColumnElement[bool] = false() if later else fact.is_not(None)
            same: ColumnElement[bool] = fact.is_(None)
        else:
            place = bindparam(parameter, type_=origin.kind(name))
            step = fact < place if descending is later else fact > place
            if later and _nullable(origin, name):
                step = or_(step, fact.is_(None))
            same = fact == place
        beyond.append(and_(*reached, step))
        reached.append(same)
    return or_(*beyond)
