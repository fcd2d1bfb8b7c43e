"""What is wrong with each object now: pure functions of the columns named in `offers.NEEDS`."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from hub.channels.platforms.base import Problem, ProblemSeverity
from hub.review import offering

Facts = Mapping[str, Any]


def _channel_problems(facts: Facts, _now: datetime) -> Iterable[Problem]:
    if facts["state"] in {"FAILED", "NEEDS_AUTH"}:
        yield Problem(
            code=f"CHANNEL_{facts['state']}",
            message=facts["state_message"] or "The last check failed.",
        )
    if not facts["enabled"]:
        yield Problem(
            code="CHANNEL_DISABLED",
            message="The channel is switched off; nothing goes out here.",
            severity=ProblemSeverity.WARNING,
        )


_ASTRAY: Mapping[str, tuple[str, str]] = {
    "CHANGED": (
        "CHANGED_AT_PLATFORM",
        "It does not read any more as it was approved: somebody changed it at the platform.",
    ),
    "HIDDEN": ("HIDDEN_AT_PLATFORM", "It is there, but others cannot see it."),
    "GONE": ("GONE_FROM_PLATFORM", "It is not there any more: somebody took it down."),
}


def _publication_problems(facts: Facts, now: datetime) -> Iterable[Problem]:
    state = facts["state"]
    if state == "HELD":
        yield Problem(code=f"HELD_{facts['hold_reason']}", message=facts["problem"])
    if state == "UNCONFIRMED" and facts["due_at"] is None:
        yield Problem(
            code="OUTCOME_UNKNOWN",
            message="It may be out. Look at the platform, then confirm, retry or abandon. "
            + facts["problem"],
        )
    if state == "UNCONFIRMED" and facts["due_at"] is not None:
        yield Problem(
            code="LOOKING_UP",
            message="It may be out; the hub is looking. " + facts["problem"],
            severity=ProblemSeverity.WARNING,
        )
    if state == "FAILED":
        yield Problem(code="FAILED", message=facts["problem"])
    if state == "PUBLISHED" and facts["standing"] in _ASTRAY:
        code, message = _ASTRAY[facts["standing"]]
        yield Problem(code=code, message=message, severity=ProblemSeverity.WARNING)
    if state == "SCHEDULED" and facts["due_at"] is not None and facts["due_at"] < now:
        yield Problem(
            code="LATE",
            message=f"It has been due since {facts['due_at'].isoformat()}.",
            severity=ProblemSeverity.WARNING,
        )
    if state == "SCHEDULED" and facts["problem"]:
        yield Problem(code="DELAYED", message=facts["problem"], severity=ProblemSeverity.WARNING)


def _endpoint_problems(facts: Facts, _now: datetime) -> Iterable[Problem]:
    if facts["disabled_reason"] in {"GONE", "FAILING"}:
        yield Problem(
            code=f"ENDPOINT_{facts['disabled_reason']}",
            message=f"It was switched off. {facts['problem']}",
        )
    elif facts["enabled"] and facts["failing_since"] is not None:
        yield Problem(
            code="ENDPOINT_UNREACHED",
            message=f"Its calls have failed since {facts['failing_since'].isoformat()}. "
            + facts["problem"],
            severity=ProblemSeverity.WARNING,
        )


def _thread_problems(facts: Facts, _now: datetime) -> Iterable[Problem]:
    if facts["overdue"]:
        yield Problem(
            code="OVERDUE",
            message=f"Nobody has answered until {facts['first_reply_due_at'].isoformat()}, as was "
            "promised.",
            severity=ProblemSeverity.WARNING,
        )


def _contest_problems(facts: Facts, now: datetime) -> Iterable[Problem]:
    if facts["state"] == "CLOSED" and facts["unread"]:
        yield Problem(
            code="CONTEST_UNREAD",
            message="Comments are being read once more since the close; then its list can be "
            "frozen.",
            severity=ProblemSeverity.WARNING,
        )
    if facts["state"] == "DRAFT" and facts["opens_at"] <= now:
        yield Problem(
            code="CONTEST_NOT_OPENED",
            message="Its time has begun, and nothing is promised to anybody yet: open it.",
            severity=ProblemSeverity.WARNING,
        )


_NEEDED: Mapping[str, tuple[str, str]] = {
    "HIDE": ("HIDE", "hide what others write"),
    "DELETE": ("DELETE_MESSAGES", "take down what others write"),
    "REPLY": ("REPLY", "be answered on"),
}


def _rule_problems(facts: Facts, _now: datetime) -> Iterable[Problem]:
    able = facts["channels_able"]
    for act in facts["actions"]:
        capability, words = _NEEDED.get(act["kind"], ("", ""))
        lacking = sum(capability not in channel for channel in able) if capability else 0
        if lacking:
            yield Problem(
                code=f"CANNOT_{act['kind']}",
                message=f"{lacking} of its {len(able)} channels cannot {words}: there it fails, "
                "and that is recorded.",
                severity=ProblemSeverity.WARNING,
            )


def _action_problems(facts: Facts, _now: datetime) -> Iterable[Problem]:
    if facts["problem"]:
        failed = facts["state"] == "FAILED"
        yield Problem(
            code="FAILED" if failed else "DELAYED",
            message=facts["problem"],
            severity=ProblemSeverity.ERROR if failed else ProblemSeverity.WARNING,
        )


_PROBLEMS: Mapping[str, Callable[[Facts, datetime], Iterable[Problem]]] = {
    "Channel": _channel_problems,
    "Publication": _publication_problems,
    "Endpoint": _endpoint_problems,
    "Thread": _thread_problems,
    "Contest": _contest_problems,
    "ModerationRule": _rule_problems,
    "ModerationAction": _action_problems,
    "Sanction": _action_problems,
    "Review": offering.review_problems,
}


def problems(kind: str, facts: Facts, now: datetime) -> list[Problem]:
    """Return what is wrong with an object of that kind at this moment, worst first."""
    find = _PROBLEMS.get(kind)
    return list(find(facts, now)) if find else []
