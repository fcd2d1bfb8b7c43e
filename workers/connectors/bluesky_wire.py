"""What is written to an AT Protocol server: pure, from the edition and the checkpoint alone."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from hub.channels.platforms.base import MediaFacts
from workers.connectors.port import Ref, Sending, Step

POST = "app.bsky.feed.post"
GATE = "app.bsky.feed.threadgate"
# In the checkpoint: the pictures were uploaded a second time.
RENEWED = "media_renewed"
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_MICROSECONDS = 1_000_000
_CLOCKS = 1024
_FACET = "app.bsky.richtext.facet"

Json = dict[str, Any]


def rkey_of(sending: Sending, step: Step) -> str:
    """Return the key of the record, the same for every try of this commit.

    Posts must be named by a TID (specification of the AT Protocol, record keys): 53 bits of
    microseconds and 10 of a clock's number, in base 32. The second is the frozen one; what lies
    within it comes from the idempotency key, so that posts that were fixed in the same moment do
    not meet, and later parts of a thread sort after earlier ones.
    """
    second = int(sending.created_at.timestamp()) * _MICROSECONDS
    within = _number(sending.idempotency_key, "") % (_MICROSECONDS - 1000) + step.part
    clock = _number(sending.idempotency_key, step.key) % _CLOCKS
    return tid(second + within, clock)


def tid(microseconds: int, clock: int) -> str:
    """Return a TID: thirteen characters that sort like the time they stand for."""
    number = microseconds * _CLOCKS + clock
    return "".join(_SORTABLE[number >> 5 * place & 31] for place in reversed(range(13)))


def _number(key: UUID, name: str) -> int:
    return int.from_bytes(hashlib.sha256(key.bytes + name.encode()).digest()[:8], "big")


def created_at(sending: Sending, part: int) -> datetime:
    """Return when a part was made, as the record will say it: a millisecond after the one before.

    The network sorts what a person has written by this.
    """
    made = sending.created_at.astimezone(UTC) + timedelta(milliseconds=part)
    return made.replace(microsecond=made.microsecond // 1000 * 1000)


def moment(at: datetime) -> str:
    """Return a time in UTC as records hold it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def body_of(sending: Sending, step: Step) -> Json:
    """Return what a commit writes: the record under its key, where there must be none yet."""
    return {
        "repo": sending.account.identity,
        "collection": POST,
        "rkey": rkey_of(sending, step),
        "record": record_of(sending, step.part),
        # The same record again is accepted all the same; another one under the key is not.
        "swapRecord": None,
    }


def bytes_of(sending: Sending, step: Step) -> bytes:
    """Return the body as it goes over the wire: the same for every attempt."""
    return orjson.dumps(body_of(sending, step), option=orjson.OPT_SORT_KEYS)


def record_of(sending: Sending, part: int) -> Json:
    """Return the post: the approved part, bound to what sending has learnt."""
    fields = sending.edition.fields
    labels = [{"val": label} for label in fields.get("labels", ())]
    written: Json = {
        "$type": POST,
        "text": sending.edition.parts[part].text,
        "createdAt": moment(created_at(sending, part)),
        "langs": fields.get("langs"),
        "tags": fields.get("tags") if part == 0 else None,
        "labels": labels and {"$type": "com.atproto.label.defs#selfLabels", "values": labels},
        "facets": _facets(sending, part),
        "embed": embed_of(sending, part),
        "reply": _reply(sending, part),
    }
    return {name: value for name, value in written.items() if value or name == "text"}


def embed_of(sending: Sending, part: int) -> Json | None:
    """Return what a post carries besides its text: pictures, a video, or the card of the link."""
    pictures = sending.edition.parts[part].media
    if pictures and pictures[0].is_video:
        return _video(sending, pictures[0])
    if pictures:
        images = [_image(sending, facts) for facts in pictures]
        return {"$type": "app.bsky.embed.images", "images": images}
    card = sending.edition.fields.get("card")
    if not card or part:
        return None
    return {"$type": "app.bsky.embed.external", "external": dict(card)}


def _video(sending: Sending, facts: MediaFacts) -> Json:
    # The network makes it ready to be played after the post is there.
    shown: Json = {
        "$type": "app.bsky.embed.video",
        "video": sending.checkpoint["media"][facts.sha256],
        "aspectRatio": {"width": max(1, facts.width), "height": max(1, facts.height)},
    }
    return {**shown, "alt": facts.alt} if facts.alt else shown


def _image(sending: Sending, facts: MediaFacts) -> Json:
    return {
        "alt": facts.alt,
        "image": sending.checkpoint["media"][facts.sha256],
        "aspectRatio": {"width": max(1, facts.width), "height": max(1, facts.height)},
    }


def _facets(sending: Sending, part: int) -> list[Json]:
    found = sending.edition.fields.get("facets", ())
    known = sending.checkpoint.get("mentions", {})
    marked = []
    for facet in found[part] if part < len(found) else ():
        feature = _feature(facet, known)
        if feature:
            index = {"byteStart": facet["start"], "byteEnd": facet["end"]}
            marked.append({"index": index, "features": [feature]})
    return marked


def _feature(facet: Mapping[str, Any], known: Mapping[str, str]) -> Json | None:
    if "link" in facet:
        return {"$type": f"{_FACET}#link", "uri": facet["link"]}
    if "tag" in facet:
        return {"$type": f"{_FACET}#tag", "tag": facet["tag"]}
    did = known.get(facet["mention"].lower())
    # Nobody of that name: the words stay, without leading anywhere.
    return {"$type": f"{_FACET}#mention", "did": did} if did else None


def handles_of(sending: Sending) -> list[str]:
    """Return whom the texts mention, each once, in order."""
    found = sending.edition.fields.get("facets", ())
    return list(
        dict.fromkeys(
            facet["mention"].lower() for facets in found for facet in facets if "mention" in facet
        )
    )


def _reply(sending: Sending, part: int) -> Json | None:
    out = sending.part_refs()[:part]
    answered = sending.in_reply_to
    if answered is not None:
        known = parent_of(sending)
        root = {
            "uri": known.get("root_uri") or answered.remote_id,
            "cid": known.get("root_cid") or known["cid"],
        }
        parent = {"uri": answered.remote_id, "cid": known["cid"]}
        return {"root": root, "parent": _strong(out[-1]) if out else parent}
    return {"root": _strong(out[0]), "parent": _strong(out[-1])} if out else None


def _strong(ref: Ref) -> Json:
    return {"uri": ref.remote_id, "cid": ref.extra["cid"]}


def parent_of(sending: Sending) -> Mapping[str, Any]:
    """Return what is known of the post that is answered: cid, root_uri, root_cid; or nothing."""
    answered = sending.in_reply_to
    given = answered.extra if answered is not None and answered.extra.get("cid") else {}
    known: Mapping[str, Any] = given or sending.checkpoint.get("parent", {})
    return known


def pictures_of(sending: Sending) -> Iterable[tuple[int, int, MediaFacts]]:
    """Return every picture with the number of its part and its place there."""
    for part, content in enumerate(sending.edition.parts):
        for index, facts in enumerate(content.media):
            yield part, index, facts


def with_fact(sending: Sending, kind: str, name: str, value: object) -> Json:
    """Return the checkpoint with one more thing that sending has learnt."""
    return {
        **sending.checkpoint,
        kind: {**sending.checkpoint.get(kind, {}), name: value},
    }
