"""The middle: what is submitted, sent back, approved, and goes out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from workers.demo.client import Json, Person, Refused, StoryFailed, until
from workers.demo.material import Item
from workers.demo.setting import parts
from workers.demo.stage import Stage, Step

PREPARED_SECONDS = 30
OUT_SECONDS = 40

REVIEWS = """
query Reviews($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Review {
      id
      version
      state
      contentItem { id title }
      targets { channel { name } edition { id hash problems { message severity } } }
      decisions { verdict remark member { name } }
    }
  }
}"""
PUBLICATIONS = """
query Publications($brand: ID!) {
  publications(filter: {brandIn: [$brand]}, first: 50, orderBy: [CREATED_AT_ASC]) {
    nodes {
      id
      state
      holdReason
      dueAt
      origin
      url
      posts { remoteId url }
      approvedHash
      sentHash
      channel { id name }
      revision { title }
      edition { hash title parts { text media { alt sha256 } } }
      problems { message }
      attempts { number outcome message }
    }
  }
}"""
ENDED = {"HELD", "FAILED", "CANCELLED", "EXPIRED", "WITHDRAWN"}


async def review(stage: Stage, step: Step) -> None:
    """Submit every text, have one sent back and rewritten, and approve all of them."""
    submitted = {item.title: await _submit(stage, item) for item in stage.items}
    reviews = await _in_review(stage, submitted)
    for item in stage.items:
        shown = reviews[item.title]
        if item.first_draft is not None:
            shown = await _send_back_and_revise(stage, item, shown)
        if item.writer == "manager":
            await _try_alone(stage, shown)
        await decide(stage.approver, shown, "APPROVE", remark="")
        step()


async def reviewed(stage: Stage, item: Item, *, channels: Sequence[str]) -> Json:
    """Submit the text as it is now for some channels, without a time; return the review."""
    submitted = await _submit(stage, item, channels=channels)
    return (await _in_review(stage, {item.title: submitted}))[item.title]


async def _submit(stage: Stage, item: Item, *, channels: Sequence[str] | None = None) -> str:
    goes_out = (
        None
        if item.scheduled_in_seconds is None or channels is not None
        else (datetime.now(UTC) + timedelta(seconds=item.scheduled_in_seconds)).isoformat()
    )
    given = {
        "contentItemId": stage.written[item.title]["id"],
        "expectedVersion": stage.written[item.title]["version"],
        "targets": [
            {"channelId": stage.channels[key], "scheduledFor": goes_out}
            for key in channels or item.channels
        ],
    }
    made = await stage.people[item.writer].act("reviewSubmit", given, "review { id }")
    return str(made["review"]["id"])


async def _in_review(stage: Stage, submitted: Mapping[str, str]) -> dict[str, Json]:
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


async def _send_back_and_revise(stage: Stage, item: Item, shown: Json) -> Json:
    """Ask for changes, let the writer read why and rewrite, and submit the new revision."""
    draft = item.first_draft
    if draft is None:
        return shown
    await decide(stage.approver, shown, "REQUEST_CHANGES", remark=draft.remark)
    writer = stage.people[item.writer]
    read = (await writer.ask(REVIEWS, ids=[shown["id"]]))["nodes"][0]
    stage.remarks.append(read["decisions"][-1]["remark"])
    given = {
        "id": stage.written[item.title]["id"],
        "expectedVersion": stage.written[item.title]["version"],
        "parts": parts(stage, item.parts, item.pictures),
    }
    revised = await writer.act("contentItemUpdate", given, "contentItem { id version }")
    stage.written[item.title] = revised["contentItem"]
    again = await _in_review(stage, {item.title: await _submit(stage, item)})
    return again[item.title]


async def _try_alone(stage: Stage, shown: Json) -> None:
    """Try what must not be possible: deciding without the right, and deciding on one's own."""
    for name, who in (("the editor decides", stage.editor), ("the writer decides", stage.manager)):
        try:
            await decide(who, shown, "APPROVE", remark="It is fine, I wrote it myself.")
        except Refused as refused:
            stage.refusals[name] = refused.code
        else:
            stage.refusals[name] = "NOT REFUSED"


async def decide(who: Person, shown: Json, verdict: str, *, remark: str) -> None:
    """Decide on exactly the editions that were shown."""
    given = {
        "reviewId": shown["id"],
        "verdict": verdict,
        "remark": remark,
        "expectedVersion": shown["version"],
        "editions": [
            {"editionId": target["edition"]["id"], "hash": target["edition"]["hash"]}
            for target in shown["targets"]
        ],
    }
    await who.act("reviewDecide", given, "review { id state }")


async def publish(stage: Stage, step: Step) -> None:
    """Send at once what was approved without a time, and wait until everything is out."""
    for item in stage.items:
        if item.scheduled_in_seconds is not None:
            continue
        for key in item.channels:
            given = {
                "contentItemId": stage.written[item.title]["id"],
                "channelId": stage.channels[key],
            }
            await stage.editor.act("publicationSchedule", given, "publication { id }")
    stage.publications = await all_out(stage, origin="CONTENT", count=stage.expected, step=step)


async def all_out(stage: Stage, *, origin: str, count: int, step: Step) -> list[Json]:
    """Wait until so many publications are out; stop at the first that cannot go on alone."""
    out: set[str] = set()
    shown: list[Json] = []

    async def look() -> Sequence[Json] | None:
        answer = await stage.editor.ask(PUBLICATIONS, brand=stage.brand_id)
        shown[:] = [one for one in answer["publications"]["nodes"] if one["origin"] == origin]
        for one in shown:
            if _waits_for_a_person(one):
                raise StoryFailed(_why(one))
            if one["state"] == "PUBLISHED" and one["id"] not in out:
                out.add(one["id"])
                step()
        return shown if len(out) == count else None

    await until(
        look,
        seconds=OUT_SECONDS,
        what=lambda: (
            f"{len(out)} of {count} are out; "
            + "; ".join(_why(one) for one in shown if one["state"] != "PUBLISHED")
        ),
    )
    return shown


def _waits_for_a_person(one: Json) -> bool:
    # Not confirmed, but to be tried again: the hub itself is finding out what became of it.
    return one["state"] in ENDED or (one["state"] == "UNCONFIRMED" and one["dueAt"] is None)


def _why(one: Json) -> str:
    title = one["revision"]["title"] if one["revision"] else "an answer"
    said = [problem["message"] for problem in one["problems"]]
    said += [attempt["message"] for attempt in one["attempts"] if attempt["message"]]
    state = f"{one['state']} {one['holdReason'] or ''}".strip()
    return f"“{title}” to {one['channel']['name']} is {state}: {' '.join(said)}"
