"""Making, changing and removing triggers and endpoints, and sending events again."""

from datetime import timedelta
from typing import Annotated

import strawberry

from hub.automation import operations
from hub.kernel.work import UnitOfWork
from schema.automation.types import Delivery, Endpoint, Trigger, TriggerAction
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info

_ONCE = "Shown this once and never again, not even to a repeat of this request."


@strawberry.input
class _Versioned(Given):
    id: strawberry.ID = strawberry.field(description="Which one.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.input
class _Rotating(_Versioned):
    overlap_hours: int = strawberry.field(
        default=24, description="How long the secret before stays good, 0 to 168 hours."
    )


@strawberry.input
class _Named(Given):
    id: strawberry.ID = strawberry.field(description="Which one.")


@strawberry.input(description="A door for an automation tool.")
class TriggerCreateInput(Given):
    name: str = strawberry.field(description="What colleagues call it.")
    actions: list[TriggerAction] | None = strawberry.field(
        default=strawberry.UNSET, description="What its calls may do; PUBLISH when left out."
    )
    action: TriggerAction = strawberry.field(
        default=TriggerAction.PUBLISH,
        description="The one thing its calls may do, where `actions` is left out.",
        deprecation_reason="It may do several things: give `actions`.",
    )


@strawberry.input(description="What to change of a trigger; what is left out stays.")
class TriggerUpdateInput(_Versioned):
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What colleagues call it."
    )
    actions: strawberry.Maybe[list[TriggerAction] | None] = strawberry.field(
        default=None, description="All that its calls may do."
    )
    enabled: strawberry.Maybe[bool | None] = strawberry.field(
        default=None, description="Whether its calls do anything."
    )


@strawberry.input(description="A trigger that shall have a new secret.")
class TriggerRotateSecretInput(_Rotating):
    pass


@strawberry.input(description="A trigger to remove.")
class TriggerDeleteInput(_Named):
    pass


@strawberry.input(description="An address that shall hear events.")
class EndpointCreateInput(Given):
    url: str = strawberry.field(description="An https address that takes a POST.")
    events: list[str] = strawberry.field(
        default_factory=lambda: ["publication.*"],
        description='What it hears: names, "publication.*" for a kind, "*" for all.',
    )
    description: str = strawberry.field(default="", description="What it is for.")


@strawberry.input(description="What to change of an endpoint; what is left out stays.")
class EndpointUpdateInput(_Versioned):
    url: strawberry.Maybe[str | None] = strawberry.field(default=None, description="The address.")
    events: strawberry.Maybe[list[str] | None] = strawberry.field(
        default=None, description="What it hears."
    )
    description: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What it is for."
    )
    enabled: strawberry.Maybe[bool | None] = strawberry.field(
        default=None,
        description="Whether it hears anything. Switched on after failures, it goes on where it "
        "stopped; after it was switched off by hand, from now on.",
    )


@strawberry.input(description="An endpoint that shall have a new secret.")
class EndpointRotateSecretInput(_Rotating):
    pass


@strawberry.input(description="An endpoint to remove, with its deliveries.")
class EndpointDeleteInput(_Named):
    pass


@strawberry.input(description="An endpoint to send a test to.")
class EndpointTestInput(_Named):
    pass


@strawberry.input(description="An endpoint that shall hear past events again.")
class EndpointReplayInput(_Named):
    from_sequence: int = strawberry.field(description="The number of the first of them.")


@strawberry.input(description="A delivery to send again.")
class DeliveryReplayInput(_Named):
    pass


@strawberry.type(description="The answer to triggerCreate.")
class TriggerCreatePayload(Payload):
    trigger: Trigger | None = result("Trigger", "The new trigger.")
    secret: str | None = strawberry.field(
        default=None, description=f"What its calls are signed with. {_ONCE}"
    )


@strawberry.type(description="The answer to triggerUpdate.")
class TriggerUpdatePayload(Payload):
    trigger: Trigger | None = result("Trigger", "The trigger as it is now.")


@strawberry.type(description="The answer to triggerRotateSecret.")
class TriggerRotateSecretPayload(Payload):
    trigger: Trigger | None = result("Trigger", "The trigger as it is now.")
    secret: str | None = strawberry.field(
        default=None, description=f"What its calls are signed with. {_ONCE}"
    )


@strawberry.type(description="The answer to triggerDelete.")
class TriggerDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of what is no more."
    )


@strawberry.type(description="The answer to endpointCreate.")
class EndpointCreatePayload(Payload):
    endpoint: Endpoint | None = result("Endpoint", "The new endpoint.")
    secret: str | None = strawberry.field(
        default=None, description=f"What its deliveries are signed with. {_ONCE}"
    )


@strawberry.type(description="The answer to endpointUpdate.")
class EndpointUpdatePayload(Payload):
    endpoint: Endpoint | None = result("Endpoint", "The endpoint as it is now.")


@strawberry.type(description="The answer to endpointRotateSecret.")
class EndpointRotateSecretPayload(Payload):
    endpoint: Endpoint | None = result("Endpoint", "The endpoint as it is now.")
    secret: str | None = strawberry.field(
        default=None, description=f"What its deliveries are signed with. {_ONCE}"
    )


@strawberry.type(description="The answer to endpointDelete.")
class EndpointDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of what is no more."
    )


@strawberry.type(description="The answer to endpointTest.")
class EndpointTestPayload(Payload):
    endpoint: Endpoint | None = result("Endpoint", "The endpoint; the test is on its way.")


@strawberry.type(description="The answer to endpointReplay.")
class EndpointReplayPayload(Payload):
    endpoint: Endpoint | None = result("Endpoint", "The endpoint; the events are on their way.")


@strawberry.type(description="The answer to deliveryReplay.")
class DeliveryReplayPayload(Payload):
    delivery: Delivery | None = result("Delivery", "The delivery, PENDING again.")


@strawberry.type
class AutomationMutations:
    @strawberry.mutation(description="Open a door for an automation tool.")
    async def trigger_create(
        self,
        info: Info,
        input: Annotated[TriggerCreateInput, strawberry.argument(description="The trigger.")],  # noqa: A002 - its name in the API
    ) -> TriggerCreatePayload:
        shown: list[str] = []

        async def act(work: UnitOfWork) -> Made:
            row, secret = await operations.create_trigger(
                work,
                name=input.name,
                actions=[input.action] if input.actions is None else input.actions,
            )
            shown.append(secret)
            return {"trigger": row.id}

        payload = await perform(info, TriggerCreatePayload, act)
        payload.secret = _shown(payload, shown)
        return payload

    @strawberry.mutation(description="Rename a trigger, or switch it on or off.")
    async def trigger_update(
        self,
        info: Info,
        input: Annotated[TriggerUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> TriggerUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            row = await operations.update_trigger(
                work,
                trigger_id=wanted(input.id, "Trigger", "id"),
                expected_version=input.expected_version,
                changes=changes(input, "name", "actions", "enabled"),
            )
            return {"trigger": row.id}

        return await perform(info, TriggerUpdatePayload, act)

    @strawberry.mutation(
        description="Give a trigger a new secret; the one before stays good for an overlap."
    )
    async def trigger_rotate_secret(
        self,
        info: Info,
        input: Annotated[TriggerRotateSecretInput, strawberry.argument(description="The trigger.")],  # noqa: A002 - its name in the API
    ) -> TriggerRotateSecretPayload:
        shown: list[str] = []

        async def act(work: UnitOfWork) -> Made:
            row, secret = await operations.rotate_trigger_secret(
                work,
                trigger_id=wanted(input.id, "Trigger", "id"),
                expected_version=input.expected_version,
                overlap=timedelta(hours=input.overlap_hours),
            )
            shown.append(secret)
            return {"trigger": row.id}

        payload = await perform(info, TriggerRotateSecretPayload, act)
        payload.secret = _shown(payload, shown)
        return payload

    @strawberry.mutation(description="Remove a trigger; what it published stays.")
    async def trigger_delete(
        self,
        info: Info,
        input: Annotated[TriggerDeleteInput, strawberry.argument(description="The trigger.")],  # noqa: A002 - its name in the API
    ) -> TriggerDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            await operations.delete_trigger(work, trigger_id=wanted(input.id, "Trigger", "id"))
            return {}

        payload = await perform(info, TriggerDeletePayload, act)
        payload.deleted_id = None if payload.errors else input.id
        return payload

    @strawberry.mutation(description="Let an address hear events from now on.")
    async def endpoint_create(
        self,
        info: Info,
        input: Annotated[EndpointCreateInput, strawberry.argument(description="The endpoint.")],  # noqa: A002 - its name in the API
    ) -> EndpointCreatePayload:
        shown: list[str] = []

        async def act(work: UnitOfWork) -> Made:
            row, secret = await operations.create_endpoint(
                work, url=input.url, events=input.events, description=input.description
            )
            shown.append(secret)
            return {"endpoint": row.id}

        payload = await perform(info, EndpointCreatePayload, act)
        payload.secret = _shown(payload, shown)
        return payload

    @strawberry.mutation(description="Change an endpoint, or switch it on or off.")
    async def endpoint_update(
        self,
        info: Info,
        input: Annotated[EndpointUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> EndpointUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            row = await operations.update_endpoint(
                work,
                endpoint_id=wanted(input.id, "Endpoint", "id"),
                expected_version=input.expected_version,
                changes=changes(input, "url", "events", "description", "enabled"),
            )
            return {"endpoint": row.id}

        return await perform(info, EndpointUpdatePayload, act)

    @strawberry.mutation(
        description="Give an endpoint a new secret; the one before signs too for an overlap."
    )
    async def endpoint_rotate_secret(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - its name in the API
            EndpointRotateSecretInput, strawberry.argument(description="The endpoint.")
        ],
    ) -> EndpointRotateSecretPayload:
        shown: list[str] = []

        async def act(work: UnitOfWork) -> Made:
            row, secret = await operations.rotate_endpoint_secret(
                work,
                endpoint_id=wanted(input.id, "Endpoint", "id"),
                expected_version=input.expected_version,
                overlap=timedelta(hours=input.overlap_hours),
            )
            shown.append(secret)
            return {"endpoint": row.id}

        payload = await perform(info, EndpointRotateSecretPayload, act)
        payload.secret = _shown(payload, shown)
        return payload

    @strawberry.mutation(description="Remove an endpoint and what was still to be sent to it.")
    async def endpoint_delete(
        self,
        info: Info,
        input: Annotated[EndpointDeleteInput, strawberry.argument(description="The endpoint.")],  # noqa: A002 - its name in the API
    ) -> EndpointDeletePayload:
        async def act(work: UnitOfWork) -> Made:
            await operations.delete_endpoint(work, endpoint_id=wanted(input.id, "Endpoint", "id"))
            return {}

        payload = await perform(info, EndpointDeletePayload, act)
        payload.deleted_id = None if payload.errors else input.id
        return payload

    @strawberry.mutation(
        description="Send an endpoint the event `endpoint.tested`, through the stream like all."
    )
    async def endpoint_test(
        self,
        info: Info,
        input: Annotated[EndpointTestInput, strawberry.argument(description="The endpoint.")],  # noqa: A002 - its name in the API
    ) -> EndpointTestPayload:
        async def act(work: UnitOfWork) -> Made:
            row = await operations.send_test(work, endpoint_id=wanted(input.id, "Endpoint", "id"))
            return {"endpoint": row.id}

        return await perform(info, EndpointTestPayload, act)

    @strawberry.mutation(
        description="Send an endpoint every event it hears again, in order, from a number on."
    )
    async def endpoint_replay(
        self,
        info: Info,
        input: Annotated[EndpointReplayInput, strawberry.argument(description="The endpoint.")],  # noqa: A002 - its name in the API
    ) -> EndpointReplayPayload:
        async def act(work: UnitOfWork) -> Made:
            row = await operations.replay_endpoint(
                work,
                endpoint_id=wanted(input.id, "Endpoint", "id"),
                from_sequence=input.from_sequence,
            )
            return {"endpoint": row.id}

        return await perform(info, EndpointReplayPayload, act)

    @strawberry.mutation(description="Send one delivery again, with the same id.")
    async def delivery_replay(
        self,
        info: Info,
        input: Annotated[DeliveryReplayInput, strawberry.argument(description="The delivery.")],  # noqa: A002 - its name in the API
    ) -> DeliveryReplayPayload:
        async def act(work: UnitOfWork) -> Made:
            row = await operations.replay_delivery(
                work, delivery_id=wanted(input.id, "Delivery", "id")
            )
            return {"delivery": row.id}

        return await perform(info, DeliveryReplayPayload, act)


def _shown(payload: Payload, secrets: list[str]) -> str | None:
    # A repeat with the same Idempotency-Key did nothing, so there is nothing to show.
    return secrets[-1] if secrets and not payload.errors else None
