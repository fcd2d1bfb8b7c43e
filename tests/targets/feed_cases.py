"""What must hold in a feed: read by `feedparser`, and by a plain reader of JSON Feed."""

from dataclasses import dataclass, field
from html import unescape
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import feedparser
import httpx

from tests.pictures import a_photo
from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.network_cases import ALT, SIZE, a_text
from tests.targets.newsroom import Broken, Json, Newsroom, Text, expect

NAME = "feedparser"
VERSION = version(NAME)
TITLE = "News & <views>"
ARTICLE = """\
Some words with *weight*, and a [link](https://example.org/).

<script>alert("nobody wants this")</script>

- one
- two
"""
#: The longest text the hub takes at all; a feed would take more.
TEXT_MAX = 100_000


@dataclass(kw_only=True)
class Feeds:
    """A feed of the hub and the article in it."""

    news: Newsroom
    channel: Json = field(default_factory=dict)
    title: str = ""

    @property
    def channel_id(self) -> str:
        """The feed's channel; Broken while it is not connected."""
        if not self.channel:
            raise Broken("There is no channel: connecting it failed.")
        return str(self.channel["id"])

    def get(self, kind: str, **headers: str) -> httpx.Response:
        """Read the feed as anybody may, without a token."""
        return httpx.get(
            self.channel["feedUrls"][kind], headers=headers, trust_env=False, timeout=10
        )

    def parsed(self, kind: str) -> Any:
        """Read the feed and have it parsed; anything the parser dislikes is Broken."""
        answer = self.get(kind)
        expect("the status", answer.status_code, 200)
        # The parser would remove scripts by itself: there must be none for it to remove.
        found = feedparser.parse(
            answer.content, response_headers=dict(answer.headers), sanitize_html=False
        )
        if found.bozo:
            raise Broken(f"The parser dislikes it: {found.bozo_exception}")
        expect("the feed's title", found.feed.title, "Targets daily")
        return found


cases: Cases[Feeds] = Cases(party=NAME)


@cases.case(names.CONNECTED)
def connected(stage: Feeds) -> str:
    """A feed is ready as soon as it has a name, and empty."""
    stage.channel = stage.news.connected(
        "feed", name="Feed", settings={"title": "Targets daily", "language": "en"}
    )
    expect("the state", stage.channel["state"], "READY")
    expect("the guarantee", stage.channel["guarantee"], "IDENTITY")
    expect("entries", len(stage.parsed("rss").entries), 0)
    return "guarantee IDENTITY"


@cases.case(names.PICTURE)
def picture(stage: Feeds) -> None:
    """An article in Markdown with a picture appears, and the picture can be fetched."""
    stage.title = a_text(TITLE)
    shown = stage.news.picture(a_photo(SIZE), mime="image/jpeg", alt=ALT)
    text = Text(parts=[ARTICLE], title=stage.title, pictures=[shown], tags=["hub", "news"])
    stage.news.published(text, stage.channel_id)
    (entry,) = stage.parsed("rss").entries
    (enclosure,) = entry.enclosures
    fetched = httpx.get(enclosure.href, trust_env=False, timeout=10)
    expect("the picture", (fetched.status_code, enclosure.type), (200, "image/jpeg"))
    expect("its size", int(enclosure.length), len(fetched.content))
    page = httpx.get(entry.link, trust_env=False, timeout=10)
    expect("the article's own page", page.status_code, 200)


def _safe(html: str) -> None:
    for wanted in ("<em>weight</em>", 'href="https://example.org/"', "<li>one</li>"):
        expect(f"{wanted} in the text", wanted in html, wanted=True)
    expect("scripts that would run", "<script" in html.lower(), wanted=False)


def _article(stage: Feeds, kind: str) -> None:
    (entry,) = stage.parsed(kind).entries
    expect("the title", unescape(entry.title), stage.title)
    html = entry.content[0].value if "content" in entry else entry.summary
    _safe(html)
    expect("the tags", [tag.term for tag in entry.tags], ["hub", "news"])
    expect("a time", entry.published_parsed is not None, wanted=True)


@cases.case(names.RSS)
def rss(stage: Feeds) -> None:
    """RSS 2.0 as the parser reads it."""
    expect("the version", stage.parsed("rss").version, "rss20")
    _article(stage, "rss")


@cases.case(names.ATOM)
def atom(stage: Feeds) -> None:
    """Atom as the parser reads it, with the same id as RSS."""
    found = stage.parsed("atom")
    expect("the version", found.version, "atom10")
    _article(stage, "atom")
    expect("the id", found.entries[0].id, stage.parsed("rss").entries[0].id)


@cases.case(names.JSON_FEED)
def json_feed(stage: Feeds) -> None:
    """JSON Feed 1.1, with the same id as Atom."""
    answer = stage.get("json")
    expect("the type", answer.headers["content-type"].split(";")[0], "application/feed+json")
    said = answer.json()
    (item,) = said["items"]
    expect("the version", said["version"], "https://jsonfeed.org/version/1.1")
    expect("the title", item["title"], stage.title)
    expect("the id", item["id"], stage.parsed("atom").entries[0].id)
    _safe(item["content_html"])
    expect("the tags", item["tags"], ["hub", "news"])


@cases.case(names.OVER_LIMIT)
def over_limit(stage: Feeds) -> None:
    """A text that is too long is refused at once."""
    text = Text(parts=["x" * (TEXT_MAX + 1)], title=a_text("Long"))
    expect("the codes", stage.news.refused(text, stage.channel_id), ["INVALID"])
    expect("entries", len(stage.parsed("rss").entries), 1)


@cases.case(names.TWICE)
def twice(stage: Feeds) -> None:
    """One entry, whose id is that of no other."""
    item = stage.news.approved(
        Text(parts=["Again."], title=a_text("The second")), [stage.channel_id]
    )
    key = uuid4().hex
    asked = {stage.news.schedule(item, stage.channel_id, key=key) for _ in range(2)}
    expect("publications", len(asked), 1)
    stage.news.settled(asked.pop())
    ids = [entry.id for entry in stage.parsed("atom").entries]
    expect("entries", (len(ids), len(set(ids))), (2, 2))


@cases.case(names.NOT_CHANGED)
def not_changed(stage: Feeds) -> None:
    """Who has it already gets three words, in every format; who has an older one gets all."""
    tags = {kind: stage.get(kind).headers["etag"] for kind in ("rss", "atom", "json")}
    for kind, tag in tags.items():
        answer = stage.get(kind, **{"If-None-Match": tag})
        expect(kind, (answer.status_code, answer.content), (304, b""))
    stage.news.published(Text(parts=["New."], title=a_text("The third")), stage.channel_id)
    for kind, tag in tags.items():
        answer = stage.get(kind, **{"If-None-Match": tag})
        expect(kind, answer.status_code, 200)
        expect(f"another tag of {kind}", answer.headers["etag"] != tag, wanted=True)
