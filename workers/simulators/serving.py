"""Serving a simulator over real HTTP, and the ways in which a network can let one down."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import orjson
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CUT = "simulator.cut"
HUGE_BYTES = 2_000_000
TOO_MANY = b'{"error":"Too many requests"}'


@dataclass(kw_only=True)
class Fault:
    """One way to fail for the requests it matches. `count` 0 means until it is removed.

    `path` may hold wildcards. `status`, `said`, `seconds` and `headers` are read by the effects
    that need them.
    """

    method: str
    path: str
    effect: str
    count: int = 1
    status: int = 503
    said: str = "This is a fault somebody asked for"
    seconds: float = 0.2
    headers: Mapping[str, str] = field(default_factory=dict)

    def matches(self, method: str, path: str) -> bool:
        """Say whether a request is to suffer this."""
        return self.method in {method, "*"} and fnmatchcase(path, self.path)


class Faults:
    """The faults that wait for a request."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let the next matching request fail."""
        if fault.effect not in EFFECTS:
            known = ", ".join(EFFECTS)
            raise ValueError(f"There is no effect {fault.effect!r}; there are {known}.")
        self.waiting.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault a request is to suffer, and count it."""
        found = next((fault for fault in self.waiting if fault.matches(method, path)), None)
        if found is not None and found.count:
            found.count -= 1
            if found.count == 0:
                self.waiting.remove(found)
        return found


class Faulty:
    """An application between the network and the simulator that plays the faults."""

    def __init__(
        self, app: ASGIApp, *, faults: Faults, control: str, too_many: bytes = TOO_MANY
    ) -> None:
        self._app = app
        self._faults = faults
        self._control = control
        self._too_many = too_many

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Play a waiting fault, or pass the request on."""
        fault = None
        if scope["type"] == "http" and not scope["path"].startswith(self._control):
            fault = self._faults.take(scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
            return
        call = _Call(self._app, scope, receive, send, self._too_many)
        await EFFECTS[fault.effect](call, fault)


@dataclass(frozen=True)
class _Call:
    """One request that is to suffer a fault."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    #: What this kind of server says with 429.
    too_many: bytes

    async def carried_out(self) -> tuple[Message, bytes]:
        """Let the simulator do its work and keep its answer back."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self.app(self.scope, self.receive, keep)
        return kept[0], b"".join(message.get("body", b"") for message in kept[1:])

    async def read(self) -> None:
        """Take in the whole request, so that it is a loss of the answer and not of the question."""
        while (await self.receive()).get("more_body"):
            pass

    async def answer(
        self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer in place of the simulator."""
        response = Response(body, status, dict(headers or {}), kind)
        await response(self.scope, self.receive, self.send)

    async def cut(self) -> None:
        """Close the connection without a word."""
        self.scope["extensions"][CUT]["abort"]()
        await self.gone()

    async def gone(self) -> None:
        """Wait until the client is no longer there."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def _status(call: _Call, fault: Fault) -> None:
    await call.read()
    body = orjson.dumps({"error": fault.said})
    await call.answer(fault.status, body, "application/json", fault.headers)


async def _status_after(call: _Call, fault: Fault) -> None:
    await call.carried_out()
    await call.answer(fault.status, b"<h1>Bad gateway</h1>", "text/html", fault.headers)


async def _ratelimit(call: _Call, fault: Fault) -> None:
    await call.read()
    await call.answer(429, call.too_many, "application/json", fault.headers)


async def _drop_before(call: _Call, fault: Fault) -> None:  # noqa: ARG001  the shape of an effect
    await call.read()
    await call.cut()


async def _drop_after(call: _Call, fault: Fault) -> None:  # noqa: ARG001  the shape of an effect
    await call.carried_out()
    await call.cut()


async def _hang_after(call: _Call, fault: Fault) -> None:  # noqa: ARG001  the shape of an effect
    await call.carried_out()
    await call.gone()


async def _html(call: _Call, fault: Fault) -> None:  # noqa: ARG001  the shape of an effect
    await call.carried_out()
    await call.answer(200, b"<!doctype html><title>Welcome to our proxy</title>", "text/html")


async def _huge(call: _Call, fault: Fault) -> None:  # noqa: ARG001  the shape of an effect
    await call.carried_out()
    await call.answer(200, b'{"id":"' + b"1" * HUGE_BYTES + b'"}', "application/json")


async def _slow(call: _Call, fault: Fault) -> None:
    start, body = await call.carried_out()
    await call.send(start)
    gone = asyncio.ensure_future(call.gone())
    for byte in body:
        await call.send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        await asyncio.wait({gone}, timeout=fault.seconds)
        if gone.done():
            return
    gone.cancel()
    await call.send({"type": "http.response.body", "body": b""})


EFFECTS: Mapping[str, Callable[[_Call, Fault], Awaitable[None]]] = {
    "status": _status,
    "status_after": _status_after,
    "ratelimit": _ratelimit,
    "drop_before": _drop_before,
    "drop_after": _drop_after,
    "hang_after": _hang_after,
    "html": _html,
    "huge": _huge,
    "slow": _slow,
}


def fault_routes(faults: Faults, *, prefix: str) -> list[BaseRoute]:
    """Return the control routes that add, list and remove faults."""

    async def add(request: Request) -> JSONResponse:
        """Let requests fail: method, path, effect, count, status, said, seconds, headers."""
        try:
            faults.add(Fault(**await request.json()))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 422)
        return listing()

    async def show(request: Request) -> JSONResponse:  # noqa: ARG001  the shape of a route
        """List the faults that are still to come."""
        return listing()

    async def clear(request: Request) -> JSONResponse:  # noqa: ARG001  the shape of a route
        """Remove every fault."""
        faults.waiting.clear()
        return listing()

    def listing() -> JSONResponse:
        return JSONResponse([dict(fault.__dict__) for fault in faults.waiting])

    return [
        Route(f"{prefix}faults", add, methods=["POST"]),
        Route(f"{prefix}faults", show, methods=["GET"]),
        Route(f"{prefix}faults", clear, methods=["DELETE"]),
    ]


class CuttableProtocol(HttpToolsProtocol):
    """The usual HTTP, whose connections an application may cut."""

    def on_message_begin(self) -> None:
        """Offer the application a way to cut the connection this request came on."""
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # extensions are open by design
        scope["extensions"] = {CUT: {"abort": self.transport.abort}}


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 takes a free one. Connections wait until it is served."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio does not know that it may switch the delay of small answers off.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind((host, port))
    opened.listen(128)
    return opened


def server(app: ASGIApp) -> uvicorn.Server:
    """Return a server for a simulator: quiet, and able to cut connections."""
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        # A simulator with a clock of its own dates its answers itself.
        date_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


@contextmanager
def served(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve an application in a thread of this process; yields its address."""
    with served_on(listen(host, port), app) as address:
        yield address


@contextmanager
def served_on(opened: socket.socket, app: ASGIApp) -> Iterator[str]:
    """Serve an application on a listening socket, which is closed in the end; see `served`."""
    running = server(app)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [opened]}, daemon=True)
    thread.start()
    try:
        host, port = opened.getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        running.should_exit = True
        thread.join(timeout=10)
        opened.close()
