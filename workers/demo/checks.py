"""What must be true of all words that went out, asked of the hub and of the places themselves."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from xml.etree import ElementTree as ET

import httpx
from PIL import Image

from workers.demo.client import Json, StoryFailed
from workers.demo.community import counted, done, replies_expected
from workers.demo.publishing import name
from workers.demo.setting import ASSETS
from workers.demo.stage import Stage

#: Where a text is kept as it was sent, without markup of the place's own.
NETWORKS = frozenset({"mastodon", "bluesky"})
ATOM = "{http://www.w3.org/2005/Atom}"

FEEDS = """
query Feeds($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Channel { name feedUrls { rss atom json } } }
}"""


async def everything_is_out(stage: Stage) -> list[str]:
    """Find publications that are neither out nor stopped by a person, and replies that are not."""
    cancelled = {
        one["publication"]["id"] for one in stage.found["outcomes"] if one["decision"] == "CANCEL"
    }
    wrong = [
        f"{name(one)} is {one['state']}"
        for one in stage.publications.values()
        if one["state"] != ("CANCELLED" if one["id"] in cancelled else "PUBLISHED")
    ]
    expected = sum(len(item.channels) for item in stage.items) + len(OWN_ACCORD)
    return wrong + [
        f"{found} {kind} instead of {wanted}"
        for kind, found, wanted in (
            ("publications", len(stage.contents()), expected),
            ("replies", len(stage.replies()), replies_expected(stage)),
        )
        if found != wanted
    ]


#: What went out beside the texts of the cast: the winners, and the statement of the bad day.
OWN_ACCORD = ("announced", "statement")


async def approved_is_sent(stage: Stage) -> list[str]:
    """Find publications whose three hashes are not one."""
    return [name(one) for one in _sent(stage) if not same_hash(one)]


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
        f"{name(one)}, post {index + 1}"
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
            for one in stage.contents()
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


async def webhook_delivered_once(stage: Stage) -> list[str]:
    """Find deliveries that are missing, repeated, refused for their signature, or other words."""
    if stage.inbox is None:
        raise StoryFailed("No channel of the cast has an inbox.")
    received = await stage.receiver.received(stage.inbox)
    wanted: Counter[str] = Counter(
        one["approvedHash"]
        for one in stage.contents()
        if stage.channel_of(one).platform == "webhook"
    )
    found = Counter(message["payload"]["data"]["editionHash"] for message in received["messages"])
    return [
        *(f"not delivered: {digest[:8]}" for digest in wanted - found),
        *(f"nobody ordered: {digest[:8]}" for digest in found - wanted),
        *(f"refused: {why}" for why in received["refused"]),
        *twice(received["deliveries"]),
    ]


def twice(deliveries: list[str]) -> list[str]:
    """Name what was delivered more than once."""
    return [
        f"delivered {count} times: {delivery}"
        for delivery, count in Counter(deliveries).items()
        if count > 1
    ]


async def everything_is_counted(stage: Stage) -> list[str]:
    """Find publications whose likes, shares or answers are not what the others did."""
    return [
        f"{name(one)}: counted {dict(counted(one))}, done {dict(done(stage, one))}"
        for one in stage.answerable()
        if counted(one) != done(stage, one)
    ]


async def replies_are_seen(stage: Stage) -> list[str]:
    """Find people who answered and cannot read the reply, once; a network must have told them."""
    wrong = []
    for said, text in stage.replied.values():
        brand, platform = stage.accounts[said.channel.key], said.channel.platform
        seen = await stage.places[platform].replies(brand, text)
        if platform == "mastodon":
            told = await stage.mastodon.mentions(stage.others["mastodon", said.answer.by])
            under = [one for one in told if one["in_reply_to_id"] == said.remote_id]
            seen = min(seen, sum(one["account"]["username"] == brand.username for one in under))
        if seen != 1:
            wrong.append(f"{said.answer.by} sees {seen} replies under “{said.item.title}”")
    return wrong


async def everything_stands(stage: Stage) -> list[str]:
    """Find publications that do not stand as they were sent."""
    return [
        f"{name(one)} is {one['standing']}"
        for one in stage.answerable()
        if one["standing"] != "STANDS"
    ]


async def corrections_are_out(stage: Stage) -> list[str]:
    """Find corrections that did not take the place of the slip, under the same address."""
    wrong = []
    for publication_id, before in stage.corrected.items():
        one = stage.publications[publication_id]
        item = stage.item_of(one)
        if item is None or item.correction is None:
            continue
        text = "".join(part["text"] for part in one["edition"]["parts"])
        if one["sentHash"] == before or item.correction.wrong in text:
            wrong.append(name(one))
    wanted = sum(len(item.correction.channels) for item in stage.items if item.correction)
    if len(stage.corrected) != wanted:
        wrong.append(f"{len(stage.corrected)} corrections were made")
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


def same_hash(publication: Json) -> bool:
    """Say whether the words that were approved are the words that were sent."""
    hashes = {publication["approvedHash"], publication["sentHash"], publication["edition"]["hash"]}
    return len(hashes) == 1 and None not in hashes


async def _posted(stage: Stage, key: str) -> list[Json]:
    platform = stage.channel(key).platform
    ledger = await stage.places[platform].ledger(stage.accounts[key].username)
    return [entry for entry in ledger if (platform, entry["id"]) not in stage.earlier_posts]


def _sent(stage: Stage) -> list[Json]:
    return [one for one in stage.publications.values() if one["state"] == "PUBLISHED"]


#: What is claimed of words that went out, and what finds whatever contradicts it.
CHECKS: Mapping[str, Callable[[Stage], Awaitable[list[str]]]] = {
    "everything that was promised went out, and nothing else": everything_is_out,
    "approved hash = sent hash, everywhere: nothing unapproved went out": approved_is_sent,
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
    "the shop window took one signed delivery per publication": webhook_delivered_once,
    "likes, shares and answers are counted as they happened": everything_is_counted,
    "everybody who was answered can read it, and the network told them": replies_are_seen,
    "every place says that what is out stands as it was sent": everything_stands,
    "pictures show what they show, and carry nothing else": pictures_tell_nothing_else,
}
