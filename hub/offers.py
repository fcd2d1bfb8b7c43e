"""The one table of what can be done with each object, and of what that depends on.

Frontends decide nothing: every object answers `availableActions` for its viewer and `problems`.
Both are pure functions of a few columns, named in `NEEDS`, so that reading stays one statement;
what is wrong is found in `hub.problems`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub import conditions
from hub.actions import Action
from hub.analytics.exports import TABLES
from hub.analytics.models import ExportKind
from hub.channels.platforms.base import Capability
from hub.conditions import Facts, When
from hub.kernel.caller import Caller, Permission
from hub.review import offering


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An action, the permission it takes, and the state of the object it makes sense in."""

    action: Action
    permission: Permission
    when: When = conditions.always


def _each(permission: Permission, acts: Mapping[Action, When]) -> tuple[Offer, ...]:
    """Return offers that take the same permission."""
    return tuple(
        Offer(action=action, permission=permission, when=when) for action, when in acts.items()
    )


def _strategic(*actions: Action) -> tuple[Offer, ...]:
    return tuple(Offer(action=action, permission=Permission.STRATEGY_WRITE) for action in actions)


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
        "held",
        "thread_kind",
        "channel_capabilities",
        "pending_amendment",
    ),
    "Thread": ("state", "overdue", "first_reply_due_at", "snoozed_until"),
    "Person": ("group_id",),
    "SavedReply": (),
    "ServiceTarget": (),
    "Pause": ("ended_at",),
    "Monitor": (),
    "Mention": ("channel_id", "thread_id"),
    "Alert": ("acknowledged_at",),
    "Incident": ("state", "statements"),
    "ModerationRule": ("actions", "channels_able"),
    "ModerationAction": ("kind", "state", "tries", "problem"),
    "Sanction": ("state", "problem"),
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
        Offer(
            action=Action.REVIEW_SUBMIT,
            permission=Permission.REVIEW_SUBMIT,
            when=conditions.submittable,
        ),
        Offer(
            action=Action.PUBLICATION_SCHEDULE,
            permission=Permission.PUBLISHING_WRITE,
            when=conditions.schedulable,
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
            when=conditions.state("PREPARING", "IN_REVIEW", "BLOCKED"),
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
            when=conditions.not_begun("PLANNED", "SCHEDULED", "HELD"),
        ),
        Offer(
            action=Action.PUBLICATION_CANCEL,
            permission=Permission.PUBLISHING_WRITE,
            when=lambda facts, caller: (
                facts["state"] == "FAILED"
                or conditions.not_begun("PLANNED", "SCHEDULED", "PUBLISHING", "HELD")(facts, caller)
            ),
        ),
        Offer(
            action=Action.PUBLICATION_RESUME,
            permission=Permission.PUBLISHING_WRITE,
            when=conditions.resumable,
        ),
        Offer(
            action=Action.PUBLICATION_RETRY,
            permission=Permission.PUBLISHING_WRITE,
            when=conditions.retryable,
        ),
        Offer(
            action=Action.PUBLICATION_CONFIRM,
            permission=Permission.PUBLISHING_WRITE,
            when=conditions.state("UNCONFIRMED"),
        ),
        Offer(
            action=Action.PUBLICATION_ABANDON,
            permission=Permission.PUBLISHING_WRITE,
            when=conditions.state("UNCONFIRMED"),
        ),
        Offer(
            action=Action.PUBLICATION_COLLECT,
            permission=Permission.ENGAGEMENT_READ,
            when=conditions.out_where(Capability.MESSAGES),
        ),
        Offer(
            action=Action.PUBLICATION_EDIT,
            permission=Permission.PUBLISHING_WRITE,
            when=conditions.editable,
        ),
        Offer(
            action=Action.PUBLICATION_WITHDRAW,
            permission=Permission.PUBLISHING_WRITE,
            when=conditions.withdrawable,
        ),
        Offer(
            action=Action.PUBLICATION_READ_BACK,
            permission=Permission.PUBLISHING_READ,
            when=conditions.addressed_where(Capability.READ_BACK),
        ),
    ),
    "Message": (
        Offer(
            action=Action.MESSAGE_REPLY,
            permission=Permission.ENGAGEMENT_REPLY,
            when=conditions.repliable,
        ),
        Offer(
            action=Action.MESSAGE_HIDE,
            permission=Permission.ENGAGEMENT_MODERATE,
            when=conditions.hideable(hidden=False),
        ),
        Offer(
            action=Action.MESSAGE_UNHIDE,
            permission=Permission.ENGAGEMENT_MODERATE,
            when=conditions.hideable(hidden=True),
        ),
        *_each(
            Permission.ENGAGEMENT_REPLY,
            {
                Action.MESSAGE_LIKE: conditions.likeable(liked=False),
                Action.MESSAGE_UNLIKE: conditions.likeable(liked=True),
            },
        ),
        Offer(
            action=Action.MESSAGE_RELEASE,
            permission=Permission.ENGAGEMENT_MODERATE,
            when=lambda facts, _caller: bool(facts["held"]),
        ),
    ),
    "Thread": _each(
        Permission.ENGAGEMENT_REPLY,
        {
            Action.THREAD_UPDATE: conditions.always,
            Action.THREAD_SNOOZE: lambda facts, _caller: facts["state"] != "DONE",
            Action.THREAD_WAKE: lambda facts, _caller: facts["snoozed_until"] is not None,
            Action.THREAD_NOTE_ADD: conditions.always,
        },
    ),
    "Person": (
        *_each(
            Permission.ENGAGEMENT_REPLY,
            {
                Action.PERSON_UPDATE: conditions.always,
                Action.PERSON_LINK: conditions.always,
                Action.PERSON_UNLINK: lambda facts, _caller: facts["group_id"] is not None,
                Action.PERSON_NOTE_ADD: conditions.always,
            },
        ),
        Offer(action=Action.SANCTION_CREATE, permission=Permission.ENGAGEMENT_MODERATE),
    ),
    "ModerationRule": _each(
        Permission.ENGAGEMENT_MODERATE,
        {
            Action.MODERATION_RULE_UPDATE: conditions.always,
            Action.MODERATION_RULE_DELETE: conditions.always,
        },
    ),
    "ModerationAction": _each(
        Permission.ENGAGEMENT_MODERATE, {Action.MODERATION_ACTION_UNDO: conditions.undoable}
    ),
    "Sanction": _each(
        Permission.ENGAGEMENT_MODERATE,
        {Action.SANCTION_LIFT: conditions.state("WANTED", "IN_FORCE")},
    ),
    "SavedReply": _each(
        Permission.ENGAGEMENT_REPLY,
        {
            Action.SAVED_REPLY_UPDATE: conditions.always,
            Action.SAVED_REPLY_DELETE: conditions.always,
        },
    ),
    "ServiceTarget": _each(
        Permission.STRATEGY_WRITE,
        {
            Action.SERVICE_TARGET_SET: conditions.always,
            Action.SERVICE_TARGET_DELETE: conditions.always,
        },
    ),
    "Contest": tuple(
        Offer(action=action, permission=Permission.CONTEST_MANAGE, when=when)
        for action, when in (
            (Action.CONTEST_UPDATE, conditions.state("DRAFT")),
            (Action.CONTEST_OPEN, conditions.state("DRAFT")),
            (Action.CONTEST_CLOSE, conditions.state("OPEN")),
            (Action.CONTEST_FREEZE, conditions.state("CLOSED")),
            (Action.CONTEST_DRAW, conditions.state("FROZEN")),
            (Action.CONTEST_REPLACE_WINNER, conditions.state("DRAWN", "ANNOUNCED")),
            (Action.CONTEST_ANNOUNCE, conditions.announceable),
            (Action.CONTEST_CANCEL, conditions.state("DRAFT", "OPEN", "CLOSED", "FROZEN")),
        )
    ),
    "ContestEntry": tuple(
        Offer(action=action, permission=Permission.CONTEST_MANAGE, when=when)
        for action, when in (
            (Action.CONTEST_ENTRY_DISQUALIFY, conditions.disqualifiable),
            (Action.CONTEST_ENTRY_READMIT, conditions.readmittable),
        )
    ),
    "Pause": (
        Offer(
            action=Action.PAUSE_END,
            permission=Permission.PUBLISHING_PAUSE,
            when=conditions.endable,
        ),
    ),
    "Monitor": _each(Permission.REPUTATION_WRITE, {Action.MONITOR_UPDATE: conditions.always}),
    "Mention": _each(
        Permission.REPUTATION_WRITE,
        {
            Action.MENTION_UPDATE: conditions.always,
            Action.MENTION_TO_INBOX: conditions.answerable,
        },
    ),
    "Alert": _each(
        Permission.REPUTATION_WRITE, {Action.ALERT_ACKNOWLEDGE: conditions.acknowledgeable}
    ),
    "Incident": _each(
        Permission.REPUTATION_WRITE,
        {
            Action.INCIDENT_UPDATE: conditions.always,
            Action.INCIDENT_NOTE: conditions.always,
            Action.INCIDENT_LINK: conditions.always,
            Action.INCIDENT_STATEMENT_SET: conditions.always,
            Action.INCIDENT_STATEMENT_DRAFT: conditions.draftable,
        },
    ),
    "Trigger": (
        Offer(
            action=Action.TRIGGER_UPDATE,
            permission=Permission.AUTOMATION_WRITE,
            when=conditions.may_too(Permission.PUBLISHING_WRITE),
        ),
        Offer(
            action=Action.TRIGGER_ROTATE_SECRET,
            permission=Permission.AUTOMATION_WRITE,
            when=conditions.may_too(Permission.PUBLISHING_WRITE),
        ),
        Offer(action=Action.TRIGGER_DELETE, permission=Permission.AUTOMATION_WRITE),
    ),
    "Endpoint": (
        Offer(
            action=Action.ENDPOINT_UPDATE,
            permission=Permission.AUTOMATION_WRITE,
            when=conditions.may_too(Permission.AUDIT_READ),
        ),
        Offer(
            action=Action.ENDPOINT_ROTATE_SECRET,
            permission=Permission.AUTOMATION_WRITE,
            when=conditions.may_too(Permission.AUDIT_READ),
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
                conditions.state("WAITING", "RUNNING")(facts, caller)
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
