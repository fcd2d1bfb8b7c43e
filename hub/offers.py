"""The one table of what can be done with each object, and of what that depends on.

Frontends decide nothing: every object answers `availableActions` for its viewer and `problems`.
Both are pure functions of a few columns, named in `NEEDS`, so that reading stays one statement;
what is wrong is found in `hub.problems`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.analytics.exports import TABLES
from hub.analytics.models import ExportKind
from hub.channels.platforms.base import Capability
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
    MESSAGE_LIKE = "message.like"
    MESSAGE_UNLIKE = "message.unlike"
    THREAD_UPDATE = "thread.update"
    THREAD_SNOOZE = "thread.snooze"
    THREAD_WAKE = "thread.wake"
    THREAD_NOTE_ADD = "thread.note_add"
    PERSON_UPDATE = "person.update"
    PERSON_LINK = "person.link"
    PERSON_UNLINK = "person.unlink"
    PERSON_NOTE_ADD = "person.note_add"
    SAVED_REPLY_UPDATE = "saved_reply.update"
    SAVED_REPLY_DELETE = "saved_reply.delete"
    SERVICE_TARGET_SET = "service_target.set"
    SERVICE_TARGET_DELETE = "service_target.delete"
    TRIGGER_UPDATE = "trigger.update"
    TRIGGER_ROTATE_SECRET = "trigger.rotate_secret"  # noqa: S105 - the name of an act
    TRIGGER_DELETE = "trigger.delete"
    ENDPOINT_UPDATE = "endpoint.update"
    ENDPOINT_ROTATE_SECRET = "endpoint.rotate_secret"  # noqa: S105 - the name of an act
    ENDPOINT_TEST = "endpoint.test"
    ENDPOINT_REPLAY = "endpoint.replay"
    ENDPOINT_DELETE = "endpoint.delete"
    DELIVERY_REPLAY = "delivery.replay"
    EXPORT_CANCEL = "export.cancel"


When = Callable[[Facts, Caller], bool]


def _always(_facts: Facts, _caller: Caller) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An action, the permission it takes, and the state of the object it makes sense in."""

    action: Action
    permission: Permission
    when: When = _always


def _each(permission: Permission, acts: Mapping[Action, When]) -> tuple[Offer, ...]:
    """Return offers that take the same permission."""
    return tuple(
        Offer(action=action, permission=permission, when=when) for action, when in acts.items()
    )


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
    needed = {Capability.REPLY}
    if facts["thread_kind"] == "DIRECT":
        needed.add(Capability.DIRECT_MESSAGES)
    return (
        facts["direction"] == "INBOUND"
        and not facts["deleted"]
        and needed <= set(facts["channel_capabilities"])
    )


def _likeable(*, liked: bool) -> Callable[[Facts, Caller], bool]:
    def offered(facts: Facts, _caller: Caller) -> bool:
        wanted = facts["liked"] if facts["like_wanted"] is None else facts["like_wanted"]
        return bool(
            facts["direction"] == "INBOUND"
            and not facts["deleted"]
            and wanted is liked
            and Capability.LIKE in facts["channel_capabilities"]
        )

    return offered


def _hideable(*, hidden: bool) -> Callable[[Facts, Caller], bool]:
    def offered(facts: Facts, _caller: Caller) -> bool:
        under_way = facts["pending_amendment"]
        wanted = facts["hidden"] if under_way is None else under_way == "HIDE"
        return bool(
            facts["direction"] == "INBOUND"
            and facts["thread_kind"] == "COMMENTS"
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
    "Contest": ("state", "unread", "opens_at", "announcement_open"),
    "ContestEntry": ("state", "ruling", "reasons", "contest_state"),
    "Message": (
        "direction",
        "hidden",
        "liked",
        "like_wanted",
        "deleted",
        "thread_kind",
        "channel_capabilities",
        "pending_amendment",
    ),
    "Thread": ("state", "overdue", "first_reply_due_at", "snoozed_until"),
    "Person": ("group_id",),
    "SavedReply": (),
    "ServiceTarget": (),
    "Trigger": ("enabled",),
    "Endpoint": ("enabled", "disabled_reason", "problem", "failing_since"),
    "Delivery": ("endpoint_enabled",),
    "Export": ("state", "kind"),
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
        *_each(
            Permission.ENGAGEMENT_REPLY,
            {
                Action.MESSAGE_LIKE: _likeable(liked=False),
                Action.MESSAGE_UNLIKE: _likeable(liked=True),
            },
        ),
    ),
    "Thread": _each(
        Permission.ENGAGEMENT_REPLY,
        {
            Action.THREAD_UPDATE: _always,
            Action.THREAD_SNOOZE: lambda facts, _caller: facts["state"] != "DONE",
            Action.THREAD_WAKE: lambda facts, _caller: facts["snoozed_until"] is not None,
            Action.THREAD_NOTE_ADD: _always,
        },
    ),
    "Person": _each(
        Permission.ENGAGEMENT_REPLY,
        {
            Action.PERSON_UPDATE: _always,
            Action.PERSON_LINK: _always,
            Action.PERSON_UNLINK: lambda facts, _caller: facts["group_id"] is not None,
            Action.PERSON_NOTE_ADD: _always,
        },
    ),
    "SavedReply": _each(
        Permission.ENGAGEMENT_REPLY,
        {Action.SAVED_REPLY_UPDATE: _always, Action.SAVED_REPLY_DELETE: _always},
    ),
    "ServiceTarget": _each(
        Permission.STRATEGY_WRITE,
        {Action.SERVICE_TARGET_SET: _always, Action.SERVICE_TARGET_DELETE: _always},
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
    "Export": (
        Offer(
            action=Action.EXPORT_CANCEL,
            permission=Permission.ANALYTICS_READ,
            when=lambda facts, caller: (
                _state("WAITING", "RUNNING")(facts, caller)
                and caller.may(TABLES[ExportKind(facts["kind"])].permission)
            ),
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
