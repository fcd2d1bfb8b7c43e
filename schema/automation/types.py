"""Triggers and endpoints, as the API shows them; their secrets are not among it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from hub.actions import Action
from hub.automation import models, rules
from hub.kernel.caller import Permission
from hub.kernel.shapes import all_in, columns, exists_in, named_in, newest_in
from hub.publishing import models as publishing
from hub.review import models as review
from schema.audit.types import Event
from schema.base.enums import describe
from schema.base.fields import (
    Asking,
    Facts,
    column,
    computed,
    embedded,
    listed,
    paged,
    reads,
    to_one,
)
from schema.base.node import Node, to_global_id
from schema.base.offers import Problem, available_actions, problems
from schema.base.paging import Connection
from schema.content.types import ContentItem
from schema.publishing.types import Publication
from schema.review.types import Review

TriggerAction = models.TriggerAction
describe(
    TriggerAction,
    description="What a call of a trigger may do.",
    values={
        "PUBLISH": "Publish approved content that it names by `externalReference`, now or later.",
        "SAVE": "Write content down, or change what has its `externalReference`.",
        "SUBMIT": "Submit content for review.",
        "IMPORT": "Write many rows of content down at once.",
    },
)

OperationState = rules.OperationState
describe(
    OperationState,
    description="How far what a call of a trigger began has come.",
    values={
        "RUNNING": "The hub is at it, or waits for its time.",
        "WAITING": "A person must act: decide on the review, or on what is held.",
        "DONE": "All of it is done.",
        "FAILED": "Part of it will not be done.",
        "REFUSED": "Nothing was done; `code` says why.",
    },
)

ImportPolicy = models.ImportPolicy
describe(
    ImportPolicy,
    description="What an import does with rows that cannot be taken.",
    values={
        "REJECT_ALL": "If one row is refused, none is taken.",
        "REJECT_FAILED": "Rows that are refused are left out, the others are taken.",
    },
)

RowOutcome = models.RowOutcome
describe(
    RowOutcome,
    name="ImportOutcome",
    description="What became of a row of an import; of a trial: what would have.",
    values={
        "CREATED": "It is new content.",
        "UPDATED": "It is a new revision of the content that has its reference.",
        "UNCHANGED": "The content that has its reference says the same already.",
        "REFUSED": "It cannot be taken; its `errors` say why.",
    },
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


@strawberry.type(description="Why a row of an import was refused.")
class ImportRowError:
    code: str = strawberry.field(description="An `ErrorCode`.")
    message: str = strawberry.field(description="What is wrong and what to do, for people.")
    path: list[str] = strawberry.field(description="The field at fault, outermost first.")


@strawberry.type(description="What became of one row of an import.")
class ImportRow:
    row: int = strawberry.field(description="Its number, from 1.")
    external_reference: str = strawberry.field(description="Its reference.")
    outcome: RowOutcome = strawberry.field(description="What became of it.")
    content_item: ContentItem | None = strawberry.field(
        description="Its content; null where it was refused, or is not there."
    )
    review_id: strawberry.ID | None = strawberry.field(
        description="The review it was submitted to, if it was."
    )
    errors: list[ImportRowError] = strawberry.field(
        description="Why it was refused; empty when it was not."
    )


def _import_rows(facts: Facts, _asking: Asking, items: Mapping[str, Any]) -> list[ImportRow]:
    return [
        ImportRow(
            row=one["row"],
            external_reference=one["externalReference"],
            outcome=RowOutcome(one["outcome"]),
            content_item=items.get(one["item"]),
            review_id=one["review"] and strawberry.ID(to_global_id("Review", one["review"])),
            errors=[ImportRowError(**error) for error in one["errors"]],
        )
        for one in facts["results"]
    ]


@reads(models.ContentImport, permission=Permission.CONTENT_READ)
@strawberry.type(description="Rows of content that came at once, and what became of each.")
class ContentImport(Node):
    policy: ImportPolicy = column("What was to be done with rows that cannot be taken.")
    dry_run: bool = column("Whether it was a trial, which changes nothing.")
    applied: bool = column(
        "Whether the rows that were not refused were taken; otherwise nothing has changed."
    )
    created_count: int = column(
        "How many rows are new content, or would be where nothing was applied."
    )
    updated_count: int = column("How many rows are a new revision, or would be.")
    unchanged_count: int = column("How many rows say what is there already.")
    refused_count: int = column("How many rows were refused.")
    rows: list[ImportRow] = embedded(
        "What became of each row, in their order.",
        needs=("results",),
        target="ContentItem",
        link=named_in("results", "$[*].item"),
        make=_import_rows,
        lasting=True,
    )
    created_at: datetime = column("When it came.")


_BEGUN = named_in("publications", "$[*]")


def _publication_states(row: Any) -> Any:
    return all_in(
        publishing.Publication, "state", lambda other: _BEGUN.on(row, other), newest_per="id"
    )


def _review_state(row: Any) -> Any:
    return newest_in(review.Review, "state", lambda other: other.c.id == row.c.review_id)


def _operation_state(facts: Facts, _asking: Asking) -> OperationState:
    return rules.operation_state(
        code=facts["code"],
        review=facts["review_state"],
        publications=facts["publication_states"],
    )


@reads(
    models.TriggerCall,
    permission=Permission.AUTOMATION_READ,
    facts={"publication_states": _publication_states, "review_state": _review_state},
)
@strawberry.type(
    description="A genuine call of a trigger, and what it began. Kept for a week, against repeats."
)
class TriggerCall(Node):
    action: TriggerAction | None = column("What it asked for; null where nobody can tell.")
    state: OperationState = computed(
        "How far what it began has come.",
        needs=("code", "review_state", "publication_states"),
        make=_operation_state,
    )
    content_item: ContentItem | None = to_one(
        "The content it was about, if it was about one.", columns("item_id")
    )
    review: Review | None = to_one("The review it began, or found.", columns("review_id"))
    publications: list[Publication] = listed("The publications it began, or found.", _BEGUN)
    content_import: ContentImport | None = to_one("The import it was.", columns("import_id"))
    message_id: str = column("Its `webhook-id`.")
    status: int = column("The HTTP status it was answered with.")
    code: str | None = column("Why nothing was done, in a word; null when it was.")
    received_at: datetime = column("When it came.")


def _address(facts: Facts, asking: Asking) -> str:
    return f"{asking.context.public_url}/hooks/{facts['public_key']}"


def _actions(facts: Facts, _asking: Asking) -> list[TriggerAction]:
    return [TriggerAction(action) for action in facts["actions"]]


def _first_action(facts: Facts, _asking: Asking) -> TriggerAction:
    return TriggerAction(facts["actions"][0])


@reads(models.Trigger, permission=Permission.AUTOMATION_READ)
@strawberry.type(description="A door for one automation tool, which calls it with signed requests.")
class Trigger(Node):
    name: str = column("What colleagues call it.")
    actions: list[TriggerAction] = computed(
        "What its calls may do.", needs=("actions",), make=_actions
    )
    action: TriggerAction = computed(
        "The first of what its calls may do.",
        needs=("actions",),
        make=_first_action,
        deprecated="It may do several things: read `actions`.",
    )
    url: str = computed("The address the tool calls.", needs=("public_key",), make=_address)
    enabled: bool = column("Whether its calls do anything.")
    previous_secret_until: datetime | None = column(
        "Until when the secret before the last rotation is good.", fact="previous_until"
    )
    last_called_at: datetime | None = column("When its last genuine call came.")
    calls: Connection[TriggerCall] | None = paged(
        "Its genuine calls of the last week, latest first.", columns("id", "trigger_id")
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
