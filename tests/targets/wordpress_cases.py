"""What must hold on a WordPress site: the story of a post, its comments, and lost answers."""

import io
import time
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from PIL import Image

from tests.pictures import a_drawing
from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.network_cases import ALT, SIZE, a_text
from tests.targets.newsroom import Broken, Json, Newsroom, Refused, Text, expect, until
from tests.targets.proxy import Proxy
from tests.targets.wordpress_server import API, NAME, Person, WordPressServer

POSTS, COMMENTS = f"{API}/posts", f"{API}/comments"
LIMIT = 100_000
#: More comments than WordPress gives at once, and how many vanish while they are read.
MANY, VANISHING = 130, 30
NOTHING: Json = {"nodes": [], "pageInfo": {"hasNextPage": False}}


@dataclass(kw_only=True)
class Blog:
    """A site with the hub's user and a reader, and a proxy before it."""

    news: Newsroom
    server: WordPressServer
    proxy: Proxy
    account: Person = field(init=False)
    reader: Person = field(init=False)
    channel: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.account = self.server.person(f"hub_{uuid4().hex[:6]}")
        self.reader = self.server.person(f"reader_{uuid4().hex[:6]}", role="subscriber")

    @property
    def channel_id(self) -> str:
        """The hub's channel on this site; Broken while it is not connected."""
        if not self.channel:
            raise Broken("There is no channel: connecting it failed.")
        return str(self.channel["id"])

    @property
    def settings(self) -> Json:
        """How the site is reached through the proxy, and what posts are filed under."""
        return {"base_url": f"http://{self.proxy.address}", "categories": ["Harbour & sea"]}

    def connect(self, credentials: Json, *, name: str = "Blog") -> Json:
        """Connect a user by an application password, through the proxy."""
        return self.news.connected(
            "wordpress", name=name, settings=self.settings, credentials=credentials
        )


cases: Cases[Blog] = Cases(party=NAME)


def one_post(account: Person, publication: Json, text: str) -> Json:
    """Expect that a publication is out exactly once, no draft beside it, and return the post."""
    marker = text.rsplit(maxsplit=1)[-1]
    found = account.posts(marker)
    expect("how often it is out", len(found), 1)
    expect("the id the hub knows", publication["remoteId"], f"posts/{found[0]['id']}")
    expect("the words that are out", found[0]["content"]["raw"], f"<p>{text}</p>")
    expect("the hash that was sent", publication["sentHash"], publication["approvedHash"])
    expect("drafts left over", account.posts(status="draft"), [])
    return dict(found[0])


def one_comment(account: Person, publication: Json, text: str) -> Json:
    """Expect that a reply is out exactly once and return the comment."""
    found = [one for one in account.comments() if text in one["content"]["rendered"]]
    expect("how often it is out", len(found), 1)
    expect("the id the hub knows", publication["remoteId"], f"comments/{found[0]['id']}")
    return dict(found[0])


@cases.case(names.CONNECTED)
def connected(stage: Blog) -> str:
    """The hub finds out who it is there and what it may do."""
    channel = stage.connect(stage.account.credentials)
    expect("the state", (channel["state"], channel["stateMessage"]), ("READY", ""))
    expect("the handle", channel["handle"], stage.account.name)
    expect("the guarantee", channel["guarantee"], "IDENTITY")
    expect("the limit", channel["limits"]["textMax"], LIMIT)
    stage.channel = channel
    return f"limit {LIMIT}, guarantee IDENTITY"


@cases.case(names.PICTURE)
def picture(stage: Blog) -> None:
    """Somebody else sees the words, the picture, its description, the category and the tag."""
    text = a_text("A picture says more than a thousand words, they say.")
    shown = stage.news.picture(a_drawing(SIZE), mime="image/png", alt=ALT)
    written = Text(parts=[text], title="Rock & <roll>", pictures=[shown], tags=["sea"])
    publication = stage.news.published(written, stage.channel_id)
    post = one_post(stage.account, publication, text)

    seen = stage.reader.ask("GET", f"posts/{post['id']}")
    media = stage.reader.ask("GET", f"media/{seen['featured_media']}")
    expect("the title", seen["title"]["rendered"], "Rock &amp; &lt;roll&gt;")
    expect("the description", media["alt_text"], ALT)
    named = {
        taxonomy: [
            stage.reader.ask("GET", f"{taxonomy}/{number}")["name"] for number in seen[taxonomy]
        ]
        for taxonomy in ("categories", "tags")
    }
    expect("the terms", named, {"categories": ["Harbour &amp; sea"], "tags": ["sea"]})
    data = httpx.get(media["source_url"], trust_env=False, timeout=10).content
    expect("the picture", Image.open(io.BytesIO(data)).size, SIZE)


@cases.case(names.THREAD)
def thread(stage: Blog) -> None:
    """A blog makes one article of the parts, in their order."""
    texts = [a_text(f"Part {number} of an article.") for number in (1, 2, 3)]
    publication = stage.news.published(Text(parts=texts), stage.channel_id)
    (found,) = stage.account.posts(texts[0].split()[-1])
    expect("the words", found["content"]["raw"], "\n\n".join(f"<p>{text}</p>" for text in texts))
    expect("posts", [post["remoteId"] for post in publication["posts"]], [f"posts/{found['id']}"])


@cases.case(names.AT_LIMIT)
def at_limit(stage: Blog) -> None:
    """The longest article goes out whole, though every letter of it is escaped on the way."""
    marker = a_text("")
    text = "é" * (LIMIT - len(marker)) + marker
    publication = stage.news.published(Text(parts=[text]), stage.channel_id)
    one_post(stage.account, publication, text)


@cases.case(names.OVER_LIMIT)
def over_limit(stage: Blog) -> None:
    """One character more is refused at once: the hub itself keeps no longer text."""
    before = len(stage.proxy.seen("POST", POSTS))
    codes = stage.news.refused(Text(parts=["x" * (LIMIT + 1)]), stage.channel_id)
    expect("the codes", codes, ["INVALID"])
    expect("calls", len(stage.proxy.seen("POST", POSTS)) - before, 0)


@cases.case(names.TWICE)
def twice(stage: Blog) -> None:
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


def collect(stage: Blog, publication_id: str) -> None:
    """Have the hub look for comments, and wait until the walk is over."""
    before = len(stage.proxy.seen("GET", COMMENTS))
    stage.news.collect(publication_id)

    def asked() -> int:
        return len([call for call in stage.proxy.seen("GET", COMMENTS) if call.status])

    # One request for the counter, one or more for the comments.
    until("comments and counters are read", asked, lambda now: now >= before + 2)
    time.sleep(0.5)


def number_of(publication: Json) -> int:
    """Return the number of the post a publication is."""
    return int(publication["remoteId"].partition("/")[2])


def received(stage: Blog, publication_id: str) -> list[str]:
    """Return the ids of all messages the hub has kept from others."""
    document = """query Kept($id: ID!, $after: String) { node(id: $id) { ... on Publication {
        thread { messages(first: 100, after: $after) {
            nodes { remoteId direction } pageInfo { hasNextPage endCursor }
        } } } } }"""
    kept: list[str] = []
    after = None
    while True:
        asked = {"id": publication_id, "after": after}
        found = stage.news.ask(document, asked, role="manager")["node"]["thread"]
        page: Json = found["messages"] if found else NOTHING
        kept += [one["remoteId"] for one in page["nodes"] if one["direction"] == "INBOUND"]
        if not page["pageInfo"]["hasNextPage"]:
            return kept
        after = page["pageInfo"]["endCursor"]


@cases.case(names.COLLECTED)
def collected(stage: Blog) -> None:
    """A comment is counted and kept once; nobody can like anything here."""
    publication = stage.news.published(Text(parts=[a_text("What do you think?")]), stage.channel_id)
    answer = a_text("I like it.")
    given = {"post": number_of(publication), "content": answer}
    written = stage.reader.ask("POST", "comments", json=given)
    for _ in range(3):
        collect(stage, publication["id"])
    found = until(
        "the comment is counted",
        lambda: stage.news.publication(publication["id"]),
        lambda seen: any(metric["value"] for metric in seen["metrics"]),
    )
    (message,) = found["thread"]["messages"]["nodes"]
    expect(
        "the message",
        (message["direction"], message["text"], message["person"]["handle"], message["remoteId"]),
        ("INBOUND", answer, stage.reader.name, f"comments/{written['id']}"),
    )
    metrics = {metric["metric"]: metric["value"] for metric in found["metrics"]}
    expect("the metrics", metrics, {"REPLIES": 1})


@cases.case(names.SHIFTING)
def shifting(stage: Blog) -> str:
    """Between two pages the oldest comments vanish and new ones come: none is missed or doubled."""
    publication = stage.news.published(Text(parts=[a_text("Speak up!")]), stage.channel_id)
    post = number_of(publication)
    written = stage.server.write_comments(stage.reader, post=post, text="Hear, hear", count=MANY)
    late: list[int] = []

    def shift() -> None:
        for number in written[:VANISHING]:
            stage.server.admin.ask("DELETE", f"comments/{number}")
        late.extend(stage.server.write_comments(stage.reader, post=post, text="Late", count=5))

    stage.proxy.cut("GET", COMMENTS, share=1, before=shift)
    for _ in range(3):
        collect(stage, publication["id"])
    # Another walk of the hub may find the late ones before who wrote them is back.
    until("the late ones are written", lambda: late, bool)
    wanted = [f"comments/{number}" for number in [*written, *late]]
    found = until(
        "the last comment has come",
        lambda: received(stage, publication["id"]),
        lambda kept: set(wanted[VANISHING:]) <= set(kept),
    )
    expect("doubled", len(found) - len(set(found)), 0)
    expect("from elsewhere", set(found) - set(wanted), set())
    return f"{MANY} comments, {VANISHING} vanished and {len(late)} came between two pages"


def a_question(stage: Blog) -> tuple[Json, Json]:
    """Publish something, let the reader ask, and return the publication and the message."""
    publication = stage.news.published(Text(parts=[a_text("Any questions?")]), stage.channel_id)
    asked = {"post": number_of(publication), "content": a_text("When will it be?")}
    stage.reader.ask("POST", "comments", json=asked)
    stage.news.collect(publication["id"])
    found = until(
        "the question has come",
        lambda: stage.news.publication(publication["id"]),
        lambda seen: seen["thread"] and seen["thread"]["messages"]["nodes"],
    )
    return publication, found["thread"]["messages"]["nodes"][0]


def reply(stage: Blog, message: Json, text: str) -> Json:
    """Answer a message from the hub and return the publication of the answer."""
    given = {"messageId": message["id"], "text": text}
    made = stage.news.do("messageReply", given, "publication { id }", role="manager")
    return stage.news.settled(made["publication"]["id"])


@cases.case(names.REPLY)
def replied(stage: Blog) -> None:
    """The reader finds the reply below their own words."""
    publication, message = a_question(stage)
    text = a_text("On Monday, at nine.")
    sent = reply(stage, message, text)
    comment = one_comment(stage.account, sent, text)
    asked = {"post": number_of(publication), "parent": message["remoteId"].partition("/")[2]}
    seen = stage.reader.ask("GET", "comments", params=asked)
    expect("what is below the question", [one["id"] for one in seen], [comment["id"]])
    kept = stage.news.publication(publication["id"])["thread"]["messages"]["nodes"]
    expect("the conversation", sorted(one["direction"] for one in kept), ["INBOUND", "OUTBOUND"])


@cases.case(names.WRONG_SECRET)
def wrong_password(stage: Blog) -> str:
    """A password nobody issued, and a user who may not publish, are noticed at once."""
    wrong = {**stage.account.credentials, "application_password": "abcd efgh ijkl mnop"}
    channel = stage.connect(wrong, name="Wrong")
    expect("the state", channel["state"], "NEEDS_AUTH")
    contributor = stage.server.person(f"contributor_{uuid4().hex[:6]}", role="contributor")
    narrow = stage.connect(contributor.credentials, name="Narrow")
    expect("the state of a contributor", narrow["state"], "NEEDS_AUTH")
    return str(channel["stateMessage"])


@cases.case(names.WITHDRAWN)
def withdrawn(stage: Blog) -> None:
    """What was approved waits for a new password, and another user's does not do."""
    person = stage.server.person(f"moody_{uuid4().hex[:6]}")
    channel_id = stage.connect(person.credentials, name="Moody")["id"]
    text = a_text("This waits for a new password.")
    stage.server.withdraw_passwords(person.id)
    publication = stage.news.settled(stage.news.sent(Text(parts=[text]), channel_id), wanted="HELD")
    expect("why", publication["holdReason"], "NEEDS_AUTH")
    foreign = stage.news.new_credentials(channel_id, stage.account.credentials)
    expect("somebody else's password", foreign["state"], "FAILED")

    owner = Person(
        name=person.name,
        id=person.id,
        password=stage.server.new_password(person.id),
        http=person.http,
    )
    channel = stage.news.new_credentials(channel_id, owner.credentials)
    expect("the user's new password", channel["state"], "READY")
    expect("posts so far", owner.posts(status="any"), [])
    stage.news.resume(publication["id"])
    one_post(owner, stage.news.settled(publication["id"]), text)
