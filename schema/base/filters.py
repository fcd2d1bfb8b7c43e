"""Typed filters: what each condition of an input compares is said once, beside its description."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET

from hub.kernel.errors import Invalid
from hub.kernel.searching import terms_of
from hub.kernel.shapes import Condition, Group, Link, Origin, Test, columns
from schema.base.fields import SOURCES
from schema.base.node import from_global_id

_KEY = "compares"
_DEEPEST = 5
_MOST = 40


@strawberry.input(
    description="A span of time: from its first instant up to, not including, its end."
)
class TimeRange:
    from_: datetime | None = strawberry.field(
        name="from", default=UNSET, description="Not before this instant."
    )
    before: datetime | None = strawberry.field(
        default=UNSET, description="Earlier than this instant."
    )


@dataclass(frozen=True, kw_only=True)
class _Compares:
    how: str
    fact: str = ""
    kind: str | None = None
    via: "Via | None" = None


@dataclass(frozen=True, kw_only=True)
class Via:
    """The way to a related row whose fact is looked at."""

    link: Link
    origin: Origin


def through(kind: str, here: str, there: str = "id") -> Via:
    """Look at the related rows of a type whose column `there` equals the column `here`."""
    return Via(link=columns(here, there), origin=SOURCES[kind].origin)


def _condition(description: str, compares: _Compares, **more: Any) -> Any:
    return strawberry.field(
        default=UNSET, description=description, metadata={_KEY: compares}, **more
    )


def any_of(
    description: str,
    fact: str,
    *,
    ids_of: str | None = None,
    via: Via | None = None,
) -> Any:
    """Compare with a list of values; `ids_of` names the type of global ids, `*` any type.

    `via` looks at the fact of a related row.
    """
    return _condition(description, _Compares(how="in", fact=fact, kind=ids_of, via=via))


def equal(description: str, fact: str, *, via: Via | None = None) -> Any:
    """Compare with one value; `via` as in `any_of`."""
    return _condition(description, _Compares(how="equal", fact=fact, via=via))


def has(description: str, fact: str) -> Any:
    """Look for a text in a JSON list of texts."""
    return _condition(description, _Compares(how="has", fact=fact))


def greater(description: str, fact: str) -> Any:
    """Ask for more than one value."""
    return _condition(description, _Compares(how="greater", fact=fact))


def from_value(description: str, fact: str) -> Any:
    """Ask for one value or more."""
    return _condition(description, _Compares(how="from", fact=fact))


def until(description: str, fact: str) -> Any:
    """Ask for less than one value."""
    return _condition(description, _Compares(how="before", fact=fact))


def contains(description: str, fact: str, *, via: Via | None = None) -> Any:
    """Look for a text inside, letters of any case; `via` as in `any_of`."""
    return _condition(description, _Compares(how="contains", fact=fact, via=via))


def words_in(description: str, *, via: Via | None = None) -> Any:
    """Look for words in the document the database keeps of a row; `via` as in `any_of`."""
    told = (
        f"{description} Every word must be there, in any form French or English gives it, with or "
        'without accents; `"a phrase"` as it stands, `-word` must not be there, and the last word '
        "may be the beginning of one. An empty text asks for nothing."
    )
    return _condition(told, _Compares(how="search", fact="id", via=via))


def between(description: str, fact: str) -> Any:
    """Compare with a TimeRange."""
    return _condition(description, _Compares(how="between", fact=fact))


def every_of() -> Any:
    """Say that all of a list of filters hold."""
    return _condition("All of these hold.", _Compares(how="and"), name="and")


def some_of() -> Any:
    """Say that at least one of a list of filters holds."""
    return _condition("At least one of these holds.", _Compares(how="or"), name="or")


def none_of() -> Any:
    """Say that a filter does not hold."""
    return _condition("This does not hold.", _Compares(how="not"), name="not")


class Terms:
    """The values of a statement, by the names its shape gives them."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def name(self, value: Any) -> str:
        """Keep a value; return the name of its parameter. Invalid: no database can hold it."""
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                _require_storable(one)
        name = f"v{len(self.values)}"
        self.values[name] = value
        return name


class Filtering:
    """Turns filter inputs into one condition, and into the words that tell lists apart."""

    def __init__(self, origin: Origin, terms: Terms) -> None:
        self._origin = origin
        self._terms = terms
        self._count = 0
        self.words: list[Any] = []

    def condition(self, filters: Iterable[Any]) -> Condition | None:
        """Return what holds for all of the filters; Invalid and NotFound name the input."""
        parts = [
            part
            for given in filters
            if given is not None
            for part in self._parts(given, ("filter",))
        ]
        return Group(how="and", parts=tuple(parts)) if parts else None

    def _parts(self, given: Any, path: tuple[str, ...]) -> list[Condition]:
        if len(path) > _DEEPEST:
            raise Invalid(f"Filters nest {_DEEPEST - 1} levels deep at most.", path=path)
        found: list[Condition] = []
        for known in fields(given):
            value = getattr(given, known.name)
            if value is None or value is UNSET:
                continue
            compares: _Compares = known.metadata[_KEY]
            name: str = getattr(known, "graphql_name", None) or _camel(known.name)
            found.extend(self._compared(compares, value, (*path, name)))
        return found

    def _compared(
        self, compares: _Compares, value: Any, path: tuple[str, ...]
    ) -> Iterable[Condition]:
        self._count += 1
        if self._count > _MOST:
            raise Invalid(f"A filter has {_MOST} conditions at most.", path=path)
        match compares.how:
            case "and" | "or" | "not" as how:
                self.words.append(how)
                several = value if isinstance(value, list) else [value]
                inner = [self._together(one, path) for one in several]
                self.words.append(f"end {how}")
                yield Group(how=how, parts=tuple(inner))
            case "between":
                if value.from_:
                    yield self._test(compares, "from", value.from_)
                if value.before:
                    yield self._test(compares, "before", value.before)
            case "contains":
                yield self._test(compares, "contains", f"%{_literal(value)}%")
            case "search":
                terms = terms_of(value, path=path)
                if terms is not None:
                    yield self._test(compares, "search", terms)
            case "in":
                yield self._test(compares, "in", [_plain(one, compares, path) for one in value])
            case how:
                yield self._test(compares, how, value)

    def _together(self, given: Any, path: tuple[str, ...]) -> Condition:
        self.words.append("and")
        return Group(how="and", parts=tuple(self._parts(given, path)))

    def _test(self, compares: _Compares, how: str, value: Any) -> Test:
        self.words.append([compares.fact, how, value])
        return Test(
            fact=compares.fact,
            how=how,
            parameter=self._terms.name(value),
            origin=compares.via.origin if compares.via else self._origin,
            via=compares.via.link if compares.via else None,
        )


def _plain(value: Any, compares: _Compares, path: tuple[str, ...]) -> Any:
    if compares.kind is not None:
        kinds = SOURCES if compares.kind == "*" else (compares.kind,)
        return from_global_id(value, *kinds, path=path)[1]
    return getattr(value, "value", value)


def _require_storable(text: str) -> None:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Invalid("A text cannot contain NUL or half a character.")


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
