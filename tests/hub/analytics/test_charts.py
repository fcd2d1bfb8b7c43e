"""Charts are well formed, say what they show, and speak two languages."""

from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from hub.analytics.best_times import BestTimes, Response, best_times
from hub.analytics.charts import DARK, LIGHT, Bar, Theme, bar_chart, heat_map, line_chart, scale
from hub.analytics.typesetting import to_png
from hub.analytics.wording import Wording

SVG = "{http://www.w3.org/2000/svg}"
EN, FR = Wording("en"), Wording("fr-CA")
DAYS = [date(2026, 3, 1) + timedelta(days=number) for number in range(10)]


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(svg).iter(f"{SVG}text")]


def said(svg: str) -> str:
    found = ET.fromstring(svg).find(f"{SVG}desc")
    assert found is not None
    return found.text or ""


def a_line(words: Wording, theme: Theme = LIGHT) -> str:
    return line_chart(
        title="Été & <co>",
        days=DAYS,
        values=[0, 1200, 3, 0, 0, 0, 0, 0, 0, 0],
        previous=[5] * 10,
        words=words,
        theme=theme,
    )


def test_a_line_says_what_it_shows_to_those_who_cannot_see_it() -> None:
    assert said(a_line(EN)) == ("Mar 1, 2026 to Mar 10, 2026: total 1,203, highest 1,200 on Mar 2.")
    assert said(a_line(FR)) == (
        "du 1er mars 2026 au 10 mars 2026: total 1\u202f203, maximum 1\u202f200 le 2 mars."
    )


def test_words_numbers_and_days_are_those_of_the_language() -> None:
    assert {"1,500", "This period", "Mar 1"} <= set(texts(a_line(EN)))
    assert {"1\u202f500", "Période précédente", "1er mars"} <= set(texts(a_line(FR)))


def test_texts_of_people_are_no_markup() -> None:
    assert "Été & <co>" in texts(a_line(EN))
    bars = bar_chart(
        title="T", bars=[Bar(name="<script>\x01&", value=3), Bar(name="b", value=0)], words=EN
    )
    assert "<script>&" in texts(bars)
    assert "<script>" not in bars


def test_a_chart_of_nothing_says_so() -> None:
    empty = line_chart(title="T", days=DAYS, values=[0] * 10, previous=None, words=EN)

    assert said(empty) == "Nothing was measured in these days."
    assert said(bar_chart(title="T", bars=[], words=FR)) == (
        "Rien n\u2019a été mesuré pendant ces jours."
    )
    assert "This period" not in texts(empty)


def test_a_single_day_is_drawn_too() -> None:
    one = line_chart(title="T", days=DAYS[:1], values=[-4], previous=[2], words=EN)

    assert "\u22124" in texts(one)


def test_a_heat_map_has_a_cell_for_every_hour_and_frames_the_best() -> None:
    monday = datetime(2026, 1, 5, 9, tzinfo=UTC)
    posts = [
        Response(published_at=monday + timedelta(weeks=week, hours=3 * (week % 5)), engagement=2)
        for week in range(40)
    ]
    posts += [
        Response(published_at=monday + timedelta(weeks=week, days=2), engagement=400)
        for week in range(10)
    ]
    times: BestTimes = best_times(posts, zone=ZoneInfo("UTC"))
    svg = heat_map(title="T", times=times, note="Note", words=FR)
    cells = [one for one in ET.fromstring(svg).iter(f"{SVG}rect") if one.get("rx")]

    assert len(cells) == 7 * 24
    assert [one for one in cells if one.get("stroke-width")] == [cells[2 * 24 + 9]]
    assert {"lun.", "9\u202fh", "Note"} <= set(texts(svg))


@pytest.mark.parametrize(
    ("values", "low", "high", "step"),
    [
        ([0, 3], 0, 3, 1),
        ([0], 0, 1, 1),
        ([1200], 0, 1500, 500),
        ([-30, 50], -40, 60, 20),
        ([5_000_000_000], 0, 6_000_000_000, 2_000_000_000),
    ],
)
def test_axes_have_round_steps(values: list[float], low: int, high: int, step: int) -> None:
    first, last, steps = scale(values)

    assert (first, last) == (low, high)
    assert steps[1] - steps[0] == step


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_told_from_its_ground(theme: Theme) -> None:
    assert contrast(theme.ink, theme.paper) >= 7
    assert contrast(theme.soft, theme.paper) >= 4.5
    assert contrast(theme.first, theme.paper) >= 3
    assert contrast(theme.second, theme.paper) >= 3


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_an_svg_becomes_pixels_without_anything_of_the_system() -> None:
    png = to_png(a_line(FR), zoom=1)

    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (720, 340)


def test_numbers_are_written_as_people_write_them() -> None:
    assert EN.number(12345.678, digits=1) == "12,345.7"
    assert FR.number(-12345.678, digits=1) == "\u221212\u202f345,7"
    assert (EN.percent(12.5), FR.percent(-3), EN.percent(None)) == (
        "+12.5%",
        "\u22123,0\u202f%",
        "\u2013",
    )
    assert EN.word("SAVES") == "Saves"
    assert Wording("de").language == "en"
