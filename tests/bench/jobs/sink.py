"""The sink: answers every delivery at once and remembers which came, and how often."""

import argparse
import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field

#: What is delivered: a kilobyte.
BODY = b"x" * 1_000
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
_HEAD_ENDS = b"\r\n\r\n"


@dataclass(kw_only=True)
class Round:
    """What has come of one round; `last` is the machine's monotonic clock, in seconds."""

    came: Counter[bytes] = field(default_factory=Counter)
    wrong: int = 0
    last: float = 0.0

    def told(self) -> bytes:
        """Return the sums as JSON."""
        return json.dumps(
            {
                "different": len(self.came),
                "all": self.came.total(),
                "wrong": self.wrong,
                "last": self.last,
            }
        ).encode()


class Sink:
    """Counts `POST /round/number`; tells about a round for `GET /round`."""

    def __init__(self) -> None:
        self._rounds: dict[bytes, Round] = {}

    async def listen(self, port: int = 0) -> asyncio.Server:
        """Listen on loopback."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: _Connection(self), "127.0.0.1", port)

    def answer(self, method: bytes, path: bytes, body: bytes) -> bytes:
        """Count a delivery, or tell what came."""
        name, _, number = path[1:].partition(b"/")
        known = self._rounds.setdefault(name, Round())
        if method == b"GET":
            told = known.told()
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told)
        if number not in known.came:
            known.last = time.monotonic()
        known.came[number] += 1
        known.wrong += body != BODY
        return _TAKEN


class _Connection(asyncio.Protocol):
    """As much of HTTP as clients need that send a length with what they send."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._kept = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._kept += data
        while (ends := self._kept.find(_HEAD_ENDS)) >= 0:
            head, start = self._kept[:ends], ends + len(_HEAD_ENDS)
            length = _length(head)
            if len(self._kept) < start + length:
                return
            body, self._kept = self._kept[start : start + length], self._kept[start + length :]
            method, path, _ = head.split(b" ", 2)
            assert self._transport is not None
            self._transport.write(self._sink.answer(method, path, body))


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def _serve(port: int) -> None:
    server = await Sink().listen(port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--port", type=int, required=True)
    asyncio.run(_serve(asked.parse_args().port))
