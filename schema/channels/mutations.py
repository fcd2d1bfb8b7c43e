"""Connecting channels, checking them, and switching them off."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.channels import operations
from hub.kernel.work import UnitOfWork
from hub.publishing import operations as publishing
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.base.scalars import JsonObject
from schema.channels.types import Channel

if TYPE_CHECKING:
    from schema.publishing.types import Publication


@strawberry.input(description="An account on a platform to connect.")
class ChannelConnectInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="The brand that speaks there.")
    platform: str = strawberry.field(description="Key of the platform, such as mastodon.")
    name: str = strawberry.field(description="What colleagues call it.")
    settings: JsonObject = strawberry.field(
        description="In the form of the platform's `settingsSchema`."
    )
    credentials: JsonObject = strawberry.field(
        default_factory=lambda: JsonObject({}),
        description="In the form of the platform's `credentialsSchema`; never shown again.",
    )
    timezone: str = strawberry.field(
        default="UTC", description='Its time zone, such as "Europe/Paris".'
    )
    external_reference: str | None = strawberry.field(
        default=strawberry.UNSET, description="Your own key for it, unique in the workspace."
    )


@strawberry.input(description="What to change of a channel; what is left out stays.")
class ChannelUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The channel.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What colleagues call it."
    )
    timezone: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="Its time zone."
    )
    settings: strawberry.Maybe[JsonObject | None] = strawberry.field(
        default=None, description="All of its settings; they replace the former ones."
    )
    credentials: strawberry.Maybe[JsonObject | None] = strawberry.field(
        default=None, description="New credentials of the same account."
    )


@strawberry.input(description="A channel to ask about.")
class ChannelCheckInput(Given):
    id: strawberry.ID = strawberry.field(description="The channel.")


@strawberry.input(description="A channel to switch on.")
class ChannelEnableInput(Given):
    id: strawberry.ID = strawberry.field(description="The channel.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.input(description="A channel to switch off.")
class ChannelDisableInput(Given):
    id: strawberry.ID = strawberry.field(description="The channel.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.type(description="The answer to channelConnect.")
class ChannelConnectPayload(Payload):
    channel: Channel | None = result("Channel", "The new channel, CHECKING at first.")


@strawberry.type(description="The answer to channelUpdate.")
class ChannelUpdatePayload(Payload):
    channel: Channel | None = result("Channel", "The channel as it is now.")


@strawberry.type(description="The answer to channelCheck.")
class ChannelCheckPayload(Payload):
    channel: Channel | None = result("Channel", "The channel, CHECKING until the platform answers.")


@strawberry.type(description="The answer to channelEnable.")
class ChannelEnablePayload(Payload):
    channel: Channel | None = result("Channel", "The channel as it is now.")


@strawberry.type(description="The answer to channelDisable.")
class ChannelDisablePayload(Payload):
    channel: Channel | None = result("Channel", "The channel as it is now.")
    in_flight: list[Annotated["Publication", strawberry.lazy("schema.publishing.types")]] | None = (
        result(
            "Publication",
            "What was past its moment of truth already and can no longer be stopped; 100 at most.",
        )
    )


@strawberry.type
class ChannelMutations:
    @strawberry.mutation(
        description="Connect an account. It can be used when a check has found it READY."
    )
    async def channel_connect(
        self,
        info: Info,
        input: Annotated[ChannelConnectInput, strawberry.argument(description="The account.")],  # noqa: A002 - its name in the API
    ) -> ChannelConnectPayload:
        async def act(work: UnitOfWork) -> Made:
            channel = await operations.connect(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                platform=input.platform,
                name=input.name,
                settings=input.settings,
                credentials=input.credentials,
                timezone=input.timezone,
                external_reference=input.external_reference,
            )
            return {"channel": channel.id}

        return await perform(info, ChannelConnectPayload, act)

    @strawberry.mutation(
        description="Change a channel; after new settings or credentials it is checked again."
    )
    async def channel_update(
        self,
        info: Info,
        input: Annotated[ChannelUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> ChannelUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            channel = await operations.update(
                work,
                channel_id=wanted(input.id, "Channel", "id"),
                expected_version=input.expected_version,
                changes=changes(input, "name", "timezone", "settings", "credentials"),
            )
            return {"channel": channel.id}

        return await perform(info, ChannelUpdatePayload, act)

    @strawberry.mutation(description="Ask the platform whether the channel works.")
    async def channel_check(
        self,
        info: Info,
        input: Annotated[ChannelCheckInput, strawberry.argument(description="The channel.")],  # noqa: A002 - its name in the API
    ) -> ChannelCheckPayload:
        async def act(work: UnitOfWork) -> Made:
            channel = await operations.check(work, channel_id=wanted(input.id, "Channel", "id"))
            return {"channel": channel.id}

        return await perform(info, ChannelCheckPayload, act)

    @strawberry.mutation(
        description="Switch a channel on. What it held goes out, unless it is too late for that."
    )
    async def channel_enable(
        self,
        info: Info,
        input: Annotated[ChannelEnableInput, strawberry.argument(description="The channel.")],  # noqa: A002 - its name in the API
    ) -> ChannelEnablePayload:
        async def act(work: UnitOfWork) -> Made:
            channel = await operations.set_enabled(
                work,
                channel_id=wanted(input.id, "Channel", "id"),
                enabled=True,
                expected_version=input.expected_version,
            )
            return {"channel": channel.id}

        return await perform(info, ChannelEnablePayload, act)

    @strawberry.mutation(
        description="Switch a channel off: from this moment on nothing new goes out there."
    )
    async def channel_disable(
        self,
        info: Info,
        input: Annotated[ChannelDisableInput, strawberry.argument(description="The channel.")],  # noqa: A002 - its name in the API
    ) -> ChannelDisablePayload:
        async def act(work: UnitOfWork) -> Made:
            channel = await operations.set_enabled(
                work,
                channel_id=wanted(input.id, "Channel", "id"),
                enabled=False,
                expected_version=input.expected_version,
            )
            # The row is locked: what is not past its moment of truth by now will not pass it.
            in_flight = await publishing.in_flight(work, channel_id=channel.id)
            return {"channel": channel.id, "in_flight": in_flight}

        return await perform(info, ChannelDisablePayload, act)
