"""Idempotency keys of mutations: what was answered is kept in the transaction that did it."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped

from hub.kernel.errors import ErrorCode, HubError
from hub.kernel.ids import new_id
from hub.kernel.model import Base, WorkspaceOwned
from hub.kernel.work import UnitOfWork

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


@dataclass(frozen=True, kw_only=True)
class KeyedRequest:
    """A key as the caller sent it, and the hash of the request it came with."""

    key: str
    request_hash: str


async def earlier_outcome(work: UnitOfWork, request: KeyedRequest) -> dict[str, Any] | None:
    """Return what the key's request ended in; None when it is new, and ours until the end.

    Raises InProgress while another transaction holds the key, KeyReused for another request.
    """
    actor_id = _actor(work)
    taken = await work.session.execute(
        select(func.pg_try_advisory_xact_lock(_lock(work, request.key)))
    )
    if not taken.scalar_one():
        raise InProgress("The first request with this Idempotency-Key is still being worked on.")
    kept = await work.one(
        select(IdempotencyKey).where(
            IdempotencyKey.actor_id == actor_id, IdempotencyKey.key == request.key
        )
    )
    if kept is None:
        return None
    if kept.created_at <= work.now - KEPT:
        await work.session.delete(kept)
        await work.session.flush()
        return None
    if kept.request_hash != request.request_hash:
        raise KeyReused("This Idempotency-Key stands for another request. Take a new one for this.")
    return kept.outcome


async def keep_outcome(work: UnitOfWork, request: KeyedRequest, outcome: dict[str, Any]) -> None:
    """Keep what the request ended in; needs `earlier_outcome` in the same transaction."""
    work.session.add(
        IdempotencyKey(
            id=new_id(),
            workspace_id=work.caller.workspace_id,
            actor_id=_actor(work),
            key=request.key,
            request_hash=request.request_hash,
            outcome=outcome,
        )
    )
    await work.session.flush()


async def forget_expired(work: UnitOfWork) -> int:
    """Delete the workspace's keys that stand for nothing any more; return how many."""
    return await work.change(
        delete(IdempotencyKey).where(IdempotencyKey.created_at <= work.now - KEPT)
    )


def _actor(work: UnitOfWork) -> UUID:
    return work.caller.member_id or work.caller.workspace_id


def _lock(work: UnitOfWork, key: str) -> int:
    name = f"{work.caller.workspace_id}|{_actor(work)}|{key}"
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
