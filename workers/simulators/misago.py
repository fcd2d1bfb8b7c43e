"""A stateful stand-in for a Misago forum, with its traps, for tests and the demo.

Run it with `python -m workers.simulators.misago --port 3000`; control it under /api/_sim/.
What it imitates was seen on a running Misago 0.39.6.
"""

import argparse
import secrets
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from workers.simulators import misago_control as control
from workers.simulators import misago_json as shapes
from workers.simulators import misago_pages as pages
from workers.simulators.forms import Unreadable, form_of
from workers.simulators.misago_words import Refusal, forbidden
from workers.simulators.misago_world import Account, Post, Thread, World
from workers.simulators.serving import Faults, Faulty, fault_routes, listen, server

CONTROL = control.CONTROL
CSRF_COOKIE, SESSION_COOKIE = "csrftoken", "sessionid"
_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Call:
    """One request, and who it comes from."""

    request: Request
    world: World
    account: Account

    @property
    def thread(self) -> Thread:
        """Return the thread named in the path."""
        return self.world.thread(self.account, self.request.path_params["thread"])

    @property
    def post(self) -> Post:
        """Return the post named in the path."""
        named = self.request.path_params
        return self.world.post(self.account, named["thread"], named["post"])

    async def body(self) -> Any:
        """Return the JSON of the request."""
        try:
            return orjson.loads(await self.request.body())
        except orjson.JSONDecodeError as error:
            raise Refusal(400, {"detail": f"JSON parse error - {error}"}) from error


Handler = Callable[[Call], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
GUEST = Account(id=0, username="", password="", role="member", writes=False)


def asked(handler: Handler) -> Endpoint:
    """Find out who asks: guests may only look, and members must prove that they meant it.

    Seen: 403 in JSON for both, with other words. A proxy or another version may show a web page.
    """

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        world: World = request.app.state.world
        account = world.of_session(request.cookies.get(SESSION_COOKIE, ""))
        if request.method in _UNSAFE:
            if world.csrf_pages:
                world.csrf_pages -= 1
                return HTMLResponse("<h1>403 Forbidden</h1><p>CSRF verification failed.</p>", 403)
            if account is None:
                raise forbidden("This action is not available to guests.")
            if not _meant(request):
                raise forbidden("CSRF Failed: CSRF token from the HTTP header incorrect.")
        return await handler(Call(request, world, account or GUEST))

    return endpoint


def _meant(request: Request) -> bool:
    cookie = request.cookies.get(CSRF_COOKIE, "")
    return bool(cookie) and request.headers.get("x-csrftoken") == cookie


async def front(request: Request) -> Response:
    """Show the front page; whoever has no CSRF cookie gets one here."""
    found = pages.listed(request.app.state.world)
    answer = HTMLResponse(shapes.FRONT.replace("</body>", f"{found}</body>"))
    answer.set_cookie(CSRF_COOKIE, secrets.token_hex(16), max_age=31_449_600, samesite="lax")
    return answer


async def sign_in(request: Request) -> Response:
    """Sign in: guests only, with the CSRF cookie; the answer sets the session and a new token.

    Seen: 400 with `code` invalid_login or banned; 403 without the cookie, and when signed in.
    """
    world: World = request.app.state.world
    if world.of_session(request.cookies.get(SESSION_COOKIE, "")):
        raise forbidden("This action is not available to signed in users.")
    if not _meant(request):
        raise forbidden("Your request was rejected because your browser didn't send the cookie.")
    given = await request.json()
    account, session = world.sign_in(str(given.get("username")), str(given.get("password")))
    answer = JSONResponse({**shapes.user(world, account), "acl": {}})
    answer.set_cookie(CSRF_COOKIE, secrets.token_hex(16), max_age=31_449_600, samesite="lax")
    answer.set_cookie(SESSION_COOKIE, session, max_age=1_209_600, httponly=True, samesite="lax")
    return answer


async def who(request: Request) -> Response:
    """Say who is signed in; a session that has ended is a guest, and no error."""
    world: World = request.app.state.world
    account = world.of_session(request.cookies.get(SESSION_COOKIE, ""))
    return JSONResponse(shapes.user(world, account))


@asked
async def editor(call: Call) -> Response:
    """List where threads may be opened: without slugs; 403 when that is nowhere."""
    listed = shapes.editor(call.world, call.account)
    if not listed:
        raise forbidden("No categories that allow new threads are available to you.")
    return JSONResponse(listed)


@asked
async def upload(call: Call) -> Response:
    """Take a file in the field `upload`; it belongs to no post yet."""
    form = await form_of(call.request)
    return JSONResponse(
        shapes.attachment(call.world.upload(call.account, form.files.get("upload")))
    )


@asked
async def open_thread(call: Call) -> Response:
    """Open a thread: again is a second one. The answer does not name its first post."""
    thread = call.world.open_thread(call.account, await call.body())
    url = f"/t/{thread.slug}/{thread.id}/"
    return JSONResponse({"id": thread.id, "title": thread.title, "url": url})


@asked
async def list_threads(call: Call) -> Response:
    """List own threads (list=my), those that wait for approval too, from `start` down."""
    wanted = call.request.query_params
    if wanted.get("list") != "my" or call.account is GUEST:
        raise forbidden("You have to sign in to see list of threads that you have started.")
    start = int(wanted["start"]) if "start" in wanted else None
    return JSONResponse(shapes.threads(call.world, call.account, start))


@asked
async def show_thread(call: Call) -> Response:
    """Show a thread and what the viewer may do in it, without its posts."""
    return JSONResponse(shapes.thread(call.world, call.account, call.thread))


@asked
async def change_thread(call: Call) -> Response:
    """Change the title of a thread, or hide it: 400 when the account may not."""
    thread = call.thread
    for change in await call.body():
        match change:
            case {"op": "replace", "path": "title", "value": value}:
                call.world.retitle(call.account, thread, value)
            case {"op": "replace", "path": "is-hidden", "value": bool(value)}:
                call.world.hide_thread(call.account, thread, hidden=value)
            case _:
                raise Refusal(400, {"id": thread.id, "detail": ["undefined op"]})
    return JSONResponse({"id": thread.id, "detail": ["ok"]})


@asked
async def delete_thread(call: Call) -> Response:
    """Delete a thread: moderators, and authors where the forum lets them; then it is 404."""
    call.world.remove_thread(call.account, call.thread)
    return JSONResponse({})


@asked
async def list_posts(call: Call) -> Response:
    """Show a page of a thread, oldest first; a page that is no more is 404."""
    number = int(call.request.query_params.get("page", "0")) or 1
    return JSONResponse(shapes.page(call.world, call.account, call.thread, number))


@asked
async def reply(call: Call) -> Response:
    """Write in a thread; 403 where it is closed, and when it comes too soon after another."""
    post = call.world.reply(call.account, call.thread, await call.body())
    return JSONResponse(shapes.post(call.world, call.account, post))


@asked
async def change_post(call: Call) -> Response:
    """Write other words over a post."""
    post = call.post
    call.world.edit(call.account, post, await call.body())
    return JSONResponse(shapes.post(call.world, call.account, post))


@asked
async def patch_post(call: Call) -> Response:
    """Like a post, hide it, or let it through: doing it twice changes nothing."""
    post = call.post
    for change in await call.body():
        match change:
            case {"op": "replace", "path": "is-liked", "value": bool(value)}:
                (post.likes.add if value else post.likes.discard)(call.account.id)
            case {"op": "replace", "path": "is-hidden", "value": bool(value)}:
                call.world.hide(call.account, post, hidden=value)
            case {"op": "replace", "path": "is-unapproved", "value": bool(value)}:
                call.world.approve(call.account, post, held=value)
            case _:
                raise Refusal(400, {"id": post.id, "detail": ["undefined op"]})
    return JSONResponse({"id": post.id, "detail": ["ok"]})


@asked
async def delete_post(call: Call) -> Response:
    """Delete a post; all later ones move up."""
    call.world.remove_post(call.account, call.post)
    return JSONResponse({})


@asked
async def source(call: Call) -> Response:
    """Give the Markdown of a post to whoever may edit it."""
    post = call.post
    if post.author != call.account.id and not call.account.moderates:
        raise forbidden("You can't edit other users posts in this category.")
    return JSONResponse({"id": post.id, "post": post.text, "poster": call.account.username})


@asked
async def likes(call: Call) -> Response:
    """List who likes a post."""
    return JSONResponse([shapes.person(call.world.accounts[one]) for one in call.post.likes])


async def picture(request: Request) -> Response:
    """Show an upload to whoever knows its secret."""
    found = request.app.state.world.pictures.get(request.path_params["picture"])
    if found is None or found.secret != request.path_params["secret"]:
        return HTMLResponse("<h1>Page not found</h1>", 404)
    return Response(found.file.data, media_type=found.file.mime)


async def refuse(request: Request, error: Exception) -> Response:
    """Answer a refusal in Misago's form; what is no address at all gets a web page."""
    world: World = request.app.state.world
    if isinstance(error, Refusal):
        return JSONResponse(shapes.refusal(world, error), error.status)
    if isinstance(error, HTTPException) and error.status_code == 405:
        words = f'Method "{request.method}" not allowed.'
        return JSONResponse({"detail": words}, 405)
    if isinstance(error, HTTPException):
        return HTMLResponse("<!DOCTYPE html><title>Page not found</title>", error.status_code)
    return JSONResponse({"detail": str(error)}, 400)


def routes() -> list[BaseRoute]:
    """Return every route but the faults'."""
    threads, thread = "/api/threads/", "/api/threads/{thread:int}/"
    posts, post = f"{thread}posts/", f"{thread}posts/{{post:int}}/"
    return [
        Route("/", front),
        *pages.routes(),
        Route("/a/{secret}/{picture:int}/", picture),
        Route("/api/auth/", sign_in, methods=["POST"]),
        Route("/api/auth/", who, methods=["GET"]),
        Route("/api/attachments/", upload, methods=["POST"]),
        Route(f"{threads}editor/", editor),
        Route(threads, open_thread, methods=["POST"]),
        Route(threads, list_threads, methods=["GET"]),
        Route(thread, show_thread, methods=["GET"]),
        Route(thread, change_thread, methods=["PATCH"]),
        Route(thread, delete_thread, methods=["DELETE"]),
        Route(posts, list_posts, methods=["GET"]),
        Route(posts, reply, methods=["POST"]),
        Route(post, change_post, methods=["PUT"]),
        Route(post, patch_post, methods=["PATCH"]),
        Route(post, delete_post, methods=["DELETE"]),
        Route(f"{post}post_editor/", source),
        Route(f"{post}likes/", likes),
        *control.routes(),
    ]


def utc_now() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


def create_simulator(*, clock: Callable[[], datetime] = utc_now) -> ASGIApp:
    """Return a fresh forum."""
    world, faults = World(clock), Faults()
    app = Starlette(
        routes=[*routes(), *fault_routes(faults, prefix=CONTROL)],
        exception_handlers={Refusal: refuse, Unreadable: refuse, HTTPException: refuse},
    )
    app.state.world = world
    return Faulty(app, faults=faults, control=CONTROL)


def main() -> None:
    """Serve one simulator until it is interrupted."""
    parser = argparse.ArgumentParser(description="A stand-in for a Misago forum.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    given = parser.parse_args()
    opened = listen(given.host, given.port)
    sys.stdout.write(f"ready http://{given.host}:{opened.getsockname()[1]}\n")
    sys.stdout.flush()
    server(create_simulator()).run(sockets=[opened])


if __name__ == "__main__":
    main()
