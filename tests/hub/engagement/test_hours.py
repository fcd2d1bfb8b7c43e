"""Business time passes while somebody is there, whatever holidays and clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engagement.hours import Hours, Span, Weekday, deadline, require_spans
from hub.kernel.errors import Invalid

PARIS = ZoneInfo("Europe/Paris")
OFFICE = tuple(
    Span(weekday=day, opens=9 * 60, closes=17 * 60) for day in Weekday if day <= Weekday.FRIDAY
)


def paris(*given: int) -> datetime:
    return datetime(*given, tzinfo=PARIS)  # type: ignore[arg-type,misc]  # year to minute


def due(start: datetime, minutes: int, *, spans: tuple[Span, ...] = OFFICE, off: str = "") -> str:
    hours = Hours(
        zone=PARIS, spans=spans, holidays=frozenset({date.fromisoformat(off)} if off else ())
    )
    found = deadline(start, minutes=minutes, hours=hours)
    assert found is not None
    return f"{found.astimezone(PARIS):%a %d %H:%M}"


@pytest.mark.parametrize(
    ("start", "minutes", "off", "expected"),
    [
        (paris(2026, 11, 23, 10), 60, "", "Mon 23 11:00"),
        (paris(2026, 11, 23, 7), 60, "", "Mon 23 10:00"),
        (paris(2026, 11, 23, 16, 30), 60, "", "Tue 24 09:30"),
        (paris(2026, 11, 23, 16), 60, "", "Mon 23 17:00"),
        (paris(2026, 11, 20, 16, 30), 60, "", "Mon 23 09:30"),
        (paris(2026, 11, 21, 12), 60, "", "Mon 23 10:00"),
        (paris(2026, 11, 20, 16, 30), 60, "2026-11-23", "Tue 24 09:30"),
        (paris(2026, 11, 23, 10), 8 * 60 * 2, "2026-11-24", "Thu 26 10:00"),
    ],
)
def test_minutes_pass_only_while_it_is_open(
    start: datetime, minutes: int, off: str, expected: str
) -> None:
    assert due(start, minutes, off=off) == expected


def test_without_hours_it_is_open_round_the_clock() -> None:
    assert due(paris(2026, 11, 21, 23, 50), 20, spans=()) == "Sun 22 00:10"


def test_a_night_in_which_clocks_leap_has_an_hour_less() -> None:
    # 29 March 2026: after 01:59 comes 03:00. 25 October 2026: 02:00 to 02:59 comes twice.
    spans = tuple(Span(weekday=day, opens=0, closes=24 * 60) for day in Weekday)

    assert due(paris(2026, 3, 28, 23), 120, spans=spans) == "Sun 29 01:00"
    assert due(paris(2026, 3, 28, 23), 180 + 60, spans=spans) == "Sun 29 04:00"
    assert due(paris(2026, 10, 24, 23), 180 + 120, spans=spans) == "Sun 25 03:00"


def test_what_opens_while_the_clocks_leap_opens_when_they_have() -> None:
    spans = (Span(weekday=Weekday.SUNDAY, opens=2 * 60 + 30, closes=5 * 60),)

    assert due(paris(2026, 3, 28, 12), 60, spans=spans) == "Sun 29 04:00"
    never = (Span(weekday=Weekday.SUNDAY, opens=2 * 60 + 10, closes=2 * 60 + 50),)
    assert due(paris(2026, 3, 28, 12), 10, spans=never) == "Sun 05 02:20"


def test_a_place_that_never_opens_has_no_deadline() -> None:
    spans = (Span(weekday=Weekday.MONDAY, opens=0, closes=1),)
    hours = Hours(zone=PARIS, spans=spans)

    assert deadline(paris(2026, 1, 1, 0), minutes=10_000, hours=hours) is None


ZONES = st.sampled_from(["Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "UTC"])
SPANS = st.lists(
    # Whole hours outside the night, where a time on the wall is one instant in all these zones.
    st.tuples(st.sampled_from(Weekday), st.integers(4, 13), st.integers(14, 24)),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0],
)


@settings(max_examples=60, deadline=None)
@given(
    zone=ZONES,
    spans=SPANS,
    start=st.integers(0, 225 * 24 * 60),
    hours=st.integers(1, 30),
    off=st.dates(date(2026, 3, 25), date(2026, 11, 20)),
)
def test_it_is_the_moment_a_clock_finds_that_counts_open_minutes(
    zone: str, spans: list[tuple[Weekday, int, int]], start: int, hours: int, off: date
) -> None:
    there = Hours(
        zone=ZoneInfo(zone),
        spans=[Span(weekday=day, opens=a * 60, closes=b * 60) for day, a, b in spans],
        holidays=frozenset({off}),
    )
    begun = datetime(2026, 3, 25, tzinfo=UTC) + timedelta(minutes=start)

    found = deadline(begun, minutes=hours * 30, hours=there)

    assert found == _counted(begun, hours * 30, there)


def _counted(start: datetime, minutes: int, hours: Hours) -> datetime:
    """Count by half hours, which all hours and offsets here are made of, but for the first."""
    at, left = start, float(minutes)
    while True:
        step = 30 - at.minute % 30
        local = at.astimezone(hours.zone)
        wall = local.hour * 60 + local.minute
        is_open = local.date() not in hours.holidays and any(
            span.weekday == local.weekday() and span.opens <= wall < span.closes
            for span in hours.spans
        )
        if is_open and left <= step:
            return at + timedelta(minutes=left)
        left -= step if is_open else 0
        at += timedelta(minutes=step)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ([("MONDAY", "9:00", "17:00")], ("hours", "0", "opensAt")),
        ([("MONDAY", "09:00", "25:00")], ("hours", "0", "closesAt")),
        ([("MONDAY", "17:00", "09:00")], ("hours", "0")),
        ([("MONDAY", "09:00", "12:00"), ("MONDAY", "11:00", "17:00")], ("hours", "1")),
        ([("MONDAY", "09:00", "10:00")] * 51, ("hours",)),
    ],
)
def test_hours_that_make_no_sense_are_refused(
    given: list[tuple[str, str, str]], path: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        require_spans(given, path=("hours",))

    assert refused.value.path == path


def test_hours_are_stored_as_they_are_written() -> None:
    (span,) = require_spans([("SUNDAY", "08:05", "24:00")], path=())

    assert span.to_json() == {"weekday": "SUNDAY", "opens_at": "08:05", "closes_at": "24:00"}
    assert Span.from_json(span.to_json()) == span
