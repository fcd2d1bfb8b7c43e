"""What came of it, as frontends ask: figures, charts, files, reports and short links."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from xml.etree import ElementTree as ET

import httpx
import pytest
from sqlalchemy import select

from hub.access import operations as access
from hub.analytics import clicks
from hub.analytics import operations as analytics
from hub.content.models import ContentItem, ShortLink
from hub.kernel.ids import new_id
from hub.kernel.work import Hub
from hub.publishing.models import Publication, PublicationState
from hub.strategy import operations as strategy
from hub.strategy.models import GoalMetric
from tests.conftest import Database
from tests.factories import a_channel, a_publication, approve, in_review
from tests.schema.client.api import Answer, Desk, gid
from tests.schema.client.rows import bring
from tests.working import move_clock

BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


async def measured(desk: Desk, row: Publication, **counters: int) -> None:
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        await analytics.record(work, publication_id=row.id, counters=counters, approximate=False)


async def published(desk: Desk, channel_id: UUID | None = None) -> Publication:
    channel_id = channel_id or await a_channel(desk.world)
    row = await a_publication(desk.world, channel_id=channel_id)
    await bring(desk.world, row, PublicationState.PUBLISHED)
    return row


def days(now: datetime) -> dict[str, str]:
    day = now.astimezone(UTC).date()
    return {"from": (day - timedelta(days=1)).isoformat(), "to": day.isoformat()}


SERIES = """
query($from: Date!, $to: Date!) {
  publications(first: 10) {
    nodes {
      id metrics { value: exactValue }
      likes: series(metric: "LIKES", by: DAY, from: $from, to: $to, timeZone: "UTC") {
        metric points { startsAt value increase }
      }
      all: series(metric: "ENGAGEMENT", by: DAY, from: $from, to: $to, timeZone: "UTC") {
        points { value increase }
      }
    }
  }
}
"""


async def test_series_of_a_whole_page_are_one_statement_per_metric(desk: Desk, hub: Hub) -> None:
    rows = [await published(desk), await published(desk)]
    await measured(desk, rows[0], LIKES=5_000_000_000, REPLIES=2)
    reader = desk.api.app.state.reader
    span = days(await hub.now())
    await desk.editor.ask(SERIES, **span)
    before = reader.statements

    answer = await desk.editor.ask(SERIES, **span)

    assert answer.errors == []
    assert reader.statements - before == 3
    by_id = {node["id"]: node for node in answer.data["publications"]["nodes"]}
    one, other = (by_id[gid("Publication", row.id)] for row in rows)
    assert [(point["value"], point["increase"]) for point in one["likes"]["points"]] == [
        (None, 0),
        (5_000_000_000, 5_000_000_000),
    ]
    assert one["all"]["points"][1] == {"value": 5_000_000_002, "increase": 5_000_000_002}
    assert {point["value"] for point in other["likes"]["points"]} == {None}
    assert {"value": 5_000_000_000} in one["metrics"]


async def test_series_refuse_what_nobody_can_show(desk: Desk) -> None:
    row = await published(desk)

    async def refusal(**given: str) -> tuple[str, list[str]]:
        given = {"zone": "UTC", "from": "2026-01-01", "to": "2026-01-02", "by": "DAY", **given}
        answer = await desk.editor.ask(
            """query($id: ID!, $zone: String!, $from: Date!, $to: Date!, $by: SeriesBucket!) {
              node(id: $id) { ... on Publication {
                series(metric: "LIKES", by: $by, from: $from, to: $to, timeZone: $zone) { metric }
              } }
            }""",
            id=gid("Publication", row.id),
            **given,
        )
        return answer.codes[0], answer.errors[0]["extensions"].get("path", [])

    assert (await refusal(zone="Mars/Crater"))[0] == "INVALID"
    assert (await refusal(to="2025-01-01"))[0] == "INVALID"
    assert (await refusal(to="2028-01-01"))[0] == "INVALID"
    assert (await refusal(to="2026-03-01", by="HOUR"))[0] == "INVALID"


async def test_a_channel_has_series_and_best_times(desk: Desk, hub: Hub) -> None:
    row = await published(desk)
    async with hub.unit_of_work(desk.world.system) as work:
        await analytics.record_channel(
            work, channel_id=row.channel_id, counters={"FOLLOWERS": 1200}
        )

    answer = await desk.editor.ask(
        """query($id: ID!, $from: Date!, $to: Date!) {
          node(id: $id) { ... on Channel {
            series(metric: "FOLLOWERS", by: DAY, from: $from, to: $to, timeZone: "UTC") {
              points { value increase }
            }
            bestTimes { timeZone verdict posts best { hour } slots { weekday } }
          } }
        }""",
        id=gid("Channel", row.channel_id),
        **days(await hub.now()),
    )

    assert answer.errors == []
    assert answer.data["node"]["series"]["points"][1] == {"value": 1200, "increase": 0}
    assert answer.data["node"]["bestTimes"] == {
        "timeZone": "UTC",
        "verdict": "NOT_ENOUGH_DATA",
        "posts": 0,
        "best": [],
        "slots": [],
    }


DASHBOARD = """
query($from: Date!, $to: Date!, $scope: FigureScope) {
  dashboard(from: $from, to: $to, timeZone: "Europe/Paris", scope: $scope) {
    from comparedTo engagementRate engagementPerPublication
    publications { value previous change percent }
    metrics { metric value percent }
    series(metric: "LIKES") { increase }
    channels { channel { name } engagement { value } followers }
    topPublications { publication { contentItem { title } } engagement }
  }
}
"""


async def test_a_dashboard_shows_figures_beside_what_they_are_of(desk: Desk, hub: Hub) -> None:
    row = await published(desk)
    await measured(desk, row, LIKES=4, VIEWS=100)
    now = await hub.now()

    reader = desk.api.app.state.reader
    await desk.editor.ask(DASHBOARD, **days(now))
    before = reader.statements
    answer = await desk.editor.ask(DASHBOARD, **days(now))

    assert answer.errors == []
    # Four for figures, one each for the channels and publications they are of.
    assert reader.statements - before == 6
    found = answer.data["dashboard"]
    assert found["publications"] == {"value": 1, "previous": 0, "change": 1, "percent": None}
    assert found["metrics"] == [
        {"metric": "ENGAGEMENT", "value": 4, "percent": None},
        {"metric": "LIKES", "value": 4, "percent": None},
        {"metric": "VIEWS", "value": 100, "percent": None},
    ]
    assert found["engagementRate"] == 0.04
    assert sum(point["increase"] for point in found["series"]) == 4
    assert found["channels"] == [
        {"channel": {"name": "A channel"}, "engagement": {"value": 4}, "followers": None}
    ]
    assert found["topPublications"] == [
        {"publication": {"contentItem": {"title": "Hello"}}, "engagement": 4}
    ]


GOALS = """
query($from: Date!, $to: Date!, $scope: FigureScope) {
  dashboard(from: $from, to: $to, timeZone: "UTC", scope: $scope) {
    goals { name target progress { state value share } }
  }
}
"""


async def test_goals_stand_beside_the_figures_of_their_days(
    desk: Desk, stranger: Desk, hub: Hub
) -> None:
    row = await published(desk)
    await measured(desk, row, LIKES=4)
    now = await hub.now()
    today = now.astimezone(UTC).date()
    for name, target, first, last in (
        ("Later", 8, today, today + timedelta(days=9)),
        ("Soon", 4, today - timedelta(days=3), today),
        ("Long ago", 1, today - timedelta(days=9), today - timedelta(days=8)),
    ):
        async with hub.unit_of_work(desk.world.manager) as work:
            await strategy.create_goal(
                work,
                brand_id=desk.world.brand_id,
                name=name,
                metric=GoalMetric.LIKES,
                target=target,
                starts_on=first,
                deadline=last,
            )

    async def goals(desk: Desk, scope: dict[str, str] | None = None) -> list[Any]:
        answer = await desk.editor.ask(GOALS, scope=scope, **days(now))
        assert answer.errors == []
        return list(answer.data["dashboard"]["goals"])

    everything = await goals(desk)
    assert everything == [
        {
            "name": "Soon",
            "target": 4,
            "progress": {"state": "REACHED", "value": 4, "share": 100.0},
        },
        {
            "name": "Later",
            "target": 8,
            "progress": {"state": "ON_TRACK", "value": 4, "share": 50.0},
        },
    ]
    assert await goals(desk, {"brandId": desk.brand}) == everything
    assert await goals(desk, {"channelId": gid("Channel", row.channel_id)}) == []
    assert await goals(stranger) == []


async def test_another_workspaces_dashboard_answers_like_one_of_nothing(
    desk: Desk, stranger: Desk, hub: Hub
) -> None:
    span = days(await hub.now())

    async def refused(scope: dict[str, str]) -> tuple[str, list[str], str]:
        answer = await stranger.editor.ask(DASHBOARD, scope=scope, **span)
        (error,) = answer.errors
        return error["extensions"]["code"], error["extensions"].get("path", []), error["message"]

    theirs = await refused({"brandId": desk.brand})
    assert theirs == await refused({"brandId": gid("Brand", new_id())})
    assert theirs == await refused({"brandId": "nonsense"})
    assert theirs[0] == "NOT_FOUND"
    assert (await refused({"brandId": desk.brand, "channelId": "x"}))[0] == "INVALID"


CHART = "query($input: ChartInput!) { chartUrl(input: $input) }"


async def a_chart(desk: Desk, **given: Any) -> tuple[str, httpx.Response]:
    answer = await desk.editor.ask(CHART, input=given)
    assert answer.errors == []
    url = answer.data["chartUrl"]
    return url, await desk.api.http.get(path_of(url))


def path_of(url: str) -> str:
    """Return an address as it is asked of the application itself."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


async def test_charts_are_drawn_at_signed_addresses(
    desk: Desk, hub: Hub, database: Database
) -> None:
    row = await published(desk)
    await measured(desk, row, LIKES=3)
    span = days(await hub.now())

    url, line = await a_chart(desk, kind="LINE", locale="fr-CA", **span)
    assert line.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in line.headers["content-security-policy"]
    assert "Engagement par jour" in ET.fromstring(line.text)[0].text  # type: ignore[operator]  # it has a title
    _, bars = await a_chart(desk, kind="BARS", theme="DARK", format="PNG", **span)
    assert bars.content.startswith(b"\x89PNG")
    _, times = await a_chart(
        desk, kind="BEST_TIMES", scope={"channelId": gid("Channel", row.channel_id)}
    )
    assert "Not enough posts" in times.text

    altered = re.sub(r"(.)\.svg", lambda found: ("A" if found[1] != "A" else "B") + ".svg", url)
    for wrong in (altered, url[:-1] + "0", url.replace(".svg", ".png"), url.partition("?")[0]):
        if wrong != url:
            assert (await desk.api.http.get(path_of(wrong))).status_code == 404
    await move_clock(hub, database.owner_url, timedelta(days=8))
    assert (await desk.api.http.get(path_of(url))).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "BEST_TIMES"},
        {"kind": "LINE"},
        {"kind": "LINE", "from": "2026-01-02", "to": "2026-01-01"},
        {"kind": "LINE", "from": "2026-01-01", "to": "2026-01-02", "locale": "xx"},
        {"kind": "LINE", "from": "2026-01-01", "to": "2026-01-02", "timeZone": "Nowhere"},
    ],
)
async def test_charts_of_nothing_sensible_are_refused(desk: Desk, given: dict[str, Any]) -> None:
    assert (await desk.editor.ask(CHART, input=given)).codes == ["INVALID"]


EXPORT = "export { id state progress downloadUrl availableActions }"


async def test_an_export_is_asked_for_cancelled_and_hidden_from_others(
    desk: Desk, stranger: Desk
) -> None:
    made = (await desk.editor.do("exportCreate", EXPORT, kind="MESSAGES")).payload["export"]
    assert made["state"] == "WAITING"
    assert made["availableActions"] == ["EXPORT_CANCEL"]
    assert (made["progress"], made["downloadUrl"]) == (None, None)

    theirs = await stranger.editor.do("exportCancel", EXPORT, id=made["id"])
    nobodys = await stranger.editor.do("exportCancel", EXPORT, id=gid("Export", new_id()))
    assert theirs.refusal == nobodys.refusal
    assert theirs.refusal["code"] == "NOT_FOUND"
    assert (await stranger.editor.ask("{ exports { nodes { id } } }")).data["exports"] == {
        "nodes": []
    }

    cancelled = (await desk.editor.do("exportCancel", EXPORT, id=made["id"])).payload["export"]
    assert (cancelled["state"], cancelled["availableActions"]) == ("CANCELLED", [])


async def refusal_of(answer: Answer) -> tuple[str, list[str]]:
    return answer.refusal["code"], answer.refusal["path"]


async def test_exports_and_reports_refuse_what_cannot_be_made(desk: Desk, stranger: Desk) -> None:
    scope = {"campaignId": gid("Campaign", new_id())}
    create = desk.editor.do

    assert await refusal_of(await create("exportCreate", EXPORT, kind="CLICKS", scope=scope)) == (
        "NOT_FOUND",
        ["input", "scope", "id"],
    )
    assert await refusal_of(
        await create("exportCreate", EXPORT, kind="CLICKS", format="PARQUET", byteOrderMark=True)
    ) == ("INVALID", ["input", "byteOrderMark"])
    campaign = (
        await desk.manager.do("campaignCreate", "campaign { id }", brandId=desk.brand, name="C")
    ).payload["campaign"]["id"]
    report: dict[str, Any] = {"campaignId": campaign, "from": "2026-03-01", "to": "2026-03-31"}
    assert await refusal_of(
        await stranger.editor.do("reportCreate", "report { id }", **report)
    ) == (
        "NOT_FOUND",
        ["input", "campaignId"],
    )
    for wrong, path in (
        ({"locale": "de"}, "locale"),
        ({"to": "2026-02-01"}, "to"),
        ({"timeZone": "Nowhere"}, "timeZone"),
    ):
        answer = await create("reportCreate", "report { id }", **{**report, **wrong})
        assert await refusal_of(answer) == ("INVALID", ["input", path])
    made = (await create("reportCreate", "report { state htmlUrl }", **report)).payload["report"]
    assert made == {"state": "MAKING", "htmlUrl": None}


async def a_short_link(desk: Desk) -> tuple[Publication, ShortLink]:
    """Write something with a link, have it approved and published; return its short link."""
    channel = await a_channel(desk.world)
    created = await desk.editor.do(
        "contentItemCreate",
        "contentItem { id currentRevision { shortensLinks } }",
        brandId=desk.brand,
        title="Réparer",
        locale="fr",
        parts=[{"text": "Lisez https://atelier.example/guide?a=1&b=2."}],
        shortensLinks=True,
    )
    item = created.payload["contentItem"]
    assert item["currentRevision"] == {"shortensLinks": True}
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        item_id = await work.one(select(ContentItem.id))
    assert item_id is not None
    review_id = await in_review(
        desk.world,
        item_id=item_id,
        channel_ids=[channel],
        scheduled_for=await desk.world.hub.now(),
    )
    await approve(desk.world, review_id=review_id)
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        row = await work.one(select(Publication))
        link = await work.one(select(ShortLink))
    assert row is not None
    assert link is not None
    await bring(desk.world, row, PublicationState.PUBLISHED)
    return row, link


async def counted(desk: Desk) -> Any:
    answer = await desk.editor.ask(
        "{ publications { nodes { revision { shortLinks { shortUrl url clicks programClicks } } "
        "edition { parts { text } } metrics { metric exactValue } } } }"
    )
    assert answer.errors == []
    return answer.data["publications"]["nodes"][0]


async def test_a_short_link_leads_where_was_approved_and_counts_who_follows_it(
    desk: Desk, hub: Hub
) -> None:
    _, link = await a_short_link(desk)
    node = await counted(desk)
    short = node["revision"]["shortLinks"][0]["shortUrl"]
    assert node["edition"]["parts"][0]["text"] == f"Lisez {short}."
    assert re.fullmatch(r"http://[^/]+/l/[0-9A-Za-z]{10}", short)

    path = urlsplit(short).path
    http = desk.api.http
    followed = await http.get(path, headers=BROWSER)
    assert followed.status_code == 302
    assert followed.headers["location"] == "https://atelier.example/guide?a=1&b=2"
    assert followed.headers["cache-control"] == "no-store"
    await http.get(path, headers=BROWSER)
    await http.get(path, headers={"user-agent": "Mastodon/4.5 (http.rb/5; +https://x.example/)"})
    await http.get(path, headers={**BROWSER, "sec-purpose": "prefetch"})
    await http.head(path, headers=BROWSER)
    await desk.api.app.state.figures.clicks.write()

    async with hub.unit_of_work(desk.world.system) as work:
        another = new_id()
        assert await clicks.measure_clicks(work, publication_id=another) == 0
        assert await clicks.measure_clicks(work) == 1
        assert await clicks.measure_clicks(work) == 0
    node = await counted(desk)
    assert node["revision"]["shortLinks"] == [
        {
            "shortUrl": short,
            "url": "https://atelier.example/guide?a=1&b=2",
            "clicks": 2,
            "programClicks": 2,
        }
    ]
    assert node["metrics"] == [{"metric": "CLICKS", "exactValue": 2}]
    assert link.url not in short


@pytest.mark.parametrize("code", ["0000000000", "https:%2F%2Fevil.example", "x", "é000000000"])
async def test_what_is_no_code_leads_nowhere(desk: Desk, code: str) -> None:
    answer = await desk.api.http.get(f"/l/{code}?url=https://evil.example")

    assert answer.status_code == 404
    assert "location" not in answer.headers


async def test_clicks_that_could_not_be_written_wait(desk: Desk, hub: Hub) -> None:
    _, link = await a_short_link(desk)
    counter = desk.api.app.state.figures.clicks
    path = f"/l/{link.code}"
    await desk.api.http.get(path, headers=BROWSER)
    working = counter._hub
    try:
        counter._hub = None
        with pytest.raises(AttributeError):
            await counter.write()
    finally:
        counter._hub = working
    await desk.api.http.get(path, headers=BROWSER)
    await counter.write()

    assert (await counted(desk))["revision"]["shortLinks"][0]["clicks"] == 2


async def test_who_may_not_read_figures_gets_none(desk: Desk, hub: Hub) -> None:
    await published(desk)
    async with hub.unit_of_work(desk.world.system) as work:
        _, secret = await access.issue_token(
            work,
            member_id=desk.world.editor.member_id or new_id(),
            label="narrow",
            scopes=["publishing.read", "channels.read"],
        )
    narrow = desk.api.as_(secret)
    span = days(await hub.now())

    answer = await narrow.ask(SERIES, **span)
    assert {"FORBIDDEN"} == set(answer.codes)
    assert (await narrow.ask(DASHBOARD, **span)).codes == ["FORBIDDEN"]
    assert (await narrow.ask(CHART, input={"kind": "LINE", **span})).codes == ["FORBIDDEN"]
    refused = await narrow.do("exportCreate", EXPORT, kind="MEASUREMENTS")
    assert refused.refusal["code"] == "FORBIDDEN"
