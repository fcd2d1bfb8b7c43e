"""A receiver of webhooks that believes only what `standardwebhooks` has verified."""

import base64
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def a_secret() -> str:
    """Return a new secret in the form of the specification."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to answer one delivery: late, with what, or not at all; kept before that or not."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    keeps: bool = True
    answers: bool = True
    after: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One POST that came, with the id it bore and whether its signature was right."""

    id: str
    at: float
    genuine: bool
    signatures: int


@dataclass(kw_only=True)
class Inbox:
    """One address: the secret it knows, all that came, and what it kept, once per id."""

    path: str
    secret: str
    plans: deque[Plan] = field(default_factory=deque)
    deliveries: list[Delivery] = field(default_factory=list)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, **how: Any) -> None:
        """Say how to answer the next delivery that has no plan yet; see Plan."""
        self.plans.append(Plan(**how))

    def take(self, headers: Mapping[str, str], body: bytes) -> Plan:
        """Verify a delivery, keep it unless its id was kept already, and say how to answer."""
        with self._lock:
            genuine = is_genuine(self.secret, headers, body)
            known = headers.get("webhook-id", "")
            self.deliveries.append(
                Delivery(
                    id=known,
                    at=time.monotonic(),
                    genuine=genuine,
                    signatures=len(headers.get("webhook-signature", "").split()),
                )
            )
            if not genuine:
                return Plan(status=401)
            plan = self.plans.popleft() if self.plans else Plan()
            if plan.keeps:
                self.kept.setdefault(known, json.loads(body))
            return plan


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Say whether the reference library takes the signature for right."""
    try:
        Webhook(secret).verify(body, dict(headers))
    except WebhookVerificationError:
        return False
    return True


@dataclass(kw_only=True)
class Receiver:
    """A server with any number of inboxes."""

    port: int
    inboxes: dict[str, Inbox] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where it listens, as host:port."""
        return f"127.0.0.1:{self.port}"

    def inbox(self, name: str) -> Inbox:
        """Open an address with a secret of its own."""
        made = Inbox(path=f"/{name}", secret=a_secret())
        self.inboxes[made.path] = made
        return made

    def url(self, inbox: Inbox) -> str:
        """Return the full address of an inbox."""
        return f"http://{self.address}{inbox.path}"


@contextmanager
def a_receiver() -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.receiver = Receiver(port=server.server_address[1])
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.receiver
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    receiver: Receiver
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a caller who hangs up is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        inbox = self.server.receiver.inboxes.get(self.path)
        if inbox is None:
            self.send_error(404)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        plan = inbox.take(headers, body)
        time.sleep(plan.after)
        if plan.answers:
            self._answer(plan)

    def _answer(self, plan: Plan) -> None:
        self.send_response(plan.status)
        for name, value in plan.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(plan.body)))
        self.end_headers()
        self.wfile.write(plan.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Say nothing: the campaign says what matters."""
