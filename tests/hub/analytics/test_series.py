"""Buckets, gaps, counters that fall, days of zones, and comparisons: pure."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.analytics.series import (
    HOUR,
    Compared,
    Comparison,
    Figure,
    Period,
    hour_of,
    hours,
    rate,
    series,
)
from hub.kernel.errors import Invalid

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_figure(hour: int, value: int, increase: int) -> Figure:
    return Figure(hour=NOON + hour * HOUR, value=value, increase=increase)


def shown(
    figures: list[Figure], *, number: int, before: int | None
) -> list[tuple[int | None, int]]:
    edges = [NOON + index * HOUR for index in range(number + 1)]
    return [(point.value, point.increase) for point in series(figures, edges=edges, before=before)]


def test_where_nothing_changed_the_value_before_goes_on() -> None:
    figures = [a_figure(1, 5, 5), a_figure(3, 9, 4)]

    assert shown(figures, number=5, before=None) == [
        (None, 0),
        (5, 5),
        (5, 0),
        (9, 4),
        (9, 0),
    ]


def test_what_was_known_before_the_span_is_its_first_value() -> None:
    assert shown([], number=2, before=7) == [(7, 0), (7, 0)]


def test_a_counter_that_falls_has_a_negative_increase() -> None:
    assert shown([a_figure(0, 10, 10), a_figure(1, 8, -2)], number=2, before=None) == [
        (10, 10),
        (8, -2),
    ]


def test_figures_outside_the_span_count_for_nothing() -> None:
    assert shown([a_figure(-1, 3, 3), a_figure(2, 9, 6)], number=2, before=3) == [(3, 0), (3, 0)]


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=40))
def test_increases_always_add_up_to_the_way_from_the_first_value_to_the_last(
    values: list[int],
) -> None:
    figures = [
        a_figure(place, value, value - (values[place - 1] if place else 0))
        for place, value in enumerate(values)
    ]

    found = shown(figures, number=len(values) + 2, before=0)

    assert sum(increase for _, increase in found) == values[-1]
    assert found[-1][0] == values[-1]


def test_a_day_of_paris_is_made_of_its_own_hours_also_when_the_clocks_change() -> None:
    period = Period(first=date(2026, 3, 28), last=date(2026, 3, 30), zone="Europe/Paris")
    first, second, third, end = period.edges()

    assert first == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert [(b - a) / HOUR for a, b in ((first, second), (second, third), (third, end))] == [
        24,
        23,
        24,
    ]


def test_an_hour_in_which_a_day_of_india_begins_belongs_to_the_day_before() -> None:
    period = Period(first=date(2026, 3, 2), last=date(2026, 3, 2), zone="Asia/Kolkata")
    edges = period.edges()
    in_it = Figure(hour=datetime(2026, 3, 1, 18, tzinfo=UTC), value=4, increase=4)

    assert edges[0] == datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
    assert [point.increase for point in series([in_it], edges=edges, before=None)] == [0]


def test_a_year_of_days_is_cut_without_a_gap() -> None:
    edges = Period(first=date(2025, 1, 1), last=date(2025, 12, 31), zone="Europe/Paris").edges()

    assert len(edges) == 366
    assert {(b - a) / HOUR for a, b in pairwise(edges)} == {23, 24, 25}


@pytest.mark.parametrize(
    ("first", "last", "path"),
    [
        (date(2026, 1, 2), date(2026, 1, 1), ("to",)),
        (date(2024, 1, 1), date(2026, 1, 1), ("to",)),
        (date(1950, 1, 1), date(1950, 1, 2), ("from",)),
    ],
)
def test_periods_that_nobody_can_show_are_refused(
    first: date, last: date, path: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as caught:
        Period(first=first, last=last, zone="UTC").edges()

    assert caught.value.path == path


def test_hours_begin_with_the_one_the_span_begins_in_and_are_a_month_at_most() -> None:
    start = NOON + timedelta(minutes=30)

    assert hours(start, NOON + 3 * HOUR) == (NOON, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR)
    assert hour_of(start) == NOON
    with pytest.raises(Invalid):
        hours(NOON, NOON + timedelta(days=40))
    with pytest.raises(Invalid):
        hours(NOON, NOON)


@pytest.mark.parametrize(
    ("comparison", "first", "last"),
    [
        (Comparison.PREVIOUS, date(2024, 2, 22), date(2024, 2, 28)),
        (Comparison.PREVIOUS_YEAR, date(2023, 2, 28), date(2023, 3, 6)),
    ],
)
def test_the_period_it_is_compared_with_has_as_many_days(
    comparison: Comparison, first: date, last: date
) -> None:
    period = Period(first=date(2024, 2, 29), last=date(2024, 3, 6), zone="UTC")
    other = period.before(comparison)

    assert other == Period(first=first, last=last, zone="UTC")
    assert period.before(Comparison.NONE) is None


@pytest.mark.parametrize(
    ("value", "previous", "change", "percent"),
    [
        (12, 10, 2, 20.0),
        (9, 12, -3, -25.0),
        (5, 0, 5, None),
        (0, 0, 0, None),
        (5, None, None, None),
        # A counter can have lost more than it gained.
        (2, -4, 6, 150.0),
    ],
)
def test_a_change_is_in_percent_of_what_was_and_of_nothing_it_is_none(
    value: int, previous: int | None, change: int | None, percent: float | None
) -> None:
    compared = Compared(value=value, previous=previous)

    assert (compared.change, compared.percent) == (change, percent)


def test_a_share_of_nothing_is_none() -> None:
    assert rate(1, 0) is None
    assert rate(1, 3) == 0.3333
