"""What happens to members and tokens."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.access.models import Role, SessionEnd
from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class MemberAdded(Event):
    """A person joined the workspace."""

    name: ClassVar[str] = "member.added"
    subject_type: ClassVar[str] = "Member"

    role: Role


@dataclass(frozen=True, kw_only=True)
class TokenIssued(Event):
    """A token was made for a member."""

    name: ClassVar[str] = "token.issued"
    subject_type: ClassVar[str] = "Token"

    member_id: UUID
    label: str


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Event):
    """A token stopped working."""

    name: ClassVar[str] = "token.revoked"
    subject_type: ClassVar[str] = "Token"


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(Event):
    """A person left the workspace; their tokens and sessions have ended."""

    name: ClassVar[str] = "member.removed"
    subject_type: ClassVar[str] = "Member"


@dataclass(frozen=True, kw_only=True)
class MemberNoticesSet(Event):
    """A member is told of things in another language, or by other means."""

    name: ClassVar[str] = "member.notices_set"
    subject_type: ClassVar[str] = "Member"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    """A member's password was set; their other sessions have ended."""

    name: ClassVar[str] = "password.changed"
    subject_type: ClassVar[str] = "Member"


@dataclass(frozen=True, kw_only=True)
class SessionCreated(Event):
    """A person signed in."""

    name: ClassVar[str] = "session.created"
    subject_type: ClassVar[str] = "Session"

    member_id: UUID


@dataclass(frozen=True, kw_only=True)
class SessionRefused(Event):
    """Somebody gave a wrong password; an address nobody has is named by its digest alone."""

    name: ClassVar[str] = "session.refused"
    subject_type: ClassVar[str] = "Workspace"

    member_id: UUID | None
    email_digest: str


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(Event):
    """A session ended before its time."""

    name: ClassVar[str] = "session.revoked"
    subject_type: ClassVar[str] = "Session"

    member_id: UUID
    reason: SessionEnd
