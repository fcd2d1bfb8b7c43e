"""What the parts of a compiled operation share while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError

from schema.base.fields import Asking
from schema.base.paging import PageArguments

Row = dict[str, Any]
Patch = Callable[[Row, "Run"], None]
Complete = Callable[[Any, "Run"], Any]
#: The tables of each read of an answer; None for one that depends on who asks, or on the clock.
Looked = list[frozenset[str] | None]


class Declined(Exception):
    """The compiler has no answer of its own to this document; the reference answers it.

    `reason` is one of a few words, for metrics.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer that is complete: what orjson writes for it is what the client gets."""

    json: Any


@dataclass(slots=True)
class Slot:
    """A list inside objects as it is asked for now: its page, and what its cursors belong to."""

    page: PageArguments
    identity: bytes


@dataclass(slots=True)
class Run:
    """One run of a compiled statement: who asks, the hub's time, the pages asked for.

    With `errors` what fails becomes an error at its place, as it must where nothing may be run
    again; without it fails as a whole.
    """

    asking: Asking
    slots: list[Slot] = field(default_factory=list)
    errors: list[GraphQLError] | None = None
    path: list[str | int] = field(default_factory=list)
