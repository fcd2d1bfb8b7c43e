"""Moderation through the API, as moderators use it."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from hub.access.models import Role
from hub.engagement.models import Message, Person
from hub.kernel.ids import new_id
from tests.conftest import ROOT, Database
from tests.factories import a_channel
from tests.hub.engagement.test_inbox import recent
from tests.hub.engagement.test_operations import published, receive
from tests.schema.client.api import Desk, gid
from tests.schema.client.test_mutations_inbox import ids, wrote

RULE = """moderationRule{id name position version match stop enabled threadKinds
  conditions{kind negate phrases strength pattern atLeast withSanction messages}
  actions{kind tags assigneeId priority} problems{code severity} availableActions}"""


def spam(desk: Desk, **more: Any) -> dict[str, Any]:
    return {
        "brandId": desk.brand,
        "name": "Arnaques",
        "conditions": [{"kind": "WORDS", "phrases": ["arnaque"]}],
        "actions": [{"kind": "HOLD"}],
        **more,
    }


async def made(desk: Desk, **more: Any) -> dict[str, Any]:
    answer = await desk.editor.do("moderationRuleCreate", RULE, **spam(desk, **more))
    assert answer.payload["errors"] == []
    return dict(answer.payload["moderationRule"])


async def test_a_rule_is_shown_as_it_was_written(desk: Desk) -> None:
    await a_channel(desk.world)
    me = gid("Member", desk.world.editor.member_id or "")

    rule = await made(
        desk,
        match="ANY",
        threadKinds=["DIRECT", "COMMENTS"],
        conditions=[
            {"kind": "WORDS", "phrases": ["arnaque"], "strength": "PLAIN"},
            {"kind": "AUTHOR", "withSanction": ["WARN"], "negate": True},
        ],
        actions=[
            {"kind": "HIDE"},
            {"kind": "ASSIGN", "assigneeId": me},
            {"kind": "TAG", "tags": ["Spam"]},
        ],
    )

    nothing = dict.fromkeys(("strength", "pattern", "atLeast", "messages"))
    assert {**rule, "id": None} == {
        "id": None,
        "name": "Arnaques",
        "position": 1,
        "version": 1,
        "match": "ANY",
        "stop": False,
        "enabled": True,
        "threadKinds": ["COMMENTS", "DIRECT"],
        "conditions": [
            {
                **nothing,
                "kind": "WORDS",
                "negate": False,
                "phrases": ["arnaque"],
                "strength": "PLAIN",
                "withSanction": [],
            },
            {
                **nothing,
                "kind": "AUTHOR",
                "negate": True,
                "phrases": [],
                "withSanction": ["WARN"],
            },
        ],
        "actions": [
            {"kind": "HIDE", "tags": [], "assigneeId": None, "priority": None},
            {"kind": "ASSIGN", "tags": [], "assigneeId": me, "priority": None},
            {"kind": "TAG", "tags": ["spam"], "assigneeId": None, "priority": None},
        ],
        # A network that cannot hide what others write.
        "problems": [{"code": "CANNOT_HIDE", "severity": "WARNING"}],
        "availableActions": ["MODERATION_RULE_UPDATE", "MODERATION_RULE_DELETE"],
    }
    changed = await desk.editor.do(
        "moderationRuleUpdate", RULE, id=rule["id"], expectedVersion=1, enabled=False
    )
    assert changed.payload["moderationRule"]["version"] == 2
    gone = await desk.editor.do("moderationRuleDelete", "brand{id}", id=rule["id"])
    assert gone.payload["brand"] == {"id": desk.brand}


async def test_what_is_refused_names_the_input_at_fault(desk: Desk) -> None:
    foreign = gid("SavedReply", new_id())
    refused: dict[tuple[str, str], dict[str, Any]] = {
        ("INVALID", "input.conditions.0.pattern"): {
            "conditions": [{"kind": "PATTERN", "pattern": "(a)\\1"}]
        },
        ("INVALID", "input.actions"): {"actions": []},
        ("NOT_FOUND", "input.actions.0.savedReplyId"): {
            "actions": [{"kind": "REPLY", "savedReplyId": foreign}]
        },
        ("NOT_FOUND", "input.channelIds.0"): {"channelIds": [gid("Channel", new_id())]},
    }
    for (code, path), more in refused.items():
        answer = await desk.editor.do("moderationRuleCreate", RULE, **spam(desk, **more))
        (error,) = answer.payload["errors"]
        assert (error["code"], ".".join(error["path"])) == (code, path)
    viewer = await desk.as_(Role.VIEWER).do("moderationRuleCreate", RULE, **spam(desk))
    assert viewer.payload["errors"][0]["code"] == "FORBIDDEN"
    assert (await desk.editor.ask("{ moderationRules { totalCount } }")).data == {
        "moderationRules": {"totalCount": 0}
    }


async def test_a_rule_that_would_hide_nearly_everything_needs_a_word_more(desk: Desk) -> None:
    channel_id = await a_channel(desk.world)
    for number in range(10):
        await wrote(desk, channel_id, "ann", f"message {number}")
    broad = {
        "conditions": [{"kind": "WORDS", "phrases": ["message"]}],
        "actions": [{"kind": "HIDE"}],
    }

    refused = await desk.editor.do("moderationRuleCreate", RULE, **spam(desk, **broad))
    taken = await made(desk, **broad, acceptBroad=True)
    ran = await desk.as_(Role.VIEWER).ask(
        "query($id: ID!) { moderationDryRun(ruleId: $id) { matched warnings } }", id=taken["id"]
    )

    assert refused.payload["errors"][0]["code"] == "TOO_BROAD"
    assert ran.data["moderationDryRun"] == {
        "matched": 10,
        "warnings": ["MATCHES_NEARLY_EVERYTHING"],
    }


async def test_the_examples_of_the_documents_run(desk: Desk, database: Database) -> None:
    page = (ROOT / "docs" / "duties" / "moderating.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```graphql\n(.*?)```", page, re.DOTALL)
    examples = {re.split(r"\W", block)[1]: block for block in blocks}
    given: dict[str, Any] = {
        "brand": desk.brand,
        "member": gid("Member", desk.world.editor.member_id or ""),
        "until": (await desk.world.hub.now() + timedelta(days=7)).isoformat(),
    }

    async def run(name: str) -> Any:
        text = examples.pop(name)
        wanted = {known: value for known, value in given.items() if f"${known}:" in text}
        answer = await desk.editor.ask(text, **wanted)
        assert answer.errors == [], name
        (told,) = answer.data.values()
        if isinstance(told, dict):
            assert told.get("errors", []) == [], name
        return told

    assert [one["kind"] for one in await run("Starters")] == ["insult", "spam"]
    assert (await run("Trial"))["warnings"] == ["MATCHES_NOTHING"]
    rule = (await run("Make"))["moderationRule"]
    given |= {"rule": rule["id"], "rules": [rule["id"]]}
    assert (await run("Order"))["moderationRules"][0]["position"] == 1
    row = await published(desk.world, database, platform_key="wordpress")
    await receive(
        desk.world,
        row.id,
        await recent(desk.world, 1, text="Quelle ARN4QUE !", parent_remote_id="root"),
    )
    done = (await run("Done"))["nodes"]
    assert [(one["kind"], one["state"]) for one in done] == [
        ("ASSIGN", "DONE"),
        ("TAG", "DONE"),
        ("HIDE", "PENDING"),
    ]
    assert done[2]["spans"] == [{"start": 7, "end": 14, "text": "ARN4QUE"}]
    assert done[2]["availableActions"] == ["MODERATION_ACTION_UNDO"]
    given["action"] = done[2]["id"]
    undone = (await run("Undo"))["moderationAction"]
    assert (undone["state"], undone["undoneBy"]) == ("UNDONE", {"name": "Editor of acme"})
    await made(desk, conditions=[{"kind": "WORDS", "phrases": ["nul"]}])
    forum = await a_channel(desk.world, name="Forum", platform_key="misago")
    await wrote(desk, forum, "bob", "Nul")
    (waiting,) = (await run("Waiting"))["nodes"]
    assert waiting["moderationActions"]["nodes"] == [{"reason": "It has the words “nul”."}]
    assert "MESSAGE_RELEASE" in waiting["availableActions"]
    given["message"] = waiting["id"]
    assert (await run("Release"))["message"] == {"held": False}
    given["person"] = (await ids(desk, Person, "Person"))[-1]
    sanction = (await run("Mute"))["sanction"]
    assert (sanction["place"], sanction["state"]) == ("HUB", "IN_FORCE")
    given["sanction"] = sanction["id"]
    assert (await run("Lift"))["sanction"]["state"] == "LIFTED"
    assert [one["person"] for one in (await run("Sanctioned"))["nodes"]] == [{"handle": "bob"}]
    assert examples == {}


async def test_nothing_of_another_workspace_is_moderated(desk: Desk) -> None:
    for mutation, given in (
        ("moderationRuleUpdate", {"id": gid("ModerationRule", new_id())}),
        ("moderationRuleDelete", {"id": gid("ModerationRule", new_id())}),
        ("moderationActionUndo", {"id": gid("ModerationAction", new_id())}),
        ("messageRelease", {"messageId": gid("Message", new_id())}),
        ("sanctionLift", {"id": gid("Sanction", new_id())}),
        (
            "sanctionCreate",
            {"personId": gid("Person", new_id()), "kind": "MUTE", "reason": "x"},
        ),
    ):
        answer = await desk.editor.do(mutation, "", **given)
        assert [one["code"] for one in answer.payload["errors"]] == ["NOT_FOUND"]


async def test_a_person_shows_what_they_were_sanctioned_with(desk: Desk) -> None:
    channel_id: UUID = await a_channel(desk.world)
    await wrote(desk, channel_id, "ann", "Bonjour")
    (person,) = await ids(desk, Person, "Person")
    (message,) = await ids(desk, Message, "Message")

    await desk.editor.do(
        "sanctionCreate",
        "person{id}",
        personId=person,
        kind="WARN",
        reason="Ton",
        notice="Restez courtois, merci.",
    )
    shown = await desk.as_(Role.VIEWER).ask(
        """query($person: ID!, $message: ID!) {
             person: node(id: $person) { ... on Person { availableActions
               sanctions { nodes { kind state told notice publication { state } } } } }
             message: node(id: $message) { ... on Message { held
               moderationActions { totalCount } } } }""",
        person=person,
        message=message,
    )

    assert shown.data["person"] == {
        "availableActions": [],
        "sanctions": {
            "nodes": [
                {
                    "kind": "WARN",
                    "state": "IN_FORCE",
                    "told": "PRIVATE",
                    "notice": "Restez courtois, merci.",
                    "publication": {"state": "SCHEDULED"},
                }
            ]
        },
    }
    assert shown.data["message"] == {"held": False, "moderationActions": {"totalCount": 0}}
