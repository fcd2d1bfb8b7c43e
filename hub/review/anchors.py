"""Where a remark stands in a text, and where it stands after the text has changed: pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.kernel.errors import Invalid

_PART = re.compile(r"parts\.(0|[1-9]\d{0,2})\.text")
_PLAIN = ("title", "summary", "link")

#: The words of a revision: its title, summary, link and parts.
Words = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A field, or a span of it in code points, end exclusive; outdated where it is gone."""

    field: str
    start: int | None = None
    end: int | None = None
    quote: str = ""
    outdated: bool = False


def anchored(
    words: Words, *, field: str | None, start: int | None, end: int | None, path: tuple[str, ...]
) -> Anchor | None:
    """Return where a new remark stands; raise Invalid for a place that the words do not have."""
    if field is None:
        if start is not None or end is not None:
            raise Invalid("A span needs the field it is in.", path=(*path, "field"))
        return None
    text = text_of(words, field)
    if text is None:
        raise Invalid(
            "This revision has no such field. Fields are title, summary, link and parts.0.text, "
            "counted from 0.",
            path=(*path, "field"),
        )
    if start is None or end is None:
        if start is not end:
            raise Invalid("A span has a start and an end.", path=(*path, "start"))
        return Anchor(field=field)
    if not 0 <= start < end <= len(text):
        raise Invalid(
            f"The span must lie within the {len(text)} characters of the field.",
            path=(*path, "start"),
        )
    return Anchor(field=field, start=start, end=end, quote=text[start:end])


def found_again(anchor: Anchor, words: Words) -> Anchor:
    """Return where an anchor is in other words: what it quotes, as near as can be to its place.

    What is not in its field any more is looked for in the others, where it must be there once.
    """
    text = text_of(words, anchor.field)
    if anchor.start is None:
        return Anchor(field=anchor.field, outdated=text is None)
    place = anchor.start
    starts = list(_occurrences(anchor.quote, text or ""))
    if starts:
        return _at(anchor, anchor.field, min(starts, key=lambda start: abs(start - place)))
    elsewhere = [
        (field, start)
        for field in _fields(words)
        if field != anchor.field
        for start in _occurrences(anchor.quote, text_of(words, field) or "")
    ]
    if len(elsewhere) == 1:
        return _at(anchor, *elsewhere[0])
    return Anchor(
        field=anchor.field, start=place, end=anchor.end, quote=anchor.quote, outdated=True
    )


def text_of(words: Words, field: str) -> str | None:
    """Return the text of a field; None where there is no such field."""
    if field in _PLAIN:
        return str(words[field])
    part = _PART.fullmatch(field)
    parts = words["parts"]
    if part is None or int(part[1]) >= len(parts):
        return None
    return str(parts[int(part[1])]["text"])


def _fields(words: Words) -> Iterator[str]:
    yield from _PLAIN
    yield from (f"parts.{number}.text" for number in range(len(words["parts"])))


def _occurrences(quote: str, text: str) -> Iterator[int]:
    start = text.find(quote)
    while start >= 0:
        yield start
        start = text.find(quote, start + 1)


def _at(anchor: Anchor, field: str, start: int) -> Anchor:
    return Anchor(field=field, start=start, end=start + len(anchor.quote), quote=anchor.quote)
