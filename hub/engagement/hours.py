"""Business time: when so many minutes of opening hours have passed, whatever the clocks do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

from hub.kernel.errors import Invalid

#: How far ahead hours are looked for; a place that opens less often has no deadline.
_HORIZON_DAYS = 400
MINUTES_MAX = 60 * 24 * 90
HOLIDAYS_MAX = 400
SPANS_MAX = 50
_DAY = 24 * 60


class Weekday(IntEnum):
    """The days of the week, as Python counts them."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


@dataclass(frozen=True, kw_only=True)
class Span:
    """Opening hours of one weekday, in minutes since its midnight on the wall; 1440 is its end."""

    weekday: Weekday
    opens: int
    closes: int

    def to_json(self) -> dict[str, Any]:
        """Return the span as plain JSON, with the words the API has for it."""
        return {
            "weekday": self.weekday.name,
            "opens_at": written(self.opens),
            "closes_at": written(self.closes),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Span":
        """Read a span stored by `to_json`."""
        return cls(
            weekday=Weekday[stored["weekday"]],
            opens=_minutes(stored["opens_at"]),
            closes=_minutes(stored["closes_at"]),
        )


@dataclass(frozen=True, kw_only=True)
class Hours:
    """When somebody is there: spans of the week in a time zone, but not on holidays."""

    zone: ZoneInfo
    spans: Sequence[Span]
    holidays: frozenset[date] = frozenset()


def deadline(start: datetime, *, minutes: int, hours: Hours) -> datetime | None:
    """Return when so many minutes have passed while open; None where it never opens long enough.

    Minutes are real ones: a night in which clocks are put forward has an hour less. Without spans
    it is open round the clock.
    """
    left = timedelta(minutes=minutes)
    if not hours.spans:
        return start + left
    for opens, closes in _open(start, hours):
        begins = max(opens, start)
        if closes - begins >= left:
            return begins + left
        left -= max(closes - begins, timedelta())
    return None


def _open(start: datetime, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    """Yield opening hours that end after `start`, in their order, as instants in UTC."""
    # The day before: in some zones it is still that day, and a span may end at its midnight.
    first = start.astimezone(hours.zone).date() - timedelta(days=1)
    for days in range(_HORIZON_DAYS):
        day = first + timedelta(days=days)
        if day in hours.holidays:
            continue
        for span in sorted(hours.spans, key=lambda one: one.opens):
            if span.weekday != day.weekday():
                continue
            opens, closes = (_instant(day, at, hours.zone) for at in (span.opens, span.closes))
            if closes > max(opens, start):
                yield opens, closes


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return the instant of a time on the wall.

    One that the clocks leap over is the moment they leap; of one that comes twice, the first.
    """
    days, rest = divmod(minutes, _DAY)
    wall = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # PEP 495: inside a gap, fold=1 is read with the offset after it: an instant before the leap.
    before, after = int(wall.replace(fold=1).timestamp()), int(instant.timestamp())
    offset = instant.astimezone(zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return datetime.fromtimestamp(after, UTC)


def require_spans(given: Sequence[tuple[str, str, str]], *, path: tuple[str, ...]) -> list[Span]:
    """Return (weekday, opens, closes) as spans; Invalid where one ends early or two overlap."""
    if len(given) > SPANS_MAX:
        raise Invalid(f"A week has {SPANS_MAX} spans at most.", path=path)
    spans: list[Span] = []
    for index, (weekday, opens_at, closes_at) in enumerate(given):
        where = (*path, str(index))
        opens = _require_minutes(opens_at, path=(*where, "opensAt"))
        closes = _require_minutes(closes_at, path=(*where, "closesAt"))
        if closes <= opens:
            raise Invalid("It must close after it opens, on the same day.", path=where)
        span = Span(weekday=Weekday[weekday], opens=opens, closes=closes)
        if any(_overlap(span, other) for other in spans):
            raise Invalid("Two spans of a day overlap.", path=where)
        spans.append(span)
    return spans


def _overlap(one: Span, other: Span) -> bool:
    return one.weekday is other.weekday and one.opens < other.closes and other.opens < one.closes


def _require_minutes(text: str, *, path: tuple[str, ...]) -> int:
    try:
        return _minutes(text)
    except ValueError:
        raise Invalid(f'{text} is no time of day such as "09:30" or "24:00".', path=path) from None


def _minutes(text: str) -> int:
    if text == "24:00":
        return _DAY
    read = datetime.strptime(text, "%H:%M")  # noqa: DTZ007 - a time on the wall has no zone
    if written(read.hour * 60 + read.minute) != text:
        raise ValueError(text)
    return read.hour * 60 + read.minute


def written(minutes: int) -> str:
    """Return a time on the wall as HH:MM."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
