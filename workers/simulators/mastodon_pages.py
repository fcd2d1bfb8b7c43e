"""What a person sees who opens a link to a simulated post in a browser."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from workers.simulators import mastodon_json as shapes
from workers.simulators.mastodon_world import Account, Refusal, Status, World

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 38rem; margin: 2rem auto; padding: 0 1rem }
article { border: 1px solid #8884; border-radius: .75rem; padding: 1rem; margin: 1rem 0 }
article.main { border-color: #6364ff; box-shadow: 0 0 0 1px #6364ff }
article.reply { margin-left: 1.5rem }
header a, footer a { color: inherit; text-decoration: none }
header b { margin-right: .4rem } header, footer { color: #888 }
header b { color: canvastext } img { max-width: 100%; border-radius: .5rem }
.invisible { font-size: 0 } .ellipsis::after { content: "…" } p { overflow-wrap: anywhere }
"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def routes() -> list[BaseRoute]:
    """Return the pages, and the pictures on them."""
    return [
        Route("/", timeline),
        Route("/@{name}", profile),
        Route("/@{name}/{id}", thread),
        Route("/users/{name}/statuses/{id}", moved),
        Route("/media/{id}", media),
    ]


async def timeline(request: Request) -> Response:
    """Show every public post, newest first."""
    world: World = request.app.state.world
    found = [one for one in world.living() if one.visibility == "public" and not one.boosted]
    return _page(request, "Public timeline", "".join(_post(request, one) for one in found[::-1]))


async def profile(request: Request) -> Response:
    """Show the public posts of one account, newest first."""
    world: World = request.app.state.world
    author = _author(request)
    found = [one for one in world.living() if one.author == author.id and world.visible(None, one)]
    return _page(request, author.name, "".join(_post(request, one) for one in found[::-1]))


async def thread(request: Request) -> Response:
    """Show a post with what it answers and what was answered to it."""
    world: World = request.app.state.world
    author, status = _author(request), world.seen(None, request.path_params["id"])
    if status.author != author.id:
        raise Refusal(404, "Record not found")
    shown = [
        *((one, "") for one in world.ancestors(status)),
        (status, "main"),
        *((one, "reply") for one in world.descendants(status)),
    ]
    posts = "".join(_post(request, one, kind) for one, kind in shown if world.visible(None, one))
    return _page(request, f"{author.name}: {status.text[:60]}", posts)


async def moved(request: Request) -> Response:
    """Lead from the lasting id of a post to its page, as a server does for browsers."""
    where = request.path_params
    return RedirectResponse(f"/@{where['name']}/{where['id']}")


async def media(request: Request) -> Response:
    """Give the bytes of a picture as they were uploaded."""
    world: World = request.app.state.world
    picture = world.pictures.get(request.path_params["id"])
    if picture is None:
        raise Refusal(404, "Record not found")
    return Response(picture.upload.data, media_type=picture.upload.mime, headers=HEADERS)


def _author(request: Request) -> Account:
    world: World = request.app.state.world
    author = world.named(request.path_params["name"])
    if author is None:
        raise Refusal(404, "Record not found")
    return author


def _post(request: Request, one: Status, kind: str = "") -> str:
    base = str(request.base_url).rstrip("/")
    shown = shapes.status(request.app.state.world, one, base)
    author = shown["account"]
    warning = f"<p><b>{escape(one.warning)}</b></p>" if one.warning else ""
    pictures = "".join(
        f'<img src="/media/{escape(picture["id"])}" alt="{escape(picture["description"] or "")}">'
        for picture in shown["media_attachments"]
    )
    return (
        f'<article class="{kind}" lang="{escape(one.language)}">'
        f'<header><a href="/@{escape(author["username"])}"><b>{escape(author["display_name"])}</b>'
        f"@{escape(author['username'])}</a></header>"
        f"{warning}{shown['content']}{pictures}"
        f'<footer><a href="/@{escape(author["username"])}/{one.id}">'
        f"<time>{one.created_at:%Y-%m-%d %H:%M} UTC</time></a> · {_counts(shown)}</footer>"
        "</article>"
    )


def _counts(shown: shapes.Json) -> str:
    counted = (
        ("answers", shown["replies_count"]),
        ("shares", shown["reblogs_count"]),
        ("likes", shown["favourites_count"]),
    )
    return " · ".join(f"{number} {word}" for word, number in counted)


def _page(request: Request, title: str, body: str) -> Response:
    server = escape(request.app.state.world.dialect.name)
    return HTMLResponse(
        f"<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<meta name='viewport' content='width=device-width'><title>{escape(title)}</title>"
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>"
        f"{body or '<p>Nothing here yet.</p>'}<p><a href='/'>Simulated {server}</a></p></html>",
        headers=HEADERS,
    )
