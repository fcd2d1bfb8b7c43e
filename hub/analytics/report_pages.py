"""A report as one page of HTML and as a document to print: the same words, tables and charts."""

import json
from collections.abc import Sequence
from datetime import timedelta
from html import escape
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from hub.analytics.charts import Bar, bar_chart, line_chart
from hub.analytics.reports import Material, Post
from hub.analytics.series import ALL_ENGAGEMENT, Compared, Period
from hub.analytics.typesetting import to_pdf
from hub.analytics.wording import Wording

_STYLE = (
    ":root{color-scheme:light}"
    "body{font:16px/1.55 system-ui,sans-serif;color:#1f2933;background:#f4f6f8;margin:0}"
    "main{max-width:780px;margin:2rem auto;background:#fff;padding:2.5rem 3rem;border-radius:8px}"
    "h1{margin:0 0 .25rem;font-size:1.9rem;line-height:1.2}h2{margin:2.2rem 0 .6rem}"
    ".kind{color:#5b6773;margin:0}.tiles{display:flex;flex-wrap:wrap;gap:.8rem;padding:0}"
    ".tiles li{list-style:none;flex:1 1 8rem;border:1px solid #e1e6eb;border-radius:8px;"
    "padding:.7rem .9rem}.tiles b{display:block;font-size:1.5rem}.tiles span{color:#5b6773}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.45rem .5rem;"
    "border-bottom:1px solid #e1e6eb}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "svg{max-width:100%;height:auto}footer{color:#5b6773;margin-top:2rem;font-size:.9rem}"
    "a{color:#1d6fb8}@media print{body{background:#fff}main{margin:0;padding:0}}"
)
#: What the door sends with the page: nothing in it runs, and nothing is fetched.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class Pages:
    """What both forms of a report are made of."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self._words = Wording(material.heading.locale)
        self._figures = material.figures
        self._zone = ZoneInfo(material.heading.period.zone)

    def to_html(self) -> str:
        """Return the page: it holds its style and its charts, and needs nothing else."""
        words, heading = self._words, self._material.heading
        objective = f"<p>{escape(heading.objective)}</p>" if heading.objective else ""
        return (
            f'<!doctype html><html lang="{words.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(heading.name)} \u2013 {escape(words.word('report'))}</title>"
            f"<style>{_STYLE}</style></head><body><main>"
            f'<p class="kind">{escape(words.word("report"))} · {escape(heading.brand)}</p>'
            f"<h1>{escape(heading.name)}</h1>{objective}"
            f"<p>{escape(self._span())}</p>"
            f"<h2>{escape(words.word('figures'))}</h2>"
            f'<ul class="tiles">{"".join(_tile(*one) for one in self._tiles())}</ul>'
            f"{''.join(f'<figure>{chart}</figure>' for chart in self.charts())}"
            f"{_table(self._goals(), otherwise='')}{self._channel_table()}{self._post_table()}"
            f"<footer>{escape(self._made())}</footer></main></body></html>"
        )

    def to_pdf(self) -> bytes:
        """Return the document; blocks for a fraction of a second."""
        words, heading = self._words, self._material.heading
        said: dict[str, Any] = {
            "language": words.language,
            "title": heading.name,
            "kind": f"{words.word('report')} · {heading.brand}",
            "objective": heading.objective,
            "span": self._span(),
            "made": self._made(),
            "figures": words.word("figures"),
            "tiles": [list(one) for one in self._tiles()],
            "charts": [
                {"svg": svg, "alt": alt}
                for svg, alt in zip(self.charts(), self._alternatives(), strict=True)
            ],
            "tables": [
                one for one in (self._goals(), self._channels(), self._posts()) if one["rows"]
            ],
        }
        source = files("hub.analytics").joinpath("report.typ").read_bytes()
        return to_pdf(source, {"report": json.dumps(said)})

    def charts(self) -> list[str]:
        """Return the charts as SVG: by day, and by channel where there are several."""
        metric = self._words.word(ALL_ENGAGEMENT)
        before = self._figures.daily_before
        nothing = [0] * (len(self._figures.edges) - 1)
        drawn = [
            line_chart(
                title=self._words.word("by_day", metric=metric),
                days=days_of(self._figures.period),
                values=self._figures.daily.get(ALL_ENGAGEMENT, nothing),
                previous=None if before is None else before.get(ALL_ENGAGEMENT, nothing),
                words=self._words,
            )
        ]
        bars = self._bars()
        if len(bars) > 1:
            title = self._words.word("by_channel", metric=metric)
            drawn.append(bar_chart(title=title, bars=bars, words=self._words))
        return drawn

    def _alternatives(self) -> list[str]:
        metric = self._words.word(ALL_ENGAGEMENT)
        total = self._words.number(self._figures.engagement.value)
        by_day = self._words.word("by_day", metric=metric)
        found = [f"{by_day}, {self._words.word('total', value=total)}"]
        bars = self._bars()
        if len(bars) > 1:
            found.append("; ".join(f"{bar.name}: {self._words.number(bar.value)}" for bar in bars))
        return found

    def _bars(self) -> list[Bar]:
        return [
            Bar(
                name=self._material.channels.get(one.channel_id, "\u2013"),
                value=one.engagement.value,
            )
            for one in self._figures.channels
        ]

    def _span(self) -> str:
        words, other = self._words, self._figures.compared_with
        now = f"{words.word('period')}: {_days(self._material.heading.period, words)}"
        if words.language == "fr":
            now = now.replace(":", "\u00a0:")
        if other is None:
            return now
        return f"{now} \u2013 {words.word('compared')} {_days(other, words)}"

    def _made(self) -> str:
        day = self._words.instant(self._material.heading.made_at, self._zone)
        return self._words.word("made", day=day)

    def _tiles(self) -> list[tuple[str, str, str]]:
        """Return name, value and change of every total."""
        figures = [("PUBLICATIONS", self._figures.publications), *self._figures.metrics.items()]
        return [
            (self._words.word(name), self._words.number(one.value), self._change(one))
            for name, one in figures
        ]

    def _change(self, one: Compared) -> str:
        if one.previous is None:
            return ""
        if one.percent is not None:
            return self._words.percent(one.percent)
        return f"{self._words.word('before')} {self._words.number(one.previous)}"

    def _goals(self) -> dict[str, Any]:
        words = self._words
        return {
            "title": words.word("goals"),
            "head": [
                *(words.word("goal"), words.word("counted"), words.word("state")),
                *(words.word("so_far"), words.word("expected"), words.word("target")),
            ],
            "rows": [
                [
                    *(one.name, words.word(one.metric), words.word(one.progress.state.value)),
                    f"{words.number(one.progress.value)} ({words.share(one.progress.share)})",
                    *(words.number(one.progress.expected), words.number(one.target)),
                ]
                for one in self._material.aims
            ],
            "links": [""] * len(self._material.aims),
            "words": 3,
        }

    def _channels(self) -> dict[str, Any]:
        words = self._words
        return {
            "title": words.word("by_channel", metric=words.word(ALL_ENGAGEMENT)),
            "head": [
                *(words.word("channel"), words.word("PUBLICATIONS"), words.word(ALL_ENGAGEMENT)),
                *(words.word("change"), words.word("CLICKS"), words.word("FOLLOWERS")),
            ],
            "rows": [
                [
                    self._material.channels.get(one.channel_id, "\u2013"),
                    words.number(one.publications.value),
                    words.number(one.engagement.value),
                    self._change(one.engagement),
                    _number(one.metrics.get("CLICKS"), words),
                    "\u2013" if one.followers is None else words.number(one.followers),
                ]
                for one in self._figures.channels
            ],
            "links": [""] * len(self._figures.channels),
            "words": 1,
        }

    def _posts(self) -> dict[str, Any]:
        words = self._words
        return {
            "title": words.word("top"),
            "head": [
                *(words.word("title"), words.word("channel"), words.word("published")),
                *(words.word(ALL_ENGAGEMENT), words.word("CLICKS")),
            ],
            "rows": [
                [
                    *(post.title, post.channel, self._published(post)),
                    *(words.number(post.engagement), words.number(post.clicks)),
                ]
                for post in self._material.posts
            ],
            "links": [_safe(post.url) for post in self._material.posts],
            "words": 3,
        }

    def _published(self, post: Post) -> str:
        if post.published_at is None:
            return "\u2013"
        return self._words.instant(post.published_at, self._zone)

    def _channel_table(self) -> str:
        return _table(self._channels(), otherwise=self._words.word("nothing"))

    def _post_table(self) -> str:
        return _table(self._posts(), otherwise="")


def days_of(period: Period) -> list[Any]:
    """Return the dates of a period."""
    return [period.first + timedelta(days=number) for number in range(period.length)]


def _number(one: Compared | None, words: Wording) -> str:
    return "\u2013" if one is None else words.number(one.value)


def _days(period: Period, words: Wording) -> str:
    first, last = words.day(period.first, year=True), words.day(period.last, year=True)
    return words.word("span", first=first, last=last)


def _tile(name: str, value: str, change: str) -> str:
    return f"<li>{escape(name)}<b>{escape(value)}</b><span>{escape(change)}</span></li>"


def _table(table: dict[str, Any], *, otherwise: str) -> str:
    if not table["rows"]:
        return f"<p>{escape(otherwise)}</p>" if otherwise else ""
    places = ["" if place < table["words"] else ' class="n"' for place in range(9)]
    head = "".join(
        f'<th scope="col"{places[place]}>{escape(name)}</th>'
        for place, name in enumerate(table["head"])
    )
    rows = "".join(
        f"<tr>{_cells(row, link, places)}</tr>"
        for row, link in zip(table["rows"], table["links"], strict=True)
    )
    return (
        f"<h2>{escape(table['title'])}</h2><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _cells(row: Sequence[str], link: str, places: Sequence[str]) -> str:
    cells = [escape(cell) for cell in row]
    if link:
        cells[0] = f'<a href="{escape(link)}" rel="noreferrer">{cells[0]}</a>'
    return "".join(f"<td{places[place]}>{cell}</td>" for place, cell in enumerate(cells))


def _safe(url: str) -> str:
    """Return an address of the web, or nothing: a platform says what it likes."""
    return url if url.startswith(("https://", "http://")) else ""
