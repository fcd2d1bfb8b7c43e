"""A stateful stand-in for a WordPress site, with its traps, for tests and the demo.

Run it with `python -m workers.simulators.wordpress --port 8080`; control it under /wp-json/_sim/.
"""

import argparse
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from workers.simulators import wordpress_control as control
from workers.simulators import wordpress_json as shapes
from workers.simulators import wordpress_pages as pages
from workers.simulators.serving import Faults, Faulty, fault_routes, listen, server
from workers.simulators.wordpress_call import Call, open_to_all, signed_in
from workers.simulators.wordpress_world import STRANGER, Comment, Post, Refusal, World

ROOT = "/wp-json"
CONTROL = f"{ROOT}/_sim/"
API = f"{ROOT}/wp/v2"


@open_to_all
async def me(call: Call) -> Response:
    """Say who is asking and what they may do (handbook, users, `me`, context edit)."""
    if call.user is STRANGER:
        raise Refusal(401, "rest_not_logged_in", "You are not currently logged in.")
    return call.answer(shapes.user(call.user, call.base))


@signed_in
async def upload(call: Call) -> Response:
    """Take a picture: raw bytes, named by Content-Disposition (handbook, media)."""
    said = call.request.headers.get("content-disposition", "")
    name = re.search(r'filename="?([^";]+)"?', said)
    if name is None:
        raise Refusal(400, "rest_upload_no_content_disposition", "No Content-Disposition supplied.")
    made = call.world.upload(call.user, name[1], await call.request.body())
    return call.answer(shapes.media(made, call.base), 201)


@open_to_all
async def uploads(call: Call) -> Response:
    """List pictures by slug (handbook, media, `slug`)."""
    slug = call.asked("slug")
    found = [one for one in call.world.media.values() if not slug or one.slug == slug]
    start = call.start()
    page = found[start : start + call.per_page()]
    return call.listing([shapes.media(one, call.base) for one in page], len(found))


@signed_in
async def describe(call: Call) -> Response:
    """Describe a picture; its tags are stripped (handbook, media, `alt_text`)."""
    media = call.world.media.get(call.number)
    if media is None:
        raise Refusal(404, "rest_post_invalid_id", "Invalid post ID.")
    said = (await call.body()).get("alt_text", media.alt)
    media.alt = re.sub(r"<[^>]*>", "", str(said)).strip()
    return call.answer(shapes.media(media, call.base))


@open_to_all
async def terms(call: Call) -> Response:
    """List categories or tags whose name, kept as HTML, holds the words (handbook, categories)."""
    taxonomy, words = call.request.path_params["taxonomy"], call.asked("search").casefold()
    found = [
        one
        for one in call.world.terms.values()
        if one.taxonomy == taxonomy and words in one.name.casefold()
    ]
    start = call.start()
    page = found[start : start + call.per_page()]
    return call.listing([shapes.term(one) for one in page], len(found))


@signed_in
async def new_term(call: Call) -> Response:
    """Make a category or a tag; one that exists is 400 `term_exists` with its id (handbook)."""
    name = str((await call.body()).get("name", ""))
    made = call.world.new_term(call.user, call.request.path_params["taxonomy"], name)
    return call.answer(shapes.term(made), 201)


@signed_in
async def new_post(call: Call) -> Response:
    """Store a post: a slug that is taken gets -2, and unknown `meta` is dropped (handbook, posts).

    Both seen on a running WordPress 6.1.9, for drafts as well.
    """
    made = call.world.new_post(call.user, await call.body())
    return call.answer(shapes.post(call.world, made, call.base, raw=True), 201)


@open_to_all
async def posts(call: Call) -> Response:
    """List posts, newest first; `status=any` leaves out the bin (handbook, posts).

    Past the last page it is 400 `rest_post_invalid_page_number`; a stranger's wish for drafts is
    400 `rest_invalid_param` whose details say `rest_forbidden_status` (seen on a running 6.1.9).
    """
    status, slug = call.asked("status", "publish"), call.asked("slug")
    if status != "publish" and call.user is STRANGER:
        raise Refusal(
            400,
            "rest_invalid_param",
            "Invalid parameter(s): status",
            details={
                "status": {"code": "rest_forbidden_status", "message": "Status is forbidden."}
            },
        )
    found = [
        one
        for one in sorted(call.world.posts.values(), key=lambda one: (one.date, one.id))[::-1]
        if (one.status != "trash" if status == "any" else one.status == status)
        and (not slug or one.slug == slug)
        and (one.status == "publish" or _may_edit(call, one))
    ]
    start = call.start()
    if start and start >= len(found) and "offset" not in call.request.query_params:
        raise Refusal(
            400,
            "rest_post_invalid_page_number",
            "The page number requested is larger than the number of pages available.",
        )
    page = found[start : start + call.per_page()]
    raw = call.asked("context") == "edit"
    return call.listing(
        [shapes.post(call.world, one, call.base, raw=raw) for one in page], len(found)
    )


def _may_edit(call: Call, one: Post) -> bool:
    return one.author == call.user.id or call.user.may("edit_others_posts")


def _post(call: Call) -> Post:
    found = call.world.posts.get(call.number)
    if found is None:
        raise Refusal(404, "rest_post_invalid_id", "Invalid post ID.")
    return found


@signed_in
async def show_post(call: Call) -> Response:
    """Show a post, in the bin or not (handbook, posts; the bin seen on a running 6.1.9)."""
    raw, found = call.asked("context") == "edit", _post(call)
    if raw:
        call.world.require_own(call.user, found, "edit")
    return call.answer(shapes.post(call.world, found, call.base, raw=raw))


@signed_in
async def edit_post(call: Call) -> Response:
    """Change a post; publishing it again changes neither address nor date (handbook, posts)."""
    found = _post(call)
    call.world.edit_post(call.user, found, await call.body())
    return call.answer(shapes.post(call.world, found, call.base, raw=True))


@signed_in
async def delete_post(call: Call) -> Response:
    """Put a post into the bin, or out of the world with `force` (handbook, posts)."""
    found = _post(call)
    if call.asked("force") == "true":
        call.world.require_own(call.user, found, "delete")
        del call.world.posts[found.id]
        return JSONResponse({"deleted": True})
    call.world.trash_post(call.user, found)
    return call.answer(shapes.post(call.world, found, call.base, raw=True))


@signed_in
async def new_comment(call: Call) -> Response:
    """Store a comment; its parent may be gone already (handbook, comments).

    Duplicate 409, closed 403, hasty 400; an answer to a comment that does not exist is taken, as
    seen on a running WordPress 6.1.9.
    """
    made = call.world.new_comment(call.user, await call.body())
    return call.answer(shapes.comment(call.world, made, call.base), 201)


@open_to_all
async def comments(call: Call) -> Response:
    """List comments by post, parent, author, status and date (handbook, comments).

    `after` and `before` are compared with the time on the site's wall, whatever zone they name;
    past the end the list is empty. Both seen on a running WordPress 6.1.9. Who may write no posts
    may ask for no status and no author.
    """
    curious = {"author", "status"} & set(call.request.query_params)
    if curious and not call.user.may("edit_posts"):
        known = 401 if call.user is STRANGER else 403
        raise Refusal(known, "rest_forbidden_param", "Query parameter not permitted")
    found = [one for one in call.world.listed_comments() if _wanted(call, one)]
    found.sort(key=lambda one: one.id, reverse=call.asked("order", "desc") == "desc")
    start = call.start()
    page = found[start : start + call.per_page()]
    return call.listing([shapes.comment(call.world, one, call.base) for one in page], len(found))


def _wanted(call: Call, one: Comment) -> bool:
    status, world = call.asked("status", "approve"), call.world
    states = {"approve": {"approved"}, "all": {"approved", "hold"}}.get(status, {status})
    wall = one.date + world.zone
    after, before = call.asked("after"), call.asked("before")
    return (
        one.status in states
        and call.asked("post") in {"", str(one.post)}
        and call.asked("parent") in {"", str(one.parent)}
        and call.asked("author") in {"", str(one.author)}
        and world.posts[one.post].status != "trash"
        and (not after or wall > _wall(after))
        and (not before or wall < _wall(before))
    )


def _wall(said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=UTC)


def _comment(call: Call) -> Comment:
    found = call.world.comments.get(call.number)
    if found is None or found.post not in call.world.posts:
        raise Refusal(404, "rest_comment_invalid_id", "Invalid comment ID.")
    return found


@signed_in
async def show_comment(call: Call) -> Response:
    """Show a comment; raw words are for moderators (handbook, comments)."""
    found = _comment(call)
    if call.asked("context") == "edit" and not call.user.may("moderate_comments"):
        raise Refusal(403, "rest_forbidden_context", "Sorry, you are not allowed to edit comments.")
    return call.answer(shapes.comment(call.world, found, call.base))


@signed_in
async def edit_comment(call: Call) -> Response:
    """Change the words or the status of a comment below a post one may edit (handbook)."""
    found, wish = _comment(call), await call.body()
    _require_comment(call, found, "edit")
    if "content" in wish:
        found.content = str(wish["content"])
    if "status" in wish:
        call.world.set_comment_status(found, str(wish["status"]))
    return call.answer(shapes.comment(call.world, found, call.base))


@signed_in
async def delete_comment(call: Call) -> Response:
    """Put a comment into the bin; the second time it is 410 (handbook, comments)."""
    found = _comment(call)
    _require_comment(call, found, "delete")
    if found.status == "trash":
        raise Refusal(410, "rest_already_trashed", "The comment has already been trashed.")
    found.status = "trash"
    return call.answer(shapes.comment(call.world, found, call.base))


def _require_comment(call: Call, found: Comment, act: str) -> None:
    if call.user.may("moderate_comments") or _may_edit(call, call.world.posts[found.post]):
        return
    raise Refusal(403, f"rest_cannot_{act}", f"Sorry, you are not allowed to {act} this comment.")


async def refuse(request: Request, error: Exception) -> Response:  # noqa: ARG001  the shape of a handler
    """Answer a refusal as WordPress does: {"code", "message", "data"}."""
    if isinstance(error, HTTPException) and error.status_code == 404:
        error = Refusal(
            404, "rest_no_route", "No route was found matching the URL and request method."
        )
    refusal = error if isinstance(error, Refusal) else Refusal(400, "bad_request", str(error))
    return JSONResponse(shapes.error(refusal), refusal.status)


def routes() -> list[BaseRoute]:
    """Return every route but the faults'."""
    return [
        Route(f"{API}/users/me", me),
        Route(f"{API}/media", upload, methods=["POST"]),
        Route(f"{API}/media", uploads, methods=["GET"]),
        Route(f"{API}/media/{{id:int}}", describe, methods=["POST"]),
        Route(f"{API}/posts", new_post, methods=["POST"]),
        Route(f"{API}/posts", posts, methods=["GET"]),
        Route(f"{API}/posts/{{id:int}}", show_post, methods=["GET"]),
        Route(f"{API}/posts/{{id:int}}", edit_post, methods=["POST"]),
        Route(f"{API}/posts/{{id:int}}", delete_post, methods=["DELETE"]),
        Route(f"{API}/comments", new_comment, methods=["POST"]),
        Route(f"{API}/comments", comments, methods=["GET"]),
        Route(f"{API}/comments/{{id:int}}", show_comment, methods=["GET"]),
        Route(f"{API}/comments/{{id:int}}", edit_comment, methods=["POST"]),
        Route(f"{API}/comments/{{id:int}}", delete_comment, methods=["DELETE"]),
        Route(f"{API}/{{taxonomy}}", new_term, methods=["POST"]),
        Route(f"{API}/{{taxonomy}}", terms, methods=["GET"]),
        *control.routes(CONTROL),
        *pages.routes(),
    ]


class Addressed:
    """Leads `?rest_route=/…` to where `/wp-json/…` leads, as WordPress does, and shuts the door.

    During maintenance everything is a web page with 503 and Retry-After 600, as seen on a running
    WordPress 6.1.9.
    """

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under the address it means."""
        if scope["type"] == "http":
            asked = parse_qs(scope["query_string"].decode("latin-1")).get("rest_route")
            if asked:
                scope = {**scope, "path": f"{ROOT}{asked[0]}"}
            if self._world.maintenance and not scope["path"].startswith(CONTROL):
                page = HTMLResponse(
                    "<!DOCTYPE html><title>Maintenance</title>"
                    "<p>Briefly unavailable for scheduled maintenance.</p>",
                    503,
                    {"Retry-After": "600"},
                )
                await page(scope, receive, send)
                return
        await self._app(scope, receive, send)


def utc_now() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


def create_simulator(*, clock: Callable[[], datetime] = utc_now) -> ASGIApp:
    """Return a fresh site."""
    world, faults = World(clock), Faults()
    app = Starlette(
        routes=[*fault_routes(faults, prefix=CONTROL), *routes()],
        exception_handlers={Refusal: refuse, HTTPException: refuse},
    )
    app.state.world = world
    return Addressed(Faulty(app, faults=faults, control=CONTROL), world)


def main() -> None:
    """Serve one simulator until it is interrupted."""
    parser = argparse.ArgumentParser(description="A stand-in for a WordPress site.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    asked = parser.parse_args()
    opened = listen(asked.host, asked.port)
    sys.stdout.write(f"ready http://{asked.host}:{opened.getsockname()[1]} wordpress\n")
    sys.stdout.flush()
    server(create_simulator()).run(sockets=[opened])


if __name__ == "__main__":
    main()
