"""When to look for answers and counters, and how conversations change with what happens to them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.engagement.models import ThreadKind, ThreadState
from hub.kernel.errors import Invalid
from hub.kernel.texts import require_storable

#: (until this age, look this often); past the last row nobody looks by itself.
_PACE = (
    (timedelta(hours=1), timedelta(minutes=1)),
    (timedelta(days=1), timedelta(minutes=15)),
    (timedelta(days=7), timedelta(hours=1)),
    (timedelta(days=30), timedelta(hours=6)),
)

REPLY_MAX = 10_000
#: How often a channel's own inbox is read, and how long after that its job is missed.
INBOX_PACE = timedelta(minutes=1)
#: What was written longer ago is taken for written so long ago: nobody could know of it.
_UNSEEN = timedelta(days=1)
_TAG_MAX = 60
_TAGS_MAX = 50
THREADS_MAX = 100


def next_look(*, published_at: datetime, now: datetime) -> datetime | None:
    """Return when to look again, or None when the post is too old to be watched."""
    age = now - published_at
    for until, every in _PACE:
        if age < until:
            return now + every
    return None


def arrived(state: ThreadState, *, first: bool) -> ThreadState:
    """Return the state of a conversation somebody has written in; `first`: nobody had before."""
    if first:
        return ThreadState.NEW
    return ThreadState.NEW if state is ThreadState.NEW else ThreadState.OPEN


def replied(state: ThreadState, kind: ThreadKind) -> ThreadState:
    """Return the state of a conversation after an answer of the brand.

    In private, or under another's post, it is now their turn; under a publication others still
    wait. What was done stays done.
    """
    if state is ThreadState.DONE:
        return state
    return ThreadState.OPEN if kind is ThreadKind.COMMENTS else ThreadState.WAITING


def opened(*, written_at: datetime, now: datetime) -> datetime:
    """Return when a case opens: when it was written, but not long ago and not in the future."""
    return min(max(written_at, now - _UNSEEN), now)


def is_believable(said: datetime) -> bool:
    """Say whether something can have been written then: not in the year 1, nor at the end of time.

    PostgreSQL keeps these two as infinities, which compare with no other time.
    """
    return 1970 <= said.year < 9999


def require_tags(tags: Sequence[str], *, path: tuple[str, ...]) -> list[str]:
    """Return tags without repeats, sorted; Invalid where one is empty, too long or one too many."""
    clean: set[str] = set()
    for index, tag in enumerate(tags):
        where = (*path, str(index))
        word = " ".join(tag.split()).casefold()
        require_storable(word, path=where)
        if not word or len(word) > _TAG_MAX:
            raise Invalid(f"A tag has 1 to {_TAG_MAX} characters.", path=where)
        clean.add(word)
    if len(clean) > _TAGS_MAX:
        raise Invalid(f"There may be {_TAGS_MAX} tags at most.", path=path)
    return sorted(clean)
