"""Which worker of a run begins with what: the longest tests first, what is dear to make once."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import pytest

#: Where tests wait for processes or share something big, and about how many seconds they take.
#: All tests below one of these places run on one worker, one after the other, from the start: a
#: worker that has nothing left takes over the last tests of another, never the first.
LONG: Mapping[str, int] = {
    "tests/architecture/": 15,
    "tests/bench/test_workers.py": 20,
    "tests/embedded/": 60,
    "tests/examples/": 60,
    "tests/schema/client/test_hostile.py": 16,
    "tests/schema/client/test_sessions.py": 30,
    "tests/schema/compiled/test_freshness.py": 25,
    "tests/schema/compiled/test_indexes.py": 45,
    "tests/schema/compiled/": 60,
    "tests/schema/test_search.py": 15,
    "tests/story/": 65,
    "tests/test_migrations.py": 30,
    "tests/workers/test_amending_races.py": 20,
    "tests/workers/test_crashes.py": 40,
    "tests/workers/test_races.py": 90,
    "tests/workers/test_relay.py": 30,
}


def arranged(items: Sequence[pytest.Item], *, workers: int) -> list[pytest.Item]:
    """Return the tests in the order in which the workers of a run are to have them.

    Each worker is first given an equal share of them, the first worker the first; its share begins
    with some of the long ones. The others stay in the order they came in.
    """
    long: dict[str, list[pytest.Item]] = {}
    others: list[pytest.Item] = []
    for item in items:
        place = place_of(item.nodeid)
        (others if place is None else long.setdefault(place, [])).append(item)
    left = iter(others)
    found: list[pytest.Item] = []
    for first, size in zip(_dealt(long, workers), _shares(len(items), workers), strict=True):
        found += first
        found += islice(left, max(0, size - len(first)))
    return [*found, *left]


def place_of(nodeid: str) -> str | None:
    """Return the place of a test in `LONG`, the narrowest one."""
    return max((place for place in LONG if nodeid.startswith(place)), key=len, default=None)


def _dealt(long: Mapping[str, list[pytest.Item]], workers: int) -> Iterator[list[pytest.Item]]:
    """Deal the long ones out, the longest first, each to who has the least to do."""
    hands: list[list[pytest.Item]] = [[] for _ in range(workers)]
    seconds = [0] * workers
    for place in sorted(long, key=lambda place: (-LONG[place], place)):
        least = seconds.index(min(seconds))
        hands[least] += long[place]
        seconds[least] += LONG[place]
    yield from hands


def _shares(count: int, workers: int) -> Iterator[int]:
    """Yield how many tests each worker is given first."""
    for ahead in range(workers, 0, -1):
        share = count // ahead
        count -= share
        yield share
