"""Keeping events with their transaction, and sealing them into the workspace's chain after it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import EventChain, EventRow
from hub.audit.rules import chained
from hub.kernel.events import Event
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork

#: Events sealed in one transaction.
BATCH = 500


async def keep(work: UnitOfWork, events: Sequence[Event]) -> None:
    """Write the events of a transaction, unnumbered: order is given later, without a lock."""
    for event in events:
        work.leave(
            EventRow,
            {
                "workspace_id": work.caller.workspace_id,
                "name": event.name,
                "subject_type": event.subject_type,
                "subject_id": event.subject_id,
                "actor_kind": work.caller.kind,
                "actor_id": work.caller.actor_id,
                "actor_name": work.caller.name,
                "data": event.data(),
                "occurred_at": work.now,
            },
        )


async def unsealed_workspaces(session: AsyncSession, *, most: int = 100) -> Sequence[UUID]:
    """Return workspaces whose newest events have no place in their chain yet."""
    found = await session.execute(
        text("SELECT * FROM hub_unsealed_workspaces(:most)"), {"most": most}
    )
    return found.scalars().all()


async def seal(work: UnitOfWork) -> int:
    """Give the workspace's unsealed events their sequence and chain hash; return how many."""
    chain = await _chain(work)
    rows = await work.all(
        select(EventRow).where(EventRow.sequence.is_(None)).order_by(EventRow.id).limit(BATCH)
    )
    for row in rows:
        chain.sequence += 1
        row.sequence = chain.sequence
        row.hash = chain.hash = chained(chain.hash, facts(row))
    return len(rows)


async def _chain(work: UnitOfWork) -> EventChain:
    await work.session.execute(
        upsert(EventChain)
        .values(id=new_id(), workspace_id=work.caller.workspace_id, sequence=0, hash="")
        .on_conflict_do_nothing()
    )
    return (await work.session.execute(select(EventChain).with_for_update())).scalar_one()


def facts(row: EventRow) -> Mapping[str, Any]:
    """Return what the hash of an event covers."""
    return {
        "id": row.id,
        "workspace": row.workspace_id,
        "sequence": row.sequence,
        "name": row.name,
        "subject_type": row.subject_type,
        "subject_id": row.subject_id,
        "actor_kind": row.actor_kind.value,
        "actor_id": row.actor_id,
        "actor_name": row.actor_name,
        "data": row.data,
        "occurred_at": row.occurred_at,
    }
