"""The stand-in for a paper: what is printed is in its feed, at the time of the paper."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import httpx
import pytest

from workers.simulators.press import create_press

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
async def paper() -> AsyncIterator[httpx.AsyncClient]:
    """A paper in which nothing was printed yet, at noon."""
    transport = httpx.ASGITransport(app=create_press(clock=lambda: NOON))
    async with httpx.AsyncClient(transport=transport, base_url="http://paper") as client:
        yield client


async def test_articles_are_in_the_feed_the_newest_first_and_can_be_opened(
    paper: httpx.AsyncClient,
) -> None:
    for title in ("First", "Second <&>"):
        await paper.post("/_sim/articles", json={"title": title, "text": f"All of {title}"})

    feed = ET.fromstring((await paper.get("/feed.xml")).content)

    items = list(feed.iter("item"))
    assert [item.findtext("title") for item in items] == ["Second <&>", "First"]
    assert {item.findtext("pubDate") for item in items} == {"Mon, 02 Mar 2026 12:00:00 +0000"}
    opened = await paper.get(items[0].findtext("link") or "")
    assert "Second &lt;&amp;&gt;" in opened.text
    assert (await paper.get("/3")).status_code == 404


async def test_what_has_not_changed_is_not_sent_again(paper: httpx.AsyncClient) -> None:
    tag = (await paper.get("/feed.xml")).headers["etag"]
    assert (await paper.get("/feed.xml", headers={"If-None-Match": tag})).status_code == 304

    await paper.post("/_sim/articles", json={"title": "News", "text": "At last"})

    assert (await paper.get("/feed.xml", headers={"If-None-Match": tag})).status_code == 200


async def test_its_clock_can_be_moved(paper: httpx.AsyncClient) -> None:
    await paper.post("/_sim/settings", json={"offset_seconds": -86_400})
    await paper.post("/_sim/articles", json={"title": "Old", "text": "News"})

    feed = ET.fromstring((await paper.get("/feed.xml")).content)

    assert feed.findtext("channel/item/pubDate") == "Sun, 01 Mar 2026 12:00:00 +0000"
