"""The one table of what can be done with each object and what is wrong with it.

Frontends decide nothing: every object answers `availableActions` for its viewer and `problems`.
Both are pure functions of a few columns, named in `NEEDS`, so that reading stays one statement.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.channels.platforms.base import Capability, Problem, ProblemSeverity
from hub.engagement.contests.rules import JUDGED, OVERRULABLE
from hub.kernel.caller import Caller, Permission
from hub.publishing.rules import CONFIRMED
from hub.review import offering

Facts = Mapping[str, Any]


class Action(StrEnum):
    """Something a viewer may do to an object now; the mutation of the same name does it."""

    BRAND_UPDATE = "brand.update"
    CAMPAIGN_UPDATE = "campaign.update"
    CAMPAIGN_PLAN_SET = "campaign.plan_set"
    VOICE_GUIDE_SET = "voice_guide.set"
    VOICE_GUIDE_DELETE = "voice_guide.delete"
    AUDIENCE_UPDATE = "audience.update"
    AUDIENCE_DELETE = "audience.delete"
    PILLAR_UPDATE = "pillar.update"
    PILLAR_DELETE = "pillar.delete"
    GOAL_UPDATE = "goal.update"
    GOAL_DELETE = "goal.delete"
    CHANNEL_UPDATE = "channel.update"
    CHANNEL_CHECK = "channel.check"
    CHANNEL_DISABLE = "channel.disable"
    CHANNEL_ENABLE = "channel.enable"
    CONTENT_ITEM_UPDATE = "content_item.update"
    CONTENT_ITEM_ARCHIVE = "content_item.archive"
    REVIEW_SUBMIT = "review.submit"
    REVIEW_APPROVE = "review.approve"
    REVIEW_REQUEST_CHANGES = "review.request_changes"
    REVIEW_CANCEL = "review.cancel"
    WORKFLOW_UPDATE = "workflow.update"
    WORKFLOW_ARCHIVE = "workflow.archive"
    REMARK_ANSWER = "remark.answer"
    REMARK_EDIT = "remark.edit"
    REMARK_RESOLVE = "remark.resolve"
    REMARK_REOPEN = "remark.reopen"
    REMARK_DELETE = "remark.delete"
    PUBLICATION_SCHEDULE = "publication.schedule"
    PUBLICATION_RESCHEDULE = "publication.reschedule"
    PUBLICATION_CANCEL = "publication.cancel"
    PUBLICATION_RESUME = "publication.resume"
    PUBLICATION_RETRY = "publication.retry"
    PUBLICATION_CONFIRM = "publication.confirm"
    PUBLICATION_ABANDON = "publication.abandon"
    PUBLICATION_COLLECT = "publication.collect"
    PUBLICATION_EDIT = "publication.edit"
    PUBLICATION_WITHDRAW = "publication.withdraw"
    PUBLICATION_READ_BACK = "publication.read_back"
    MESSAGE_REPLY = "message.reply"
    MESSAGE_HIDE = "message.hide"
    MESSAGE_UNHIDE = "message.unhide"
    CONTEST_UPDATE = "contest.update"
    CONTEST_OPEN = "contest.open"
    CONTEST_CLOSE = "contest.close"
    CONTEST_FREEZE = "contest.freeze"
    CONTEST_DRAW = "contest.draw"
    CONTEST_REPLACE_WINNER = "contest.replace_winner"
    CONTEST_ANNOUNCE = "contest.announce"
    CONTEST_CANCEL = "contest.cancel"
    CONTEST_ENTRY_DISQUALIFY = "contest_entry.disqualify"
    CONTEST_ENTRY_READMIT = "contest_entry.readmit"
    TRIGGER_UPDATE = "trigger.update"
    TRIGGER_ROTATE_SECRET = "trigger.rotate_secret"  # noqa: S105 - the name of an act
    TRIGGER_DELETE = "trigger.delete"
    ENDPOINT_UPDATE = "endpoint.update"
    ENDPOINT_ROTATE_SECRET = "endpoint.rotate_secret"  # noqa: S105 - the name of an act
    ENDPOINT_TEST = "endpoint.test"
    ENDPOINT_REPLAY = "endpoint.replay"
    ENDPOINT_DELETE = "endpoint.delete"
    DELIVERY_REPLAY = "delivery.replay"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An action, the permission it takes, and the state of the object it makes sense in."""

    action: Action
    permission: Permission
    when: Callable[[Facts, Caller], bool] = lambda _facts, _caller: True


def _state(*states: str) -> Callable[[Facts, Caller], bool]:
    return lambda facts, _caller: facts["state"] in states


def _not_begun(*states: str) -> Callable[[Facts, Caller], bool]:
    return lambda facts, _caller: (
        facts["state"] in states
        and facts["commit_attempted_at"] is None
        and not (facts["checkpoint"] or {}).get("parts")
    )


def _resumable(facts: Facts, _caller: Caller) -> bool:
    return bool(facts["state"] == "HELD" and facts["hold_reason"] != "EDITION_STALE")


def _retryable(facts: Facts, _caller: Caller) -> bool:
    return facts["state"] == "FAILED" or (
        facts["state"] == "UNCONFIRMED" and facts["due_at"] is None
    )


def _repliable(facts: Facts, _caller: Caller) -> bool:
    return facts["direction"] == "INBOUND" and Capability.REPLY in facts["channel_capabilities"]


def _hideable(*, hidden: bool) -> Callable[[Facts, Caller], bool]:
    def offered(facts: Facts, _caller: Caller) -> bool:
        under_way = facts["pending_amendment"]
        wanted = facts["hidden"] if under_way is None else under_way == "HIDE"
        return bool(
            facts["direction"] == "INBOUND"
            and wanted is hidden
            and Capability.HIDE in facts["channel_capabilities"]
        )

    return offered


def _out_where(capability: Capability) -> Callable[[Facts, Caller], bool]:
    return lambda facts, _caller: bool(
        facts["state"] == "PUBLISHED" and capability in facts["channel_capabilities"]
    )


def _addressed_where(capability: Capability) -> Callable[[Facts, Caller], bool]:
    """Say when the platform can do it, and can be told with which post."""
    return lambda facts, caller: bool(
        _out_where(capability)(facts, caller)
        and not any(str(ref["remote_id"]).startswith(CONFIRMED) for ref in facts["refs"])
    )


def _editable(facts: Facts, caller: Caller) -> bool:
    return bool(
        _addressed_where(Capability.EDIT)(facts, caller)
        and facts["newer_edition_approved"]
        and facts["pending_amendment"] is None
    )


def _withdrawable(facts: Facts, caller: Caller) -> bool:
    addressed = _addressed_where(Capability.DELETE)(facts, caller)
    return addressed and facts["pending_amendment"] != "WITHDRAW"


def _may_too(permission: Permission) -> Callable[[Facts, Caller], bool]:
    return lambda _facts, caller: caller.may(permission)


def _submittable(facts: Facts, _caller: Caller) -> bool:
    return not facts["archived"] and facts["open_review_id"] is None


def _schedulable(facts: Facts, _caller: Caller) -> bool:
    return not facts["archived"] and bool(facts["current_revision_approved"])


def _strategic(*actions: Action) -> tuple[Offer, ...]:
    return tuple(Offer(action=action, permission=Permission.STRATEGY_WRITE) for action in actions)


def _announceable(facts: Facts, caller: Caller) -> bool:
    waits = facts["state"] == "DRAWN" and not facts["announcement_open"]
    return waits and caller.may(Permission.CONTENT_WRITE)


def _disqualifiable(facts: Facts, _caller: Caller) -> bool:
    return facts["contest_state"] in JUDGED and facts["ruling"] != "DISQUALIFIED"


def _readmittable(facts: Facts, _caller: Caller) -> bool:
    codes = {reason["code"] for reason in facts["reasons"]}
    return facts["contest_state"] in JUDGED and bool(codes) and codes <= OVERRULABLE


#: Columns each type's offers and problems read; names that are no column of the type's table are
#: expressions the GraphQL mapping registers under the same name.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "Brand": (),
    "Campaign": (),
    "VoiceGuide": (),
    "Audience": (),
    "Pillar": (),
    "Goal": (),
    "Channel": ("state", "state_message", "enabled"),
    "ContentItem": ("archived", "open_review_id", "current_revision_approved"),
    "Workflow": ("archived_at",),
    "Review": (
        "state",
        "submitted_by",
        "author_ids",
        "candidate_ids",
        "approver_ids",
        "blocked",
        "due_at",
        "open_mode",
        "open_needed",
        "open_four_eyes",
    ),
    "Remark": ("author_id", "parent_id", "resolved_at", "answered"),
    "Publication": (
        "state",
        "hold_reason",
        "problem",
        "due_at",
        "commit_attempted_at",
        "checkpoint",
        "standing",
        "channel_capabilities",
        "newer_edition_approved",
        "pending_amendment",
        "refs",
    ),
    "Message": ("direction", "hidden", "channel_capabilities", "pending_amendment"),
    "Contest": ("state", "unread", "opens_at", "announcement_open"),
    "ContestEntry": ("state", "ruling", "reasons", "contest_state"),
    "Trigger": ("enabled",),
    "Endpoint": ("enabled", "disabled_reason", "problem", "failing_since"),
    "Delivery": ("endpoint_enabled",),
}

OFFERS: Mapping[str, tuple[Offer, ...]] = {
    "Brand": _strategic(Action.BRAND_UPDATE),
    "Campaign": _strategic(Action.CAMPAIGN_UPDATE, Action.CAMPAIGN_PLAN_SET),
    "VoiceGuide": _strategic(Action.VOICE_GUIDE_SET, Action.VOICE_GUIDE_DELETE),
    "Audience": _strategic(Action.AUDIENCE_UPDATE, Action.AUDIENCE_DELETE),
    "Pillar": _strategic(Action.PILLAR_UPDATE, Action.PILLAR_DELETE),
    "Goal": _strategic(Action.GOAL_UPDATE, Action.GOAL_DELETE),
    "Channel": (
        Offer(action=Action.CHANNEL_UPDATE, permission=Permission.CHANNELS_WRITE),
        Offer(action=Action.CHANNEL_CHECK, permission=Permission.CHANNELS_WRITE),
        Offer(
            action=Action.CHANNEL_DISABLE,
            permission=Permission.CHANNELS_WRITE,
            when=lambda facts, _caller: bool(facts["enabled"]),
        ),
        Offer(
            action=Action.CHANNEL_ENABLE,
            permission=Permission.CHANNELS_WRITE,
            when=lambda facts, _caller: not facts["enabled"],
        ),
    ),
    "ContentItem": (
        Offer(
            action=Action.CONTENT_ITEM_UPDATE,
            permission=Permission.CONTENT_WRITE,
            when=lambda facts, _caller: not facts["archived"],
        ),
        Offer(
            action=Action.CONTENT_ITEM_ARCHIVE,
            permission=Permission.CONTENT_WRITE,
            when=lambda facts, _caller: not facts["archived"],
        ),
        Offer(action=Action.REVIEW_SUBMIT, permission=Permission.REVIEW_SUBMIT, when=_submittable),
        Offer(
            action=Action.PUBLICATION_SCHEDULE,
            permission=Permission.PUBLISHING_WRITE,
            when=_schedulable,
        ),
    ),
    "Review": (
        Offer(
            action=Action.REVIEW_APPROVE,
            permission=Permission.REVIEW_DECIDE,
            when=offering.can_approve,
        ),
        Offer(
            action=Action.REVIEW_REQUEST_CHANGES,
            permission=Permission.REVIEW_DECIDE,
            when=offering.can_request_changes,
        ),
        Offer(
            action=Action.REVIEW_CANCEL,
            permission=Permission.REVIEW_SUBMIT,
            when=_state("PREPARING", "IN_REVIEW", "BLOCKED"),
        ),
    ),
    "Workflow": (
        Offer(
            action=Action.WORKFLOW_UPDATE,
            permission=Permission.REVIEW_MANAGE,
            when=lambda facts, _caller: facts["archived_at"] is None,
        ),
        Offer(
            action=Action.WORKFLOW_ARCHIVE,
            permission=Permission.REVIEW_MANAGE,
            when=lambda facts, _caller: facts["archived_at"] is None,
        ),
    ),
    "Remark": (
        Offer(action=Action.REMARK_ANSWER, permission=Permission.REVIEW_REMARK),
        Offer(
            action=Action.REMARK_EDIT, permission=Permission.REVIEW_REMARK, when=offering.own_remark
        ),
        Offer(
            action=Action.REMARK_RESOLVE,
            permission=Permission.REVIEW_REMARK,
            when=offering.settles(resolved=False),
        ),
        Offer(
            action=Action.REMARK_REOPEN,
            permission=Permission.REVIEW_REMARK,
            when=offering.settles(resolved=True),
        ),
        Offer(
            action=Action.REMARK_DELETE,
            permission=Permission.REVIEW_REMARK,
            when=lambda facts, caller: not facts["answered"] and offering.own_remark(facts, caller),
        ),
    ),
    "Publication": (
        Offer(
            action=Action.PUBLICATION_RESCHEDULE,
            permission=Permission.PUBLISHING_WRITE,
            when=_not_begun("PLANNED", "SCHEDULED", "HELD"),
        ),
        Offer(
            action=Action.PUBLICATION_CANCEL,
            permission=Permission.PUBLISHING_WRITE,
            when=lambda facts, caller: (
                facts["state"] == "FAILED"
                or _not_begun("PLANNED", "SCHEDULED", "PUBLISHING", "HELD")(facts, caller)
            ),
        ),
        Offer(
            action=Action.PUBLICATION_RESUME,
            permission=Permission.PUBLISHING_WRITE,
            when=_resumable,
        ),
        Offer(
            action=Action.PUBLICATION_RETRY,
            permission=Permission.PUBLISHING_WRITE,
            when=_retryable,
        ),
        Offer(
            action=Action.PUBLICATION_CONFIRM,
            permission=Permission.PUBLISHING_WRITE,
            when=_state("UNCONFIRMED"),
        ),
        Offer(
            action=Action.PUBLICATION_ABANDON,
            permission=Permission.PUBLISHING_WRITE,
            when=_state("UNCONFIRMED"),
        ),
        Offer(
            action=Action.PUBLICATION_COLLECT,
            permission=Permission.ENGAGEMENT_READ,
            when=_out_where(Capability.MESSAGES),
        ),
        Offer(
            action=Action.PUBLICATION_EDIT,
            permission=Permission.PUBLISHING_WRITE,
            when=_editable,
        ),
        Offer(
            action=Action.PUBLICATION_WITHDRAW,
            permission=Permission.PUBLISHING_WRITE,
            when=_withdrawable,
        ),
        Offer(
            action=Action.PUBLICATION_READ_BACK,
            permission=Permission.PUBLISHING_READ,
            when=_addressed_where(Capability.READ_BACK),
        ),
    ),
    "Message": (
        Offer(action=Action.MESSAGE_REPLY, permission=Permission.ENGAGEMENT_REPLY, when=_repliable),
        Offer(
            action=Action.MESSAGE_HIDE,
            permission=Permission.ENGAGEMENT_MODERATE,
            when=_hideable(hidden=False),
        ),
        Offer(
            action=Action.MESSAGE_UNHIDE,
            permission=Permission.ENGAGEMENT_MODERATE,
            when=_hideable(hidden=True),
        ),
    ),
    "Contest": tuple(
        Offer(action=action, permission=Permission.CONTEST_MANAGE, when=when)
        for action, when in (
            (Action.CONTEST_UPDATE, _state("DRAFT")),
            (Action.CONTEST_OPEN, _state("DRAFT")),
            (Action.CONTEST_CLOSE, _state("OPEN")),
            (Action.CONTEST_FREEZE, _state("CLOSED")),
            (Action.CONTEST_DRAW, _state("FROZEN")),
            (Action.CONTEST_REPLACE_WINNER, _state("DRAWN", "ANNOUNCED")),
            (Action.CONTEST_ANNOUNCE, _announceable),
            (Action.CONTEST_CANCEL, _state("DRAFT", "OPEN", "CLOSED", "FROZEN")),
        )
    ),
    "ContestEntry": tuple(
        Offer(action=action, permission=Permission.CONTEST_MANAGE, when=when)
        for action, when in (
            (Action.CONTEST_ENTRY_DISQUALIFY, _disqualifiable),
            (Action.CONTEST_ENTRY_READMIT, _readmittable),
        )
    ),
    "Trigger": (
        Offer(
            action=Action.TRIGGER_UPDATE,
            permission=Permission.AUTOMATION_WRITE,
            when=_may_too(Permission.PUBLISHING_WRITE),
        ),
        Offer(
            action=Action.TRIGGER_ROTATE_SECRET,
            permission=Permission.AUTOMATION_WRITE,
            when=_may_too(Permission.PUBLISHING_WRITE),
        ),
        Offer(action=Action.TRIGGER_DELETE, permission=Permission.AUTOMATION_WRITE),
    ),
    "Endpoint": (
        Offer(
            action=Action.ENDPOINT_UPDATE,
            permission=Permission.AUTOMATION_WRITE,
            when=_may_too(Permission.AUDIT_READ),
        ),
        Offer(
            action=Action.ENDPOINT_ROTATE_SECRET,
            permission=Permission.AUTOMATION_WRITE,
            when=_may_too(Permission.AUDIT_READ),
        ),
        Offer(
            action=Action.ENDPOINT_TEST,
            permission=Permission.AUTOMATION_WRITE,
            when=lambda facts, _caller: bool(facts["enabled"]),
        ),
        Offer(
            action=Action.ENDPOINT_REPLAY,
            permission=Permission.AUTOMATION_WRITE,
            when=lambda facts, caller: bool(facts["enabled"]) and caller.may(Permission.AUDIT_READ),
        ),
        Offer(action=Action.ENDPOINT_DELETE, permission=Permission.AUTOMATION_WRITE),
    ),
    "Delivery": (
        Offer(
            action=Action.DELIVERY_REPLAY,
            permission=Permission.AUTOMATION_WRITE,
            when=lambda facts, _caller: bool(facts["endpoint_enabled"]),
        ),
    ),
}


def actions(kind: str, facts: Facts, caller: Caller) -> list[Action]:
    """Return what the caller may do to an object of that kind now."""
    return [
        offer.action
        for offer in OFFERS.get(kind, ())
        if caller.may(offer.permission) and offer.when(facts, caller)
    ]


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


_PROBLEMS: Mapping[str, Callable[[Facts, datetime], Iterable[Problem]]] = {
    "Channel": _channel_problems,
    "Publication": _publication_problems,
    "Contest": _contest_problems,
    "Review": offering.review_problems,
    "Endpoint": _endpoint_problems,
}


def problems(kind: str, facts: Facts, now: datetime) -> list[Problem]:
    """Return what is wrong with an object of that kind at this moment, worst first."""
    find = _PROBLEMS.get(kind)
    return list(find(facts, now)) if find else []
