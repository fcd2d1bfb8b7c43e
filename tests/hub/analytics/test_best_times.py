"""Best times: found where they are, and never claimed where luck alone is at work."""

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from hub.analytics.best_times import (
    ALPHA,
    POSTS_MIN,
    Response,
    Verdict,
    best_times,
)

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
UTC_ZONE = ZoneInfo("UTC")


def a_response(*, week: int, weekday: int, hour: int, engagement: int) -> Response:
    return Response(
        published_at=MONDAY + timedelta(weeks=week, days=weekday - 1, hours=hour),
        engagement=engagement,
    )


def by_chance(seed: int, *, posts: int) -> list[Response]:
    """Posts at working hours whose answers have a long tail and nothing to do with the time."""
    random = Random(seed)
    return [
        a_response(
            week=random.randrange(20),
            weekday=random.randint(1, 5),
            hour=random.choice((8, 9, 12, 17, 18)),
            engagement=int(random.lognormvariate(2, 1)),
        )
        for _ in range(posts)
    ]


def test_with_chance_alone_a_slot_is_claimed_no_more_often_than_promised() -> None:
    runs = 60
    claims = sum(
        best_times(by_chance(seed, posts=60), zone=UTC_ZONE).verdict is Verdict.CLEAR_BEST
        for seed in range(runs)
    )

    # One in twenty is 3 of 60; a binomial stays at 6 or below with a chance of 97 %.
    assert claims / runs <= 2 * ALPHA


def test_a_planted_effect_is_found_at_its_hour_in_the_channels_zone() -> None:
    planted = [
        a_response(week=week, weekday=2, hour=17, engagement=300 + 10 * week) for week in range(12)
    ]
    found = best_times([*by_chance(1, posts=120), *planted], zone=PARIS)

    assert found.verdict is Verdict.CLEAR_BEST
    assert [(slot.weekday, slot.hour) for slot in found.best] == [(2, 18)]
    best = found.best[0]
    assert best.low <= best.expected <= best.high
    assert best.low > found.typical
    assert best.chance is not None
    assert best.chance <= ALPHA


def test_little_data_says_that_it_is_little() -> None:
    few = by_chance(2, posts=POSTS_MIN - 1)

    found = best_times(few, zone=UTC_ZONE)

    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert found.best == []
    assert {slot.chance for slot in found.slots} == {None}
    assert best_times([], zone=UTC_ZONE).verdict is Verdict.NOT_ENOUGH_DATA


def test_many_posts_that_never_share_an_hour_prove_nothing_either() -> None:
    apart = [
        a_response(week=0, weekday=1 + index // 24, hour=index % 24, engagement=index**2)
        for index in range(100)
    ]

    found = best_times(apart, zone=UTC_ZONE)

    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    # Nothing tells a good hour from a lucky post: all are expected to be like the channel.
    assert {slot.expected for slot in found.slots} == {found.typical}


def test_one_lucky_post_is_drawn_to_the_channel_and_never_the_best() -> None:
    lucky = a_response(week=0, weekday=7, hour=3, engagement=100_000)

    found = best_times([*by_chance(3, posts=60), lucky], zone=UTC_ZONE)

    slot = next(one for one in found.slots if (one.weekday, one.hour) == (7, 3))
    assert not slot.best
    assert slot.expected < 50_000


def test_the_same_posts_give_the_same_answer() -> None:
    posts = by_chance(4, posts=50)

    assert best_times(posts, zone=PARIS) == best_times(posts, zone=PARIS)


def test_posts_that_are_all_alike_have_no_best_time() -> None:
    alike = [a_response(week=week, weekday=1, hour=9, engagement=5) for week in range(30)]
    alike += [a_response(week=week, weekday=2, hour=9, engagement=5) for week in range(30)]

    found = best_times(alike, zone=UTC_ZONE)

    assert found.verdict is Verdict.NO_CLEAR_BEST
    assert {slot.expected for slot in found.slots} == {5.0}


@pytest.mark.parametrize("engagement", [-3, 0])
def test_answers_that_were_taken_back_count_as_none(engagement: int) -> None:
    posts = [a_response(week=1, weekday=1, hour=1, engagement=engagement)]

    assert best_times(posts, zone=UTC_ZONE).typical == 0
