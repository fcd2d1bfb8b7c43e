"""What is wrong with an object and what its viewer may do, for every type that has a say in it."""

from collections.abc import Callable, Mapping
from typing import Any

import strawberry

from hub import offers
from hub import problems as rules
from hub.actions import Action
from hub.channels.platforms import base
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, computed

_PLACE = ("start", "end")

describe(
    Action,
    description="Something the viewer may do to an object now; a mutation of that name does it.",
    values={
        "BRAND_UPDATE": "Change the brand.",
        "CAMPAIGN_UPDATE": "Change the campaign.",
        "CAMPAIGN_PLAN_SET": "Write the campaign's plan.",
        "VOICE_GUIDE_SET": "Say anew how the brand speaks in this language.",
        "VOICE_GUIDE_DELETE": "Remove the voice guide.",
        "AUDIENCE_UPDATE": "Change the audience.",
        "AUDIENCE_DELETE": "Remove the audience.",
        "PILLAR_UPDATE": "Change the pillar.",
        "PILLAR_DELETE": "Remove the pillar.",
        "GOAL_UPDATE": "Change the goal.",
        "GOAL_DELETE": "Remove the goal.",
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
        "WORKFLOW_UPDATE": "Change the workflow, for reviews that are still to come.",
        "WORKFLOW_ARCHIVE": "Let no new review take the workflow.",
        "REMARK_ANSWER": "Answer the remark.",
        "REMARK_EDIT": "Change the words of the remark, or whether it blocks.",
        "REMARK_RESOLVE": "Say that what the remark asks for is done.",
        "REMARK_REOPEN": "Say that it is not done after all.",
        "REMARK_DELETE": "Take the remark away.",
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
        "CONTEST_UPDATE": "Change the contest's terms.",
        "CONTEST_OPEN": "Open the contest: its terms are fixed, its seed is committed to.",
        "CONTEST_CLOSE": "Close the contest; before its time for a reason.",
        "CONTEST_FREEZE": "Fix who takes part.",
        "CONTEST_DRAW": "Reveal the seed and name the winners.",
        "CONTEST_REPLACE_WINNER": "Let the next alternate win in place of somebody.",
        "CONTEST_ANNOUNCE": "Write a content that names the winners.",
        "CONTEST_CANCEL": "End the contest without a draw.",
        "CONTEST_ENTRY_DISQUALIFY": "Take the comment out of the contest.",
        "CONTEST_ENTRY_READMIT": "Let the comment take part after all.",
        "MESSAGE_LIKE": "Like the message at the platform.",
        "MESSAGE_UNLIKE": "Take the like back.",
        "MESSAGE_RELEASE": "Let the message be: it need not wait any more.",
        "MODERATION_RULE_UPDATE": "Change the rule.",
        "MODERATION_RULE_DELETE": "Throw the rule away.",
        "MODERATION_ACTION_UNDO": "Take back what was done to the message.",
        "SANCTION_CREATE": "Warn, mute or block the person.",
        "SANCTION_LIFT": "Take the sanction back.",
        "THREAD_UPDATE": "Change the conversation's state, assignee, priority or tags.",
        "THREAD_SNOOZE": "Let the conversation rest until a time.",
        "THREAD_WAKE": "End the conversation's rest.",
        "THREAD_NOTE_ADD": "Note something about the conversation.",
        "PERSON_UPDATE": "Change the person's tags.",
        "PERSON_LINK": "Say that another account is the same human being.",
        "PERSON_UNLINK": "Say that the account is on its own.",
        "PERSON_NOTE_ADD": "Note something about the person.",
        "SAVED_REPLY_UPDATE": "Change the words or their name.",
        "SAVED_REPLY_DELETE": "Throw the words away.",
        "SERVICE_TARGET_SET": "Change how soon the brand answers.",
        "SERVICE_TARGET_DELETE": "Promise nothing there any more.",
        "PAUSE_END": "End the pause, with a decision for everything it holds.",
        "MONITOR_UPDATE": "Change the monitor, or switch it on or off.",
        "MENTION_UPDATE": "Say how far you have come with the mention.",
        "MENTION_TO_INBOX": "Bring it into the inbox, to be answered there.",
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
        "EXPORT_CANCEL": "Stop writing the file.",
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


@strawberry.type(description="A piece of a text, in code points (Unicode scalar values).")
class TextSpan:
    start: int = strawberry.field(description="How many come before it.")
    end: int = strawberry.field(description="How many come before what follows it.")


@strawberry.type(description="Something wrong, found without asking any platform.")
class Problem:
    code: str = strawberry.field(description="Stable word for programs, such as TEXT_TOO_LONG.")
    message: str = strawberry.field(description="What is wrong and what to do, for people.")
    severity: Severity = strawberry.field(description="How bad it is.")
    field: str = strawberry.field(
        description='The input it concerns, as in "parts.0.text"; empty when it is the whole.'
    )
    limit: int | None = strawberry.field(
        default=None, description="What is allowed, in the platform's unit."
    )
    actual: int | None = strawberry.field(
        default=None, description="What is there, in the platform's unit."
    )
    span: TextSpan | None = strawberry.field(
        default=None, description="Where in the text of `field` it stands; null: nowhere in it."
    )
    suggestion: str | None = strawberry.field(
        default=None, description="What might stand there instead; null where nobody knows."
    )


def problem(found: base.Problem) -> Problem:
    """Return a problem of the hub as the API shows it."""
    return stored_problem(found.__dict__)


def stored_problem(stored: Mapping[str, Any]) -> Problem:
    """Return a problem from the JSON it was stored as."""
    known = {name: value for name, value in stored.items() if name not in _PLACE}
    start, end = (stored.get(name) for name in _PLACE)
    span = None if start is None or end is None else TextSpan(start=start, end=end)
    return Problem(**known, span=span)


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
        now = [problem(found) for found in rules.problems(kind, facts, asking.now)]
        return [*now, *more(facts)]

    return computed(description, needs=(*offers.NEEDS[kind], *needs), make=make)


def available_actions(kind: str) -> Any:
    """Show what the viewer may do to an object of this kind right now."""

    def make(facts: Facts, asking: Asking) -> list[Action]:
        return offers.actions(kind, facts, asking.context.caller)

    return computed(
        "What you may do with it now. Frontends offer these and need no rules of their own.",
        needs=offers.NEEDS[kind],
        make=make,
    )
