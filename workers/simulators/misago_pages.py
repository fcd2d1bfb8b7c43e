"""What a person sees who opens a simulated Misago forum in a browser."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from workers.simulators.misago_world import Post, Thread, World

STYLE = """
:root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif }
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem } h1 { font-size: 1.4rem }
article { border: 1px solid #8884; border-radius: .5rem; margin: 1rem 0; padding: .5rem 1rem }
a { color: inherit } small { color: #888 } p { white-space: pre-wrap; overflow-wrap: anywhere }
"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def routes() -> list[BaseRoute]:
    """Return the pages of threads; the front page belongs to the API, which reads it."""
    return [
        Route("/t/{slug}/{id:int}/", thread),
        Route("/t/{slug}/{id:int}/post/{post:int}/", thread),
    ]


def listed(world: World) -> str:
    """Return the threads that anybody can see, newest first, as links."""
    found = [one for one in world.threads.values() if _is_public(one)]
    return "".join(
        f'<article><a href="/t/{one.slug}/{one.id}/">{escape(one.title)}</a></article>'
        for one in reversed(found)
    )


async def thread(request: Request) -> Response:
    """Show a thread and its posts, oldest first."""
    world: World = request.app.state.world
    found = world.threads.get(request.path_params["id"])
    if found is None or not _is_public(found):
        return HTMLResponse("<p>There is no such thread.</p>", 404, headers=HEADERS)
    posts = [
        one
        for one in world.posts.values()
        if one.thread == found.id and not (one.event or one.deleted or one.unapproved)
    ]
    title = escape(found.title)
    words = "".join(_article(world, one) for one in posts)
    page = (
        f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{STYLE}</style>"
        f'<p><a href="/">All threads</a></p><h1>{title}</h1>{words}'
    )
    return HTMLResponse(page, headers=HEADERS)


def _is_public(one: Thread) -> bool:
    return not (one.deleted or one.hidden)


def _article(world: World, one: Post) -> str:
    author = escape(world.accounts[one.author].username)
    words = "<i>This post is hidden.</i>" if one.hidden else escape(one.text)
    likes = f" · {len(one.likes)} ♥" if one.likes else ""
    return (
        f'<article id="post-{one.id}"><small>{author} · {one.at:%Y-%m-%d %H:%M}{likes}</small>'
        f"<p>{words}</p></article>"
    )
