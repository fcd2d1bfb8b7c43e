"""When a channel's people answer best, and how sure that is: pure, and honest about little data.

Few posts fall on each of the 168 hours of a week, so the raw means of slots say mostly who was
lucky. Each mean is shrunk towards that of the channel (empirical Bayes for normal means: Efron and
Morris, "Data analysis using Stein's estimator and its generalizations", JASA 70, 1975; the variance
between slots by moments as DerSimonian and Laird, "Meta-analysis in clinical trials", Controlled
Clinical Trials 7, 1986). Responses are counts with a long tail: everything is reckoned with
log(1 + n).

Whether a slot is better than the others is decided by permutation of the largest statistic
(Westfall and Young, "Resampling-based multiple testing", 1993): if time did not matter, any order
of the responses would be as likely, so the chance that even one slot is named by luck is at most
`ALPHA`, whatever the distribution and however many slots there are. It supposes that posts could
have been exchanged: a channel that grows fast while its habits change can mislead it.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

#: Fewer posts in all say nothing.
POSTS_MIN = 20
#: Fewer posts in one slot are shown, and never named the best.
SLOT_MIN = 3
#: The chance that any slot at all is named where time does not matter.
ALPHA = 0.05
#: Orders tried: enough to tell 5 % from 4 %.
SHUFFLES = 499
#: 90 % of a normal distribution lie within so many standard deviations.
_WIDTH = 1.645

Slot = tuple[int, int]


class Verdict(StrEnum):
    """What can be said of a channel's times."""

    NOT_ENOUGH_DATA = "NOT_ENOUGH_DATA"
    NO_CLEAR_BEST = "NO_CLEAR_BEST"
    CLEAR_BEST = "CLEAR_BEST"


@dataclass(frozen=True, kw_only=True)
class Response:
    """How people answered one post."""

    published_at: datetime
    engagement: int


@dataclass(frozen=True, kw_only=True)
class SlotFigures:
    """What is known of one hour of the week; `weekday` is 1 for Monday to 7 for Sunday.

    `expected` is the typical engagement after shrinking, `low` and `high` hold it with a chance of
    90 %. `chance` is how often luck alone makes some slot look as good; None for too few posts.
    """

    weekday: int
    hour: int
    posts: int
    expected: float
    low: float
    high: float
    chance: float | None
    best: bool


@dataclass(frozen=True, kw_only=True)
class BestTimes:
    """All slots in which something was posted, the best expectation first, and what they prove."""

    verdict: Verdict
    posts: int
    typical: float
    slots: Sequence[SlotFigures]

    @property
    def best(self) -> list[SlotFigures]:
        """Return the slots that are better than the others beyond luck."""
        return [slot for slot in self.slots if slot.best]


def best_times(responses: Sequence[Response], *, zone: ZoneInfo) -> BestTimes:
    """Return what past posts say of the hours of the week in that zone."""
    values = [math.log1p(max(0, one.engagement)) for one in responses]
    slots = [_slot(one.published_at, zone) for one in responses]
    if not values:
        return BestTimes(verdict=Verdict.NOT_ENOUGH_DATA, posts=0, typical=0, slots=())
    mean = sum(values) / len(values)
    grouped = _grouped(slots, values)
    within, between = _variances(grouped, mean)
    enough = len(values) >= POSTS_MIN
    chances = _chances(slots, values) if enough else {}
    figures = [
        _figures(slot, own, mean, within, between, chances.get(slot))
        for slot, own in grouped.items()
    ]
    figures.sort(key=lambda one: (-one.expected, one.weekday, one.hour))
    return BestTimes(
        verdict=_verdict(figures, enough=enough and bool(chances)),
        posts=len(values),
        typical=_unlogged(mean),
        slots=tuple(figures),
    )


def _verdict(figures: Sequence[SlotFigures], *, enough: bool) -> Verdict:
    if not enough:
        return Verdict.NOT_ENOUGH_DATA
    return Verdict.CLEAR_BEST if any(one.best for one in figures) else Verdict.NO_CLEAR_BEST


def _slot(at: datetime, zone: ZoneInfo) -> Slot:
    local = at.astimezone(zone)
    return local.isoweekday(), local.hour


def _grouped(slots: Sequence[Slot], values: Sequence[float]) -> dict[Slot, list[float]]:
    grouped: defaultdict[Slot, list[float]] = defaultdict(list)
    for slot, value in zip(slots, values, strict=True):
        grouped[slot].append(value)
    return dict(grouped)


def _variances(grouped: Mapping[Slot, Sequence[float]], mean: float) -> tuple[float, float]:
    """Return the variance within slots, pooled, and that between the slots' true means."""
    number = sum(len(own) for own in grouped.values())
    inside = sum((value - sum(own) / len(own)) ** 2 for own in grouped.values() for value in own)
    freedom = number - len(grouped)
    if freedom <= 0:
        # One post per slot: nothing tells a good hour from a lucky post.
        spread = sum((own[0] - mean) ** 2 for own in grouped.values())
        return spread / max(1, number - 1), 0.0
    within = inside / freedom
    outside = sum(len(own) * (sum(own) / len(own) - mean) ** 2 for own in grouped.values())
    weight = number - sum(len(own) ** 2 for own in grouped.values()) / number
    between = (outside - (len(grouped) - 1) * within) / weight if weight > 0 else 0.0
    return within, max(0.0, between)


def _figures(
    slot: Slot,
    own: Sequence[float],
    mean: float,
    within: float,
    between: float,
    chance: float | None,
) -> SlotFigures:
    noise = within / len(own)
    trust = between / (between + noise) if between + noise > 0 else 0.0
    expected = mean + trust * (sum(own) / len(own) - mean)
    spread = _WIDTH * math.sqrt(trust * noise)
    return SlotFigures(
        weekday=slot[0],
        hour=slot[1],
        posts=len(own),
        expected=_unlogged(expected),
        low=_unlogged(expected - spread),
        high=_unlogged(expected + spread),
        chance=chance,
        best=chance is not None and chance <= ALPHA,
    )


def _chances(slots: Sequence[Slot], values: Sequence[float]) -> dict[Slot, float]:
    """Return, per slot with enough posts, how often luck makes the best of all look as good."""
    numbers = {slot: index for index, slot in enumerate(dict.fromkeys(slots))}
    places = [numbers[slot] for slot in slots]
    counts = [0] * len(numbers)
    for place in places:
        counts[place] += 1
    tested = {slot: place for slot, place in numbers.items() if counts[place] >= SLOT_MIN}
    if not tested:
        return {}
    mean = sum(values) / len(values)
    centred = [value - mean for value in values]
    scales = [(place, 1 / math.sqrt(counts[place])) for place in tested.values()]
    observed = _sums(places, centred, len(counts))
    # The same posts give the same answer, whoever asks when.
    random = Random(len(values))  # noqa: S311 - luck is simulated here, nothing is kept secret
    largest = []
    for _ in range(SHUFFLES):
        random.shuffle(centred)
        sums = _sums(places, centred, len(counts))
        largest.append(max(sums[place] * scale for place, scale in scales))
    return {
        slot: _share(largest, observed[place] / math.sqrt(counts[place]))
        for slot, place in tested.items()
    }


def _sums(places: Sequence[int], values: Sequence[float], number: int) -> list[float]:
    sums = [0.0] * number
    for place, value in zip(places, values, strict=True):
        sums[place] += value
    return sums


def _share(largest: Sequence[float], observed: float) -> float:
    # What was observed counts as one of the orders; equal ones are as good, but for rounding.
    as_good = sum(1 for one in largest if one >= observed - 1e-9)
    return (1 + as_good) / (1 + len(largest))


def _unlogged(value: float) -> float:
    return round(max(0.0, math.expm1(value)), 2)
