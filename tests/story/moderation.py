"""Moderation: rules that say why they act and can be undone, and sanctions on persons."""

from datetime import timedelta
from typing import Any

from tests.story.inbox import threads
from tests.story.stage import Company, Story

ACTION = "id kind state reason ruleName spans{start end text} message{text} availableActions"
DRY_RUN = """query($r:ModerationRuleCreateInput!){moderationDryRun(rule:$r,newest:50){
  lookedAt matched samples{reason spans{text}} warnings}}"""


async def play(story: Story) -> None:
    """Tell how bad words are met, and whoever writes them."""
    await _tried_before(story.atelier)
    await _rules(story.atelier)
    await _they_act(story)
    await _undone(story)
    await _warned(story)
    await _muted(story)
    await _blocked(story)


async def ends(story: Story) -> None:
    """Tell how a sanction ends that had an end."""
    assert await _related(story) == (False, False)
    seen = await story.atelier.viewer.page(
        "sanctions", "kind state place told liftReason imposedBy{name}"
    )
    assert seen == [
        _sanction("BLOCK", "LIFTED", "PLATFORM", None, "Excuses"),
        _sanction("MUTE", "LIFTED", "PLATFORM", None, ""),
        _sanction("WARN", "IN_FORCE", "HUB", "PRIVATE", ""),
    ]
    assert await story.lighthouse.admin.count("sanctions") == 0


async def _tried_before(atelier: Company) -> None:
    """Every condition is tried on what people have written; nothing is changed by it."""
    since = await atelier.admin.last_sequence()
    tried: dict[str, Any] = {}
    for kind, given in (
        ("WORDS", {"phrases": ["DEÇU", "nul*"], "strength": "PLAIN"}),
        ("PATTERN", {"pattern": r"deux\s+v.los"}),
        ("LINKS", {"atLeast": 1}),
        ("LANGUAGE", {"languages": ["en"]}),
        ("SENTIMENT", {"atMost": -30}),
        ("AUTHOR", {"handles": ["@bob"]}),
        ("RATE", {"messages": 2, "minutes": 60}),
    ):
        rule = {
            "brandId": atelier.kept["brand"],
            "name": "Essai",
            "conditions": [{"kind": kind, **given}],
            "actions": [{"kind": "HIDE"}],
        }
        ran = await atelier.editor.ask(DRY_RUN, r=rule)
        tried[kind] = (ran["lookedAt"], ran["matched"], ran["warnings"])
        if kind == "WORDS":
            words = ran["samples"]
    assert tried == {
        "WORDS": (6, 1, []),
        "PATTERN": (6, 1, []),
        "LINKS": (6, 0, ["MATCHES_NOTHING"]),
        "LANGUAGE": (6, 0, ["MATCHES_NOTHING"]),
        "SENTIMENT": (6, 2, []),
        "AUTHOR": (6, 2, []),
        "RATE": (6, 2, []),
    }
    assert words == [
        {
            "reason": "It has the words “nul*”, “DEÇU”.",
            "spans": [{"text": "nuls"}, {"text": "déçu"}],
        }
    ]
    assert await atelier.admin.last_sequence() == since
    assert await atelier.viewer.count("moderationRules") == 0


async def _rules(atelier: Company) -> None:
    kept = atelier.kept
    saved = await atelier.manager.do(
        "savedReplyCreate",
        "savedReply{id}",
        brandId=kept["brand"],
        locale="fr",
        name="Horaires",
        text="Bonjour {person}, nous ouvrons à 9 h.",
    )
    rules: tuple[tuple[str, dict[str, Any], list[dict[str, Any]], bool], ...] = (
        ("Liens", {"kind": "LINKS", "atLeast": 1}, [{"kind": "HOLD"}], False),
        ("Casino", {"kind": "WORDS", "phrases": ["casino"]}, [{"kind": "DELETE"}], False),
        (
            "Horaires",
            {"kind": "WORDS", "phrases": ["horaires"]},
            [{"kind": "REPLY", "savedReplyId": saved["id"]}, {"kind": "NOTIFY"}],
            False,
        ),
        (
            "Urgent",
            {"kind": "WORDS", "phrases": ["arnaque"]},
            [{"kind": "PRIORITY", "priority": "URGENT"}],
            False,
        ),
        (
            "Arnaques",
            {"kind": "WORDS", "phrases": ["arnaque"], "strength": "HARD"},
            [
                {"kind": "HIDE"},
                {"kind": "TAG", "tags": ["arnaque"]},
                {"kind": "ASSIGN", "assigneeId": atelier.manager.id},
            ],
            True,
        ),
    )
    made = {}
    for name, condition, actions, stop in rules:
        made[name] = await atelier.editor.do(
            "moderationRuleCreate",
            "moderationRule{id}",
            brandId=kept["brand"],
            name=name,
            threadKinds=["COMMENTS"],
            conditions=[condition],
            actions=actions,
            stop=stop,
        )
    order = ["Arnaques", "Urgent", "Casino", "Horaires", "Liens"]
    await atelier.editor.do(
        "moderationRuleReorder",
        "moderationRules{id}",
        brandId=kept["brand"],
        ruleIds=[made[name]["id"] for name in order],
    )
    stood = await atelier.viewer.page("moderationRules", "name", orderBy="[POSITION_ASC]")
    assert [one["name"] for one in stood] == order


async def _they_act(story: Story) -> None:
    atelier, town, kept = story.atelier, story.town, story.atelier.kept
    for name, text in (
        ("eve", "Quelle À.R.N.4.Q.U.E chez eux"),
        ("fred", "Quels sont vos horaires ?"),
        ("gus", "CASINO gratuit pour tous"),
        ("hal", "Voyez https://ailleurs.example/offre"),
    ):
        await town.answered("wordpress", name, kept["posts"]["Blog"], text)
    await atelier.editor.do(
        "publicationCollect", "publication{id}", id=kept["publications"]["Blog"]
    )
    await town.settle()

    actions = await atelier.viewer.page("moderationActions", ACTION, orderBy="[CREATED_AT_ASC]")
    assert [
        (one["ruleName"], one["kind"], one["reason"], [span["text"] for span in one["spans"]])
        for one in actions
    ] == [
        ("", "HIDE", "A member hides it.", []),
        ("Arnaques", "HIDE", "It has the words “arnaque”.", ["À.R.N.4.Q.U.E"]),
        ("Arnaques", "TAG", "It has the words “arnaque”.", ["À.R.N.4.Q.U.E"]),
        ("Arnaques", "ASSIGN", "It has the words “arnaque”.", ["À.R.N.4.Q.U.E"]),
        ("Horaires", "REPLY", "It has the words “horaires”.", ["horaires"]),
        ("Horaires", "NOTIFY", "It has the words “horaires”.", ["horaires"]),
        ("Casino", "DELETE", "It has the words “casino”.", ["CASINO"]),
        (
            "Liens",
            "HOLD",
            "It has a link to “ailleurs.example”.",
            ["https://ailleurs.example/offre"],
        ),
    ]
    assert [one["state"] for one in actions] == ["UNDONE", *["DONE"] * 7]
    states = {
        name: (await town.posts("wordpress", name))[0]["status"]
        for name in ("eve", "fred", "gus", "hal")
    }
    assert states == {"eve": "hold", "fred": "approved", "gus": "trash", "hal": "approved"}
    blog = (await threads(atelier))["COMMENTS Blog"]
    # The rule that follows one that stops is not tried.
    assert (blog["priority"], blog["tags"]) == ("NORMAL", ["arnaque"])
    said = [one["text"] for one in await town.posts("wordpress") if one["in_reply_to_id"]]
    assert said == ["Oui, avec deux vélos.", "Bonjour fred, nous ouvrons à 9 h."]
    kept["actions"] = {one["kind"]: one["id"] for one in actions}
    for one in actions:
        assert await story.lighthouse.admin.unseen(one["id"])
    assert await story.lighthouse.admin.count("moderationActions") == 0


async def _undone(story: Story) -> None:
    atelier, town, kept = story.atelier, story.town, story.atelier.kept
    undone = await atelier.editor.do(
        "moderationActionUndo",
        "moderationAction{state undoneBy{name}}",
        id=kept["actions"]["HIDE"],
    )
    assert undone == {"state": "UNDONE", "undoneBy": {"name": "Editor of atelier"}}
    await town.settle()
    assert [one["status"] for one in await town.posts("wordpress", "eve")] == ["approved"]
    refused = await atelier.editor.refused("moderationActionUndo", id=kept["actions"]["DELETE"])
    assert refused == ("UNSUPPORTED", "id")
    (waiting,) = (
        await atelier.editor.ask("{messages(first:5,filter:{held:true}){nodes{id text}}}")
    )["nodes"]
    assert waiting["text"] == "Voyez https://ailleurs.example/offre"
    released = await atelier.editor.do("messageRelease", "message{held}", messageId=waiting["id"])
    assert released == {"held": False}


async def _related(story: Story) -> tuple[bool, bool]:
    """Say whether the network mutes and blocks Bob for us."""
    bob, ours = await story.town.visitor("bob"), await story.town.visitor("ourmastodon")
    (seen,) = await ours.send("GET", f"/api/v1/accounts/relationships?id[]={bob.id}")
    return seen["muting"], seen["blocking"]


async def _impose(story: Story, kind: str, reason: str, **more: str) -> dict[str, Any]:
    """Sanction Bob."""
    made = await story.atelier.editor.do(
        "sanctionCreate",
        "sanction{id state place}",
        personId=story.atelier.kept["persons"]["bob"],
        kind=kind,
        reason=reason,
        **more,
    )
    await story.town.settle()
    return dict(made)


async def _warned(story: Story) -> None:
    atelier, town = story.atelier, story.town
    refused = await atelier.editor.refused(
        "sanctionCreate", personId=atelier.kept["persons"]["bob"], kind="WARN", reason="Insultes"
    )
    assert refused == ("INVALID", "notice")
    warned = await _impose(story, "WARN", "Insultes", notice="Merci de rester courtois.")
    notice = (await town.posts("mastodon"))[-1]
    assert (notice["text"], notice["visibility"]) == ("@bob Merci de rester courtois.", "direct")
    assert await _related(story) == (False, False)
    assert await story.lighthouse.admin.unseen(warned["id"])


async def _muted(story: Story) -> None:
    """What a muted person writes waits for a moderator and is nobody's case."""
    atelier, town, kept = story.atelier, story.town, story.atelier.kept
    until = await town.now() + timedelta(hours=6)
    muted = await _impose(story, "MUTE", "Insultes répétées", until=until.isoformat())
    assert (muted["state"], muted["place"]) == ("WANTED", "PLATFORM")
    assert await _related(story) == (True, False)
    cases = await atelier.editor.ask("{inboxCounts{new open}}")
    await (await town.visitor("bob")).answer(kept["posts"]["Réseau"], "Toujours aussi nuls !")
    await atelier.editor.do(
        "publicationCollect", "publication{id}", id=kept["publications"]["Réseau"]
    )
    await town.settle()
    held = await atelier.editor.ask("{messages(first:5,filter:{held:true}){nodes{text}}}")
    assert held["nodes"] == [{"text": "Toujours aussi nuls !"}]
    assert await atelier.editor.ask("{inboxCounts{new open}}") == cases


async def _blocked(story: Story) -> None:
    blocked = await _impose(story, "BLOCK", "Menaces")
    assert await _related(story) == (True, True)
    lifted = await story.atelier.editor.do(
        "sanctionLift", "sanction{state}", id=blocked["id"], reason="Excuses"
    )
    assert lifted["state"] == "LIFTING"
    await story.town.settle()
    assert await _related(story) == (True, False)


def _sanction(kind: str, state: str, place: str, told: str | None, why: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "state": state,
        "place": place,
        "told": told,
        "liftReason": why,
        "imposedBy": {"name": "Editor of atelier"},
    }
