"""What travels between the hub and PostgreSQL: a relay that counts, for tests of round trips."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import make_url

_LENGTH = 4


@dataclass
class Wire:
    """A relay in front of a server: what was asked since `forget`, over all its connections.

    A round trip ends where the server says that it is ready for the next question.
    """

    url: str = ""
    trips: int = 0
    statements: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    _awaited: dict[str, asyncio.Event] = field(default_factory=dict)

    def forget(self) -> None:
        """Count anew."""
        self.trips = 0
        self.statements.clear()

    def note(self, statement: str) -> None:
        """Write down what was asked."""
        self.statements.append(statement)
        if statement.startswith("PREPARE "):
            name, sql = statement.removeprefix("PREPARE ").split(" AS ", 1)
            self.named[name] = sql
        for part, seen in self._awaited.items():
            if part in statement:
                seen.set()

    async def seen(self, part: str) -> None:
        """Return when a statement with these words is on its way."""
        async with asyncio.timeout(10):
            await self._awaited.setdefault(part, asyncio.Event()).wait()

    def words(self) -> list[str]:
        """Return how each statement begins: its first two words, of one with a name its own."""
        return [_beginning(self.sql(number)) for number in range(len(self.statements))]

    def sql(self, number: int) -> str:
        """Return a statement; where it begins with one that has a name, that and what follows."""
        asked = self.statements[number]
        if not asked.startswith("EXECUTE "):
            return asked
        name = asked.removeprefix("EXECUTE ").split("(", 1)[0]
        return f"{self.named[name]}; {asked.rpartition('; ')[2]}"


def _beginning(statement: str) -> str:
    first = " ".join(statement.split()[:2])
    return f"{first}; COMMIT" if statement.endswith("; COMMIT") else first


@dataclass
class _Messages:
    """Cuts a stream into messages: a byte that says its kind, a length, a body."""

    tell: Callable[[bytes, bytes], None]
    first: bool
    kept: bytes = b""

    def feed(self, data: bytes) -> None:
        self.kept += data
        while True:
            # A client's first message says no kind.
            start = 0 if self.first else 1
            if len(self.kept) < start + _LENGTH:
                return
            end = start + int.from_bytes(self.kept[start : start + _LENGTH])
            if len(self.kept) < end:
                return
            if not self.first:
                self.tell(self.kept[:1], self.kept[start + _LENGTH : end])
            self.first, self.kept = False, self.kept[end:]


class _Asked:
    """What one client asks: prepared statements are known by their name."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._prepared: dict[bytes, str] = {}

    def __call__(self, kind: bytes, body: bytes) -> None:
        match kind:
            case b"Q":
                self._wire.note(body[:-1].decode())
            case b"P":
                name, sql = body.split(b"\0")[:2]
                self._prepared[name] = sql.decode()
            case b"B":
                self._wire.note(self._prepared[body.split(b"\0")[1]])


@asynccontextmanager
async def a_wire(url: str) -> AsyncIterator[Wire]:
    """Relay to the database of a URL; the wire's own URL leads through it."""
    target = make_url(url)
    wire = Wire()

    def answered(kind: bytes, _body: bytes) -> None:
        wire.trips += kind == b"Z"

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(target.host, target.port)
        asked = _Messages(tell=_Asked(wire), first=True)
        told = _Messages(tell=answered, first=False)
        await asyncio.gather(_pass(reader, there[1], asked), _pass(there[0], writer, told))

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire.url = (
        target.set(host="127.0.0.1", port=port)
        .update_query_dict({"ssl": "disable"})
        .render_as_string(hide_password=False)
    )
    async with server:
        yield wire


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, messages: _Messages
) -> None:
    try:
        while data := await reader.read(65_536):
            messages.feed(data)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
