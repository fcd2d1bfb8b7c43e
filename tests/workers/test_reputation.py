"""Monitors at work: feeds and searches over real HTTP, each thing kept once, alarms raised."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.engagement.models import SentimentLabel
from hub.kernel.ids import new_id
from hub.kernel.work import Hub
from hub.reputation import judging, operations
from hub.reputation.alarms import Alarm, Alarms
from hub.reputation.models import (
    Alert,
    AlertKind,
    Incident,
    IncidentEntry,
    Mention,
    MentionMatch,
    MentionState,
    Monitor,
    MonitorSource,
    SourceKind,
)
from hub.reputation.rules import FEED_PACE, Query
from tests.conftest import Database
from tests.factories import World, a_publication
from tests.hub.traces import events_of
from tests.workers.stands import Account, Stand, an_account
from tests.workers.test_feeds import ITEM, rss
from tests.working import a_toolbox, move_clock, work_off
from workers.calendar import sweep_monitors
from workers.handling import Toolbox
from workers.simulators.serving import served

LIGHTHOUSE = Query(any=("phare", "lighthouse"))


@dataclass
class Paper:
    """A site with feeds; a test says what it answers, and sees what it was asked."""

    base: str = ""
    pages: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        self.asked.append(dict(request.headers))
        if request.headers.get("if-none-match") == self.headers.get("ETag", "-"):
            return Response(status_code=304)
        body = self.pages.get(request.url.path, b"")
        return Response(body, self.status, {"Content-Type": "application/rss+xml", **self.headers})


@pytest.fixture(scope="module")
def papers() -> Iterator[Paper]:
    """One site for the whole file."""
    one = Paper()
    app = Starlette(routes=[Route("/{path:path}", one.answer)])
    with served(app) as base:
        one.base = base
        yield one


@pytest.fixture
def paper(papers: Paper) -> Paper:
    """The site as it is at first."""
    papers.pages, papers.status, papers.headers, papers.asked = {}, 200, {}, []
    return papers


@pytest.fixture
async def tools(hub: Hub, stands: dict[str, Stand], paper: Paper) -> AsyncIterator[Toolbox]:
    """A worker's tools that reach the stands and the site."""
    allow = (*(stand.netloc for stand in stands.values()), urlsplit(paper.base).netloc)
    async with a_toolbox(hub, allow=allow) as opened:
        yield opened


async def a_monitor(world: World, **given: Any) -> Monitor:
    async with world.hub.unit_of_work(world.manager) as work:
        return await operations.create_monitor(
            work, **{"brand_id": world.brand_id, "name": "Phare", "query": LIGHTHOUSE, **given}
        )


async def rows(world: World, table: Any) -> list[Any]:
    async with world.hub.unit_of_work(world.system) as work:
        return list(await work.all(select(table).order_by(table.id)))


async def source_of(world: World, monitor: Monitor) -> MonitorSource:
    async with world.hub.unit_of_work(world.system) as work:
        wanted = select(MonitorSource).where(MonitorSource.monitor_id == monitor.id)
        return (await work.session.execute(wanted)).scalar_one()


async def test_an_article_in_two_feeds_that_two_monitors_find_is_one_mention(
    world: World, tools: Toolbox, paper: Paper
) -> None:
    paper.pages["/one"] = rss(
        ITEM.format(n=1, title="Le phare"), ITEM.format(n=2, title="Autre chose entièrement")
    )
    paper.pages["/two"] = rss(
        ITEM.format(n=1, title="Le phare").replace(
            "https://news.example/1", "http://www.news.example/1/?utm_source=two#top"
        )
    )
    first = await a_monitor(world, feeds=[f"{paper.base}/one", f"{paper.base}/two"])
    second = await a_monitor(
        world, query=Query(all=("phare",), none=("autre",)), feeds=[f"{paper.base}/two"]
    )

    await work_off(tools)

    mentions = {row.identity: row for row in await rows(world, Mention)}
    # The other article says "phare" in its text.
    assert set(mentions) == {"url:news.example/1", "url:news.example/2"}
    one = mentions["url:news.example/1"]
    assert (one.title, one.kind, one.state) == ("Le phare", SourceKind.FEED, MentionState.NEW)
    assert one.text == "Le phare fermé"
    assert one.language == "fr"
    matches = [(row.mention_id, row.monitor_id) for row in await rows(world, MentionMatch)]
    assert sorted(matches) == sorted(
        [(one.id, first.id), (one.id, second.id), (mentions["url:news.example/2"].id, first.id)]
    )
    found = [told for told in await events_of(world) if told.name == "mention.found"]
    assert len(found) == 3


async def test_a_feed_is_asked_politely_and_read_once(
    world: World, tools: Toolbox, paper: Paper, database: Database
) -> None:
    paper.pages["/feed"] = rss(ITEM.format(n=1, title="Le phare"))
    paper.headers = {"ETag": '"one"', "Last-Modified": "Sun, 01 Mar 2026 10:00:00 GMT"}
    monitor = await a_monitor(world, feeds=[f"{paper.base}/feed"])
    await work_off(tools)
    before = await source_of(world, monitor)

    await move_clock(world.hub, database.owner_url, FEED_PACE + timedelta(seconds=1))
    await work_off(tools)

    assert len(paper.asked) == 2
    assert "if-none-match" not in paper.asked[0]
    assert paper.asked[1]["if-none-match"] == '"one"'
    assert paper.asked[1]["if-modified-since"] == "Sun, 01 Mar 2026 10:00:00 GMT"
    after = await source_of(world, monitor)
    assert (after.problem, after.title) == ("", "Ouest & Port")
    assert before.last_checked_at is not None
    assert after.last_checked_at is not None
    assert after.last_checked_at > before.last_checked_at
    assert len(await rows(world, Mention)) == 1


@pytest.mark.parametrize(
    ("status", "body", "headers", "problem"),
    [
        (404, b"", {}, "answered 404"),
        (200, b"<html>no</html>", {}, "no RSS or Atom feed"),
        (200, b"x" * 5_000_001, {}, "too large"),
        (301, b"", {"Location": "https://elsewhere.example/"}, "redirect"),
        (429, b"", {"Retry-After": "7200"}, "answered 429"),
    ],
)
async def test_what_is_wrong_with_a_feed_is_shown_and_it_is_tried_again_later(
    world: World,
    tools: Toolbox,
    paper: Paper,
    status: int,
    body: bytes,
    headers: dict[str, str],
    problem: str,
) -> None:
    paper.pages["/feed"], paper.status, paper.headers = body, status, headers
    monitor = await a_monitor(world, feeds=[f"{paper.base}/feed"])

    await work_off(tools)

    source = await source_of(world, monitor)
    assert problem in source.problem
    assert source.failures == 1
    assert source.due_at is not None
    assert source.last_checked_at is not None
    wait = timedelta(hours=2) if status == 429 else 2 * FEED_PACE
    assert source.due_at - source.last_checked_at == wait
    assert await rows(world, Mention) == []


async def test_an_address_inside_the_network_is_never_called(world: World, tools: Toolbox) -> None:
    monitor = await a_monitor(world, feeds=["http://127.0.0.1:1/feed"])

    await work_off(tools)

    assert "Only https" in (await source_of(world, monitor)).problem


async def test_a_monitor_that_is_switched_off_looks_no_more_and_on_again_at_once(
    world: World, tools: Toolbox, paper: Paper, database: Database
) -> None:
    paper.pages["/feed"] = rss(ITEM.format(n=1, title="Le phare"))
    monitor = await a_monitor(world, feeds=[f"{paper.base}/feed"], enabled=False)
    await work_off(tools)
    assert paper.asked == []

    for enabled in (True, False):
        async with world.hub.unit_of_work(world.manager) as work:
            await operations.update_monitor(
                work, monitor_id=monitor.id, changes={"enabled": enabled}
            )
        await work_off(tools)
    await move_clock(world.hub, database.owner_url, timedelta(days=1))
    await work_off(tools)

    assert len(paper.asked) == 1
    assert (await source_of(world, monitor)).due_at is None


@pytest.fixture(params=["mastodon", "bluesky"])
async def accounts(
    request: pytest.FixtureRequest, world: World, tools: Toolbox, stands: dict[str, Stand]
) -> Account:
    return await an_account(world, tools, stands[request.param])


async def test_what_others_post_is_found_by_search_and_our_own_is_not(
    world: World, tools: Toolbox, accounts: Account, stands: dict[str, Stand], database: Database
) -> None:
    word = f"lighthouse{new_id().hex[:8]}"
    stranger = await an_account(world, tools, accounts.stand)
    await a_publication(world, channel_id=accounts.channel_id, text=f"Our own {word}")
    await a_publication(world, channel_id=stranger.channel_id, text=f"I hate the {word}, awful")
    await work_off(tools)

    monitor = await a_monitor(world, query=Query(any=(word,)), channel_ids=[accounts.channel_id])
    await work_off(tools)
    await a_publication(world, channel_id=stranger.channel_id, text=f"The {word} is wonderful")
    await work_off(tools)
    await move_clock(world.hub, database.owner_url, timedelta(minutes=6))
    await work_off(tools)

    assert (await source_of(world, monitor)).problem == ""
    mentions = await rows(world, Mention)
    assert {row.text: row.sentiment_label for row in mentions} == {
        f"I hate the {word}, awful": SentimentLabel.NEGATIVE,
        f"The {word} is wonderful": SentimentLabel.POSITIVE,
    }
    for row in mentions:
        assert (row.kind, row.platform) == (SourceKind.SEARCH, accounts.stand.kind)
        assert row.channel_id == accounts.channel_id
        assert row.author_handle
        assert row.remote["remote_id"]
        assert row.url


async def said(world: World, monitor: Monitor, count: int, at: datetime, *, bad: bool) -> None:
    """Put mentions into the past, as the monitor would have found them there."""
    async with world.hub.unit_of_work(world.system) as work:
        for _ in range(count):
            mention = Mention(
                id=new_id(),
                workspace_id=world.workspace_id,
                identity=new_id().hex,
                kind=SourceKind.FEED,
                platform="feed",
                source_title="",
                author_name="",
                author_handle="",
                author_url="",
                title="",
                text="Le phare",
                url="",
                sentiment_label=SentimentLabel.NEGATIVE if bad else SentimentLabel.NEUTRAL,
                state=MentionState.NEW,
                published_at=at,
            )
            match = MentionMatch(
                id=new_id(),
                workspace_id=world.workspace_id,
                mention_id=mention.id,
                monitor_id=monitor.id,
                brand_id=world.brand_id,
                terms=["phare"],
            )
            await work.add(mention, match)


async def judged(world: World, monitor: Monitor) -> list[Alert]:
    async with world.hub.unit_of_work(world.system) as work:
        return list(await judging.judge(work, monitor_id=monitor.id))


async def days_later(world: World, database: Database, monitor: Monitor, days: int) -> datetime:
    """Let a monitor have looked for so many days, with two mentions on each."""
    began = await world.hub.now()
    await move_clock(world.hub, database.owner_url, timedelta(days=days))
    now = began + timedelta(days=days)
    for day in range(1, days):
        await said(world, monitor, 2, now - timedelta(days=day, hours=1), bad=False)
    return now


async def test_a_burst_of_bad_mentions_raises_alerts_opens_an_incident_and_is_told_once(
    world: World, database: Database
) -> None:
    monitor = await a_monitor(
        world,
        feeds=["https://news.example/feed"],
        alarms=Alarms(volume=Alarm(), sentiment=Alarm()),
        opens_incident=True,
    )
    now = await days_later(world, database, monitor, 7)
    assert await judged(world, monitor) == []

    await said(world, monitor, 30, now - timedelta(minutes=5), bad=True)
    alerts = await judged(world, monitor)

    assert [(one.kind, one.count) for one in alerts] == [
        (AlertKind.VOLUME, 30),
        (AlertKind.SENTIMENT, 30),
    ]
    assert alerts[0].expected == pytest.approx(2.08, abs=0.1)
    assert alerts[0].probability < 1e-6
    assert [one["count"] for one in alerts[0].baseline] == [2] * 6
    (incident,) = await rows(world, Incident)
    assert (incident.monitor_id, incident.owner_id) == (monitor.id, None)
    assert {one.incident_id for one in await rows(world, Alert)} == {incident.id}
    entries = [row.kind.value for row in await rows(world, IncidentEntry)]
    assert entries == ["OPENED", "ALERT", "ALERT"]
    # Told once: an alarm is silent for a while.
    assert await judged(world, monitor) == []


async def test_what_is_ignored_raises_no_alarm(world: World, database: Database) -> None:
    monitor = await a_monitor(
        world, feeds=["https://news.example/feed"], alarms=Alarms(volume=Alarm())
    )
    now = await days_later(world, database, monitor, 7)
    await said(world, monitor, 30, now - timedelta(minutes=5), bad=True)
    async with world.hub.unit_of_work(world.system) as work:
        for row in await work.all(select(Mention)):
            row.state = MentionState.IGNORED

    assert await judged(world, monitor) == []
    assert await rows(world, Incident) == []


async def test_a_source_nobody_looks_at_any_more_is_promised_anew(
    world: World, tools: Toolbox, paper: Paper, database: Database
) -> None:
    paper.pages["/feed"] = rss(ITEM.format(n=1, title="Le phare"))
    monitor = await a_monitor(world, feeds=[f"{paper.base}/feed"])
    async with world.hub.unscoped() as session:
        await session.execute(text("DELETE FROM jobs"))
    await move_clock(world.hub, database.owner_url, timedelta(minutes=11))

    assert await sweep_monitors(world.hub) is False
    await work_off(tools)

    assert (await source_of(world, monitor)).last_checked_at is not None
    assert len(await rows(world, Mention)) == 1


async def test_with_another_query_a_feed_that_has_not_changed_is_read_again(
    world: World, tools: Toolbox, paper: Paper
) -> None:
    paper.pages["/feed"] = rss(
        ITEM.format(n=1, title="Le phare"), ITEM.format(n=2, title="La boulangerie")
    )
    paper.headers = {"ETag": '"one"'}
    monitor = await a_monitor(
        world, query=Query(any=("boulangerie",)), feeds=[f"{paper.base}/feed"]
    )
    await work_off(tools)
    assert [row.title for row in await rows(world, Mention)] == ["La boulangerie"]

    async with world.hub.unit_of_work(world.manager) as work:
        await operations.update_monitor(work, monitor_id=monitor.id, changes={"query": LIGHTHOUSE})
    await work_off(tools)

    assert "if-none-match" not in paper.asked[1]
    assert {row.title for row in await rows(world, Mention)} == {"La boulangerie", "Le phare"}
    assert len(await rows(world, MentionMatch)) == 2
