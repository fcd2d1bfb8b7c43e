"""What happens to members and tokens."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.access.models import Role
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
