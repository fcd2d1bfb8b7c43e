"""The days of an editorial calendar as they pass where its reader lives: no session, no clock."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.kernel.errors import Invalid

#: A quarter of a year.
DAYS_MAX = 92
_FIRST, _LAST = date(1970, 1, 1), date(2199, 12, 31)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day of a zone: its first instant, and the first one that is not its own any more, in UTC.

    A day has 23 or 25 hours where the clocks change, and none at all where a zone left it out.
    """

    date: date
    starts_at: datetime
    ends_at: datetime

    @property
    def hours(self) -> float:
        """How long it is."""
        return (self.ends_at - self.starts_at) / timedelta(hours=1)


def days(first: date, last: date, *, zone: ZoneInfo) -> tuple[Day, ...]:
    """Return the days from the first to the last, both included, without gaps between them.

    Raises Invalid for spans that end before they begin, are too long, or leave the years that
    rules of zones are known for.
    """
    if not _FIRST <= first <= _LAST:
        raise Invalid(f"The first day is from {_FIRST} to {_LAST}.", path=("from",))
    if not first <= last <= _LAST:
        raise Invalid("The last day is not before the first.", path=("to",))
    number = (last - first).days + 1
    if number > DAYS_MAX:
        raise Invalid(
            f"From {first} to {last} there are {number} days; ask for {DAYS_MAX} at most.",
            path=("to",),
        )
    dates = [first + number * _DAY for number in range(number + 1)]
    edges = [_beginning(one, zone) for one in dates]
    return tuple(
        Day(date=one, starts_at=edges[index], ends_at=edges[index + 1])
        for index, one in enumerate(dates[:-1])
    )


def day_of(at: datetime, of: Sequence[Day]) -> int | None:
    """Return the place of the day an instant lies in, None where it lies in none of them."""
    # The last that has begun: a day of no hours begins together with the next.
    index = bisect_right(of, at, key=lambda day: day.starts_at) - 1
    return index if index >= 0 and at < of[index].ends_at else None


def _beginning(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant a day begins, also where midnight comes twice or never."""
    midnight = datetime.combine(day, time.min, tzinfo=zone)
    first, second = midnight.astimezone(UTC), midnight.replace(fold=1).astimezone(UTC)
    if first == second:
        return first
    if first < second:
        # Twice. Where the clocks went back over midnight, the former day has come back as well.
        came_back = (second - _SECOND).astimezone(zone).date() < day
        return second if came_back else first
    return _leap(day, zone, before=second, after=first)


def _leap(day: date, zone: ZoneInfo, *, before: datetime, after: datetime) -> datetime:
    """Return the instant the clocks leapt over midnight, to the second."""
    low, high = -1, round((after - before) / _SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        reached = (before + middle * _SECOND).astimezone(zone).date() >= day
        low, high = (low, middle) if reached else (middle, high)
    return before + high * _SECOND
