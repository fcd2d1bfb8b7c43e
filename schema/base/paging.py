"""Connections by keyset: pages that stay stable while rows are added, and cursors of one list."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, Generic, Self, TypeVar
from uuid import UUID

import orjson
import strawberry
from strawberry import UNSET

from hub.kernel.errors import Invalid

PAGE_DEFAULT = 20

NodeType = TypeVar("NodeType")

First = Annotated[
    int | None,
    strawberry.argument(
        description="How many from the start; 20 unless said; the limit is 100 by default."
    ),
]
After = Annotated[
    str | None, strawberry.argument(description="Begin after the item of this cursor.")
]
Last = Annotated[
    int | None, strawberry.argument(description="How many from the end, instead of `first`.")
]
Before = Annotated[
    str | None, strawberry.argument(description="End before the item of this cursor.")
]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(
        description="Whether items follow. Reading backwards: whether `before` was given."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether items come before. Reading forwards: whether `after` was given."
    )
    start_cursor: str | None = strawberry.field(description="Cursor of the first item here.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last item here.")


@strawberry.type(description="An item of a list and its place there.")
class Edge(Generic[NodeType]):
    cursor: str = strawberry.field(description="The place, for `after` and `before`.")
    node: NodeType = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeType]):
    edges: list[Edge[NodeType]] = strawberry.field(description="The items with their cursors.")
    nodes: list[NodeType] = strawberry.field(description="The items alone.")
    page_info: PageInfo = strawberry.field(description="Where this page lies.")
    total_count: int = strawberry.field(
        description="How many items the whole list has; counted only when it is asked for."
    )


@dataclass(frozen=True, kw_only=True)
class PageArguments:
    """The four arguments of a connection, as they were given."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @classmethod
    def of(cls, **given: Any) -> Self:
        """Return the arguments of a resolver: what was not given is null."""
        return cls(**{name: value for name, value in given.items() if value is not UNSET})

    @property
    def backwards(self) -> bool:
        """Say whether the page is counted from the end."""
        return self.last is not None

    def size(self, most: int) -> int:
        """Return how many items are wanted; Invalid names the argument at fault."""
        if self.first is not None and self.last is not None:
            raise Invalid("Ask for `first` or for `last`, not for both.", path=("last",))
        name, size = ("last", self.last) if self.last is not None else ("first", self.first)
        if size is None:
            return min(PAGE_DEFAULT, most)
        if not 0 <= size <= most:
            raise Invalid(f"`{name}` must be between 0 and {most}.", path=(name,))
        return size


@lru_cache(maxsize=1024)
def stable(order: tuple[str, ...]) -> tuple[str, ...]:
    """Return an order in which no two rows are equal: the id decides last.

    Names after a repeated one or after the id cannot change anything and are dropped.
    """
    kept: dict[str, str] = {}
    for name in order:
        kept.setdefault(name.removeprefix("-"), name)
        if "id" in kept:
            return tuple(kept.values())
    last = next(reversed(kept.values()), "")
    return (*kept.values(), "-id" if last.startswith("-") else "id")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A row's place in one list: the values it is ordered by, and the row the list belongs to."""

    values: tuple[Any, ...]
    parent: str | None = None


def list_identity(*words: Any) -> bytes:
    """Return what tells one list from every other: workspace, type, filter, order."""
    return hashlib.blake2b(orjson.dumps(words, default=str), digest_size=12).digest()


def write_cursor(identity: bytes, place: Place) -> str:
    """Return the cursor of a place in the list of that identity."""
    body = orjson.dumps([place.parent, *place.values])
    return base64.urlsafe_b64encode(_check(identity, body) + body).decode().rstrip("=")


def read_cursor(identity: bytes, cursor: str, *, argument: str) -> Place:
    """Return the place a cursor of this list names; Invalid when it is of another or damaged."""
    raw = _unpacked(cursor)
    if raw is None or _check(identity, raw[9:]) != raw[:9]:
        raise wrong_cursor(argument)
    # Whoever knows the list can make one up: then there may be anything inside.
    try:
        parent, *values = orjson.loads(raw[9:])
    except (ValueError, TypeError):
        raise wrong_cursor(argument) from None
    return Place(values=tuple(values), parent=parent)


def wrong_cursor(argument: str) -> Invalid:
    """Return the refusal of a cursor that is not of this list."""
    return Invalid(
        "This cursor does not belong to this list. Cursors work only with the type, filter and "
        "order they came from.",
        path=(argument,),
    )


_READERS: Mapping[type, Any] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    UUID: UUID,
}


def reader_of(kind: type) -> Any:
    """Return what turns a value of a row's JSON into one of that Python type; None: it is one."""
    return _READERS.get(kind)


def _check(identity: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=9, key=identity).digest()


def _unpacked(cursor: str) -> bytes | None:
    try:
        return base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, ValueError):
        return None
