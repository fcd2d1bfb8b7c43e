"""Feeds of strangers: what they say, what is wrong with them, and what they try."""

from typing import Any

import pytest

from workers.parsing import parsed

RSS = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0"><channel><title>Ouest &amp; Port</title><language>fr-FR</language>
{items}
</channel></rss>"""
ITEM = """<item><title>{title}</title><link>https://news.example/{n}</link>
<guid isPermaLink="false">guid-{n}</guid><pubDate>Sun, 01 Mar 2026 1{n}:00:00 +0100</pubDate>
<description>&lt;p&gt;Le phare&lt;script&gt;alert(1)&lt;/script&gt; fermé&lt;/p&gt;</description>
<author>ada@news.example (Ada)</author></item>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>News</title>
<entry><id>tag:news.example,2026:1</id><title type="html">A &lt;b&gt;lighthouse&lt;/b&gt;</title>
<link href="https://news.example/1"/><updated>2026-03-01T10:00:00Z</updated>
<summary>Short</summary><content type="html">&lt;p&gt;The whole text&lt;/p&gt;</content></entry>
</feed>"""


def rss(*items: str, encoding: str = "utf-8") -> bytes:
    return RSS.format(items="".join(items), encoding=encoding).encode(encoding)


def read(data: bytes, **headers: str) -> dict[str, Any]:
    return parsed(data, headers, most=200)


def test_an_entry_of_rss_is_read_with_its_time_in_utc() -> None:
    feed = read(rss(ITEM.format(n=1, title="Été au port")))

    (entry,) = feed["entries"]
    assert (feed["title"], feed["language"]) == ("Ouest & Port", "fr-FR")
    assert entry["id"] == "guid-1"
    assert entry["link"] == "https://news.example/1"
    assert entry["title"] == "Été au port"
    assert entry["published_at"] == "2026-03-01T10:00:00+00:00"
    assert "phare" in entry["html"]
    assert "alert" not in entry["html"]


def test_the_whole_text_of_an_entry_of_atom_goes_before_its_summary() -> None:
    (entry,) = read(ATOM.encode())["entries"]

    assert entry["id"] == "tag:news.example,2026:1"
    assert entry["html"] == "<p>The whole text</p>"
    assert entry["language"] == "en"
    assert entry["published_at"] == "2026-03-01T10:00:00+00:00"


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
def test_a_feed_may_be_in_any_usual_encoding(encoding: str) -> None:
    (entry,) = read(rss(ITEM.format(n=1, title="Été"), encoding=encoding))["entries"]

    assert entry["title"] == "Été"


@pytest.mark.parametrize(
    ("date", "read_as"),
    [
        ("", None),
        ("yesterday", None),
        ("Sun, 99 Mar 2026 99:99:99 +0100", None),
        ("2026-03-01", "2026-03-01T00:00:00+00:00"),
    ],
)
def test_a_date_that_makes_no_sense_is_left_out(date: str, read_as: str | None) -> None:
    item = f"<item><title>T</title><link>https://x.example/1</link><pubDate>{date}</pubDate></item>"

    (entry,) = read(rss(item))["entries"]

    assert entry["published_at"] == read_as


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b"<html><body>Not found</body></html>",
        b'{"version": "https://jsonfeed.org/version/1"}',
        b"just words",
        b"https://other.example/feed",
        b"/etc/passwd",
    ],
)
def test_what_is_no_feed_is_refused(data: bytes) -> None:
    assert read(data) == {"refused": "This is no RSS or Atom feed."}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_feed_that_defines_entities_is_not_read(encoding: str) -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
        "<rss version='2.0'><channel><title>&b;</title></channel></rss>"
    )
    files = bomb.replace('a "aaaaaaaaaa"', "a SYSTEM 'file:///etc/passwd'")

    for data in (bomb, files):
        assert "entities" in read(data.encode(encoding))["refused"]


def test_a_broken_feed_is_read_as_far_as_it_goes() -> None:
    data = rss(ITEM.format(n=1, title="One"))[:-40]

    assert [entry["title"] for entry in read(data)["entries"]] == ["One"]


def test_a_feed_without_end_is_cut() -> None:
    items = [ITEM.format(n=n, title="x" * 2_500) for n in range(220)]

    entries = read(rss(*items))["entries"]

    assert len(entries) == 200
    assert len(entries[0]["title"]) == 2_000


@pytest.mark.parametrize(
    "data",
    [
        b"<rss version='2.0'><channel>" + b"<a>" * 5_000,
        b"<rss version='2.0'><channel><item><description>" + b"&lt;div&gt;" * 20_000,
        b"<rss version='2.0'><channel><item><title>" + b"<![CDATA[" * 20_000,
        b"<rss version='2.0'><channel><item><title>" + b"&" * 100_000,
    ],
)
def test_what_is_meant_to_be_slow_is_read_or_refused(data: bytes) -> None:
    assert set(read(data)) & {"entries", "refused"}
