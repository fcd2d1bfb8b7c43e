"""A proxy that stands between the hub and a server, keeps count, and can lose answers.

It reads the server's whole answer before it passes on a byte: what it then loses was done.
"""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import ClassVar
from urllib.parse import parse_qs

READ_SECONDS = 90.0


@dataclass(kw_only=True)
class Call:
    """One request that came by; `status` is None until the server has answered."""

    at: float
    method: str
    path: str
    token: str
    status: int | None = None
    cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What befalls an answer: how much of it gets through, and what is done before."""

    method: str
    path: str
    share: float
    before: Callable[[], object]


@dataclass(kw_only=True)
class Proxy:
    """Forwards one request per connection to a port of this machine."""

    upstream: int
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    _cuts: list[Cut] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: "_Server | None" = None

    @property
    def address(self) -> str:
        """Where it listens, as host:port."""
        return f"127.0.0.1:{self.port}"

    def cut(
        self,
        method: str,
        path: str,
        *,
        share: float = 0.0,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        """Lose the next answer to such a request; `share` (0 to 1) of its bytes get through.

        `path` may hold wildcards. `before` is done once the server has answered, while the caller
        still waits; with a share of 1 that is all that happens.
        """
        with self._lock:
            self._cuts.append(Cut(method=method, path=path, share=share, before=before))

    def seen(self, method: str, path: str, *, token: str | None = None) -> list[Call]:
        """Return the requests that came by for exactly this, in order."""
        return [
            call
            for call in list(self.calls)
            if (call.method, call.path) == (method, path) and token in {None, call.token}
        ]

    def by(self, token: str) -> list[Call]:
        """Return every request that came by with this token, in order."""
        return [call for call in list(self.calls) if call.token == token]

    def start(self) -> None:
        """Begin to listen, on the port it had before if it had one."""
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.proxy = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Listen no longer: whoever calls is refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """Refuse every connection for as long as the block runs."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def note(self, call: Call) -> None:
        """Remember a request."""
        with self._lock:
            self.calls.append(call)

    def taken_cut(self, call: Call) -> Cut | None:
        """Return the cut this request was waited for with, which is then used up."""
        with self._lock:
            for cut in self._cuts:
                if cut.method == call.method and fnmatchcase(call.path, cut.path):
                    self._cuts.remove(cut)
                    return cut
        return None


@contextmanager
def a_proxy(upstream: int) -> Iterator[Proxy]:
    """Run a proxy before a port of this machine."""
    proxy = Proxy(upstream=upstream)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


class _Server(ThreadingTCPServer):
    allow_reuse_address: ClassVar[bool] = True  # type: ignore[misc]  # a constant to us
    daemon_threads = True
    # Whoever still waits for a slow server must not keep the proxy from stopping.
    block_on_close = False
    proxy: Proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a caller who hangs up is part of the game."""


class _Handler(BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        caller: socket.socket = self.request
        caller.settimeout(READ_SECONDS)
        head, body = _request(caller)
        if not head:
            return
        proxy = self.server.proxy
        call = _call(head)
        proxy.note(call)
        answer = _answer(proxy.upstream, head, body)
        if not answer:
            return
        call.status = int(answer.split(b" ", 2)[1])
        cut = proxy.taken_cut(call)
        if cut is not None:
            call.cut = cut.share < 1
            cut.before()
            answer = answer[: int(len(answer) * cut.share)]
        caller.sendall(answer)


def _request(caller: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = caller.recv(65_536)
        if not piece:
            return b"", b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = _header(head, "content-length") or "0"
    while len(body) < int(length):
        piece = caller.recv(65_536)
        if not piece:
            return b"", b""
        body += piece
    return head, body


def _answer(port: int, head: bytes, body: bytes) -> bytes:
    """Ask the server, on a connection it closes when it has said everything."""
    first, *headers = head.split(b"\r\n")
    kept = [line for line in headers if not line.lower().startswith(b"connection:")]
    with socket.create_connection(("127.0.0.1", port), timeout=READ_SECONDS) as server:
        server.sendall(b"\r\n".join([first, *kept, b"Connection: close", b"", body]))
        received = b""
        while piece := server.recv(65_536):
            received += piece
    return received


def _call(head: bytes) -> Call:
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
    _, _, token = _header(head, "authorization").partition(" ")
    return Call(at=time.monotonic(), method=method, path=_path(target), token=token)


def _path(target: str) -> str:
    """Return the path of a request; WordPress may be told it by `?rest_route=` instead."""
    path, _, query = target.partition("?")
    return parse_qs(query).get("rest_route", [path])[0]


def _header(head: bytes, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r?$", head.decode("latin-1"), re.IGNORECASE | re.MULTILINE)
    return found[1] if found else ""
