"""How often to look for answers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engagement.rules import next_look

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (timedelta(), timedelta(minutes=1)),
        (timedelta(minutes=59), timedelta(minutes=1)),
        (timedelta(hours=1), timedelta(minutes=15)),
        (timedelta(days=1), timedelta(hours=1)),
        (timedelta(days=7), timedelta(hours=6)),
        (timedelta(days=30), None),
        (timedelta(days=900), None),
    ],
)
def test_a_young_post_is_watched_often_and_an_old_one_not_at_all(
    age: timedelta, wait: timedelta | None
) -> None:
    found = next_look(published_at=NOW - age, now=NOW)

    assert found == (NOW + wait if wait else None)


@given(st.timedeltas(timedelta(), timedelta(days=40)))
def test_looking_always_goes_forward(age: timedelta) -> None:
    found = next_look(published_at=NOW - age, now=NOW)

    assert found is None or found > NOW
