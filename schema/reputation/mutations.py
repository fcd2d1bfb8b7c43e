"""Watching what is said: monitors, mentions and alerts."""

from typing import Annotated, Any

import strawberry

from hub.engagement.models import SentimentLabel
from hub.kernel.work import UnitOfWork
from hub.reputation import operations
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.reputation.inputs import AlarmsInput, MonitorQueryInput
from schema.reputation.types import Alert, Mention, Monitor
from schema.reputation.words import MentionState


@strawberry.input(description="A monitor to add.")
class MonitorCreateInput(Given):
    brand_id: strawberry.ID = strawberry.field(description="The brand it listens for.")
    name: str = strawberry.field(description="What colleagues call it.")
    query: MonitorQueryInput = strawberry.field(description="What it looks for.")
    channel_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Channels whose platform is searched: those with SEARCH_MENTIONS.",
    )
    feeds: list[str] = strawberry.field(
        default_factory=list, description="Addresses of RSS and Atom feeds."
    )
    enabled: bool = strawberry.field(default=True, description="Whether it looks at all.")
    alarms: AlarmsInput | None = strawberry.field(
        default=strawberry.UNSET, description="What raises alerts; null: nothing does."
    )
    opens_incident: bool = strawberry.field(
        default=False, description="Whether an alert opens an incident by itself."
    )


@strawberry.input(description="What to change of a monitor; what is left out stays.")
class MonitorUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The monitor.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What colleagues call it."
    )
    query: strawberry.Maybe[MonitorQueryInput | None] = strawberry.field(
        default=None, description="All of what it looks for."
    )
    channel_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        default=None, description="All channels whose platform is searched."
    )
    feeds: strawberry.Maybe[list[str] | None] = strawberry.field(
        default=None, description="The addresses of all feeds."
    )
    enabled: strawberry.Maybe[bool | None] = strawberry.field(
        default=None, description="Whether it looks at all."
    )
    alarms: strawberry.Maybe[AlarmsInput | None] = strawberry.field(
        default=None, description="All of what raises alerts."
    )
    opens_incident: strawberry.Maybe[bool | None] = strawberry.field(
        default=None, description="Whether an alert opens an incident by itself."
    )


@strawberry.input(description="What to change of a mention; what is left out stays.")
class MentionUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The mention.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    state: strawberry.Maybe[MentionState | None] = strawberry.field(
        default=None, description="How far you have come with it."
    )
    sentiment_label: strawberry.Maybe[SentimentLabel | None] = strawberry.field(
        default=None, description="What it really sounds like; null: nobody can tell."
    )


@strawberry.input(description="A mention that somebody must act on.")
class MentionToInboxInput(Given):
    id: strawberry.ID = strawberry.field(description="The mention.")


@strawberry.input(description="An alert somebody has seen.")
class AlertAcknowledgeInput(Given):
    id: strawberry.ID = strawberry.field(description="The alert.")


@strawberry.type(description="The answer to monitorCreate.")
class MonitorCreatePayload(Payload):
    monitor: Monitor | None = result("Monitor", "The new monitor.")


@strawberry.type(description="The answer to monitorUpdate.")
class MonitorUpdatePayload(Payload):
    monitor: Monitor | None = result("Monitor", "The monitor as it is now.")


@strawberry.type(description="The answer to mentionUpdate.")
class MentionUpdatePayload(Payload):
    mention: Mention | None = result("Mention", "The mention as it is now.")


@strawberry.type(description="The answer to mentionToInbox.")
class MentionToInboxPayload(Payload):
    mention: Mention | None = result("Mention", "The mention, with its conversation.")


@strawberry.type(description="The answer to alertAcknowledge.")
class AlertAcknowledgePayload(Payload):
    alert: Alert | None = result("Alert", "The alert as it is now.")


def _channel_ids(given: list[strawberry.ID]) -> list[Any]:
    return [wanted(one, "Channel", "channelIds", str(index)) for index, one in enumerate(given)]


def _changes(given: MonitorUpdateInput) -> dict[str, Any]:
    found = changes(
        given, "name", "query", "channel_ids", "feeds", "enabled", "alarms", "opens_incident"
    )
    for name in {"query", "alarms"} & found.keys():
        found[name] = found[name].read()
    if "channel_ids" in found:
        found["channel_ids"] = _channel_ids(found["channel_ids"])
    return found


@strawberry.type
class ReputationMutations:
    @strawberry.mutation(
        description="Watch what is said. A monitor that would find everything is refused; try it "
        "with `monitorTest` before."
    )
    async def monitor_create(
        self,
        info: Info,
        input: Annotated[MonitorCreateInput, strawberry.argument(description="The monitor.")],  # noqa: A002 - its name in the API
    ) -> MonitorCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            monitor = await operations.create_monitor(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                name=input.name,
                query=input.query.read(),
                channel_ids=_channel_ids(input.channel_ids),
                feeds=input.feeds,
                enabled=input.enabled,
                alarms=None if input.alarms is None else input.alarms.read(),
                opens_incident=input.opens_incident,
            )
            return {"monitor": monitor.id}

        return await perform(info, MonitorCreatePayload, act)

    @strawberry.mutation(
        description="Change a monitor, or switch it on or off. With another query every source is "
        "read again."
    )
    async def monitor_update(
        self,
        info: Info,
        input: Annotated[MonitorUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> MonitorUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            monitor = await operations.update_monitor(
                work,
                monitor_id=wanted(input.id, "Monitor", "id"),
                expected_version=input.expected_version,
                changes=_changes(input),
            )
            return {"monitor": monitor.id}

        return await perform(info, MonitorUpdatePayload, act)

    @strawberry.mutation(
        description="Say how far you have come with a mention, or what it really sounds like."
    )
    async def mention_update(
        self,
        info: Info,
        input: Annotated[MentionUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> MentionUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            mention = await operations.update_mention(
                work,
                mention_id=wanted(input.id, "Mention", "id"),
                expected_version=input.expected_version,
                changes=changes(input, "state", empty=("sentiment_label",)),
            )
            return {"mention": mention.id}

        return await perform(info, MentionUpdatePayload, act)

    @strawberry.mutation(
        description="Make a mention a conversation of the inbox, to be assigned and answered there."
    )
    async def mention_to_inbox(
        self,
        info: Info,
        input: Annotated[MentionToInboxInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> MentionToInboxPayload:
        async def act(work: UnitOfWork) -> Made:
            mention = await operations.bring_to_inbox(
                work, mention_id=wanted(input.id, "Mention", "id")
            )
            return {"mention": mention.id}

        return await perform(info, MentionToInboxPayload, act)

    @strawberry.mutation(description="Say that you have seen an alert.")
    async def alert_acknowledge(
        self,
        info: Info,
        input: Annotated[AlertAcknowledgeInput, strawberry.argument(description="Which.")],  # noqa: A002 - its name in the API
    ) -> AlertAcknowledgePayload:
        async def act(work: UnitOfWork) -> Made:
            alert = await operations.acknowledge_alert(
                work, alert_id=wanted(input.id, "Alert", "id")
            )
            return {"alert": alert.id}

        return await perform(info, AlertAcknowledgePayload, act)
