"""Requests that came before, byte for byte, and what they were answered: found without reading.

Web pages ask the same of a hub again and again. Where an answer is kept for all of an audience,
the next request with exactly these bytes (so with the same token, document and variables) gets it
without being parsed, as long as the door would still give it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import NamedTuple

from schema.base.answers import Answer
from schema.base.head import RawHeaders

#: In the scope of a request that may be learnt: all of its bytes, as they came.
RAW = "schema.raw"
#: Under this name the server's protocol finds what is remembered, in the state of the application.
STATE = "recollections"
#: Longer requests are read each time.
RAW_MOST = 8_192

_ENTRIES_MOST = 1_024


class _Recollection(NamedTuple):
    """An answer in two pieces: between them stands an id when the client has sent none."""

    still: Callable[[], bool]
    status: bytes
    rest: bytes
    names_itself: bool


class Recollections:
    """What one process remembers; the longest unused are forgotten first.

    `ids` gives each answer its request id, `counted` is told how many seconds each one took.
    """

    def __init__(
        self, *, header: bytes, ids: Iterator[bytes], counted: Callable[[float], None]
    ) -> None:
        self._header = header
        self._ids = ids
        self._counted = counted
        self._known: OrderedDict[bytes, _Recollection] = OrderedDict()

    def learn(self, raw: bytes, answer: Answer, headers: RawHeaders) -> None:
        """Remember what a request was answered; `headers` are those that do not change."""
        if answer.still is None:
            return
        names_itself = any(name == self._header for name, _ in headers)
        lines = b"".join(b"%s: %s\r\n" % one for one in headers)
        phrase = HTTPStatus(answer.status).phrase.encode()
        self._known[raw] = _Recollection(
            answer.still,
            b"HTTP/1.1 %d %s\r\n" % (answer.status, phrase),
            b"%s\r\n%s" % (lines, answer.body),
            names_itself,
        )
        self._known.move_to_end(raw)
        while len(self._known) > _ENTRIES_MOST:
            self._known.popitem(last=False)

    def recall(self, raw: bytes, steady: RawHeaders) -> bytes | None:
        """Return the answer to a request, whole, if it is known and still true.

        `steady` are the headers that the server gives every answer.
        """
        known = self._known.get(raw)
        if known is None:
            return None
        started = time.perf_counter()
        if not known.still():
            return None
        self._known.move_to_end(raw)
        pieces = [known.status, *(b"%s: %s\r\n" % one for one in steady)]
        if not known.names_itself:
            pieces.append(b"%s: %s\r\n" % (self._header, next(self._ids)))
        pieces.append(known.rest)
        whole = b"".join(pieces)
        self._counted(time.perf_counter() - started)
        return whole
