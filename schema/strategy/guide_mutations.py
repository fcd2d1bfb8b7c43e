"""Changing how a brand speaks, to whom, and about what."""

from typing import Annotated

import strawberry

from hub.kernel.work import UnitOfWork
from hub.strategy import guides, operations
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.strategy.types import Audience, Pillar
from schema.strategy.voice import VoiceGuide, VoiceGuideSetInput, guide_of


@strawberry.input(description="A voice guide to remove.")
class VoiceGuideDeleteInput(Given):
    id: strawberry.ID = strawberry.field(description="Which one.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.input(description="People a brand speaks to.")
class AudienceCreateInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="The brand that speaks to them.")
    name: str = strawberry.field(description="What people call them.")
    description: str = strawberry.field(default="", description="Who they are.")
    needs: str = strawberry.field(default="", description="What they need, and what they ask for.")
    locales: list[str] = strawberry.field(
        default_factory=list, description='Languages they read, as tags such as "fr".'
    )


@strawberry.input(description="What to change of an audience; what is left out stays.")
class AudienceUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="Which one.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What people call them."
    )
    description: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="Who they are."
    )
    needs: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What they need."
    )
    locales: strawberry.Maybe[list[str] | None] = strawberry.field(
        default=None, description="Languages they read."
    )


@strawberry.input(description="An audience to remove.")
class AudienceDeleteInput(Given):
    id: strawberry.ID = strawberry.field(description="Which one.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.input(description="A theme a brand comes back to.")
class PillarCreateInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="The brand whose theme it is.")
    name: str = strawberry.field(description="What people call it.")
    description: str = strawberry.field(default="", description="What belongs to it.")
    target_share: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="How much of the brand's contents it should be, in percent.",
    )


@strawberry.input(description="What to change of a pillar; what is left out stays.")
class PillarUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="Which one.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What people call it."
    )
    description: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What belongs to it."
    )
    target_share: strawberry.Maybe[int | None] = strawberry.field(
        default=None, description="Its share in percent; null: nobody has said."
    )


@strawberry.input(description="A pillar to remove.")
class PillarDeleteInput(Given):
    id: strawberry.ID = strawberry.field(description="Which one.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.type(description="The answer to voiceGuideSet.")
class VoiceGuideSetPayload(Payload):
    voice_guide: VoiceGuide | None = result("VoiceGuide", "The guide as it is now.")


@strawberry.type(description="The answer to voiceGuideDelete.")
class VoiceGuideDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of what is no more."
    )


@strawberry.type(description="The answer to audienceCreate.")
class AudienceCreatePayload(Payload):
    audience: Audience | None = result("Audience", "The new audience.")


@strawberry.type(description="The answer to audienceUpdate.")
class AudienceUpdatePayload(Payload):
    audience: Audience | None = result("Audience", "The audience as it is now.")


@strawberry.type(description="The answer to audienceDelete.")
class AudienceDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of what is no more."
    )


@strawberry.type(description="The answer to pillarCreate.")
class PillarCreatePayload(Payload):
    pillar: Pillar | None = result("Pillar", "The new pillar.")


@strawberry.type(description="The answer to pillarUpdate.")
class PillarUpdatePayload(Payload):
    pillar: Pillar | None = result("Pillar", "The pillar as it is now.")


@strawberry.type(description="The answer to pillarDelete.")
class PillarDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of what is no more."
    )


@strawberry.type
class GuideMutations:
    @strawberry.mutation(
        description="Say how a brand speaks in one language. The problems of its open contents are "
        "found anew, in a moment."
    )
    async def voice_guide_set(
        self,
        info: Info,
        input: Annotated[VoiceGuideSetInput, strawberry.argument(description="The guide.")],  # noqa: A002 - its name in the API
    ) -> VoiceGuideSetPayload:
        async def act(work: UnitOfWork) -> Made:
            made = await guides.set_guide(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                locale=input.locale,
                expected_version=input.expected_version,
                tone_do=input.tone_do,
                tone_dont=input.tone_dont,
                guide=guide_of(input),
            )
            return {"voice_guide": made.id}

        return await perform(info, VoiceGuideSetPayload, act)

    @strawberry.mutation(
        description="Remove a voice guide; that of the language, or none, holds instead."
    )
    async def voice_guide_delete(
        self,
        info: Info,
        input: Annotated[VoiceGuideDeleteInput, strawberry.argument(description="The guide.")],  # noqa: A002 - its name in the API
    ) -> VoiceGuideDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            await guides.delete_guide(
                work,
                guide_id=wanted(input.id, "VoiceGuide", "id"),
                expected_version=input.expected_version,
            )
            return {}

        payload = await perform(info, VoiceGuideDeletePayload, act)
        payload.deleted_id = None if payload.errors else input.id
        return payload

    @strawberry.mutation(description="Add people a brand speaks to.")
    async def audience_create(
        self,
        info: Info,
        input: Annotated[AudienceCreateInput, strawberry.argument(description="The audience.")],  # noqa: A002 - its name in the API
    ) -> AudienceCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            made = await operations.create_audience(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                name=input.name,
                description=input.description,
                needs=input.needs,
                locales=input.locales,
            )
            return {"audience": made.id}

        return await perform(info, AudienceCreatePayload, act)

    @strawberry.mutation(description="Change what is known of an audience.")
    async def audience_update(
        self,
        info: Info,
        input: Annotated[AudienceUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> AudienceUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            made = await operations.update_audience(
                work,
                audience_id=wanted(input.id, "Audience", "id"),
                expected_version=input.expected_version,
                changes=changes(input, "name", "description", "needs", "locales"),
            )
            return {"audience": made.id}

        return await perform(info, AudienceUpdatePayload, act)

    @strawberry.mutation(description="Remove an audience; contents are meant for it no more.")
    async def audience_delete(
        self,
        info: Info,
        input: Annotated[AudienceDeleteInput, strawberry.argument(description="The audience.")],  # noqa: A002 - its name in the API
    ) -> AudienceDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            await operations.delete_audience(
                work,
                audience_id=wanted(input.id, "Audience", "id"),
                expected_version=input.expected_version,
            )
            return {}

        payload = await perform(info, AudienceDeletePayload, act)
        payload.deleted_id = None if payload.errors else input.id
        return payload

    @strawberry.mutation(description="Add a theme a brand comes back to.")
    async def pillar_create(
        self,
        info: Info,
        input: Annotated[PillarCreateInput, strawberry.argument(description="The pillar.")],  # noqa: A002 - its name in the API
    ) -> PillarCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            made = await operations.create_pillar(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                name=input.name,
                description=input.description,
                target_share=input.target_share,
            )
            return {"pillar": made.id}

        return await perform(info, PillarCreatePayload, act)

    @strawberry.mutation(description="Change a pillar.")
    async def pillar_update(
        self,
        info: Info,
        input: Annotated[PillarUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> PillarUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            made = await operations.update_pillar(
                work,
                pillar_id=wanted(input.id, "Pillar", "id"),
                expected_version=input.expected_version,
                changes=changes(input, "name", "description", empty=("target_share",)),
            )
            return {"pillar": made.id}

        return await perform(info, PillarUpdatePayload, act)

    @strawberry.mutation(description="Remove a pillar; contents and plans that name it lose it.")
    async def pillar_delete(
        self,
        info: Info,
        input: Annotated[PillarDeleteInput, strawberry.argument(description="The pillar.")],  # noqa: A002 - its name in the API
    ) -> PillarDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            await operations.delete_pillar(
                work,
                pillar_id=wanted(input.id, "Pillar", "id"),
                expected_version=input.expected_version,
            )
            return {}

        payload = await perform(info, PillarDeletePayload, act)
        payload.deleted_id = None if payload.errors else input.id
        return payload
