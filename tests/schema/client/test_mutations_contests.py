"""A contest through the API, as a community manager runs it."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from hub.access.models import Role
from hub.engagement.contests.proof import failures, verify
from hub.kernel.ids import new_id
from tests.conftest import ROOT, Database
from tests.hub.engagement.contest_play import HOUR, Play, a_play
from tests.schema.client.api import Desk, gid

CONTEST = "contest{id state version commitment seed proof availableActions problems{code severity}}"
ENTRY = "contestEntry{id state reasons{code text} ruling rulingReason availableActions}"
SHOWN = """
query($id: ID!) { contest(id: $id) {
  name locale rules { locale text } brand { id }
  conditions { phrases hashtags answers mentions knownDays excludedHandles }
  excludedPersons { handle } winnerCount alternateCount entropySource entropyValue
  sources { publication { id } readAt contest { id } }
  entries(first: 10) { totalCount nodes { state reasons { code text } person { handle }
    message { text } contest { id } } }
  winners { rank handle standing entry { message { text } } replaces { rank } }
  alternates { rank handle } places { totalCount nodes { rank standing replacedReason } }
  announcement { title locale } listHash proof
} }
"""


@pytest.fixture
async def play(desk: Desk, database: Database) -> Play:
    return await a_play(desk.world, database)


def terms(desk: Desk, play: Play, **more: Any) -> dict[str, Any]:
    return {
        "brandId": desk.brand,
        "name": "Le vélo de l'été",
        "locale": "fr",
        "rules": [{"locale": "fr", "text": "Commentez avec #vélo."}],
        "publicationIds": [gid("Publication", play.publication.id)],
        "opensAt": (play.now - HOUR).isoformat(),
        "closesAt": (play.now + HOUR).isoformat(),
        "winnerCount": 1,
        "alternateCount": 1,
        "conditions": {"hashtags": ["#vélo"]},
        **more,
    }


async def made(desk: Desk, play: Play, **more: Any) -> str:
    """Prepare and open a contest; return its id."""
    created = await desk.editor.do("contestCreate", CONTEST, **terms(desk, play, **more))
    assert created.payload["errors"] == []
    contest = created.payload["contest"]
    opened = await desk.editor.do(
        "contestOpen", CONTEST, id=contest["id"], expectedVersion=contest["version"]
    )
    assert opened.payload["errors"] == []
    await play.contest_of(contest["id"])
    return str(contest["id"])


async def test_a_contest_is_run_from_the_terms_to_the_text_about_the_winners(
    desk: Desk, play: Play
) -> None:
    created = await desk.editor.do("contestCreate", CONTEST, **terms(desk, play))
    contest = created.payload["contest"]
    assert (contest["state"], contest["commitment"], contest["proof"]) == ("DRAFT", None, None)
    assert contest["availableActions"] == ["CONTEST_UPDATE", "CONTEST_OPEN", "CONTEST_CANCEL"]
    assert contest["problems"] == [{"code": "CONTEST_NOT_OPENED", "severity": "WARNING"}]
    changed = await desk.editor.do(
        "contestUpdate",
        CONTEST,
        id=contest["id"],
        expectedVersion=1,
        rules=[{"locale": "fr", "text": "Neu."}, {"locale": "en", "text": "New."}],
        conditions={"hashtags": ["vélo"], "excludedHandles": ["@mod"]},
    )
    assert changed.payload["contest"]["version"] == 2
    opened = await desk.editor.do("contestOpen", CONTEST, id=contest["id"])
    commitment = opened.payload["contest"]["commitment"]
    assert len(commitment) == 64
    assert opened.payload["contest"]["problems"] == []
    await play.contest_of(contest["id"])
    for person, text in (("ann", "#vélo"), ("bob", "moi"), ("eve", "#VELO !"), ("mod", "#vélo")):
        await play.say(person, text)
    await play.close()

    frozen = await desk.editor.do("contestFreeze", CONTEST, id=contest["id"])
    drawn = await desk.editor.do("contestDraw", CONTEST, id=contest["id"])

    assert frozen.payload["contest"]["seed"] is None
    assert frozen.payload["contest"]["proof"]["drawn"] == []
    told = drawn.payload["contest"]
    assert told["state"] == "DRAWN"
    assert list(failures(verify(told["proof"], commitment=commitment))) == []
    assert told["availableActions"] == ["CONTEST_REPLACE_WINNER", "CONTEST_ANNOUNCE"]
    announced = await desk.editor.do(
        "contestAnnounce", "contest{state} contentItem{title locale}", id=contest["id"]
    )
    assert announced.payload == {
        "contest": {"state": "DRAWN"},
        "contentItem": {"title": "Le vélo de l'été", "locale": "fr"},
        "errors": [],
    }
    shown = (await desk.editor.ask(SHOWN, id=contest["id"])).data["contest"]
    (winner,), (alternate,) = shown["winners"], shown["alternates"]
    assert {winner["handle"], alternate["handle"]} == {"@ann", "@eve"}
    assert (winner["rank"], winner["standing"], alternate["rank"]) == (1, "WINNER", 2)
    assert shown["rules"] == [{"locale": "en", "text": "New."}, {"locale": "fr", "text": "Neu."}]
    assert shown["conditions"]["hashtags"] == ["vélo"]
    assert shown["entries"]["totalCount"] == 4
    assert [
        (one["person"]["handle"], [reason["code"] for reason in one["reasons"]])
        for one in shown["entries"]["nodes"]
    ] == [
        ("@ann", []),
        ("@bob", ["CONDITION_MISSING"]),
        ("@eve", []),
        ("@mod", ["EXCLUDED_PERSON"]),
    ]
    assert shown["announcement"] == {"title": "Le vélo de l'été", "locale": "fr"}
    assert shown["sources"][0]["readAt"] is not None
    assert json.dumps(shown["proof"]["entrants"]).count("@") == 2


async def test_the_examples_of_the_documents_run(desk: Desk, play: Play) -> None:
    page = (ROOT / "docs" / "duties" / "contests.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```graphql\n(.*?)```", page, re.DOTALL)
    examples = {block.split("(")[0].split()[1]: block for block in blocks}
    given: dict[str, Any] = {
        "brand": desk.brand,
        "publication": gid("Publication", play.publication.id),
        "opens": (play.now - HOUR).isoformat(),
        "closes": (play.now + HOUR).isoformat(),
    }

    async def run(name: str) -> Any:
        text = examples.pop(name)
        wanted = {known: value for known, value in given.items() if f"${known}:" in text}
        answer = await desk.editor.ask(text, **wanted)
        assert answer.errors == [], name
        (told,) = answer.data.values()
        assert told.get("errors", []) == [], name
        return told

    given["contest"] = (await run("Prepare"))["contest"]["id"]
    assert len((await run("Open"))["contest"]["commitment"]) == 64
    await play.contest_of(given["contest"])
    for person, text in (
        ("ann", "@bob #MonVelo"),
        ("bob", "@ann #monvélos"),
        ("eve", "@ann #monvélo"),
    ):
        await play.say(person, text)
    await play.judge()
    entries = (await run("Entries"))["nodes"]
    assert [one["state"] for one in entries] == ["ELIGIBLE", "DISQUALIFIED", "ELIGIBLE"]
    given["entry"] = entries[1]["id"]
    assert (await run("Readmit"))["contestEntry"]["state"] == "ELIGIBLE"
    given["entry"] = entries[0]["id"]
    assert (await run("Disqualify"))["contestEntry"]["state"] == "DISQUALIFIED"
    await play.close()
    assert (await run("Freeze"))["contest"]["entries"]["totalCount"] == 3
    drawn = (await run("Draw"))["contest"]
    assert sorted(one["handle"] for one in (*drawn["winners"], *drawn["alternates"])) == [
        *("@bob", "@eve")
    ]
    first, second = await play.places()
    given["place"] = gid("ContestPlace", first.id)
    assert (await run("Replace"))["contest"]["winners"] == [
        {"rank": 2, "handle": second.handle, "replaces": {"handle": first.handle}}
    ]
    assert (await run("Announce"))["contentItem"][
        "title"
    ] == "Le vélo de l\u2019été a trouvé preneuse"
    assert list(failures(verify((await run("Proof"))["proof"]))) == []
    assert examples == {}


async def test_a_winner_gives_way_and_the_api_shows_who_came(desk: Desk, play: Play) -> None:
    contest = await made(desk, play)
    for person in ("ann", "bob"):
        await play.say(person, "#vélo")
    await play.close()
    await desk.editor.do("contestFreeze", CONTEST, id=contest)
    await desk.editor.do("contestDraw", CONTEST, id=contest)
    first, second = await play.places()

    replaced = await desk.editor.do(
        "contestReplaceWinner",
        "contest{winners{rank replaces{rank}} places{nodes{rank standing replacedReason}}}",
        id=contest,
        placeId=gid("ContestPlace", first.id),
        reason="No answer.",
    )

    assert replaced.payload["contest"] == {
        "winners": [{"rank": 2, "replaces": {"rank": 1}}],
        "places": {
            "nodes": [
                {"rank": 1, "standing": "REPLACED", "replacedReason": "No answer."},
                {"rank": 2, "standing": "WINNER", "replacedReason": ""},
            ]
        },
    }
    again = await desk.editor.do(
        "contestReplaceWinner",
        CONTEST,
        id=contest,
        placeId=gid("ContestPlace", first.id),
        reason="x",
    )
    assert again.refusal == {"code": "WRONG_STATE", "path": ["input", "placeId"]}
    assert second.rank == 2


async def test_comments_are_ruled_on_and_listed_by_their_state(desk: Desk, play: Play) -> None:
    contest = await made(desk, play)
    await play.say("ann", "#vélo")
    await play.say("bob", "#velos")
    await play.judge()
    ask = """query($id: ID!) { contestEntries(filter: {contestIn: [$id], stateIn: [%s]}) {
      totalCount nodes { id availableActions entrant } } }"""
    taking = (await desk.editor.ask(ask % "ELIGIBLE", id=contest)).data["contestEntries"]
    out = (await desk.editor.ask(ask % "DISQUALIFIED", id=contest)).data["contestEntries"]
    assert (taking["totalCount"], out["totalCount"]) == (1, 1)
    assert taking["nodes"][0]["availableActions"] == ["CONTEST_ENTRY_DISQUALIFY"]
    assert out["nodes"][0]["availableActions"] == [
        "CONTEST_ENTRY_DISQUALIFY",
        "CONTEST_ENTRY_READMIT",
    ]

    readmitted = await desk.editor.do(
        "contestEntryReadmit", ENTRY, id=out["nodes"][0]["id"], reason="Une coquille."
    )
    disqualified = await desk.editor.do(
        "contestEntryDisqualify", ENTRY, id=taking["nodes"][0]["id"], reason="A robot."
    )

    assert readmitted.payload["contestEntry"]["state"] == "ELIGIBLE"
    assert disqualified.payload["contestEntry"]["reasons"] == [
        {"code": "BY_HAND", "text": "A robot."}
    ]
    viewer = await desk.as_(Role.VIEWER).ask(ask % "DISQUALIFIED", id=contest)
    assert viewer.data["contestEntries"]["nodes"][0]["availableActions"] == []


async def test_what_is_wrong_is_told_with_the_input_at_fault(desk: Desk, play: Play) -> None:
    contest = await made(desk, play)
    closing = (play.now - 2 * HOUR).isoformat()

    async def told(mutation: str, **given: Any) -> Any:
        return (await desk.editor.do(mutation, "errors{code}", **given)).refusal

    wrong = {"code": "WRONG_STATE", "path": ["input", "id"]}
    assert await told("contestOpen", id=contest) == wrong
    assert await told("contestFreeze", id=contest) == wrong
    assert await told("contestDraw", id=contest) == wrong
    assert await told("contestAnnounce", id=contest) == wrong
    assert await told("contestUpdate", id=contest, name="x") == wrong
    assert await told("contestClose", id=contest) == {
        "code": "INVALID",
        "path": ["input", "reason"],
    }
    assert await told("contestClose", id=contest, reason="x", expectedVersion=9) == {
        "code": "CONFLICT",
        "path": ["input", "expectedVersion"],
        "currentVersion": 2,
    }
    assert await told("contestCreate", **terms(desk, play, closesAt=closing)) == {
        "code": "INVALID",
        "path": ["input", "closesAt"],
    }
    assert await told(
        "contestCreate", **terms(desk, play, conditions={"answers": ["ok", " "]})
    ) == {"code": "INVALID", "path": ["input", "conditions", "answers", "1"]}
    assert await told(
        "contestCreate", **terms(desk, play, publicationIds=[gid("Publication", new_id())])
    ) == {"code": "NOT_FOUND", "path": ["input", "publicationIds", "0"]}


async def test_a_foreign_contest_is_answered_like_an_unknown_one_and_viewers_only_look(
    desk: Desk, stranger: Desk, play: Play
) -> None:
    contest = await made(desk, play)
    mutations: dict[str, dict[str, Any]] = {
        "contestUpdate": {"name": "x"},
        "contestOpen": {},
        "contestClose": {"reason": "x"},
        "contestFreeze": {},
        "contestDraw": {},
        "contestAnnounce": {},
        "contestCancel": {"reason": "x"},
    }
    for mutation, more in mutations.items():
        foreign = await stranger.editor.do(mutation, "", id=contest, **more)
        unknown = await stranger.editor.do(mutation, "", id=gid("Contest", new_id()), **more)
        assert foreign.payload["errors"] == unknown.payload["errors"], mutation
        assert foreign.refusal == {"code": "NOT_FOUND", "path": ["input", "id"]}, mutation
        viewer = await desk.as_(Role.VIEWER).do(mutation, "", id=contest, **more)
        assert viewer.refusal["code"] == "FORBIDDEN", mutation
    seen = await desk.as_(Role.VIEWER).ask(
        "query($id:ID!){contest(id:$id){state availableActions} "
        "contests(filter:{stateIn:[OPEN]}){nodes{id}}}",
        id=contest,
    )
    assert seen.data == {
        "contest": {"state": "OPEN", "availableActions": []},
        "contests": {"nodes": [{"id": contest}]},
    }
    nothing = await stranger.editor.ask("{ contests { totalCount } contestEntries { totalCount } }")
    assert nothing.data == {"contests": {"totalCount": 0}, "contestEntries": {"totalCount": 0}}


async def test_while_comments_are_read_after_the_close_the_contest_says_so(
    desk: Desk, play: Play
) -> None:
    contest = await made(desk, play)
    closed = await desk.editor.do("contestClose", CONTEST, id=contest, reason="Trop de monde.")

    assert closed.payload["contest"]["problems"] == [
        {"code": "CONTEST_UNREAD", "severity": "WARNING"}
    ]
    await play.later(timedelta(minutes=2))
    await play.read()
    read = await desk.editor.ask(
        "query($id:ID!){contest(id:$id){problems{code} availableActions closeReason}}", id=contest
    )
    assert read.data["contest"] == {
        "problems": [],
        "availableActions": ["CONTEST_FREEZE", "CONTEST_CANCEL"],
        "closeReason": "Trop de monde.",
    }
