"""What is wanted of rows, objects and connections: plans, without a statement yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schema.base.fields import Computed, Embedded, Listed, Paged, Source, ToOne
from schema.base.paging import PageArguments
from schema.base.selection import Plan
from schema.compiled.running import Complete


@dataclass(frozen=True, slots=True)
class Value:
    """A fact that PostgreSQL writes. `names` maps stored words to those of the API."""

    key: str
    fact: str
    required: bool
    large: bool = False
    names: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Id:
    """The global id."""

    key: str
    fact: str
    kind: str


@dataclass(frozen=True, slots=True)
class Typename:
    """The name of the type."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Made:
    """Made in Python of facts, with `inner` the plan of the rows they name."""

    key: str
    spec: Computed | Embedded
    complete: Complete
    inner: Plan | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text of an element."""

    key: str
    name: str
    required: bool


@dataclass(frozen=True, slots=True)
class Named:
    """The rows an element names by their ids."""

    key: str
    name: str
    inner: "ObjectPlan"


@dataclass(frozen=True, slots=True)
class Several:
    """The elements of a JSON list, as objects."""

    key: str
    fact: str
    parts: tuple[Text | Named | Typename, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class Related:
    """A related row."""

    key: str
    spec: ToOne
    inner: "ObjectPlan"
    required: bool


@dataclass(frozen=True, slots=True)
class Short:
    """A short list of related rows, all of them."""

    key: str
    spec: Listed
    inner: "ObjectPlan"


@dataclass(frozen=True, slots=True)
class Page:
    """A list of related rows by pages; `slot` numbers it among all of the operation's root."""

    key: str
    spec: Paged
    slot: int
    order: tuple[str, ...]
    connection: "ConnectionPlan"
    required: bool


Step = Value | Id | Typename | Made | Several | Related | Short | Page


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """What is wanted of the rows of one type, in the order of the answer."""

    source: Source
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class EdgePart:
    """What is wanted of an edge: by key, the cursor, the name of the type, or rows of an item."""

    key: str
    name: str
    item: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectionPart:
    """What is wanted of a connection, by key and name; `item` numbers what is wanted of rows."""

    key: str
    name: str
    item: int | None = None
    inner: tuple[EdgePart, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """What is wanted of a connection; `typename` is its type's, `edge` that of its edges."""

    source: Source
    parts: tuple[ConnectionPart, ...]
    items: tuple[ObjectPlan, ...]
    typename: str
    edge: str

    @property
    def counted(self) -> bool:
        """Say whether the number of all rows is wanted."""
        return any(part.name == "totalCount" for part in self.parts)

    @property
    def listed(self) -> bool:
        """Say whether any row is wanted, or what lies around the rows."""
        return any(part.name in {"nodes", "edges", "pageInfo"} for part in self.parts)

    @property
    def placed(self) -> bool:
        """Say whether the places of rows in their order are wanted."""
        return any(
            part.name == "pageInfo" or any(inner.name == "cursor" for inner in part.inner)
            for part in self.parts
        )


Pages = Callable[[Mapping[str, Any]], PageArguments]


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """A list inside objects: what reads its page, and the words that tell its cursors apart."""

    read: Pages
    source: Source
    order: tuple[str, ...]
    words: tuple[str, ...]
