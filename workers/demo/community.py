"""The last part: others like, share and answer; the hub counts, listens and replies."""

from collections import Counter

from workers.demo.client import Json, until
from workers.demo.material import Answer, Channel, Item
from workers.demo.reviewing import all_out
from workers.demo.stage import Said, Stage, Step

COUNTED_SECONDS = 30

ENGAGEMENT = """
query Engagement($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Publication {
      id
      metrics { metric value }
      thread {
        messages(first: 50) { nodes { id direction text remoteId person { handle name } } }
      }
    }
  }
}"""


async def others_react(stage: Stage, step: Step) -> None:
    """Let everybody else do what the texts say they do, wherever they can."""
    for platform, place in stage.places.items():
        for username, name in stage.cast.people.items():
            stage.others[platform, username] = await place.join(username=username, name=name)
    for publication in stage.answerable():
        await _react(stage, publication)
        step()


async def _react(stage: Stage, publication: Json) -> None:
    item, channel = stage.item_of(publication), stage.channel_of(publication)
    place = stage.place_of(publication)
    posts = [post["remoteId"] for post in publication["posts"]]
    for name in item.community.likes if place.has_likes else ():
        await place.like(stage.others[channel.platform, name], posts[0])
    for name in item.community.shares if place.has_shares else ():
        await place.share(stage.others[channel.platform, name], posts[0])
    for answer in answers_on(item, channel):
        remote_id = await place.answer(
            stage.others[channel.platform, answer.by],
            posts[answer.under_part - 1],
            answer.text,
            to=stage.accounts[channel.key],
        )
        stage.said.append(
            Said(
                item=item,
                channel=channel,
                by=answer.by,
                text=answer.text,
                remote_id=remote_id,
                reply=answer.reply,
                hide=answer.hide,
            )
        )


def answers_on(item: Item, channel: Channel) -> list[Answer]:
    """Return what is answered to a text on one channel."""
    return [answer for answer in item.community.answers if answer.on == channel.key]


async def collect(stage: Stage, step: Step) -> None:
    """Ask the hub to look now, and wait until it has counted everything the others did."""
    published = stage.answerable()
    for publication in published:
        await stage.editor.act(
            "publicationCollect", {"id": publication["id"]}, "publication { id }"
        )
    ids = [publication["id"] for publication in published]
    complete: set[str] = set()

    async def look() -> bool | None:
        for node in (await stage.editor.ask(ENGAGEMENT, ids=ids))["nodes"]:
            publication = next(one for one in published if one["id"] == node["id"])
            publication["metrics"], publication["thread"] = node["metrics"], node["thread"]
            if node["id"] not in complete and counted(publication) == done(stage, publication):
                complete.add(node["id"])
                step()
        return len(complete) == len(ids) or None

    await until(
        look,
        seconds=COUNTED_SECONDS,
        what=lambda: "; ".join(
            f"“{stage.item_of(one)}”: counted {counted(one)}, done {done(stage, one)}"
            for one in published
            if counted(one) != done(stage, one)
        ),
    )


def counted(publication: Json) -> Counter[str]:
    """Return what the hub knows of a publication: likes, shares and answers."""
    metrics = {one["metric"]: one["value"] for one in publication.get("metrics") or ()}
    return +Counter(
        likes=metrics.get("LIKES", 0),
        shares=metrics.get("SHARES", 0),
        answers=len(inbound(publication)),
    )


def done(stage: Stage, publication: Json) -> Counter[str]:
    """Return what the others did with a publication, by the text it tells."""
    item, place = stage.item_of(publication), stage.place_of(publication)
    return +Counter(
        likes=len(item.community.likes) if place.has_likes else 0,
        shares=len(item.community.shares) if place.has_shares else 0,
        answers=len(answers_on(item, stage.channel_of(publication))),
    )


def inbound(publication: Json) -> list[Json]:
    """Return the answers of others that the hub brought back."""
    thread = publication.get("thread")
    messages = thread["messages"]["nodes"] if thread else []
    return [message for message in messages if message["direction"] == "INBOUND"]


async def reply(stage: Stage, step: Step) -> None:
    """Answer from the hub, and wait until every answer is where it belongs."""
    messages = messages_by_place(stage)
    for said in stage.said:
        if not said.reply:
            continue
        place = stage.places[said.channel.platform]
        given = {
            "messageId": messages[said.channel.key, said.remote_id],
            "text": place.addressed(said.by, said.reply),
        }
        made = await stage.editor.act("messageReply", given, "publication { id }")
        stage.replied[made["publication"]["id"]] = said
    count = replies_expected(stage)
    stage.replies = await all_out(stage, origin="REPLY", count=count, step=step)


def messages_by_place(stage: Stage) -> dict[tuple[str, str], str]:
    """Return the hub's id of every answer, by its channel and its id there."""
    return {
        (stage.channel_of(publication).key, message["remoteId"]): message["id"]
        for publication in stage.answerable()
        for message in inbound(publication)
    }


def replies_expected(stage: Stage) -> int:
    """Return how many answers the brand has something to say to."""
    return sum(bool(answer.reply) for item in stage.items for answer in item.community.answers)
