"""Is it ok: texts are submitted, remarked on, sent back, resumed and approved in steps."""

from collections.abc import Mapping, Sequence

from workers.demo.client import Json, Person, Refused, StoryFailed, until
from workers.demo.material import Item, Remarked
from workers.demo.publishing import look_at_all
from workers.demo.stage import Stage
from workers.demo.writing import rewrite

PREPARED_SECONDS = 30

REVIEWS = """
query Reviews($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Review {
      id
      version
      state
      contentItem { id title }
      openStep { name }
      steps { name state decisions { verdict member { name } carriedFrom { id } } }
      targets { channel { id name } edition { id hash problems { message severity } } }
    }
  }
}"""
REMARK = "remark { id anchor { quote } }"


async def review(stage: Stage) -> None:
    """Submit every text, have one sent back and resumed, and approve all of them."""
    submitted = {item.title: await submit(stage, item) for item in stage.items}
    reviews = await in_review(stage, submitted)
    for item in stage.items:
        shown = reviews[item.title]
        if item.writer == "manager":
            await _try_alone(stage, shown)
        if item.remarked is not None:
            shown = await _send_back_and_resume(stage, item, item.remarked, shown)
        await approve(stage, shown, brand=item.brand)
    for brand in stage.cast.brands:
        own = sum(item.brand == brand.key for item in stage.items)
        stage.note(f"{own} texts are approved, as they will be sent", brand=brand.key)
    await look_at_all(stage)


async def submit(
    stage: Stage, item: Item, *, channels: Sequence[str] = (), resume: bool = False
) -> str:
    """Submit a text as it is now: for its channels at its time, or for some without one."""
    at = stage.clock.moment(item.goes_out).isoformat() if item.goes_out and not channels else None
    given = {
        "contentItemId": stage.written[item.title]["id"],
        "expectedVersion": stage.written[item.title]["version"],
        "targets": [
            {"channelId": stage.channels[key], "scheduledFor": at}
            for key in channels or item.channels
        ],
        "resume": resume,
    }
    made = await stage.people[item.writer].act("reviewSubmit", given, "review { id }")
    return str(made["review"]["id"])


async def in_review(stage: Stage, submitted: Mapping[str, str]) -> dict[str, Json]:
    """Wait until the editions of every review are rendered; return the reviews by title."""
    titles = {review_id: title for title, review_id in submitted.items()}
    shown: list[Json] = []

    async def look() -> bool | None:
        shown[:] = (await stage.approver.ask(REVIEWS, ids=list(titles)))["nodes"]
        blocked = next((one for one in shown if one["state"] == "BLOCKED"), None)
        if blocked is not None:
            raise StoryFailed(f"{titles[blocked['id']]} cannot go out: {_problems(blocked)}")
        return all(one["state"] == "IN_REVIEW" for one in shown) or None

    await until(look, seconds=PREPARED_SECONDS, what="Not every text is ready to be reviewed.")
    return {titles[one["id"]]: one for one in shown}


def _problems(one: Json) -> str:
    editions = [target["edition"] for target in one["targets"] if target["edition"]]
    return "; ".join(problem["message"] for each in editions for problem in each["problems"])


async def approve(stage: Stage, shown: Json, *, brand: str) -> None:
    """Approve what was shown, at every step that is still to be done."""
    deciding = {"Editing desk": stage.approver, "Word of the house": stage.manager}
    for step in shown["steps"]:
        if step["state"] != "DONE":
            await decide(deciding.get(step["name"], stage.approver), shown, "APPROVE")
    stage.found.setdefault("steps", {})[shown["id"]] = (brand, len(shown["steps"]))


async def decide(who: Person, shown: Json, verdict: str, *, remark: str = "") -> None:
    """Decide on exactly the editions that were shown."""
    given = {
        "reviewId": shown["id"],
        "verdict": verdict,
        "remark": remark,
        "editions": [
            {"editionId": target["edition"]["id"], "hash": target["edition"]["hash"]}
            for target in shown["targets"]
        ],
    }
    await who.act("reviewDecide", given, "review { id state }")


async def _send_back_and_resume(stage: Stage, item: Item, remarked: Remarked, shown: Json) -> Json:
    """Pass the first step, be remarked on at the second, mend it, and go on where it stopped."""
    first, second = shown["steps"]
    await decide(stage.approver, shown, "APPROVE")
    start = remarked.text.index(remarked.quote)
    given = {
        "contentItemId": shown["contentItem"]["id"],
        "field": "parts.0.text",
        "start": start,
        "end": start + len(remarked.quote),
        "blocking": True,
        "text": remarked.remark,
    }
    made = (await stage.manager.act("reviewRemarkAdd", given, REMARK))["remark"]
    await decide(stage.manager, shown, "REQUEST_CHANGES", remark=remarked.remark)
    stage.note(
        f"{first['name']} approves “{item.title}”, {second['name']} asks for changes",
        brand=item.brand,
        kind="bad",
        details=[f"on “{made['anchor']['quote']}”: {remarked.remark}"],
    )
    await rewrite(stage, item, item.parts)
    await stage.editor.act("reviewRemarkResolve", {"id": made["id"]}, "remark { resolvedAt }")
    submitted = await submit(stage, item, resume=True)
    again = (await in_review(stage, {item.title: submitted}))[item.title]
    stage.found["remark"] = made["anchor"]["quote"]
    stage.found["resumed"] = submitted
    stage.note(
        f"Rewritten, the remark resolved: the review goes on at “{again['openStep']['name']}”",
        brand=item.brand,
    )
    return again


async def _try_alone(stage: Stage, shown: Json) -> None:
    """Try what must not be possible: deciding without the right, and deciding on one's own."""
    for name, who in (("the editor decides", stage.editor), ("the writer decides", stage.manager)):
        try:
            await decide(who, shown, "APPROVE", remark="It is fine, I wrote it myself.")
        except Refused as refused:
            stage.refusals[name] = refused.code
        else:
            stage.refusals[name] = "NOT REFUSED"
    said = " · ".join(
        f"{name}: {code}" for name, code in stage.refusals.items() if "decides" in name
    )
    stage.note(f"Nobody approves alone: {said}", brand="fr")


async def approved(stage: Stage, item_id: str, title: str, channel: str, *, brand: str) -> str:
    """Have a text that is not of the cast approved for a channel, and publish it at once.

    Returns the id of the publication.
    """
    target = {"channelId": stage.channels[channel]}
    given = {"contentItemId": item_id, "targets": [target]}
    made = await stage.editor.act("reviewSubmit", given, "review { id }")
    shown = (await in_review(stage, {title: made["review"]["id"]}))[title]
    await approve(stage, shown, brand=brand)
    given = {"contentItemId": item_id, **target}
    out = await stage.editor.act("publicationSchedule", given, "publication { id }")
    return str(out["publication"]["id"])
