"""Results: figures over time, goals, charts, files and a report, each at an address of its own."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import arro3.io

from tests.story.stage import Company, Story

EVENING = datetime(2030, 3, 10, 20, 10, tzinfo=UTC)
#: The days of the story, in the zone of the brand.
SPAN = 'from:"2030-03-04" to:"2030-03-17" timeZone:"Europe/Paris"'
DASHBOARD = """comparedFrom comparedTo publications{value previous change}
  metrics{metric value} channels{channel{name} publications{value} engagement{value}}
  topPublications{publication{contentItem{title}} engagement clicks}
  series(metric:"ENGAGEMENT"){startsAt increase} goals{name progress{state value}}"""


async def play(story: Story) -> None:
    """Tell what came of it all."""
    await _people_react(story)
    await _over_time(story.atelier)
    await _dashboards(story)
    await _goals(story.atelier)
    await _best_times(story.atelier)
    await _charts(story)
    await _files(story)
    await _a_report(story)


async def _people_react(story: Story) -> None:
    """Likes at the network, and clicks by people and by a program."""
    atelier, town, kept = story.atelier, story.town, story.atelier.kept
    await town.at(EVENING)
    for name in ("ada", "iris", "jean"):
        await (await town.visitor(name)).like(kept["posts"]["Réseau"])
    browser = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}
    for headers in (browser, browser, {"user-agent": "Googlebot/2.1"}):
        followed = await town.get(kept["short"], headers=headers)
        assert followed.status_code == 302
        assert followed.headers["location"] == (
            "https://atelier.example/velo?utm_source=mastodon&utm_medium=social&utm_campaign=reparation"
        )
    assert (await town.get(f"{kept['short']}x")).status_code == 404
    # Clicks are written once a second, by the real clock of the process that counts them.
    await town.clicks_written()
    await town.later(minutes=1)
    await atelier.editor.do(
        "publicationCollect", "publication{id}", id=kept["publications"]["Réseau"]
    )
    await town.settle()
    revision = await atelier.viewer.node(
        kept["item"],
        "ContentItem",
        "currentRevision{shortLinks{channel{name} clicks programClicks}}",
    )
    links = {one["channel"]["name"]: one for one in revision["currentRevision"]["shortLinks"]}
    assert (links["Réseau"]["clicks"], links["Réseau"]["programClicks"]) == (2, 1)
    assert (links["Blog"]["clicks"], links["Blog"]["programClicks"]) == (0, 0)


async def _over_time(atelier: Company) -> None:
    known = atelier.kept["publications"]["Réseau"]
    by_hour = 'by:HOUR from:"2030-03-10" to:"2030-03-11" timeZone:"Europe/Paris"'
    seen = await atelier.viewer.node(
        known,
        "Publication",
        f"""metrics{{metric exactValue}}
        days:series(metric:"LIKES" by:DAY {SPAN}){{points{{startsAt value increase}}}}
        hours:series(metric:"LIKES" {by_hour}){{points{{startsAt value increase}}}}""",
    )
    assert {one["metric"]: one["exactValue"] for one in seen["metrics"]} == {
        "CLICKS": 2,
        "LIKES": 3,
        "REPLIES": 4,
        "SHARES": 0,
    }
    for name, starts in (
        ("days", "2030-03-09T23:00:00+00:00"),
        ("hours", "2030-03-10T20:00:00+00:00"),
    ):
        grown = [one for one in seen[name]["points"] if one["increase"]]
        assert grown == [{"startsAt": starts, "value": 3, "increase": 3}]


async def _dashboards(story: Story) -> None:
    atelier, kept = story.atelier, story.atelier.kept
    shown = {}
    for name, scope in (
        ("campaign", {"campaignId": kept["campaign"]}),
        ("channel", {"channelId": kept["wordpress"]}),
        ("content", {"contentItemId": kept["item"]}),
        ("brand", {"brandId": kept["brand"]}),
    ):
        shown[name] = await atelier.viewer.ask(
            f"query($s:FigureScope){{dashboard({SPAN} scope:$s){{{DASHBOARD}}}}}", s=scope
        )
    assert {name: one["publications"] for name, one in shown.items()} == {
        name: {"value": number, "previous": 0, "change": number}
        for name, number in (("campaign", 4), ("channel", 1), ("content", 3), ("brand", 8))
    }
    assert {
        name: {metric["metric"]: metric["value"] for metric in one["metrics"]}
        for name, one in shown.items()
    } == {
        "brand": {"CLICKS": 2, "ENGAGEMENT": 26, "LIKES": 3, "REPLIES": 23, "SHARES": 0},
        "campaign": {"CLICKS": 2, "ENGAGEMENT": 15, "LIKES": 3, "REPLIES": 12, "SHARES": 0},
        "content": {"CLICKS": 2, "ENGAGEMENT": 15, "LIKES": 3, "REPLIES": 12, "SHARES": 0},
        "channel": {"ENGAGEMENT": 6, "REPLIES": 6},
    }
    assert (shown["brand"]["comparedFrom"], shown["brand"]["comparedTo"]) == (
        "2030-02-18",
        "2030-03-03",
    )
    assert shown["campaign"]["goals"] == [
        {"name": "Quatre réponses", "progress": {"state": "REACHED", "value": 12}}
    ]
    assert [
        (one["channel"]["name"], one["publications"]["value"], one["engagement"]["value"])
        for one in shown["brand"]["channels"]
    ] == [("Réseau", 6, 18), ("Blog", 1, 6), ("Forum", 1, 2)]
    assert shown["campaign"]["topPublications"][0] == {
        "publication": {"contentItem": {"title": "Samedi, on répare"}},
        "engagement": 7,
        "clicks": 2,
    }
    refused = (
        await story.lighthouse.admin.send(
            f"query($s:FigureScope){{dashboard({SPAN} scope:$s){{timeZone}}}}",
            s={"campaignId": kept["campaign"]},
        )
    ).json()
    assert refused["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert refused["data"] is None


async def _goals(atelier: Company) -> None:
    (goal,) = await atelier.viewer.page(
        "goals", "name progress{state value share expected projected}"
    )
    assert goal == {
        "name": "Quatre réponses",
        "progress": {
            "state": "REACHED",
            "value": 12,
            "share": 300,
            "expected": 2,
            "projected": 25,
        },
    }


async def _best_times(atelier: Company) -> None:
    seen = await atelier.viewer.node(
        atelier.kept["mastodon"],
        "Channel",
        "bestTimes{verdict timeZone best{weekday} slots{low expected high}}",
    )
    times = seen["bestTimes"]
    assert (times["verdict"], times["timeZone"], times["best"]) == (
        "NOT_ENOUGH_DATA",
        "Europe/Paris",
        [],
    )
    assert all(one["low"] <= one["expected"] <= one["high"] for one in times["slots"])


async def _charts(story: Story) -> None:
    atelier, town = story.atelier, story.town
    for kind, form, begins in (("LINE", "SVG", b"<svg"), ("BARS", "PNG", b"\x89PNG")):
        url = await atelier.viewer.ask(
            "query($i:ChartInput!){chartUrl(input:$i)}",
            i={
                "kind": kind,
                "format": form,
                "scope": {"campaignId": atelier.kept["campaign"]},
                "from": "2030-03-04",
                "to": "2030-03-17",
                "timeZone": "Europe/Paris",
                "locale": "fr",
            },
        )
        drawn = await town.get(url)
        assert drawn.status_code == 200
        assert drawn.content.lstrip().startswith(begins)
        assert (await town.get(url[:-1] + ("0" if url[-1] != "0" else "1"))).status_code == 404


async def _files(story: Story) -> None:
    atelier, town = story.atelier, story.town
    asked = {}
    for form in ("CSV", "PARQUET"):
        made = await atelier.viewer.do(
            "exportCreate",
            "export{id state progress downloadUrl}",
            kind="MEASUREMENTS",
            format=form,
            scope={"campaignId": atelier.kept["campaign"]},
        )
        assert (made["state"], made["downloadUrl"]) == ("WAITING", None)
        asked[form] = made["id"]
    await town.settle()
    files: dict[str, Any] = {}
    for form, known in asked.items():
        seen = await atelier.viewer.node(
            known, "Export", "state progress rowsDone rowsTotal downloadUrl"
        )
        assert (seen["state"], seen["progress"]) == ("READY", 1)
        assert seen["rowsDone"] == seen["rowsTotal"]
        got = await town.get(seen["downloadUrl"])
        assert got.status_code == 200
        files[form] = (seen["rowsDone"], got.content)
        assert await story.lighthouse.admin.unseen(known)
    rows = list(csv.DictReader(io.StringIO(files["CSV"][1].decode())))
    table = arro3.io.read_parquet(io.BytesIO(files["PARQUET"][1])).read_all()
    assert len(rows) == table.num_rows == files["CSV"][0]
    assert {row["metric"] for row in rows} == {"CLICKS", "LIKES", "REPLIES", "SHARES"}
    assert list(rows[0]) == table.column_names
    theirs = await story.lighthouse.admin.refused(
        "exportCreate", kind="MESSAGES", scope={"campaignId": atelier.kept["campaign"]}
    )
    assert theirs == ("NOT_FOUND", "scope.id")


async def _a_report(story: Story) -> None:
    atelier, town = story.atelier, story.town
    made = await atelier.viewer.do(
        "reportCreate",
        "report{id state}",
        campaignId=atelier.kept["campaign"],
        **{"from": "2030-03-04", "to": "2030-03-17"},
        timeZone="Europe/Paris",
        locale="fr",
    )
    assert made["state"] == "MAKING"
    await town.settle()
    seen = await atelier.viewer.node(made["id"], "Report", "state htmlUrl pdfUrl")
    assert seen["state"] == "READY"
    page, document = await town.get(seen["htmlUrl"]), await town.get(seen["pdfUrl"])
    assert "La semaine de la réparation" in page.text
    assert "Quatre réponses" in page.text
    assert "<script" not in page.text
    assert document.content.startswith(b"%PDF-")
    assert await story.lighthouse.admin.unseen(made["id"])
