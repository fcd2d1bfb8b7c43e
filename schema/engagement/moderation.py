"""Moderation, as the API shows it: rules, what was done and why, and sanctions."""

from datetime import datetime
from typing import Annotated

import strawberry

from hub.actions import Action
from hub.engagement.moderation import models
from hub.engagement.moderation.operations import DryWarning
from hub.engagement.moderation.queries import channels_able
from hub.engagement.moderation.rules import Act, Condition
from hub.kernel.caller import Permission
from hub.kernel.ids import global_id
from hub.kernel.shapes import columns, named_in
from schema.access.types import Member
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, listed, paged, reads, to_one
from schema.base.node import Node
from schema.base.offers import Problem, available_actions, problems
from schema.base.paging import Connection
from schema.channels.types import Channel
from schema.engagement.types import Message, Person, Priority, ThreadKind
from schema.publishing.types import Publication
from schema.strategy.types import Brand

LazyRule = Annotated["ModerationRule", strawberry.lazy("schema.engagement.moderation")]
LazySanction = Annotated["Sanction", strawberry.lazy("schema.engagement.moderation")]
LazyActions = Connection[
    Annotated["ModerationAction", strawberry.lazy("schema.engagement.moderation")]
]

RuleMatch = models.RuleMatch
describe(
    RuleMatch,
    name="ModerationRuleMatch",
    description="How many conditions of a rule must hold.",
    values={"ALL": "Every one.", "ANY": "One is enough."},
)
ConditionKind = models.ConditionKind
describe(
    ConditionKind,
    name="ModerationConditionKind",
    description="What a condition looks at.",
    values={
        "WORDS": "Words and phrases: `phrases`, `strength`.",
        "PATTERN": "A regular expression that cannot run away (RE2): `pattern`.",
        "LINKS": "Links: `atLeast` so many, to `domains`, not counting `allowedDomains`.",
        "LANGUAGE": "The language: one of `languages`. Where nobody knows it, nothing holds.",
        "SENTIMENT": "The mood: `atMost` so good. Where nobody knows it, nothing holds.",
        "AUTHOR": "Who wrote: all that is said of `handles`, `firstMessage`, `personTags` and "
        "`withSanction`.",
        "RATE": "How often the author writes on the channel: `messages` within `minutes`, this "
        "one included.",
    },
)
WordStrength = models.WordStrength
describe(
    WordStrength,
    name="ModerationWordStrength",
    description="How much of a disguise is looked through.",
    values={
        "PLAIN": "Case and accents make no difference.",
        "HARD": "Nor do look-alikes, digits for letters, letters apart, stretched letters.",
    },
)
ActionKind = models.ActionKind
describe(
    ActionKind,
    name="ModerationActionKind",
    description="What is done to a message.",
    values={
        "HIDE": "It is hidden from others at the platform.",
        "HOLD": "It waits for a moderator; nothing happens at the platform.",
        "DELETE": "It is taken down at the platform, for good.",
        "TAG": "Its conversation gets `tags`.",
        "ASSIGN": "Its conversation is given to a member.",
        "PRIORITY": "Its conversation gets another priority.",
        "REPLY": "It is answered with a saved reply; once a day for each person.",
        "NOTIFY": "The event message.flagged tells everybody who listens.",
    },
)
ActionState = models.ActionState
describe(
    ActionState,
    name="ModerationActionState",
    description="What became of an action.",
    values={
        "PENDING": "The platform is to do it, or does it now.",
        "DONE": "It is done.",
        "FAILED": "It could not be done; `problem` says why.",
        "UNDONE": "A member took it back.",
    },
)
SanctionKind = models.SanctionKind
describe(
    SanctionKind,
    description="What somebody is sanctioned with.",
    values={
        "WARN": "They are told.",
        "MUTE": "The brand hears them no more.",
        "BLOCK": "They and the brand see nothing of each other.",
    },
)
SanctionPlace = models.SanctionPlace
describe(
    SanctionPlace,
    description="Where a sanction holds.",
    values={
        "PLATFORM": "At the platform; in the hub, too, what they write waits for a moderator.",
        "HUB": "In the hub alone: the platform cannot do it.",
    },
)
SanctionState = models.SanctionState
describe(
    SanctionState,
    description="Whether a sanction holds.",
    values={
        "WANTED": "The platform is being told.",
        "IN_FORCE": "It holds.",
        "LIFTING": "The platform is being told that it ends.",
        "LIFTED": "It holds no more.",
        "FAILED": "The platform did not take it.",
    },
)
NoticeWay = models.NoticeWay
describe(
    NoticeWay,
    name="SanctionNoticeWay",
    description="How somebody is told of a sanction.",
    values={"PRIVATE": "By a private message.", "REPLY": "By an answer that others can read."},
)
describe(
    DryWarning,
    name="ModerationDryRunWarning",
    description="What a trial tells of a rule as a whole.",
    values={
        "MATCHES_NEARLY_EVERYTHING": "It holds for half of them or more, of ten at least.",
        "MATCHES_NOTHING": "It holds for none of them.",
    },
)


@strawberry.type(
    description="One thing a rule looks for; what its kind does not know of is null or empty."
)
class ModerationCondition:
    kind: ConditionKind = strawberry.field(description="What it looks at.")
    negate: bool = strawberry.field(description="Whether it holds where that is not found.")
    phrases: list[str] = strawberry.field(description="WORDS: one of these stands in the text.")
    strength: WordStrength | None = strawberry.field(description="WORDS: how disguised.")
    pattern: str | None = strawberry.field(description="PATTERN: the regular expression.")
    at_least: int | None = strawberry.field(description="LINKS: so many of them.")
    domains: list[str] = strawberry.field(
        description="LINKS: to these sites and what is below them; empty: to any."
    )
    allowed_domains: list[str] = strawberry.field(
        description="LINKS: sites whose links do not count."
    )
    languages: list[str] = strawberry.field(description="LANGUAGE: one of these, as fr.")
    at_most: int | None = strawberry.field(
        description="SENTIMENT: so good at most, from -100 to 100."
    )
    handles: list[str] = strawberry.field(description="AUTHOR: one of these accounts.")
    first_message: bool | None = strawberry.field(
        description="AUTHOR: whether it must be the first they ever wrote there."
    )
    person_tags: list[str] = strawberry.field(description="AUTHOR: has one of these tags.")
    with_sanction: list[SanctionKind] = strawberry.field(
        description="AUTHOR: is under one of these sanctions."
    )
    messages: int | None = strawberry.field(description="RATE: so many messages …")
    minutes: int | None = strawberry.field(description="RATE: … within so many minutes.")


@strawberry.type(description="One thing a rule does; what its kind does not know of is null.")
class ModerationRuleAction:
    kind: ActionKind = strawberry.field(description="What is done.")
    tags: list[str] = strawberry.field(description="TAG: the tags.")
    assignee_id: strawberry.ID | None = strawberry.field(description="ASSIGN: the member.")
    priority: Priority | None = strawberry.field(description="PRIORITY: which.")
    saved_reply_id: strawberry.ID | None = strawberry.field(
        description="REPLY: the words to answer with."
    )


@strawberry.type(description="A place in a message's text, and the words that stood there.")
class ModerationSpan:
    start: int = strawberry.field(description="Where it begins, in code points.")
    end: int = strawberry.field(description="Where it ends.")
    text: str = strawberry.field(description="The words; of long ones the beginning.")


def condition_of(stored: Condition) -> ModerationCondition:
    """Return a condition as the API shows it."""
    told = stored.to_json()
    return ModerationCondition(
        kind=stored.kind,
        negate=stored.negate,
        phrases=list(stored.phrases),
        strength=stored.strength if "strength" in told else None,
        pattern=told.get("pattern"),
        at_least=told.get("at_least"),
        domains=list(stored.domains),
        allowed_domains=list(stored.allowed_domains),
        languages=list(stored.languages),
        at_most=told.get("at_most"),
        handles=list(stored.handles),
        first_message=told.get("first_message"),
        person_tags=list(stored.person_tags),
        with_sanction=list(stored.sanctions),
        messages=told.get("messages"),
        minutes=told.get("minutes"),
    )


def act_of(stored: Act) -> ModerationRuleAction:
    """Return what a rule does as the API shows it."""
    return ModerationRuleAction(
        kind=stored.kind,
        tags=list(stored.tags),
        assignee_id=_id("Member", stored.assignee_id),
        priority=stored.priority,
        saved_reply_id=_id("SavedReply", stored.saved_reply_id),
    )


def _id(kind: str, row_id: object) -> strawberry.ID | None:
    return strawberry.ID(global_id(kind, str(row_id))) if row_id else None


def _conditions(facts: Facts, _asking: Asking) -> list[ModerationCondition]:
    return [condition_of(Condition.from_json(one)) for one in facts["conditions"]]


def _actions(facts: Facts, _asking: Asking) -> list[ModerationRuleAction]:
    return [act_of(Act.from_json(one)) for one in facts["actions"]]


def _given(facts: Facts, _asking: Asking) -> ModerationRuleAction:
    return act_of(Act.from_json({**facts["given"], "kind": facts["kind"]}))


def _kinds(facts: Facts, _asking: Asking) -> list[ThreadKind]:
    return [ThreadKind(kind) for kind in facts["thread_kinds"]]


def _spans(facts: Facts, _asking: Asking) -> list[ModerationSpan]:
    return [ModerationSpan(**one) for one in facts["spans"]]


@reads(
    models.ModerationRule,
    permission=Permission.ENGAGEMENT_READ,
    facts={"channels_able": channels_able},
)
@strawberry.type(
    description="What a brand does of itself about messages of a kind. Rules are tried in the "
    "order of `position` on what comes in, and again on what its writer edits."
)
class ModerationRule(Node):
    brand: Brand | None = to_one("Whose rule it is.", columns("brand_id"))
    name: str = column("What members call it.")
    position: int = column("Its place among the brand's rules, from 1.")
    enabled: bool = column("Whether it is tried at all.")
    channels: list[Channel] | None = listed(
        "The channels it is about; empty: all of the brand.", named_in("channel_ids", "$[*]")
    )
    thread_kinds: list[ThreadKind] = computed(
        "The conversations it is about; empty: all.",
        needs=("thread_kinds",),
        make=_kinds,
        lasting=True,
    )
    match: RuleMatch = column("How many of its conditions must hold.")
    conditions: list[ModerationCondition] = computed(
        "What it looks for.", needs=("conditions",), make=_conditions, lasting=True
    )
    actions: list[ModerationRuleAction] = computed(
        "What it does.", needs=("actions",), make=_actions, lasting=True
    )
    stop: bool = column("Whether no rule after it is tried where it holds.")
    moderation_actions: LazyActions = paged("What it did, newest first.", columns("id", "rule_id"))
    problems: list[Problem] = problems("ModerationRule")
    available_actions: list[Action] = available_actions("ModerationRule")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")


@reads(models.ModerationAction, permission=Permission.ENGAGEMENT_READ)
@strawberry.type(
    description="Something that was done to a message by a rule, a sanction or a member, and why."
)
class ModerationAction(Node):
    message: Message | None = to_one("The message.", columns("message_id"))
    channel: Channel | None = to_one("Where it was written.", columns("channel_id"))
    person: Person | None = to_one("Who wrote it.", columns("person_id"))
    rule: LazyRule | None = to_one(
        "The rule; null: somebody else did it, or the rule is gone.", columns("rule_id")
    )
    rule_name: str = column("What the rule was called then; empty: no rule did it.")
    rule_version: int | None = column("Which version of the rule.")
    member: Member | None = to_one("The member who did it.", columns("member_id"))
    sanction: LazySanction | None = to_one(
        "The sanction it follows from; null: none.", columns("sanction_id")
    )
    kind: ActionKind = column("What was done.")
    details: ModerationRuleAction = computed(
        "What exactly, as the rule says it.", needs=("given", "kind"), make=_given, lasting=True
    )
    reason: str = column("Why, in words.")
    spans: list[ModerationSpan] = computed(
        "Where in the text, as it was then.", needs=("spans",), make=_spans, lasting=True
    )
    state: ActionState = column("What became of it.")
    problem: str = column("What went wrong; empty: nothing.")
    publication: Publication | None = to_one(
        "The answer, where it is one.", columns("publication_id")
    )
    undone_by: Member | None = to_one("Who took it back.", columns("undone_by"))
    undone_at: datetime | None = column("When it was taken back; null: it was not.")
    problems: list[Problem] = problems("ModerationAction")
    available_actions: list[Action] = available_actions("ModerationAction")
    created_at: datetime = column("When it was done, or begun.")


@reads(models.Sanction, permission=Permission.ENGAGEMENT_READ)
@strawberry.type(
    description="What somebody was told, or may not do, for a reason and perhaps until a time."
)
class Sanction(Node):
    person: Person | None = to_one("Whom it is about.", columns("person_id"))
    channel: Channel | None = to_one("Where they are known.", columns("channel_id"))
    kind: SanctionKind = column("What it is.")
    place: SanctionPlace = column("Where it holds.")
    reason: str = column("Why; members alone see it.")
    notice: str = column("What they are told; empty: nothing.")
    told: NoticeWay | None = column("How they are told; null: they are not.")
    publication: Publication | None = to_one(
        "The notice on its way; null: there is none.", columns("publication_id")
    )
    until: datetime | None = column("When it ends of itself; null: never.")
    state: SanctionState = column("Whether it holds.")
    problem: str = column("What went wrong; empty: nothing.")
    imposed_by: Member | None = to_one("Who imposed it.", columns("imposed_by"))
    in_force_at: datetime | None = column("Since when it holds; null: it never did.")
    lifted_by: Member | None = to_one(
        "Who lifted it; null: nobody, or its time was over.", columns("lifted_by")
    )
    lift_reason: str = column("Why it was lifted; may be empty.")
    lifted_at: datetime | None = column("When it ended; null: it did not.")
    problems: list[Problem] = problems("Sanction")
    available_actions: list[Action] = available_actions("Sanction")
    created_at: datetime = column("When it was imposed.")
