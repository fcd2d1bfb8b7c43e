"""How far a goal has come, and whether that is far enough."""

from datetime import UTC, date, datetime, timedelta

import pytest

from hub.analytics.rules import VALUE_MAX, GoalState, Progress, progress

FIRST, LAST = date(2030, 3, 1), date(2030, 3, 10)
BEGINS = datetime(2030, 3, 1, tzinfo=UTC)


def at(days: float, value: int, target: int = 100) -> Progress:
    return progress(
        value=value,
        target=target,
        starts_on=FIRST,
        deadline=LAST,
        now=BEGINS + timedelta(days=days),
    )


@pytest.mark.parametrize(
    ("days", "value", "state"),
    [
        (-1, 0, GoalState.NOT_STARTED),
        (0, 0, GoalState.ON_TRACK),
        (5, 50, GoalState.ON_TRACK),
        (5, 49, GoalState.BEHIND),
        (5, 100, GoalState.REACHED),
        (9.999, 99, GoalState.BEHIND),
        (10, 99, GoalState.MISSED),
        (10, 100, GoalState.REACHED),
        (400, 0, GoalState.MISSED),
    ],
)
def test_a_goal_stands_where_its_pace_puts_it(days: float, value: int, state: GoalState) -> None:
    assert at(days, value).state is state


def test_nobody_is_behind_by_a_part_of_one() -> None:
    assert (at(0.1, 0, target=4).expected, at(0.1, 0, target=4).state) == (0, GoalState.ON_TRACK)
    assert (at(2, 0, target=4).expected, at(2, 0, target=4).state) == (1, GoalState.BEHIND)


def test_progress_is_told_beside_a_straight_line() -> None:
    assert at(2.5, 20) == Progress(
        state=GoalState.BEHIND, value=20, share=20.0, expected=25, projected=80
    )
    assert at(20, 130) == Progress(
        state=GoalState.REACHED, value=130, share=130.0, expected=100, projected=130
    )
    assert at(-3, 0) == Progress(
        state=GoalState.NOT_STARTED, value=0, share=0.0, expected=0, projected=None
    )


def test_the_last_day_belongs_to_the_goal() -> None:
    one_day = progress(
        value=1,
        target=2,
        starts_on=FIRST,
        deadline=FIRST,
        now=BEGINS + timedelta(hours=12),
    )

    assert (one_day.state, one_day.expected, one_day.projected) == (GoalState.ON_TRACK, 1, 2)


def test_numbers_stay_within_what_the_api_can_show() -> None:
    huge = at(0.001, 2**40, target=2_000_000_000)

    assert (huge.value, huge.projected) == (VALUE_MAX, VALUE_MAX)
