"""The headers of a request, looked at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from starlette.types import Scope

from schema.base.media import MediaType, choose_media, wants_page, wants_stream

_PLACE = "schema.head"
_REMEMBERED_BYTES = 300

RawHeaders = Sequence[tuple[bytes, bytes]]


class Head:
    """Headers by their names in lower case, as ASGI hands them over."""

    __slots__ = ("_first", "_raw", "_repeats")

    def __init__(self, raw: RawHeaders) -> None:
        first = dict(raw)
        self._repeats = len(first) != len(raw)
        # Of a header that came twice the first one counts, where one is asked for.
        self._first = dict(reversed(raw)) if self._repeats else first
        self._raw = raw

    def first(self, name: bytes) -> bytes | None:
        """Return the first header of that name."""
        return self._first.get(name)

    def all(self, name: bytes) -> list[str]:
        """Return every header of that name as text."""
        if self._repeats:
            return [value.decode("latin-1") for given, value in self._raw if given == name]
        value = self._first.get(name)
        return [] if value is None else [value.decode("latin-1")]

    def joined(self, name: bytes) -> bytes:
        """Return all headers of a name that is a list, as one; empty without any."""
        if self._repeats:
            return b",".join(value for given, value in self._raw if given == name)
        return self._first.get(name, b"")


def head_of(scope: Scope) -> Head:
    """Return the headers of a request; whoever asks first has them read."""
    head: Head | None = scope.get(_PLACE)
    if head is None:
        head = scope[_PLACE] = Head(scope["headers"])
    return head


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a client wants to be answered with."""

    media: MediaType | None
    stream: bool
    page: bool


def wanted(head: Head) -> Wanted:
    """Return what the Accept headers ask for."""
    accept = head.joined(b"accept")
    # Most clients say one of a few things; what nobody else will say is not kept.
    return _known(accept) if len(accept) <= _REMEMBERED_BYTES else _read(accept)


def _read(accept: bytes) -> Wanted:
    given = [accept.decode("latin-1")] if accept else []
    return Wanted(media=choose_media(given), stream=wants_stream(given), page=wants_page(given))


_known = lru_cache(maxsize=256)(_read)
