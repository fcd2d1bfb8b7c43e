"""What is wrong with an object and what its viewer may do, for every type that has a say in it."""

from collections.abc import Callable
from typing import Any

import strawberry

from hub import offers
from hub.channels.platforms import base
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, computed

Action = offers.Action
describe(
    Action,
    description="Something the viewer may do to an object now; a mutation of that name does it.",
    values={
        "BRAND_UPDATE": "Change the brand.",
        "CAMPAIGN_UPDATE": "Change the campaign.",
        "CHANNEL_UPDATE": "Change the channel, its settings or its credentials.",
        "CHANNEL_CHECK": "Ask the platform whether the channel works.",
        "CHANNEL_DISABLE": "Switch the channel off; nothing goes out there any more.",
        "CHANNEL_ENABLE": "Switch the channel on again.",
        "CONTENT_ITEM_UPDATE": "Write a new revision of the item.",
        "CONTENT_ITEM_ARCHIVE": "Put the item away.",
        "REVIEW_SUBMIT": "Ask for a review of the current revision.",
        "REVIEW_APPROVE": "Approve the editions as they are shown.",
        "REVIEW_REQUEST_CHANGES": "Send the text back; takes an approval back too.",
        "REVIEW_CANCEL": "Withdraw the review.",
        "PUBLICATION_SCHEDULE": "Send the approved revision out, at a time or at once.",
        "PUBLICATION_RESCHEDULE": "Choose another time.",
        "PUBLICATION_CANCEL": "Do not send it.",
        "PUBLICATION_RESUME": "Send what is held after all.",
        "PUBLICATION_RETRY": "Try again, knowing that it may be out already.",
        "PUBLICATION_CONFIRM": "Say that it is out, and where.",
        "PUBLICATION_ABANDON": "Say that it is not out and shall not be sent.",
        "PUBLICATION_COLLECT": "Fetch its answers and counters now.",
        "PUBLICATION_EDIT": "Put the newly approved words in the place of those that are out.",
        "PUBLICATION_WITHDRAW": "Take it down.",
        "PUBLICATION_READ_BACK": "Look now whether it still stands as it was sent.",
        "MESSAGE_REPLY": "Answer the message.",
        "MESSAGE_HIDE": "Hide the answer from others at the platform.",
        "MESSAGE_UNHIDE": "Show the hidden answer again.",
        "PAUSE_END": "End the pause, with a decision for everything it holds.",
        "MONITOR_UPDATE": "Change the monitor, or switch it on or off.",
        "MENTION_UPDATE": "Say how far you have come with the mention.",
        "ALERT_ACKNOWLEDGE": "Say that you have seen the alert.",
        "INCIDENT_UPDATE": "Change the incident's owner, severity, state or words.",
        "INCIDENT_NOTE": "Write a line into the timeline.",
        "INCIDENT_LINK": "Say which mentions and alerts belong to the incident.",
        "INCIDENT_STATEMENT_SET": "Write what may be said about the incident.",
        "INCIDENT_STATEMENT_DRAFT": "Make a content item of a holding statement.",
        "TRIGGER_UPDATE": "Rename the trigger, or switch it on or off.",
        "TRIGGER_ROTATE_SECRET": "Give the trigger a new secret.",
        "TRIGGER_DELETE": "Remove the trigger.",
        "ENDPOINT_UPDATE": "Change the endpoint, or switch it on or off.",
        "ENDPOINT_ROTATE_SECRET": "Give the endpoint a new secret.",
        "ENDPOINT_TEST": "Send the endpoint an event of its own.",
        "ENDPOINT_REPLAY": "Send the endpoint past events again.",
        "ENDPOINT_DELETE": "Remove the endpoint.",
        "DELIVERY_REPLAY": "Send this delivery again.",
    },
)

Severity = base.ProblemSeverity
describe(
    Severity,
    name="ProblemSeverity",
    description="How bad a problem is.",
    values={
        "ERROR": "It forbids publishing.",
        "WARNING": "It deserves a look.",
    },
)


@strawberry.type(description="Something wrong, found without asking any platform.")
class Problem:
    code: str = strawberry.field(description="Stable word for programs, such as TEXT_TOO_LONG.")
    message: str = strawberry.field(description="What is wrong and what to do, for people.")
    severity: Severity = strawberry.field(description="How bad it is.")
    field: str = strawberry.field(
        description='The input it concerns, as in "parts.0.text"; empty when it is the whole.'
    )
    limit: int | None = strawberry.field(description="What is allowed, in the platform's unit.")
    actual: int | None = strawberry.field(description="What is there, in the platform's unit.")


def problem(found: base.Problem) -> Problem:
    """Return a problem of the hub as the API shows it."""
    return Problem(**found.__dict__)


def stored_problem(stored: dict[str, Any]) -> Problem:
    """Return a problem from the JSON it was stored as."""
    return Problem(**stored)


def problems(kind: str) -> Any:
    """Show what is wrong with an object of this kind right now."""
    return problems_with(kind, "What is wrong right now; empty when all is well.")


def problems_with(
    kind: str,
    description: str,
    *,
    needs: tuple[str, ...] = (),
    more: Callable[[Facts], list[Problem]] = lambda _facts: [],
) -> Any:
    """Show what is wrong right now, and what was found when it was written."""

    def make(facts: Facts, asking: Asking) -> list[Problem]:
        now = [problem(found) for found in offers.problems(kind, facts, asking.now)]
        return [*now, *more(facts)]

    return computed(description, needs=(*offers.NEEDS[kind], *needs), make=make)


def available_actions(kind: str) -> Any:
    """Show what the viewer may do to an object of this kind right now."""

    def make(facts: Facts, asking: Asking) -> list[offers.Action]:
        return offers.actions(kind, facts, asking.context.caller)

    return computed(
        "What you may do with it now. Frontends offer these and need no rules of their own.",
        needs=offers.NEEDS[kind],
        make=make,
    )
