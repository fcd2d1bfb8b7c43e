"""Counters of posts, as far as platforms count what a brand did itself."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from workers.connectors.port import Measured


def by_others(measured: Sequence[Measured], parents: Iterable[str]) -> list[Measured]:
    """Take a thread's own next parts out of the answers to its posts.

    `parents` are the ids that each of the posts answers, as the platform has them; empty where it
    answers nothing. Networks count every answer, whoever wrote it.
    """
    own = Counter(parents)
    return [_less(one, own[one.ref.remote_id]) for one in measured]


def _less(measured: Measured, own: int) -> Measured:
    if not own:
        return measured
    replies = max(measured.counters.get("REPLIES", 0) - own, 0)
    return replace(measured, counters={**measured.counters, "REPLIES": replies})
