"""Work that moderation promises."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub.kernel.jobs import Job


@dataclass(frozen=True, kw_only=True)
class ActOnMessage(Job):
    """Do at the platform what a rule wants of a message."""

    name: ClassVar[str] = "moderation.act"

    action_id: UUID

    def key(self) -> str:
        """Return one key per action."""
        return f"moderate:{self.action_id}"


@dataclass(frozen=True, kw_only=True)
class EnforceSanction(Job):
    """Bring a sanction into force at the platform, and lift it when it is to end."""

    name: ClassVar[str] = "moderation.enforce"

    sanction_id: UUID

    def key(self) -> str:
        """Return one key per sanction."""
        return f"sanction:{self.sanction_id}"
