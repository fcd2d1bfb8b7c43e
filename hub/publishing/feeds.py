"""Entries as RSS 2.0, Atom and JSON Feed 1.1: pure, the same entries give the same bytes."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree import ElementTree as ET

import orjson

RSS_TYPE = "application/rss+xml; charset=utf-8"
ATOM_TYPE = "application/atom+xml; charset=utf-8"
JSON_FEED_TYPE = "application/feed+json; charset=utf-8"

_ATOM = "http://www.w3.org/2005/Atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True)
class FeedInfo:
    """What a feed says of itself. `language` is a BCP 47 tag, or empty."""

    title: str
    description: str
    home_url: str
    feed_url: str
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class Enclosure:
    """A file that belongs to an entry; `size` in bytes."""

    url: str
    mime: str
    size: int


@dataclass(frozen=True, kw_only=True)
class FeedEntry:
    """One published text. `id` never changes, whatever else does; `html` is already safe.

    Times must carry a time zone: ValueError otherwise.
    """

    id: UUID
    title: str
    html: str
    url: str
    published_at: datetime
    updated_at: datetime
    author: str = ""
    tags: tuple[str, ...] = ()
    image: Enclosure | None = None

    def __post_init__(self) -> None:
        """Refuse times that mean something else on every machine."""
        if self.published_at.tzinfo is None or self.updated_at.tzinfo is None:
            raise ValueError("published_at and updated_at need a time zone")


def to_rss(info: FeedInfo, entries: Iterable[FeedEntry]) -> bytes:
    """Return the entries, newest first, as RSS 2.0."""
    ordered = _newest_first(entries)
    root = ET.Element("rss", {"version": "2.0", "xmlns:atom": _ATOM, "xmlns:dc": _DUBLIN_CORE})
    channel = ET.SubElement(root, "channel")
    _add(channel, "title", info.title)
    _add(channel, "link", info.home_url)
    _add(channel, "description", info.description)
    if info.language:
        _add(channel, "language", info.language)
    if ordered:
        _add(channel, "lastBuildDate", _rfc822(_last_change(ordered)))
    _add(channel, "atom:link", "", rel="self", href=info.feed_url, type=_bare(RSS_TYPE))
    for entry in ordered:
        _rss_item(channel, entry)
    return _document(root)


def to_atom(info: FeedInfo, entries: Iterable[FeedEntry]) -> bytes:
    """Return the entries, newest first, as Atom (RFC 4287)."""
    ordered = _newest_first(entries)
    root = ET.Element("feed", {"xmlns": _ATOM})
    if info.language:
        root.set("xml:lang", _clean(info.language))
    _add(root, "id", uuid5(NAMESPACE_URL, _clean(info.feed_url)).urn)
    _add(root, "title", info.title)
    _add(root, "subtitle", info.description)
    _add(root, "updated", _rfc3339(_last_change(ordered)))
    _link(root, rel="self", href=info.feed_url, type=_bare(ATOM_TYPE))
    _link(root, rel="alternate", href=info.home_url, type="text/html")
    # Entries without an author fall back to this one; Atom demands that there is one.
    _author(root, info.title)
    for entry in ordered:
        _atom_entry(root, entry)
    return _document(root)


def to_json_feed(info: FeedInfo, entries: Iterable[FeedEntry]) -> bytes:
    """Return the entries, newest first, as JSON Feed 1.1."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _clean(info.title),
        "home_page_url": _clean(info.home_url),
        "feed_url": _clean(info.feed_url),
        "description": _clean(info.description),
        "language": _clean(info.language),
    }
    items = [_json_item(entry) for entry in _newest_first(entries)]
    return orjson.dumps({**_without_empty(feed), "title": feed["title"], "items": items})


def etag(body: bytes) -> str:
    """Return a strong entity tag, quotes included: it changes exactly when the bytes do."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _rss_item(channel: ET.Element, entry: FeedEntry) -> None:
    item = ET.SubElement(channel, "item")
    _add(item, "title", entry.title)
    if entry.url:
        _add(item, "link", entry.url)
    _add(item, "guid", entry.id.urn, isPermaLink="false")
    _add(item, "pubDate", _rfc822(entry.published_at))
    if entry.author:
        _add(item, "dc:creator", entry.author)
    for tag in entry.tags:
        _add(item, "category", tag)
    _add(item, "description", entry.html)
    if image := entry.image:
        _add(item, "enclosure", "", url=image.url, length=str(image.size), type=image.mime)


def _atom_entry(root: ET.Element, entry: FeedEntry) -> None:
    element = ET.SubElement(root, "entry")
    _add(element, "id", entry.id.urn)
    _add(element, "title", entry.title)
    if entry.url:
        _link(element, rel="alternate", href=entry.url, type="text/html")
    _add(element, "published", _rfc3339(entry.published_at))
    _add(element, "updated", _rfc3339(entry.updated_at))
    if entry.author:
        _author(element, entry.author)
    for tag in entry.tags:
        _add(element, "category", "", term=tag)
    _add(element, "content", entry.html, type="html")
    if image := entry.image:
        _link(element, rel="enclosure", href=image.url, type=image.mime, length=str(image.size))


def _json_item(entry: FeedEntry) -> dict[str, Any]:
    image = entry.image
    item = {
        "id": entry.id.urn,
        "url": _clean(entry.url),
        "title": _clean(entry.title),
        "content_html": _clean(entry.html),
        "date_published": _rfc3339(entry.published_at),
        "date_modified": _rfc3339(entry.updated_at),
        "authors": [{"name": _clean(entry.author)}] if entry.author else [],
        "tags": [_clean(tag) for tag in entry.tags],
        "image": _clean(image.url) if image else "",
        "attachments": [
            {"url": _clean(image.url), "mime_type": image.mime, "size_in_bytes": image.size}
        ]
        if image
        else [],
    }
    # An entry must have content, even where that is nothing.
    return {**_without_empty(item), "content_html": item["content_html"]}


def _newest_first(entries: Iterable[FeedEntry]) -> list[FeedEntry]:
    return sorted(entries, key=lambda entry: (entry.published_at, entry.id), reverse=True)


def _last_change(entries: Sequence[FeedEntry]) -> datetime:
    # An empty feed has never changed; the present would change the entity tag at every reading.
    return max((entry.updated_at for entry in entries), default=_EPOCH)


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _rfc822(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _clean(text: str) -> str:
    """Return the text without the characters XML cannot hold, escaped or not."""
    return _NOT_XML.sub("", text)


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0]


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    cleaned = {key: _clean(value) for key, value in attributes.items()}
    ET.SubElement(parent, name, cleaned).text = _clean(text)


def _link(parent: ET.Element, **attributes: str) -> None:
    _add(parent, "link", "", **attributes)


def _author(parent: ET.Element, name: str) -> None:
    author = ET.SubElement(parent, "author")
    _add(author, "name", name)


def _document(root: ET.Element) -> bytes:
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text
