"""Triggers and endpoints, as the API shows them; their secrets are not among it."""

from datetime import datetime
from typing import Any

import strawberry

from hub.automation import models
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns, exists_in
from schema.audit.types import Event
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, listed, paged, reads, to_one
from schema.base.node import Node
from schema.base.offers import Action, Problem, available_actions, problems
from schema.base.paging import Connection

TriggerAction = models.TriggerAction
describe(
    TriggerAction,
    description="What a call of a trigger does.",
    values={"PUBLISH": "Publishes approved content that it names by `externalReference`."},
)

DisabledReason = models.DisabledReason
describe(
    DisabledReason,
    name="EndpointDisabledReason",
    description="Why an endpoint is switched off.",
    values={
        "BY_HAND": "Somebody switched it off.",
        "GONE": "It answered 410: it wants to hear nothing any more.",
        "FAILING": "Every call failed for three days.",
    },
)

DeliveryState = models.DeliveryState
describe(
    DeliveryState,
    description="Where a delivery stands.",
    values={
        "PENDING": "It is sent when its turn comes, or tried again.",
        "DELIVERED": "The endpoint took it.",
        "GIVEN_UP": "It was tried for three days; only a replay sends it again.",
    },
)

AttemptOutcome = models.AttemptOutcome
describe(
    AttemptOutcome,
    name="DeliveryOutcome",
    description="What one call of an endpoint came to.",
    values={
        "DELIVERED": "It answered with a 2xx.",
        "UNREACHABLE": "It could not be reached, or its answer was lost.",
        "UNWELL": "It answered 408, 425, 429 or 5xx.",
        "REFUSED": "It refused this one, or may not be called.",
        "GONE": "It answered 410.",
    },
)


@reads(models.TriggerCall, permission=Permission.AUTOMATION_READ)
@strawberry.type(description="A genuine call of a trigger. Kept for a day, against repeats.")
class TriggerCall(Node):
    message_id: str = column("Its `webhook-id`.")
    status: int = column("The HTTP status it was answered with.")
    code: str | None = column("Why nothing was done, in a word; null when it was.")
    received_at: datetime = column("When it came.")


def _address(facts: Facts, asking: Asking) -> str:
    return f"{asking.context.public_url}/hooks/{facts['public_key']}"


@reads(models.Trigger, permission=Permission.AUTOMATION_READ)
@strawberry.type(description="A door for one automation tool, which calls it with signed requests.")
class Trigger(Node):
    name: str = column("What colleagues call it.")
    action: TriggerAction = column("What a call of it does.")
    url: str = computed("The address the tool calls.", needs=("public_key",), make=_address)
    enabled: bool = column("Whether its calls do anything.")
    previous_secret_until: datetime | None = column(
        "Until when the secret before the last rotation is good.", fact="previous_until"
    )
    last_called_at: datetime | None = column("When its last genuine call came.")
    calls: Connection[TriggerCall] | None = paged(
        "Its genuine calls of the last day, latest first.", columns("id", "trigger_id")
    )
    available_actions: list[Action] = available_actions("Trigger")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")


@reads(models.DeliveryAttempt, permission=Permission.AUTOMATION_READ)
@strawberry.type(description="One call of an endpoint, kept as evidence.")
class DeliveryAttempt(Node):
    number: int = column("Counts from 1 within the delivery.")
    outcome: AttemptOutcome | None = column("What came of it; null while it runs, or was cut off.")
    status: int | None = column("The HTTP status of the answer, if there was one.")
    message: str = column("The beginning of the answer, or what went wrong; without secrets.")
    created_at: datetime = column("When it began.")
    finished_at: datetime | None = column("When it ended.")


def _heard(row: Any) -> Any:
    return exists_in(
        models.Endpoint,
        lambda endpoint: (endpoint.c.id == row.c.endpoint_id) & endpoint.c.enabled,
    )


@reads(
    models.Delivery,
    permission=Permission.AUTOMATION_READ,
    facts={"endpoint_enabled": _heard},
)
@strawberry.type(description="One event for one endpoint.")
class Delivery(Node):
    event: Event | None = to_one(
        "What happened; its id is the `webhook-id` it is sent with.", columns("event_id")
    )
    event_name: str = column("What happened, in a word.")
    sequence: int = column("The event's number in the workspace.")
    state: DeliveryState = column("Where it stands.")
    aside: bool = column("Whether later events may pass it.")
    attempt_count: int = column("How often it was sent.")
    next_at: datetime | None = column("When it is sent, or tried again, at the earliest.")
    ended_at: datetime | None = column("When it was delivered or given up.")
    attempts: list[DeliveryAttempt] = listed(
        "Every call, oldest first.", columns("id", "delivery_id"), order=("number",)
    )
    available_actions: list[Action] = available_actions("Delivery")
    created_at: datetime = column("When it was promised first.")


@reads(models.Endpoint, permission=Permission.AUTOMATION_READ)
@strawberry.type(description="An address that hears events, each as one signed request.")
class Endpoint(Node):
    url: str = column("The address.")
    description: str = column("What it is for.")
    events: list[str] = column('What it hears, such as "publication.*".')
    enabled: bool = column("Whether it hears anything.")
    disabled_reason: DisabledReason | None = column("Why it is switched off, when it is.")
    last_sequence: int = column("The number of the last event looked at for it.", fact="cursor")
    failing_since: datetime | None = column("Since when every call has failed; null: it works.")
    previous_secret_until: datetime | None = column(
        "Until when deliveries are signed with the secret before as well.", fact="previous_until"
    )
    deliveries: Connection[Delivery] | None = paged(
        "What it was sent and will be, latest event first; ended ones are kept for a while.",
        columns("id", "endpoint_id"),
        order=("-sequence",),
    )
    problems: list[Problem] = problems("Endpoint")
    available_actions: list[Action] = available_actions("Endpoint")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
