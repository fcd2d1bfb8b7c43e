"""What must be true in the end, asked of the hub and of the places it spoke at."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
from PIL import Image

from workers.demo.afterwards import corrections_expected, readable, unwanted
from workers.demo.client import Json, StoryFailed
from workers.demo.community import counted, done, replies_expected
from workers.demo.setting import ASSETS
from workers.demo.stage import Stage, Step

OVERVIEW = Path(__file__).parent / "overview.graphql"
#: Where a text is kept as it was sent, without markup of the place's own.
NETWORKS = frozenset({"mastodon", "bluesky"})
ATOM = "{http://www.w3.org/2005/Atom}"

FEEDS = """
query Feeds($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Channel { name feedUrls { rss atom json } } }
}"""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A claim; `wrong` names everything that contradicts it."""

    claim: str
    wrong: Sequence[str]

    @property
    def holds(self) -> bool:
        """Say whether nothing contradicts it."""
        return not self.wrong


async def everything_is_out(stage: Stage) -> list[str]:
    """Find publications that are missing or not PUBLISHED."""
    wrong = [
        f"{_name(one)} is {one['state']}" for one in _sent(stage) if one["state"] != "PUBLISHED"
    ]
    return wrong + [
        f"{found} {kind} instead of {wanted}"
        for kind, found, wanted in (
            ("publications", len(stage.publications), stage.expected),
            ("replies", len(stage.replies), replies_expected(stage)),
        )
        if found != wanted
    ]


async def approved_is_sent(stage: Stage) -> list[str]:
    """Find publications whose three hashes are not one."""
    return [_name(one) for one in _sent(stage) if not same_hash(one)]


async def posted_once(stage: Stage) -> list[str]:
    """Find posts that are missing where they should be, doubled or by nobody's order."""
    wanted: Counter[tuple[str, str]] = Counter(
        (str(stage.channel_of(one).platform), post["remoteId"])
        for one in _sent(stage)
        if stage.channel_of(one).platform in stage.places
        for post in one["posts"]
    )
    found: Counter[tuple[str, str]] = Counter()
    words: Counter[tuple[str, str]] = Counter()
    for key in stage.accounts:
        for entry in await _posted(stage, key):
            found[stage.channel(key).platform, entry["id"]] += 1
            words[key, entry["text"]] += 1
    return [
        *(f"missing at {platform}: {post}" for platform, post in (wanted - found)),
        *(f"nobody ordered at {platform}: {post}" for platform, post in (found - wanted)),
        *(f"twice on {key}: {text[:40]}" for (key, text), count in words.items() if count > 1),
    ]


async def words_are_the_approved(stage: Stage) -> list[str]:
    """Find posts at the networks that do not say what was approved, pictures included."""
    stored = {
        entry["id"]: entry
        for key in stage.accounts
        if stage.channel(key).platform in NETWORKS
        for entry in await _posted(stage, key)
    }
    return [
        f"{_name(one)}, post {index + 1}"
        for one in _sent(stage)
        if stage.channel_of(one).platform in NETWORKS
        for index, (post, part) in enumerate(
            zip(one["posts"], one["edition"]["parts"], strict=True)
        )
        if stored.get(post["remoteId"], {}).get("text") != part["text"]
        or stored[post["remoteId"]]["descriptions"] != [media["alt"] for media in part["media"]]
    ]


async def feeds_carry_the_articles(stage: Stage) -> list[str]:
    """Find articles that a reader of RSS, Atom or JSON Feed would not see; asks twice by ETag."""
    ids = [stage.channels[one.key] for one in stage.cast.channels if one.platform == "feed"]
    wrong: list[str] = []
    for node in (await stage.editor.ask(FEEDS, ids=ids))["nodes"]:
        titles = {
            one["edition"]["title"]
            for one in stage.publications
            if one["channel"]["name"] == node["name"]
        }
        for form, url in node["feedUrls"].items():
            answer = await stage.http.get(url)
            if not answer.is_success or FEED_READERS[form](answer.content) != titles:
                wrong.append(f"{node['name']} as {form} ({answer.status_code})")
                continue
            again = await stage.http.get(url, headers={"If-None-Match": answer.headers["ETag"]})
            if again.status_code != httpx.codes.NOT_MODIFIED:
                wrong.append(f"{node['name']} as {form} is sent again though nothing changed")
    return wrong


def _rss(body: bytes) -> set[str]:
    return {_text(item, "title") for item in ET.fromstring(body).iter("item")}  # noqa: S314 - our own feed


def _atom(body: bytes) -> set[str]:
    return {_text(entry, f"{ATOM}title") for entry in ET.fromstring(body).iter(f"{ATOM}entry")}  # noqa: S314 - our own feed


def _json(body: bytes) -> set[str]:
    return {item["title"] for item in json.loads(body)["items"]}


def _text(element: ET.Element, tag: str) -> str:
    return element.findtext(tag) or ""


FEED_READERS: Mapping[str, Callable[[bytes], set[str]]] = {
    "rss": _rss,
    "atom": _atom,
    "json": _json,
}


async def webhook_delivered_once(stage: Stage) -> list[str]:
    """Find deliveries that are missing, repeated, refused for their signature, or other words."""
    if stage.inbox is None:
        raise StoryFailed("No channel of the cast has an inbox.")
    received = await stage.receiver.received(stage.inbox)
    wanted: Counter[str] = Counter(
        one["approvedHash"]
        for one in stage.publications
        if stage.channel_of(one).platform == "webhook"
    )
    found = Counter(message["payload"]["data"]["editionHash"] for message in received["messages"])
    deliveries: Counter[str] = Counter(received["deliveries"])
    return [
        *(f"not delivered: {digest[:8]}" for digest in wanted - found),
        *(f"nobody ordered: {digest[:8]}" for digest in found - wanted),
        *(f"refused: {why}" for why in received["refused"]),
        *(
            f"delivered {count} times: {delivery}"
            for delivery, count in deliveries.items()
            if count > 1
        ),
    ]


async def everything_is_counted(stage: Stage) -> list[str]:
    """Find publications whose likes, shares or answers are not what the others did."""
    return [
        f"{_name(one)}: counted {dict(counted(one))}, done {dict(done(stage, one))}"
        for one in stage.answerable()
        if counted(one) != done(stage, one)
    ]


async def replies_are_seen(stage: Stage) -> list[str]:
    """Find people who answered and cannot read the reply, once; a network must have told them."""
    wrong = []
    for said in stage.said:
        if not said.reply:
            continue
        brand = stage.accounts[said.channel.key]
        seen = await stage.places[said.channel.platform].replies(brand, said.reply)
        if said.channel.platform == "mastodon":
            told = await stage.mastodon.mentions(stage.others["mastodon", said.by])
            under = [one for one in told if one["in_reply_to_id"] == said.remote_id]
            seen = min(seen, sum(one["account"]["username"] == brand.username for one in under))
        if seen != 1:
            wrong.append(f"{said.by} sees {seen} replies under “{said.item.title}”")
    return wrong


async def corrections_are_out(stage: Stage) -> list[str]:
    """Find corrections that did not take the place of the slip, under the same address."""
    wrong = []
    for one in stage.publications:
        slip = stage.item_of(one).correction
        if one["id"] not in stage.corrected or slip is None:
            continue
        text = "".join(part["text"] for part in one["edition"]["parts"])
        if one["sentHash"] == stage.corrected[one["id"]] or slip.wrong in text:
            wrong.append(_name(one))
    if len(stage.corrected) != corrections_expected(stage):
        wrong.append(f"{len(stage.corrected)} corrections were made")
    return wrong


async def unwanted_is_hidden(stage: Stage) -> list[str]:
    """Find answers that should be hidden and can still be read."""
    wrong = []
    for said in unwanted(stage):
        ledger = await stage.places[said.channel.platform].ledger(said.by)
        entry = next(one for one in ledger if one["id"] == said.remote_id)
        if entry.get("status") != "hold":
            wrong.append(f"{said.by} under “{said.item.title}”")
    return wrong or ([] if unwanted(stage) else ["nothing was to be hidden"])


async def everything_stands(stage: Stage) -> list[str]:
    """Find publications that do not stand as they were sent."""
    return [
        f"{_name(one)} is {one.get('standing')}"
        for one in readable(stage)
        if one.get("standing") != "STANDS"
    ]


async def pictures_tell_nothing_else(stage: Stage) -> list[str]:
    """Find pictures that still carry a place or an owner, in the hub or at the network."""
    by_id = {given: key for key, given in stage.pictures.items()}
    wrong = []
    carried_before = False
    for node in (await stage.editor.ask(ASSETS, ids=list(by_id)))["nodes"]:
        picture = stage.picture(by_id[node["id"]])
        carried_before = carried_before or _has_hidden_data(picture.path.read_bytes())
        served = (await stage.http.get(node["url"])).content
        if _has_hidden_data(served) or hashlib.sha256(served).hexdigest() != node["sha256"]:
            wrong.append(f"{picture.file} in the hub")
    if not carried_before:
        wrong.append("no picture carried anything to begin with")
    return wrong + [
        f"{url} at the network"
        for url in await _pictures_at_network(stage)
        if _has_hidden_data((await stage.http.get(url)).content)
    ]


async def _pictures_at_network(stage: Stage) -> list[str]:
    reader = next(who for (platform, _), who in stage.others.items() if platform == "mastodon")
    statuses = [
        await stage.mastodon.status(reader, one["posts"][0]["remoteId"])
        for one in stage.answerable()
        if stage.channel_of(one).platform == "mastodon"
    ]
    return [media["url"] for status in statuses for media in status["media_attachments"]]


def _has_hidden_data(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as image:
        return bool(image.getexif()) or "exif" in image.info or "xmp" in image.info


async def the_query_answers(stage: Stage) -> list[str]:
    """Find out whether the query that is printed at the end shows everything."""
    shown = await stage.editor.ask(OVERVIEW.read_text(encoding="utf-8"), brand=stage.brand_id)
    found = shown["publications"]["nodes"]
    return [] if len(found) == stage.expected else [f"it shows {len(found)} publications"]


async def nobody_decided_alone(stage: Stage) -> list[str]:
    """Find a decision that had to be refused and was not, and a remark that went unheard."""
    wanted = {"the editor decides": "FORBIDDEN", "the writer decides": "FOUR_EYES"}
    remarks = [item.first_draft.remark for item in stage.items if item.first_draft is not None]
    return [
        *(
            f"{what}: {stage.refusals.get(what)} instead of {code}"
            for what, code in wanted.items()
            if stage.refusals.get(what) != code
        ),
        *(f"unheard: {remark}" for remark in remarks if remark not in stage.remarks),
    ]


CHECKS: Mapping[str, Callable[[Stage], Awaitable[list[str]]]] = {
    "nobody approved their own words, and a remark led to a new revision": nobody_decided_alone,
    "every publication and every reply is PUBLISHED": everything_is_out,
    "approved hash = sent hash, everywhere": approved_is_sent,
    "networks, blog and forum hold exactly one post per post that was sent": posted_once,
    "the networks hold the approved words and descriptions, letter by letter": (
        words_are_the_approved
    ),
    "the slip was corrected under the same address, with newly approved words": (
        corrections_are_out
    ),
    "RSS, Atom and JSON Feed carry the articles, and answer 304 the second time": (
        feeds_carry_the_articles
    ),
    "the webhook took one signed delivery per publication": webhook_delivered_once,
    "likes, shares and answers are counted as they happened": everything_is_counted,
    "everybody who was answered can read it, and the network told them": replies_are_seen,
    "the answer nobody should have to read is hidden": unwanted_is_hidden,
    "every place says that what is out stands as it was sent": everything_stands,
    "pictures show what they show, and carry nothing else": pictures_tell_nothing_else,
    "the query below shows all of it": the_query_answers,
}


async def check(stage: Stage, step: Step) -> list[Check]:
    """Try every claim."""
    checks = []
    for claim, contradictions in CHECKS.items():
        checks.append(Check(claim=claim, wrong=await contradictions(stage)))
        step()
    return checks


def same_hash(publication: Json) -> bool:
    """Say whether the words that were approved are the words that were sent."""
    hashes = {publication["approvedHash"], publication["sentHash"], publication["edition"]["hash"]}
    return len(hashes) == 1 and None not in hashes


async def _posted(stage: Stage, key: str) -> list[Json]:
    platform = stage.channel(key).platform
    ledger = await stage.places[platform].ledger(stage.accounts[key].username)
    return [entry for entry in ledger if (platform, entry["id"]) not in stage.earlier_posts]


def _sent(stage: Stage) -> list[Json]:
    return [*stage.publications, *stage.replies]


def _name(publication: Json) -> str:
    title = publication["revision"]["title"] if publication["revision"] else "a reply"
    return f"“{title}” to {publication['channel']['name']}"
