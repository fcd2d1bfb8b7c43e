"""What is offered is what can be done, and problems say what is wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.access.models import Role
from hub.access.rules import PERMISSIONS
from hub.actions import Action
from hub.channels.platforms.base import Capability
from hub.kernel.caller import ActorKind, Caller
from hub.kernel.ids import new_id
from hub.offers import NEEDS, OFFERS, actions
from hub.problems import problems
from tests.hub.publishing.stands import STANDS

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def a_caller(role: Role) -> Caller:
    return Caller(
        workspace_id=new_id(),
        kind=ActorKind.MEMBER,
        member_id=new_id(),
        permissions=PERMISSIONS[role],
    )


MANAGER, EDITOR, APPROVER, VIEWER = (
    a_caller(role) for role in (Role.MANAGER, Role.EDITOR, Role.APPROVER, Role.VIEWER)
)


def a_publication(**stand: Any) -> dict[str, Any]:
    filled = {name: NOW if value is ... else value for name, value in stand.items()}
    if "checkpoint" in filled:
        filled["checkpoint"] = {"parts": [{}]}
    return {
        "hold_reason": None,
        "problem": "",
        "due_at": NOW,
        "commit_attempted_at": None,
        "checkpoint": {},
        "standing": None,
        "channel_capabilities": sorted(Capability),
        "newer_edition_approved": False,
        "pending_amendment": None,
        "refs": [{"remote_id": "1"}],
        **filled,
    }


@pytest.mark.parametrize(("name", "stand", "allowed"), STANDS, ids=[name for name, *_ in STANDS])
def test_a_publication_offers_exactly_what_its_operations_allow(
    name: str, stand: dict[str, Any], allowed: str
) -> None:
    facts = a_publication(**stand)

    offered = {str(action).removeprefix("publication.") for action in _offered(facts, EDITOR)}

    out = {"collect", "withdraw", "read_back"} if stand["state"] == "PUBLISHED" else set()
    assert offered == set(allowed.split()) | out, name
    assert set(_offered(facts, VIEWER)) <= {
        Action.PUBLICATION_COLLECT,
        Action.PUBLICATION_READ_BACK,
    }


@pytest.mark.parametrize(
    ("facts", "offered"),
    [
        ({}, "collect withdraw read_back"),
        ({"newer_edition_approved": True}, "collect edit withdraw read_back"),
        (
            {"newer_edition_approved": True, "pending_amendment": "EDIT"},
            "collect withdraw read_back",
        ),
        ({"newer_edition_approved": True, "pending_amendment": "WITHDRAW"}, "collect read_back"),
        ({"newer_edition_approved": True, "channel_capabilities": ["DELETE"]}, "withdraw"),
        ({"newer_edition_approved": True, "channel_capabilities": []}, ""),
        ({"newer_edition_approved": True, "refs": [{"remote_id": "confirmed:x"}]}, "collect"),
        ({"newer_edition_approved": True, "state": "HELD", "hold_reason": "PAUSED"}, "-"),
    ],
)
def test_what_is_out_is_changed_where_the_platform_can_and_something_else_is_approved(
    facts: dict[str, Any], offered: str
) -> None:
    found = _offered(a_publication(**{"state": "PUBLISHED", "due_at": None, **facts}), EDITOR)

    after = [action.removeprefix("publication.") for action in found]
    if offered == "-":
        assert not set(after) & {"edit", "withdraw", "read_back", "collect"}
    else:
        assert after == offered.split()


def _offered(facts: dict[str, Any], caller: Caller) -> list[Action]:
    return actions("Publication", facts, caller)


@pytest.mark.parametrize(
    ("archived", "open_review_id", "approved", "offered"),
    [
        (False, None, False, "content_item.update content_item.archive review.submit"),
        (
            False,
            None,
            True,
            "content_item.update content_item.archive review.submit publication.schedule",
        ),
        (False, new_id(), False, "content_item.update content_item.archive"),
        (True, None, True, ""),
    ],
)
def test_an_item_offers_what_fits_its_state(
    archived: bool, open_review_id: object, approved: bool, offered: str
) -> None:
    facts = {
        "archived": archived,
        "open_review_id": open_review_id,
        "current_revision_approved": approved,
    }

    assert actions("ContentItem", facts, EDITOR) == offered.split()
    assert actions("ContentItem", facts, VIEWER) == []


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("PREPARING", "review.cancel"),
        ("IN_REVIEW", "review.approve review.request_changes review.cancel"),
        ("BLOCKED", "review.cancel"),
        ("APPROVED", "review.request_changes"),
        ("CHANGES_REQUESTED", ""),
        ("SUPERSEDED", ""),
        ("CANCELLED", ""),
    ],
)
def test_a_review_offers_what_fits_its_state(state: str, offered: str) -> None:
    facts = a_review(state=state)

    assert actions("Review", facts, APPROVER) == offered.split()
    editors = {"review.cancel"} & set(offered.split())
    assert set(actions("Review", facts, EDITOR)) == editors


def a_review(**more: Any) -> dict[str, Any]:
    return {
        "state": "IN_REVIEW",
        "submitted_by": new_id(),
        "author_ids": [str(new_id()), None],
        "candidate_ids": [str(APPROVER.member_id), str(new_id())],
        "approver_ids": [],
        "blocked": False,
        "due_at": None,
        "open_mode": "ANY",
        "open_needed": None,
        "open_four_eyes": True,
        **more,
    }


@pytest.mark.parametrize("own", ["submitted_by", "author_ids"])
@pytest.mark.parametrize("four_eyes", [True, False])
def test_approval_is_not_offered_for_ones_own_work(own: str, four_eyes: bool) -> None:
    mine = APPROVER.member_id if own == "submitted_by" else [str(APPROVER.member_id)]
    facts = a_review(open_four_eyes=four_eyes, **{own: mine})

    assert (Action.REVIEW_APPROVE in actions("Review", facts, APPROVER)) is not four_eyes


@pytest.mark.parametrize(
    ("facts", "offered"),
    [
        ({"candidate_ids": []}, ""),
        ({"candidate_ids": [], "state": "APPROVED"}, "review.request_changes"),
        ({"approver_ids": [str(APPROVER.member_id)]}, "review.request_changes"),
        ({"blocked": True}, "review.request_changes"),
    ],
)
def test_who_is_not_asked_or_has_approved_or_is_blocked_is_not_offered_to_approve(
    facts: dict[str, Any], offered: str
) -> None:
    found = set(actions("Review", a_review(**facts), APPROVER)) - {"review.cancel"}

    assert found == set(offered.split())


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({}, []),
        ({"candidate_ids": []}, ["NOBODY_LEFT"]),
        ({"open_mode": "N_OF_M", "open_needed": 2}, []),
        ({"open_mode": "N_OF_M", "open_needed": 3}, ["NOBODY_LEFT"]),
        ({"open_mode": "ALL"}, []),
        (
            {"submitted_by": APPROVER.member_id, "open_mode": "N_OF_M", "open_needed": 2},
            ["NOBODY_LEFT"],
        ),
        (
            {"submitted_by": APPROVER.member_id, "open_needed": 2, "open_four_eyes": False},
            [],
        ),
        ({"blocked": True, "due_at": NOW - timedelta(hours=1)}, ["REMARKS_OPEN", "OVERDUE"]),
        ({"due_at": NOW}, []),
        ({"state": "APPROVED", "blocked": True, "candidate_ids": []}, []),
    ],
)
def test_a_review_says_what_keeps_it_from_its_end(facts: dict[str, Any], found: list[str]) -> None:
    assert [one.code for one in problems("Review", a_review(**facts), NOW)] == found


@pytest.mark.parametrize(
    ("author", "resolved", "answered", "offered"),
    [
        (EDITOR, False, False, "answer edit resolve delete"),
        (EDITOR, True, True, "answer edit reopen"),
        (APPROVER, False, False, "answer resolve"),
    ],
)
def test_a_remark_is_changed_by_its_author_and_settled_by_those_who_write(
    author: Caller, resolved: bool, answered: bool, offered: str
) -> None:
    facts = {
        "author_id": str(author.member_id),
        "parent_id": None,
        "resolved_at": NOW if resolved else None,
        "answered": answered,
    }

    assert actions("Remark", facts, EDITOR) == [f"remark.{one}" for one in offered.split()]
    assert actions("Remark", facts, VIEWER) == []
    answer = actions("Remark", {**facts, "parent_id": "x"}, EDITOR)
    assert {"remark.resolve", "remark.reopen"}.isdisjoint(answer)


def test_workflows_are_changed_by_managers_until_they_are_archived() -> None:
    assert actions("Workflow", {"archived_at": None}, MANAGER) == [
        "workflow.update",
        "workflow.archive",
    ]
    assert actions("Workflow", {"archived_at": NOW}, MANAGER) == []
    assert actions("Workflow", {"archived_at": None}, APPROVER) == []


def test_a_channel_is_switched_the_other_way() -> None:
    for enabled, switch in ((True, "channel.disable"), (False, "channel.enable")):
        facts = {"state": "READY", "state_message": "", "enabled": enabled}

        assert actions("Channel", facts, MANAGER) == ["channel.update", "channel.check", switch]
        assert actions("Channel", facts, EDITOR) == []


@pytest.mark.parametrize(
    ("direction", "hidden", "capabilities", "offered"),
    [
        ("INBOUND", False, [Capability.REPLY.value], ["message.reply"]),
        ("INBOUND", False, ["IMAGE"], []),
        ("INBOUND", False, ["HIDE"], ["message.hide"]),
        ("INBOUND", True, ["HIDE"], ["message.unhide"]),
        ("OUTBOUND", False, ["HIDE", "REPLY"], []),
    ],
)
def test_only_somebody_elses_message_is_answered_or_hidden_where_the_platform_can(
    direction: str, hidden: bool, capabilities: list[str], offered: list[str]
) -> None:
    facts = {
        "direction": direction,
        "hidden": hidden,
        "liked": False,
        "like_wanted": None,
        "deleted": False,
        "held": False,
        "thread_kind": "COMMENTS",
        "channel_capabilities": capabilities,
        "pending_amendment": None,
    }

    assert actions("Message", facts, EDITOR) == offered
    assert actions("Message", facts, VIEWER) == []


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("DRAFT", "update open cancel"),
        ("OPEN", "close cancel"),
        ("CLOSED", "freeze cancel"),
        ("FROZEN", "draw cancel"),
        ("DRAWN", "replace_winner announce"),
        ("ANNOUNCED", "replace_winner"),
        ("CANCELLED", ""),
    ],
)
def test_a_contest_offers_what_fits_its_state(state: str, offered: str) -> None:
    facts = {"state": state, "unread": False, "opens_at": NOW, "announcement_open": False}
    written = {**facts, "announcement_open": True}

    assert actions("Contest", facts, EDITOR) == [f"contest.{name}" for name in offered.split()]
    assert "contest.announce" not in actions("Contest", written, EDITOR)
    assert actions("Contest", facts, VIEWER) == []


@pytest.mark.parametrize(
    ("contest", "ruling", "codes", "offered"),
    [
        ("OPEN", None, [], "disqualify"),
        ("CLOSED", None, ["WRONG_ANSWER"], "disqualify readmit"),
        ("CLOSED", "DISQUALIFIED", ["BY_HAND"], "readmit"),
        ("CLOSED", "DISQUALIFIED", ["BY_HAND", "HIDDEN"], ""),
        ("CLOSED", None, ["OUT_OF_WINDOW"], "disqualify"),
        ("FROZEN", None, [], ""),
        ("DRAFT", None, ["WRONG_ANSWER"], ""),
    ],
)
def test_a_comment_of_a_contest_offers_what_can_be_ruled(
    contest: str, ruling: str | None, codes: list[str], offered: str
) -> None:
    facts = {
        "state": "DISQUALIFIED" if codes else "ELIGIBLE",
        "ruling": ruling,
        "reasons": [{"code": code, "text": ""} for code in codes],
        "contest_state": contest,
    }

    found = [action.removeprefix("contest_entry.") for action in _of_entry(facts, EDITOR)]
    assert found == offered.split()
    assert _of_entry(facts, VIEWER) == []


def _of_entry(facts: dict[str, Any], caller: Caller) -> list[Action]:
    return actions("ContestEntry", facts, caller)


@pytest.mark.parametrize(
    ("state", "unread", "opens_at", "found"),
    [
        ("CLOSED", True, NOW, ["CONTEST_UNREAD"]),
        ("CLOSED", False, NOW, []),
        ("OPEN", True, NOW, []),
        ("DRAFT", False, NOW, ["CONTEST_NOT_OPENED"]),
        ("DRAFT", False, NOW + timedelta(hours=1), []),
    ],
)
def test_a_contest_says_what_it_waits_for(
    state: str, unread: bool, opens_at: datetime, found: list[str]
) -> None:
    facts = {"state": state, "unread": unread, "opens_at": opens_at}

    assert [problem.code for problem in problems("Contest", facts, NOW)] == found


def test_brands_and_campaigns_are_changed_by_those_who_may() -> None:
    assert actions("Brand", {}, MANAGER) == ["brand.update"]
    assert actions("Campaign", {}, MANAGER) == ["campaign.update", "campaign.plan_set"]
    for kind, also in (
        ("VoiceGuide", ["voice_guide.set", "voice_guide.delete"]),
        ("Audience", ["audience.update", "audience.delete"]),
        ("Pillar", ["pillar.update", "pillar.delete"]),
        ("Goal", ["goal.update", "goal.delete"]),
    ):
        assert actions(kind, {}, MANAGER) == also
        assert actions(kind, {}, EDITOR) == []
    assert actions("Brand", {}, EDITOR) == []
    assert actions("Something", {}, MANAGER) == []


@pytest.mark.parametrize(
    ("kind", "facts", "offered"),
    [
        ("Pause", {"ended_at": None}, "pause.end"),
        ("Pause", {"ended_at": NOW}, ""),
        ("Alert", {"acknowledged_at": None}, "alert.acknowledge"),
        ("Alert", {"acknowledged_at": NOW}, ""),
        (
            "Incident",
            {"state": "OPEN", "statements": [{"item_id": "x"}]},
            "incident.update incident.note incident.link incident.statement_set",
        ),
        (
            "Incident",
            {"state": "OPEN", "statements": [{"item_id": "x"}, {"item_id": None}]},
            (
                "incident.update incident.note incident.link incident.statement_set "
                "incident.statement_draft"
            ),
        ),
    ],
)
def test_a_bad_day_offers_what_is_left_to_do(
    kind: str, facts: dict[str, Any], offered: str
) -> None:
    assert [str(one) for one in actions(kind, facts, APPROVER)] == offered.split()
    assert actions(kind, facts, VIEWER) == []
    assert Action.PAUSE_END not in actions(kind, facts, EDITOR)


def test_every_action_is_offered_by_one_type_and_reads_only_what_it_names() -> None:
    offered = [offer.action for table in OFFERS.values() for offer in table]

    assert sorted(offered) == sorted(Action)
    assert set(OFFERS) == set(NEEDS)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"state": "PUBLISHED"}, []),
        ({"state": "PUBLISHED", "standing": "STANDS"}, []),
        ({"state": "PUBLISHED", "standing": "CHANGED"}, [("CHANGED_AT_PLATFORM", "WARNING")]),
        ({"state": "PUBLISHED", "standing": "HIDDEN"}, [("HIDDEN_AT_PLATFORM", "WARNING")]),
        ({"state": "PUBLISHED", "standing": "GONE"}, [("GONE_FROM_PLATFORM", "WARNING")]),
        ({"state": "WITHDRAWN", "standing": "GONE"}, []),
        ({"state": "SCHEDULED", "due_at": NOW + timedelta(hours=1)}, []),
        ({"state": "SCHEDULED", "due_at": NOW - timedelta(hours=1)}, [("LATE", "WARNING")]),
        (
            {"state": "SCHEDULED", "due_at": NOW + timedelta(hours=1), "problem": "503"},
            [("DELAYED", "WARNING")],
        ),
        ({"state": "HELD", "hold_reason": "PAUSED"}, [("HELD_PAUSED", "ERROR")]),
        ({"state": "UNCONFIRMED", "due_at": None}, [("OUTCOME_UNKNOWN", "ERROR")]),
        ({"state": "UNCONFIRMED"}, [("LOOKING_UP", "WARNING")]),
        ({"state": "FAILED", "problem": "no"}, [("FAILED", "ERROR")]),
    ],
)
def test_a_publication_says_what_is_wrong_with_it(
    facts: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    told = problems("Publication", a_publication(**facts), NOW)

    assert [(problem.code, problem.severity.value) for problem in told] == found


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"state": "READY", "enabled": True}, []),
        ({"state": "CHECKING", "enabled": True}, []),
        ({"state": "READY", "enabled": False}, ["CHANNEL_DISABLED"]),
        ({"state": "FAILED", "enabled": True}, ["CHANNEL_FAILED"]),
        ({"state": "NEEDS_AUTH", "enabled": False}, ["CHANNEL_NEEDS_AUTH", "CHANNEL_DISABLED"]),
    ],
)
def test_a_channel_says_what_is_wrong_with_it(facts: dict[str, Any], found: list[str]) -> None:
    told = problems("Channel", {"state_message": "", **facts}, NOW)

    assert [problem.code for problem in told] == found
    assert all(problem.message for problem in told)
    assert problems("Brand", {}, NOW) == []


@pytest.mark.parametrize(
    ("kind", "state", "tries", "offered"),
    [
        ("HIDE", "DONE", 0, True),
        ("HIDE", "UNDONE", 0, False),
        ("HOLD", "FAILED", 0, False),
        ("DELETE", "DONE", 1, False),
        ("DELETE", "PENDING", 0, True),
        ("DELETE", "PENDING", 1, False),
        ("REPLY", "DONE", 0, False),
    ],
)
def test_what_was_done_to_a_message_is_undone_where_that_can_be(
    kind: str, state: str, tries: int, *, offered: bool
) -> None:
    facts = {"kind": kind, "state": state, "tries": tries, "problem": ""}

    assert actions("ModerationAction", facts, EDITOR) == (
        ["moderation_action.undo"] if offered else []
    )
    assert actions("ModerationAction", facts, VIEWER) == []


def test_a_rule_says_where_its_acts_will_fail() -> None:
    facts = {
        "actions": [{"kind": "HIDE"}, {"kind": "TAG", "tags": ["spam"]}],
        "channels_able": [["HIDE", "REPLY"], ["REPLY"]],
    }

    (problem,) = problems("ModerationRule", facts, NOW)

    assert (problem.code, problem.severity) == ("CANNOT_HIDE", "WARNING")
    assert problem.message.startswith("1 of its 2 channels cannot hide what others write")
