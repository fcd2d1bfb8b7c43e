"""Decisions about triggers and endpoints."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.automation.models import AttemptOutcome
from hub.automation.rules import (
    WAITS,
    is_failing,
    is_heard,
    next_wait,
    outcome_of,
    require_patterns,
    steps_aside,
)
from hub.kernel.errors import Invalid

KNOWN = ("publication.published", "publication.held", "brand.created", "endpoint.tested")


@pytest.mark.parametrize(
    ("patterns", "name", "heard"),
    [
        (["*"], "brand.created", True),
        (["publication.*"], "publication.held", True),
        (["publication.*"], "brand.created", False),
        (["publication.held"], "publication.held", True),
        (["publication.held"], "publication.published", False),
        (["brand.created", "publication.held"], "publication.held", True),
    ],
)
def test_patterns_say_what_is_heard(patterns: list[str], name: str, heard: bool) -> None:
    assert is_heard(patterns, name=name, is_own_test=False) is heard


def test_an_own_test_is_always_heard_and_a_neighbours_is_not() -> None:
    assert is_heard(["brand.*"], name="endpoint.tested", is_own_test=True)
    assert not is_heard(["brand.*"], name="endpoint.tested", is_own_test=False)
    assert not is_heard(["brand.*"], name="endpoint.updated", is_own_test=True)


def test_patterns_are_sorted_and_each_once() -> None:
    assert require_patterns(["publication.*", "brand.created", "publication.*"], known=KNOWN) == [
        "brand.created",
        "publication.*",
    ]


@pytest.mark.parametrize(
    ("patterns", "path"),
    [
        ([], ("input", "events")),
        (["*"] * 51, ("input", "events")),
        (["*", "publicaton.*"], ("input", "events", "1")),
        (["brand.deleted"], ("input", "events", "0")),
        (["publication"], ("input", "events", "0")),
        (["*.created"], ("input", "events", "0")),
        ([""], ("input", "events", "0")),
    ],
)
def test_a_pattern_that_hears_nothing_is_refused(
    patterns: list[str], path: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        require_patterns(patterns, known=KNOWN)
    assert refused.value.path == path


def test_retries_take_a_little_over_three_days() -> None:
    assert timedelta(days=3) < timedelta(seconds=sum(WAITS)) < timedelta(days=4)


@given(st.integers(1, len(WAITS)), st.text(max_size=20))
def test_a_wait_is_spread_by_a_fifth_and_the_same_every_time(tries: int, seed: str) -> None:
    wait = next_wait(tries, asked=None, seed=seed)

    assert wait is not None
    assert 0.8 * WAITS[tries - 1] <= wait.total_seconds() <= 1.2 * WAITS[tries - 1]
    assert next_wait(tries, asked=None, seed=seed) == wait


def test_after_the_last_wait_it_is_given_up() -> None:
    assert next_wait(len(WAITS) + 1, asked=None, seed="x") is None
    assert next_wait(len(WAITS) + 1, asked=timedelta(hours=1), seed="x") is None


def test_an_endpoint_may_ask_to_wait_longer_but_not_for_ever() -> None:
    assert next_wait(1, asked=timedelta(hours=2), seed="x") == timedelta(hours=2)
    assert next_wait(1, asked=timedelta(days=9), seed="x") == timedelta(days=1)
    shortest = next_wait(14, asked=timedelta(seconds=1), seed="x")
    assert shortest is not None
    assert shortest > timedelta(hours=9)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "DELIVERED"),
        (204, "DELIVERED"),
        (299, "DELIVERED"),
        (400, "REFUSED"),
        (401, "REFUSED"),
        (404, "REFUSED"),
        (408, "UNWELL"),
        (409, "REFUSED"),
        (410, "GONE"),
        (425, "UNWELL"),
        (429, "UNWELL"),
        (500, "UNWELL"),
        (503, "UNWELL"),
        (599, "UNWELL"),
    ],
)
def test_a_status_says_what_came_of_a_call(status: int, outcome: str) -> None:
    assert outcome_of(status) == outcome


def test_only_what_is_refused_or_was_tried_for_long_steps_aside() -> None:
    assert steps_aside(AttemptOutcome.REFUSED, tries=1)
    assert not steps_aside(AttemptOutcome.UNWELL, tries=4)
    assert not steps_aside(AttemptOutcome.UNREACHABLE, tries=4)
    assert steps_aside(AttemptOutcome.UNWELL, tries=5)


def test_an_endpoint_is_failing_after_many_failures_over_days() -> None:
    assert not is_failing(failures=9, lasting=timedelta(days=9))
    assert not is_failing(failures=99, lasting=timedelta(days=2))
    assert is_failing(failures=10, lasting=timedelta(days=3))
