"""Moderating: rules, taking back, letting go, sanctions."""

from typing import Annotated, Any

import strawberry

from hub.engagement.moderation import deciding, operations, sanctioning
from hub.kernel.work import UnitOfWork
from schema.base.perform import Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.engagement.moderation import ModerationAction, ModerationRule, Sanction
from schema.engagement.moderation_inputs import (
    MessageReleaseInput,
    ModerationActionUndoInput,
    ModerationRuleCreateInput,
    ModerationRuleDeleteInput,
    ModerationRuleReorderInput,
    ModerationRuleUpdateInput,
    SanctionCreateInput,
    SanctionLiftInput,
    acts_in,
    channels_in,
)
from schema.engagement.types import Message, Person
from schema.strategy.types import Brand

_INPUT = ("input",)


@strawberry.type(description="The answer to moderationRuleCreate.")
class ModerationRuleCreatePayload(Payload):
    moderation_rule: ModerationRule | None = result("ModerationRule", "The new rule.")


@strawberry.type(description="The answer to moderationRuleUpdate.")
class ModerationRuleUpdatePayload(Payload):
    moderation_rule: ModerationRule | None = result("ModerationRule", "The rule as it is now.")


@strawberry.type(description="The answer to moderationRuleDelete.")
class ModerationRuleDeletePayload(Payload):
    brand: Brand | None = result("Brand", "The brand whose rule it was.")


@strawberry.type(description="The answer to moderationRuleReorder.")
class ModerationRuleReorderPayload(Payload):
    moderation_rules: list[ModerationRule] | None = result(
        "ModerationRule", "The brand's rules in their new order."
    )


@strawberry.type(description="The answer to moderationActionUndo.")
class ModerationActionUndoPayload(Payload):
    moderation_action: ModerationAction | None = result(
        "ModerationAction", "What was done, as it is now."
    )


@strawberry.type(description="The answer to messageRelease.")
class MessageReleasePayload(Payload):
    message: Message | None = result("Message", "The message as it is now.")


@strawberry.type(description="The answer to sanctionCreate.")
class SanctionCreatePayload(Payload):
    sanction: Sanction | None = result("Sanction", "The new sanction.")
    person: Person | None = result("Person", "Whom it is about.")


@strawberry.type(description="The answer to sanctionLift.")
class SanctionLiftPayload(Payload):
    sanction: Sanction | None = result("Sanction", "The sanction as it is now.")


def _changes(given: ModerationRuleUpdateInput) -> dict[str, Any]:
    found = changes(
        given,
        "name",
        "channel_ids",
        "thread_kinds",
        "match",
        "conditions",
        "actions",
        "enabled",
        "stop",
    )
    if "channel_ids" in found:
        found["channel_ids"] = channels_in(found["channel_ids"], _INPUT)
    if "conditions" in found:
        found["conditions"] = [one.told() for one in found["conditions"]]
    if "actions" in found:
        found["actions"] = acts_in(found["actions"], _INPUT)
    return found


@strawberry.type
class ModerationMutations:
    @strawberry.mutation(
        description="Make a rule of a brand. One that hides or deletes is tried on the last 200 "
        "messages first: TOO_BROAD where it would hold for half of them."
    )
    async def moderation_rule_create(
        self,
        info: Info,
        input: Annotated[ModerationRuleCreateInput, strawberry.argument(description="The rule.")],  # noqa: A002 - its name in the API
    ) -> ModerationRuleCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            row = await operations.create_rule(
                work, draft=input.draft(_INPUT), accept_broad=input.accept_broad
            )
            return {"moderation_rule": row.id}

        return await perform(info, ModerationRuleCreatePayload, act)

    @strawberry.mutation(description="Change a rule; what it did so far stays as it is.")
    async def moderation_rule_update(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - its name in the API
            ModerationRuleUpdateInput, strawberry.argument(description="The changes.")
        ],
    ) -> ModerationRuleUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            row = await operations.update_rule(
                work,
                rule_id=wanted(input.id, "ModerationRule", "id"),
                changes=_changes(input),
                expected_version=input.expected_version,
                accept_broad=input.accept_broad,
            )
            return {"moderation_rule": row.id}

        return await perform(info, ModerationRuleUpdatePayload, act)

    @strawberry.mutation(description="Throw a rule away; what it did stays, under its name.")
    async def moderation_rule_delete(
        self,
        info: Info,
        input: Annotated[ModerationRuleDeleteInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> ModerationRuleDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            row = await operations.delete_rule(
                work, rule_id=wanted(input.id, "ModerationRule", "id")
            )
            return {"brand": row.brand_id}

        return await perform(info, ModerationRuleDeletePayload, act)

    @strawberry.mutation(description="Try a brand's rules in another order; name all of them.")
    async def moderation_rule_reorder(
        self,
        info: Info,
        input: Annotated[ModerationRuleReorderInput, strawberry.argument(description="The order.")],  # noqa: A002 - its name in the API
    ) -> ModerationRuleReorderPayload:
        async def act(work: UnitOfWork) -> Made:
            rows = await operations.reorder_rules(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                rule_ids=[
                    wanted(one, "ModerationRule", "ruleIds", str(index))
                    for index, one in enumerate(input.rule_ids)
                ],
            )
            return {"moderation_rules": [row.id for row in rows]}

        return await perform(info, ModerationRuleReorderPayload, act)

    @strawberry.mutation(
        description="Take back what was done to a message: show it again, let it go, take its tags "
        "away, give its conversation back. UNSUPPORTED for what cannot be undone."
    )
    async def moderation_action_undo(
        self,
        info: Info,
        input: Annotated[ModerationActionUndoInput, strawberry.argument(description="What.")],  # noqa: A002 - its name in the API
    ) -> ModerationActionUndoPayload:
        async def act(work: UnitOfWork) -> Made:
            row = await deciding.undo_action(
                work, action_id=wanted(input.id, "ModerationAction", "id")
            )
            return {"moderation_action": row.id}

        return await perform(info, ModerationActionUndoPayload, act)

    @strawberry.mutation(description="Let a message be that waits for a moderator.")
    async def message_release(
        self,
        info: Info,
        input: Annotated[MessageReleaseInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> MessageReleasePayload:
        async def act(work: UnitOfWork) -> Made:
            message_id = wanted(input.message_id, "Message", "messageId")
            message = await deciding.release_message(work, message_id=message_id)
            return {"message": message.id}

        return await perform(info, MessageReleasePayload, act)

    @strawberry.mutation(
        description="Warn, mute or block somebody. Where the platform cannot, the hub does: what "
        "they write waits for a moderator."
    )
    async def sanction_create(
        self,
        info: Info,
        input: Annotated[SanctionCreateInput, strawberry.argument(description="The sanction.")],  # noqa: A002 - its name in the API
    ) -> SanctionCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            row = await sanctioning.create_sanction(
                work,
                person_id=wanted(input.person_id, "Person", "personId"),
                kind=input.kind,
                reason=input.reason,
                notice=input.notice,
                until=input.until,
            )
            return {"sanction": row.id, "person": row.person_id}

        return await perform(info, SanctionCreatePayload, act)

    @strawberry.mutation(description="Take a sanction back.")
    async def sanction_lift(
        self,
        info: Info,
        input: Annotated[SanctionLiftInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> SanctionLiftPayload:
        async def act(work: UnitOfWork) -> Made:
            row = await sanctioning.lift_sanction(
                work, sanction_id=wanted(input.id, "Sanction", "id"), reason=input.reason
            )
            return {"sanction": row.id}

        return await perform(info, SanctionLiftPayload, act)
