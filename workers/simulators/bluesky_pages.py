"""What a person sees who opens a link to a simulated post in a browser."""

from collections.abc import Iterator
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from workers.simulators import bluesky_json as shapes
from workers.simulators.bluesky_world import POST, Json, Record, Refusal, World

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 37rem; margin: 2rem auto; padding: 0 1rem }
article { border-bottom: 1px solid #8884; padding: 1rem 0 }
article.main { font-size: 1.15rem } article.reply { margin-left: 1.5rem }
header a, footer a { color: inherit; text-decoration: none } header, footer { color: #888 }
header b { color: canvastext; margin-right: .4rem } p { white-space: pre-wrap }
p { overflow-wrap: anywhere } a { color: #0a7aff } img { max-width: 100%; border-radius: .75rem }
.card { display: block; border: 1px solid #8884; border-radius: .75rem; padding: .75rem }
"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def routes() -> list[BaseRoute]:
    """Return the pages, and the pictures on them."""
    return [
        Route("/", timeline),
        Route("/profile/{actor}", profile),
        Route("/profile/{actor}/post/{rkey}", thread),
        Route("/blob/{cid}", blob),
    ]


async def timeline(request: Request) -> Response:
    """Show every post, newest first."""
    world: World = request.app.state.world
    return _page("Discover", [(one, "") for one in reversed(list(world.of(POST)))], world)


async def profile(request: Request) -> Response:
    """Show the posts of one account, newest first."""
    world: World = request.app.state.world
    author = world.find(request.path_params["actor"])
    if author is None:
        raise Refusal(404, "NotFound", "Profile not found")
    found = [one for one in world.of(POST) if one.did == author.did]
    return _page(author.name, [(one, "") for one in reversed(found)], world)


async def thread(request: Request) -> Response:
    """Show a post with what it answers and what was answered to it."""
    world: World = request.app.state.world
    author = world.find(request.path_params["actor"])
    did = author.did if author else ""
    record = world.indexed(f"at://{did}/{POST}/{request.path_params['rkey']}")
    if record is None:
        raise Refusal(404, "NotFound", "Post not found")
    parent = world.indexed(record.value.get("reply", {}).get("parent", {}).get("uri", ""))
    above = [(parent, "")] if parent else []
    below = [(one, "reply") for one in _below(world, record)]
    title = f"{world.accounts[record.did].name}: {record.value['text'][:60]}"
    return _page(title, [*above, (record, "main"), *below], world)


async def blob(request: Request) -> Response:
    """Give the bytes of a picture as they were uploaded."""
    world: World = request.app.state.world
    mime, data = world.blobs.get(request.path_params["cid"], ("", b""))
    if not mime.startswith("image/"):
        raise Refusal(404, "NotFound", "Blob not found")
    return Response(data, media_type=mime, headers=HEADERS)


def _below(world: World, record: Record) -> Iterator[Record]:
    waiting = world.replies(record.uri)
    while waiting:
        one = waiting.pop(0)
        yield one
        waiting = [*world.replies(one.uri), *waiting]


def _post(world: World, record: Record, kind: str) -> str:
    shown, author = shapes.post(world, record), world.accounts[record.did]
    embed = record.value.get("embed", {})
    return (
        f'<article class="{kind}">'
        f'<header><a href="/profile/{author.did}"><b>{escape(author.name)}</b>'
        f"@{escape(author.handle)}</a></header>"
        f"<p>{_marked(record.value)}</p>{_pictures(embed)}{_card(embed)}"
        f'<footer><a href="/profile/{author.did}/post/{escape(record.rkey)}">'
        f"<time>{record.indexed_at:%Y-%m-%d %H:%M} UTC</time></a> · "
        f"{shown['replyCount']} answers · {shown['repostCount']} reposts · "
        f"{shown['likeCount']} likes</footer></article>"
    )


def _marked(value: Json) -> str:
    raw, at, pieces = str(value["text"]).encode(), 0, []
    for facet in sorted(value.get("facets", ()), key=lambda one: one["index"]["byteStart"]):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        feature = facet["features"][0]
        where = feature.get("uri") or (f"/profile/{feature['did']}" if "did" in feature else "/")
        pieces.append(escape(raw[at:start].decode(errors="replace")))
        label = escape(raw[start:end].decode(errors="replace"))
        pieces.append(f'<a href="{escape(where)}" rel="nofollow">{label}</a>')
        at = end
    return "".join([*pieces, escape(raw[at:].decode(errors="replace"))])


def _pictures(embed: Json) -> str:
    return "".join(
        f'<img src="/blob/{escape(image["image"]["ref"]["$link"])}" alt="{escape(image["alt"])}">'
        for image in embed.get("images", ())
    )


def _card(embed: Json) -> str:
    card = embed.get("external")
    if not card:
        return ""
    title, description = escape(card["title"]), escape(card["description"])
    return (
        f'<a class="card" href="{escape(card["uri"])}" rel="nofollow">'
        f"<b>{title}</b><br>{description}</a>"
    )


def _page(title: str, shown: list[tuple[Record, str]], world: World) -> Response:
    body = "".join(_post(world, record, kind) for record, kind in shown)
    return HTMLResponse(
        f"<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<meta name='viewport' content='width=device-width'><title>{escape(title)}</title>"
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>"
        f"{body or '<p>Nothing here yet.</p>'}<p><a href='/'>Simulated sky</a></p></html>",
        headers=HEADERS,
    )
