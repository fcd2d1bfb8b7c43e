"""Events as the outside hears them: ids as the API writes them, and a schema of their facts.

What is stored, and what the hash of an event covers, stays as it was recorded.
"""

import re
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import UnionType
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, create_model

from hub.kernel.events import Event
from hub.kernel.ids import global_id

#: What a fact's name does not say: `channel_id` is a Channel, `publications` are Publications.
_KINDS = {
    "actor_id": "Member",
    "assignee_id": "Member",
    "import_id": "ContentImport",
    "in_flight": "Publication",
    "item_id": "ContentItem",
    "item_ids": "ContentItem",
    "items": "ContentItem",
    "next_step_id": "ReviewStep",
    "other_id": "Person",
    "parent_id": "Remark",
    "rule_id": "ModerationRule",
    "rule_ids": "ModerationRule",
    "scheduled": "Publication",
    "step_id": "ReviewStep",
}
#: Facts that are a table of something by id.
_KEYED = {"editions": "Edition"}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What can be known of an event before it happens; `schema` is the JSON Schema of its facts."""

    name: str
    description: str
    subject_type: str
    schema: Mapping[str, Any]


def told_facts(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of an event with its ids as the API writes them.

    An event that is no longer among those there are is told as it was recorded.
    """
    ways = _ways().get(name, {})
    return {key: ways[key](value) if key in ways else value for key, value in data.items()}


@cache
def told_events() -> tuple[Told, ...]:
    """Return every event there is, by name; every area must be imported for that."""
    return tuple(
        Told(
            name=kind.name,
            description=" ".join((kind.__doc__ or "").split()),
            subject_type=kind.subject_type,
            schema=_schema(kind),
        )
        for kind in sorted(event_kinds(), key=lambda kind: kind.name)
    )


def event_kinds(base: type[Event] = Event) -> Iterator[type[Event]]:
    """Yield every event that has a name of its own; every area must be imported for that."""
    for kind in base.__subclasses__():
        if "name" in kind.__dict__:
            yield kind
        yield from event_kinds(kind)


def named_kinds(kind: type[Event]) -> dict[str, str]:
    """Return the types of what an event's facts name by id, by the facts' names."""
    hints = typing.get_type_hints(kind)
    own = [known.name for known in fields(kind) if known.name != "subject_id"]
    named = {name: _kind(name) for name in own if _holds_id(hints[name])}
    return {**named, **{name: _KEYED[name] for name in own if name in _KEYED}}


def _ways() -> Mapping[str, Mapping[str, Callable[[Any], Any]]]:
    # Events are declared when their areas are imported; whoever asks has imported them.
    return _made_ways(sum(1 for _ in event_kinds()))


@cache
def _made_ways(_count: int) -> Mapping[str, Mapping[str, Callable[[Any], Any]]]:
    return {
        kind.name: {
            name: _way(named, by_key=name in _KEYED) for name, named in named_kinds(kind).items()
        }
        for kind in event_kinds()
    }


def _way(kind: str, *, by_key: bool) -> Callable[[Any], Any]:
    def one(value: Any) -> Any:
        return global_id(kind, value) if isinstance(value, str) else value

    def tell(value: Any) -> Any:
        if isinstance(value, list):
            return [one(each) for each in value]
        if by_key and isinstance(value, dict):
            return {one(key): each for key, each in value.items()}
        return one(value)

    return tell


def _kind(name: str) -> str:
    """Return the type a fact's name speaks of."""
    if name in _KINDS:
        return _KINDS[name]
    words = re.sub(r"(_ids?|s)$", "", name).split("_")
    return "".join(word.capitalize() for word in words)


def _holds_id(hint: Any) -> bool:
    return hint is UUID or any(_holds_id(part) for part in typing.get_args(hint))


def _schema(kind: type[Event]) -> Mapping[str, Any]:
    hints = typing.get_type_hints(kind)
    named = named_kinds(kind)
    own: dict[str, Any] = {
        known.name: (_public(hints[known.name], named.get(known.name, "")), ...)
        for known in fields(kind)
        if known.name != "subject_id"
    }
    model = create_model(kind.__name__, __config__=ConfigDict(extra="forbid"), **own)
    return model.model_json_schema(mode="serialization")


def _public(hint: Any, kind: str) -> Any:
    """Return a type with the ids in it as the API writes them."""
    if hint is UUID:
        return Annotated[str, Field(description=f"The id of a {kind}.")]
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if not parts or not _holds_id(hint):
        return hint
    inner = tuple(part if part is Ellipsis else _public(part, kind) for part in parts)
    if origin is UnionType:
        return typing.Union[inner]  # noqa: UP007 - made of what is only known now
    return origin[inner]
