"""What is written to a Mastodon server: pure, from the edition and the checkpoint alone."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from hub.channels.platforms.base import MediaFacts
from workers.connectors.port import Sending, Step


def body_of(sending: Sending, step: Step) -> dict[str, Any]:
    """Return what a commit writes: the approved part, bound to what sending has learnt."""
    fields = sending.edition.fields
    part = sending.edition.parts[step.part]
    uploaded = sending.checkpoint.get("media", {})
    keys = [slot(step.part, index, media) for index, media in enumerate(part.media)]
    written: dict[str, Any] = {
        "status": part.text,
        "media_ids": [uploaded[key]["id"] for key in keys],
        "in_reply_to_id": _parent(sending, step),
        "visibility": fields.get("visibility", ""),
        "spoiler_text": fields.get("spoiler_text", ""),
        "sensitive": fields.get("sensitive", False),
        "language": fields.get("language", ""),
    }
    # Pleroma refuses empty values, and absent means the same everywhere.
    return {name: value for name, value in written.items() if value or name == "status"}


def _parent(sending: Sending, step: Step) -> str:
    out = sending.part_refs()[: step.part]
    parent = out[-1] if out else sending.in_reply_to
    return parent.remote_id if parent else ""


def edit_of(sending: Sending, step: Step) -> dict[str, Any]:
    """Return what a commit writes over a post that is out.

    An edit may change neither who sees a post nor what it answers, and it must say what it leaves
    empty, or the server keeps what was there.
    """
    kept = ("status", "media_ids", "spoiler_text", "sensitive", "language")
    whole = {"media_ids": [], "spoiler_text": "", "sensitive": False, **body_of(sending, step)}
    return {name: whole[name] for name in kept if name in whole}


def bytes_of(sending: Sending, step: Step) -> bytes:
    """Return the body as it goes over the wire: the same for every attempt."""
    body = edit_of(sending, step) if sending.amends else body_of(sending, step)
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def pictures_of(sending: Sending) -> Iterable[tuple[int, int, MediaFacts]]:
    """Return every picture with the number of its part and its place there."""
    for part, content in enumerate(sending.edition.parts):
        for index, media in enumerate(content.media):
            yield part, index, media


def slot(part: int, index: int, media: MediaFacts) -> str:
    """Name the place of a picture in the checkpoint."""
    # An upload belongs to one post: the same picture in two parts is uploaded twice.
    return f"{part}.{index}:{media.sha256}"


def slot_of(sending: Sending, step: Step) -> str:
    """Name the place in the checkpoint of the picture a step is about."""
    return slot(step.part, step.media, sending.edition.parts[step.part].media[step.media])


def with_media(sending: Sending, step: Step, uploaded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checkpoint with what is known of one more picture."""
    media = {**sending.checkpoint.get("media", {}), slot_of(sending, step): dict(uploaded)}
    return {**sending.checkpoint, "media": media}
