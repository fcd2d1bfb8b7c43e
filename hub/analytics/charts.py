"""Charts as SVG: lines over days, bars per thing, and a heat map of the week. Pure.

Written here rather than by a library: these three shapes are a few hundred elements of SVG, take a
millisecond, say what they show to people who cannot see them, and look the same as PNG and in a
PDF. The libraries that could draw them take a second to load and hold the interpreter meanwhile.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from hub.analytics.best_times import BestTimes
from hub.analytics.typesetting import FONT
from hub.analytics.wording import Wording

WIDTH = 720
HEIGHT = 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 62, 44
_BAR = 30


@dataclass(frozen=True, kw_only=True)
class Theme:
    """The colours of a chart; every pair that must be told apart has a contrast of 3 or more."""

    paper: str
    ink: str
    soft: str
    grid: str
    first: str
    second: str
    heat: tuple[str, ...]


LIGHT = Theme(
    paper="#ffffff",
    ink="#1f2933",
    soft="#5b6773",
    grid="#e1e6eb",
    first="#1d6fb8",
    second="#8a939c",
    heat=("#eef3f8", "#d0e1f2", "#9fc4e3", "#5f9ccd", "#2f74ae", "#124a7c"),
)
DARK = Theme(
    paper="#14191f",
    ink="#eef2f6",
    soft="#a9b4bf",
    grid="#2c353f",
    first="#6cb2f0",
    second="#7f8a95",
    heat=("#1c242d", "#1f3a55", "#245a86", "#2f7fbd", "#5aa7e4", "#a6d4fa"),
)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One thing and its figure."""

    name: str
    value: int


def line_chart(
    *,
    title: str,
    days: Sequence[date],
    values: Sequence[int],
    previous: Sequence[int] | None,
    words: Wording,
    theme: Theme = LIGHT,
) -> str:
    """Draw a figure per day; the period before is dashed beneath it, day by day."""
    low, high, steps = scale([*values, *(previous or ())])
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM

    def x(index: int) -> float:
        return _LEFT + (right - _LEFT) * (index / (len(days) - 1) if len(days) > 1 else 0.5)

    def y(value: float) -> float:
        return bottom - (bottom - _TOP) * (value - low) / (high - low)

    drawn = [_axis(steps, y, words, theme)]
    drawn += [
        # The last day's name would pass the edge.
        _text(
            words.day(days[at]),
            x=x(at),
            y=bottom + 22,
            fill=theme.soft,
            anchor="end" if at and at == len(days) - 1 else "middle",
        )
        for at in _marks(len(days))
    ]
    if previous:
        points = [(x(index), y(value)) for index, value in enumerate(previous[: len(days)])]
        drawn.append(_line(points, theme.second, dashed=True))
    points = [(x(index), y(value)) for index, value in enumerate(values)]
    drawn.append(_line(points, theme.first))
    if len(values) <= 31:
        drawn += [
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{theme.first}"/>' for a, b in points
        ]
    drawn.append(_key(words, theme, previous=bool(previous)))
    return _whole(
        title, _line_words(days, values, words), drawn, height=HEIGHT, theme=theme, words=words
    )


def bar_chart(*, title: str, bars: Sequence[Bar], words: Wording, theme: Theme = LIGHT) -> str:
    """Draw a figure per thing, in the order given; the names stand above their bars."""
    high = max(1, *(bar.value for bar in bars), 1)
    height = _TOP + 18 + max(1, len(bars)) * (_BAR + 24)
    room = WIDTH - _RIGHT - 24 - 80
    drawn = []
    for index, bar in enumerate(bars):
        top = _TOP + index * (_BAR + 24)
        length = max(2.0, room * max(0, bar.value) / high)
        drawn.append(_text(_cut(bar.name), x=24, y=top, fill=theme.soft))
        drawn.append(
            f'<rect x="24" y="{top + 7}" width="{length:.1f}" height="{_BAR - 6}" rx="3" '
            f'fill="{theme.first}"/>'
        )
        drawn.append(
            _text(words.number(bar.value), x=32 + length, y=top + 25, fill=theme.ink, bold=True)
        )
    said = "; ".join(f"{bar.name}: {words.number(bar.value)}" for bar in bars)
    return _whole(
        title, said or words.word("nothing"), drawn, height=height, theme=theme, words=words
    )


def heat_map(
    *, title: str, times: BestTimes, note: str, words: Wording, theme: Theme = LIGHT
) -> str:
    """Draw the hours of a week: the darker, the more answers; the proven best have a frame."""
    cell = (WIDTH - _LEFT - _RIGHT) / 24
    tall = 26
    known = {(slot.weekday, slot.hour): slot for slot in times.slots}
    most = max((slot.expected for slot in times.slots), default=0)
    least = min((slot.expected for slot in times.slots), default=0)
    drawn = []
    for weekday in range(1, 8):
        top = _TOP + (weekday - 1) * (tall + 3)
        drawn.append(
            _text(words.weekday(weekday), x=_LEFT - 10, y=top + 18, fill=theme.soft, anchor="end")
        )
        for hour in range(24):
            slot = known.get((weekday, hour))
            left = _LEFT + hour * cell
            place = f'x="{left + 1:.1f}" y="{top}" width="{cell - 2:.1f}" height="{tall}" rx="3"'
            if slot is None:
                drawn.append(f'<rect {place} fill="none" stroke="{theme.grid}"/>')
                continue
            shade = theme.heat[_shade(slot.expected, least, most, len(theme.heat))]
            frame = f' stroke="{theme.ink}" stroke-width="2.5"' if slot.best else ""
            drawn.append(f'<rect {place} fill="{shade}"{frame}/>')
    under = _TOP + 7 * (tall + 3) + 16
    drawn += [
        _text(
            words.hour(hour),
            x=_LEFT + (hour + 0.5) * cell,
            y=under,
            fill=theme.soft,
            anchor="middle",
        )
        for hour in range(0, 24, 3)
    ]
    drawn += _ramp(least, most, under + 28, words, theme)
    drawn.append(_text(note, x=_LEFT, y=under + 62, fill=theme.ink))
    return _whole(title, note, drawn, height=under + 84, theme=theme, words=words)


def scale(values: Sequence[float]) -> tuple[float, float, list[float]]:
    """Return where an axis begins and ends and its three to six round steps; 0 is always on it.

    The steps are 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels", 1990).
    """
    low, high = min(0, *values, 0), max(0, *values, 0)
    if low == high:
        high = 1
    rough = (high - low) / 4
    power = 10 ** math.floor(math.log10(rough))
    # Figures are counted: there is nothing between two of them.
    step = max(1, next(times * power for times in (1, 2, 5, 10) if times * power >= rough))
    first, last = math.floor(low / step), math.ceil(high / step)
    return first * step, last * step, [number * step for number in range(first, last + 1)]


def _axis(steps: Sequence[float], y: Callable[[float], float], words: Wording, theme: Theme) -> str:
    drawn = []
    for step in steps:
        colour = theme.soft if step == 0 else theme.grid
        drawn.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(step):.1f}" y2="{y(step):.1f}" '
            f'stroke="{colour}"/>'
        )
        drawn.append(
            _text(words.number(step), x=_LEFT - 10, y=y(step) + 4, fill=theme.soft, anchor="end")
        )
    return "".join(drawn)


def _marks(number: int) -> list[int]:
    """Return which days are named: eight at most, evenly, the first among them."""
    every = max(1, math.ceil(number / 8))
    return list(range(0, number, every))


def _line(points: Sequence[tuple[float, float]], colour: str, *, dashed: bool = False) -> str:
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    style = 'stroke-width="1.8" stroke-dasharray="5 4"' if dashed else 'stroke-width="2.4"'
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" {style} '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _key(words: Wording, theme: Theme, *, previous: bool) -> str:
    if not previous:
        return ""
    left = WIDTH - _RIGHT - 290
    return (
        f'<line x1="{left}" x2="{left + 22}" y1="46" y2="46" stroke="{theme.first}" '
        'stroke-width="2.4"/>'
        + _text(words.word("this_period"), x=left + 28, y=50, fill=theme.soft)
        + f'<line x1="{left + 138}" x2="{left + 160}" y1="46" y2="46" stroke="{theme.second}" '
        'stroke-width="1.8" stroke-dasharray="5 4"/>'
        + _text(words.word("previous_period"), x=left + 166, y=50, fill=theme.soft)
    )


def _ramp(least: float, most: float, top: float, words: Wording, theme: Theme) -> list[str]:
    drawn = [_text(words.number(least), x=_LEFT, y=top + 10, fill=theme.soft)]
    for index, shade in enumerate(theme.heat):
        drawn.append(
            f'<rect x="{_LEFT + 44 + index * 30}" y="{top}" width="30" height="12" fill="{shade}"/>'
        )
    end = _LEFT + 52 + len(theme.heat) * 30
    drawn.append(_text(words.number(most), x=end, y=top + 10, fill=theme.soft))
    return drawn


def _shade(value: float, least: float, most: float, number: int) -> int:
    if most <= least:
        return number // 2
    return min(number - 1, int((value - least) / (most - least) * number))


def _line_words(days: Sequence[date], values: Sequence[int], words: Wording) -> str:
    if not values or not any(values):
        return words.word("nothing")
    highest = max(range(len(values)), key=lambda index: values[index])
    said = (
        words.word("total", value=words.number(sum(values))),
        words.word("highest", value=words.number(values[highest]), day=words.day(days[highest])),
    )
    first, last = words.day(days[0], year=True), words.day(days[-1], year=True)
    span = words.word("span", first=first, last=last)
    return f"{span}: {', '.join(said)}."


def _cut(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:79]}…"


def _text(
    words: str,
    *,
    x: float,
    y: float,
    fill: str,
    anchor: str = "start",
    size: int = 12,
    bold: bool = False,
) -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" text-anchor="{anchor}" '
        f'font-size="{size}"{weight}>{escape(_drawable(words))}</text>'
    )


def _drawable(words: str) -> str:
    """Leave out what XML cannot hold; texts of people may have it."""
    return "".join(letter for letter in words if letter >= " " or letter == "\t")


def _whole(
    title: str, said: str, drawn: Sequence[str], *, height: float, theme: Theme, words: Wording
) -> str:
    head = _text(title, x=24, y=28, fill=theme.ink, size=16, bold=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-labelledby="t d" '
        f'xml:lang="{words.language}" font-family="{FONT}, Verdana, sans-serif">'
        f'<title id="t">{escape(_drawable(title))}</title>'
        f'<desc id="d">{escape(_drawable(said))}</desc>'
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="{theme.paper}"/>'
        f"{head}{''.join(drawn)}</svg>"
    )
