"""Time series of hours: spans cut into buckets, values carried over gaps, sums compared."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from hub.kernel.errors import Invalid
from hub.publishing.calendar import DAYS_MAX as DAYS_AT_ONCE
from hub.publishing.calendar import Day, days

HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

#: Most buckets of one series: a month of hours, or a good year of days.
HOURS_MAX = 31 * 24 + 1
DAYS_MAX = 400

#: What counts as an answer of people; the sum of these is the engagement.
ENGAGEMENT = ("LIKES", "QUOTES", "REPLIES", "SHARES")
VIEWS = "VIEWS"
CLICKS = "CLICKS"
FOLLOWERS = "FOLLOWERS"
#: The name of the sum, wherever a metric is asked for.
ALL_ENGAGEMENT = "ENGAGEMENT"


class Bucket(StrEnum):
    """How a series is cut."""

    HOUR = "HOUR"
    DAY = "DAY"


class Comparison(StrEnum):
    """What a period is compared with."""

    NONE = "NONE"
    PREVIOUS = "PREVIOUS"
    PREVIOUS_YEAR = "PREVIOUS_YEAR"


@dataclass(frozen=True, kw_only=True)
class Period:
    """Whole days of a zone, both ends included."""

    first: date
    last: date
    zone: str

    @property
    def length(self) -> int:
        """Return how many days it has."""
        return (self.last - self.first).days + 1

    def before(self, comparison: Comparison) -> "Period | None":
        """Return the period it is compared with.

        PREVIOUS is the same number of days right before; PREVIOUS_YEAR begins on the same day of
        the year before (28 February for 29 February) and has the same number of days.
        """
        if comparison is Comparison.NONE:
            return None
        if comparison is Comparison.PREVIOUS:
            first = self.first - self.length * _DAY
        else:
            leap = (self.first.month, self.first.day) == (2, 29)
            first = self.first.replace(year=self.first.year - 1, day=28 if leap else self.first.day)
        return Period(first=first, last=first + (self.length - 1) * _DAY, zone=self.zone)

    def days(self) -> tuple[Day, ...]:
        """Return its days; raise Invalid where there are too many or none."""
        if self.first > self.last:
            raise Invalid("The last day is not before the first.", path=("to",))
        if self.length > DAYS_MAX:
            raise Invalid(f"Ask for {DAYS_MAX} days at most.", path=("to",))
        zone = ZoneInfo(self.zone)
        found: list[Day] = []
        for start in range(0, self.length, DAYS_AT_ONCE):
            first = self.first + start * _DAY
            found += days(first, min(self.last, first + (DAYS_AT_ONCE - 1) * _DAY), zone=zone)
        return tuple(found)

    def edges(self) -> tuple[datetime, ...]:
        """Return the instants its days begin, and the one its last day ends.

        Figures are kept by hours of UTC. Where a day begins within such an hour, as in India, the
        hour belongs to the day in which it begins.
        """
        inside = self.days()
        return (*(day.starts_at for day in inside), inside[-1].ends_at)


def hours(start: datetime, end: datetime) -> tuple[datetime, ...]:
    """Return the edges of the hours of UTC from the one `start` lies in to before `end`.

    Raises Invalid for spans that are empty or too long.
    """
    first = hour_of(start)
    if end <= first:
        raise Invalid("The end comes after the beginning.", path=("to",))
    number = -((first - end) // HOUR)
    if number > HOURS_MAX:
        raise Invalid(
            f"These are {number} hours; ask for {HOURS_MAX} at most, or by DAY.", path=("to",)
        )
    return tuple(first + index * HOUR for index in range(number + 1))


def hour_of(at: datetime) -> datetime:
    """Return the beginning of the hour of UTC an instant lies in."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a metric did in one hour: where it ended, and how far that is from before."""

    hour: datetime
    value: int
    increase: int


@dataclass(frozen=True, kw_only=True)
class Point:
    """One bucket of a series: its value at the end (None: nobody has looked yet), its increase."""

    starts_at: datetime
    ends_at: datetime
    value: int | None
    increase: int


def series(
    figures: Iterable[Figure], *, edges: Sequence[datetime], before: int | None
) -> list[Point]:
    """Return a point per bucket; where nothing was seen to change, the value before goes on.

    `before` is the value when the first bucket begins, None where none is known. Figures outside
    the edges are left out.
    """
    ends: dict[int, Figure] = {}
    increases = [0] * (len(edges) - 1)
    for figure in figures:
        place = bisect_right(edges, figure.hour) - 1
        if not 0 <= place < len(increases):
            continue
        increases[place] += figure.increase
        last = ends.get(place)
        if last is None or last.hour <= figure.hour:
            ends[place] = figure
    points = []
    value = before
    for place, increase in enumerate(increases):
        if place in ends:
            value = ends[place].value
        points.append(
            Point(starts_at=edges[place], ends_at=edges[place + 1], value=value, increase=increase)
        )
    return points


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A figure of a period beside that of another; `percent` is None where that one was 0."""

    value: int
    previous: int | None

    @property
    def change(self) -> int | None:
        """Return by how much it is more."""
        return None if self.previous is None else self.value - self.previous

    @property
    def percent(self) -> float | None:
        """Return the change in percent of the size of the former figure; None where that was 0."""
        if self.previous is None or self.previous == 0:
            return None
        return round(100 * (self.value - self.previous) / abs(self.previous), 1)


def rate(part: int, whole: int) -> float | None:
    """Return a share from 0 to 1 and beyond, to four digits; None of nothing."""
    return None if whole <= 0 else round(part / whole, 4)
