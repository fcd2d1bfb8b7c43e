"""What SQLAlchemy makes of a question when all of it is said in one expression: the yardstick."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
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
    cast,
    false,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from hub.kernel.searching import found_by, page_of
from hub.kernel.shapes import (
    EMPTY,
    Condition,
    Edge,
    Entry,
    Form,
    GlobalId,
    Leaf,
    Link,
    Many,
    Number,
    One,
    Origin,
    Part,
    Pick,
    Question,
    Test,
    Window,
    Word,
)

UUID_LETTERS = 36

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped


def selected(question: Question) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """Return SQL, the names of its parameters in their order, and the values it gives itself."""
    built = (
        _Builder()
        .question(question)
        .compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    )
    asked = {name for name, bound in built.binds.items() if bound.required}
    given = {name: value for name, value in built.params.items() if name not in asked}
    return built.string, tuple(built.positiontup or ()), given


class _Builder:
    """Builds one statement; every table in it gets its own short name."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count()

    def question(self, question: Question) -> Select[Any]:
        wanted: list[ColumnElement[Any]] = []
        if question.now:
            wanted.append(func.hub_now().label("now"))
        if question.total:
            total = self._count(question.origin, question.where, link=None, row=None)
            wanted.append(total.label("total"))
        if question.pick is None:
            return select(*wanted)
        if question.form is Form.TEXTS:
            return self._texts(question, question.pick, wanted)
        rows = self._list(question.pick, question.window, question.where, link=None, row=None)
        return select(*wanted, rows.label("rows"))

    def _texts(
        self, question: Question, pick: Pick, wanted: list[ColumnElement[Any]]
    ) -> Select[Any]:
        row = self._alias(pick.origin)
        place = [pick.origin.fact(name, row) for name in question.place]
        each = select(
            self._object(pick.entries, pick.origin, row).label("text"),
            func.json_build_array(*place).label("place"),
        )
        found = self._windowed(
            each, pick.origin, row, question.window, question.where, link=None, above=None
        ).subquery(f"r{next(self._numbers)}")
        together = func.array_agg(found.c.text), func.json_agg(found.c.place)
        return select(*wanted, together[0].label("rows"), together[1].label("places"))

    def _alias(self, origin: Origin) -> FromClause:
        return origin.table.alias(f"t{next(self._numbers)}")

    def _columns(
        self, entries: Iterable[Entry], origin: Origin, row: FromClause
    ) -> list[ColumnElement[Any]]:
        return [self._entry(entry, origin, row).label(entry.label) for entry in entries]

    def _entry(self, entry: Entry, origin: Origin, row: FromClause) -> ColumnElement[Any]:
        match entry:
            case Leaf(fact=fact, narrow=True):
                return cast(origin.fact(fact, row), Integer)
            case Leaf(fact=fact):
                return origin.fact(fact, row)
            case GlobalId(fact=fact, kind=kind):
                return _global_id(kind, origin.fact(fact, row))
            case Word(word=None):
                return null()
            case Word(word=word):
                return literal_column(f"'{word}'::text")
            case One():
                return self._one(entry, row)
            case Many():
                return self._list(entry.pick, entry.window, entry.where, link=entry.link, row=row)
            case Number():
                return self._count(entry.origin, entry.where, link=entry.link, row=row)
            case Part(entries=entries):
                return self._object(entries, origin, row)
        raise TypeError(f"{entry} has no yardstick.")

    def _object(
        self, entries: Iterable[Entry], origin: Origin, row: FromClause
    ) -> ColumnElement[Any]:
        """Return an object of entries of this very row."""
        inner = select(*self._columns(entries, origin, row)).correlate(row)
        named = inner.subquery(f"r{next(self._numbers)}")
        return select(func.row_to_json(named.table_valued())).scalar_subquery()

    def _one(self, one: One, row: FromClause) -> ColumnElement[Any]:
        other = self._alias(one.pick.origin)
        inner = (
            select(*self._columns(one.pick.entries, one.pick.origin, other))
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
        each = select(*self._columns(pick.entries, pick.origin, other))
        inner = self._windowed(each, pick.origin, other, window, where, link=link, above=row)
        found = inner.subquery(f"r{next(self._numbers)}")
        return select(func.coalesce(func.json_agg(found.table_valued()), EMPTY)).scalar_subquery()

    def _windowed(
        self,
        each: Select[Any],
        origin: Origin,
        row: FromClause,
        window: Window,
        where: Condition | None,
        *,
        link: Link | None,
        above: FromClause | None,
    ) -> Select[Any]:
        """Keep the rows of a window, in its order."""
        page = page_of(origin, window, where) if link is None else None
        only = where if page is None else None
        each = self._narrowed(each, origin, row, only, link=link, row=above)
        if page is not None:
            each = each.where(origin.fact("id", row) == page)
        for edge, later in ((window.after, True), (window.before, False)):
            if edge is not None:
                each = each.where(_beyond(origin, row, window.order, edge, later=later))
        if window.distinct:
            each = each.ext(distinct_on(*(origin.fact(name, row) for name in window.distinct)))
        size: ColumnElement[int] = literal_column(str(window.limit))
        return each.order_by(*_ordered(origin, row, window)).limit(size)

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


def _global_id(kind: str, id_: ColumnElement[Any]) -> ColumnElement[Any]:
    # Letters, digits, ":" and "-" give neither "+" nor "/" in base64, and this is too short for
    # PostgreSQL to break the line. Whole groups of three letters are the same for every row.
    prefix = f"{kind}:"
    whole = len(prefix) // 3 * 3
    head = b64encode(prefix[:whole].encode()).decode()
    rest = prefix[whole:]
    text: ColumnElement[Any] = cast(id_, Text)
    if rest:
        text = literal_column(f"'{rest}'::text").concat(text)
    tail = func.encode(func.convert_to(text, literal_column("'UTF8'")), literal_column("'base64'"))
    if (len(rest) + UUID_LETTERS) % 3:
        tail = func.rtrim(tail, literal_column("'='"))
    return literal_column(f"'{head}'::text").concat(tail)


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
        case "search":
            return fact == found_by(test.origin.table.name, test.parameter)
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
    return not origin.certain(name)


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
    if len(order) == 1:
        return beyond[0]
    return and_(*_entry(origin, row, order[0], edge.parameters[0], later=later), or_(*beyond))


def _entry(
    origin: Origin, row: FromClause, first: str, parameter: str | None, *, later: bool
) -> Iterator[ColumnElement[bool]]:
    """Say of the first fact alone what follows anyway: there PostgreSQL enters the index."""
    name, descending = _split(first)
    if parameter is None or _nullable(origin, name):
        return
    place = bindparam(parameter, type_=origin.kind(name))
    fact = origin.fact(name, row)
    yield fact <= place if descending is later else fact >= place
