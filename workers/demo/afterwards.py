"""Once it is out: a slip is corrected where it stands, an answer is hidden, everything is seen."""

from workers.demo.client import Json, StoryFailed, until
from workers.demo.community import messages_by_place
from workers.demo.material import Correction, Item
from workers.demo.reviewing import PUBLICATIONS, decide, reviewed
from workers.demo.setting import parts, variant_of
from workers.demo.stage import Said, Stage, Step

DONE_SECONDS = 30

STANDING = """
query Standing($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Publication { id standing sentHash amendments { kind state problem } availableActions }
    ... on Message { id hidden availableActions }
  }
}"""


async def correct(stage: Stage, step: Step) -> None:
    """Correct every slip: rewritten, approved again, and changed where it is out."""
    for item in stage.items:
        if item.correction is None:
            continue
        await _rewrite(stage, item, item.correction)
        await _approve_again(stage, item, item.correction)
        await _edit(stage, item, item.correction, step)
    answer = await stage.editor.ask(PUBLICATIONS, brand=stage.brand_id)
    stage.publications = [
        one for one in answer["publications"]["nodes"] if one["origin"] == "CONTENT"
    ]


def corrections_expected(stage: Stage) -> int:
    """Return how many publications are corrected."""
    return sum(len(item.correction.channels) for item in stage.items if item.correction)


async def _rewrite(stage: Stage, item: Item, slip: Correction) -> None:
    right = item.model_copy(
        update={"parts": [part.replace(slip.wrong, slip.right) for part in item.parts]}
    )
    given = {
        "id": stage.written[item.title]["id"],
        "expectedVersion": stage.written[item.title]["version"],
        "parts": parts(stage, right.parts, right.pictures),
        "variants": [variant_of(stage, right, variant) for variant in right.variants],
    }
    writer = stage.people[item.writer]
    made = await writer.act("contentItemUpdate", given, "contentItem { id version }")
    stage.written[item.title] = made["contentItem"]


async def _approve_again(stage: Stage, item: Item, slip: Correction) -> None:
    shown = await reviewed(stage, item, channels=slip.channels)
    await decide(stage.approver, shown, "APPROVE", remark="")


async def _edit(stage: Stage, item: Item, slip: Correction, step: Step) -> None:
    wanted = {stage.channels[key] for key in slip.channels}
    for one in stage.publications:
        if stage.item_of(one) is not item or one["channel"]["id"] not in wanted:
            continue
        stage.corrected[one["id"]] = one["sentHash"]
        await stage.editor.act("publicationEdit", {"id": one["id"]}, "publication { id }")
        await _amended(stage, one["id"])
        step()


async def _amended(stage: Stage, publication_id: str) -> None:
    async def look() -> bool | None:
        (node,) = (await stage.editor.ask(STANDING, ids=[publication_id]))["nodes"]
        last = node["amendments"][-1]
        if last["state"] == "FAILED":
            raise StoryFailed(f"It was not changed: {last['problem']}")
        return last["state"] == "DONE" or None

    await until(look, seconds=DONE_SECONDS, what="A correction has not arrived.")


async def hide(stage: Stage, step: Step) -> None:
    """Hide the answers nobody should have to read, and wait until the place has done it."""
    messages = messages_by_place(stage)
    for said in unwanted(stage):
        message_id = messages[said.channel.key, said.remote_id]
        await stage.editor.act("messageHide", {"messageId": message_id}, "message { id }")

        async def look(message_id: str = message_id) -> bool | None:
            (node,) = (await stage.editor.ask(STANDING, ids=[message_id]))["nodes"]
            return node["hidden"] or None

        await until(look, seconds=DONE_SECONDS, what=f"{said.by}'s answer is not hidden.")
        step()


def unwanted(stage: Stage) -> list[Said]:
    """Return the answers that are to be hidden."""
    return [said for said in stage.said if said.hide]


def hides_expected(stage: Stage) -> int:
    """Return how many answers are to be hidden."""
    return sum(answer.hide for item in stage.items for answer in item.community.answers)


async def look_back(stage: Stage, step: Step) -> None:
    """Ask every place whether what is out still stands as it was sent."""
    ids = [one["id"] for one in readable(stage)]
    for publication_id in ids:
        await stage.editor.act("publicationReadBack", {"id": publication_id}, "publication { id }")
    seen: set[str] = set()

    async def look() -> bool | None:
        for node in (await stage.editor.ask(STANDING, ids=ids))["nodes"]:
            if node["standing"] is not None and node["id"] not in seen:
                seen.add(node["id"])
                _publication(stage, node["id"])["standing"] = node["standing"]
                step()
        return len(seen) == len(ids) or None

    await until(
        look,
        seconds=DONE_SECONDS,
        what=lambda: (
            "Nobody could say how these stand: "
            + ", ".join(
                f"“{stage.item_of(one).title}” at {one['channel']['name']}"
                for one in readable(stage)
                if one["id"] not in seen
            )
        ),
    )


def readable(stage: Stage) -> list[Json]:
    """Return the publications whose place can be asked."""
    return stage.answerable()


def _publication(stage: Stage, publication_id: str) -> Json:
    return next(one for one in stage.publications if one["id"] == publication_id)
