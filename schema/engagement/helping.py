"""What helps to answer well: persons across platforms, saved replies, service targets."""

from datetime import date
from typing import Annotated

import strawberry

from hub.engagement import persons, saved_replies, service_targets
from hub.engagement.hours import Weekday
from hub.kernel.work import UnitOfWork
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.engagement.types import Person, Priority, SavedReply, ServiceTarget
from schema.strategy.types import Brand


@strawberry.input(description="What to change of a person; what is left out stays.")
class PersonUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The person.")
    tags: strawberry.Maybe[list[str] | None] = strawberry.field(
        default=None, description="All of their tags."
    )


@strawberry.input(description="Two accounts that are one human being.")
class PersonLinkInput(Given):
    person_id: strawberry.ID = strawberry.field(description="One account.")
    other_id: strawberry.ID = strawberry.field(description="The other one.")


@strawberry.input(description="An account that is on its own.")
class PersonUnlinkInput(Given):
    id: strawberry.ID = strawberry.field(description="The account.")


@strawberry.input(description="Words to answer with.")
class SavedReplyCreateInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="Whose words they are.")
    locale: str = strawberry.field(description='Their language, such as "fr".')
    name: str = strawberry.field(description="What members call them, unique in that language.")
    text: str = strawberry.field(
        description="The words; {person}, {handle}, {brand}, {channel}, {publication} and {member} "
        "are filled in, a brace is written twice."
    )


@strawberry.input(description="What to change of a saved reply; what is left out stays.")
class SavedReplyUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The saved reply.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    locale: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="Their language."
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What members call them."
    )
    text: strawberry.Maybe[str | None] = strawberry.field(default=None, description="The words.")


@strawberry.input(description="A saved reply to throw away.")
class SavedReplyDeleteInput(Given):
    id: strawberry.ID = strawberry.field(description="The saved reply.")


@strawberry.input(description="Opening hours of one weekday.")
class BusinessHoursInput(Given):
    weekday: Weekday = strawberry.field(description="The day.")
    opens_at: str = strawberry.field(description='When it opens, on the wall: "09:00".')
    closes_at: str = strawberry.field(
        description='When it closes, on the wall; "24:00" is the end of the day.'
    )


@strawberry.input(description="How many minutes of opening hours a first answer may take.")
class ReplyMinutesInput(Given):
    priority: Priority = strawberry.field(description="The priority it holds for.")
    minutes: int = strawberry.field(description="Minutes while open.")


@strawberry.input(description="How soon a brand, or one of its channels, answers.")
class ServiceTargetSetInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="Who promises it.")
    channel_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The channel it holds for; null: all without one of their own.",
    )
    time_zone: str = strawberry.field(description='Whose hours they are: "Europe/Paris".')
    first_reply_minutes: list[ReplyMinutesInput] = strawberry.field(
        description="How long the first answer may take; what is not listed has no deadline."
    )
    hours: list[BusinessHoursInput] = strawberry.field(
        default_factory=list, description="When somebody is there; empty: round the clock."
    )
    holidays: list[date] = strawberry.field(default_factory=list, description="Days without hours.")


@strawberry.input(description="A service target to take back.")
class ServiceTargetDeleteInput(Given):
    id: strawberry.ID = strawberry.field(description="The service target.")


@strawberry.type(description="The answer to personUpdate.")
class PersonUpdatePayload(Payload):
    person: Person | None = result("Person", "The person as they are now.")


@strawberry.type(description="The answer to personLink.")
class PersonLinkPayload(Payload):
    person: Person | None = result("Person", "The person, with every account.")


@strawberry.type(description="The answer to personUnlink.")
class PersonUnlinkPayload(Payload):
    person: Person | None = result("Person", "The account on its own.")


@strawberry.type(description="The answer to savedReplyCreate.")
class SavedReplyCreatePayload(Payload):
    saved_reply: SavedReply | None = result("SavedReply", "The new saved reply.")


@strawberry.type(description="The answer to savedReplyUpdate.")
class SavedReplyUpdatePayload(Payload):
    saved_reply: SavedReply | None = result("SavedReply", "The saved reply as it is now.")


@strawberry.type(description="The answer to savedReplyDelete.")
class SavedReplyDeletePayload(Payload):
    brand: Brand | None = result("Brand", "Whose words they were.")


@strawberry.type(description="The answer to serviceTargetSet.")
class ServiceTargetSetPayload(Payload):
    service_target: ServiceTarget | None = result("ServiceTarget", "The target as it is now.")


@strawberry.type(description="The answer to serviceTargetDelete.")
class ServiceTargetDeletePayload(Payload):
    brand: Brand | None = result("Brand", "Who had promised it.")


@strawberry.type
class HelpingMutations:
    @strawberry.mutation(description="Change a person's tags.")
    async def person_update(
        self,
        info: Info,
        input: Annotated[PersonUpdateInput, strawberry.argument(description="The changes.")],  # noqa: A002 - its name in the API
    ) -> PersonUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            person = await persons.update_person(
                work, person_id=wanted(input.id, "Person", "id"), changes=changes(input, "tags")
            )
            return {"person": person.id}

        return await perform(info, PersonUpdatePayload, act)

    @strawberry.mutation(
        description="Say that two accounts, and all that are linked with either, are one human "
        "being: their history is read as one."
    )
    async def person_link(
        self,
        info: Info,
        input: Annotated[PersonLinkInput, strawberry.argument(description="The accounts.")],  # noqa: A002 - its name in the API
    ) -> PersonLinkPayload:
        async def act(work: UnitOfWork) -> Made:
            person = await persons.link_persons(
                work,
                person_id=wanted(input.person_id, "Person", "personId"),
                other_id=wanted(input.other_id, "Person", "otherId"),
            )
            return {"person": person.id}

        return await perform(info, PersonLinkPayload, act)

    @strawberry.mutation(
        description="Say that an account is on its own; the others stay linked with each other."
    )
    async def person_unlink(
        self,
        info: Info,
        input: Annotated[PersonUnlinkInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> PersonUnlinkPayload:
        async def act(work: UnitOfWork) -> Made:
            person = await persons.unlink_person(work, person_id=wanted(input.id, "Person", "id"))
            return {"person": person.id}

        return await perform(info, PersonUnlinkPayload, act)

    @strawberry.mutation(description="Keep words to answer with, for a brand and a language.")
    async def saved_reply_create(
        self,
        info: Info,
        input: Annotated[SavedReplyCreateInput, strawberry.argument(description="The words.")],  # noqa: A002 - its name in the API
    ) -> SavedReplyCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            saved = await saved_replies.create_saved_reply(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                locale=input.locale,
                name=input.name,
                text=input.text,
            )
            return {"saved_reply": saved.id}

        return await perform(info, SavedReplyCreatePayload, act)

    @strawberry.mutation(description="Change words to answer with.")
    async def saved_reply_update(
        self,
        info: Info,
        input: Annotated[SavedReplyUpdateInput, strawberry.argument(description="The changes.")],  # noqa: A002 - its name in the API
    ) -> SavedReplyUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            saved = await saved_replies.update_saved_reply(
                work,
                saved_reply_id=wanted(input.id, "SavedReply", "id"),
                expected_version=input.expected_version,
                changes=changes(input, "locale", "name", "text"),
            )
            return {"saved_reply": saved.id}

        return await perform(info, SavedReplyUpdatePayload, act)

    @strawberry.mutation(description="Throw words away; answers that were made of them stay.")
    async def saved_reply_delete(
        self,
        info: Info,
        input: Annotated[SavedReplyDeleteInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> SavedReplyDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            saved = await saved_replies.delete_saved_reply(
                work, saved_reply_id=wanted(input.id, "SavedReply", "id")
            )
            return {"brand": saved.brand_id}

        return await perform(info, SavedReplyDeletePayload, act)

    @strawberry.mutation(
        description="Say how soon a brand, or one of its channels, answers for the first time, in "
        "its business hours. It holds for what comes from now on, and takes the place of what was "
        "set there before."
    )
    async def service_target_set(
        self,
        info: Info,
        input: Annotated[ServiceTargetSetInput, strawberry.argument(description="The target.")],  # noqa: A002 - its name in the API
    ) -> ServiceTargetSetPayload:
        async def act(work: UnitOfWork) -> Made:
            target = await service_targets.set_service_target(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                channel_id=None
                if input.channel_id is None
                else wanted(input.channel_id, "Channel", "channelId"),
                timezone=input.time_zone,
                minutes={one.priority: one.minutes for one in input.first_reply_minutes},
                hours=[(one.weekday.name, one.opens_at, one.closes_at) for one in input.hours],
                holidays=input.holidays,
            )
            return {"service_target": target.id}

        return await perform(info, ServiceTargetSetPayload, act)

    @strawberry.mutation(description="Promise nothing there any more; deadlines that run stay.")
    async def service_target_delete(
        self,
        info: Info,
        input: Annotated[ServiceTargetDeleteInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> ServiceTargetDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            target = await service_targets.delete_service_target(
                work, target_id=wanted(input.id, "ServiceTarget", "id")
            )
            return {"brand": target.brand_id}

        return await perform(info, ServiceTargetDeletePayload, act)
