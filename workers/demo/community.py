"""The community: others like, share and answer; the hub counts, listens, replies and moderates."""

from collections import Counter

from workers.demo.client import Json, until
from workers.demo.diary import many
from workers.demo.material import Answer, Channel, Item
from workers.demo.publishing import look_at, look_at_all, until_out
from workers.demo.stage import Said, Stage

COUNTED_SECONDS = 30
COLLECT = "publication { id }"

RENDERED = """
query Rendered($reply: ID!, $message: ID!) {
  savedReplyRender(id: $reply, messageId: $message) { text problems { message } }
}"""
MODERATED = """
query Moderated($ids: [ID!]!, $rule: ID!) {
  nodes(ids: $ids) { ... on Message { id hidden text } }
  moderationActions(filter: { ruleIn: [$rule] }, first: 20) {
    nodes { id kind state reason ruleName spans { text } message { id text } }
  }
}"""


async def others_react(stage: Stage) -> None:
    """Let everybody else do what the texts say they do, and wait until the hub knows all of it."""
    before, counted = len(stage.said), _counted(stage)
    changed = []
    for publication in stage.answerable():
        item = stage.item_of(publication)
        if item is None:
            continue
        is_new = publication["id"] not in stage.done
        if is_new:
            await _react(stage, publication, item)
        if is_new or await _like_later(stage, publication, item):
            changed.append(publication["id"])
    await _collected(stage, changed)
    new = _counted(stage) - counted
    stage.note(
        f"In the inbox: {many(len(stage.said) - before, 'new answer')}; counted: "
        f"{many(new['likes'], 'new like')}, {many(new['shares'], 'new share')}",
        kind="found",
    )


def _counted(stage: Stage) -> Counter[str]:
    return sum(stage.done.values(), Counter())


async def _react(stage: Stage, publication: Json, item: Item) -> None:
    channel, place = stage.channel_of(publication), stage.place_of(publication)
    posts = [post["remoteId"] for post in publication["posts"]]
    done = stage.done.setdefault(publication["id"], Counter())
    for name in item.community.likes if place.has_likes else ():
        await place.like(await stage.other(channel.platform, name), posts[0])
        done["likes"] += 1
    for name in item.community.shares if place.has_shares else ():
        await place.share(await stage.other(channel.platform, name), posts[0])
        done["shares"] += 1
    for answer in answers_on(item, channel):
        remote_id = await place.answer(
            await stage.other(channel.platform, answer.by),
            posts[answer.under_part - 1],
            answer.text,
            to=stage.accounts[channel.key],
        )
        done["answers"] += 1
        stage.said.append(
            Said(
                item=item,
                channel=channel,
                answer=answer,
                publication_id=publication["id"],
                remote_id=remote_id,
            )
        )


async def _like_later(stage: Stage, publication: Json, item: Item) -> bool:
    """Let those like it who come to it a day later; say whether there were any."""
    done, place = stage.done[publication["id"]], stage.place_of(publication)
    if done["later"] or not place.has_likes or not item.community.later_likes:
        return False
    platform = stage.channel_of(publication).platform
    for name in item.community.later_likes:
        await place.like(await stage.other(platform, name), publication["posts"][0]["remoteId"])
        done["likes"] += 1
    done["later"] = 1
    return True


def answers_on(item: Item, channel: Channel) -> list[Answer]:
    """Return what is answered to a text on one channel."""
    return [answer for answer in item.community.answers if answer.on == channel.key]


async def _collected(stage: Stage, ids: list[str]) -> None:
    """Ask the hub to look now, and wait until it has counted everything the others did."""
    for publication_id in ids:
        await stage.editor.act("publicationCollect", {"id": publication_id}, COLLECT)

    async def look() -> bool | None:
        shown = await look_at(stage, ids)
        return all(counted(one) == done(stage, one) for one in shown) or None

    await until(
        look,
        seconds=COUNTED_SECONDS,
        what=lambda: "; ".join(
            f"{one['channel']['name']}: counted {counted(one)}, done {done(stage, one)}"
            for one in map(stage.publications.__getitem__, ids)
            if counted(one) != done(stage, one)
        ),
    )


def counted(publication: Json) -> Counter[str]:
    """Return what the hub knows of a publication: likes, shares and answers."""
    metrics = {one["metric"]: one["value"] for one in publication["metrics"]}
    return +Counter(
        likes=metrics.get("LIKES", 0),
        shares=metrics.get("SHARES", 0),
        answers=len(inbound(publication)),
    )


def done(stage: Stage, publication: Json) -> Counter[str]:
    """Return what the others did with a publication."""
    did = stage.done.get(publication["id"], Counter())
    return +Counter({name: did[name] for name in ("likes", "shares", "answers")})


def inbound(publication: Json) -> list[Json]:
    """Return the answers of others that the hub brought back."""
    thread = publication["thread"]
    messages = thread["messages"]["nodes"] if thread else []
    return [message for message in messages if message["direction"] == "INBOUND"]


async def answer(stage: Stage) -> None:
    """Answer from the hub, with saved words where they fit, and wait until all of it is out."""
    messages = messages_by_place(stage)
    answered = {id(said) for said, _ in stage.replied.values()}
    made: list[str] = []
    saved = 0
    for said in stage.said:
        if not said.answer.is_answered or id(said) in answered:
            continue
        message_id = messages[said.channel.key, said.remote_id]
        given = await _words(stage, said, message_id)
        out = await stage.editor.act("messageReply", given, "publication { id }")
        stage.replied[out["publication"]["id"]] = (said, given["text"])
        made.append(out["publication"]["id"])
        saved += "savedReplyId" in given
    if not made:
        return
    await until_out(stage, made)
    with_saved = f", {saved} of them with a saved reply" if saved else ""
    stage.note(f"Answered from the inbox: {len(made)}{with_saved}")


async def _words(stage: Stage, said: Said, message_id: str) -> Json:
    place = stage.places[said.channel.platform]
    if not said.answer.saved:
        text = place.addressed(said.answer.by, said.answer.reply)
        return {"messageId": message_id, "text": text}
    saved = stage.brands[said.item.brand].saved_reply
    asked = await stage.editor.ask(RENDERED, reply=saved, message=message_id)
    text = place.addressed(said.answer.by, asked["savedReplyRender"]["text"])
    return {"messageId": message_id, "text": text, "savedReplyId": saved}


def messages_by_place(stage: Stage) -> dict[tuple[str, str], str]:
    """Return the hub's id of every answer, by its channel and its id there."""
    return {
        (stage.channel_of(publication).key, message["remoteId"]): message["id"]
        for publication in stage.answerable()
        for message in inbound(publication)
    }


def replies_expected(stage: Stage) -> int:
    """Return how many answers the brand has something to say to."""
    return sum(said.answer.is_answered for said in stage.said)


async def moderated(stage: Stage) -> None:
    """Wait until the rule has hidden what nobody should have to read; tell why it did."""
    messages = messages_by_place(stage)
    for said in unwanted(stage):
        message_id = messages[said.channel.key, said.remote_id]
        rule = stage.brands[said.item.brand].rule

        async def look(message_id: str = message_id, rule: str = rule) -> Json | None:
            shown = await stage.editor.ask(MODERATED, ids=[message_id], rule=rule)
            hidden = shown["nodes"][0]["hidden"]
            acts = [
                one
                for one in shown["moderationActions"]["nodes"]
                if one["message"]["id"] == message_id and one["kind"] == "HIDE"
            ]
            return acts[0] if hidden and acts else None

        act = await until(look, seconds=COUNTED_SECONDS, what=f"{said.answer.by} is not hidden.")
        stage.found.setdefault("moderated", []).append((said, act))
        spans = ", ".join(f"“{span['text']}”" for span in act["spans"])
        stage.note(
            f"A comment of {stage.cast.people[said.answer.by]} is hidden by “{act['ruleName']}”",
            brand=said.item.brand,
            kind="bad",
            details=[f"it says: {said.answer.text}", f"found: {spans} · {act['reason']}"],
        )
    await look_at_all(stage)


def unwanted(stage: Stage) -> list[Said]:
    """Return the answers that a rule is to hide."""
    return [said for said in stage.said if said.answer.hidden]
