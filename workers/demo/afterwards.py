"""Once it is out: a slip is corrected where it stands, and every place is asked what stands."""

from collections.abc import Sequence

from workers.demo.client import Json, StoryFailed, until
from workers.demo.material import Correction, Item
from workers.demo.publishing import look_at, name
from workers.demo.reviewing import approve, in_review, submit
from workers.demo.stage import Stage
from workers.demo.writing import rewrite

DONE_SECONDS = 30

AMENDED = """
query Amended($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Publication { id amendments { kind state problem } } }
}"""


async def correct(stage: Stage) -> None:
    """Correct every slip: rewritten, approved again, and changed where it is out."""
    for item in stage.items:
        if item.correction is not None:
            await _correct(stage, item, item.correction)


async def _correct(stage: Stage, item: Item, slip: Correction) -> None:
    await rewrite(stage, item, [part.replace(slip.wrong, slip.right) for part in item.parts])
    submitted = await submit(stage, item, channels=slip.channels)
    shown = (await in_review(stage, {item.title: submitted}))[item.title]
    await approve(stage, shown, brand=item.brand)
    wrong = [one for one in stage.told(item) if stage.channel_of(one).key in slip.channels]
    for one in wrong:
        stage.corrected[one["id"]] = one["sentHash"]
        await stage.editor.act("publicationEdit", {"id": one["id"]}, "publication { id }")
    await _amended(stage, [one["id"] for one in wrong])
    await look_at(stage, [one["id"] for one in wrong])
    stage.note(
        f"A slip in “{item.title}” is corrected where it is out, with newly approved words",
        brand=item.brand,
        details=[f"“{slip.wrong}” is now “{slip.right}”: {', '.join(map(name, wrong))}"],
    )


async def _amended(stage: Stage, ids: Sequence[str]) -> None:
    async def look() -> bool | None:
        nodes: list[Json] = (await stage.editor.ask(AMENDED, ids=ids))["nodes"]
        last = [node["amendments"][-1] for node in nodes]
        failed = next((one for one in last if one["state"] == "FAILED"), None)
        if failed is not None:
            raise StoryFailed(f"It was not changed: {failed['problem']}")
        return all(one["state"] == "DONE" for one in last) or None

    await until(look, seconds=DONE_SECONDS, what="A correction has not arrived.")


async def look_back(stage: Stage) -> None:
    """Ask every place whether what is out still stands as it was sent."""
    ids = [one["id"] for one in stage.answerable()]
    for publication_id in ids:
        await stage.editor.act("publicationReadBack", {"id": publication_id}, "publication { id }")

    async def look() -> bool | None:
        shown = await look_at(stage, ids)
        return all(one["standing"] is not None for one in shown) or None

    await until(
        look,
        seconds=DONE_SECONDS,
        what=lambda: (
            "Nobody could say how these stand: "
            + ", ".join(name(one) for one in stage.answerable() if one["standing"] is None)
        ),
    )
    stage.note(f"Every place was asked: {len(ids)} publications stand as they were sent")
