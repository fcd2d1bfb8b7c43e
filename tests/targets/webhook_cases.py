"""What must hold at a webhook: verified by the reference library, kept once by its id."""

from dataclasses import dataclass, field
from importlib.metadata import version
from uuid import uuid4

from tests.pictures import a_drawing
from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.network_cases import ALT, SIZE, a_text
from tests.targets.newsroom import Broken, Json, Newsroom, Text, expect
from tests.targets.receiver import Inbox, Receiver, a_secret

NAME = "standardwebhooks"
VERSION = version(NAME)
#: Longer than a commit may last (8 s).
LATE_SECONDS = 9.0
RETRY_AFTER_SECONDS = 3
#: What one delivery may hold, envelope included.
PAYLOAD_BYTES = 20_000


@dataclass(kw_only=True)
class Hooks:
    """A receiver, and one inbox that most cases use."""

    news: Newsroom
    receiver: Receiver
    inbox: Inbox = field(init=False)
    channel_id: str = ""

    def __post_init__(self) -> None:
        self.inbox = self.receiver.inbox(uuid4().hex[:8])

    def connect(self, inbox: Inbox, *, secret: str | None = None) -> Json:
        """Connect an inbox as a channel."""
        return self.news.connected(
            "webhook",
            name=f"Hook {inbox.path}",
            settings={"url": self.receiver.url(inbox)},
            credentials={"secret": secret or inbox.secret},
        )

    def send(self, text: Text) -> Json:
        """Send a text to the usual inbox; return the publication when it is out."""
        return self.news.published(text, self.channel())

    def channel(self) -> str:
        """Return the usual channel; Broken while it is not connected."""
        if not self.channel_id:
            raise Broken("There is no channel: connecting it failed.")
        return self.channel_id


cases: Cases[Hooks] = Cases(party=NAME)


def kept(inbox: Inbox, publication: Json) -> Json:
    """Expect that every delivery of a publication was genuine, and return what was kept once."""
    known = publication["remoteId"]
    came = [delivery for delivery in inbox.deliveries if delivery.id == known]
    expect("genuine deliveries", {delivery.genuine for delivery in came}, {True})
    holding = [
        body
        for body in inbox.kept.values()
        if body["data"]["editionHash"] == publication["approvedHash"]
    ]
    expect("how often it was kept", len(holding), 1)
    expect("the hash that was sent", publication["sentHash"], publication["approvedHash"])
    return dict(holding[0])


def after(stage: Hooks, **plan: object) -> str:
    """Let the next delivery go wrong; expect a second with the same id, kept once."""
    inbox = stage.inbox
    item = stage.news.approved(Text(parts=[a_text("Delivered once.")]), [stage.channel()])
    inbox.plan(**plan)
    before = len(inbox.deliveries)
    publication = stage.news.settled(stage.news.schedule(item, stage.channel()))
    came = inbox.deliveries[before:]
    expect("deliveries", [delivery.id for delivery in came], [publication["remoteId"]] * 2)
    kept(inbox, publication)
    return f"second delivery with the same id after {came[1].at - came[0].at:.1f} s"


@cases.case(names.CONNECTED)
def connected(stage: Hooks) -> str:
    """Nothing is delivered by connecting."""
    channel = stage.connect(stage.inbox)
    expect("the state", (channel["state"], channel["guarantee"]), ("READY", "IDENTITY"))
    expect("deliveries", stage.inbox.deliveries, [])
    stage.channel_id = channel["id"]
    return "guarantee IDENTITY"


@cases.case(names.PICTURE)
def picture(stage: Hooks) -> None:
    """The delivery names the picture by its hash, with its description."""
    text = a_text("For machines to read.")
    shown = stage.news.picture(a_drawing(SIZE, colour="green"), mime="image/png", alt=ALT)
    body = kept(stage.inbox, stage.send(Text(parts=[text], pictures=[shown], title="News")))
    (part,) = body["data"]["edition"]["parts"]
    expect("the event", body["type"], "publication.published")
    expect("the text", part["text"], text)
    expect("the picture", [media["alt"] for media in part["media"]], [ALT])


@cases.case(names.THREAD)
def thread(stage: Hooks) -> None:
    """All parts come in one delivery."""
    texts = [a_text(f"Part {number}.") for number in (1, 2, 3)]
    body = kept(stage.inbox, stage.send(Text(parts=texts)))
    expect("the parts", [part["text"] for part in body["data"]["edition"]["parts"]], texts)


@cases.case(names.OVER_LIMIT)
def over_limit(stage: Hooks) -> None:
    """A delivery that would be too large is refused at once."""
    before = len(stage.inbox.deliveries)
    codes = stage.news.refused(Text(parts=["x" * (PAYLOAD_BYTES + 1)]), stage.channel())
    expect("the codes", set(codes), {"TOO_LONG"})
    expect("deliveries", len(stage.inbox.deliveries) - before, 0)


@cases.case(names.TWICE)
def twice(stage: Hooks) -> None:
    """The same request again gets the same answer."""
    item = stage.news.approved(Text(parts=[a_text("Once.")]), [stage.channel()])
    key = uuid4().hex
    asked = {stage.news.schedule(item, stage.channel(), key=key) for _ in range(2)}
    expect("publications", len(asked), 1)
    kept(stage.inbox, stage.news.settled(asked.pop()))


@cases.case(names.WRONG_SECRET)
def wrong_secret(stage: Hooks) -> str:
    """The receiver refuses the signature: nothing is lost, it waits for the right secret."""
    inbox = stage.receiver.inbox(uuid4().hex[:8])
    channel = stage.connect(inbox, secret=a_secret())
    held = stage.news.settled(
        stage.news.sent(Text(parts=[a_text("Signed wrongly.")]), channel["id"]), wanted="HELD"
    )
    expect("why", held["holdReason"], "NEEDS_AUTH")
    expect("kept", inbox.kept, {})
    mended = stage.news.new_credentials(channel["id"], {"secret": inbox.secret})
    expect("the channel", mended["state"], "READY")
    stage.news.resume(held["id"])
    publication = stage.news.settled(held["id"])
    expect("genuine", [delivery.genuine for delivery in inbox.deliveries], [False, True])
    expect("kept", list(inbox.kept), [publication["remoteId"]])
    return str(held["problems"][0]["message"])


@cases.case(names.ROTATED)
def rotated(stage: Hooks) -> None:
    """While a secret is rotated, whoever knows either of them takes the delivery for genuine."""
    inbox = stage.receiver.inbox(uuid4().hex[:8])
    channel = stage.connect(inbox)
    old, new = inbox.secret, a_secret()
    stage.news.new_credentials(channel["id"], {"secret": new, "previous_secret": old})
    for secret in (old, new):
        inbox.secret = secret
        kept(inbox, stage.news.published(Text(parts=[a_text("Rotated.")]), channel["id"]))
    expect("signatures", [delivery.signatures for delivery in inbox.deliveries], [2, 2])


@cases.case(names.LOST)
def lost(stage: Hooks) -> str:
    """The receiver keeps it and hangs up."""
    return after(stage, answers=False)


@cases.case(names.ERROR_500)
def error_500(stage: Hooks) -> str:
    """The receiver fails before it keeps anything."""
    return after(stage, status=500, keeps=False)


@cases.case(names.ERROR_503)
def error_503(stage: Hooks) -> str:
    """The receiver keeps it and fails all the same."""
    return after(stage, status=503)


@cases.case(names.RATE_LIMIT)
def rate_limit(stage: Hooks) -> str:
    """The receiver says when to come back."""
    before = len(stage.inbox.deliveries)
    said = after(stage, status=429, keeps=False, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    first, second = stage.inbox.deliveries[before:]
    if second.at - first.at < RETRY_AFTER_SECONDS - 0.1:
        raise Broken(f"It came too early: {said}")
    return said


@cases.case(names.LATE)
def late(stage: Hooks) -> str:
    """The receiver keeps it and answers when nobody waits any longer."""
    return after(stage, after=LATE_SECONDS)


@cases.case(names.GONE)
def gone(stage: Hooks) -> str:
    """A person sees why, and decides."""
    item = stage.news.approved(Text(parts=[a_text("Nobody lives here.")]), [stage.channel()])
    stage.inbox.plan(status=410, keeps=False)
    before = len(stage.inbox.deliveries)
    failed = stage.news.settled(stage.news.schedule(item, stage.channel()), wanted="FAILED")
    expect("deliveries", len(stage.inbox.deliveries) - before, 1)
    return str(failed["problems"][0]["message"])
