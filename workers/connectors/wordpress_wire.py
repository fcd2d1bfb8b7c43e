"""What is written to a WordPress site: pure, from the edition and the checkpoint alone."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid5

import orjson

from hub.channels.platforms.base import MediaFacts
from hub.channels.platforms.wordpress import PLACEHOLDER
from workers.connectors.errors import Rejected
from workers.connectors.port import Account, Ref, Sending, Step, StepKind

POSTS, COMMENTS = "posts", "comments"
TAXONOMIES = ("categories", "tags")
_REMOTE_ID = re.compile(r"(?:posts|comments)/[0-9]{1,18}")
_ENDINGS: Mapping[str, str] = {"image/jpeg": "jpg", "video/quicktime": "mov"}


def authorization(account: Account) -> str:
    """Return the value of the Authorization header: HTTP Basic with an application password."""
    secrets = account.secrets
    pair = f"{secrets.get('username', '')}:{secrets.get('application_password', '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def secrets_of(account: Account) -> tuple[str, ...]:
    """Return everything that must never be quoted: the password however it is written."""
    password = str(account.secrets.get("application_password", ""))
    header = authorization(account).removeprefix("Basic ")
    return (password, password.replace(" ", ""), header)


def remote_id(kind: str, number: int) -> str:
    """Return the id of a post or a comment: WordPress numbers them apart."""
    return f"{kind}/{number}"


def route_of(remote: str) -> str:
    """Return the route of a post or a comment; Rejected for whatever else an id may say.

    People type ids when they confirm what is out, and the user of a site may do more there than
    they: an id is no way to its pages, its users or its settings.
    """
    if _REMOTE_ID.fullmatch(remote):
        return remote
    raise Rejected("This is not the id of a post or a comment.", code="ADDRESS_INVALID")


def is_comment(remote: str) -> bool:
    """Say whether an id is a comment's."""
    return remote.startswith(f"{COMMENTS}/")


def is_reply(sending: Sending) -> bool:
    """Say whether this goes out as a comment."""
    if sending.amends:
        return is_comment(sending.amends[0].remote_id)
    return sending.in_reply_to is not None


def pictures_of(sending: Sending) -> Sequence[MediaFacts]:
    """Return every picture in order; the first is the featured image."""
    return [media for part in sending.edition.parts for media in part.media]


def slot(number: int, media: MediaFacts) -> str:
    """Name the place of a picture in the checkpoint."""
    return f"{number}:{media.sha256}"


def media_name(media: MediaFacts, account: Account) -> str:
    """Return the name a picture is uploaded and found again by.

    It says what the picture is, how it is described and whose it is, so the library holds each
    once; what belongs to another user may not be described anew.
    """
    described = hashlib.sha256(f"{account.identity}\n{media.alt}".encode()).hexdigest()
    return f"hub-{media.sha256[:24]}-{described[:8]}"


def file_name(media: MediaFacts, account: Account) -> str:
    """Return the name of the file: WordPress believes its ending."""
    ending = media.mime.rpartition("/")[2]
    return f"{media_name(media, account)}.{_ENDINGS.get(media.mime, ending)}"


def terms_of(sending: Sending) -> list[tuple[str, str]]:
    """Return every category and tag by name, with its taxonomy."""
    fields = sending.edition.fields
    return [(taxonomy, name) for taxonomy in TAXONOMIES for name in fields.get(taxonomy, ())]


def slug_of(sending: Sending) -> str:
    """Return the address of the post: readable, and this publication's own.

    A repeat looks its draft up by it, so the end is made of the key that never changes.
    """
    own = uuid5(sending.idempotency_key, "slug").hex[:10]
    return f"{sending.edition.fields['slug']}-{own}"


def next_step(sending: Sending) -> Step | None:
    """Return what to do next: pictures, their descriptions, terms, the draft, the commit."""
    if sending.checkpoint.get("parts"):
        return None
    before = _before_reply(sending) if is_reply(sending) else _before_post(sending)
    return before or Step(kind=StepKind.COMMIT, key="commit:0")


def _before_reply(sending: Sending) -> Step | None:
    if sending.amends or "parent" in sending.checkpoint:
        return None
    return Step(kind=StepKind.PREPARE, key="parent")


def _before_post(sending: Sending) -> Step | None:
    uploaded = sending.checkpoint.get("media", {})
    pictures = list(enumerate(pictures_of(sending)))
    for number, media in pictures:
        if slot(number, media) not in uploaded:
            return Step(kind=StepKind.UPLOAD, key=f"upload:{number}", media=number)
    for number, media in pictures:
        if media.alt and not uploaded[slot(number, media)]["described"]:
            return Step(kind=StepKind.PREPARE, key=f"describe:{number}", media=number)
    known = sending.checkpoint.get("terms", {})
    for index, (taxonomy, name) in enumerate(terms_of(sending)):
        if name not in known.get(taxonomy, {}):
            return Step(kind=StepKind.PREPARE, key=f"term:{index}")
    if sending.amends or "draft" in sending.checkpoint:
        return None
    return Step(kind=StepKind.PREPARE, key="draft")


def draft_of(sending: Sending) -> dict[str, Any]:
    """Return the draft that keeps a place for the post; only its author can see it."""
    return {
        "status": "draft",
        "title": sending.edition.fields["title"],
        "slug": slug_of(sending),
    }


def body_of(sending: Sending) -> dict[str, Any]:
    """Return what a commit writes.

    Everything that was approved goes with the word that makes it public: whatever became of the
    draft meanwhile, this is what readers see, and writing it twice is writing it once.
    """
    if is_reply(sending):
        return _comment_of(sending)
    fields = sending.edition.fields
    terms = sending.checkpoint.get("terms", {})
    written = {
        "title": fields["title"],
        "content": content_of(sending),
        "excerpt": fields["excerpt"],
        "comment_status": fields["comment_status"],
        "featured_media": _featured(sending),
        "tags": [terms["tags"][name] for name in fields["tags"]],
    }
    if fields["categories"]:
        # Left out, the site files it under its own default.
        written["categories"] = [terms["categories"][name] for name in fields["categories"]]
    if sending.amends:
        # Neither its address nor whether it is public is for an edit to change.
        return written
    return {**written, "slug": slug_of(sending), "status": "publish"}


def _comment_of(sending: Sending) -> dict[str, Any]:
    content = {"content": sending.edition.fields["content"]}
    if sending.amends:
        return content
    parent = sending.checkpoint["parent"]
    return {**content, "post": parent["post"], "parent": parent["comment"]}


def content_of(sending: Sending) -> str:
    """Return the approved HTML with the address of every picture in its place."""
    addresses = [_address(str(known.get("url", ""))) for known in _uploaded(sending)]
    return PLACEHOLDER.sub(
        lambda found: f'<{found[1]} src="{addresses[int(found[2])]}"',
        sending.edition.fields["content"],
    )


def _featured(sending: Sending) -> int:
    """Return the id of the first picture; no video can stand above an article."""
    shown = zip(pictures_of(sending), _uploaded(sending), strict=True)
    return next((known.get("id", 0) for media, known in shown if not media.is_video), 0)


def _uploaded(sending: Sending) -> list[Mapping[str, Any]]:
    known = sending.checkpoint.get("media", {})
    return [known.get(slot(n, media), {}) for n, media in enumerate(pictures_of(sending))]


def _address(url: str) -> str:
    # The site names it; a quote or an angle bracket in it must not end the attribute.
    for character, written in (('"', "%22"), ("<", "%3C"), (">", "%3E")):
        url = url.replace(character, written)
    return url


def bytes_of(sending: Sending) -> bytes:
    """Return the body of a commit as it goes over the wire: the same for every attempt."""
    return orjson.dumps(body_of(sending), option=orjson.OPT_SORT_KEYS)


def target_of(sending: Sending) -> str:
    """Return the route a commit is posted to."""
    if sending.amends:
        return route_of(sending.amends[0].remote_id)
    if is_reply(sending):
        return COMMENTS
    return remote_id(POSTS, sending.checkpoint["draft"])


def with_media(sending: Sending, number: int, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checkpoint with what is known of one more picture."""
    place = slot(number, pictures_of(sending)[number])
    media = {**sending.checkpoint.get("media", {}), place: dict(known)}
    return {**sending.checkpoint, "media": media}


def with_term(sending: Sending, taxonomy: str, name: str, number: int) -> dict[str, Any]:
    """Return the checkpoint with the id of one more category or tag."""
    terms = sending.checkpoint.get("terms", {})
    known = {**terms, taxonomy: {**terms.get(taxonomy, {}), name: number}}
    return {**sending.checkpoint, "terms": known}


def with_part(sending: Sending, ref: Ref) -> dict[str, Any]:
    """Return the checkpoint of a publication that is out."""
    return {**sending.checkpoint, "parts": [ref.to_json()]}
