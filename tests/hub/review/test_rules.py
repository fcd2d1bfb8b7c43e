"""Decisions about reviews."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels.platforms.base import Problem, ProblemSeverity
from hub.kernel.errors import HubError, Invalid
from hub.kernel.ids import new_id
from hub.review.errors import InPast, TooLong
from hub.review.models import ReviewState, Verdict
from hub.review.rules import DECIDABLE, OPEN, refusal, require_future, sees_with_own_eyes

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
PATH = ("input", "targets", "0", "scheduledFor")
WARNING = Problem(code="ALT_MISSING", message="Describe it.", severity=ProblemSeverity.WARNING)
LONG = Problem(code="TEXT_TOO_LONG", message="Too long.", field="parts.0.text")
EMPTY = Problem(code="EMPTY", message="Empty.")


def test_only_errors_refuse_and_the_first_one_is_told() -> None:
    assert refusal([], path=("p",)) is None
    assert refusal([WARNING, WARNING], path=("p",)) is None

    long, empty = refusal([WARNING, LONG, EMPTY], path=("p",)), refusal([EMPTY, LONG], path=("p",))

    assert isinstance(long, TooLong)
    assert (long.message, long.path) == ("Too long.", ("p", "parts", "0", "text"))
    assert isinstance(empty, Invalid)
    assert (empty.message, empty.path) == ("Empty.", ("p",))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("TEXT_TOO_LONG", TooLong),
        ("TITLE_TOO_LONG", TooLong),
        ("PAYLOAD_TOO_LARGE", TooLong),
        ("ALT_TOO_LONG", TooLong),
        ("MEDIA_TYPE", Invalid),
        ("TITLE_MISSING", Invalid),
    ],
)
def test_what_is_too_long_has_a_code_of_its_own(code: str, kind: type[HubError]) -> None:
    assert type(refusal([Problem(code=code, message="m")], path=())) is kind


@given(st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_a_time_is_to_come_or_now_and_never_before(offset: timedelta) -> None:
    wanted = NOW + offset

    if offset < timedelta(seconds=-60):
        with pytest.raises(InPast) as refused:
            require_future(wanted, now=NOW, path=PATH)
        assert refused.value.path == PATH
    else:
        assert require_future(wanted, now=NOW, path=PATH) == max(wanted, NOW)


def test_a_time_needs_its_zone_and_any_zone_will_do() -> None:
    with pytest.raises(Invalid, match="zone"):
        require_future(NOW.replace(tzinfo=None), now=NOW, path=PATH)
    paris = NOW.astimezone(timezone(timedelta(hours=1))) + timedelta(hours=1)

    assert require_future(paris, now=NOW, path=PATH) == NOW + timedelta(hours=1)
    assert require_future(None, now=NOW, path=PATH) is None


def test_nobody_approves_what_they_wrote_or_submitted() -> None:
    one, other, third = new_id(), new_id(), new_id()

    assert sees_with_own_eyes(one, submitted_by=one, authors=frozenset({other}))
    assert sees_with_own_eyes(one, submitted_by=other, authors=frozenset({other, one}))
    assert not sees_with_own_eyes(one, submitted_by=other, authors=frozenset({third}))
    assert not sees_with_own_eyes(one, submitted_by=None, authors=frozenset({None}))


def test_which_states_wait_and_which_can_be_decided() -> None:
    decidable = {
        verdict: {state for state in ReviewState if state in DECIDABLE[verdict]}
        for verdict in Verdict
    }

    assert decidable == {
        Verdict.APPROVE: {ReviewState.IN_REVIEW},
        Verdict.REQUEST_CHANGES: {ReviewState.IN_REVIEW, ReviewState.APPROVED},
    }
    assert {ReviewState.PREPARING, ReviewState.IN_REVIEW, ReviewState.BLOCKED} == OPEN
