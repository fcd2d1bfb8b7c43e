"""How much each token may ask for in a minute, in points of cost."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from hub.kernel.errors import ErrorCode
from schema.base.refusals import bad_request

_MINUTE = 60.0
# Whoever was not heard of for so long that others took the place has a full bucket again.
_HOLDERS = 10_000


class Rates:
    """One bucket per token in this process; it fills up within a minute.

    What costs more than a whole minute's points runs when the bucket is full, and empties it below
    nothing: the token then waits longer.
    """

    def __init__(self, *, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._clock = clock
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def charge(self, holder: Hashable, points: int) -> None:
        """Take points from a token's bucket. Raises Refusal, with the seconds to wait."""
        if not self._most:
            return
        now = self._clock()
        left, at = self._buckets.get(holder, (self._most, now))
        left = min(self._most, left + (now - at) * self._most / _MINUTE)
        missing = min(points, self._most) - left
        if missing > 0:
            raise bad_request(
                ErrorCode.RATE_LIMITED,
                f"This token may ask for {self._most:,.0f} points of cost a minute.",
                status=429,
                retry_after=str(math.ceil(missing * _MINUTE / self._most)),
            )
        self._buckets[holder] = (left - points, now)
        self._buckets.move_to_end(holder)
        if len(self._buckets) > _HOLDERS:
            self._buckets.popitem(last=False)
