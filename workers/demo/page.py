"""The page of the week: `index.html`, which holds its style, its charts and its pictures."""

import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from workers.demo import showing
from workers.demo.checks import same_hash
from workers.demo.client import Json
from workers.demo.clock import ZONE
from workers.demo.diary import Line, Page
from workers.demo.material import Brand
from workers.demo.promises import Check
from workers.demo.stage import Stage

STYLE = Path(__file__).parent / "page.css"
SIGNS = {"done": "✓", "found": "→", "bad": "!"}
#: How wide a picture is on the page, in pixels.
PICTURE = 720
#: Pictures beside the days they were published on.
BESIDE = {"wednesday": "toaster", "sunday": "coat"}
#: The charts of a brand that the page shows, and what they are about.
SHOWN = {
    "by-day.svg": "Likes, shares, answers and quotes by day, beside the week before",
    "by-channel.svg": "The same by channel",
    "best-times.svg": "When people answer best: honest about how little a week can say",
}


def write(stage: Stage, checks: Sequence[Check]) -> None:
    """Write the page into the folder of the report."""
    (stage.out / "index.html").write_text(_page(stage, checks), encoding="utf-8")


def _page(stage: Stage, checks: Sequence[Check]) -> str:
    monday, sunday = stage.diary.pages[0].on, stage.diary.pages[-1].on
    span = f"{monday:%d %B} to {sunday:%d %B %Y}".replace(" 0", " ").lstrip("0")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        "<title>A week in the life of two brands</title>"
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>"
        f"<header>{_picture(stage, 'cafe')}<div><p>{escape(span)}</p>"
        f"<h1>A week in the life of two brands</h1>{_brands(stage.cast.brands)}</div></header>"
        "<main>"
        f"{_tiles(stage, checks)}{_contents(stage)}"
        f"{''.join(_day(stage, one) for one in stage.diary.pages)}"
        f"{_section('came', 'What went out, and what came back', _table(stage))}"
        f"{_section('goals', 'Did it work', _results(stage))}"
        f"{_section('checks', 'What was checked in the end', _checks(checks))}"
        f"{_section('files', 'To take away', _files(stage))}"
        "</main><footer>Made by <code>hub demo</code>. Places, people and brands are made up; "
        "everything else happened through the public API.</footer></body></html>"
    )


def _brands(brands: Iterable[Brand]) -> str:
    return "".join(
        f'<p class="who"><b class="mark {one.key}">{one.key.upper()}</b> '
        f"<strong>{escape(one.name)}</strong> {escape(one.campaign.objective)}</p>"
        for one in brands
    )


def _tiles(stage: Stage, checks: Sequence[Check]) -> str:
    out = [one for one in stage.contents() if one["state"] == "PUBLISHED"]
    done = sum((did["likes"] for did in stage.done.values()), 0)
    figures = (
        ("publications", len(out)),
        ("channels", len(stage.channels)),
        ("answers", len(stage.said)),
        ("replies", len(stage.replies())),
        ("likes", done),
        ("mentions elsewhere", len(stage.found["mentions"])),
        ("checks hold", f"{sum(one.holds for one in checks)} of {len(checks)}"),
    )
    tiles = "".join(f"<li><b>{value}</b>{name}</li>" for name, value in figures)
    return f'<ul class="tiles">{tiles}</ul>'


def _contents(stage: Stage) -> str:
    days = "".join(f'<a href="#{one.day}">{one.day.title()}</a>' for one in stage.diary.pages)
    return (
        f"<nav>{days}<a href='#came'>What came back</a><a href='#goals'>Did it work</a>"
        "<a href='#checks'>Checks</a><a href='#files'>Files</a></nav>"
    )


def _section(anchor: str, title: str, body: str) -> str:
    return f'<section id="{anchor}"><h2>{escape(title)}</h2>{body}</section>'


def _day(stage: Stage, page: Page) -> str:
    lines = "".join(map(_line, page.lines))
    date = f"{page.on:%d %B}, told in {page.seconds:.0f} s".lstrip("0")
    kind = "day shows" if page.day in BESIDE else "day"
    return (
        f'<section class="{kind}" id="{page.day}"><h2><small>{date}</small>{page.day.title()}'
        f"<span>{escape(page.title)}</span></h2><ul>{lines}</ul>"
        f"{_beside(stage, page.day)}</section>"
    )


def _line(line: Line) -> str:
    mark = f'<b class="mark {line.brand}">{line.brand.upper()}</b>' if line.brand else ""
    details = "".join(f"<p>{escape(one)}</p>" for one in line.details)
    if len(line.details) > 4:
        details = f"<details><summary>{len(line.details)} of them</summary>{details}</details>"
    return (
        f'<li class="{line.kind}"><i>{SIGNS[line.kind]}</i><div>{mark}{escape(line.text)}'
        f"{details}</div></li>"
    )


def _beside(stage: Stage, day: str) -> str:
    """Return what there is to look at beside the lines of a day."""
    if day in BESIDE:
        return f"<figure>{_picture(stage, BESIDE[day])}</figure>"
    return _timeline(stage) if day == "saturday" else ""


def _timeline(stage: Stage) -> str:
    incident = stage.found["incident"]
    entries = "".join(
        f"<li><b>{escape(one['kind'].capitalize().replace('_', ' '))}</b> {escape(one['text'])} "
        f"<span>{_day_and_time(one['createdAt'])}"
        f"{', ' + escape(one['member']['name']) if one['member'] else ''}</span></li>"
        for one in incident["timeline"]["nodes"]
    )
    return (
        f"<h3>The incident, from the alarm to its end</h3><p>{escape(incident['title'])} · "
        f"{incident['severity'].lower()} · {incident['state'].lower()}</p><ol>{entries}</ol>"
    )


def _table(stage: Stage) -> str:
    head = "".join(
        f"<th{' class=n' if number else ''}>{name}</th>"
        for name, number in (
            *(("Text", False), ("Channel", False), ("Out", False)),
            *(("Likes", True), ("Shares", True), ("Answers", True), ("Clicks", True)),
            ("Approved = sent", False),
        )
    )
    rows = "".join(
        _row(stage, "" if number else title, one)
        for title, publications in showing.by_text(stage).items()
        for number, one in enumerate(publications)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _row(stage: Stage, title: str, one: Json) -> str:
    channel = stage.channel_of(one).key
    brand = stage.brand_of(channel).key
    figures = "".join(f'<td class="n">{value}</td>' for value in showing.figures(stage, one))
    digest = f"<code>{one['approvedHash'][:8]}</code> ✓" if same_hash(one) else showing.NOTHING
    first = f"<td><strong>{escape(title)}</strong></td>" if title else "<td></td>"
    return (
        f'<tr class="{"new" if title else ""}">{first}<td><b class="mark {brand}">'
        f"{brand.upper()}</b>{escape(one['channel']['name'])}</td>"
        f"<td>{_moment(one)}</td>{figures}<td>{digest}</td></tr>"
    )


def _moment(one: Json) -> str:
    if one["publishedAt"] is None:
        return str(one["state"]).lower()
    return _day_and_time(one["publishedAt"])


def _day_and_time(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(ZONE):%a %H:%M}"


def _results(stage: Stage) -> str:
    return "".join(_result(stage, brand) for brand in stage.cast.brands)


def _result(stage: Stage, brand: Brand) -> str:
    figures = stage.found["figures"][brand.key]
    goals = "".join(_goal(goal) for goal in figures["goals"]["nodes"])
    plan = stage.found["plans"][brand.key]
    charts = "".join(
        f"<figure>{_image(stage.out / f'{brand.key}-{name}', about)}"
        f"<figcaption>{escape(about)}</figcaption></figure>"
        for name, about in SHOWN.items()
    )
    return (
        f'<h3><b class="mark {brand.key}">{brand.key.upper()}</b>{escape(brand.campaign.name)}</h3>'
        f"<p>Planned for the week: {plan['planned']}. Out: {plan['published']}. "
        f"Missing: {plan['missing']}.</p>{goals}"
        f'<div class="charts">{charts}{_top(figures)}</div>'
    )


def _top(figures: Json) -> str:
    rows = "".join(
        f"<li><span>{escape(one['publication']['contentItem']['title'])}, "
        f"{escape(one['publication']['channel']['name'])}</span><b>{one['engagement']}</b></li>"
        for one in figures["dashboard"]["topPublications"][:5]
    )
    return f"<div><h4>What was answered most</h4><ul>{rows}</ul></div>"


def _goal(goal: Json) -> str:
    progress = goal["progress"]
    share = min(100, round(100 * progress["value"] / goal["target"]))
    state = progress["state"].lower().replace("_", " ")
    return (
        f'<div class="goal"><span>{escape(goal["name"])}</span>'
        f'<div class="bar"><i style="width:{share}%"></i></div>'
        f"<span>{progress['value']} of {goal['target']} · {state}</span></div>"
    )


def _checks(checks: Sequence[Check]) -> str:
    lines = "".join(
        f'<li class="{"done" if one.holds else "bad"}"><i>{"✓" if one.holds else "✗"}</i>'
        f"<div>{escape(one.claim)}{''.join(f'<p>{escape(wrong)}</p>' for wrong in one.wrong)}"
        "</div></li>"
        for one in checks
    )
    return f'<ul class="lines">{lines}</ul>'


def _files(stage: Stage) -> str:
    rows = "".join(
        f'<li><a href="{quote(file.name)}">{escape(title)}</a> '
        f"<small>{file.name}, {file.stat().st_size / 1024:,.0f} kB</small></li>"
        for title, file in sorted(stage.files.items(), key=_order)
    )
    return f'<ul class="files">{rows}</ul>'


def _order(one: tuple[str, Path]) -> tuple[bool, str]:
    """What is to be read comes before the charts, which the page shows already."""
    _, file = one
    return file.suffix in {".svg", ".png"}, file.name


def _picture(stage: Stage, key: str) -> str:
    picture = stage.picture(key)
    with Image.open(picture.path) as image:
        image.thumbnail((PICTURE, PICTURE))
        kept = io.BytesIO()
        image.convert("RGB").save(kept, "JPEG", quality=78)
    return _data(kept.getvalue(), "image/jpeg", picture.alt["en"])


def _image(file: Path, about: str) -> str:
    return _data(file.read_bytes(), "image/svg+xml", about)


def _data(data: bytes, mime: str, about: str) -> str:
    return f'<img alt="{escape(about)}" src="data:{mime};base64,{b64encode(data).decode()}">'
