"""Bodies of requests: bounded in bytes and seconds."""

import asyncio
from contextlib import suppress

from starlette.types import Message, Receive

from schema.base.deadlines import Deadline, Deadlines
from schema.base.refusals import DoorCode, Refusal, bad_request

_DISCARDED_BYTES = 8_000_000
_DISCARDED_SECONDS = 1.0


class Gone(Exception):
    """The client left before it had said what it wants."""


class Bodies:
    """Reads bodies of at most so many bytes, within so many seconds each."""

    def __init__(self, *, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._deadlines = Deadlines(seconds)

    async def read(self, announced: bytes | None, receive: Receive) -> bytes:
        """Return the body of a request. Raises Refusal, and Gone when the client leaves.

        `announced` is the length that the client has given, as it came.
        """
        length = announced or b""
        most = self._most + _DISCARDED_BYTES
        if length.isdigit() and (len(length) > 15 or int(length) > most):
            raise _too_large(self._most)
        try:
            with Deadline(self._deadlines):
                return await _whole(receive, self._most)
        except TimeoutError:
            raise bad_request(
                DoorCode.BODY_TOO_SLOW,
                f"The body did not arrive within {self._seconds:g} seconds.",
                status=408,
                connection="close",
            ) from None


async def _whole(receive: Receive, most: int) -> bytes:
    message = await receive()
    body: bytes = _part(message)
    if message.get("more_body"):
        parts = bytearray(body)
        while message.get("more_body") and len(parts) <= most:
            message = await receive()
            parts += _part(message)
        body = bytes(parts)
    if len(body) > most:
        await _discard(receive, message)
        raise _too_large(most)
    return body


def _part(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise Gone
    part: bytes = message.get("body", b"")
    return part


async def _discard(receive: Receive, message: Message) -> None:
    """Let a client that is only a little over finish: most cannot hear us before they do."""
    left = _DISCARDED_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(_DISCARDED_SECONDS):
            while message.get("more_body") and left >= 0:
                message = await receive()
                left -= len(_part(message))


def _too_large(most: int) -> Refusal:
    # There may be more of the body to come, so the connection cannot be used again.
    return bad_request(
        DoorCode.BODY_TOO_LARGE,
        f"The body may have {most:,} bytes; upload files by an upload address.",
        status=413,
        connection="close",
    )
