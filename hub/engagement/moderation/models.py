"""Moderation: the rules of a brand, what was done to messages and why, and who is sanctioned."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel.model import (
    Base,
    Versioned,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class RuleMatch(StrEnum):
    """How many conditions of a rule must hold."""

    ALL = "ALL"
    ANY = "ANY"


class ConditionKind(StrEnum):
    """What a condition looks at."""

    WORDS = "WORDS"
    PATTERN = "PATTERN"
    LINKS = "LINKS"
    LANGUAGE = "LANGUAGE"
    SENTIMENT = "SENTIMENT"
    AUTHOR = "AUTHOR"
    RATE = "RATE"


class WordStrength(StrEnum):
    """How much of a disguise is looked through."""

    PLAIN = "PLAIN"
    HARD = "HARD"


class ActionKind(StrEnum):
    """What is done to a message."""

    HIDE = "HIDE"
    HOLD = "HOLD"
    DELETE = "DELETE"
    TAG = "TAG"
    ASSIGN = "ASSIGN"
    PRIORITY = "PRIORITY"
    REPLY = "REPLY"
    NOTIFY = "NOTIFY"


class ActionState(StrEnum):
    """What became of it."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"
    UNDONE = "UNDONE"


class SanctionKind(StrEnum):
    """What somebody is sanctioned with."""

    WARN = "WARN"
    MUTE = "MUTE"
    BLOCK = "BLOCK"


class SanctionPlace(StrEnum):
    """Where a sanction holds."""

    PLATFORM = "PLATFORM"
    HUB = "HUB"


class SanctionState(StrEnum):
    """Whether a sanction holds."""

    WANTED = "WANTED"
    IN_FORCE = "IN_FORCE"
    LIFTING = "LIFTING"
    LIFTED = "LIFTED"
    FAILED = "FAILED"


class NoticeWay(StrEnum):
    """How somebody was told of a sanction."""

    PRIVATE = "PRIVATE"
    REPLY = "REPLY"


class ModerationRule(Versioned, WorkspaceOwned, Base):
    """What a brand does about messages of a kind; rules are tried in the order of `position`.

    `channel_ids` and `thread_kinds` narrow it down, empty: all. `conditions` and `actions` are
    those of `rules.py` as plain JSON.
    """

    __tablename__ = "moderation_rules"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        Index("ix_moderation_rules_position", "workspace_id", "position", "id"),
        Index("ix_moderation_rules_brand_id", "workspace_id", "brand_id", "id"),
        Index("ix_moderation_rules_name", "workspace_id", "name", "id"),
    )

    brand_id: Mapped[UUID]
    name: Mapped[str]
    position: Mapped[int]
    enabled: Mapped[bool] = mapped_column(default=True)
    channel_ids: Mapped[list[str]]
    thread_kinds: Mapped[list[str]]
    match: Mapped[RuleMatch] = mapped_column(text_enum(RuleMatch))
    conditions: Mapped[list[dict[str, Any]]]
    actions: Mapped[list[dict[str, Any]]]
    stop: Mapped[bool]


class ModerationAction(WorkspaceOwned, Base):
    """Something that was done to a message by a rule, a member or a sanction, and why.

    `spans` are the places in the text it is about, with the words as they were; `before` is what
    undoing puts back. `rule_name` and `rule_version` stay when the rule is gone.
    """

    __tablename__ = "moderation_actions"
    __table_args__ = workspace_args(
        within_workspace("message_id", "messages"),
        within_workspace("channel_id", "channels"),
        within_workspace("person_id", "persons"),
        within_workspace("rule_id", "moderation_rules", ondelete="SET NULL (rule_id)"),
        within_workspace("member_id", "members"),
        within_workspace("sanction_id", "sanctions"),
        within_workspace("publication_id", "publications"),
        within_workspace("undone_by", "members"),
        CheckConstraint("(state = 'UNDONE') = (undone_at IS NOT NULL)", name="undone_has_time"),
        Index("ix_moderation_actions_message_id", "workspace_id", "message_id", "id"),
        Index("ix_moderation_actions_person_id", "workspace_id", "person_id", "id"),
        Index("ix_moderation_actions_rule_id", "workspace_id", "rule_id", "id"),
        Index("ix_moderation_actions_state", "workspace_id", "state", "id"),
    )

    message_id: Mapped[UUID]
    channel_id: Mapped[UUID]
    person_id: Mapped[UUID | None]
    rule_id: Mapped[UUID | None]
    rule_name: Mapped[str] = mapped_column(default="")
    rule_version: Mapped[int | None]
    member_id: Mapped[UUID | None]
    sanction_id: Mapped[UUID | None]
    kind: Mapped[ActionKind] = mapped_column(text_enum(ActionKind))
    reason: Mapped[str]
    spans: Mapped[list[dict[str, Any]]]
    given: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any]]
    state: Mapped[ActionState] = mapped_column(text_enum(ActionState))
    problem: Mapped[str] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=0)
    publication_id: Mapped[UUID | None]
    undone_by: Mapped[UUID | None]
    undone_at: Mapped[datetime | None]


class Sanction(WorkspaceOwned, Base):
    """What somebody may not do, or was told, for a reason and perhaps until a time."""

    __tablename__ = "sanctions"
    __table_args__ = workspace_args(
        within_workspace("person_id", "persons"),
        within_workspace("channel_id", "channels"),
        within_workspace("imposed_by", "members"),
        within_workspace("lifted_by", "members"),
        within_workspace("publication_id", "publications"),
        Index("ix_sanctions_person_id", "workspace_id", "person_id", "id"),
        Index("ix_sanctions_state", "workspace_id", "state", "id"),
        Index(
            "uq_sanctions_in_force",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('WANTED', 'IN_FORCE', 'LIFTING') AND kind <> 'WARN'"),
        ),
    )

    person_id: Mapped[UUID]
    channel_id: Mapped[UUID]
    kind: Mapped[SanctionKind] = mapped_column(text_enum(SanctionKind))
    place: Mapped[SanctionPlace] = mapped_column(text_enum(SanctionPlace))
    reason: Mapped[str]
    notice: Mapped[str] = mapped_column(default="")
    told: Mapped[NoticeWay | None] = mapped_column(text_enum(NoticeWay))
    publication_id: Mapped[UUID | None]
    until: Mapped[datetime | None]
    state: Mapped[SanctionState] = mapped_column(text_enum(SanctionState))
    problem: Mapped[str] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=0)
    imposed_by: Mapped[UUID | None]
    in_force_at: Mapped[datetime | None]
    lifted_by: Mapped[UUID | None]
    lift_reason: Mapped[str] = mapped_column(default="")
    lifted_at: Mapped[datetime | None]
