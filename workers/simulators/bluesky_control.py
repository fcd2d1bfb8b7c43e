"""The back door of the simulated network: what other people and time do, and the ledger."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from workers.simulators import bluesky_json as shapes
from workers.simulators.bluesky_world import LIKE, POST, REPOST, Record, World, invalid


def routes(*, prefix: str) -> list[BaseRoute]:
    """Return the control routes."""
    acts = {
        "accounts": join,
        "like": point,
        "repost": point,
        "answer": answer,
        "mention": mention,
        "label": label,
        "remove": remove,
        "settings": adjust,
    }
    return [
        *(Route(f"{prefix}{name}", handler, methods=["POST"]) for name, handler in acts.items()),
        Route(f"{prefix}ledger", ledger),
    ]


async def join(request: Request) -> Response:
    """Control: create an account {username} or find it, and say how to connect it."""
    username = (await request.json())["username"]
    account = request.app.state.world.join(username)
    base = str(request.base_url).rstrip("/")
    return JSONResponse(
        {
            "username": username,
            "did": account.did,
            "settings": {"service": base, "app": base},
            "secrets": {"identifier": account.handle, "app_password": account.app_password},
        }
    )


async def ledger(request: Request) -> Response:
    """Control: list every post that was ever stored, deleted or not; ?account= narrows it."""
    world: World = request.app.state.world
    entries = [shapes.entry(world, one) for one in world.history]
    wanted = request.query_params.get("account")
    kept = [one for one in entries if wanted in {None, one["account"]}]
    return JSONResponse({"count": len(kept), "statuses": kept})


async def point(request: Request) -> Response:
    """Control: let somebody {account} like or repost {post}, as the path says."""
    world: World = request.app.state.world
    asked = await request.json()
    kind = LIKE if request.url.path.endswith("/like") else REPOST
    record = _wanted(world, asked["post"])
    subject = {"uri": record.uri, "cid": record.cid}
    value = {"$type": kind, "subject": subject, "createdAt": shapes.moment(world.now())}
    made = world.create(world.join(asked["account"]), kind, value)
    return JSONResponse({"id": made.uri})


async def answer(request: Request) -> Response:
    """Control: let somebody {account} answer {post} with {text}; `created_at` may be any claim."""
    world: World = request.app.state.world
    asked = await request.json()
    parent = _wanted(world, asked["post"])
    strong = {"uri": parent.uri, "cid": parent.cid}
    value = {
        "$type": POST,
        "text": asked["text"],
        "createdAt": asked.get("created_at") or shapes.moment(world.now()),
        "reply": {"root": parent.value.get("reply", {}).get("root", strong), "parent": strong},
    }
    return JSONResponse({"id": world.create(world.join(asked["account"]), POST, value).uri})


async def mention(request: Request) -> Response:
    """Control: let somebody {account} write {text} that begins with naming {of}, a DID."""
    world: World = request.app.state.world
    asked = await request.json()
    name = f"@{world.accounts[asked['of']].handle}"
    value = {
        "$type": POST,
        "text": f"{name} {asked['text']}",
        "createdAt": shapes.moment(world.now()),
        "facets": [
            {
                "index": {"byteStart": 0, "byteEnd": len(name.encode())},
                "features": [{"$type": "app.bsky.richtext.facet#mention", "did": asked["of"]}],
            }
        ],
    }
    return JSONResponse({"id": world.create(world.join(asked["account"]), POST, value).uri})


async def label(request: Request) -> Response:
    """Control: let moderators put a label {val} on a post {post}."""
    asked = await request.json()
    record = _wanted(request.app.state.world, asked["post"])
    record.labels = (*record.labels, asked["val"])
    return JSONResponse({"labels": record.labels})


async def remove(request: Request) -> Response:
    """Control: take a post {post} away, as its author does elsewhere."""
    record = _wanted(request.app.state.world, (await request.json())["post"])
    record.deleted = True
    return JSONResponse({"id": record.uri})


def _wanted(world: World, uri: str) -> Record:
    record = world.living(uri)
    if record is None:
        raise invalid(f"There is no {uri}")
    return record


async def adjust(request: Request) -> Response:
    """Control: set what is given.

    `offset_seconds` moves the clock, `appview` switches the index, `behind` stops it where it is,
    `depth_max` says how deep it follows, `forget_tokens` makes every token worthless,
    `forget_blobs` throws away what was uploaded.
    """
    world: World = request.app.state.world
    asked = await request.json()
    if "offset_seconds" in asked:
        world.offset = timedelta(seconds=float(asked["offset_seconds"]))
    world.appview = bool(asked.get("appview", world.appview))
    world.depth_max = int(asked.get("depth_max", world.depth_max))
    if "behind" in asked:
        world.indexed_to = world.last_number() if asked["behind"] else None
    if asked.get("forget_tokens"):
        world.forget_tokens()
    if asked.get("forget_blobs"):
        world.blobs.clear()
    return JSONResponse({"offset_seconds": world.offset.total_seconds()})
