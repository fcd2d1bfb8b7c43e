"""How events are chained: each hash covers the one before it."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson


def chained(previous: str, event: Mapping[str, Any]) -> str:
    """Return SHA-256 (hex) over the previous hash and the event as canonical JSON."""
    plain = {key: _plain(value) for key, value in event.items()}
    return hashlib.sha256(
        previous.encode() + orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    ).hexdigest()


def _plain(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case _:
            return value
