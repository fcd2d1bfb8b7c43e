"""Facts: what happened, recorded in the transaction that made it true."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of every event. A subclass is named in the past tense and gives its public `name`.

    `subject` is the id of what it is about; everything else in the dataclass becomes `data`.
    """

    name: ClassVar[str]
    subject_type: ClassVar[str]

    subject_id: UUID

    def data(self) -> dict[str, Any]:
        """Return the event's own facts as plain JSON."""
        return {
            known.name: _plain(getattr(self, known.name))
            for known in fields(self)
            if known.name != "subject_id"
        }


def names() -> frozenset[str]:
    """Return the public names of all events there are; every area must be imported for that."""
    return frozenset(_names(Event))


def is_named(patterns: Iterable[str], *, name: str) -> bool:
    """Say whether one of the patterns (a name, a kind as in "publication.*", "*") fits a name."""
    return any(_fits(pattern, name) for pattern in patterns)


def _fits(pattern: str, name: str) -> bool:
    if pattern == "*":
        return True
    if pattern.endswith(".*"):
        return name.startswith(pattern[:-1])
    return pattern == name


def _names(base: type[Event]) -> Iterator[str]:
    for kind in base.__subclasses__():
        # A dataclass with slots would be listed twice, a base of several has no name of its own.
        if "name" in kind.__dict__:
            yield kind.name
        yield from _names(kind)


def _plain(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case StrEnum():
            return value.value
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _plain(asdict(value))
        case _:
            return value
