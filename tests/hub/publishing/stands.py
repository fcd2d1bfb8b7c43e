"""The situations publications are found in, and what a person may do in each."""

from typing import Any

#: Publications as they can be found, and which of a person's acts each allows.
STANDS: list[tuple[str, dict[str, Any], str]] = [
    ("planned", {"state": "PLANNED", "due_at": None}, "reschedule cancel"),
    ("scheduled", {"state": "SCHEDULED"}, "reschedule cancel"),
    ("waiting for pictures", {"state": "SCHEDULED", "commit_attempted_at": ...}, ""),
    ("half a thread", {"state": "SCHEDULED", "checkpoint": '{"parts": [{}]}'}, ""),
    ("publishing", {"state": "PUBLISHING", "lease_until": ...}, "cancel"),
    (
        "past its moment of truth",
        {"state": "PUBLISHING", "lease_until": ..., "commit_attempted_at": ...},
        "",
    ),
    ("held", {"state": "HELD", "hold_reason": "PAUSED"}, "reschedule cancel resume"),
    ("stale", {"state": "HELD", "hold_reason": "EDITION_STALE"}, "reschedule cancel"),
    (
        "held half way",
        {"state": "HELD", "hold_reason": "UNAPPROVED", "checkpoint": '{"parts": [{}]}'},
        "resume",
    ),
    ("being looked for", {"state": "UNCONFIRMED", "commit_attempted_at": ...}, "confirm abandon"),
    (
        "unknown",
        {"state": "UNCONFIRMED", "commit_attempted_at": ..., "due_at": None},
        "retry confirm abandon",
    ),
    ("failed", {"state": "FAILED", "due_at": None}, "cancel retry"),
    ("cancelled", {"state": "CANCELLED", "due_at": None}, ""),
    ("expired", {"state": "EXPIRED", "due_at": None}, ""),
    (
        "published",
        {"state": "PUBLISHED", "due_at": None, "remote_id": "1", "sent_hash": "approved"},
        "",
    ),
    ("withdrawn", {"state": "WITHDRAWN", "due_at": None, "remote_id": "1"}, ""),
]
