"""Alarms are hardly ever false on random days, and hear a burst that was planted."""

import math
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from hub.kernel.errors import Invalid
from hub.reputation.alarms import (
    LEVELS,
    WEEK,
    Alarm,
    Alarms,
    Sensitivity,
    Window,
    is_silent,
    require_alarms,
    spans,
    unusual_sentiment,
    unusual_volume,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = 2_000


def windows(*counts: int) -> list[Window]:
    return [Window(starts_at=NOW, ends_at=NOW, count=count) for count in counts]


def poisson(chance: Random, rate: float) -> int:
    """Draw a count (Knuth's method)."""
    limit, number, product = math.exp(-rate), 0, chance.random()
    while product > limit:
        number, product = number + 1, product * chance.random()
    return number


def rate_of_alarms(rule: Alarm, rate: float, *, scatter: float = 0.0) -> float:
    """Return which share of usual windows raises an alarm; `scatter` varies the rate itself."""
    chance = Random(20260301)

    def count() -> int:
        return poisson(chance, rate * math.exp(chance.gauss(0, scatter) if scatter else 0))

    raised = 0
    for _ in range(DAYS):
        before = windows(*(count() for _ in range(8)))
        raised += unusual_volume(rule, windows(count())[0], before) is not None
    return raised / DAYS


@pytest.mark.parametrize("sensitivity", Sensitivity)
@pytest.mark.parametrize("rate", [0.3, 3.0, 30.0])
def test_random_days_raise_no_more_false_alarms_than_was_said(
    sensitivity: Sensitivity, rate: float
) -> None:
    found = rate_of_alarms(Alarm(sensitivity=sensitivity, at_least=3), rate)

    # Three standard deviations of what may be counted in so many days.
    allowed = LEVELS[sensitivity]
    assert found <= allowed + 3 * math.sqrt(allowed / DAYS)


def test_counts_that_scatter_more_raise_few_false_alarms_too() -> None:
    assert rate_of_alarms(Alarm(), 10.0, scatter=0.4) <= 0.01


@pytest.mark.parametrize(
    ("before", "count"),
    [
        ((0, 0, 0, 0), 6),
        ((1, 0, 2, 0, 0, 1, 0, 0), 8),
        ((3, 1, 0, 2, 3, 3, 3, 2), 12),
        ((8, 11, 6, 5, 4, 4, 8, 11), 25),
        ((40, 32, 51, 34, 34, 44, 31, 39), 80),
        # A burst of former days neither hides the next one nor counts as usual.
        ((3, 2, 90, 3, 2, 1, 4, 2), 25),
    ],
)
def test_a_planted_burst_is_heard_with_its_evidence(before: tuple[int, ...], count: int) -> None:
    finding = unusual_volume(Alarm(), windows(count)[0], windows(*before))

    assert finding is not None
    assert finding.probability <= LEVELS[Sensitivity.NORMAL]
    assert finding.expected < count / 2
    assert [one.count for one in finding.baseline] == list(before)


@pytest.mark.parametrize(
    ("before", "count", "rule"),
    [
        ((0, 0, 0, 0), 4, Alarm()),
        ((0, 0, 0, 0), 9, Alarm(at_least=10)),
        # Too little is known of what is usual.
        ((0, 0, 0), 100, Alarm()),
        # However certain it is: hardly more than usual is no news.
        ((10_000,) * 8, 11_000, Alarm()),
        ((40, 32, 51, 34, 34, 44, 31, 39), 52, Alarm()),
    ],
)
def test_what_is_little_or_hardly_more_than_usual_is_no_alarm(
    before: tuple[int, ...], count: int, rule: Alarm
) -> None:
    assert unusual_volume(rule, windows(count)[0], windows(*before)) is None


def test_a_huge_burst_is_reckoned_quickly_and_nothing_overflows() -> None:
    finding = unusual_volume(Alarm(), windows(100_000)[0], windows(3, 2, 4, 1))

    assert finding is not None
    assert 0 <= finding.probability < 1e-12


def mood(rated: int, negative: int) -> Window:
    return Window(starts_at=NOW, ends_at=NOW, count=rated, rated=rated, negative=negative)


@pytest.mark.parametrize(
    ("now", "before", "heard"),
    [
        (mood(10, 9), mood(100, 10), True),
        (mood(8, 7), mood(20, 2), True),
        (mood(10, 2), mood(100, 10), False),
        # People of this brand always sound like that.
        (mood(10, 9), mood(100, 80), False),
        (mood(4, 4), mood(100, 10), False),
        (mood(10, 9), mood(9, 0), False),
    ],
)
def test_a_change_of_tone_is_heard_where_it_is_one(
    now: Window, before: Window, heard: bool
) -> None:
    assert (unusual_sentiment(Alarm(), now, before) is not None) is heard


def test_random_tones_raise_no_more_false_alarms_than_was_said() -> None:
    chance, raised = Random(7), 0
    for _ in range(DAYS):
        before = mood(60, sum(chance.random() < 0.2 for _ in range(60)))
        raised += (
            unusual_sentiment(
                Alarm(at_least=3), mood(12, sum(chance.random() < 0.2 for _ in range(12))), before
            )
            is not None
        )

    assert raised / DAYS <= LEVELS[Sensitivity.NORMAL] + 3 * math.sqrt(
        LEVELS[Sensitivity.NORMAL] / DAYS
    )


def test_a_window_is_compared_with_the_same_hours_of_past_weeks() -> None:
    before, current = spans(hours=6, now=NOW, since=NOW - 10 * WEEK)

    assert (current.starts_at, current.ends_at) == (NOW - timedelta(hours=6), NOW)
    assert [current.starts_at - one.starts_at for one in before] == [
        WEEK * number for number in range(1, 9)
    ]


def test_a_young_monitor_is_compared_with_the_days_it_has_seen() -> None:
    before, current = spans(hours=6, now=NOW, since=NOW - timedelta(days=5))

    assert [(current.ends_at - one.ends_at).days for one in before] == [1, 2, 3, 4]
    assert spans(hours=30, now=NOW, since=NOW - timedelta(days=5))[0][0].ends_at == (
        NOW - timedelta(days=2)
    )
    assert spans(hours=6, now=NOW, since=NOW)[0] == []


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"hours": 0}, "hours"),
        ({"hours": 73}, "hours"),
        ({"at_least": 2}, "atLeast"),
        ({"cooldown_hours": 0}, "cooldownHours"),
    ],
)
def test_a_rule_that_cannot_be_reckoned_is_refused(given: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_alarms(Alarms(sentiment=Alarm(**given)), path=("input", "alarms"))

    assert refused.value.path == ("input", "alarms", "sentiment", path)


def test_rules_are_stored_and_read_as_they_are() -> None:
    rules = Alarms(volume=Alarm(hours=3, sensitivity=Sensitivity.HIGH))

    assert Alarms.from_json(rules.to_json()) == rules


def test_after_an_alert_a_rule_is_silent_for_its_hours() -> None:
    rule = Alarm(cooldown_hours=2)

    assert is_silent(rule, last=NOW - timedelta(hours=1), now=NOW)
    assert not is_silent(rule, last=NOW - timedelta(hours=2), now=NOW)
    assert not is_silent(rule, last=None, now=NOW)
