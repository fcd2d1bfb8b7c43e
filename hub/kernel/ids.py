"""Identifiers that sort by the time they were made."""

import base64
import binascii
import secrets
import time
from threading import Lock
from uuid import UUID

_RANDOM_BITS = 74
#: Random steps between ids of one millisecond: large enough that none can be guessed from another.
_STEP_BITS = 48


class _Sequence:
    """Makes ids that only grow: what one process writes down keeps its order within a millisecond.

    The rules of RFC 9562 6.2, method 2: the same millisecond, or a clock set back, counts on from
    the last id by a random step.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0

    def next(self) -> int:
        """Return 48 bits of Unix milliseconds followed by 74 random bits."""
        milliseconds = time.time_ns() // 1_000_000
        fresh = milliseconds << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            if fresh >> _RANDOM_BITS > self._last >> _RANDOM_BITS:
                self._last = fresh
            else:
                self._last += 1 + secrets.randbits(_STEP_BITS)
            return self._last


_SEQUENCE = _Sequence()


def new_id() -> UUID:
    """Return a version 7 UUID (RFC 9562); within one process each is greater than the last."""
    value = _SEQUENCE.next()
    milliseconds, high, low = value >> _RANDOM_BITS, value >> 62 & 0xFFF, value & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0x2 << 62 | low)


def global_id(kind: str, row_id: UUID | str) -> str:
    """Return the id clients see: the type's name and the row's id, in base64url."""
    return base64.urlsafe_b64encode(f"{kind}:{row_id}".encode()).decode().rstrip("=")


def read_global_id(global_id: str) -> tuple[str, UUID] | None:
    """Return the type's name and the row's id, whatever the type; None when it is malformed."""
    try:
        packed = global_id.encode("ascii")
        raw = base64.b64decode(packed + b"=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        kind, _, id_ = raw.decode("ascii").partition(":")
        found = UUID(id_)
    except (binascii.Error, ValueError):
        return None
    # One spelling per id, so that clients may compare ids as text.
    return (kind, found) if str(found) == id_ else None
