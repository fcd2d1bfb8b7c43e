"""How a GraphQL type says, once, where its data lives: one line per field.

A type is bound to its table by `@reads`; each field says which column, expression, relation or
computation it is. What is said here decides both the SQL and how its answer becomes objects.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import strawberry

from hub.kernel.caller import Caller, Permission
from hub.kernel.model import Base
from hub.kernel.reading import Reader
from hub.kernel.shapes import Expression, Link, Origin
from schema.base.paging import After, Before, First, Last, PageArguments

KEY = "reads"

#: Among a root field's metadata: its resolver looks at nothing but its arguments and what it reads.
LASTING = "lasting"

#: A plain list inside an object is short by nature; this is where it ends all the same.
LIST_MAX = 100

#: So many rows a row can name by their ids: 50 parts with 20 pictures each.
NAMED_MAX = 1_000

Facts = Mapping[str, Any]
Kind = TypeVar("Kind")


class ReadContext(Protocol):
    """What reading needs of a request's context."""

    @property
    def caller(self) -> Caller:
        """Who asks; raises Unauthenticated when nobody in particular does."""

    @property
    def reader(self) -> Reader:
        """What runs the statements."""

    @property
    def page_max(self) -> int:
        """Most items of one page."""

    @property
    def public_url(self) -> str:
        """How the outside reaches the API, without a slash at the end."""

    @property
    def short_base(self) -> str:
        """What short addresses begin with, without a slash at the end."""

    def asset_url(self, storage_key: str, /) -> str:
        """Return a signed address of something in storage."""

    def file_url(self, path: str, /, *, until: datetime) -> str:
        """Return a signed address of a file of the caller's workspace, good until then."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks, and what time it is for the hub: what a computed field may look at."""

    context: ReadContext
    now: datetime


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A GraphQL type, the rows behind it, and the permission to read them (None: any caller)."""

    name: str
    python: type
    origin: Origin
    permission: Permission | None


#: Every type that has an id, by its name in GraphQL.
SOURCES: dict[str, Source] = {}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A fact as it is."""

    fact: str | None


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The global id, made of a fact that holds an id and the type's name."""

    fact: str = "id"


@dataclass(frozen=True, kw_only=True)
class Computed:
    """Made in Python of some facts, once per row, when it is asked for.

    What is `lasting` looks at the facts alone, not at who asks, nor at the clock.
    """

    needs: tuple[str, ...]
    make: Callable[[Facts, Asking], Any]
    lasting: bool = False


@dataclass(frozen=True, kw_only=True)
class Later(Computed):
    """Answered by a resolver with arguments, which finds the facts of the row under its name.

    Such a resolver asks for all rows of an answer at once; see `schema.base.batches`.
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class JsonList:
    """A JSON list that is a list of plain objects: by their fields, the names inside elements.

    `texts` are texts as they stand there, `rows` lists of ids.
    """

    fact: str
    texts: Mapping[str, str]
    rows: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """Made in Python of facts that name other rows by id; those come in the same statement.

    `make` gets the rows found by their id. With a `listing` the database can write the same.
    """

    needs: tuple[str, ...]
    target: str
    link: Link
    make: Callable[[Facts, Asking, Mapping[str, Any]], Any]
    lasting: bool = False
    listing: JsonList | None = None


@dataclass(frozen=True, kw_only=True)
class ToOne:
    """A related row, or null."""

    link: Link


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A short list of related rows, all of them."""

    link: Link
    order: tuple[str, ...]
    distinct: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Paged:
    """A list of related rows that is read by pages; `equal` maps arguments to facts."""

    link: Link
    order: tuple[str, ...]


Spec = Column | Identity | Computed | Embedded | ToOne | Listed | Paged


def reads(
    model: type[Base],
    *,
    permission: Permission | None,
    facts: Mapping[str, Expression] | None = None,
    only: Expression | None = None,
) -> Callable[[type[Kind]], type[Kind]]:
    """Bind a GraphQL type to a table, with named SQL expressions and the rows that count."""

    def bind(kind: type[Kind]) -> type[Kind]:
        name = kind.__strawberry_definition__.name  # type: ignore[attr-defined]  # set by strawberry
        table: Any = model.__table__
        SOURCES[name] = Source(
            name=name,
            python=kind,
            origin=Origin(table=table, facts=facts or {}, only=only),
            permission=permission,
        )
        return kind

    return bind


def _described(spec: Spec, description: str, **more: Any) -> Any:
    return strawberry.field(description=description, metadata={KEY: spec}, **more)


def column(description: str, *, fact: str | None = None) -> Any:
    """Read a column or a named expression; by default the one of the field's own name."""
    return _described(Column(fact=fact), description)


def identity(description: str, *, fact: str = "id") -> Any:
    """Read the global id."""
    return _described(Identity(fact=fact), description)


def computed(
    description: str,
    *,
    needs: tuple[str, ...],
    make: Callable[[Facts, Asking], Any],
    lasting: bool = False,
    deprecated: str | None = None,
) -> Any:
    """Compute a field of facts; say whether it looks at nothing else, and what to read instead."""
    spec = Computed(needs=needs, make=make, lasting=lasting)
    return _described(spec, description, deprecation_reason=deprecated)


def later(
    description: str, *, needs: tuple[str, ...], resolver: Callable[..., Any], **more: Any
) -> Any:
    """Answer a field by a resolver of its own, once the row has been read: see `facts_for`."""
    spec = Later(needs=needs, make=lambda facts, _asking: {name: facts[name] for name in needs})
    return _described(spec, description, resolver=resolver, **more)


def facts_for(row: Any, info: strawberry.Info) -> Facts:
    """Return the facts that a field made with `later` needs, within its resolver."""
    found: Facts = row.__dict__[info.python_name]
    return found


def embedded(
    description: str,
    *,
    needs: tuple[str, ...],
    target: str,
    link: Link,
    make: Callable[[Facts, Asking, Mapping[str, Any]], Any],
    lasting: bool = False,
    listing: JsonList | None = None,
) -> Any:
    """Compute a field of facts that name rows of the type `target`; else as `computed`."""
    spec = Embedded(
        needs=needs, target=target, link=link, make=make, lasting=lasting, listing=listing
    )
    return _described(spec, description)


def to_one(description: str, link: Link) -> Any:
    """Read a related row."""
    return _described(ToOne(link=link), description)


def listed(
    description: str,
    link: Link,
    *,
    order: tuple[str, ...] = ("id",),
    distinct: tuple[str, ...] = (),
) -> Any:
    """Read a short list of related rows; `distinct` keeps the first of each value."""
    return _described(Listed(link=link, order=order, distinct=distinct), description)


def paged(description: str, link: Link, *, order: tuple[str, ...] = ("-id",)) -> Any:
    """Read a list of related rows by pages."""
    return _described(Paged(link=link, order=order), description, resolver=_page_of)


def _page_of(
    self: Any,
    info: strawberry.Info,
    first: First = strawberry.UNSET,
    after: After = strawberry.UNSET,
    last: Last = strawberry.UNSET,
    before: Before = strawberry.UNSET,
) -> Any:
    # The row holds one page per set of arguments it was asked with, whatever their aliases.
    found = self.__dict__[info.python_name]
    if isinstance(found, Exception):
        return found
    return found[PageArguments.of(first=first, after=after, last=last, before=before)]
