"""What happens in moderation."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from hub.engagement.moderation.models import ActionKind, SanctionKind
from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ModerationRuleCreated(Event):
    """A brand has a new rule about what others write."""

    name: ClassVar[str] = "moderation_rule.created"
    subject_type: ClassVar[str] = "ModerationRule"


@dataclass(frozen=True, kw_only=True)
class ModerationRuleUpdated(Event):
    """A rule was changed, switched on or off."""

    name: ClassVar[str] = "moderation_rule.updated"
    subject_type: ClassVar[str] = "ModerationRule"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ModerationRuleDeleted(Event):
    """A rule was thrown away; what it did stays."""

    name: ClassVar[str] = "moderation_rule.deleted"
    subject_type: ClassVar[str] = "ModerationRule"


@dataclass(frozen=True, kw_only=True)
class ModerationRulesReordered(Event):
    """The rules of a brand are tried in another order."""

    name: ClassVar[str] = "moderation_rule.reordered"
    subject_type: ClassVar[str] = "Brand"

    rule_ids: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class ModerationActionTaken(Event):
    """A rule, a sanction or a member acts on a message; for some acts the platform follows."""

    name: ClassVar[str] = "moderation_action.taken"
    subject_type: ClassVar[str] = "ModerationAction"

    message_id: UUID
    kind: ActionKind
    rule_id: UUID | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class ModerationActionDone(Event):
    """The platform has done what a rule or a member wanted."""

    name: ClassVar[str] = "moderation_action.done"
    subject_type: ClassVar[str] = "ModerationAction"

    message_id: UUID
    kind: ActionKind


@dataclass(frozen=True, kw_only=True)
class ModerationActionFailed(Event):
    """What a rule or a member wanted could not be done."""

    name: ClassVar[str] = "moderation_action.failed"
    subject_type: ClassVar[str] = "ModerationAction"

    message_id: UUID
    kind: ActionKind
    problem: str


@dataclass(frozen=True, kw_only=True)
class ModerationActionUndone(Event):
    """A member took back what was done to a message."""

    name: ClassVar[str] = "moderation_action.undone"
    subject_type: ClassVar[str] = "ModerationAction"

    message_id: UUID
    kind: ActionKind


@dataclass(frozen=True, kw_only=True)
class MessageFlagged(Event):
    """A rule asks that somebody looks at a message."""

    name: ClassVar[str] = "message.flagged"
    subject_type: ClassVar[str] = "Message"

    rule_id: UUID | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class MessageHeld(Event):
    """A message waits for a moderator."""

    name: ClassVar[str] = "message.held"
    subject_type: ClassVar[str] = "Message"


@dataclass(frozen=True, kw_only=True)
class MessageReleased(Event):
    """A moderator has looked at a message that waited, and let it be."""

    name: ClassVar[str] = "message.released"
    subject_type: ClassVar[str] = "Message"


@dataclass(frozen=True, kw_only=True)
class SanctionCreated(Event):
    """A member sanctions somebody."""

    name: ClassVar[str] = "sanction.created"
    subject_type: ClassVar[str] = "Sanction"

    person_id: UUID
    kind: SanctionKind
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class SanctionInForce(Event):
    """A sanction holds."""

    name: ClassVar[str] = "sanction.in_force"
    subject_type: ClassVar[str] = "Sanction"

    person_id: UUID
    kind: SanctionKind


@dataclass(frozen=True, kw_only=True)
class SanctionLifting(Event):
    """A sanction shall end: a member wants it, or its time is over."""

    name: ClassVar[str] = "sanction.lifting"
    subject_type: ClassVar[str] = "Sanction"

    person_id: UUID
    kind: SanctionKind


@dataclass(frozen=True, kw_only=True)
class SanctionLifted(Event):
    """A sanction holds no more."""

    name: ClassVar[str] = "sanction.lifted"
    subject_type: ClassVar[str] = "Sanction"

    person_id: UUID
    kind: SanctionKind


@dataclass(frozen=True, kw_only=True)
class SanctionFailed(Event):
    """The platform did not take a sanction, or did not lift it."""

    name: ClassVar[str] = "sanction.failed"
    subject_type: ClassVar[str] = "Sanction"

    person_id: UUID
    kind: SanctionKind
    problem: str
