"""Following the stream of events: what was sealed since, and how far it has come."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, false, func, or_, select

from hub.audit.models import EventChain, EventRow
from hub.kernel.caller import Caller
from hub.kernel.reading import Reader

#: Events read at once.
BATCH = 100


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """An event that has its place in the workspace's chain."""

    id: UUID
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
            EventRow.id,
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


@dataclass(frozen=True, kw_only=True)
class Stirred:
    """How far a workspace has come: `committed` counts its events, sealed or not.

    `concerned` says whether one behind the sequence given (None: the end), or not sealed yet, has
    a subject that was not named as being of no concern.
    """

    sequence: int
    committed: int
    concerned: bool


async def stirred(
    reader: Reader, caller: Caller, *, after: int | None, besides: Collection[str]
) -> Stirred:
    """Look at how far the caller's workspace has come, in one statement and so at one moment."""
    ours = EventRow.workspace_id == caller.workspace_id
    chain = select(EventChain.sequence).where(EventChain.workspace_id == caller.workspace_id)
    sequence = func.coalesce(chain.scalar_subquery(), 0)
    unsealed = select(func.count()).where(ours, EventRow.sequence.is_(None)).scalar_subquery()
    matters = and_(ours, EventRow.subject_type.not_in(sorted(besides)))
    # Apart, so that each is found by an index and ends at the first one.
    waiting = exists().where(matters, EventRow.sequence.is_(None))
    behind = false() if after is None else exists().where(matters, EventRow.sequence > after)
    rows = await reader.rows(
        caller,
        select(
            sequence.label("sequence"),
            (sequence + unsealed).label("committed"),
            or_(waiting, behind).label("concerned"),
        ),
    )
    return Stirred(**rows[0])
