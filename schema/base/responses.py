"""Whole answers kept for those who all get the same: what is published, for web pages.

An answer is kept under its audience, the document, the operation and the variables, never for one
viewer. It is given away only while its audience is at the version it was made at, and never longer
than so many seconds.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from schema.base.documents import Draft
from schema.base.sharing import Audience

# What an entry takes beside its bytes.
_OVERHEAD = 600
# One answer may take this part of all there is.
_LARGEST = 8


class Place(NamedTuple):
    """What an answer is kept under, and the version of its audience it was made at, or before."""

    audience: Hashable
    mark: bytes
    variables: bytes
    version: int


class Kept:
    """The body of an answer, and a digest of it for those who ask whether it has changed."""

    __slots__ = ("_tag", "body", "until", "version")

    def __init__(self, body: bytes, *, version: int = 0, until: float = 0.0) -> None:
        self.body = body
        self.version = version
        self.until = until
        self._tag: bytes | None = None

    @property
    def tag(self) -> bytes:
        """A short digest in hexadecimal."""
        if self._tag is None:
            self._tag = blake2b(self.body, digest_size=16).hexdigest().encode()
        return self._tag


def place_of(audience: Audience, version: int, draft: Draft, variables: Mapping[str, Any]) -> Place:
    """Return the place of an answer."""
    given = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS) if variables else b""
    return Place(audience.key, draft.mark, given, version)


class Responses:
    """The kept answers of one process: at most so many bytes, the longest unused go first."""

    def __init__(
        self, *, most_bytes: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most_bytes
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[tuple[Hashable, bytes, bytes], Kept] = OrderedDict()
        self.bytes = 0

    def find(self, place: Place) -> Kept | None:
        """Return an answer that is still true."""
        key = place[:3]
        found = self._kept.get(key)
        if found is None:
            return None
        if found.version != place.version or self._clock() >= found.until:
            self._forget(key)
            return None
        self._kept.move_to_end(key)
        return found

    def keep(self, place: Place, body: bytes) -> Kept:
        """Keep an answer, if there is room for it, and return it."""
        kept = Kept(body, version=place.version, until=self._clock() + self._seconds)
        key, size = place[:3], _size(place[2], body)
        self._forget(key)
        if size * _LARGEST > self._most:
            return kept
        self._kept[key] = kept
        self.bytes += size
        while self.bytes > self._most:
            self._forget(next(iter(self._kept)))
        return kept

    def _forget(self, key: tuple[Hashable, bytes, bytes]) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self.bytes -= _size(key[2], found.body)


def _size(variables: bytes, body: bytes) -> int:
    return len(body) + len(variables) + _OVERHEAD
