"""Decisions about what is out: when to look back, what is worst, when to give an amendment up."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.publishing.models import AmendmentKind, Standing
from hub.publishing.rules import (
    ATTEMPTS,
    WITHDRAWAL_TRIES,
    Failure,
    after_amendment,
    can_be_addressed,
    next_read_back,
    worst,
)

OUT = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "every"),
    [
        (timedelta(0), timedelta(minutes=2)),
        (timedelta(minutes=9), timedelta(minutes=2)),
        (timedelta(minutes=10), timedelta(hours=1)),
        (timedelta(days=1), timedelta(hours=6)),
        (timedelta(days=7), timedelta(days=1)),
        (timedelta(days=89), timedelta(days=1)),
    ],
)
def test_what_is_out_is_looked_at_often_while_it_is_young(age: timedelta, every: timedelta) -> None:
    assert next_read_back(published_at=OUT, now=OUT + age) == OUT + age + every


def test_after_three_months_nobody_looks_back() -> None:
    assert next_read_back(published_at=OUT, now=OUT + timedelta(days=90)) is None


def test_the_worst_post_speaks_for_the_whole() -> None:
    assert worst([Standing.STANDS, Standing.CHANGED, Standing.GONE]) is Standing.GONE
    assert worst([Standing.CHANGED, Standing.HIDDEN]) is Standing.HIDDEN
    assert worst([Standing.STANDS, Standing.CHANGED]) is Standing.CHANGED
    assert worst([Standing.STANDS]) is Standing.STANDS


@pytest.mark.parametrize(
    "failure",
    [
        Failure.NEEDS_AUTH,
        Failure.REJECTED,
        Failure.GONE,
        Failure.UNSUPPORTED,
        Failure.DUPLICATE,
    ],
)
def test_a_clear_refusal_is_the_end(failure: Failure) -> None:
    assert after_amendment(failure, kind=AmendmentKind.WITHDRAW, tries=1, retry_after=None) is None


@pytest.mark.parametrize(
    "failure", [Failure.NOT_SENT, Failure.TRANSIENT, Failure.UNKNOWN, Failure.RATE_LIMITED]
)
@pytest.mark.parametrize(
    ("kind", "most"),
    [
        (AmendmentKind.EDIT, ATTEMPTS),
        (AmendmentKind.HIDE, ATTEMPTS),
        (AmendmentKind.WITHDRAW, WITHDRAWAL_TRIES),
    ],
)
def test_whatever_may_pass_is_tried_again_at_a_slowing_pace(
    failure: Failure, kind: AmendmentKind, most: int
) -> None:
    waits = [
        after_amendment(failure, kind=kind, tries=tries, retry_after=None)
        for tries in range(1, most + 1)
    ]

    assert waits[:3] == [timedelta(seconds=15), timedelta(seconds=30), timedelta(minutes=1)]
    assert waits[-2:] == [timedelta(minutes=30), None]


def test_the_platforms_own_wish_to_wait_is_kept() -> None:
    wait = after_amendment(
        Failure.RATE_LIMITED, kind=AmendmentKind.HIDE, tries=1, retry_after=timedelta(minutes=5)
    )

    assert wait == timedelta(minutes=5)


def test_what_was_confirmed_without_its_id_cannot_be_addressed() -> None:
    assert can_be_addressed([{"remote_id": "1"}])
    assert not can_be_addressed([{"remote_id": "1"}, {"remote_id": "confirmed:2"}])
