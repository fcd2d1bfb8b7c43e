"""Asking for rules, what they did and would do, and sanctions."""

from typing import Annotated

import strawberry

from hub.engagement.moderation import operations
from hub.engagement.moderation.operations import DryWarning
from hub.kernel.caller import Permission
from hub.kernel.ids import global_id
from hub.kernel.locales import language_of, require_locale
from hub.language.starters import LANGUAGES, starters
from schema.base.fields import LASTING
from schema.base.filters import (
    TimeRange,
    any_of,
    between,
    contains,
    equal,
    every_of,
    none_of,
    some_of,
)
from schema.base.lists import all_of, ordering
from schema.base.node import row_id
from schema.base.paging import Connection
from schema.base.reading import Info, found, read_one
from schema.engagement.moderation import (
    ActionKind,
    ActionState,
    ModerationAction,
    ModerationRule,
    ModerationSpan,
    Sanction,
    SanctionKind,
    SanctionState,
)
from schema.engagement.moderation_inputs import ModerationRuleCreateInput

ModerationRuleOrder = ordering(
    "ModerationRuleOrder",
    "Orders of rules.",
    {
        "POSITION_ASC": ("position", "As they are tried."),
        "NAME_ASC": ("name", "By name."),
        "NAME_DESC": ("-name", "By name, backwards."),
    },
)
ModerationActionOrder = ordering(
    "ModerationActionOrder",
    "Orders of what was done to messages.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
SanctionOrder = ordering(
    "SanctionOrder",
    "Orders of sanctions.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)


@strawberry.input(description="Which rules; all conditions hold together.")
class ModerationRuleFilter:
    and_: list["ModerationRuleFilter"] | None = every_of()
    or_: list["ModerationRuleFilter"] | None = some_of()
    not_: "ModerationRuleFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Is one of these brands'.", "brand_id", ids_of="Brand"
    )
    enabled: bool | None = equal("Is switched on, or off.", "enabled")
    name_contains: str | None = contains("The name contains this.", "name")


@strawberry.input(description="Which actions; all conditions hold together.")
class ModerationActionFilter:
    and_: list["ModerationActionFilter"] | None = every_of()
    or_: list["ModerationActionFilter"] | None = some_of()
    not_: "ModerationActionFilter | None" = none_of()
    message_in: list[strawberry.ID] | None = any_of(
        "Was done to one of these messages.", "message_id", ids_of="Message"
    )
    person_in: list[strawberry.ID] | None = any_of(
        "Was done to what one of these persons wrote.", "person_id", ids_of="Person"
    )
    rule_in: list[strawberry.ID] | None = any_of(
        "Was done by one of these rules.", "rule_id", ids_of="ModerationRule"
    )
    kind_in: list[ActionKind] | None = any_of("Is one of these.", "kind")
    state_in: list[ActionState] | None = any_of("Is in one of these states.", "state")
    created_at: TimeRange | None = between("Was done in this span.", "created_at")


@strawberry.input(description="Which sanctions; all conditions hold together.")
class SanctionFilter:
    and_: list["SanctionFilter"] | None = every_of()
    or_: list["SanctionFilter"] | None = some_of()
    not_: "SanctionFilter | None" = none_of()
    person_in: list[strawberry.ID] | None = any_of(
        "Is about one of these persons.", "person_id", ids_of="Person"
    )
    kind_in: list[SanctionKind] | None = any_of("Is one of these.", "kind")
    state_in: list[SanctionState] | None = any_of("Is in one of these states.", "state")


@strawberry.type(
    description="Words and patterns against one kind of message, to begin a rule with: copy what "
    "suits you into conditions of kind WORDS and PATTERN."
)
class ModerationStarter:
    kind: str = strawberry.field(description="`insult` or `spam`.")
    locale: str = strawberry.field(description="Their language.")
    phrases: list[str] = strawberry.field(description="The words and phrases.")
    patterns: list[str] = strawberry.field(description="The patterns.")


@strawberry.type(description="How often a rule would have done something.")
class ModerationDryRunCount:
    kind: ActionKind = strawberry.field(description="What it would have done.")
    count: int = strawberry.field(description="How often.")


@strawberry.type(description="A message a rule would have acted on.")
class ModerationDryRunSample:
    message_id: strawberry.ID = strawberry.field(description="The message.")
    reason: str = strawberry.field(description="Why, in words.")
    spans: list[ModerationSpan] = strawberry.field(description="Where in its text.")


@strawberry.type(description="What a rule would have done about the last messages it is about.")
class ModerationDryRun:
    looked_at: int = strawberry.field(description="How many messages it was tried on.")
    matched: int = strawberry.field(description="For how many it holds.")
    share: float = strawberry.field(description="The same as a part of all, from 0 to 1.")
    counts: list[ModerationDryRunCount] = strawberry.field(description="What it would have done.")
    samples: list[ModerationDryRunSample] = strawberry.field(
        description="The newest of those it holds for, 20 at most."
    )
    warnings: list[DryWarning] = strawberry.field(description="What that tells of the rule.")


@strawberry.type
class ModerationQueries:
    moderation_rules: Connection[ModerationRule] = all_of(
        "The rules of the workspace.",
        "ModerationRule",
        filters=ModerationRuleFilter,
        orders=ModerationRuleOrder,
        order=("position",),
    )
    moderation_actions: Connection[ModerationAction] = all_of(
        "What was done to messages, by rules, sanctions and members.",
        "ModerationAction",
        filters=ModerationActionFilter,
        orders=ModerationActionOrder,
        order=("-id",),
    )
    sanctions: Connection[Sanction] = all_of(
        "Who was sanctioned.",
        "Sanction",
        filters=SanctionFilter,
        orders=SanctionOrder,
        order=("-id",),
    )

    @strawberry.field(
        description="One rule; NOT_FOUND when there is none with this id.",
        metadata={LASTING: True},
    )
    async def moderation_rule(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The rule's id.")],  # noqa: A002 - its name in the API
    ) -> ModerationRule | None:
        rule: ModerationRule = found(
            await read_one(info, "ModerationRule", row_id(id, "ModerationRule"))
        )
        return rule

    @strawberry.field(
        description="Lists to begin rules with, in French and English; none for other languages."
    )
    async def moderation_starters(
        self,
        info: Info,
        locale: Annotated[str, strawberry.argument(description="The language, as fr.")],
    ) -> list[ModerationStarter]:
        info.context.caller.require(Permission.ENGAGEMENT_READ)
        language = language_of(require_locale(locale, path=("locale",)))
        if language not in LANGUAGES:
            return []
        return [
            ModerationStarter(
                kind=one.kind,
                locale=one.language,
                phrases=list(one.words),
                patterns=list(one.patterns),
            )
            for one in starters(language)
        ]

    @strawberry.field(
        description="What a rule would have done about the last messages it is about; nothing is "
        "changed. Name a rule that is stored, or give one that you are writing."
    )
    async def moderation_dry_run(
        self,
        info: Info,
        rule: Annotated[
            ModerationRuleCreateInput | None, strawberry.argument(description="A new rule.")
        ] = None,
        rule_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="A stored rule.")
        ] = None,
        newest: Annotated[
            int, strawberry.argument(description="So many of the newest messages, 1000 at most.")
        ] = 200,
    ) -> ModerationDryRun:
        async with info.context.unit_of_work() as work:
            run = await operations.dry_run(
                work,
                rule_id=row_id(rule_id, "ModerationRule", path=("ruleId",)) if rule_id else None,
                draft=rule.draft(("rule",)) if rule else None,
                last=newest,
            )
        return ModerationDryRun(
            looked_at=run.looked_at,
            matched=run.matched,
            share=run.share,
            counts=[
                ModerationDryRunCount(kind=kind, count=count) for kind, count in run.acts.items()
            ],
            samples=[
                ModerationDryRunSample(
                    message_id=strawberry.ID(global_id("Message", sample.message_id)),
                    reason=sample.reason,
                    spans=[ModerationSpan(**span) for span in sample.spans],
                )
                for sample in run.samples
            ],
            warnings=list(run.warnings),
        )
