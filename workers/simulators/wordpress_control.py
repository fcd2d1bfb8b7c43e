"""The back door of a simulated WordPress site: its users, its ledger, what other people do."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from workers.simulators import wordpress_json as shapes
from workers.simulators.wordpress_world import World


def routes(prefix: str) -> list[BaseRoute]:
    """Return the control routes under a prefix."""
    return [
        Route(f"{prefix}accounts", join, methods=["POST"]),
        Route(f"{prefix}ledger", ledger),
        Route(f"{prefix}answer", answer, methods=["POST"]),
        Route(f"{prefix}like", like, methods=["POST"]),
        Route(f"{prefix}change", change, methods=["POST"]),
        Route(f"{prefix}settings", adjust, methods=["POST"]),
    ]


async def join(request: Request) -> Response:
    """Control: create a user {username, role?} or find it; say how a channel is connected to it."""
    asked = await request.json()
    user = request.app.state.world.join(asked["username"], role=asked.get("role", "editor"))
    return JSONResponse(
        {
            "username": user.login,
            "settings": {"base_url": str(request.base_url).rstrip("/")},
            "secrets": {"username": user.login, "application_password": user.password},
        }
    )


async def ledger(request: Request) -> Response:
    """Control: list all a user ever made public, deleted or not, and their drafts and pictures."""
    world: World = request.app.state.world
    user = world.join(request.query_params["account"])
    return JSONResponse(shapes.ledger(world, user))


async def answer(request: Request) -> Response:
    """Control: {account, post, text, count?, held?}: let somebody write below a post or comment."""
    world: World = request.app.state.world
    asked = await request.json()
    kind, _, number = str(asked["post"]).partition("/")
    parent = int(number) if kind == "comments" else 0
    post = world.posts[world.comments[parent].post if parent else int(number)]
    user = world.join(asked["account"], role="subscriber")
    made = [
        world.keep_comment(post, parent, asked["text"], user=user, held=asked.get("held", False))
        for _ in range(asked.get("count", 1))
    ]
    ids = [f"comments/{one.id}" for one in made]
    return JSONResponse({"id": ids[0], "ids": ids})


async def like(request: Request) -> Response:  # noqa: ARG001  the shape of a route
    """Control: nobody can like a post: WordPress has no likes."""
    return JSONResponse({"error": "WordPress has no likes."}, 422)


async def change(request: Request) -> Response:
    """Control: {id, …}: let a person at the site change a post or a comment behind our back."""
    world: World = request.app.state.world
    asked = await request.json()
    kind, _, number = str(asked.pop("id")).partition("/")
    found = (world.comments if kind == "comments" else world.posts)[int(number)]
    for name, value in asked.items():
        setattr(found, name, value)
    return JSONResponse({"id": f"{kind}/{number}"})


async def adjust(request: Request) -> Response:
    """Control: set zone_hours, offset_seconds, flood, moderation and maintenance."""
    world: World = request.app.state.world
    asked = await request.json()
    hours = float(asked.get("zone_hours", world.zone.total_seconds() / 3600))
    seconds = float(asked.get("offset_seconds", world.offset.total_seconds()))
    world.zone, world.offset = timedelta(hours=hours), timedelta(seconds=seconds)
    world.flood = bool(asked.get("flood", world.flood))
    world.moderation = bool(asked.get("moderation", world.moderation))
    world.maintenance = bool(asked.get("maintenance", world.maintenance))
    return JSONResponse(
        {
            "zone_hours": hours,
            "offset_seconds": seconds,
            "flood": world.flood,
            "moderation": world.moderation,
            "maintenance": world.maintenance,
        }
    )
