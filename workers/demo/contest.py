"""A contest under a post: opened with a commitment, frozen, drawn, proved, announced."""

import asyncio
import json
import sys
from typing import cast

from workers.demo.client import Json, StoryFailed, until
from workers.demo.material import Brand, Contest
from workers.demo.publishing import until_out
from workers.demo.reviewing import approved
from workers.demo.stage import Stage

READ_SECONDS = 30
CLOSES = "friday 17:00"
#: After the close the hub waits a minute for comments that a platform shows late.
SETTLES = 2.0

CONTEST = """
query Contest($id: ID!) {
  contest(id: $id) {
    id
    state
    commitment
    listHash
    problems { code message }
    winners { rank handle }
    alternates { rank handle }
    entries(first: 50) {
      nodes { state reasons { code text } message { text } person { handle name } }
    }
    announcement { title }
    proof
  }
}"""
HEARD = "contest.opened"
VERIFY = "from hub.cli import app; app()"


async def open_contest(stage: Stage) -> None:
    """Open the contest under the post that is out; its seed is committed to from now on."""
    brand, contest = _of(stage)
    item = next(item for item in stage.items if item.title == contest.item)
    (publication,) = stage.told(item)
    given = {
        "brandId": stage.brands[brand.key].id,
        "name": contest.name,
        "locale": brand.locale,
        "rules": [{"locale": brand.locale, "text": contest.text}],
        "publicationIds": [publication["id"]],
        "opensAt": stage.clock.now().isoformat(),
        "closesAt": stage.clock.moment(CLOSES).isoformat(),
        "winnerCount": contest.winners,
        "alternateCount": contest.alternates,
        "conditions": {"hashtags": [contest.hashtag]},
    }
    made = await stage.editor.act("contestCreate", given, "contest { id }")
    stage.found["contest id"] = made["contest"]["id"]
    opened = await stage.editor.act(
        "contestOpen", {"id": made["contest"]["id"]}, "contest { state commitment }"
    )
    commitment = opened["contest"]["commitment"]
    stage.note(
        f"The contest “{contest.name}” is open until Friday, 17:00, one entry each with "
        f"{contest.hashtag}; committed to the seed {commitment[:12]}…",
        brand=brand.key,
    )


def _of(stage: Stage) -> tuple[Brand, Contest]:
    return next((brand, brand.contest) for brand in stage.cast.brands if brand.contest is not None)


async def _look(stage: Stage) -> Json:
    asked = await stage.editor.ask(CONTEST, id=stage.found["contest id"])
    return cast("Json", asked["contest"])


async def freeze_and_draw(stage: Stage) -> None:
    """Let it close, have every comment read once more, freeze the list, draw, keep the proof."""
    brand, _ = _of(stage)

    async def closed() -> bool | None:
        return (await _look(stage))["state"] == "CLOSED" or None

    async def read() -> bool | None:
        return not (await _look(stage))["problems"] or None

    await until(closed, seconds=READ_SECONDS, what="The contest did not close.")
    await stage.clock.later(SETTLES)
    await until(read, seconds=READ_SECONDS, what="The comments of the contest were not all read.")
    given = {"id": stage.found["contest id"]}
    await stage.editor.act("contestFreeze", given, "contest { state listHash }")
    await stage.editor.act("contestDraw", given, "contest { state }")
    shown = await _look(stage)
    stage.found["contest"] = shown
    entries = shown["entries"]["nodes"]
    left_out = [one for one in entries if one["state"] != "ELIGIBLE"]
    stage.note(
        f"It closed by itself: {len(entries) - len(left_out)} entrants, {len(left_out)} left out; "
        f"the list is frozen as {shown['listHash'][:12]}…",
        brand=brand.key,
        details=[
            f"{one['person']['name']}: "
            + ", ".join(reason["code"].lower().replace("_", " ") for reason in one["reasons"])
            for one in left_out
        ],
    )
    winners = ", ".join(one["handle"] for one in shown["winners"])
    others = ", ".join(one["handle"] for one in shown["alternates"])
    stage.note(f"Drawn: {winners}; alternates {others}", brand=brand.key)


async def verify(stage: Stage) -> None:
    """Keep the proof, and recompute the draw from it with nothing but the commitment heard."""
    brand, _ = _of(stage)
    file = stage.out / "contest-proof.json"
    file.write_text(json.dumps(stage.found["contest"]["proof"], indent=1), encoding="utf-8")
    stage.files["The proof of the draw"] = file
    commitment = await _heard_commitment(stage)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", VERIFY, "contest", "verify", str(file)),
        *("--commitment", commitment, "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await process.communicate()
    stage.found["verified"] = process.returncode
    if process.returncode not in {0, 1}:
        raise StoryFailed(f"hub contest verify: {complaint.decode().strip()}")
    checks = json.loads(said)["checks"]
    holding = sum(one["holds"] for one in checks)
    stage.note(
        f"“hub contest verify” recomputes it: {holding} of {len(checks)} hold",
        brand=brand.key,
        kind="done" if process.returncode == 0 else "bad",
    )


async def _heard_commitment(stage: Stage) -> str:
    """Return the commitment as the newsroom heard it when the contest opened."""
    if stage.ear is None:
        raise StoryFailed("Nobody listens to events.")
    for message in (await stage.receiver.received(stage.ear))["messages"]:
        if message["payload"]["type"] == HEARD:
            return str(message["payload"]["data"]["facts"]["commitment"])
    raise StoryFailed(f"{HEARD} was never heard.")


async def announce(stage: Stage) -> None:
    """Announce the winners: a text like every other, reviewed and published."""
    brand, contest = _of(stage)
    given = {
        "id": stage.found["contest id"],
        "title": contest.title,
        "template": contest.template,
    }
    made = await stage.editor.act("contestAnnounce", given, "contentItem { id }")
    publication_id = await approved(
        stage, made["contentItem"]["id"], contest.title, contest.channel, brand=brand.key
    )
    (out,) = await until_out(stage, [publication_id])
    stage.found["announced"] = out["edition"]["parts"][0]["text"]
    stage.note(
        "The winner is announced, in a text that was approved like every other",
        brand=brand.key,
        details=[stage.found["announced"]],
    )
