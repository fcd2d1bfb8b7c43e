"""Idempotency keys of mutations: what was answered is kept in the transaction that did it."""

from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from hub.kernel.model import Base, WorkspaceOwned


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
