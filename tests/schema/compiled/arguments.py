"""What arguments are given: ids that are right, foreign or broken, words that occur, cursors."""

import base64
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)

from hub.kernel.ids import global_id
from tests.schema.compiled.data import Workspaceful
from tests.schema.compiled.values import TEXTS

_KIND_OF = {
    "submittedByIn": "Member",
    "assigneeIn": "Member",
    "messageId": "Message",
    "threadId": "Thread",
    "subjectIn": "*",
    "brandId": "Brand",
    "channel": "Channel",
    "channelIds": "Channel",
    "id": "*",
    "ids": "*",
}
_WORDS: Mapping[str, tuple[str, ...]] = {
    "localeIn": ("en", "fr", "fr-CA", "xx"),
    "languageIn": ("en", "fr", "de"),
    "locale": ("en", "fr-CA", "fr", "no such", "x" * 9),
    "platformIn": ("mastodon", "feed", "wordpress", "nowhere"),
    "platforms": ("mastodon", "bluesky", "feed"),
    "nameIn": ("content_item.created", "publication.published", "none"),
    "eventNameIn": ("content_item.created", "x.y"),
    "subjectTypeIn": ("ContentItem", "Publication", "Nothing"),
    "tag": ("news", "été", 'a "tag"', "none"),
    "slugIn": ("brand-0", "brand-1", "none"),
    "timeZone": ("Europe/Paris", "UTC", "America/St_Johns", "Nowhere/Else"),
    "titleContains": ("item", "%", "_", "\\", '"', "Spring", "ITEM 1", "é"),
}
_TIMES = (
    "2026-03-01T12:00:00Z",
    "2026-03-01T13:00:00.12+01:00",
    "1999-12-31T23:59:59Z",
    "2030-01-01T00:00:00Z",
    "2026-03-01T12:00:00.123456Z",
)
_BAD_TIMES = ("2026-03-01", "2026-02-30T12:00:00Z", "yesterday")
_DAYS = ("2026-02-27", "2026-03-01", "2026-03-02", "2026-03-10")
_BROKEN_IDS = ("", "x", "Q29udGVudEl0ZW06", "!!", "QnJhbmQ6MTIz", "Ünicode")
_NOBODY = UUID(int=7)


#: The default of a variable that has none; null is one.
NOTHING = object()


@dataclass(frozen=True)
class Variable:
    """Stands for a variable inside a value that is written into a document."""

    name: str


@dataclass(frozen=True)
class Name:
    """An enum value, which is written without quotes in a document."""

    text: str


@dataclass(kw_only=True)
class Pool:
    """What one caller got back: cursors by the list they are of, and what was refused at the root.

    A list is known by its field and what it was asked with.
    """

    limit: int = 40
    refused: set[str] = field(default_factory=set)
    by_list: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, key: tuple[str, str], cursor: str) -> None:
        """Keep a cursor; the oldest ones of a list are forgotten."""
        kept = self.by_list[key]
        kept.append(cursor)
        del kept[: -self.limit]
        if len(self.by_list) > 400:
            del self.by_list[next(iter(self.by_list))]


def parent_of(cursor: str) -> UUID | None:
    """Return the row whose inner list a cursor is of; None for lists at the root."""
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    parent = orjson.loads(raw[9:])[0]
    return None if parent is None else UUID(parent)


class Arguments:
    """Draws values of input types."""

    def __init__(self, random: Random, here: Workspaceful, there: Workspaceful) -> None:
        self._random = random
        self._here = here
        self._there = there
        #: The types of the ids that were drawn, until somebody forgets them.
        self.kinds: set[str] = set()

    def value(self, kind: GraphQLInputType, name: str, *, depth: int = 0) -> Any:
        """Return a value of the type, in Python, enum values as `Name`."""
        draw = self._random.random
        if isinstance(kind, GraphQLNonNull):
            return self.value(kind.of_type, name, depth=depth)
        if depth and draw() < 0.04:
            return None
        if isinstance(kind, GraphQLList):
            if draw() < 0.03:
                return self.value(kind.of_type, name, depth=depth)  # one stands for a list of one
            count = self._random.choice((0, 1, 1, 2, 3))
            several = [self.value(kind.of_type, name, depth=depth) for _ in range(count)]
            return [one for one in several if one is not None]
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind, depth)
        if isinstance(kind, GraphQLEnumType):
            return Name(self._random.choice(list(kind.values)))
        return self._scalar(kind.name, name)

    def _object(self, kind: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        random = self._random
        needed = [name for name, known in kind.fields.items() if is_required_input_field(known)]
        deeper = {"and", "or", "not"}
        free = [
            name for name in kind.fields if name not in needed and (depth < 2 or name not in deeper)
        ]
        chosen = random.sample(free, min(len(free), random.choice((0, 1, 1, 1, 2, 3))))
        return {
            name: self.value(kind.fields[name].type, name, depth=depth + 1)
            for name in (*needed, *chosen)
        }

    def _scalar(self, kind: str, name: str) -> Any:
        random = self._random
        match kind:
            case "ID":
                return self.id(name)
            case "Int":
                return random.choice((0, 1, 2, 3, 5, 20, -1, 2**31 - 1))
            case "Boolean":
                return random.random() < 0.5
            case "Float":
                return random.choice((0.5, 1, -2.25))
            case "DateTime":
                return random.choice(_TIMES if random.random() < 0.97 else _BAD_TIMES)
            case "Date":
                return random.choice(_DAYS)
            case "JSON":
                return {"visibility": "public"}
            case _:
                return self._text(name)

    def _text(self, name: str) -> str:
        random = self._random
        if name in _WORDS and random.random() < 0.9:
            return random.choice(_WORDS[name])
        known = {
            "slug": "slug",
            "externalReference": "reference",
            "sha256In": "sha256",
            "nameContains": "title",
            "textContains": "title",
        }.get(name)
        words = self._here.words.get(known or "", [])
        return random.choice(words) if words and random.random() < 0.8 else random.choice(TEXTS)

    def id(self, name: str) -> str:
        """Return an id for an argument: most are right, some of another type or workspace."""
        random = self._random
        kind = _KIND_OF.get(name) or name.removesuffix("In")
        kind = kind[:1].upper() + kind[1:]
        if kind == "*" or kind not in self._here.ids:
            kind = random.choice(list(self._here.ids))
        match random.choices(("right", "foreign", "absent", "broken", "other"), (88, 4, 3, 3, 2))[
            0
        ]:
            case "right":
                return global_id(kind, random.choice(self._here.ids[kind]))
            case "foreign":
                return global_id(kind, random.choice(self._there.ids[kind]))
            case "absent":
                return global_id(kind, _NOBODY)
            case "broken":
                return random.choice(_BROKEN_IDS)
        return global_id("Nothing", random.choice(self._here.ids[kind]))


def written(value: Any) -> str:
    """Write a value as GraphQL does in documents."""
    match value:
        case Variable(name=name):
            return f"${name}"
        case Name(text=text):
            return text
        case dict():
            return f"{{{', '.join(f'{key}: {written(one)}' for key, one in value.items())}}}"
        case list():
            return f"[{', '.join(written(one) for one in value)}]"
        case str():
            return _quoted(value)
    return orjson.dumps(value).decode()


def inside(given: Mapping[str, Any]) -> str:
    """Write arguments without their parentheses."""
    return ", ".join(f"{name}: {written(value)}" for name, value in given.items())


def parenthesised(given: Mapping[str, Any]) -> str:
    """Write arguments; nothing where there are none."""
    return f"({inside(given)})" if given else ""


def settled(given: Mapping[str, Any], sent: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """Write arguments with the values of their variables, as they can be asked for again."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if not isinstance(value, Variable):
            found[name] = value
        elif value.name in sent:
            found[name] = sent[value.name]
        elif known[value.name][1] is not NOTHING:
            found[name] = known[value.name][1]
    return inside(found)


def plain(value: Any) -> Any:
    """Return a value as the JSON of variables has it."""
    match value:
        case Name(text=text):
            return text
        case dict():
            return {key: plain(one) for key, one in value.items()}
        case list():
            return [plain(one) for one in value]
    return value


def _quoted(text: str) -> str:
    escaped = orjson.dumps(text).decode()
    return escaped.replace("\x7f", "\\u007F")
