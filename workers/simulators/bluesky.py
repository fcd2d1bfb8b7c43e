"""A stateful stand-in for the AT Protocol network of Bluesky, for tests and the demo.

One server (PDS) for every account, which also passes on what its index of the network (AppView)
says. Run it with `python -m workers.simulators.bluesky --port 2583`; control it
under /_sim/bluesky/.
"""

import argparse
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import wraps
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workers.simulators import bluesky_control as control
from workers.simulators import bluesky_json as shapes
from workers.simulators import bluesky_pages as pages
from workers.simulators.bluesky_world import (
    POST,
    Account,
    Record,
    Refusal,
    World,
    invalid,
)
from workers.simulators.serving import Faults, Faulty, fault_routes, listen, server

CONTROL = "/_sim/bluesky/"
XRPC = "/xrpc/"
RATE_LIMIT = 3000
RATE_WINDOW = timedelta(minutes=5)
BATCH = 25
TOO_MANY = b'{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}'


@dataclass(frozen=True)
class Call:
    """One authorised request."""

    request: Request
    world: World
    account: Account

    async def body(self) -> dict[str, Any]:
        """Return what was asked for, as JSON."""
        try:
            said = await self.request.json()
        except ValueError as error:
            raise invalid("Unable to parse the body") from error
        if not isinstance(said, dict):
            raise invalid("Input must be an object")
        return said


Handler = Callable[[Call], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def authorised(handler: Handler) -> Endpoint:
    """Let only sessions in: bad and expired tokens are 400 (seen on a running PDS 0.5.35)."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        world: World = request.app.state.world
        return await handler(Call(request, world, world.holder(_token(request), "access")))

    return endpoint


def of_the_index(handler: Handler) -> Endpoint:
    """Answer 502 UpstreamFailure where the index is away (seen on a running PDS 0.5.35)."""

    async def reached(call: Call) -> Response:
        if not call.world.appview:
            raise Refusal(502, "UpstreamFailure", "Upstream service unreachable")
        return await handler(call)

    return authorised(wraps(handler)(reached))


def _token(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ").strip()


async def create_session(request: Request) -> Response:
    """Log in with an app password (lexicon com.atproto.server.createSession).

    30 in five minutes for an account (documentation of Bluesky, rate limits).
    """
    world: World = request.app.state.world
    asked = await request.json()
    account = world.login(str(asked.get("identifier")), str(asked.get("password")))
    return _session(world, account)


async def refresh_session(request: Request) -> Response:
    """Give other tokens for the refresh token, once (com.atproto.server.refreshSession)."""
    world: World = request.app.state.world
    account = world.holder(_token(request), "refresh")
    world.spend(_token(request))
    return _session(world, account)


def _session(world: World, account: Account) -> Response:
    return JSONResponse(
        {
            "did": account.did,
            "handle": account.handle,
            "accessJwt": world.token(account, "access"),
            "refreshJwt": world.token(account, "refresh"),
            "active": True,
        }
    )


async def resolve_handle(request: Request) -> Response:
    """Say whose a handle is; 400 where nobody's (com.atproto.identity.resolveHandle)."""
    account = request.app.state.world.find(request.query_params.get("handle", ""))
    if account is None:
        raise invalid("Unable to resolve handle")
    return JSONResponse({"did": account.did})


@authorised
async def upload_blob(call: Call) -> Response:
    """Keep a file under the hash of its content (com.atproto.repo.uploadBlob)."""
    mime = call.request.headers.get("content-type", "application/octet-stream")
    return JSONResponse({"blob": call.world.upload(await call.request.body(), mime)})


@authorised
async def put_record(call: Call) -> Response:
    """Store a record under a chosen key (com.atproto.repo.putRecord).

    Seen on a running PDS 0.5.35: the same record again is 200 without a commit; another one with
    `swapRecord: null` is 400 InvalidSwap.
    """
    asked = await call.body()
    _own(call, asked)
    swap = {"swapRecord": asked["swapRecord"]} if "swapRecord" in asked else {}
    record, changed = call.world.put(
        call.account, asked["collection"], asked["rkey"], asked["record"], **swap
    )
    return _stored(record, changed=changed)


@authorised
async def create_record(call: Call) -> Response:
    """Store a new record (com.atproto.repo.createRecord).

    A key that is taken is 500 InternalServerError (seen on a running PDS 0.5.35).
    """
    asked = await call.body()
    _own(call, asked)
    record = call.world.create(
        call.account, asked["collection"], asked["record"], asked.get("rkey", "")
    )
    return _stored(record, changed=True)


def _own(call: Call, asked: dict[str, Any]) -> None:
    if call.world.find(str(asked.get("repo"))) is not call.account:
        raise Refusal(401, "AuthenticationRequired", "Authentication Required")
    missing = [name for name in ("collection", "record") if name not in asked]
    if missing:
        raise invalid(f'Missing required key "{missing[0]}"')


def _stored(record: Record, *, changed: bool) -> Response:
    said = {"uri": record.uri, "cid": record.cid, "validationStatus": "valid"}
    commit = {"commit": {"cid": record.cid, "rev": record.rkey}} if changed else {}
    return JSONResponse({**said, **commit})


@authorised
async def delete_record(call: Call) -> Response:
    """Take a record away; the second time is 200 as well (com.atproto.repo.deleteRecord)."""
    asked = await call.body()
    if call.world.find(str(asked.get("repo"))) is not call.account:
        raise Refusal(401, "AuthenticationRequired", "Authentication Required")
    call.world.delete(f"at://{call.account.did}/{asked['collection']}/{asked['rkey']}")
    return JSONResponse({})


async def get_record(request: Request) -> Response:
    """Show a record as the server has it, to anybody, whatever token comes with the question.

    400 RecordNotFound where there is none (seen on a running PDS 0.5.35).
    """
    world: World = request.app.state.world
    asked = request.query_params
    owner = world.find(asked.get("repo", ""))
    did = owner.did if owner else asked.get("repo")
    uri = f"at://{did}/{asked.get('collection')}/{asked.get('rkey')}"
    record = world.living(uri)
    if record is None:
        raise Refusal(400, "RecordNotFound", f"Could not locate record: {uri}")
    return JSONResponse({"uri": record.uri, "cid": record.cid, "value": record.value})


@of_the_index
async def get_profile(call: Call) -> Response:
    """Show somebody (app.bsky.actor.getProfile)."""
    account = call.world.find(call.request.query_params.get("actor", ""))
    if account is None:
        raise invalid("Profile not found")
    return JSONResponse(shapes.detailed(call.world, account, viewer=call.account))


@of_the_index
async def mute(call: Call) -> Response:
    """Mute somebody, or end that; only the account knows (app.bsky.graph.muteActor)."""
    person = call.world.find(str((await call.body()).get("actor", "")))
    if person is None:
        raise invalid("Actor not found")
    ends = call.request.url.path.endswith(".unmuteActor")
    muted = call.world.muted
    (muted.discard if ends else muted.add)((call.account.did, person.did))
    return Response()


@of_the_index
async def get_posts(call: Call) -> Response:
    """Show posts by address, 25 at most, leaving out what is gone (app.bsky.feed.getPosts)."""
    asked = call.request.query_params.getlist("uris")
    if len(asked) > BATCH:
        raise invalid("Invalid app.bsky.feed.getPosts params: too many elements at $.uris")
    for uri in asked:
        if not uri.startswith("at://"):
            raise invalid(f'Invalid app.bsky.feed.getPosts params: Invalid at-uri (got "{uri}")')
    found = [record for uri in asked if (record := call.world.indexed(uri))]
    shown = [shapes.post(call.world, record, viewer=call.account) for record in found]
    return JSONResponse({"posts": shown})


@of_the_index
async def list_notifications(call: Call) -> Response:
    """List what concerns an account, newest first (app.bsky.notification.listNotifications)."""
    asked = call.request.query_params
    limit = min(int(asked.get("limit", "50")), 100)
    found = list(shapes.notifications(call.world, call.account))
    start = int(asked.get("cursor", "0"))
    page = found[start : start + limit]
    more = {"cursor": str(start + limit)} if len(found) > start + limit else {}
    return JSONResponse({"notifications": page, **more})


@of_the_index
async def get_post_thread(call: Call) -> Response:
    """Show a post and what is below it; 400 NotFound (app.bsky.feed.getPostThread)."""
    asked = call.request.query_params
    record = call.world.indexed(asked.get("uri", ""))
    if record is None:
        raise Refusal(400, "NotFound", f"Post not found: {asked.get('uri')}")
    depth = min(int(asked.get("depth", "6")), call.world.depth_max)
    return JSONResponse({"thread": shapes.thread(call.world, record, depth)})


@of_the_index
async def search_posts(call: Call) -> Response:
    """Find posts that have all words, newest first (app.bsky.feed.searchPosts)."""
    asked = call.request.query_params
    words = asked.get("q", "").replace('"', "").casefold().split()
    if not words:
        raise invalid("Invalid app.bsky.feed.searchPosts params: q must not be empty")
    found = [
        record
        for record in call.world.of(POST)
        if all(word in str(record.value.get("text", "")).casefold() for word in words)
        and str(record.value.get("createdAt", "")) >= asked.get("since", "")
    ]
    newest = found[::-1][: min(int(asked.get("limit", "25")), 100)]
    return JSONResponse({"posts": [shapes.post(call.world, record) for record in newest]})


async def refuse(request: Request, error: Exception) -> Response:  # noqa: ARG001  the shape of a handler
    """Answer a refusal in the network's form: {"error": code, "message": …}."""
    match error:
        case Refusal():
            said = {"error": error.code, "message": error.said}
            return JSONResponse(said, error.status)
        case HTTPException():
            code = "MethodNotImplemented" if error.status_code == 404 else "InvalidRequest"
            status = 501 if error.status_code == 404 else error.status_code
            return JSONResponse({"error": code, "message": error.detail}, status)
        case _:
            return JSONResponse({"error": "InvalidRequest", "message": str(error)}, 400)


def routes() -> list[BaseRoute]:
    """Return every route but the faults'."""
    asked = {
        "com.atproto.identity.resolveHandle": resolve_handle,
        "com.atproto.repo.getRecord": get_record,
        "app.bsky.actor.getProfile": get_profile,
        "app.bsky.feed.getPosts": get_posts,
        "app.bsky.feed.getPostThread": get_post_thread,
        "app.bsky.notification.listNotifications": list_notifications,
        "app.bsky.feed.searchPosts": search_posts,
    }
    told = {
        "com.atproto.server.createSession": create_session,
        "com.atproto.server.refreshSession": refresh_session,
        "com.atproto.repo.uploadBlob": upload_blob,
        "com.atproto.repo.putRecord": put_record,
        "com.atproto.repo.createRecord": create_record,
        "com.atproto.repo.deleteRecord": delete_record,
        "app.bsky.graph.muteActor": mute,
        "app.bsky.graph.unmuteActor": mute,
    }
    return [
        *(Route(f"{XRPC}{name}", handler, methods=["GET"]) for name, handler in asked.items()),
        *(Route(f"{XRPC}{name}", handler, methods=["POST"]) for name, handler in told.items()),
        *control.routes(prefix=CONTROL),
        *pages.routes(),
    ]


class Stamped:
    """Puts the server's own date and the rate limit headers on every answer.

    3000 requests in five minutes; the reset is in seconds since 1970 (seen on a running PDS
    0.5.35). Only logins are counted: any other rate limit is a fault to be asked for.
    """

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and stamp the answer."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers(message["status"])]
            await send(message)

        await self._app(scope, receive, stamped)

    def _headers(self, status: int) -> list[tuple[bytes, bytes]]:
        now = self._world.now()
        stamps = {
            "date": format_datetime(now.replace(microsecond=0), usegmt=True),
            "ratelimit-limit": str(RATE_LIMIT),
            "ratelimit-remaining": str(0 if status == 429 else RATE_LIMIT - 1),
            "ratelimit-reset": str(int((now + RATE_WINDOW).timestamp())),
            "ratelimit-policy": f"{RATE_LIMIT};w={int(RATE_WINDOW.total_seconds())}",
        }
        return [(name.encode(), value.encode()) for name, value in stamps.items()]


def utc_now() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


def create_simulator(*, clock: Callable[[], datetime] = utc_now) -> ASGIApp:
    """Return a fresh network."""
    world, faults = World(clock), Faults()
    app = Starlette(
        routes=[*routes(), *fault_routes(faults, prefix=CONTROL)],
        exception_handlers=dict.fromkeys((Refusal, HTTPException, KeyError, ValueError), refuse),
    )
    app.state.world = world
    return Stamped(Faulty(app, faults=faults, control=CONTROL, too_many=TOO_MANY), world)


def main() -> None:
    """Serve one simulator until it is interrupted."""
    parser = argparse.ArgumentParser(description="A stand-in for the network of Bluesky.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    asked = parser.parse_args()
    opened = listen(asked.host, asked.port)
    sys.stdout.write(f"ready http://{asked.host}:{opened.getsockname()[1]} bluesky\n")
    sys.stdout.flush()
    server(create_simulator()).run(sockets=[opened])


if __name__ == "__main__":
    main()
