"""Decisions about publications, over everything that can come in."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels.platforms.base import Guarantee
from hub.publishing.models import HoldReason, PublicationState
from hub.publishing.rules import (
    ATTEMPTS,
    DOUBTFUL,
    FAILED_LOOKS,
    LONGEST_POLL,
    LOOKS,
    POLLS,
    TRANSITIONS,
    Failure,
    Next,
    Situation,
    Turn,
    after_failure,
    after_pending,
    after_weak_look,
    backoff,
    obstacle,
)

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECONDS = st.integers(0, 100_000).map(lambda seconds: timedelta(seconds=seconds))
FREE = Situation(
    now=NOW,
    due_at=NOW,
    expires_at=None,
    grace=timedelta(minutes=15),
    channel_enabled=True,
    channel_works=True,
    channel_message="",
    approved=True,
    is_current_revision=True,
    accept_older_revision=False,
    edition_basis_is_current=True,
    partly_out=False,
)
#: The obstacles in the order in which they are told, with what brings each about.
OBSTACLES: list[tuple[HoldReason | None, dict[str, Any]]] = [
    (None, {"expires_at": NOW - timedelta(seconds=1)}),
    (HoldReason.UNAPPROVED, {"approved": False}),
    (HoldReason.SUPERSEDED, {"is_current_revision": False}),
    (HoldReason.EDITION_STALE, {"edition_basis_is_current": False}),
    (HoldReason.PAUSED, {"channel_enabled": False}),
    (HoldReason.NEEDS_AUTH, {"channel_works": False}),
    (HoldReason.MISSED, {"due_at": NOW - timedelta(minutes=15, seconds=1)}),
]


def situation(**changes: Any) -> Situation:
    return Situation(**{**vars(FREE), **changes})


def test_nothing_leaves_a_final_state_and_everything_can_be_reached() -> None:
    final = {state for state, following in TRANSITIONS.items() if not following}
    reached, edge = set(), {PublicationState.PLANNED, PublicationState.SCHEDULED}
    while edge:
        reached |= edge
        edge = {after for state in edge for after in TRANSITIONS[state]} - reached

    assert set(TRANSITIONS) == set(PublicationState)
    assert final == {"CANCELLED", "EXPIRED", "WITHDRAWN"}
    assert reached == set(PublicationState)
    assert all(state not in following for state, following in TRANSITIONS.items())


def test_only_a_publishing_or_unconfirmed_one_can_be_published() -> None:
    before = {state for state in PublicationState if "PUBLISHED" in TRANSITIONS[state]}

    assert before == {"PUBLISHING", "UNCONFIRMED"}
    assert TRANSITIONS[PublicationState.PUBLISHED] == {"WITHDRAWN"}


def test_what_may_be_out_is_never_cancelled_or_expired() -> None:
    assert not TRANSITIONS[PublicationState.UNCONFIRMED] & {"CANCELLED", "EXPIRED", "HELD"}


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 15), (1, 15), (2, 30), (3, 60), (7, 960), (8, 1800), (11, 1800), (10**6, 1800)],
)
def test_waits_double_up_to_half_an_hour(attempts: int, seconds: int) -> None:
    assert backoff(attempts) == timedelta(seconds=seconds)


@given(st.integers(-5, 10_000))
def test_waits_never_shrink(attempts: int) -> None:
    assert timedelta(seconds=15) <= backoff(attempts) <= backoff(attempts + 1)
    assert backoff(attempts + 1) <= timedelta(minutes=30)


EVERY_FAILURE = {
    "failure": st.sampled_from(Failure),
    "committing": st.booleans(),
    "guarantee": st.sampled_from(Guarantee),
    "attempts": st.integers(1, 30),
    "settle": SECONDS,
    "retry_after": st.none() | SECONDS,
    "in_doubt": st.booleans(),
}


@given(st.fixed_dictionaries(EVERY_FAILURE))
def test_a_commit_of_unknown_outcome_is_never_simply_sent_again(case: dict[str, Any]) -> None:
    following = after_failure(**case)

    unknown = case["committing"] and (case["in_doubt"] or case["failure"] in DOUBTFUL)
    if unknown:
        nobody_to_ask = case["guarantee"] is Guarantee.BLIND or case["attempts"] >= ATTEMPTS
        assert following.turn is (Turn.ASK_PERSON if nobody_to_ask else Turn.LOOK_UP)
    else:
        assert following.turn in {Turn.RETRY, Turn.HOLD, Turn.FAIL}
    if following.turn is Turn.RETRY:
        assert case["attempts"] < ATTEMPTS
    if following.turn is Turn.LOOK_UP:
        assert following.wait >= case["settle"]


@given(st.fixed_dictionaries(EVERY_FAILURE))
def test_the_platforms_word_to_wait_is_kept(case: dict[str, Any]) -> None:
    following = after_failure(**case)

    told = case["retry_after"] or timedelta()
    if following.turn is Turn.RETRY:
        assert following.wait == max(backoff(case["attempts"]), told)
    if following.turn is Turn.LOOK_UP:
        assert following.wait == max(case["settle"], backoff(case["attempts"]), told)
    assert (following.turn is Turn.HOLD) == (following.reason is not None)


@pytest.mark.parametrize("committing", [False, True])
@pytest.mark.parametrize(
    ("failure", "turn"),
    [
        (Failure.NOT_SENT, Turn.RETRY),
        (Failure.RATE_LIMITED, Turn.RETRY),
        (Failure.NEEDS_AUTH, Turn.HOLD),
        (Failure.REJECTED, Turn.FAIL),
        (Failure.GONE, Turn.FAIL),
        (Failure.UNSUPPORTED, Turn.FAIL),
    ],
)
def test_a_certain_failure_has_its_one_turn(failure: Failure, turn: Turn, committing: bool) -> None:
    for guarantee in Guarantee:
        following = after_failure(
            failure,
            committing=committing,
            guarantee=guarantee,
            attempts=1,
            settle=timedelta(seconds=20),
            retry_after=None,
        )
        assert following.turn is turn


def test_a_refused_duplicate_is_evidence_only_of_a_commit() -> None:
    turns = {
        committing: after_failure(
            Failure.DUPLICATE,
            committing=committing,
            guarantee=Guarantee.REFUSAL,
            attempts=1,
            settle=timedelta(seconds=20),
            retry_after=None,
        ).turn
        for committing in (True, False)
    }

    assert turns == {True: Turn.LOOK_UP, False: Turn.FAIL}


@pytest.mark.parametrize(
    "failure", [Failure.TRANSIENT, Failure.UNKNOWN, Failure.NOT_SENT, Failure.RATE_LIMITED]
)
def test_tries_come_to_an_end(failure: Failure) -> None:
    turns = [
        after_failure(
            failure,
            committing=False,
            guarantee=Guarantee.REPLAY,
            attempts=attempts,
            settle=timedelta(),
            retry_after=None,
        ).turn
        for attempts in (ATTEMPTS - 1, ATTEMPTS, ATTEMPTS + 1)
    ]

    assert turns == [Turn.RETRY, Turn.FAIL, Turn.FAIL]


@given(st.integers(0, 10**6), SECONDS, st.booleans(), st.none() | SECONDS)
def test_looking_goes_on_at_growing_distance_until_a_person_is_asked(
    looks: int, settle: timedelta, failed: bool, retry_after: timedelta | None
) -> None:
    following = after_weak_look(looks=looks, settle=settle, failed=failed, retry_after=retry_after)

    if looks >= (FAILED_LOOKS if failed else LOOKS):
        assert following == Next(turn=Turn.ASK_PERSON)
    else:
        wait = max(settle, backoff(looks + 1), retry_after or timedelta())
        assert following == Next(turn=Turn.LOOK_UP, wait=wait)


@given(st.integers(0, POLLS * 2), st.integers(1, 1000))
def test_a_busy_platform_is_asked_less_and_less_and_not_for_ever(polls: int, seconds: int) -> None:
    poll_after = timedelta(seconds=seconds)

    following = after_pending(polls=polls, poll_after=poll_after)

    if polls >= POLLS:
        assert following == Next(turn=Turn.FAIL)
    else:
        assert following.turn is Turn.RETRY
        assert poll_after <= following.wait <= max(LONGEST_POLL, poll_after)
        assert following.wait >= after_pending(polls=max(polls - 1, 0), poll_after=poll_after).wait


def test_nothing_stands_in_the_way_of_what_is_in_order() -> None:
    assert obstacle(FREE) is None


@pytest.mark.parametrize(("reason", "changes"), OBSTACLES)
def test_each_obstacle_is_found_by_itself(
    reason: HoldReason | None, changes: dict[str, Any]
) -> None:
    found = obstacle(situation(**changes))

    assert found is not None
    assert (found.reason, found.expired) == (reason, reason is None)
    assert found.message


def test_of_all_combinations_of_obstacles_the_first_in_order_is_told() -> None:
    for present in product((False, True), repeat=len(OBSTACLES)):
        changes: dict[str, Any] = {}
        for wanted, (_, change) in zip(present, OBSTACLES, strict=True):
            changes |= change if wanted else {}
        found = obstacle(situation(**changes))
        expected = [
            reason for wanted, (reason, _) in zip(present, OBSTACLES, strict=True) if wanted
        ]

        if not expected:
            assert found is None
        else:
            assert found is not None
            assert found.reason == expected[0]


def test_what_is_partly_out_is_finished_and_neither_expires_nor_is_missed() -> None:
    late = {"expires_at": NOW - timedelta(1), "due_at": NOW - timedelta(1)}

    assert obstacle(situation(**late, partly_out=True)) is None
    stopped = obstacle(situation(**late, partly_out=True, approved=False))
    assert stopped is not None
    assert stopped.reason is HoldReason.UNAPPROVED


def test_the_grace_and_the_latest_time_include_their_last_moment() -> None:
    assert obstacle(situation(due_at=NOW - timedelta(minutes=15))) is None
    assert obstacle(situation(expires_at=NOW)) is None


def test_an_older_revision_goes_out_only_when_somebody_said_so() -> None:
    assert obstacle(situation(is_current_revision=False, accept_older_revision=True)) is None
    unapproved = situation(is_current_revision=False, accept_older_revision=True, approved=False)
    assert obstacle(unapproved) is not None


def test_the_channels_own_words_are_told() -> None:
    found = obstacle(situation(channel_works=False, channel_message="The token was revoked."))

    assert found is not None
    assert found.message == "The token was revoked."
