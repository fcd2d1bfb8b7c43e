"""What must hold on a Mastodon-compatible network: the story of a post, and bad tokens."""

import io
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from PIL import Image

from tests.pictures import a_drawing
from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.mock_server import NAME, MockServer, Person
from tests.targets.newsroom import Broken, Json, Newsroom, Refused, Text, expect, until
from tests.targets.proxy import Proxy

POSTS = "/api/v1/statuses"
ALT = "A blue field without anything on it."
SIZE = (320, 200)


@dataclass(kw_only=True)
class Network:
    """A network with the hub's account and a reader's, and a proxy before it."""

    news: Newsroom
    server: MockServer
    proxy: Proxy
    account: Person = field(init=False)
    reader: Person = field(init=False)
    channel: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.account = self.server.person(f"hub_{uuid4().hex[:6]}")
        self.reader = self.server.person(f"reader_{uuid4().hex[:6]}")

    @property
    def channel_id(self) -> str:
        """The hub's channel on this network; Broken while it is not connected."""
        if not self.channel:
            raise Broken("There is no channel: connecting it failed.")
        return str(self.channel["id"])

    def connect(self, token: str, *, name: str = "Network") -> Json:
        """Connect an account by its token, through the proxy."""
        return self.news.connected(
            "mastodon",
            name=name,
            settings={"base_url": f"http://{self.proxy.address}"},
            credentials={"access_token": token},
        )

    def another(self, name: str) -> tuple[Person, str]:
        """Make and connect an account that no other case touches; return it and its channel."""
        person = self.server.person(f"{name}_{uuid4().hex[:6]}")
        channel = self.connect(person.token, name=name)
        expect("the state of the channel", channel["state"], "READY")
        return person, channel["id"]


cases: Cases[Network] = Cases(party=NAME)


def a_text(words: str) -> str:
    """Return words with something in them that no other post has."""
    return f"{words} {uuid4().hex[:10]}"


def one_post(account: Person, publication: Json, text: str) -> Json:
    """Expect that a publication is out exactly once, as it was written, and return the post."""
    found = account.posts(text.rsplit(maxsplit=1)[-1])
    expect("how often it is out", len(found), 1)
    expect("the id the hub knows", publication["remoteId"], found[0]["id"])
    expect("the text that is out", account.text_of(found[0]["id"]), text)
    expect("the hash that was sent", publication["sentHash"], publication["approvedHash"])
    return dict(found[0])


@cases.case(names.CONNECTED)
def connected(stage: Network) -> str:
    """The hub finds out who it is there, what it may do, and how much a post may hold."""
    channel = stage.connect(stage.account.token)
    expect("the state", (channel["state"], channel["stateMessage"]), ("READY", ""))
    expect("the handle", channel["handle"].split("@")[1], stage.account.name)
    expect("the dialect", channel["dialect"], "mastodon")
    expect("the guarantee", channel["guarantee"], "REPLAY")
    expect("the limit", channel["limits"]["textMax"], stage.server.limit)
    stage.channel = channel
    return f"limit {stage.server.limit}, guarantee REPLAY"


@cases.case(names.PICTURE)
def picture(stage: Network) -> None:
    """Somebody else sees the words, the picture and its description."""
    text = a_text("A picture says more than a thousand words, they say. #hub")
    shown = stage.news.picture(a_drawing(SIZE), mime="image/png", alt=ALT)
    publication = stage.news.published(Text(parts=[text], pictures=[shown]), stage.channel_id)
    post = one_post(stage.account, publication, text)

    seen = stage.reader.ask("GET", f"{POSTS}/{post['id']}")
    (media,) = seen["media_attachments"]
    expect("the author", seen["account"]["username"], stage.account.name)
    expect("the language", seen["language"], "en")
    expect("the tags", [tag["name"] for tag in seen["tags"]], ["hub"])
    expect("the description", media["description"], ALT)
    data = httpx.get(media["url"], trust_env=False, timeout=10).content
    expect("the picture", Image.open(io.BytesIO(data)).size, SIZE)


@cases.case(names.THREAD)
def thread(stage: Network) -> None:
    """Each part answers the one before."""
    texts = [a_text(f"Part {number} of a thread.") for number in (1, 2, 3)]
    publication = stage.news.published(Text(parts=texts), stage.channel_id)
    in_order(stage.account, publication, texts)


def in_order(account: Person, publication: Json, texts: list[str]) -> None:
    """Expect that the parts of a thread are out once each, and answer one another."""
    found = [post for text in texts for post in account.posts(text.split()[-1])]
    expect("the texts", [account.text_of(post["id"]) for post in found], texts)
    ids = [post["id"] for post in found]
    expect("the ids the hub knows", [post["remoteId"] for post in publication["posts"]], ids)
    expect("what answers what", [post["in_reply_to_id"] for post in found], [None, *ids[:-1]])


@cases.case(names.AT_LIMIT)
def at_limit(stage: Network) -> None:
    """The hub's counter and the server's agree on the last character."""
    marker = a_text("")
    text = "x" * (stage.server.limit - len(marker)) + marker
    publication = stage.news.published(Text(parts=[text]), stage.channel_id)
    one_post(stage.account, publication, text)


@cases.case(names.OVER_LIMIT)
def over_limit(stage: Network) -> None:
    """One character more is refused at once, with a typed error."""
    before = len(stage.proxy.seen("POST", POSTS))
    codes = stage.news.refused(Text(parts=["x" * (stage.server.limit + 1)]), stage.channel_id)
    expect("the codes", codes, ["TOO_LONG"])
    expect("calls", len(stage.proxy.seen("POST", POSTS)) - before, 0)


@cases.case(names.TWICE)
def twice(stage: Network) -> None:
    """The same request again gets the same answer; another one is refused."""
    text = a_text("Once is enough.")
    item = stage.news.approved(Text(parts=[text]), [stage.channel_id])
    key = uuid4().hex
    asked = {stage.news.schedule(item, stage.channel_id, key=key) for _ in range(2)}
    expect("publications", len(asked), 1)
    publication = stage.news.settled(asked.pop())
    try:
        stage.news.schedule(item, stage.channel_id)
    except Refused as error:
        expect("the codes", error.codes, ["TAKEN"])
    else:
        raise Broken("The same words were scheduled there a second time.")
    one_post(stage.account, publication, text)


@cases.case(names.COLLECTED)
def collected(stage: Network) -> None:
    """A like, a boost and an answer are counted and kept once."""
    publication = stage.news.published(Text(parts=[a_text("What do you think?")]), stage.channel_id)
    post, answer = publication["remoteId"], a_text("I like it.")
    stage.reader.ask("POST", f"{POSTS}/{post}/favourite")
    stage.reader.ask("POST", f"{POSTS}/{post}/reblog")
    stage.reader.ask("POST", POSTS, json={"status": answer, "in_reply_to_id": post})
    for _ in range(3):
        collect(stage, publication["id"], post)
    found = until(
        "the like is counted",
        lambda: stage.news.publication(publication["id"]),
        lambda seen: any(metric["value"] for metric in seen["metrics"]),
    )
    (message,) = found["thread"]["messages"]["nodes"]
    expect(
        "the message",
        (message["direction"], message["text"], message["person"]["handle"]),
        ("INBOUND", answer, stage.reader.name),
    )
    metrics = {metric["metric"]: metric["value"] for metric in found["metrics"]}
    expect("the metrics", metrics, {"LIKES": 1, "SHARES": 1, "REPLIES": 1})


def collect(stage: Network, publication_id: str, post: str) -> None:
    """Have the hub ask for answers and counters, and wait until both have been read."""

    def asked() -> list[int]:
        token = stage.account.token
        paths = (f"{POSTS}/{post}/context", POSTS)
        return [
            len([call for call in stage.proxy.seen("GET", path, token=token) if call.status])
            for path in paths
        ]

    before = asked()
    stage.news.collect(publication_id)
    until(
        "answers and counters are read",
        asked,
        lambda now: all(new > old for new, old in zip(now, before, strict=True)),
    )
    time.sleep(0.3)


def an_answer(stage: Network) -> tuple[Json, Json]:
    """Publish something, let the reader answer, and return the publication and the message."""
    publication = stage.news.published(Text(parts=[a_text("Any questions?")]), stage.channel_id)
    post = publication["remoteId"]
    asked = {"status": a_text("When will it be?"), "in_reply_to_id": post}
    stage.reader.ask("POST", POSTS, json=asked)
    stage.news.collect(publication["id"])
    found = until(
        "the answer has come",
        lambda: stage.news.publication(publication["id"]),
        lambda seen: seen["thread"] and seen["thread"]["messages"]["nodes"],
    )
    return publication, found["thread"]["messages"]["nodes"][0]


def reply(stage: Network, message: Json, text: str) -> Json:
    """Answer a message from the hub and return the publication of the answer."""
    given = {"messageId": message["id"], "text": text}
    made = stage.news.do("messageReply", given, "publication { id }", role="manager")
    return stage.news.settled(made["publication"]["id"])


@cases.case(names.REPLY)
def replied(stage: Network) -> None:
    """The reader is told, and finds the reply below their own words."""
    publication, message = an_answer(stage)
    text = a_text(f"@{stage.reader.name} On Monday.")
    sent = reply(stage, message, text)
    one_post(stage.account, sent, text)
    below = stage.reader.ask("GET", f"{POSTS}/{message['remoteId']}/context")["descendants"]
    expect("what is below the question", [post["id"] for post in below], [sent["remoteId"]])
    told = stage.reader.ask("GET", "/api/v1/notifications", params={"types[]": "mention"})
    expect("told of", [one["status"]["id"] for one in told], [sent["remoteId"]])
    kept = stage.news.publication(publication["id"])["thread"]["messages"]["nodes"]
    expect("the conversation", sorted(one["direction"] for one in kept), ["INBOUND", "OUTBOUND"])


@cases.case(names.WRONG_SECRET)
def wrong_token(stage: Network) -> str:
    """A token nobody issued is noticed before anything is sent with it."""
    channel = stage.connect("nobody-issued-this", name="Wrong")
    expect("the state", channel["state"], "NEEDS_AUTH")
    return str(channel["stateMessage"])


@cases.case(names.WITHDRAWN)
def withdrawn(stage: Network) -> None:
    """What was approved waits for a new token, and another account's token does not do."""
    person, channel_id = stage.another("moody")
    text = a_text("This waits for a new token.")
    stage.server.withdraw(person.token)
    fresh = stage.server.another_token(person)
    publication = stage.news.settled(stage.news.sent(Text(parts=[text]), channel_id), wanted="HELD")
    expect("why", publication["holdReason"], "NEEDS_AUTH")
    expect("the channel", stage.news.channel(channel_id)["state"], "NEEDS_AUTH")

    foreign = {"access_token": stage.server.another_token(stage.reader)}
    expect(
        "somebody else's token", stage.news.new_credentials(channel_id, foreign)["state"], "FAILED"
    )
    channel = stage.news.new_credentials(channel_id, {"access_token": fresh})
    expect("the account's new token", channel["state"], "READY")
    owner = Person(name=person.name, id=person.id, token=fresh, http=person.http)
    expect("posts so far", owner.posts(), [])
    stage.news.resume(publication["id"])
    one_post(owner, stage.news.settled(publication["id"]), text)


@cases.case(names.BLIND)
def blind(stage: Network) -> None:
    """A token that may only write: after a lost answer nobody can know, so a person is asked."""
    person = stage.server.person(f"mute_{uuid4().hex[:6]}")
    token = stage.server.another_token(person, scopes="write")
    channel = stage.connect(token, name="Write only")
    expect("the channel", (channel["state"], channel["guarantee"]), ("READY", "BLIND"))
    text = a_text("Did this go out?")
    stage.proxy.cut("POST", POSTS)
    doubtful = stage.news.settled(
        stage.news.sent(Text(parts=[text]), channel["id"]), wanted="UNCONFIRMED"
    )
    offered = set(doubtful["availableActions"])
    asked = {"PUBLICATION_CONFIRM", "PUBLICATION_RETRY", "PUBLICATION_ABANDON"}
    expect("what a person is offered", asked - offered, set())
    time.sleep(1.5)
    expect("posts sent", len(stage.proxy.seen("POST", POSTS, token=token)), 1)

    (post,) = person.posts(text.split()[-1])
    given: dict[str, Any] = {"id": doubtful["id"], "remoteId": post["id"], "url": post["url"]}
    stage.news.do("publicationConfirm", given, "publication { id }", role="manager")
    one_post(person, stage.news.settled(doubtful["id"]), text)
