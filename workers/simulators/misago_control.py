"""The back door of a simulated Misago forum: accounts, a ledger, and what other people do."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from workers.simulators import misago_json as shapes
from workers.simulators.misago_world import Account, Post, World

CONTROL = "/api/_sim/"


async def join(request: Request) -> Response:
    """Control: make an account {username, role?} or find it, and say how to connect it.

    Roles: "member", "author" (may take down their own), "moderator" (the default).
    """
    given = await request.json()
    world: World = request.app.state.world
    account = world.join(given["username"], role=given.get("role", "moderator"))
    base = str(request.base_url).rstrip("/")
    return JSONResponse(
        {
            "id": account.id,
            "username": account.username,
            "settings": {"base_url": base, "category": "3"},
            "secrets": {"username": account.username, "password": account.password},
        }
    )


async def ledger(request: Request) -> Response:
    """Control: list every post that was ever stored, deleted or not; ?account= narrows it."""
    world: World = request.app.state.world
    entries = [shapes.entry(world, one) for one in world.posts.values() if not one.event]
    wanted = request.query_params.get("account")
    kept = [one for one in entries if wanted in {None, one["account"]}]
    return JSONResponse({"count": len(kept), "statuses": kept})


async def adjust(request: Request) -> Response:
    """Control: change how the forum behaves.

    `flood_seconds` between two posts of an account, `floods` (so many posts are refused as too
    quick), `csrf_pages` (so many requests are refused with a web page), `language`,
    `offset_seconds`, `hold` (posts in category 3 wait for approval).
    """
    world: World = request.app.state.world
    given = await request.json()
    world.flood_seconds = float(given.get("flood_seconds", world.flood_seconds))
    world.floods = int(given.get("floods", world.floods))
    world.csrf_pages = int(given.get("csrf_pages", world.csrf_pages))
    world.language = str(given.get("language", world.language))
    world.categories[3].held = bool(given.get("hold", world.categories[3].held))
    seconds = float(given.get("offset_seconds", world.offset.total_seconds()))
    world.offset = timedelta(seconds=seconds)
    return JSONResponse({"offset_seconds": seconds, "floods": world.floods})


async def like(request: Request) -> Response:
    """Control: somebody {account} likes a {post}."""
    world: World = request.app.state.world
    given = await request.json()
    post = world.posts[_number(given["post"])]
    post.likes.add(world.join(given["account"], role="member").id)
    return JSONResponse({"likes": len(post.likes)})


async def answer(request: Request) -> Response:
    """Control: somebody {account} writes {text} below a {post}."""
    world: World = request.app.state.world
    given = await request.json()
    thread = world.threads[world.posts[_number(given["post"])].thread]
    post = world.write(world.join(given["account"], role="member"), thread, given["text"])
    return JSONResponse({"id": f"posts/{post.id}"})


async def moderate(request: Request) -> Response:
    """Control: what a moderator does to a {post} or its thread, or to an {account}.

    Acts: delete, hide, show, hold, approve; close, open, pin, unlist; sign_out, ban, silence.
    """
    world: World = request.app.state.world
    given = await request.json()
    post = world.posts.get(_number(given.get("post", "0")))
    account = world.named(given.get("account", ""))
    if post is not None:
        _moderate_post(world, post, given["act"])
    if account is not None:
        _moderate_account(world, account, given["act"])
    return JSONResponse({"ok": post is not None or account is not None})


def _moderate_post(world: World, post: Post, act: str) -> None:
    thread = world.threads[post.thread]
    match act:
        case "delete":
            post.deleted = True
        case "hide" | "show":
            post.hidden = act == "hide"
        case "hold" | "approve":
            post.unapproved = act == "hold"
        case "close" | "open":
            thread.closed = act == "close"
        case "pin":
            thread.pinned = True
        case "unlist":
            thread.hidden = True


def _moderate_account(world: World, account: Account, act: str) -> None:
    match act:
        case "sign_out":
            kept = {key: who for key, who in world.sessions.items() if who != account.id}
            world.sessions = kept
        case "ban":
            account.banned = True
        case "silence":
            account.writes = False


def _number(remote_id: str) -> int:
    return int(str(remote_id).removeprefix("posts/"))


def routes() -> list[BaseRoute]:
    """Return the control routes but the faults'."""
    return [
        Route(f"{CONTROL}accounts", join, methods=["POST"]),
        Route(f"{CONTROL}ledger", ledger),
        Route(f"{CONTROL}settings", adjust, methods=["POST"]),
        Route(f"{CONTROL}like", like, methods=["POST"]),
        Route(f"{CONTROL}answer", answer, methods=["POST"]),
        Route(f"{CONTROL}moderate", moderate, methods=["POST"]),
    ]
