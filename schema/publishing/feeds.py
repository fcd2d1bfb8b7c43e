"""Feeds as anybody reads them: RSS, Atom, JSON Feed, and a plain page for every entry."""

import base64
import hashlib
import html
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from hub.channels.operations import public_channel
from hub.channels.platforms.base import MediaFacts
from hub.content.storage import picture_key
from hub.kernel.caller import Caller
from hub.kernel.reading import Reader
from hub.kernel.work import Hub
from hub.publishing.feeds import (
    ATOM_TYPE,
    JSON_FEED_TYPE,
    RSS_TYPE,
    Enclosure,
    FeedEntry,
    FeedInfo,
    etag,
    to_atom,
    to_json_feed,
    to_rss,
)
from hub.publishing.queries import FeedItem, feed_item, feed_items, feed_settings
from schema.base.masking import is_unreachable
from schema.context import Context

_FORMATS: dict[str, tuple[str, Callable[[FeedInfo, Sequence[FeedEntry]], bytes]]] = {
    "rss.xml": (RSS_TYPE, to_rss),
    "atom.xml": (ATOM_TYPE, to_atom),
    "feed.json": (JSON_FEED_TYPE, to_json_feed),
}
_STYLE = (
    "body{font:1.1rem/1.6 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}"
    "img{max-width:100%;height:auto}footer{color:#666;font-size:.9rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: Whatever a text might smuggle in, nothing in it runs, frames, or sends a form.
_PAGE_POLICY = (
    f"default-src 'none'; img-src https: http:; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FRESH = {"cache-control": "public, max-age=60", "x-content-type-options": "nosniff"}


@dataclass(frozen=True, kw_only=True)
class _Feed:
    """A feed that exists: whose it is, what it says of itself, where it is."""

    caller: Caller
    channel_id: UUID
    settings: dict[str, Any]
    address: str
    context: Context

    @property
    def home(self) -> str:
        return str(self.settings.get("site_url") or self.address)


async def _feed(request: Request) -> Response:
    known = _FORMATS.get(request.path_params["format"])
    feed = await _found(request) if known else None
    if known is None or feed is None:
        return _nothing()
    media_type, render = known
    info = FeedInfo(
        title=feed.settings["title"],
        description=feed.settings.get("description", ""),
        home_url=feed.home,
        feed_url=f"{feed.address}/{request.path_params['format']}",
        language=feed.settings.get("language", ""),
    )
    items = await feed_items(feed.context.reader, feed.caller, feed.channel_id)
    return _cached(request, render(info, [_entry(feed, item) for item in items]), media_type)


async def _page(request: Request) -> Response:
    feed = await _found(request)
    if feed is None:
        return _nothing()
    item = await feed_item(
        feed.context.reader, feed.caller, feed.channel_id, request.path_params["publication"]
    )
    if item is None:
        return _nothing()
    entry = _entry(feed, item)
    # Cleaned when it was rendered, approved as it is, and shown as it was approved.
    text = entry.html
    shown_at = html.escape(item.published_at.strftime("%Y-%m-%d %H:%M UTC"))
    body = (
        f"<article><h1>{html.escape(entry.title)}</h1>{text}</article>"
        f'<footer>{shown_at} · <a href="{html.escape(feed.home)}">'
        f"{html.escape(feed.settings['title'])}</a></footer>"
    )
    return _html(request, feed, title=entry.title, body=body)


async def _index(request: Request) -> Response:
    feed = await _found(request)
    if feed is None:
        return _nothing()
    items = await feed_items(feed.context.reader, feed.caller, feed.channel_id)
    entries = [_entry(feed, item) for item in items]
    listed = "".join(
        f'<li><a href="{html.escape(entry.url)}">{html.escape(entry.title)}</a></li>'
        for entry in entries
    )
    title = feed.settings["title"]
    body = (
        f"<h1>{html.escape(title)}</h1><p>{html.escape(feed.settings.get('description', ''))}</p>"
        f"<ul>{listed}</ul><footer>"
        + " · ".join(
            f'<a href="{html.escape(feed.address)}/{name}">{name}</a>' for name in _FORMATS
        )
        + "</footer>"
    )
    return _html(request, feed, title=title, body=body)


def _answering(
    serve: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await serve(request)
        except Exception as error:
            if not is_unreachable(error):
                raise
            return PlainTextResponse(
                "Try again shortly.\n", status_code=503, headers={"retry-after": "5"}
            )

    return answer


#: All public: an address that cannot be guessed is the only key, as readers of feeds expect.
routes = [
    Route("/feeds/{key}", _answering(_index), methods=["GET"]),
    Route("/feeds/{key}/{publication:uuid}", _answering(_page), methods=["GET"]),
    Route("/feeds/{key}/{format}", _answering(_feed), methods=["GET"]),
]


async def _found(request: Request) -> _Feed | None:
    hub: Hub = request.app.state.hub
    reader: Reader = request.app.state.reader
    key = request.path_params["key"]
    async with hub.unscoped() as session:
        found = await public_channel(session, key=key) if _is_key(key) else None
    if found is None:
        return None
    workspace_id, channel_id = found
    caller = Caller.system(workspace_id)
    settings = await feed_settings(reader, caller, channel_id)
    if settings is None:
        return None
    context = Context(hub=hub, reader=reader, known=caller)
    return _Feed(
        caller=caller,
        channel_id=channel_id,
        settings=settings,
        address=f"{context.public_url}/feeds/{key}",
        context=context,
    )


def _is_key(key: str) -> bool:
    return len(key) <= 64 and key.isascii() and key.replace("-", "").replace("_", "").isalnum()


def _entry(feed: _Feed, item: FeedItem) -> FeedEntry:
    content = item.content
    pictures = [media for part in content.parts for media in part.media]
    own_page = f"{feed.address}/{item.id}"
    return FeedEntry(
        id=item.id,
        title=content.title,
        html=str(content.fields["html"]) + "".join(_shown(feed, media) for media in pictures),
        url=str(content.fields.get("link") or own_page),
        published_at=item.published_at,
        updated_at=item.updated_at,
        tags=tuple(content.fields.get("tags", ())),
        image=_enclosure(feed, pictures[0]) if pictures else None,
    )


def _shown(feed: _Feed, media: MediaFacts) -> str:
    address = html.escape(_address(feed, media))
    if media.is_video:
        said = html.escape(media.alt)
        return f'<p><video controls src="{address}" aria-label="{said}"></video></p>'
    return f'<p><img src="{address}" alt="{html.escape(media.alt)}"></p>'


def _enclosure(feed: _Feed, media: MediaFacts) -> Enclosure:
    return Enclosure(url=_address(feed, media), mime=media.mime, size=media.size)


def _address(feed: _Feed, media: MediaFacts) -> str:
    return feed.context.asset_url(picture_key(feed.caller.workspace_id, media.sha256))


def _html(request: Request, feed: _Feed, *, title: str, body: str) -> Response:
    language = html.escape(feed.settings.get("language", "en"))
    links = "".join(
        f'<link rel="alternate" type="{media_type.partition(";")[0]}" '
        f'href="{html.escape(feed.address)}/{name}">'
        for name, (media_type, _) in _FORMATS.items()
    )
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title>{links}<style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>"
    )
    response = _cached(request, page.encode(), "text/html; charset=utf-8")
    response.headers["content-security-policy"] = _PAGE_POLICY
    return response


def _cached(request: Request, body: bytes, media_type: str) -> Response:
    tag = etag(body)
    headers = {**_FRESH, "etag": tag}
    given = request.headers.get("if-none-match", "")
    if given.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in given.split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "content-type": media_type})


def _nothing() -> Response:
    return HTMLResponse("<h1>There is nothing here</h1>", status_code=404)
