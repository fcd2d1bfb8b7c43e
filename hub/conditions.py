"""When an action makes sense: pure functions of the facts named in `offers.NEEDS`."""

from collections.abc import Callable, Mapping
from typing import Any

from hub.channels.platforms.base import Capability
from hub.engagement.contests.rules import JUDGED, OVERRULABLE
from hub.kernel.caller import Caller, Permission
from hub.publishing.rules import CONFIRMED

Facts = Mapping[str, Any]
When = Callable[[Facts, Caller], bool]


def always(_facts: Facts, _caller: Caller) -> bool:
    return True


def state(*states: str) -> Callable[[Facts, Caller], bool]:
    return lambda facts, _caller: facts["state"] in states


def not_begun(*states: str) -> Callable[[Facts, Caller], bool]:
    return lambda facts, _caller: (
        facts["state"] in states
        and facts["commit_attempted_at"] is None
        and not (facts["checkpoint"] or {}).get("parts")
    )


def resumable(facts: Facts, _caller: Caller) -> bool:
    return bool(facts["state"] == "HELD" and facts["hold_reason"] != "EDITION_STALE")


def retryable(facts: Facts, _caller: Caller) -> bool:
    return facts["state"] == "FAILED" or (
        facts["state"] == "UNCONFIRMED" and facts["due_at"] is None
    )


def repliable(facts: Facts, _caller: Caller) -> bool:
    needed = {Capability.REPLY}
    if facts["thread_kind"] == "DIRECT":
        needed.add(Capability.DIRECT_MESSAGES)
    return (
        facts["direction"] == "INBOUND"
        and not facts["deleted"]
        and needed <= set(facts["channel_capabilities"])
    )


def likeable(*, liked: bool) -> Callable[[Facts, Caller], bool]:
    def offered(facts: Facts, _caller: Caller) -> bool:
        wanted = facts["liked"] if facts["like_wanted"] is None else facts["like_wanted"]
        return bool(
            facts["direction"] == "INBOUND"
            and not facts["deleted"]
            and wanted is liked
            and Capability.LIKE in facts["channel_capabilities"]
        )

    return offered


def hideable(*, hidden: bool) -> Callable[[Facts, Caller], bool]:
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


def out_where(capability: Capability) -> Callable[[Facts, Caller], bool]:
    return lambda facts, _caller: bool(
        facts["state"] == "PUBLISHED" and capability in facts["channel_capabilities"]
    )


def addressed_where(capability: Capability) -> Callable[[Facts, Caller], bool]:
    """Say when the platform can do it, and can be told with which post."""
    return lambda facts, caller: bool(
        out_where(capability)(facts, caller)
        and not any(str(ref["remote_id"]).startswith(CONFIRMED) for ref in facts["refs"])
    )


def editable(facts: Facts, caller: Caller) -> bool:
    return bool(
        addressed_where(Capability.EDIT)(facts, caller)
        and facts["newer_edition_approved"]
        and facts["pending_amendment"] is None
    )


def withdrawable(facts: Facts, caller: Caller) -> bool:
    addressed = addressed_where(Capability.DELETE)(facts, caller)
    return addressed and facts["pending_amendment"] != "WITHDRAW"


def may_too(permission: Permission) -> Callable[[Facts, Caller], bool]:
    return lambda _facts, caller: caller.may(permission)


def draftable(facts: Facts, caller: Caller) -> bool:
    undrafted = any(one["item_id"] is None for one in facts["statements"])
    return undrafted and caller.may(Permission.CONTENT_WRITE)


def answerable(facts: Facts, caller: Caller) -> bool:
    waits = facts["channel_id"] is not None and facts["thread_id"] is None
    return waits and caller.may(Permission.ENGAGEMENT_REPLY)


def endable(facts: Facts, caller: Caller) -> bool:
    return facts["ended_at"] is None and caller.may(Permission.PUBLISHING_WRITE)


def acknowledgeable(facts: Facts, _caller: Caller) -> bool:
    return facts["acknowledged_at"] is None


def submittable(facts: Facts, _caller: Caller) -> bool:
    return not facts["archived"] and facts["open_review_id"] is None


def schedulable(facts: Facts, _caller: Caller) -> bool:
    return not facts["archived"] and bool(facts["current_revision_approved"])


def announceable(facts: Facts, caller: Caller) -> bool:
    waits = facts["state"] == "DRAWN" and not facts["announcement_open"]
    return waits and caller.may(Permission.CONTENT_WRITE)


def disqualifiable(facts: Facts, _caller: Caller) -> bool:
    return facts["contest_state"] in JUDGED and facts["ruling"] != "DISQUALIFIED"


def readmittable(facts: Facts, _caller: Caller) -> bool:
    codes = {reason["code"] for reason in facts["reasons"]}
    return facts["contest_state"] in JUDGED and bool(codes) and codes <= OVERRULABLE


def undoable(facts: Facts, _caller: Caller) -> bool:
    """Say when what was done to a message can be taken back."""
    if facts["state"] not in {"PENDING", "DONE"}:
        return False
    lasting = facts["kind"] in {"DELETE", "REPLY", "NOTIFY"}
    return not lasting or (facts["state"] == "PENDING" and not facts["tries"])
