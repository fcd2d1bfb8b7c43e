"""A contest: its terms fixed, its list frozen, its draw recomputed by two programs."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hub.cli import app
from tests.conftest import ROOT
from tests.story.publishing import approve, publications, publish
from tests.story.reputation import SUNDAY
from tests.story.stage import Company, Story

CONTEST = "id state commitment seed listHash proof"
PLACES = "winners{id rank handle standing} alternates{rank handle}"


async def play(story: Story, folder: Path) -> None:
    """Tell how somebody wins a bicycle."""
    await _opened(story)
    await _entries(story)
    await _closed_and_frozen(story)
    await _drawn(story)
    await _checked(story.atelier, folder)
    await _announced(story)


async def _opened(story: Story) -> None:
    atelier, town = story.atelier, story.town
    _, (post,) = await publish(story, atelier, "mastodon", text="Gagne un vélo avec #monvélo !")
    now = await town.now()
    made = await atelier.editor.do(
        "contestCreate",
        f"contest{{{CONTEST}}}",
        brandId=atelier.kept["brand"],
        name="Le vélo de mars",
        locale="fr",
        rules=[{"locale": "fr", "text": "Un commentaire avec #monvélo."}],
        publicationIds=[post["id"]],
        opensAt=now.isoformat(),
        closesAt=SUNDAY.isoformat(),
        winnerCount=1,
        alternateCount=2,
        conditions={"hashtags": ["#monvélo"], "excludedHandles": ["@bob"]},
    )
    assert (made["state"], made["commitment"]) == ("DRAFT", None)
    opened = await atelier.editor.do("contestOpen", f"contest{{{CONTEST}}}", id=made["id"])
    assert (opened["state"], opened["seed"], len(opened["commitment"])) == ("OPEN", None, 64)
    refused = await atelier.editor.refused("contestUpdate", id=made["id"], winnerCount=2)
    assert refused == ("WRONG_STATE", "id")
    atelier.kept.update(
        contest=made["id"],
        commitment=opened["commitment"],
        contest_post=post["remoteId"],
        contest_publication=post["id"],
    )


async def _entries(story: Story) -> None:
    town, post = story.town, story.atelier.kept["contest_post"]
    for name, text in (
        ("ada", "Moi ! #monvélo"),
        ("iris", "#MonVelo pour ma fille"),
        ("jean", "Avec #monvélo j'irai au travail"),
        ("kim", "J'aimerais bien"),
        ("lea", "#monvélo"),
        ("lea", "Encore #monvélo"),
        ("bob", "#monvélo aussi"),
        ("noa", "#monvélo #concours #gagner"),
        ("lea2", "Moi aussi #monvélo"),
        ("omar", "Pour moi #monvélo"),
        ("pia", "#monvélo, s'il vous plaît"),
    ):
        said = await (await town.visitor(name)).answer(post, text)
        story.atelier.kept[f"{name} said"] = said


async def _entries_of(atelier: Company) -> dict[str, Any]:
    seen = await atelier.viewer.ask(
        """query($c:[ID!]!){contestEntries(first:50,filter:{contestIn:$c},orderBy:[WRITTEN_AT_DESC]){
             nodes{id state reasons{code} person{id handle}}}}""",
        c=[atelier.kept["contest"]],
    )
    return {one["person"]["handle"]: one for one in seen["nodes"]}


async def _closed_and_frozen(story: Story) -> None:
    atelier, town, kept = story.atelier, story.town, story.atelier.kept
    await town.until(SUNDAY)
    late = await town.visitor("max")
    await late.answer(kept["contest_post"], "Trop tard ? #monvélo")
    for name, method, fields in (
        ("omar", "DELETE", {}),
        ("pia", "PUT", {"status": "@bob @ada #monvélo"}),
    ):
        changed = await town.visitor(name)
        await changed.send(method, f"/api/v1/statuses/{kept[f'{name} said']}", **fields)
    closed = await atelier.viewer.node(kept["contest"], "Contest", CONTEST)
    assert (closed["state"], closed["listHash"]) == ("CLOSED", None)
    refused = await atelier.editor.refused("contestFreeze", id=kept["contest"])
    assert refused == ("WRONG_STATE", "id")
    await town.later(minutes=1, seconds=1)
    entries = await _entries_of(atelier)
    await atelier.editor.do(
        "contestEntryDisqualify",
        "contestEntry{state}",
        id=entries["noa"]["id"],
        reason="Compte de concours.",
    )
    await atelier.editor.do(
        "personLink",
        "person{id}",
        personId=entries["lea"]["person"]["id"],
        otherId=entries["lea2"]["person"]["id"],
    )
    await town.settle()
    frozen = await atelier.editor.do("contestFreeze", f"contest{{{CONTEST}}}", id=kept["contest"])
    assert (frozen["state"], frozen["seed"], frozen["proof"]["drawn"]) == ("FROZEN", None, [])
    assert sorted(line.split("\t")[2] for line in frozen["proof"]["entrants"]) == [
        "ada",
        "iris",
        "jean",
        "lea",
    ]
    judged = await _entries_of(atelier)
    assert {
        handle: [reason["code"] for reason in one["reasons"]] for handle, one in judged.items()
    } == {
        "ada": [],
        "iris": [],
        "jean": [],
        "kim": ["CONDITION_MISSING"],
        "lea": [],
        "bob": ["EXCLUDED_PERSON"],
        "noa": ["BY_HAND"],
        "max": ["OUT_OF_WINDOW"],
        # The same human being with another account; taken down; rewritten after the close.
        "lea2": ["DUPLICATE_PERSON"],
        "omar": ["DELETED"],
        "pia": ["EDITED_LATE"],
    }


async def _drawn(story: Story) -> None:
    atelier, kept = story.atelier, story.atelier.kept
    drawn = await atelier.editor.do(
        "contestDraw", f"contest{{state seed {PLACES}}}", id=kept["contest"]
    )
    assert (drawn["state"], len(drawn["seed"])) == ("DRAWN", 64)
    handles = [one["handle"] for one in (*drawn["winners"], *drawn["alternates"])]
    assert len(set(handles)) == 3
    assert set(handles) <= {"ada", "iris", "jean", "lea"}
    again = await atelier.editor.refused("contestDraw", id=kept["contest"])
    assert again == ("WRONG_STATE", "id")
    (winner,) = drawn["winners"]
    replaced = await atelier.editor.do(
        "contestReplaceWinner",
        f"contest{{{PLACES}}}",
        id=kept["contest"],
        placeId=winner["id"],
        reason="Pas de réponse en trois jours.",
    )
    assert [one["handle"] for one in replaced["winners"]] == [handles[1]]
    assert [one["handle"] for one in replaced["alternates"]] == [handles[2]]
    kept["winner"] = handles[1]


async def _checked(atelier: Company, folder: Path) -> None:
    """Anybody can recompute it from the exported proof; an altered one is found out."""
    kept = atelier.kept
    seen = await atelier.viewer.node(kept["contest"], "Contest", "proof")
    for proof, name, holds in (
        (seen["proof"], "proof.json", True),
        ({**seen["proof"], "entrants": seen["proof"]["entrants"][1:]}, "altered.json", False),
    ):
        path = folder / name
        path.write_text(json.dumps(proof))
        ran = CliRunner().invoke(
            app, ["contest", "verify", str(path), "--commitment", kept["commitment"]]
        )
        assert (ran.exit_code == 0) is holds, ran.output
        script = str(ROOT / "docs" / "examples" / "verify_draw.py")
        alone = await asyncio.create_subprocess_exec(
            sys.executable, script, str(path), stdout=DEVNULL, stderr=DEVNULL
        )
        assert (await alone.wait() == 0) is holds


async def _announced(story: Story) -> None:
    atelier, town, kept = story.atelier, story.town, story.atelier.kept
    told = await atelier.editor.do(
        "contestAnnounce",
        "contest{state} contentItem{id title}",
        id=kept["contest"],
        title="Le vélo a trouvé preneur",
        template="Le vélo est à {winners}, parmi {entrants} participations.",
    )
    item = told["contentItem"]["id"]
    assert told["contest"]["state"] == "DRAWN"
    submitted = await atelier.editor.do(
        "reviewSubmit",
        "review{id}",
        contentItemId=item,
        targets=[{"channelId": kept["mastodon"]}],
    )
    await town.settle()
    await approve(atelier, submitted["id"])
    await atelier.editor.do(
        "publicationSchedule",
        "publication{id}",
        contentItemId=item,
        channelId=kept["mastodon"],
    )
    await town.settle()
    (out,) = await publications(atelier, item)
    assert out["state"] == "PUBLISHED"
    assert (await town.posts("mastodon"))[-1]["text"] == (
        f"Le vélo est à {kept['winner']}, parmi 4 participations."
    )
    seen = await atelier.viewer.node(kept["contest"], "Contest", "state")
    assert seen == {"state": "ANNOUNCED"}
    assert await story.lighthouse.admin.unseen(kept["contest"])
