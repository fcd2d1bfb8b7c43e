"""What must hold on a real forum: the story of a thread, and what goes wrong on its way."""

import io
import threading
import time
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from PIL import Image

from tests.pictures import a_drawing
from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.fault_cases import outcomes
from tests.targets.misago_server import CATEGORY, MEMBER, NAME, PUBLISHER, READER, Forum, Person
from tests.targets.network_cases import a_text
from tests.targets.newsroom import Broken, Json, Newsroom, Refused, Text, expect, until
from tests.targets.proxy import Proxy

THREADS = "/api/threads/"
ALT = "A blue [field] without anything on it."
SIZE = (320, 200)
LIMIT = 60_000
#: One unbroken word of five thousand letters keeps Misago 0.39.6 busy for more than a minute.
LINE = "A line of a long text, as people write it.\n\n"
ANSWERS = 40
FLOOD_TRIES, FLOOD_SECONDS = 3, 3.1


@dataclass(kw_only=True)
class Board:
    """A forum with the hub's account, a reader and a plain member, and a proxy before it."""

    news: Newsroom
    forum: Forum
    proxy: Proxy
    people: tuple[str, str] = (PUBLISHER, READER)
    publisher: Person = field(init=False)
    reader: Person = field(init=False)
    channel: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.publisher, self.reader = (self.forum.person(name) for name in self.people)

    @property
    def channel_id(self) -> str:
        """The hub's channel on this forum; Broken while it is not connected."""
        if not self.channel:
            raise Broken("There is no channel: connecting it failed.")
        return str(self.channel["id"])

    @property
    def settings(self) -> Json:
        """How the forum is reached through the proxy, and where in it to write."""
        return {"base_url": f"http://{self.proxy.address}", "category": str(CATEGORY)}

    def connect(
        self, username: str, password: str, *, name: str = "Forum", category: str = str(CATEGORY)
    ) -> Json:
        """Connect an account, through the proxy."""
        return self.news.connected(
            "misago",
            name=name,
            settings={**self.settings, "category": category},
            credentials={"username": username, "password": password},
        )


cases: Cases[Board] = Cases(party=NAME)


def a_topic(words: str, *more: str, pictures: tuple[str, ...] = ()) -> Text:
    """Return a text with a title and words that nothing else in the forum has."""
    return Text(
        title=a_text(words), parts=[a_text(part) for part in (words, *more)], pictures=pictures
    )


def one_thread(board: Board, publication: Json, text: Text, who: Person | None = None) -> Json:
    """Expect that a text is out once, part by part as it was written; return its thread."""
    who = who or board.publisher
    found = [one for one in who.threads() if one["title"] == text.title]
    expect("how often it is out", len(found), 1)
    thread = found[0]
    own = [one for one in who.posts(thread["id"]) if one["poster"]["id"] == who.id]
    sources = [who.source(thread["id"], one["id"]) for one in own]
    expect("the words", [source.partition("\n\n![")[0] for source in sources], list(text.parts))
    known = [post["remoteId"] for post in publication["posts"]]
    expect("the ids the hub knows", known, [f"posts/{one['id']}" for one in own])
    expect("the hash that was sent", publication["sentHash"], publication["approvedHash"])
    return dict(thread)


def place_of(board: Board, publication: Json) -> tuple[int, int]:
    """Return the numbers of the thread and of the first post of a publication."""
    post = int(publication["remoteId"].removeprefix("posts/"))
    thread = int(publication["url"].rstrip("/").rpartition("/")[2])
    expect("the first post", board.publisher.posts(thread)[0]["id"], post)
    return thread, post


@cases.case(names.CONNECTED)
def connected(board: Board) -> str:
    """The hub signs in, and finds out what the account may do and how much a post may hold."""
    channel = board.connect(PUBLISHER, board.forum.password)
    expect("the state", (channel["state"], channel["stateMessage"]), ("READY", ""))
    expect("the handle", channel["handle"], PUBLISHER)
    expect(
        "the dialect and guarantee",
        (channel["dialect"], channel["guarantee"]),
        ("misago", "SEARCH"),
    )
    expect("the limit", channel["limits"]["textMax"], LIMIT)
    board.channel = channel
    named = board.connect(PUBLISHER, board.forum.password, category="first-category")
    expect("by the name of the category", named["state"], "READY")
    nowhere = board.connect(PUBLISHER, board.forum.password, category="99")
    expect("without the category", nowhere["state"], "FAILED")
    return f"limit {LIMIT}, guarantee SEARCH; may {', '.join(sorted(channel['capabilities']))}"


@cases.case(names.PICTURE)
def picture(board: Board) -> None:
    """Somebody else sees the title, the words, the picture and its description."""
    shown = board.news.picture(a_drawing(SIZE), mime="image/png", alt=ALT)
    text = a_topic("A picture says **more** than words & more.", pictures=(shown,))
    thread = one_thread(board, board.news.published(text, board.channel_id), text)

    (post,) = board.reader.posts(thread["id"])
    expect("the author", post["poster"]["username"], PUBLISHER)
    expect("how bold it is", "<strong>more</strong>" in post["content"], wanted=True)
    expect("the description", f'alt="{ALT}"' in post["content"], wanted=True)
    (attached,) = post["attachments"]
    answer = board.reader.http.get(attached["url"]["index"], follow_redirects=True)
    seen = answer if answer.is_success else httpx.Response(answer.status_code)
    if not seen.is_success:
        # In production the web server in front of the forum gives the files out.
        expect("where the picture is", "/media/attachments/" in str(answer.url), wanted=True)
        return
    expect("the picture", Image.open(io.BytesIO(seen.content)).size, SIZE)


@cases.case(names.THREAD)
def thread(board: Board) -> None:
    """Each part is a post in the thread that the first one opens."""
    text = a_topic("First part.", "Second part.", "Third part.")
    one_thread(board, board.news.published(text, board.channel_id), text)


@cases.case(names.AT_LIMIT)
def at_limit(board: Board) -> None:
    """Hub and forum agree on the last character of a text and of a title."""
    marker = a_text("")
    filling = (LINE * LIMIT)[: LIMIT - len(marker)]
    text = Text(title="T" * (90 - len(marker)) + marker, parts=[filling + marker])
    one_thread(board, board.news.published(text, board.channel_id), text)


@cases.case(names.OVER_LIMIT)
def over_limit(board: Board) -> None:
    """One character more is refused at once, and so is a title that is too short."""
    before = len(board.proxy.seen("POST", THREADS))
    codes = board.news.refused(
        Text(title="Long enough", parts=["x" * (LIMIT + 1)]), board.channel_id
    )
    expect("the codes", codes, ["TOO_LONG"])
    expect("calls", len(board.proxy.seen("POST", THREADS)) - before, 0)


@cases.case(names.TWICE)
def twice(board: Board) -> None:
    """The same request again gets the same answer; another one is refused."""
    text = a_topic("Once is enough.")
    item = board.news.approved(text, [board.channel_id])
    key = uuid4().hex
    asked = {board.news.schedule(item, board.channel_id, key=key) for _ in range(2)}
    expect("publications", len(asked), 1)
    publication = board.news.settled(asked.pop())
    try:
        board.news.schedule(item, board.channel_id)
    except Refused as error:
        expect("the codes", error.codes, ["TAKEN"])
    else:
        raise Broken("The same words were scheduled there a second time.")
    one_thread(board, publication, text)


def answers(publication: Json) -> list[str]:
    """Return the words of all answers that were kept."""
    nodes = publication["thread"]["messages"]["nodes"] if publication["thread"] else []
    return [one["text"] for one in nodes if one["direction"] == "INBOUND"]


@cases.case(names.COLLECTED)
def collected(board: Board) -> None:
    """A like and an answer are counted and kept once."""
    publication = board.news.published(a_topic("What do you think?"), board.channel_id)
    thread_id, post = place_of(board, publication)
    said = a_text("I like it.")
    board.reader.like(thread_id, post)
    board.reader.write(thread_id, said)
    for _ in range(3):
        collect(board, publication["id"], thread_id)
    found = until(
        "the like is counted",
        lambda: board.news.publication(publication["id"]),
        lambda seen: answers(seen) and any(metric["value"] for metric in seen["metrics"]),
    )
    expect("the answers", answers(found), [said])
    metrics = {metric["metric"]: metric["value"] for metric in found["metrics"]}
    expect("the metrics", metrics, {"LIKES": 1, "REPLIES": 1})


def collect(board: Board, publication_id: str, thread_id: int) -> None:
    """Have the hub ask for answers and counters, and wait until the thread has been read."""
    path = f"{THREADS}{thread_id}/posts/"

    def asked() -> int:
        return len([call for call in board.proxy.seen("GET", path) if call.status])

    before = asked()
    board.news.collect(publication_id)
    until("the thread is read", asked, lambda now: now > before)


@cases.case(names.SHIFTING)
def shifting(board: Board) -> str:
    """While the hub reads, a moderator deletes early answers and the reader writes new ones."""
    publication = board.news.published(a_topic("Tell us everything."), board.channel_id)
    thread_id, _ = place_of(board, publication)
    said = {board.reader.write(thread_id, f"Answer {n:02}"): n for n in range(ANSWERS)}
    early = sorted(said)[1:9]

    def shift() -> None:
        for number, post in enumerate(early):
            board.publisher.ask("DELETE", f"{THREADS}{thread_id}/posts/{post}/")
            if number % 2:
                board.reader.write(thread_id, f"Late answer {number}")

    mover = threading.Thread(target=shift)
    mover.start()
    while mover.is_alive():
        collect(board, publication["id"], thread_id)
    mover.join()
    collect(board, publication["id"], thread_id)
    left = [one["id"] for one in board.reader.posts(thread_id)[1:]]
    found = until(
        "every answer that is left has come",
        lambda: board.news.publication(publication["id"]),
        lambda seen: (
            {f"posts/{one}" for one in left}
            <= {one["remoteId"] for one in seen["thread"]["messages"]["nodes"]}
        ),
    )
    came = [one["remoteId"] for one in found["thread"]["messages"]["nodes"]]
    expect("answers that came twice", len(came) - len(set(came)), 0)
    reads = len(board.proxy.seen("GET", f"{THREADS}{thread_id}/posts/"))
    return f"{len(left)} answers left of {ANSWERS + 4}, {len(early)} deleted, {reads} pages read"


def an_answer(board: Board) -> tuple[Json, int, Json]:
    """Publish something, let the reader answer; return publication, thread and message."""
    publication = board.news.published(a_topic("Any questions?"), board.channel_id)
    thread_id, _ = place_of(board, publication)
    board.reader.write(thread_id, a_text("When will it be?"))
    board.news.collect(publication["id"])
    found = until(
        "the answer has come",
        lambda: board.news.publication(publication["id"]),
        answers,
    )
    return publication, thread_id, found["thread"]["messages"]["nodes"][0]


def reply(board: Board, message: Json, text: str) -> Json:
    """Answer a message from the hub and return the publication of the answer."""
    given = {"messageId": message["id"], "text": text}
    made = board.news.do("messageReply", given, "publication { id }", role="manager")
    return board.news.settled(made["publication"]["id"])


def one_reply(board: Board, thread_id: int, sent: Json, text: str) -> None:
    """Expect that the reader sees a reply below their own words, once."""
    below = board.reader.posts(thread_id)[2:]
    expect(
        "what is below the question", [f"posts/{one['id']}" for one in below], [sent["remoteId"]]
    )
    expect("its words", board.publisher.source(thread_id, below[0]["id"]), text)


@cases.case(names.REPLY)
def replied(board: Board) -> None:
    """The reader finds the reply below their own words."""
    publication, thread_id, message = an_answer(board)
    text = a_text(f"@{READER} On Monday.")
    sent = reply(board, message, text)
    one_reply(board, thread_id, sent, text)
    collect(board, publication["id"], thread_id)
    kept = board.news.publication(publication["id"])["thread"]["messages"]["nodes"]
    expect("the conversation", sorted(one["direction"] for one in kept), ["INBOUND", "OUTBOUND"])


@cases.case(names.WRONG_SECRET)
def wrong_password(board: Board) -> str:
    """A wrong password is noticed before anything is sent."""
    channel = board.connect(PUBLISHER, "nobody-chose-this", name="Wrong")
    expect("the state", channel["state"], "NEEDS_AUTH")
    return str(channel["stateMessage"])


@cases.case(names.LOST)
def lost(board: Board) -> str:
    """The proxy swallows the answer to a thread the forum has stored."""
    return sent_once(board, share=0.0)


@cases.case(names.TORN)
def torn(board: Board) -> str:
    """Three quarters of the answer arrive."""
    return sent_once(board, share=0.75)


def sent_once(board: Board, *, share: float) -> str:
    """Lose an answer and expect one thread after a second try."""
    text = a_topic("Whatever happens, once.")
    item = board.news.approved(text, [board.channel_id])
    board.proxy.cut("POST", THREADS, share=share)
    publication = board.news.settled(board.news.schedule(item, board.channel_id))
    one_thread(board, publication, text)
    expect("threads sent", publication["attempts"][0]["outcome"], "UNKNOWN")
    return outcomes(publication)


@cases.case(names.LOST_PART)
def lost_part(board: Board) -> str:
    """The second of three parts is stored and its answer lost; the third follows all the same."""
    text = a_topic("Part one, and an answer is lost.", "Part two.", "Part three.")
    item = board.news.approved(text, [board.channel_id])
    board.proxy.cut("POST", f"{THREADS}*/posts/")
    publication = board.news.settled(board.news.schedule(item, board.channel_id))
    one_thread(board, publication, text)
    found = [attempt["outcome"] for attempt in publication["attempts"]]
    expect("whether an answer was lost", "UNKNOWN" in found, wanted=True)
    return outcomes(publication)


@cases.case(names.LOST_REPLY)
def lost_reply(board: Board) -> str:
    """A reply is sent by the same engine, so it is not doubled either."""
    _, thread_id, message = an_answer(board)
    text = a_text("Said once.")
    board.proxy.cut("POST", f"{THREADS}{thread_id}/posts/")
    publication = reply(board, message, text)
    one_reply(board, thread_id, publication, text)
    return outcomes(publication)


@cases.case(names.AWAY)
def away(board: Board) -> str:
    """A refused connection is certainly nothing sent."""
    text = a_topic("Nobody was at home at first.")
    item = board.news.approved(text, [board.channel_id])
    with board.proxy.away():
        made = board.news.schedule(item, board.channel_id)
        until(
            "it was tried",
            lambda: board.news.publication(made),
            lambda found: any(attempt["outcome"] for attempt in found["attempts"]),
        )
    publication = board.news.settled(made)
    one_thread(board, publication, text)
    return outcomes(publication)


@cases.case(names.FLOOD)
def flood(board: Board) -> str:
    """A plain member has just written by hand: the forum wants three seconds between two posts."""
    member = board.forum.person(MEMBER)
    channel = board.connect(MEMBER, board.forum.password, name="Member")
    expect("the state", channel["state"], "READY")
    for _ in range(FLOOD_TRIES):
        publication = _hasty(board, member, channel["id"])
        if publication["attempts"][0]["outcome"] == "RATE_LIMITED":
            return outcomes(publication)
        # This machine was so busy that three seconds had passed before the hub wrote.
        time.sleep(FLOOD_SECONDS)
    raise Broken(f"It never came too quickly: {outcomes(publication)}")


def _hasty(board: Board, member: Person, channel_id: str) -> Json:
    text = a_topic("This comes a moment later.", "And this after it.")
    item = board.news.approved(text, [channel_id])
    by_hand = {"category": CATEGORY, "title": a_text("By hand"), "post": a_text("Quick!")}
    member.ask("POST", THREADS, json=by_hand)
    publication = board.news.settled(board.news.schedule(item, channel_id))
    one_thread(board, publication, text, member)
    return publication
