"""When the acts of a review are offered, and what is wrong with one: pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from hub.channels.platforms.base import Problem, ProblemSeverity
from hub.kernel.caller import Caller, Permission
from hub.review.rules import approvals_needed

Facts = Mapping[str, Any]


def _among(caller: Caller, ids: Iterable[Any]) -> bool:
    return caller.member_id is not None and str(caller.member_id) in {str(one) for one in ids}


def can_approve(facts: Facts, caller: Caller) -> bool:
    own = _among(caller, (facts["submitted_by"], *facts["author_ids"]))
    return (
        facts["state"] == "IN_REVIEW"
        and _among(caller, facts["candidate_ids"])
        and not _among(caller, facts["approver_ids"])
        and not (facts["open_four_eyes"] and own)
        and not facts["blocked"]
    )


def can_request_changes(facts: Facts, caller: Caller) -> bool:
    asked = facts["state"] == "IN_REVIEW" and _among(caller, facts["candidate_ids"])
    return asked or facts["state"] == "APPROVED"


def own_remark(facts: Facts, caller: Caller) -> bool:
    return _among(caller, (facts["author_id"],)) or caller.may(Permission.WORKSPACE_ADMIN)


def settles(*, resolved: bool) -> Callable[[Facts, Caller], bool]:
    def offered(facts: Facts, caller: Caller) -> bool:
        others = caller.may(Permission.REVIEW_DECIDE) or caller.may(Permission.CONTENT_WRITE)
        return bool(
            facts["parent_id"] is None
            and (facts["resolved_at"] is not None) is resolved
            and (others or _among(caller, (facts["author_id"],)))
        )

    return offered


def review_problems(facts: Facts, now: datetime) -> Iterable[Problem]:
    if facts["state"] != "IN_REVIEW":
        return
    able = {str(one) for one in facts["candidate_ids"]}
    if facts["open_four_eyes"]:
        able -= {str(one) for one in (facts["submitted_by"], *facts["author_ids"])}
    if len(able) < approvals_needed(facts["open_mode"], facts["open_needed"], len(able)):
        yield Problem(
            code="NOBODY_LEFT",
            message="Too few are left who may approve this step. Cancel the review, and submit it "
            "again with another workflow or with more members who may decide.",
        )
    if facts["blocked"]:
        yield Problem(code="REMARKS_OPEN", message="A blocking remark is not resolved.")
    if facts["due_at"] is not None and facts["due_at"] < now:
        yield Problem(
            code="OVERDUE",
            message=f"A decision has been due since {facts['due_at'].isoformat()}.",
            severity=ProblemSeverity.WARNING,
        )
