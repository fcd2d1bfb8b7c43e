"""What must hold on a WordPress site: the story of a post, its comments, and lost answers."""

import io
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from PIL import Image

from tests.pictures import a_drawing
from tests.running import a_folder, a_running_hub
from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.fault_cases import outcomes
from tests.targets.hub_clock import HubClock
from tests.targets.network_cases import ALT, SIZE, a_text
from tests.targets.newsroom import Broken, Json, Newsroom, Refused, Text, expect, until
from tests.targets.proxy import Proxy
from tests.targets.wordpress_server import API, NAME, Person, WordPressServer

POSTS, ONE_POST, COMMENTS, MEDIA = (
    f"{API}/{route}" for route in ("posts", "posts/*", "comments", "media")
)
LIMIT = 100_000
#: More comments than WordPress gives at once, and how many vanish while they are read.
MANY, VANISHING = 130, 30
WORKERS = ["-m", "workers"]
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

    def connect(
        self, credentials: Json, *, name: str = "Blog", news: Newsroom | None = None
    ) -> Json:
        """Connect a user by an application password, through the proxy."""
        return (news or self.news).connected(
            "wordpress",
            name=name,
            settings={"base_url": f"http://{self.proxy.address}", "categories": ["Harbour & sea"]},
            credentials=credentials,
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
    before = len(stage.proxy.calls)
    codes = stage.news.refused(Text(parts=["x" * (LIMIT + 1)]), stage.channel_id)
    expect("the codes", codes, ["INVALID"])
    expect("calls", len(stage.proxy.calls) - before, 0)


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

    stage.proxy.when("GET", COMMENTS, shift)
    for _ in range(3):
        collect(stage, publication["id"])
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


def sent_once(stage: Blog, prepare: Callable[[], None], *, least: int = 2) -> str:
    """Let something go wrong, send a text with a picture, and expect one post."""
    text = a_text("Whatever happens, once.")
    alt = a_text("A blue field.")
    shown = stage.news.picture(a_drawing(SIZE), mime="image/png", alt=alt)
    item = stage.news.approved(Text(parts=[text], pictures=[shown]), [stage.channel_id])
    prepare()
    publication = stage.news.settled(stage.news.schedule(item, stage.channel_id))
    post = one_post(stage.account, publication, text)
    if len(publication["attempts"]) < least:
        raise Broken(f"Nothing went wrong: {outcomes(publication)}")
    listed = stage.server.admin.ask("GET", "media", params={"per_page": 100})
    found = [media["id"] for media in listed if media["alt_text"] == alt]
    expect("the pictures", found, [post["featured_media"]])
    return outcomes(publication)


@cases.case(names.LOST)
def lost(stage: Blog) -> str:
    """The proxy swallows the answer to publishing the draft."""
    return sent_once(stage, lambda: stage.proxy.cut("POST", ONE_POST))


@cases.case(names.TORN)
def torn(stage: Blog) -> str:
    """Three quarters of the answer arrive."""
    return sent_once(stage, lambda: stage.proxy.cut("POST", ONE_POST, share=0.75))


@cases.case(names.LOST_DRAFT)
def lost_draft(stage: Blog) -> str:
    """The draft is made and nobody told: it is found again by its address."""
    return sent_once(stage, lambda: stage.proxy.cut("POST", POSTS))


@cases.case(names.LOST_UPLOAD)
def lost_upload(stage: Blog) -> str:
    """The picture is stored and nobody told: it is found again by its name."""
    return sent_once(stage, lambda: stage.proxy.cut("POST", MEDIA))


@cases.case(names.LOST_REPLY)
def lost_reply(stage: Blog) -> str:
    """A reply is sent by the same engine, so it is not doubled either."""
    _, message = a_question(stage)
    text = a_text("Said once.")
    stage.proxy.cut("POST", COMMENTS)
    publication = reply(stage, message, text)
    one_comment(stage.account, publication, text)
    return outcomes(publication)


@cases.case(names.MAINTENANCE)
def maintenance(stage: Blog) -> str:
    """A page with 503 is no answer: the hub comes back when the site is open again."""
    text = a_text("When the site is open again.")
    item = stage.news.approved(Text(parts=[text]), [stage.channel_id])
    with stage.server.maintenance():
        made = stage.news.schedule(item, stage.channel_id)
        _tried(stage, made)
    publication = stage.news.settled(made)
    one_post(stage.account, publication, text)
    return outcomes(publication)


@cases.case(names.AWAY)
def away(stage: Blog) -> str:
    """A refused connection is certainly nothing sent."""
    text = a_text("Nobody was at home at first.")
    item = stage.news.approved(Text(parts=[text]), [stage.channel_id])
    with stage.proxy.away():
        made = stage.news.schedule(item, stage.channel_id)
        _tried(stage, made)
    publication = stage.news.settled(made)
    one_post(stage.account, publication, text)
    return outcomes(publication)


def _tried(stage: Blog, made: str) -> None:
    until(
        "it was tried",
        lambda: stage.news.publication(made),
        lambda found: any(attempt["outcome"] for attempt in found["attempts"]),
    )


@cases.case(names.KILLED)
def killed(stage: Blog) -> str:
    """A hub of its own loses its workers between the site's yes and their hearing it."""
    env = {"HUB_OUTGOING_ALLOW": stage.proxy.address, "HUB_LEASE_SECONDS": "2"}
    with a_folder() as folder, a_running_hub(folder, env=env) as hub:
        news = Newsroom(url=hub.url, tokens=hub.tokens, clock=HubClock(hub.data_dir))
        try:
            channel = stage.connect(stage.account.credentials, name="Killed", news=news)
            text = a_text("The worker did not live to hear it.")
            item = news.approved(Text(parts=[text]), [channel["id"]])
            dead: list[int] = []

            def kill() -> None:
                for process in hub.processes():
                    if process.cmdline()[1:3] == WORKERS:
                        process.send_signal(signal.SIGKILL)
                        dead.append(process.pid)

            stage.proxy.when("POST", ONE_POST, kill, share=0.0)
            publication = news.settled(news.schedule(item, channel["id"]))
            one_post(stage.account, publication, text)
            if not dead:
                raise Broken("No worker was killed.")
            return outcomes(publication)
        finally:
            news.close()
