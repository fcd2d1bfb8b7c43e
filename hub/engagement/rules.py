"""When to look for answers and counters: often while a post is young."""

from datetime import datetime, timedelta

#: (until this age, look this often); past the last row nobody looks by itself.
_PACE = (
    (timedelta(hours=1), timedelta(minutes=1)),
    (timedelta(days=1), timedelta(minutes=15)),
    (timedelta(days=7), timedelta(hours=1)),
    (timedelta(days=30), timedelta(hours=6)),
)

REPLY_MAX = 10_000


def next_look(*, published_at: datetime, now: datetime) -> datetime | None:
    """Return when to look again, or None when the post is too old to be watched."""
    age = now - published_at
    for until, every in _PACE:
        if age < until:
            return now + every
    return None
