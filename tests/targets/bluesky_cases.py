"""What must hold on the real network of Bluesky: the story of a post, and lost answers."""

import io
import threading
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image

from tests.pictures import a_drawing
from tests.targets import names
from tests.targets.bluesky_server import NAME, BlueskyNetwork, Person
from tests.targets.campaign import Cases
from tests.targets.network_cases import a_text
from tests.targets.newsroom import Broken, Json, Newsroom, Refused, Text, expect, until
from tests.targets.proxy import Proxy

PUT = "/xrpc/com.atproto.repo.putRecord"
THREAD = "/xrpc/app.bsky.feed.getPostThread"
POSTS = "/xrpc/app.bsky.feed.getPosts"
ALT = "A blue field without anything on it."
SIZE = (320, 200)
LIMIT = 300
ANSWERS = 24
FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"


@dataclass(kw_only=True)
class Sky:
    """The network with the hub's account and a reader's, and a proxy before its server."""

    news: Newsroom
    network: BlueskyNetwork
    proxy: Proxy
    account: Person = field(init=False)
    reader: Person = field(init=False)
    channel: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.account, self.reader = self.network.person("hub"), self.network.person("reader")

    @property
    def channel_id(self) -> str:
        """The hub's channel on this network; Broken while it is not connected."""
        if not self.channel:
            raise Broken("There is no channel: connecting it failed.")
        return str(self.channel["id"])

    @property
    def settings(self) -> dict[str, str]:
        """How the server is reached through the proxy."""
        return {"service": f"http://{self.proxy.address}"}

    def connect(self, person: Person, *, app_password: str = "", name: str = "Sky") -> Json:
        """Connect an account, through the proxy."""
        return self.news.connected(
            "bluesky",
            name=name,
            settings=self.settings,
            credentials={
                "identifier": person.handle,
                "app_password": app_password or person.app_password,
            },
        )

    def view(self, uri: str) -> Json:
        """Return a post as the index shows it to the reader, or nothing while it does not."""
        found = self.reader.ask("app.bsky.feed.getPosts", uris=[uri])["posts"]
        return dict(found[0]) if found else {}


cases: Cases[Sky] = Cases(party=NAME)


def one_post(sky: Sky, publication: Json, text: str) -> Json:
    """Expect that a publication is out exactly once, as it was written; return its record."""
    found = sky.account.records(text.rsplit(maxsplit=1)[-1])
    expect("how often it is out", len(found), 1)
    expect("the id the hub knows", publication["remoteId"], found[0]["uri"])
    expect("the text that is out", found[0]["value"]["text"], text)
    expect("the hash that was sent", publication["sentHash"], publication["approvedHash"])
    return found[0]


@cases.case(names.CONNECTED)
def connected(sky: Sky) -> str:
    """The hub logs in, and finds out who it is and how much a post may hold."""
    channel = sky.connect(sky.account)
    expect("the state", (channel["state"], channel["stateMessage"]), ("READY", ""))
    expect("the handle", channel["handle"], f"@{sky.account.handle}")
    expect(
        "the dialect and guarantee",
        (channel["dialect"], channel["guarantee"]),
        ("atproto", "IDENTITY"),
    )
    expect("the limit", channel["limits"]["textMax"], LIMIT)
    sky.channel = channel
    return f"limit {LIMIT}, guarantee IDENTITY; may {', '.join(sorted(channel['capabilities']))}"


@cases.case(names.PICTURE)
def picture(sky: Sky) -> None:
    """Somebody else sees the words, what is marked in them, the picture and its description."""
    text = a_text(f"Été for @{sky.reader.handle}: https://a.example/x #hub")
    shown = sky.news.picture(a_drawing(SIZE), mime="image/png", alt=ALT)
    publication = sky.news.published(Text(parts=[text], pictures=[shown]), sky.channel_id)
    post = one_post(sky, publication, text)

    raw = text.encode()
    marked = {
        raw[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): next(
            value for name, value in facet["features"][0].items() if name != "$type"
        )
        for facet in post["value"]["facets"]
    }
    expect(
        "what is marked",
        marked,
        {
            f"@{sky.reader.handle}": sky.reader.did,
            "https://a.example/x": "https://a.example/x",
            "#hub": "hub",
        },
    )
    view = until("the index knows it", lambda: sky.view(post["uri"]), bool)
    (image,) = view["embed"]["images"]
    expect("the author", view["author"]["handle"], sky.account.handle)
    expect("the language", view["record"]["langs"], ["en"])
    expect("the description", image["alt"], ALT)
    expect("the shape", image["aspectRatio"], {"width": SIZE[0], "height": SIZE[1]})
    data = httpx.get(image["fullsize"], trust_env=False, timeout=10).content
    # The index shows every picture at a size of its own.
    width, height = Image.open(io.BytesIO(data)).size
    expect("the picture's shape", width * SIZE[1], height * SIZE[0])
    told = until(
        "the reader is told of the mention",
        lambda: notified(sky, "mention"),
        lambda uris: post["uri"] in uris,
    )
    expect("told of", told.count(post["uri"]), 1)


def notified(sky: Sky, reason: str) -> list[str]:
    """Return what the reader was notified of for a reason."""
    listed = sky.reader.ask("app.bsky.notification.listNotifications", limit=100)
    return [one["uri"] for one in listed["notifications"] if one["reason"] == reason]


@cases.case(names.CARD)
def card(sky: Sky) -> None:
    """The link is in the card alone, and costs no characters."""
    marker = a_text("")
    text = "x" * (LIMIT - len(marker)) + marker
    link = "https://harbour.example/open"
    publication = sky.news.published(
        Text(parts=[text], title="We are open", summary="Every day.", link=link), sky.channel_id
    )
    post = one_post(sky, publication, text)
    view = until("the index knows it", lambda: sky.view(post["uri"]), bool)
    shown = view["embed"]["external"]
    expect("the card", shown, {"uri": link, "title": "We are open", "description": "Every day."})


@cases.case(names.THREAD)
def thread(sky: Sky) -> None:
    """Each part answers the one before, and all hang below the first."""
    texts = [a_text(f"Part {number} of a thread.") for number in (1, 2, 3)]
    in_order(sky, sky.news.published(Text(parts=texts), sky.channel_id), texts)


def in_order(sky: Sky, publication: Json, texts: list[str]) -> None:
    """Expect that the parts of a thread are out once each, and answer one another."""
    found = [post for text in texts for post in sky.account.records(text.split()[-1])]
    expect("the texts", [post["value"]["text"] for post in found], texts)
    uris = [post["uri"] for post in found]
    expect("the ids the hub knows", [post["remoteId"] for post in publication["posts"]], uris)
    replies = [post["value"].get("reply", {}) for post in found]
    above = [reply.get("parent", {}).get("uri") for reply in replies]
    expect("what answers what", above, [None, *uris[:-1]])
    roots = [reply.get("root", {}).get("uri") for reply in replies]
    expect("what they hang below", roots, [None, uris[0], uris[0]])


@cases.case(names.AT_LIMIT)
def at_limit(sky: Sky) -> None:
    """Both counters agree on the last one: 300 for a reader, and 3000 bytes."""
    one, other = a_text(""), a_text("")
    short = "x" * (LIMIT - len(one)) + one
    families, rest = divmod(3000 - len(other), len(FAMILY.encode()))
    wide = FAMILY * families + "x" * rest + other
    expect("bytes", len(wide.encode()), 3000)
    for text in (short, wide):
        one_post(sky, sky.news.published(Text(parts=[text]), sky.channel_id), text)


@cases.case(names.OVER_LIMIT)
def over_limit(sky: Sky) -> None:
    """One character or one byte more is refused at once, with a typed error."""
    before = len(sky.proxy.seen("POST", PUT))
    for text in ("x" * (LIMIT + 1), FAMILY * 166 + "x" * 13):
        codes = sky.news.refused(Text(parts=[text]), sky.channel_id)
        expect("the codes", codes, ["TOO_LONG"])
    expect("calls", len(sky.proxy.seen("POST", PUT)) - before, 0)


@cases.case(names.TWICE)
def twice(sky: Sky) -> None:
    """The same request again gets the same answer; another one is refused."""
    text = a_text("Once is enough.")
    item = sky.news.approved(Text(parts=[text]), [sky.channel_id])
    key = uuid4().hex
    asked = {sky.news.schedule(item, sky.channel_id, key=key) for _ in range(2)}
    expect("publications", len(asked), 1)
    publication = sky.news.settled(asked.pop())
    try:
        sky.news.schedule(item, sky.channel_id)
    except Refused as error:
        expect("the codes", error.codes, ["TAKEN"])
    else:
        raise Broken("The same words were scheduled there a second time.")
    one_post(sky, publication, text)


def published(sky: Sky, words: str) -> tuple[Json, Json]:
    """Publish something; return the publication, and its record once the index knows it."""
    text = a_text(words)
    publication = sky.news.published(Text(parts=[text]), sky.channel_id)
    post = one_post(sky, publication, text)
    until("the index knows it", lambda: sky.view(post["uri"]), bool)
    return publication, post


def collect(sky: Sky, publication_id: str) -> None:
    """Have the hub ask for answers and counters, and wait until both have been read."""

    def asked() -> list[int]:
        return [
            len([call for call in sky.proxy.seen("GET", path) if call.status])
            for path in (THREAD, POSTS)
        ]

    before = asked()
    sky.news.collect(publication_id)
    until(
        "answers and counters are read",
        asked,
        lambda now: all(new > old for new, old in zip(now, before, strict=True)),
    )


def messages(sky: Sky, publication_id: str) -> list[Json]:
    """Return the messages the hub has of a publication."""
    found = sky.news.publication(publication_id)["thread"]
    return list(found["messages"]["nodes"]) if found else []


@cases.case(names.COLLECTED)
def collected(sky: Sky) -> None:
    """A like, a repost, a quote and an answer are counted and kept once."""
    publication, post = published(sky, "What do you think?")
    answer = a_text("I like it.")
    sky.reader.point("like", post)
    sky.reader.point("repost", post)
    quoted = {"uri": post["uri"], "cid": post["cid"]}
    embed = {"$type": "app.bsky.embed.record", "record": quoted}
    sky.reader.write("app.bsky.feed.post", {"text": "Look at this", "embed": embed})
    uri = sky.reader.answer(post, answer)
    counts = ("likeCount", "repostCount", "replyCount", "quoteCount")
    until(
        "the index has counted them",
        lambda: [sky.view(post["uri"])[name] for name in counts],
        lambda seen: seen == [1, 1, 1, 1],
    )
    until("the index has the answer", lambda: sky.view(uri), bool)
    for _ in range(3):
        collect(sky, publication["id"])
    wanted = {"LIKES": 1, "SHARES": 1, "REPLIES": 1, "QUOTES": 1}
    until(
        "all is counted",
        lambda: {
            one["metric"]: one["value"]
            for one in sky.news.publication(publication["id"])["metrics"]
        },
        lambda metrics: metrics == wanted,
    )
    (message,) = until(
        "the answer is there", lambda: messages(sky, publication["id"]), lambda found: found
    )
    expect(
        "the message",
        (message["direction"], message["text"], message["remoteId"], message["person"]["handle"]),
        ("INBOUND", answer, uri, sky.reader.handle),
    )


@cases.case(names.SHIFTING)
def shifting(sky: Sky) -> str:
    """Answers are written, back-dated, nested and deleted while the hub reads and reads."""
    publication, post = published(sky, "Say something, everybody.")
    kept: list[str] = []
    deleted: list[str] = []
    failed: list[Exception] = []

    def write() -> None:
        try:
            below = post
            for number in range(ANSWERS):
                dated: dict[str, Any] = (
                    {"createdAt": "2001-01-01T00:00:00.000Z"} if number % 3 == 0 else {}
                )
                text = a_text(f"Answer {number}.")
                uri = sky.reader.answer(below, text, **dated)
                kept.append(uri)
                if number % 8 == 7:
                    deleted.append(kept.pop(-2))
                    body = dict(
                        zip(("repo", "collection", "rkey"), deleted[-1][5:].split("/"), strict=True)
                    )
                    sky.reader.tell("com.atproto.repo.deleteRecord", body)
        except Exception as error:  # noqa: BLE001 - told to the thread that waits
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    rounds = 0
    while writer.is_alive():
        collect(sky, publication["id"])
        rounds += 1
    writer.join()
    if failed:
        raise failed[0]
    until("the index has the last answer", lambda: sky.view(kept[-1]), bool)
    until(
        "the index has all answers",
        lambda: sky.view(post["uri"])["replyCount"],
        lambda count: count == len(kept),
    )
    collect(sky, publication["id"])
    found = until(
        "every answer is there",
        lambda: [message["remoteId"] for message in messages(sky, publication["id"])],
        lambda uris: set(kept) <= set(uris),
    )
    expect("how often each", len(found), len(set(found)))
    expect("beyond what was ever written", set(found) - {*kept, *deleted}, set())
    return f"{len(kept)} answers, {len(deleted)} deleted, read {rounds + 1} times meanwhile"


def an_answer(sky: Sky) -> tuple[Json, Json, Json]:
    """Publish something, let the reader answer; return publication, record and message."""
    publication, post = published(sky, "Any questions?")
    uri = sky.reader.answer(post, a_text("When will it be?"))
    until("the index has the answer", lambda: sky.view(uri), bool)
    collect(sky, publication["id"])
    (message,) = until(
        "the answer has come", lambda: messages(sky, publication["id"]), lambda found: found
    )
    return publication, post, message


def reply(sky: Sky, message: Json, text: str) -> Json:
    """Answer a message from the hub and return the publication of the answer."""
    given = {"messageId": message["id"], "text": text}
    made = sky.news.do("messageReply", given, "publication { id }", role="manager")
    return sky.news.settled(made["publication"]["id"])


@cases.case(names.REPLY)
def replied(sky: Sky) -> None:
    """The reader is told, and finds the reply below their own words."""
    publication, post, message = an_answer(sky)
    text = a_text("On Monday.")
    sent = one_post(sky, reply(sky, message, text), text)
    expect(
        "what it hangs below",
        {name: ref["uri"] for name, ref in sent["value"]["reply"].items()},
        {"root": post["uri"], "parent": message["remoteId"]},
    )
    until(
        "the reader is told",
        lambda: notified(sky, "reply"),
        lambda uris: uris.count(sent["uri"]) == 1,
    )
    seen = sky.reader.ask("app.bsky.feed.getPostThread", uri=message["remoteId"])["thread"]
    below = [node["post"]["uri"] for node in seen["replies"]]
    expect("what is below the question", below, [sent["uri"]])
    kept = messages(sky, publication["id"])
    expect("the conversation", sorted(one["direction"] for one in kept), ["INBOUND", "OUTBOUND"])
    collect(sky, publication["id"])
    expect("own words are no answer", len(messages(sky, publication["id"])), 2)
