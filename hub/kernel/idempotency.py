"""Idempotency keys of mutations: what was answered is kept in the transaction that did it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, delete
from sqlalchemy.orm import Mapped

from hub.kernel.errors import ErrorCode, HubError
from hub.kernel.model import Base, WorkspaceOwned
from hub.kernel.opening import KeyedRequest, owner
from hub.kernel.work import UnitOfWork

__all__ = [
    "KEPT",
    "IdempotencyKey",
    "InProgress",
    "KeyReused",
    "KeyedRequest",
    "earlier_outcome",
    "forget_expired",
    "keep_outcome",
]

#: How long a key stands for its request, by the hub's clock.
KEPT = timedelta(hours=24)


class KeyReused(HubError):
    """The key stands for another request already."""

    code = ErrorCode.IDEMPOTENCY_KEY_REUSED


class InProgress(HubError):
    """The first request with this key has not ended yet."""

    code = ErrorCode.IN_PROGRESS


class IdempotencyKey(WorkspaceOwned, Base):
    """One key of one caller: the request it stood for, and the ids or errors it ended in.

    A repeat within 24 hours reads the result again by its ids; other content is refused.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("workspace_id", "actor_id", "key"),)

    actor_id: Mapped[UUID]
    key: Mapped[str]
    request_hash: Mapped[str]
    outcome: Mapped[dict[str, Any]]


async def earlier_outcome(work: UnitOfWork, request: KeyedRequest) -> dict[str, Any] | None:
    """Return what the key's request ended in; None when it is new, and ours until the end.

    A unit of work that was opened with the request knows already. Raises InProgress while another
    transaction holds the key, KeyReused for another request.
    """
    held = await work.hold(request)
    if not held.ours:
        raise InProgress("The first request with this Idempotency-Key is still being worked on.")
    kept = held.kept
    if kept is None:
        return None
    if kept.created_at <= work.now - KEPT:
        await work.change(delete(IdempotencyKey).where(IdempotencyKey.id == kept.id))
        return None
    if kept.request_hash != request.request_hash:
        raise KeyReused("This Idempotency-Key stands for another request. Take a new one for this.")
    return kept.outcome


async def keep_outcome(work: UnitOfWork, request: KeyedRequest, outcome: dict[str, Any]) -> None:
    """Keep what the request ended in; needs `earlier_outcome` in the same transaction."""
    work.leave(
        IdempotencyKey,
        {
            "workspace_id": work.caller.workspace_id,
            "actor_id": owner(work.caller),
            "key": request.key,
            "request_hash": request.request_hash,
            "outcome": outcome,
        },
    )


async def forget_expired(work: UnitOfWork) -> int:
    """Delete the workspace's keys that stand for nothing any more; return how many."""
    return await work.change(
        delete(IdempotencyKey).where(IdempotencyKey.created_at <= work.now - KEPT)
    )
