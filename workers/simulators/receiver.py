"""A stand-in for somebody's webhook receiver that checks signatures and drops repeats.

Run it with `python -m workers.simulators.receiver --port 3001`; control it under /_sim/.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from workers.simulators.serving import Faults, Faulty, fault_routes, listen, server

CONTROL = "/_sim/"
TOLERANCE_SECONDS = 300


@dataclass(kw_only=True)
class Inbox:
    """One address: the secrets it accepts and what it got, by the id of the delivery."""

    secrets: list[str]
    kept: dict[str, Any] = field(default_factory=dict)
    deliveries: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Refused(Exception):
    """The delivery is not what it should be."""


async def receive(request: Request) -> Response:
    """Verify a delivery, keep it once, and say where it can be seen.

    Standard Webhooks specification: the id is the receiver's key against repeats, the time
    must be within its tolerance, any of several signatures may fit, and 2xx accepts.
    """
    inbox: Inbox | None = request.app.state.inboxes.get(request.path_params["name"])
    if inbox is None:
        return JSONResponse({"error": "There is no such address"}, 404)
    body = await request.body()
    message_id = request.headers.get("webhook-id", "")
    try:
        verify(request, body, inbox.secrets, now=request.app.state.clock())
        payload = orjson.loads(body)
    except (Refused, orjson.JSONDecodeError) as error:
        inbox.refused.append(str(error))
        return JSONResponse({"error": str(error)}, 401)
    inbox.deliveries.append(message_id)
    inbox.kept.setdefault(message_id, payload)
    where = f"{request.base_url}_sim/inboxes/{request.path_params['name']}"
    return JSONResponse({"id": message_id, "url": where})


def verify(request: Request, body: bytes, accepted: list[str], *, now: datetime) -> None:
    """Raise Refused unless one of the signatures was made with an accepted secret, recently."""
    named = ("webhook-id", "webhook-timestamp", "webhook-signature")
    given = [request.headers.getlist(name) for name in named]
    if any(len(values) != 1 for values in given):
        raise Refused("Each of the three headers must be there once")
    message_id, moment, signatures = (values[0] for values in given)
    if not message_id or "." in message_id:
        raise Refused("The id is not usable")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        raise Refused("The timestamp is not a number of seconds")
    if abs(now.timestamp() - int(moment)) > TOLERANCE_SECONDS:
        raise Refused("The timestamp is too far from now")
    content = message_id.encode() + b"." + moment.encode() + b"." + body
    wanted = [hmac.digest(_key(secret), content, hashlib.sha256) for secret in accepted]
    if not any(hmac.compare_digest(one, other) for one in _digests(signatures) for other in wanted):
        raise Refused("No signature fits")


def _digests(signatures: str) -> list[bytes]:
    found = []
    for signature in signatures.split(" "):
        version, _, digest = signature.partition(",")
        if version != "v1":
            continue
        try:
            found.append(base64.b64decode(digest, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"))


async def open_inbox(request: Request) -> Response:
    """Control: open an address {name, secrets?} with its secrets, or change them."""
    asked = await request.json()
    name = asked["name"]
    accepted = asked.get("secrets") or [new_secret()]
    inboxes: dict[str, Inbox] = request.app.state.inboxes
    inboxes.setdefault(name, Inbox(secrets=accepted)).secrets = accepted
    return JSONResponse({"url": f"{request.base_url}hooks/{name}", "secrets": accepted})


async def show_inbox(request: Request) -> Response:
    """Control: list what an address kept, every delivery in order, and what it refused."""
    inbox: Inbox | None = request.app.state.inboxes.get(request.path_params["name"])
    if inbox is None:
        return JSONResponse({"error": "There is no such address"}, 404)
    return JSONResponse(
        {
            "count": len(inbox.kept),
            "messages": [{"id": known, "payload": kept} for known, kept in inbox.kept.items()],
            "deliveries": inbox.deliveries,
            "refused": inbox.refused,
        }
    )


def new_secret() -> str:
    """Return a fresh secret of 32 bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def utc_now() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


def create_receiver(*, clock: Callable[[], datetime] = utc_now) -> ASGIApp:
    """Return a receiver without addresses; POST /_sim/inboxes opens one."""
    faults = Faults()
    app = Starlette(
        routes=[
            Route("/hooks/{name}", receive, methods=["POST"]),
            Route(f"{CONTROL}inboxes", open_inbox, methods=["POST"]),
            Route(f"{CONTROL}inboxes/{{name}}", show_inbox),
            *fault_routes(faults, prefix=CONTROL),
        ]
    )
    app.state.inboxes = {}
    app.state.clock = clock
    return Faulty(app, faults=faults, control=CONTROL)


def main() -> None:
    """Serve a receiver until it is interrupted."""
    parser = argparse.ArgumentParser(description="A stand-in for a webhook receiver.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    asked = parser.parse_args()
    opened = listen(asked.host, asked.port)
    sys.stdout.write(f"ready http://{asked.host}:{opened.getsockname()[1]}\n")
    sys.stdout.flush()
    server(create_receiver()).run(sockets=[opened])


if __name__ == "__main__":
    main()
