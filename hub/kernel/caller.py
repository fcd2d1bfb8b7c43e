"""Who is asking, and what they may do."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from hub.kernel.errors import Forbidden


class Permission(StrEnum):
    """One thing a role or a token can allow; also the scopes of tokens."""

    WORKSPACE_ADMIN = "workspace.admin"
    STRATEGY_READ = "strategy.read"
    STRATEGY_WRITE = "strategy.write"
    CHANNELS_READ = "channels.read"
    CHANNELS_WRITE = "channels.write"
    CONTENT_READ = "content.read"
    CONTENT_WRITE = "content.write"
    REVIEW_READ = "review.read"
    REVIEW_SUBMIT = "review.submit"
    REVIEW_DECIDE = "review.decide"
    REVIEW_REMARK = "review.remark"
    REVIEW_MANAGE = "review.manage"
    PUBLISHING_READ = "publishing.read"
    PUBLISHING_WRITE = "publishing.write"
    ENGAGEMENT_READ = "engagement.read"
    ENGAGEMENT_REPLY = "engagement.reply"
    ENGAGEMENT_MODERATE = "engagement.moderate"
    CONTEST_MANAGE = "contest.manage"
    ANALYTICS_READ = "analytics.read"
    AUDIT_READ = "audit.read"
    DELIVERY_READ = "delivery.read"
    AUTOMATION_READ = "automation.read"
    AUTOMATION_WRITE = "automation.write"


class ActorKind(StrEnum):
    """What kind of caller acts."""

    MEMBER = "member"
    TRIGGER = "trigger"
    SYSTEM = "system"


_PUBLISHED_ONLY = frozenset({Permission.DELIVERY_READ})


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who acts, in which workspace, with which permissions.

    Every unit of work has one; the workspace it names is the only one that work can see.
    """

    workspace_id: UUID
    kind: ActorKind
    member_id: UUID | None = None
    token_id: UUID | None = None
    session_id: UUID | None = None
    trigger_id: UUID | None = None
    name: str = ""
    permissions: frozenset[Permission] = frozenset()

    @classmethod
    def system(cls, workspace_id: UUID) -> "Caller":
        """The hub itself, at work in one workspace: it may do everything a worker must."""
        return cls(
            workspace_id=workspace_id,
            kind=ActorKind.SYSTEM,
            name="hub",
            permissions=frozenset(Permission),
        )

    @classmethod
    def nobody(cls, workspace_id: UUID) -> "Caller":
        """Nobody yet: who asks is to be found out in this workspace, and may do nothing."""
        return cls(workspace_id=workspace_id, kind=ActorKind.SYSTEM)

    @property
    def sees_only_published(self) -> bool:
        """Say whether all this caller may do is to read what is out: safe inside a web page."""
        return self.permissions == _PUBLISHED_ONLY

    @property
    def actor_id(self) -> UUID | None:
        """Return who is written down as the actor: the member or the trigger; None for the hub."""
        return self.member_id or self.trigger_id

    def may(self, permission: Permission) -> bool:
        """Say whether the caller holds the permission."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise Forbidden unless the caller holds the permission."""
        if not self.may(permission):
            raise Forbidden(
                f"This needs the permission {permission.value}, which your token does not have."
            )
