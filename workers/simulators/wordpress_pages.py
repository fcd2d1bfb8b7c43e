"""What a person sees who opens a simulated WordPress site in a browser."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from workers.simulators.wordpress_json import shown
from workers.simulators.wordpress_world import IMAGES, Comment, Post, World

STYLE = """
:root { color-scheme: light dark; font: 18px/1.6 Georgia, serif }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
a { color: inherit } img { max-width: 100%; height: auto } figure { margin: 1rem 0 }
small { color: #888 } section div { border-left: 3px solid #8886; margin: 1rem 0; padding: 0 1rem }
section div div { margin-left: 1rem } p { overflow-wrap: anywhere }
"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def routes() -> list[BaseRoute]:
    """Return the pages, and the pictures on them."""
    return [
        Route("/", front),
        Route("/wp-content/uploads/{file}", picture),
        Route("/{slug}/", single),
    ]


async def front(request: Request) -> Response:
    """Show every public post, newest first."""
    world: World = request.app.state.world
    found = [one for one in world.posts.values() if one.status == "publish"]
    found.sort(key=lambda one: (one.date, one.id), reverse=True)
    return _page("A simulated blog", "".join(_article(world, one, short=True) for one in found))


async def single(request: Request) -> Response:
    """Show one public post with its comments."""
    world: World = request.app.state.world
    slug = request.path_params["slug"]
    one = next(
        (post for post in world.posts.values() if post.slug == slug and post.status == "publish"),
        None,
    )
    if one is None:
        return _page("Nothing here", "<p>That page can&rsquo;t be found.</p>", 404)
    said = _comments(world, one, 0)
    return _page(one.title, f"{_article(world, one, short=False)}<section>{said}</section>")


async def picture(request: Request) -> Response:
    """Give the bytes of a picture as they were uploaded."""
    world: World = request.app.state.world
    name = request.path_params["file"]
    found = next((one for one in world.media.values() if one.file == name), None)
    if found is None:
        return _page("Nothing here", "", 404)
    kind = IMAGES.get(name.rpartition(".")[2], "application/octet-stream")
    return Response(found.data, media_type=kind, headers=HEADERS)


def _article(world: World, one: Post, *, short: bool) -> str:
    featured = world.media.get(one.featured_media)
    image = (
        f'<img src="/wp-content/uploads/{escape(featured.file)}" alt="{escape(featured.alt)}">'
        if featured
        else ""
    )
    link = f'<a href="/{escape(one.slug)}/">{one.title}</a>' if short else one.title
    words = f"<p>{one.excerpt}</p>" if short and one.excerpt else one.content
    return (
        f"<article><h2>{link}</h2><small>{one.date + world.zone:%Y-%m-%d %H:%M}</small>"
        f"{image}{words}</article>"
    )


def _comments(world: World, one: Post, parent: int) -> str:
    below = [
        found
        for found in world.comments.values()
        if found.post == one.id and found.parent == parent and found.status == "approved"
    ]
    return "".join(_comment(world, one, found) for found in below)


def _comment(world: World, one: Post, found: Comment) -> str:
    return (
        f'<div id="comment-{found.id}"><b>{escape(found.name)}</b>{shown(found.content)}'
        f"{_comments(world, one, found.id)}</div>"
    )


def _page(title: str, body: str, status: int = 200) -> Response:
    return HTMLResponse(
        f"<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<meta name='viewport' content='width=device-width'><title>{title}</title>"
        f"<style>{STYLE}</style>{body or '<p>Nothing here yet.</p>'}"
        f"<p><a href='/'>A simulated blog</a></p></html>",
        status,
        HEADERS,
    )
