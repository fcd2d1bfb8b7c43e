"""A stateful stand-in for a Mastodon server, with its dialects and traps, for tests and the demo.

Run it with `python -m workers.simulators.mastodon --port 3000`; control it under /api/v1/_sim/.
"""

import argparse
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import wraps
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workers.simulators import mastodon_json as shapes
from workers.simulators import mastodon_pages as pages
from workers.simulators.forms import Unreadable, form_of
from workers.simulators.mastodon_world import DIALECTS, Account, Refusal, Status, Wish, World
from workers.simulators.serving import Faults, Faulty, fault_routes, listen, server

CONTROL = "/api/v1/_sim/"
RATE_LIMIT = 300
RATE_WINDOW = timedelta(minutes=5)
# What one request to the batch route may ask for, as the base controller of Mastodon has it.
BATCH = 20


@dataclass(frozen=True)
class Call:
    """One authorised request."""

    request: Request
    world: World
    account: Account

    @property
    def base(self) -> str:
        """Return the address the client reached the server by."""
        return str(self.request.base_url).rstrip("/")

    def status(self) -> Status:
        """Return the post named in the path."""
        return self.world.seen(self.account, self.request.path_params["id"])

    def shown(self, status: Status) -> JSONResponse:
        """Answer with a post."""
        return JSONResponse(shapes.status(self.world, status, self.base))


Handler = Callable[[Call], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def needs(scope: str | None) -> Callable[[Handler], Endpoint]:
    """Let only tokens in that have the scope: no token 401, too narrow a token 403.

    Mastodon documentation, api/oauth-scopes and the error texts of its API pages.
    """

    def guard(handler: Handler) -> Endpoint:
        @wraps(handler)
        async def endpoint(request: Request) -> Response:
            world: World = request.app.state.world
            token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
            account = world.holder(token) if token else None
            if account is None:
                raise Refusal(401, "The access token is invalid")
            if scope is not None and scope not in account.scopes:
                raise Refusal(403, "This action is outside the authorized scopes")
            return await handler(Call(request, world, account))

        return endpoint

    return guard


async def instance(request: Request) -> Response:
    """Say who the server is and what it accepts (Mastodon documentation, methods/instance, v2).

    GoToSocial gives its own `source_url` and advertises a discount for links it does not give.
    """
    base = str(request.base_url).rstrip("/")
    return JSONResponse(shapes.instance(request.app.state.world, base))


@needs("read")
async def verify_account(call: Call) -> Response:
    """Say whose token it is (Mastodon documentation, methods/accounts, verify_credentials)."""
    return JSONResponse(shapes.account(call.world, call.account, call.base))


@needs(None)
async def verify_app(call: Call) -> Response:  # noqa: ARG001  the shape of a handler
    """Say which application the token is for, asking for no scope since 4.3 (methods/apps)."""
    return JSONResponse({"name": "Simulated application", "website": None, "scopes": ["write"]})


@needs("write")
async def upload(call: Call) -> Response:
    """Take a picture: 200 when ready, 202 while it is processed (methods/media, v2)."""
    form = await form_of(call.request)
    picture = call.world.upload(call.account, form.files.get("file"), form.text("description"))
    return JSONResponse(shapes.picture(picture, call.base), 202 if picture.polls_left else 200)


@needs("write")
async def show_upload(call: Call) -> Response:
    """Say how far a picture is: 206 while it is processed (methods/media, GET by id)."""
    picture = call.world.picture(call.account, call.request.path_params["id"])
    if picture.polls_left:
        picture.polls_left -= 1
        return JSONResponse(shapes.picture(picture, call.base), 206)
    return JSONResponse(shapes.picture(picture, call.base))


@needs("write")
async def post(call: Call) -> Response:
    """Store a post; the same Idempotency-Key gives the same post for an hour (methods/statuses).

    GoToSocial lets the header through and never reads it, so a repeat is a second post.
    """
    form = await form_of(call.request)
    wish = Wish(
        text=form.text("status"),
        visibility=form.text("visibility") or "public",
        sensitive=form.flag("sensitive"),
        warning=form.text("spoiler_text"),
        language=form.text("language"),
        parent=form.text("in_reply_to_id"),
        media=tuple(form.texts("media_ids")),
    )
    key = call.request.headers.get("idempotency-key", "")
    return call.shown(call.world.post(call.account, wish, key))


@needs("read")
async def show(call: Call) -> Response:
    """Show one post, or 404 when it is gone or not for these eyes (methods/statuses)."""
    return call.shown(call.status())


@needs("read")
async def show_many(call: Call) -> Response:
    """Show posts by id, leaving out what is gone: since Mastodon 4.3 (methods/statuses, index)."""
    if not call.world.dialect.lists_by_id:
        raise Refusal(404, "Not Found")
    asked = call.request.query_params.getlist("id[]")
    if len(asked) > BATCH:
        raise Refusal(422, "Too many statuses")
    found = [call.world.statuses[one] for one in asked if one in call.world.statuses]
    visible = [one for one in found if call.world.visible(call.account, one)]
    return JSONResponse([shapes.status(call.world, one, call.base) for one in visible])


@needs("write")
async def edit(call: Call) -> Response:
    """Change the words of a post (methods/statuses, PUT)."""
    form = await form_of(call.request)
    status = call.world.edit(
        call.account, call.status(), form.text("status"), form.text("spoiler_text")
    )
    return call.shown(status)


@needs("write")
async def delete(call: Call) -> Response:
    """Take a post down and give its source back; the second time it is 404 (methods/statuses)."""
    status = call.status()
    body = {**shapes.status(call.world, status, call.base), "text": status.text}
    call.world.delete(call.account, status)
    return JSONResponse(body)


@needs("read")
async def context(call: Call) -> Response:
    """Show what is above and below a post, depth first (methods/statuses, context)."""
    status, world = call.status(), call.world
    return JSONResponse(
        {
            name: [
                shapes.status(world, one, call.base)
                for one in found
                if world.visible(call.account, one)
            ]
            for name, found in (
                ("ancestors", world.ancestors(status)),
                ("descendants", list(world.descendants(status))),
            )
        }
    )


@needs("write")
async def like(call: Call) -> Response:
    """Like a post; a second like changes nothing (methods/statuses, favourite)."""
    status = call.status()
    call.world.like(call.account, status)
    return call.shown(status)


@needs("write")
async def unlike(call: Call) -> Response:
    """Like a post no more; the second time changes nothing (methods/statuses, unfavourite)."""
    status = call.status()
    status.likes.discard(call.account.id)
    return call.shown(status)


@needs("write")
async def boost(call: Call) -> Response:
    """Share a post; the answer wraps it as `reblog` (methods/statuses, reblog)."""
    return call.shown(call.world.boost(call.account, call.status()))


@needs("write")
async def restrict(call: Call) -> Response:
    """Mute or block somebody, or end that; twice is once (methods/accounts, mute, block)."""
    world, person = call.world, call.request.path_params["id"]
    if person not in world.accounts:
        raise Refusal(404, "Record not found")
    act = call.request.path_params["act"]
    if act.removeprefix("un") not in {"mute", "block"}:
        raise HTTPException(404)
    known = (call.account.id, act.removeprefix("un"), person)
    (world.restricted.discard if act.startswith("un") else world.restricted.add)(known)
    return JSONResponse(shapes.relationship(world, call.account, person))


@needs("read")
async def relationships(call: Call) -> Response:
    """Say whom the account mutes and blocks (methods/accounts, relationships)."""
    asked = call.request.query_params.getlist("id[]")
    return JSONResponse([shapes.relationship(call.world, call.account, one) for one in asked])


@needs("read")
async def account_posts(call: Call) -> Response:
    """List an account's posts, newest first, forty at most (methods/accounts, statuses)."""
    world, asked = call.world, call.request.query_params
    if call.request.path_params["id"] not in world.accounts:
        raise Refusal(404, "Record not found")
    found = [
        one
        for one in world.living()
        if one.author == call.request.path_params["id"]
        and world.visible(call.account, one)
        and not (one.boosted and asked.get("exclude_reblogs") == "true")
        and not (one.parent and asked.get("exclude_replies") == "true")
    ]
    return _page(call, found, lambda one: shapes.status(world, one, call.base))


@needs("read")
async def notifications(call: Call) -> Response:
    """List what happened to an account, newest first (methods/notifications)."""
    kinds = call.request.query_params.getlist("types[]")
    found = [
        one
        for one in call.world.notices
        if one.to == call.account.id
        and (not kinds or one.kind in kinds)
        and call.world.visible(call.account, call.world.statuses[one.status_id])
    ]
    return _page(call, found, lambda one: shapes.notice(call.world, one, call.base))


@needs("read")
async def search(call: Call) -> Response:
    """Find public posts that have all words, newest first, forty at most (methods/search, v2)."""
    words = call.request.query_params.get("q", "").replace('"', "").casefold().split()
    found = [one for one in _public(call) if all(word in one.text.casefold() for word in words)]
    page = _page(call, found if words else [], lambda one: _shown(call, one))
    return JSONResponse({"accounts": [], "hashtags": [], "statuses": orjson.loads(page.body)})


@needs("read")
async def tagged(call: Call) -> Response:
    """List public posts that have a hashtag, newest first (methods/timelines, hashtag)."""
    tag = re.compile(rf"#{re.escape(call.request.path_params['tag'])}\b", re.IGNORECASE)
    found = [one for one in _public(call) if tag.search(one.text)]
    return _page(call, found, lambda one: _shown(call, one))


def _public(call: Call) -> list[Status]:
    return [one for one in call.world.living() if one.visibility == "public" and not one.boosted]


def _shown(call: Call, status: Status) -> shapes.Json:
    return shapes.status(call.world, status, call.base)


def _page(call: Call, found: Sequence[Any], shape: Callable[[Any], shapes.Json]) -> Response:
    """Cut a list by max_id, since_id, min_id and limit, with a Link header (api/guidelines)."""
    asked = call.request.query_params
    limit = min(int(asked.get("limit", "20")), 40)
    below = int(asked.get("max_id", sys.maxsize))
    above = int(asked.get("min_id", asked.get("since_id", "0")))
    kept = [one for one in found if above < int(one.id) < below]
    # min_id asks for what follows at once; the others for the newest.
    cut = kept[:limit] if "min_id" in asked else kept[-limit:]
    page = cut[::-1]
    headers = {}
    if page:
        url = call.request.url
        older = url.include_query_params(max_id=page[-1].id)
        newer = url.include_query_params(min_id=page[0].id)
        headers["Link"] = f'<{older}>; rel="next", <{newer}>; rel="prev"'
    return JSONResponse([shape(one) for one in page], headers=headers)


async def join(request: Request) -> Response:
    """Control: create an account {username, name?, scopes?} or find it, and give its token."""
    asked = await request.json()
    account = request.app.state.world.join(
        asked["username"], name=asked.get("name", ""), scopes=asked.get("scopes", "")
    )
    return JSONResponse(
        {"id": account.id, "username": account.username, "access_token": account.token}
    )


async def ledger(request: Request) -> Response:
    """Control: list every post that was ever stored, deleted or not; ?account= narrows it."""
    world: World = request.app.state.world
    entries = [shapes.entry(world, one) for one in world.statuses.values()]
    wanted = request.query_params.get("account")
    kept = [one for one in entries if wanted in {None, one["account"]}]
    return JSONResponse({"count": len(kept), "statuses": kept})


async def adjust(request: Request) -> Response:
    """Control: set `media_polls` (how often a picture is not ready) and `offset_seconds`."""
    world: World = request.app.state.world
    asked = await request.json()
    world.media_polls = int(asked.get("media_polls", world.media_polls))
    world.offset = timedelta(
        seconds=float(asked.get("offset_seconds", world.offset.total_seconds()))
    )
    return JSONResponse(
        {"media_polls": world.media_polls, "offset_seconds": world.offset.total_seconds()}
    )


async def refuse(request: Request, error: Exception) -> Response:  # noqa: ARG001  the shape of a handler
    """Answer a refusal in Mastodon's form: {"error": …}."""
    if isinstance(error, Refusal):
        return JSONResponse({"error": error.said}, error.status)
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail}, error.status_code)
    return JSONResponse({"error": str(error)}, 400)


def routes() -> list[BaseRoute]:
    """Return every route but the faults'."""
    return [
        Route("/api/v2/instance", instance),
        Route("/api/v1/accounts/verify_credentials", verify_account),
        Route("/api/v1/apps/verify_credentials", verify_app),
        Route("/api/v2/media", upload, methods=["POST"]),
        Route("/api/v1/media/{id}", show_upload),
        Route("/api/v1/statuses", post, methods=["POST"]),
        Route("/api/v1/statuses", show_many, methods=["GET"]),
        Route("/api/v1/statuses/{id}", show, methods=["GET"]),
        Route("/api/v1/statuses/{id}", edit, methods=["PUT"]),
        Route("/api/v1/statuses/{id}", delete, methods=["DELETE"]),
        Route("/api/v1/statuses/{id}/context", context),
        Route("/api/v1/statuses/{id}/favourite", like, methods=["POST"]),
        Route("/api/v1/statuses/{id}/unfavourite", unlike, methods=["POST"]),
        Route("/api/v1/statuses/{id}/reblog", boost, methods=["POST"]),
        Route("/api/v1/accounts/relationships", relationships),
        Route("/api/v1/accounts/{id}/statuses", account_posts),
        Route("/api/v1/accounts/{id}/{act}", restrict, methods=["POST"]),
        Route("/api/v1/notifications", notifications),
        Route("/api/v2/search", search),
        Route("/api/v1/timelines/tag/{tag}", tagged),
        Route(f"{CONTROL}accounts", join, methods=["POST"]),
        Route(f"{CONTROL}ledger", ledger),
        Route(f"{CONTROL}settings", adjust, methods=["POST"]),
        *pages.routes(),
    ]


class Stamped:
    """Puts the server's own date and the rate limit headers on every answer.

    300 requests in five minutes; the reset is a time in ISO 8601 (Mastodon documentation,
    api/rate-limits). Nothing is refused for it: a rate limit is a fault to be asked for.
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
        remaining = 0 if status == 429 else RATE_LIMIT - 1
        stamps = {
            "date": format_datetime(now.replace(microsecond=0), usegmt=True),
            "x-ratelimit-limit": str(RATE_LIMIT),
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-reset": shapes.moment(now + RATE_WINDOW),
        }
        return [(name.encode(), value.encode()) for name, value in stamps.items()]


def utc_now() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


def create_simulator(
    *, dialect: str = "mastodon", clock: Callable[[], datetime] = utc_now
) -> ASGIApp:
    """Return a fresh server of a dialect: "mastodon", "gotosocial" or "writeonly"."""
    world, faults = World(DIALECTS[dialect], clock), Faults()
    app = Starlette(
        routes=[*routes(), *fault_routes(faults, prefix=CONTROL)],
        exception_handlers={Refusal: refuse, Unreadable: refuse, HTTPException: refuse},
    )
    app.state.world = world
    return Stamped(Faulty(app, faults=faults, control=CONTROL), world)


def main() -> None:
    """Serve one simulator until it is interrupted."""
    parser = argparse.ArgumentParser(description="A stand-in for a Mastodon server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="mastodon")
    asked = parser.parse_args()
    opened = listen(asked.host, asked.port)
    sys.stdout.write(f"ready http://{asked.host}:{opened.getsockname()[1]} {asked.dialect}\n")
    sys.stdout.flush()
    server(create_simulator(dialect=asked.dialect)).run(sockets=[opened])


if __name__ == "__main__":
    main()
