"""Who belongs to a workspace, and the tokens they act with."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text, true
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


class SessionEnd(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "SIGNED_OUT"
    REPLACED = "REPLACED"
    REVOKED = "REVOKED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - a reason and no password
    MEMBER_REMOVED = "MEMBER_REMOVED"


class Workspace(Versioned, Base):
    """One client: nothing in it is ever seen from another. The table itself has no policy."""

    __tablename__ = "workspaces"
    __table_args__ = (UniqueConstraint("slug"),)

    slug: Mapped[str]
    name: Mapped[str]


class Member(Versioned, WorkspaceOwned, Base):
    """A person in a workspace."""

    __tablename__ = "members"
    __table_args__ = workspace_args(
        UniqueConstraint("workspace_id", "email"),
        # An address is the same whatever its case, for two who add it at once as well.
        Index("uq_members_address", "workspace_id", text("lower(email)"), unique=True),
        Index("ix_members_name", "workspace_id", "name", "id"),
    )

    name: Mapped[str]
    email: Mapped[str]
    role: Mapped[Role] = mapped_column(text_enum(Role))
    locale: Mapped[str] = mapped_column(default="en", server_default="en")
    email_notices: Mapped[bool] = mapped_column(default=True, server_default=true())
    removed_at: Mapped[datetime | None]


class Password(WorkspaceOwned, Base):
    """How a member signs in: Argon2id with its salt and parameters, kept apart from the member."""

    __tablename__ = "passwords"
    __table_args__ = workspace_args(
        within_workspace("member_id", "members"), UniqueConstraint("member_id")
    )

    member_id: Mapped[UUID]
    hash: Mapped[str]
    changed_at: Mapped[datetime]


class Session(WorkspaceOwned, Base):
    """A person signed in on one browser; only a keyed digest of its secret is stored.

    `idle_until` moves on while it is used, up to `expires_at`. Times are of the bare clock.
    """

    __tablename__ = "sessions"
    __table_args__ = workspace_args(
        within_workspace("member_id", "members"),
        UniqueConstraint("digest"),
        Index("ix_sessions_member_id", "workspace_id", "member_id", "id"),
    )

    member_id: Mapped[UUID]
    digest: Mapped[bytes]
    agent: Mapped[str]
    address: Mapped[str]
    used_at: Mapped[datetime]
    idle_until: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SignInTry(Base):
    """How often somebody tried to sign in, by a keyed digest of what for or from where.

    Counted before a workspace or a member is known, and for those that do not exist alike.
    """

    __tablename__ = "sign_in_tries"
    __table_args__ = (UniqueConstraint("digest"), Index("ix_sign_in_tries_last_at", "last_at"))

    digest: Mapped[bytes]
    tries: Mapped[int]
    last_at: Mapped[datetime]
    free_at: Mapped[datetime]


class Token(Base):
    """A token of a member, stored as a keyed digest and found by it before a workspace is known.

    The table has no policy for that reason. `scopes` narrows the role; it never widens it.
    """

    __tablename__ = "tokens"
    __table_args__ = (
        UniqueConstraint("digest"),
        within_workspace("member_id", "members"),
        Index("ix_tokens_workspace_id", "workspace_id", "id"),
        Index("ix_tokens_member_id", "workspace_id", "member_id", "id"),
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
