"""A stand-in for a local paper with an RSS feed, for monitors that listen to feeds.

Articles appear by its control route, under /_sim/.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

CONTROL = "/_sim/"
TITLE = "The Saltby Courier"


@dataclass(frozen=True, kw_only=True)
class Article:
    """Something that was printed."""

    title: str
    text: str
    printed_at: datetime


@dataclass(kw_only=True)
class Paper:
    """What was printed so far; `offset` is how far its clock is from the real one."""

    clock: Callable[[], datetime]
    offset: timedelta = timedelta()
    articles: list[Article] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the paper's time."""
        return self.clock().astimezone(UTC) + self.offset


async def feed(request: Request) -> Response:
    """Show the newest articles as RSS 2.0; what a reader knows already is not sent again.

    RSS 2.0 specification (rssboard.org): title, link and description are required of a channel.
    """
    paper: Paper = request.app.state.paper
    base = str(request.base_url).rstrip("/")
    items = "".join(
        f"<item><title>{escape(one.title)}</title><link>{base}/{number}</link>"
        f"<guid>{base}/{number}</guid><description>{escape(one.text)}</description>"
        f"<pubDate>{format_datetime(one.printed_at)}</pubDate></item>"
        for number, one in reversed([*enumerate(paper.articles, start=1)])
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
        f"<title>{TITLE}</title><link>{base}</link><description>All of Saltby.</description>"
        f"<language>en</language>{items}</channel></rss>"
    ).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, media_type="application/rss+xml", headers={"ETag": tag})


async def article(request: Request) -> Response:
    """Show one article."""
    paper: Paper = request.app.state.paper
    number = request.path_params["number"]
    if not 1 <= number <= len(paper.articles):
        return JSONResponse({"error": "There is no such article"}, 404)
    one = paper.articles[number - 1]
    return Response(
        f"<h1>{escape(one.title)}</h1><p>{escape(one.text)}</p>", media_type="text/html"
    )


async def print_article(request: Request) -> Response:
    """Control: let an article {title, text} appear."""
    paper: Paper = request.app.state.paper
    asked = await request.json()
    paper.articles.append(Article(title=asked["title"], text=asked["text"], printed_at=paper.now()))
    return JSONResponse({"url": f"{request.base_url}{len(paper.articles)}"})


async def adjust(request: Request) -> Response:
    """Control: set `offset_seconds`."""
    paper: Paper = request.app.state.paper
    paper.offset = timedelta(seconds=float((await request.json())["offset_seconds"]))
    return JSONResponse({"offset_seconds": paper.offset.total_seconds()})


def utc_now() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


def create_press(*, clock: Callable[[], datetime] = utc_now) -> ASGIApp:
    """Return a paper in which nothing was printed yet."""
    app = Starlette(
        routes=[
            Route("/feed.xml", feed),
            Route("/{number:int}", article),
            Route(f"{CONTROL}articles", print_article, methods=["POST"]),
            Route(f"{CONTROL}settings", adjust, methods=["POST"]),
        ]
    )
    app.state.paper = Paper(clock=clock)
    return app
