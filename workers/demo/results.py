"""Did it work: clicks, dashboards, goals, best times, charts, files and a report per campaign."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workers.demo.client import Json, StoryFailed, until
from workers.demo.material import Brand
from workers.demo.publishing import look_at, look_at_all
from workers.demo.stage import Stage
from workers.demo.strategy import COVERAGE, span

MADE_SECONDS = 40
FIGURES = Path(__file__).parent / "figures.graphql"
#: Somebody who follows a link in a browser, and a program that does.
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CRAWLER = "Mastodon/4.4 (+https://mastodon.example/)"

LINKS = """
query Links($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on ContentItem {
      title
      currentRevision { shortLinks { shortUrl url clicks programClicks channel { id } } }
    }
  }
}"""
CHART = "query Chart($input: ChartInput!) { chartUrl(input: $input) }"
FILES = """
query Files($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Report { id made: state problem htmlUrl pdfUrl }
    ... on Export { id written: state problem downloadUrl rowsDone }
  }
}"""
#: The charts of a brand: how each file is named, what it shows, and in which form.
CHARTS: Mapping[str, Json] = {
    "by-day.svg": {"kind": "LINE", "format": "SVG"},
    "by-day.png": {"kind": "LINE", "format": "PNG"},
    "by-channel.svg": {"kind": "BARS", "format": "SVG"},
    "best-times.svg": {"kind": "BEST_TIMES", "format": "SVG"},
}
EXPORTS: Mapping[str, Json] = {
    "measurements.csv": {"kind": "MEASUREMENTS", "format": "CSV"},
    "publications.parquet": {"kind": "PUBLICATIONS", "format": "PARQUET"},
}


async def count_clicks(stage: Stage) -> None:
    """Follow the short links, as people and as a program do; see the people counted."""
    wanted = {stage.written[item.title]["id"]: item for item in stage.items if item.clicks}
    nodes = (await stage.editor.ask(LINKS, ids=list(wanted)))["nodes"]
    followed: dict[str, int] = {}
    for node in nodes:
        item = next(one for one in wanted.values() if one.title == node["title"])
        links = _own(stage, node)
        for number in range(item.clicks):
            await _follow(stage, links[number % len(links)], BROWSER)
        await _follow(stage, links[0], CRAWLER)
        followed[item.title] = item.clicks
    stage.found["clicks"] = followed
    ids = [
        one["id"]
        for one in stage.answerable()
        if (told := stage.item_of(one)) is not None and told.clicks
    ]

    # Clicks are written once a second; a publication counts them when somebody looks.
    async def written() -> bool | None:
        nodes = (await stage.editor.ask(LINKS, ids=list(wanted)))["nodes"]
        links = [one for node in nodes for one in node["currentRevision"]["shortLinks"]]
        return sum(one["clicks"] for one in links) == sum(followed.values()) or None

    await until(written, seconds=MADE_SECONDS, what="Clicks were not written.")
    for one in ids:
        await stage.editor.act("publicationCollect", {"id": one}, "publication { id }")
    await look_at(stage, ids)
    said = ", ".join(f"{number} on “{title}”" for title, number in followed.items())
    stage.note(f"Short links were followed: {said}; crawlers are counted apart", kind="found")


def _own(stage: Stage, node: Json) -> list[Json]:
    """Return the short links of a text on channels where people read them."""
    places = {stage.channels[channel.key] for channel in stage.cast.channels if channel.account}
    found = node["currentRevision"]["shortLinks"]
    return [one for one in found if one["channel"]["id"] in places]


def clicks(publication: Json) -> int:
    """Return the clicks the hub has counted on what a publication shows."""
    return sum(one["value"] for one in publication["metrics"] if one["metric"] == "CLICKS")


async def _follow(stage: Stage, link: Json, program: str) -> None:
    answer = await stage.http.get(link["shortUrl"], headers={"User-Agent": program})
    if answer.headers.get("location") != link["url"]:
        raise StoryFailed(f"{link['shortUrl']} leads to {answer.headers.get('location')}")


async def look_at_figures(stage: Stage) -> None:
    """Look at what the week has brought: totals, goals, plans, best times."""
    await look_at_all(stage)
    query = FIGURES.read_text(encoding="utf-8")
    for brand in stage.cast.brands:
        kept = stage.brands[brand.key]
        shown = await stage.editor.ask(
            query,
            campaign=kept.campaign,
            brand=kept.id,
            channel=stage.channels[brand.channels[0].key],
            **span(stage),
        )
        stage.found.setdefault("figures", {})[brand.key] = shown
        board = shown["dashboard"]
        metrics = {one["metric"]: one["value"] for one in board["metrics"]}
        stage.note(
            f"{board['publications']['value']} publications of “{brand.campaign.name}”, "
            f"{metrics.get('LIKES', 0)} likes, {metrics.get('REPLIES', 0)} answers, "
            f"{metrics.get('SHARES', 0)} shares, {metrics.get('CLICKS', 0)} clicks",
            brand=brand.key,
            kind="found",
            details=[_goal(goal) for goal in shown["goals"]["nodes"]] + [_best(shown, brand)],
        )
    _keep_query(stage, query)
    plans = [kept.campaign for kept in stage.brands.values()]
    nodes = (await stage.editor.ask(COVERAGE, ids=plans))["nodes"]
    stage.found["plans"] = {
        key: node["plan"] for key, node in zip(stage.brands, nodes, strict=True)
    }


def _keep_query(stage: Stage, query: str) -> None:
    """Keep the question that the figures answer, for whoever wants to ask it."""
    brand = stage.cast.brands[0]
    kept = stage.brands[brand.key]
    variables = {
        "campaign": kept.campaign,
        "brand": kept.id,
        "channel": stage.channels[brand.channels[0].key],
        **span(stage),
    }
    file = stage.out / "figures.graphql"
    file.write_text(f"{query}\n# Variables:\n# {json.dumps(variables)}\n", encoding="utf-8")
    stage.files["The question behind the figures, for GraphiQL"] = file


def _goal(goal: Json) -> str:
    progress = goal["progress"]
    state = progress["state"].lower().replace("_", " ")
    return f"goal “{goal['name']}”: {progress['value']} of {goal['target']}, {state}"


def _best(shown: Json, brand: Brand) -> str:
    times = shown["node"]["bestTimes"]
    said = times["verdict"].lower().replace("_", " ")
    return f"best times on {brand.channels[0].name}: {said} after {times['posts']} posts"


async def write_files(stage: Stage) -> None:
    """Bring charts, exports, and a report per campaign as page and document."""
    reports = {brand.key: await _report(stage, brand) for brand in stage.cast.brands}
    exports = {name: await _export(stage, given) for name, given in EXPORTS.items()}
    for brand in stage.cast.brands:
        await asyncio.gather(*(_chart(stage, brand, name, given) for name, given in CHARTS.items()))
    ready = await _ready(stage, [*reports.values(), *exports.values()])
    for brand in stage.cast.brands:
        report = ready[reports[brand.key]]
        title = f"{brand.campaign.name}: the report"
        await _fetch(stage, f"{brand.key}-report.html", report["htmlUrl"], title)
        await _fetch(stage, f"{brand.key}-report.pdf", report["pdfUrl"], f"{title}, to print")
        stage.note(f"A report of “{brand.campaign.name}”, as page and as PDF", brand=brand.key)
    for name, export_id in exports.items():
        await _fetch(stage, name, ready[export_id]["downloadUrl"], name.partition(".")[0].title())
    rows = " and ".join(f"{ready[one]['rowsDone']} rows in {name}" for name, one in exports.items())
    stage.note(f"{len(CHARTS)} charts per brand; {rows}")


async def _report(stage: Stage, brand: Brand) -> str:
    given = {
        "campaignId": stage.brands[brand.key].campaign,
        "locale": brand.locale,
        **span(stage),
    }
    made = await stage.editor.act("reportCreate", given, "report { id }")
    return str(made["report"]["id"])


async def _export(stage: Stage, given: Json) -> str:
    made = await stage.manager.act("exportCreate", given, "export { id }")
    return str(made["export"]["id"])


async def _chart(stage: Stage, brand: Brand, name: str, wanted: Json) -> None:
    given: dict[str, Any] = {**wanted, "locale": brand.locale, **span(stage)}
    given["scope"] = {"campaignId": stage.brands[brand.key].campaign}
    if wanted["kind"] == "BEST_TIMES":
        given["scope"] = {"channelId": stage.channels[brand.channels[0].key]}
        given = {key: value for key, value in given.items() if key not in {"from", "to"}}
    asked = await stage.editor.ask(CHART, input=given)
    about = f"{brand.campaign.name}: {name.replace('-', ' ').replace('.', ', ')}"
    await _fetch(stage, f"{brand.key}-{name}", asked["chartUrl"], about)


async def _ready(stage: Stage, ids: list[str]) -> dict[str, Json]:
    """Wait until reports and exports are made; return them by their ids."""
    found: dict[str, Json] = {}

    async def look() -> bool | None:
        for node in (await stage.manager.ask(FILES, ids=ids))["nodes"]:
            state = node.get("made") or node["written"]
            if state == "FAILED":
                raise StoryFailed(f"A file was not made: {node['problem']}")
            if state == "READY":
                found[node["id"]] = node
        return len(found) == len(ids) or None

    await until(look, seconds=MADE_SECONDS, what="Not every file was made.")
    return found


async def _fetch(stage: Stage, name: str, url: str, title: str) -> None:
    answer = await stage.http.get(url)
    if not answer.is_success:
        raise StoryFailed(f"{name} was answered with {answer.status_code}.")
    file = stage.out / name
    file.write_bytes(answer.content)
    stage.files[title] = file
