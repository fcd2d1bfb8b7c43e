"""How far a goal has come, and whether that is far enough by now: no session, no clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum


class GoalState(StrEnum):
    """Where a goal stands."""

    NOT_STARTED = "NOT_STARTED"
    ON_TRACK = "ON_TRACK"
    BEHIND = "BEHIND"
    REACHED = "REACHED"
    MISSED = "MISSED"


#: The largest number the API shows as one.
VALUE_MAX = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What was counted of a target, what a straight line would have by now, and where both lead.

    `share` is in percent of the target. `projected` is None where nothing can be told yet.
    """

    state: GoalState
    value: int
    share: float
    expected: int
    projected: int | None


def progress(
    *, value: int, target: int, starts_on: date, deadline: date, now: datetime
) -> Progress:
    """Return how far a goal has come. Its days are those of UTC, the deadline included."""
    begins = datetime.combine(starts_on, time.min, tzinfo=UTC)
    ends = datetime.combine(deadline, time.min, tzinfo=UTC) + timedelta(days=1)
    passed = min(max((now - begins) / (ends - begins), 0.0), 1.0)
    expected = round(target * passed)
    return Progress(
        state=_state(value, target, expected, begins=begins, ends=ends, now=now),
        value=min(value, VALUE_MAX),
        share=round(100 * value / target, 1),
        expected=expected,
        projected=min(round(value / passed), VALUE_MAX) if passed else None,
    )


def _state(
    value: int, target: int, expected: int, *, begins: datetime, ends: datetime, now: datetime
) -> GoalState:
    if now < begins:
        return GoalState.NOT_STARTED
    if value >= target:
        return GoalState.REACHED
    if now >= ends:
        return GoalState.MISSED
    return GoalState.ON_TRACK if value >= expected else GoalState.BEHIND
