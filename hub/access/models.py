"""Who belongs to a workspace, and the tokens they act with."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel.model import (
    Base,
    Versioned,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class Role(StrEnum):
    """What a member is in a workspace; `rules.PERMISSIONS` says what each may do."""

    ADMIN = "ADMIN"
    MANAGER = "MANAGER"
    EDITOR = "EDITOR"
    APPROVER = "APPROVER"
    VIEWER = "VIEWER"


class Workspace(Versioned, Base):
    """One client: nothing in it is ever seen from another. The table itself has no policy."""

    __tablename__ = "workspaces"
    __table_args__ = (UniqueConstraint("slug"),)

    slug: Mapped[str]
    name: Mapped[str]


class Member(Versioned, WorkspaceOwned, Base):
    """A person in a workspace."""

    __tablename__ = "members"
    __table_args__ = workspace_args(UniqueConstraint("workspace_id", "email"))

    name: Mapped[str]
    email: Mapped[str]
    role: Mapped[Role] = mapped_column(text_enum(Role))


class Token(Base):
    """A token of a member, stored as a keyed digest and found by it before a workspace is known.

    The table has no policy for that reason. `scopes` narrows the role; it never widens it.
    """

    __tablename__ = "tokens"
    __table_args__ = (
        UniqueConstraint("digest"),
        within_workspace("member_id", "members"),
        Index("ix_tokens_workspace_id", "workspace_id", "id"),
    )

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"))
    member_id: Mapped[UUID]
    label: Mapped[str]
    digest: Mapped[bytes]
    hint: Mapped[str]
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
