"""When more, or worse, is said than usual: counts against what the same hours of past weeks had.

Volume. The windows before are taken for counts of one rate that nobody knows. Their sum has the
predictive distribution of a Poisson process under a Gamma prior (a negative binomial; Gelman et
al., Bayesian Data Analysis, 3rd ed., section 2.6), so few or empty windows before make it careful.
As in Farrington et al. (A statistical algorithm for the early detection of outbreaks of infectious
disease, JRSS A 159, 1996), windows that were unusual themselves are weighed down, and counts that
scatter more than a Poisson process would are allowed to: the scatter is measured by the median
absolute deviation, which a past burst does not move.

Sentiment. The share of negative mentions before gives a beta-binomial predictive distribution of
the share in the window, with a prior of one negative and one other mention.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

from hub.kernel.errors import Invalid

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
HOURS_MAX = 72
#: Weeks looked back, and days for what is too young for weeks.
WEEKS = 8
DAYS = 7
#: Windows before that are needed to know what is usual.
LEAST_WINDOWS = 4
#: Mentions with a sentiment before that are needed to know how people usually speak.
LEAST_RATED = 10
#: A change of less is no news, however certain it is.
LEAST_FACTOR = 1.5
LEAST_SHARE = 0.2
COOLDOWN_MAX = 24 * 14
#: The median absolute deviation of a normal distribution is this part of its standard deviation.
_MAD = 1.4826
_UNUSUAL = 3.0


class Sensitivity(StrEnum):
    """How unusual something must be to raise an alarm."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"


#: How often a window that nothing is wrong with may raise an alarm.
LEVELS: Mapping[Sensitivity, float] = {
    Sensitivity.LOW: 0.0001,
    Sensitivity.NORMAL: 0.001,
    Sensitivity.HIGH: 0.01,
}


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A rule: windows of so many hours, so many mentions at least, and how long it is silent."""

    hours: int = 6
    at_least: int = 5
    sensitivity: Sensitivity = Sensitivity.NORMAL
    cooldown_hours: int = 12

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Alarm":
        """Read a rule stored as JSON."""
        return cls(**{**stored, "sensitivity": Sensitivity(stored["sensitivity"])})


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """What raises an alarm for a monitor; None: nothing of the kind does."""

    volume: Alarm | None = None
    sentiment: Alarm | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the rules as plain JSON."""
        return {name: rule and asdict(rule) for name, rule in vars(self).items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Alarms":
        """Read rules stored by `to_json`."""
        return cls(**{name: rule and Alarm.from_json(rule) for name, rule in stored.items()})


def require_alarms(alarms: Alarms, *, path: tuple[str, ...]) -> Alarms:
    """Return the rules; raise Invalid where one asks for what cannot be reckoned."""
    for name, rule in vars(alarms).items():
        if rule is None:
            continue
        where = (*path, name)
        if not 1 <= rule.hours <= HOURS_MAX:
            raise Invalid(f"A window has 1 to {HOURS_MAX} hours.", path=(*where, "hours"))
        if not 3 <= rule.at_least <= 100_000:
            raise Invalid("An alarm takes 3 mentions or more.", path=(*where, "atLeast"))
        if not 1 <= rule.cooldown_hours <= COOLDOWN_MAX:
            raise Invalid(
                f"An alarm is silent for 1 to {COOLDOWN_MAX} hours.", path=(*where, "cooldownHours")
            )
    return alarms


@dataclass(frozen=True, kw_only=True)
class Window:
    """Mentions in a span of time: all of them, those with a sentiment, and the negative ones."""

    starts_at: datetime
    ends_at: datetime
    count: int = 0
    rated: int = 0
    negative: int = 0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something unusual: how much was expected, and how probable as much would have been."""

    window: Window
    expected: float
    probability: float
    baseline: tuple[Window, ...]


def spans(*, hours: int, now: datetime, since: datetime) -> tuple[list[Window], Window]:
    """Return the windows to compare with, newest first, and the one that ends now.

    They are the same hours of the past weeks; of the past days where there are not enough weeks.
    None begins before `since`, when the monitor began to look.
    """
    width = timedelta(hours=hours)
    current = Window(starts_at=now - width, ends_at=now)
    weekly = _before(current, WEEK, WEEKS, since)
    if len(weekly) >= LEAST_WINDOWS:
        return weekly, current
    step = DAY * math.ceil(width / DAY)
    return _before(current, step, DAYS, since), current


def _before(current: Window, step: timedelta, count: int, since: datetime) -> list[Window]:
    found = [
        Window(starts_at=current.starts_at - step * n, ends_at=current.ends_at - step * n)
        for n in range(1, count + 1)
    ]
    return [one for one in found if one.starts_at >= since]


def unusual_volume(rule: Alarm, current: Window, before: Sequence[Window]) -> Finding | None:
    """Return what is unusual about how much is said; None where nothing is."""
    if current.count < rule.at_least or len(before) < LEAST_WINDOWS:
        return None
    mean, variance = _predicted([one.count for one in before])
    if current.count < mean * LEAST_FACTOR:
        return None
    probability = _at_least(current.count, mean, variance)
    if probability > LEVELS[rule.sensitivity]:
        return None
    return Finding(window=current, expected=mean, probability=probability, baseline=tuple(before))


def _predicted(counts: Sequence[int]) -> tuple[float, float]:
    """Return mean and variance of the next count, after these."""
    middle = median(counts)
    spread = _MAD * median(abs(count - middle) for count in counts)
    most = middle + _UNUSUAL * max(spread, math.sqrt(max(middle, 1.0)))
    # What was unusual itself says little of what is usual.
    usual = [min(float(count), most) for count in counts]
    number = len(usual)
    mean = (sum(usual) + 0.5) / number
    scatter = max(1.0, spread**2 / max(middle, 0.5), _dispersion(usual))
    return mean, scatter * mean * (1 + 1 / number) + 1e-9


def _dispersion(counts: Sequence[float]) -> float:
    mean = sum(counts) / len(counts)
    if mean == 0:
        return 1.0
    return sum((count - mean) ** 2 for count in counts) / (len(counts) - 1) / mean


def _at_least(count: int, mean: float, variance: float) -> float:
    """Return the probability of so many or more, of a negative binomial distribution."""
    size = mean**2 / max(variance - mean, 1e-9)
    share = size / (size + mean)
    log_share, log_rest = math.log(share), math.log1p(-share)
    begin = size * log_share - math.lgamma(size)
    return _upper(
        count,
        lambda k: math.exp(begin + math.lgamma(k + size) - math.lgamma(k + 1) + k * log_rest),
        mean=mean,
    )


def _upper(count: int, chance: Any, *, mean: float) -> float:
    """Add up the chances of `count` and more, as far as they matter."""
    total, number = 0.0, count
    while number < count + 100_000:
        more = chance(number)
        total += more
        if number > mean and more < total * 1e-9:
            break
        number += 1
    return min(total, 1.0)


def unusual_sentiment(rule: Alarm, current: Window, before: Window) -> Finding | None:
    """Return what is unusual about how people speak; None where nothing is."""
    if current.negative < rule.at_least or before.rated < LEAST_RATED:
        return None
    bad, good = before.negative + 1, before.rated - before.negative + 1
    usual = bad / (bad + good)
    if current.negative / current.rated < usual + LEAST_SHARE:
        return None
    probability = math.fsum(
        _beta_binomial(number, current.rated, bad, good)
        for number in range(current.negative, current.rated + 1)
    )
    if probability > LEVELS[rule.sensitivity]:
        return None
    return Finding(
        window=current,
        expected=usual * current.rated,
        probability=probability,
        baseline=(before,),
    )


def _beta_binomial(number: int, of: int, bad: int, good: int) -> float:
    choose = math.lgamma(of + 1) - math.lgamma(number + 1) - math.lgamma(of - number + 1)
    return math.exp(choose + _beta(number + bad, of - number + good) - _beta(bad, good))


def _beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def is_silent(rule: Alarm, *, last: datetime | None, now: datetime) -> bool:
    """Say whether an alarm was raised so lately that another would tell nothing new."""
    return last is not None and now - last < timedelta(hours=rule.cooldown_hours)
