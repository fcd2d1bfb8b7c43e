"""Following the stream of events: what was sealed since, and how far it has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.audit.models import EventChain, EventRow
from hub.kernel.caller import Caller
from hub.kernel.reading import Reader

#: Events read at once.
BATCH = 100


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """An event that has its place in the workspace's chain."""

    sequence: int
    name: str
    subject_type: str
    subject_id: UUID
    data: dict[str, Any]
    occurred_at: datetime


async def last_sequence(reader: Reader, caller: Caller) -> int:
    """Return the number of the newest sealed event of the caller's workspace; 0 before any."""
    chain = select(EventChain.sequence).where(EventChain.workspace_id == caller.workspace_id)
    rows = await reader.rows(caller, chain)
    return int(rows[0]["sequence"]) if rows else 0


async def sealed_after(reader: Reader, caller: Caller, sequence: int) -> Sequence[Sealed]:
    """Return the next sealed events behind a number, in order, at most `BATCH` of them."""
    rows = await reader.rows(
        caller,
        select(
            EventRow.sequence,
            EventRow.name,
            EventRow.subject_type,
            EventRow.subject_id,
            EventRow.data,
            EventRow.occurred_at,
        )
        .where(EventRow.workspace_id == caller.workspace_id, EventRow.sequence > sequence)
        .order_by(EventRow.sequence)
        .limit(BATCH),
    )
    return [Sealed(**row) for row in rows]
