"""SQL of facts, links, tests and orders: compiled once by SQLAlchemy, then only filled in.

What is compiled is a whole SELECT from tables under names that nothing else bears; the wanted part
is cut out between two words that nothing else says. What is left open is the row (and the row it
is linked to), the values, and nothing else.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
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
    or_,
    select,
)
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from hub.kernel.searching import found_by, page_of
from hub.kernel.shapes import Edge, Link, Origin, Test, Window

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves dialects untyped

UUID_LETTERS = 36

_HERE = "hub_this_row"
_THERE = "hub_other_row"
_BEGIN = "hub_begins_here"
_END = "hub_ends_here"
_VALUE = "hub_value_"

#: Quoted text and quoted names are left alone; what may stand outside of them is filled in.
_TOKEN = re.compile(
    rf"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(?P<number>\d+)|\b(?P<row>{_HERE}|{_THERE})\b|[{{}}]"
)
#: There are as many of each as the schema has facts and links; a few links are made by requests.
_KEPT = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """SQL with open places: `{0}` is the row, `{1}` the row above it, the others are parameters.

    `names` are those of the parameters, in the order of their places. What begins with a tilde is a
    value of the fragment's own, in `constants`; what is a number is a parameter of the question.
    """

    text: str
    names: tuple[str | int, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=_KEPT)
def fact(origin: Origin, name: str, *, narrow: bool = False) -> Fragment:
    """Return a fact of a row as it is selected; `narrow` numbers exceed 32 bits in no case."""
    row = _row(origin)
    found = origin.fact(name, row)
    return _selected(cast(found, Integer) if narrow else found, row)


@lru_cache(maxsize=_KEPT)
def global_id(origin: Origin, name: str, kind: str) -> Fragment:
    """Return a fact that holds an id as the id clients see: base64 of the kind and the id."""
    row = _row(origin)
    return _selected(_global_id(kind, origin.fact(name, row)), row)


@lru_cache(maxsize=_KEPT)
def table(origin: Origin) -> str:
    """Return the name of a table as it stands in SQL."""
    return _DIALECT.identifier_preparer.format_table(origin.table)


@lru_cache(maxsize=_KEPT)
def counted(origin: Origin) -> Fragment:
    """Return the predicate of the rows of a table that count at all."""
    row = _row(origin)
    return _required(origin.rows(row), row)


@lru_cache(maxsize=_KEPT)
def linked(link: Link, above: Origin, origin: Origin) -> Fragment:
    """Return the predicate that a row belongs to the one above it."""
    row, over = _row(origin), above.table.alias(_THERE)
    inner: Select[Any] = select(literal_column("1")).select_from(row)
    inner = inner.where(literal_column(_BEGIN), link.on(over, row), literal_column(_END))
    return _cut(select(inner.correlate(over).scalar_subquery()).select_from(over), _AND)


@lru_cache(maxsize=_KEPT)
def tested(origin: Origin, other: Origin, name: str, how: str, via: Link | None) -> Fragment:
    """Return a condition on rows of a table, by a fact of theirs or of rows found by a link.

    Its only parameter is number 0.
    """
    row = _row(origin)
    return _required(_test(Test(fact=name, how=how, parameter="", origin=other, via=via), row), row)


@lru_cache(maxsize=_KEPT)
def ordered(origin: Origin, name: str, *, backwards: bool) -> Fragment:
    """Return a step of an order, `-name` for a descending one; nulls are last in any case."""
    row = _row(origin)
    plain, descending = _split(name)
    found = origin.fact(plain, row)
    step: Any = found.asc() if descending is backwards else found.desc()
    # Said only where nulls can be: a plain order is one an index can give.
    if not origin.certain(plain):
        step = step.nulls_first() if backwards else step.nulls_last()
    chosen: Select[Any] = select(literal_column("1")).select_from(row)
    return _cut(chosen.order_by(literal_column(_BEGIN), step, literal_column(_END)), _COMMA)


@lru_cache(maxsize=_KEPT)
def beyond(
    origin: Origin, order: tuple[str, ...], nulls: tuple[bool, ...], *, later: bool
) -> Fragment:
    """Return the predicate of the rows strictly after (or before) a place in the order.

    `nulls` says where the place's values are null; the others are parameters by their number.
    """
    row = _row(origin)
    return _required(_beyond(origin, row, order, nulls, later=later), row)


@lru_cache(maxsize=_KEPT)
def searched(origin: Origin, window: Window, test: Test) -> Fragment | None:
    """Return the predicate of a page of what is searched for, where there is one; see `page_of`.

    Its parameters are the terms, and the places the page begins behind and ends before.
    """
    row = _row(origin)
    place = replace(window, after=_end(window.after, 1), before=_end(window.before, 2))
    page = page_of(origin, place, replace(test, parameter=f"{_VALUE}0"))
    return None if page is None else _required(origin.fact("id", row) == page, row)


def _end(edge: Edge | None, number: int) -> Edge | None:
    if edge is None or edge.parameters[0] is None:
        return edge
    return Edge(parameters=(f"{_VALUE}{number}",))


_AND = (f"{_BEGIN} AND ", f" AND {_END}")
_COMMA = (f"{_BEGIN}, ", f", {_END}")


def _row(origin: Origin) -> FromClause:
    return origin.table.alias(_HERE)


def _selected(wanted: ColumnElement[Any], row: FromClause) -> Fragment:
    return _cut(select(wanted.label(_END)).select_from(row), ("SELECT ", f" AS {_END}"))


def _required(wanted: ColumnElement[bool], row: FromClause) -> Fragment:
    chosen: Select[Any] = select(literal_column("1")).select_from(row)
    return _cut(chosen.where(literal_column(_BEGIN), wanted, literal_column(_END)), _AND)


def _cut(chosen: Select[Any], ends: tuple[str, str]) -> Fragment:
    built = chosen.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    begin, end = ends
    before, found, rest = built.string.partition(begin)
    text, ended, _ = rest.partition(end)
    if not found or not ended or (begin == "SELECT " and before):
        raise ValueError(f"No fragment can be cut out of: {built.string}")
    asked = {name for name, bound in built.binds.items() if bound.required}
    return _open(text, tuple(built.positiontup or ()), asked, built.params)


def _open(
    text: str, positions: tuple[str, ...], asked: set[str], values: Mapping[str, Any]
) -> Fragment:
    """Put open places where the text names rows and parameters."""
    names: list[str | int] = []
    constants: dict[str, Any] = {}

    def place(found: re.Match[str]) -> str:
        row, number = found["row"], found["number"]
        if row is not None:
            return "{0}" if row == _HERE else "{1}"
        if number is None:
            return found[0].replace("{", "{{").replace("}", "}}")
        name = positions[int(number) - 1]
        known: str | int = name
        if name.startswith(_VALUE):
            known = int(name.removeprefix(_VALUE))
        elif name not in asked:
            known = f"~{name}"
            constants[known] = values[name]
        if known not in names:
            names.append(known)
        return f"{{{names.index(known) + 2}}}"

    opened = _TOKEN.sub(place, text)
    return Fragment(opened, tuple(names), constants)


def _value(number: int, kind: Any) -> ColumnElement[Any]:
    return bindparam(f"{_VALUE}{number}", type_=kind)


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
            return fact == func.any(_value(0, ARRAY(kind)))
        case "from":
            return fact >= _value(0, kind)
        case "greater":
            return fact > _value(0, kind)
        case "before":
            return fact < _value(0, kind)
        case "has":
            return fact.op("?", is_comparison=True)(_value(0, Text()))
        case "contains":
            return fact.ilike(_value(0, Text()), escape="\\")
        case "search":
            return fact == found_by(test.origin.table.name, f"{_VALUE}0")
        case _:
            return fact == _value(0, kind)


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


def _split(name: str) -> tuple[str, bool]:
    return name.removeprefix("-"), name.startswith("-")


def _beyond(
    origin: Origin,
    row: FromClause,
    order: tuple[str, ...],
    nulls: tuple[bool, ...],
    *,
    later: bool,
) -> ColumnElement[bool]:
    reached: list[ColumnElement[bool]] = []
    steps: list[ColumnElement[bool]] = []
    for number, (name, null) in enumerate(zip(order, nulls, strict=True)):
        plain, descending = _split(name)
        fact = origin.fact(plain, row)
        if null:
            # Nulls are last: nothing but other nulls follows, and everything else is before.
            step: ColumnElement[bool] = false() if later else fact.is_not(None)
            same: ColumnElement[bool] = fact.is_(None)
        else:
            place = _value(number, origin.kind(plain))
            step = fact < place if descending is later else fact > place
            if later and not origin.certain(plain):
                step = or_(step, fact.is_(None))
            same = fact == place
        steps.append(and_(*reached, step))
        reached.append(same)
    if len(order) == 1:
        return steps[0]
    plain, descending = _split(order[0])
    if nulls[0] or not origin.certain(plain):
        return or_(*steps)
    # Said of the first fact alone, what follows anyway: there PostgreSQL enters the index.
    place = _value(0, origin.kind(plain))
    fact = origin.fact(plain, row)
    entry = fact <= place if descending is later else fact >= place
    return and_(entry, or_(*steps))
