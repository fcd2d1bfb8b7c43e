"""The days of a calendar: where they begin, how long they are, and in which one an instant lies."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.errors import Invalid
from hub.publishing.calendar import DAYS_MAX, day_of, days

PARIS = ZoneInfo("Europe/Paris")
ZONES = (
    "Africa/Cairo",
    "America/Havana",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Paris",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
)


def hours(zone: str, first: date, last: date) -> list[float]:
    """Return how long the days of a span are."""
    return [day.hours for day in days(first, last, zone=ZoneInfo(zone))]


def test_a_day_without_a_change_of_clocks_has_24_hours_from_local_midnight() -> None:
    (day,) = days(date(2026, 7, 1), date(2026, 7, 1), zone=PARIS)

    assert day.starts_at == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert day.ends_at == datetime(2026, 7, 1, 22, tzinfo=UTC)
    assert day.hours == 24


@pytest.mark.parametrize(
    ("zone", "change", "expected"),
    [
        ("Europe/Paris", date(2026, 3, 29), [24, 23, 24]),
        ("Europe/Paris", date(2026, 10, 25), [24, 25, 24]),
        ("America/St_Johns", date(2026, 3, 8), [24, 23, 24]),
        ("America/St_Johns", date(2026, 11, 1), [24, 25, 24]),
        # The clocks went back at a minute past midnight: the former day came back for an hour.
        ("America/St_Johns", date(2010, 11, 7), [25, 24, 24]),
        # Half an hour is all that changes here.
        ("Australia/Lord_Howe", date(2026, 4, 5), [24, 24.5, 24]),
        # Midnight itself is left out, or comes twice.
        ("Asia/Beirut", date(2026, 3, 29), [24, 23, 24]),
        ("America/Havana", date(2026, 11, 1), [24, 25, 24]),
        # The whole of 30 December 2011 was left out.
        ("Pacific/Apia", date(2011, 12, 30), [24, 0, 24]),
        ("Asia/Kathmandu", date(2026, 3, 29), [24, 24, 24]),
    ],
)
def test_days_are_as_long_as_the_clocks_make_them(
    zone: str, change: date, expected: list[float]
) -> None:
    one = timedelta(days=1)

    assert hours(zone, change - one, change + one) == expected


def test_a_quarter_past_six_in_the_evening_is_already_the_next_day_in_kathmandu() -> None:
    span = days(date(2026, 1, 1), date(2026, 1, 2), zone=ZoneInfo("Asia/Kathmandu"))

    assert span[1].starts_at == datetime(2026, 1, 1, 18, 15, tzinfo=UTC)
    assert day_of(datetime(2026, 1, 1, 18, 14, 59, tzinfo=UTC), span) == 0
    assert day_of(datetime(2026, 1, 1, 18, 15, tzinfo=UTC), span) == 1


def test_an_instant_outside_the_span_lies_in_no_day() -> None:
    span = days(date(2026, 7, 1), date(2026, 7, 2), zone=PARIS)

    assert day_of(span[0].starts_at - timedelta(microseconds=1), span) is None
    assert day_of(span[0].starts_at, span) == 0
    assert day_of(span[-1].ends_at - timedelta(microseconds=1), span) == 1
    assert day_of(span[-1].ends_at, span) is None


def test_nothing_lies_on_a_day_that_was_left_out() -> None:
    span = days(date(2011, 12, 29), date(2011, 12, 31), zone=ZoneInfo("Pacific/Apia"))

    assert day_of(span[1].starts_at, span) == 2
    assert day_of(span[1].starts_at - timedelta(seconds=1), span) == 0


@given(
    zone=st.sampled_from(ZONES),
    first=st.dates(min_value=date(2012, 1, 2), max_value=date(2060, 1, 1)),
    length=st.integers(min_value=1, max_value=DAYS_MAX),
    seconds=st.integers(min_value=0, max_value=100 * 86_400),
)
def test_days_touch_and_every_instant_lies_on_the_day_its_clock_shows(
    zone: str, first: date, length: int, seconds: int
) -> None:
    place = ZoneInfo(zone)
    span = days(first, first + timedelta(days=length - 1), zone=place)

    assert len(span) == length
    assert all(one.ends_at == other.starts_at for one, other in pairwise(span))
    at = span[0].starts_at + timedelta(seconds=seconds) % (span[-1].ends_at - span[0].starts_at)
    found = day_of(at, span)
    assert found is not None
    assert span[found].date == at.astimezone(place).date()


@pytest.mark.parametrize(
    ("first", "last", "path"),
    [
        (date(2026, 7, 2), date(2026, 7, 1), ("to",)),
        (date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=DAYS_MAX), ("to",)),
        (date(1969, 12, 31), date(1970, 1, 1), ("from",)),
        (date(2199, 12, 31), date(2200, 1, 1), ("to",)),
        (date.max, date.max, ("from",)),
        (date.min, date.min, ("from",)),
    ],
)
def test_spans_nobody_can_mean_are_refused(first: date, last: date, path: tuple[str]) -> None:
    with pytest.raises(Invalid) as refused:
        days(first, last, zone=PARIS)

    assert refused.value.path == path


def test_the_longest_span_is_a_quarter() -> None:
    assert len(days(date(2026, 7, 1), date(2026, 9, 30), zone=PARIS)) == DAYS_MAX
