"""The three feeds say the same, survive hostile text, and change only when their content does."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from time import struct_time
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.publishing.feeds import (
    Enclosure,
    FeedEntry,
    FeedInfo,
    etag,
    to_atom,
    to_json_feed,
    to_rss,
)

INFO = FeedInfo(
    title="Ada & friends",
    description="News <daily>",
    home_url="https://ada.example/?a=1&b=2",
    feed_url="https://hub.example/feeds/1.xml",
    language="fr",
)
FIRST = FeedEntry(
    id=UUID(int=1),
    title="First",
    html="<p>One &amp; <b>two</b></p>",
    url="https://ada.example/first?x=1&y=2",
    published_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    updated_at=datetime(2026, 3, 4, 8, 0, tzinfo=UTC),
    author="Ada",
    tags=("news", "r&d"),
    image=Enclosure(url="https://ada.example/1.png", mime="image/png", size=1234),
)
SECOND = FeedEntry(
    id=UUID(int=2),
    title="Second",
    html="",
    url="",
    published_at=datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=2))),
    updated_at=datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=2))),
)
HOSTILE = [
    "]]> <![CDATA[",
    "<script>alert(1)</script>",
    "&amp; &lt; &nope; \"quoted\" 'too'",
    "\U0001f468\u200d\U0001f469 \u202b\u05d0",
]
WRITERS = (to_rss, to_atom, to_json_feed)


def moment(at: struct_time) -> datetime:
    """Return what feedparser read as a time."""
    return datetime(*at[:6], tzinfo=UTC)


def parsed(body: bytes) -> Any:
    """Read a feed as a third party's reader does, as it is: nothing repaired, nothing removed."""
    feed = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    assert not feed.bozo, feed.bozo_exception
    return feed


def test_rss_reads_back_field_by_field() -> None:
    feed = parsed(to_rss(INFO, [FIRST]))
    assert feed.version == "rss20"
    assert feed.feed.title == "Ada & friends"
    assert feed.feed.subtitle == "News <daily>"
    assert feed.feed.link == "https://ada.example/?a=1&b=2"
    assert feed.feed.language == "fr"
    assert moment(feed.feed.updated_parsed) == FIRST.updated_at
    entry = feed.entries[0]
    assert entry.title == "First"
    assert entry.link == "https://ada.example/first?x=1&y=2"
    assert entry.id == "urn:uuid:00000000-0000-0000-0000-000000000001"
    assert entry.guidislink is False
    assert entry.published == "Sun, 01 Mar 2026 09:30:00 GMT"
    assert entry.author == "Ada"
    assert [tag.term for tag in entry.tags] == ["news", "r&d"]
    assert entry.summary == "<p>One &amp; <b>two</b></p>"
    enclosure = entry.enclosures[0]
    assert (enclosure.href, enclosure.type, enclosure.length) == (
        "https://ada.example/1.png",
        "image/png",
        "1234",
    )


def test_rss_names_itself_and_says_that_the_guid_is_no_link() -> None:
    body = to_rss(INFO, [FIRST])
    assert b'<guid isPermaLink="false">urn:uuid:' in body
    self_link = ET.fromstring(body).find("channel/{http://www.w3.org/2005/Atom}link")
    assert self_link is not None
    assert self_link.attrib == {
        "rel": "self",
        "href": "https://hub.example/feeds/1.xml",
        "type": "application/rss+xml",
    }


def test_atom_reads_back_field_by_field() -> None:
    feed = parsed(to_atom(INFO, [FIRST]))
    assert feed.version == "atom10"
    assert feed.feed.title == "Ada & friends"
    assert feed.feed.subtitle == "News <daily>"
    assert feed.feed.id.startswith("urn:uuid:")
    assert feed.feed.updated == "2026-03-04T08:00:00Z"
    assert {link.rel: link.href for link in feed.feed.links} == {
        "self": "https://hub.example/feeds/1.xml",
        "alternate": "https://ada.example/?a=1&b=2",
    }
    entry = feed.entries[0]
    assert entry.id == "urn:uuid:00000000-0000-0000-0000-000000000001"
    assert entry.title == "First"
    assert entry.link == "https://ada.example/first?x=1&y=2"
    assert entry.published == "2026-03-01T09:30:00Z"
    assert entry.updated == "2026-03-04T08:00:00Z"
    assert entry.author == "Ada"
    assert [tag.term for tag in entry.tags] == ["news", "r&d"]
    content = entry.content[0]
    assert (content.type, content.value) == ("text/html", "<p>One &amp; <b>two</b></p>")
    assert content.language == "fr"
    assert entry.enclosures[0].href == "https://ada.example/1.png"


def test_json_feed_is_exactly_this() -> None:
    assert json.loads(to_json_feed(INFO, [FIRST, SECOND])) == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Ada & friends",
        "home_page_url": "https://ada.example/?a=1&b=2",
        "feed_url": "https://hub.example/feeds/1.xml",
        "description": "News <daily>",
        "language": "fr",
        "items": [
            {
                "id": "urn:uuid:00000000-0000-0000-0000-000000000002",
                "title": "Second",
                "content_html": "",
                "date_published": "2026-03-02T08:00:00Z",
                "date_modified": "2026-03-02T08:00:00Z",
            },
            {
                "id": "urn:uuid:00000000-0000-0000-0000-000000000001",
                "url": "https://ada.example/first?x=1&y=2",
                "title": "First",
                "content_html": "<p>One &amp; <b>two</b></p>",
                "date_published": "2026-03-01T09:30:00Z",
                "date_modified": "2026-03-04T08:00:00Z",
                "authors": [{"name": "Ada"}],
                "tags": ["news", "r&d"],
                "image": "https://ada.example/1.png",
                "attachments": [
                    {
                        "url": "https://ada.example/1.png",
                        "mime_type": "image/png",
                        "size_in_bytes": 1234,
                    }
                ],
            },
        ],
    }


@pytest.mark.parametrize("write", WRITERS[:2])
def test_the_newest_entry_comes_first_in_whatever_order_they_are_given(write: Any) -> None:
    assert write(INFO, [FIRST, SECOND]) == write(INFO, [SECOND, FIRST])
    titles = [entry.title for entry in parsed(write(INFO, [FIRST, SECOND])).entries]
    assert titles == ["Second", "First"]


def test_an_entry_without_author_link_or_picture_leaves_them_out() -> None:
    item = ET.fromstring(to_rss(INFO, [SECOND])).find("channel/item")
    assert item is not None
    assert [element.tag for element in item] == ["title", "guid", "pubDate", "description"]
    entry = ET.fromstring(to_atom(INFO, [SECOND])).find("{http://www.w3.org/2005/Atom}entry")
    assert entry is not None
    names = [element.tag.partition("}")[2] for element in entry]
    assert names == ["id", "title", "published", "updated", "content"]


def test_an_atom_entry_without_author_has_the_feeds() -> None:
    feed = parsed(to_atom(INFO, [SECOND]))
    assert feed.feed.author == "Ada & friends"


def test_an_empty_feed_is_a_feed() -> None:
    assert parsed(to_rss(INFO, [])).entries == []
    atom = parsed(to_atom(INFO, []))
    assert atom.entries == []
    assert atom.feed.updated == "1970-01-01T00:00:00Z"
    assert json.loads(to_json_feed(INFO, []))["items"] == []


def test_a_feed_with_an_empty_title_still_has_one_to_read() -> None:
    assert json.loads(to_json_feed(replace(INFO, title=""), []))["title"] == ""


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_arrives_as_it_was(hostile: str) -> None:
    info = replace(INFO, title=hostile, description=hostile)
    entry = replace(FIRST, title=hostile, html=hostile, author=hostile, tags=(hostile,))
    rss = ET.fromstring(to_rss(info, [entry]))
    for path in ("title", "description", "item/title", "item/description", "item/category"):
        assert rss.findtext(f"channel/{path}") == hostile
    atom = ET.fromstring(to_atom(info, [entry]))
    names = {"a": "http://www.w3.org/2005/Atom"}
    for path in ("a:title", "a:subtitle", "a:entry/a:title", "a:entry/a:content"):
        assert atom.findtext(path, namespaces=names) == hostile
    item = json.loads(to_json_feed(info, [entry]))["items"][0]
    assert (item["title"], item["content_html"], item["tags"]) == (hostile, hostile, [hostile])
    assert parsed(to_rss(info, [entry])).entries[0].id == FIRST.id.urn


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_no_text_makes_a_feed_that_cannot_be_read(text: str) -> None:
    info = FeedInfo(title=text, description=text, home_url=text, feed_url=text, language=text)
    image = Enclosure(url=text, mime="image/png", size=1)
    entry = replace(FIRST, title=text, html=text, url=text, author=text, tags=(text,), image=image)
    ET.fromstring(to_rss(info, [entry]))
    ET.fromstring(to_atom(info, [entry]))
    json.loads(to_json_feed(info, [entry]))


def test_characters_no_xml_can_hold_are_left_out() -> None:
    entry = replace(FIRST, title="a\x00b\x0bc\ufffed\ud800e")
    assert parsed(to_rss(INFO, [entry])).entries[0].title == "abcde"
    assert json.loads(to_json_feed(INFO, [entry]))["items"][0]["title"] == "abcde"


@pytest.mark.parametrize("write", WRITERS)
def test_the_entity_tag_changes_when_the_content_does_and_only_then(write: Any) -> None:
    before = etag(write(INFO, [FIRST, SECOND]))
    assert etag(write(INFO, iter([FIRST, SECOND]))) == before
    assert etag(write(INFO, [FIRST])) != before
    assert etag(write(INFO, [replace(FIRST, html="<p>x</p>"), SECOND])) != before
    assert etag(write(replace(INFO, title="Other"), [FIRST, SECOND])) != before


def test_an_entity_tag_is_strong_and_quoted() -> None:
    assert etag(b"") == '"e3b0c44298fc1c149afbf4c8996fb924"'


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(FIRST, published_at=datetime(2026, 3, 1))  # noqa: DTZ001 - that is the point
