"""What the mutations about moderation and sanctions are given."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

from hub.engagement.moderation.operations import Draft
from schema.base.node import row_id
from schema.base.perform import Given
from schema.engagement.moderation import (
    ActionKind,
    ConditionKind,
    RuleMatch,
    SanctionKind,
    WordStrength,
)
from schema.engagement.types import Priority, ThreadKind

VERSION = "The `version` you read; CONFLICT if it is another by now."
Path = tuple[str, ...]


@strawberry.input(description="One thing to look for; leave out what the kind does not know of.")
class ModerationConditionInput(Given):
    kind: ConditionKind = strawberry.field(description="What to look at.")
    negate: bool = strawberry.field(
        default=False, description="Whether it holds where that is not found."
    )
    phrases: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="WORDS: words and phrases, 500 at most; a star at the end of a word stands "
        "for any ending.",
    )
    strength: WordStrength | None = strawberry.field(
        default=strawberry.UNSET, description="WORDS: how disguised; HARD where it is left out."
    )
    pattern: str | None = strawberry.field(
        default=strawberry.UNSET, description="PATTERN: a regular expression in RE2's syntax."
    )
    at_least: int | None = strawberry.field(
        default=strawberry.UNSET, description="LINKS: so many of them; 1 where it is left out."
    )
    domains: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="LINKS: to these sites; any where it is left out."
    )
    allowed_domains: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="LINKS: sites whose links do not count."
    )
    languages: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="LANGUAGE: one of these, as fr."
    )
    at_most: int | None = strawberry.field(
        default=strawberry.UNSET, description="SENTIMENT: so good at most; 0 where it is left out."
    )
    handles: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="AUTHOR: one of these accounts, 100 at most."
    )
    first_message: bool | None = strawberry.field(
        default=strawberry.UNSET, description="AUTHOR: it is the first they ever wrote there."
    )
    person_tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="AUTHOR: has one of these tags."
    )
    with_sanction: list[SanctionKind] | None = strawberry.field(
        default=strawberry.UNSET, description="AUTHOR: is under one of these sanctions."
    )
    messages: int | None = strawberry.field(
        default=strawberry.UNSET, description="RATE: so many messages, 2 to 100 …"
    )
    minutes: int | None = strawberry.field(
        default=strawberry.UNSET, description="RATE: … within so many minutes, 1 to 1440."
    )

    def told(self) -> dict[str, Any]:
        """Return what was said, in the hub's names."""
        said = dict(vars(self))
        said["sanctions"] = said.pop("with_sanction")
        return said


@strawberry.input(description="One thing to do; leave out what the kind does not know of.")
class ModerationRuleActionInput(Given):
    kind: ActionKind = strawberry.field(description="What to do.")
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="TAG: the tags."
    )
    assignee_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="ASSIGN: the member."
    )
    priority: Priority | None = strawberry.field(
        default=strawberry.UNSET, description="PRIORITY: which."
    )
    saved_reply_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="REPLY: the words to answer with."
    )

    def told(self, path: Path) -> dict[str, Any]:
        """Return what was said, with ids of rows."""
        said = dict(vars(self))
        for name, kind, spelt in (
            ("assignee_id", "Member", "assigneeId"),
            ("saved_reply_id", "SavedReply", "savedReplyId"),
        ):
            if said[name] is not None:
                said[name] = row_id(said[name], kind, path=(*path, spelt))
        return said


@strawberry.input(description="A rule to make, or to try.")
class ModerationRuleCreateInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="Whose rule it is.")
    name: str = strawberry.field(description="What members call it.")
    channel_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The channels it is about; none: all of the brand."
    )
    thread_kinds: list[ThreadKind] = strawberry.field(
        default_factory=list, description="The conversations it is about; none: all."
    )
    match: RuleMatch = strawberry.field(
        default=RuleMatch.ALL, description="How many of its conditions must hold."
    )
    conditions: list[ModerationConditionInput] = strawberry.field(
        description="What it looks for, 1 to 10."
    )
    actions: list[ModerationRuleActionInput] = strawberry.field(
        description="What it does, each kind once."
    )
    enabled: bool = strawberry.field(default=True, description="Whether it is tried at all.")
    stop: bool = strawberry.field(
        default=False, description="Whether no rule after it is tried where it holds."
    )
    accept_broad: bool = strawberry.field(
        default=False,
        description="Take it although it would hide or delete half of the last messages or more.",
    )

    def draft(self, path: Path) -> Draft:
        """Return the rule as the hub knows it."""
        return Draft(
            brand_id=row_id(self.brand_id, "Brand", path=(*path, "brandId")),
            name=self.name,
            conditions=[one.told() for one in self.conditions],
            actions=acts_in(self.actions, path),
            channel_ids=channels_in(self.channel_ids, path),
            thread_kinds=self.thread_kinds,
            match=self.match,
            enabled=self.enabled,
            stop=self.stop,
        )


def acts_in(given: Sequence[ModerationRuleActionInput], path: Path) -> list[dict[str, Any]]:
    """Return what a rule is to do, with ids of rows."""
    return [one.told((*path, "actions", str(index))) for index, one in enumerate(given)]


def channels_in(given: Sequence[strawberry.ID], path: Path) -> list[Any]:
    """Return the channels that are named."""
    return [
        row_id(one, "Channel", path=(*path, "channelIds", str(index)))
        for index, one in enumerate(given)
    ]


@strawberry.input(description="What to change of a rule; what is left out stays.")
class ModerationRuleUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The rule.")
    expected_version: int | None = strawberry.field(default=strawberry.UNSET, description=VERSION)
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What members call it."
    )
    channel_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        default=None, description="All channels it is about; none: all of the brand."
    )
    thread_kinds: strawberry.Maybe[list[ThreadKind] | None] = strawberry.field(
        default=None, description="All kinds of conversations it is about; none: all."
    )
    match: strawberry.Maybe[RuleMatch | None] = strawberry.field(
        default=None, description="How many of its conditions must hold."
    )
    conditions: strawberry.Maybe[list[ModerationConditionInput] | None] = strawberry.field(
        default=None, description="All its conditions; they replace the former ones."
    )
    actions: strawberry.Maybe[list[ModerationRuleActionInput] | None] = strawberry.field(
        default=None, description="All it does; they replace the former ones."
    )
    enabled: strawberry.Maybe[bool | None] = strawberry.field(
        default=None, description="Whether it is tried at all."
    )
    stop: strawberry.Maybe[bool | None] = strawberry.field(
        default=None, description="Whether no rule after it is tried where it holds."
    )
    accept_broad: bool = strawberry.field(
        default=False,
        description="Take it although it would hide or delete half of the last messages or more.",
    )


@strawberry.input(description="A rule to throw away.")
class ModerationRuleDeleteInput(Given):
    id: strawberry.ID = strawberry.field(description="The rule.")


@strawberry.input(description="The order in which a brand's rules are tried.")
class ModerationRuleReorderInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="The brand.")
    rule_ids: list[strawberry.ID] = strawberry.field(description="All its rules, first to last.")


@strawberry.input(description="Something to take back.")
class ModerationActionUndoInput(Given):
    id: strawberry.ID = strawberry.field(description="What was done.")


@strawberry.input(description="A message that waits, to be let be.")
class MessageReleaseInput(Given):
    message_id: strawberry.ID = strawberry.field(description="The message.")


@strawberry.input(description="A sanction on somebody.")
class SanctionCreateInput(Given):
    person_id: strawberry.ID = strawberry.field(description="Whom it is about.")
    kind: SanctionKind = strawberry.field(description="What it is.")
    reason: str = strawberry.field(description="Why; members alone see it.")
    notice: str = strawberry.field(
        default="",
        description="What they are told, in private where that can be; a warning needs it.",
    )
    until: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it ends of itself; null: never."
    )


@strawberry.input(description="A sanction to lift.")
class SanctionLiftInput(Given):
    id: strawberry.ID = strawberry.field(description="The sanction.")
    reason: str = strawberry.field(default="", description="Why; members alone see it.")
