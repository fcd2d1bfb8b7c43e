"""WordPress' answers read into the hub's words, and texts compared: pure, no network."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

from hub.channels.platforms.base import Capability, Limits
from hub.channels.platforms.wordpress import LIMITS, PLATFORM
from hub.language.markup import to_text
from workers.connectors import wordpress_wire as wire
from workers.connectors.port import Ref, RemoteMessage, RemotePerson, Seen, Sending

Json = Mapping[str, Any]

#: What of a comment is asked for; the whole of it is three times as long.
COMMENT_FIELDS = (
    "id,post,parent,author,author_name,author_url,author_avatar_urls,date_gmt,content,link,status"
)
POST_FIELDS = "id,status,slug,link,date_gmt"
#: What a user must be allowed for what the hub can do on their behalf.
_NEEDED: Mapping[Capability, str] = {
    Capability.IMAGE: "upload_files",
    Capability.ALT_TEXT: "upload_files",
    Capability.EDIT: "edit_published_posts",
    Capability.DELETE: "delete_published_posts",
    # Whoever may edit a published post may also hold and approve what is answered below it.
    Capability.HIDE: "edit_published_posts",
    Capability.DELETE_MESSAGES: "edit_published_posts",
}


def capabilities_of(user: Json) -> frozenset[Capability]:
    """Return what the hub can do with the rights of this user."""
    granted = user.get("capabilities") or {}
    missing = {one for one, right in _NEEDED.items() if not granted.get(right)}
    return PLATFORM.capabilities - missing


def limits_of(user: Json) -> Limits:
    """Return what a post of this user may hold: no pictures where they may upload none."""
    if (user.get("capabilities") or {}).get("upload_files"):
        return LIMITS
    return replace(LIMITS, media_max=0, media_types=())


def ref_of(post: Json) -> Ref:
    """Return the reference of a post; KeyError, TypeError or ValueError when it is none."""
    number = int(post["id"])
    return Ref(
        remote_id=wire.remote_id(wire.POSTS, number),
        url=_web(post.get("link")),
        published_at=moment(post["date_gmt"]),
        extra={"id": number, "slug": str(post.get("slug") or "")},
    )


def comment_ref_of(comment: Json) -> Ref:
    """Return the reference of a comment; KeyError, TypeError or ValueError when it is none."""
    number = int(comment["id"])
    return Ref(
        remote_id=wire.remote_id(wire.COMMENTS, number),
        url=_web(comment.get("link")),
        published_at=moment(comment["date_gmt"]),
        extra={"id": number, "post": int(comment["post"])},
    )


def moment(said: str) -> datetime:
    """Read a `…_gmt` time, which WordPress writes without a zone."""
    return datetime.fromisoformat(said).replace(tzinfo=UTC)


def message_of(comment: Json, root: Ref) -> RemoteMessage:
    """Return a comment as a message below a post, or below a comment, of ours."""
    number, post, parent = (int(comment[name]) for name in ("id", "post", "parent"))
    html = str(comment["content"]["rendered"])
    above = wire.remote_id(wire.COMMENTS, parent) if parent else wire.remote_id(wire.POSTS, post)
    return RemoteMessage(
        remote_id=wire.remote_id(wire.COMMENTS, number),
        parent_remote_id=above,
        root_remote_id=root.remote_id,
        person=_person(comment),
        text=to_text(html),
        html=html,
        url=_web(comment.get("link")),
        published_at=moment(comment["date_gmt"]),
        raw=comment,
        extra={"id": number, "post": post},
        hidden=comment.get("status") == "hold",
    )


def _person(comment: Json) -> RemotePerson:
    name = unescape(str(comment.get("author_name") or ""))
    number = int(comment.get("author") or 0)
    return RemotePerson(
        remote_id=f"users/{number}" if number else _guest(comment, name),
        handle=name,
        name=name,
        url=_web(comment.get("author_url")),
    )


def _guest(comment: Json, name: str) -> str:
    # A guest has no id, but the address of their picture is a hash of their e-mail address.
    avatars = comment.get("author_avatar_urls")
    shown = next(iter(avatars.values()), "") if isinstance(avatars, Mapping) else ""
    known = re.search(r"/avatar/([0-9a-f]{32,64})", str(shown))
    facts = f"{name}\n{known[1] if known else ''}\n{comment.get('author_url') or ''}"
    return f"guests/{hashlib.sha256(facts.encode()).hexdigest()[:24]}"


def seen_post(post: Json, sending: Sending) -> Seen:
    """Return how a post stands, compared with what was sent.

    The site takes out of the HTML what its user may not write, so words and addresses are
    compared and markup is not.
    """
    status, content = str(post["status"]), str(post["content"]["raw"])
    if status == "trash":
        return Seen(found=False)
    sent = wire.content_of(sending)
    same = content == sent or _essence(content) == _essence(sent)
    titled = _plain(str(post["title"]["raw"])) == _plain(sending.edition.fields["title"])
    return Seen(
        found=True,
        changed=not (same and titled),
        hidden=status != "publish",
        text=to_text(content),
        url=_web(post.get("link")),
    )


def seen_comment(comment: Json, sending: Sending) -> Seen:
    """Return how a comment of ours stands; what is in the bin or among the spam is gone."""
    status, html = str(comment["status"]), str(comment["content"]["rendered"])
    if status in {"trash", "spam"}:
        return Seen(found=False)
    return Seen(
        found=True,
        changed=folded(html) != folded(sending.edition.fields["content"]),
        hidden=status != "approved",
        text=to_text(html),
        url=_web(comment.get("link")),
    )


def matching(comments: Sequence[Json], sending: Sending, earliest: datetime) -> list[Json]:
    """Return the account's own comments that may be this reply, no older than `earliest`."""
    wanted = folded(sending.edition.fields["content"])
    return [
        comment
        for comment in comments
        if str(comment["author"]) == sending.account.identity
        and moment(comment["date_gmt"]) >= earliest
        and folded(str(comment["content"]["rendered"])) == wanted
    ]


def folded(html: str) -> str:
    """Return what a comment says without what WordPress changes when it shows it.

    It makes quotes curly, dashes long, "x" between figures a cross, ":)" a picture, and links.
    """
    text = unicodedata.normalize("NFKC", to_text(html)).casefold().replace(_CROSS, "x")
    return "".join(character for character in text if character.isalnum())


def term_id(terms: Sequence[Json], name: str) -> int | None:
    """Return the id of the category or tag of that name, however its letters are written."""
    wanted = name.casefold()
    return next(
        (int(term["id"]) for term in terms if unescape(str(term["name"])).casefold() == wanted),
        None,
    )


_CROSS = "\N{MULTIPLICATION SIGN}"
_ADDRESS = re.compile(r'\b(?:href|src)="([^"]*)"')


def _essence(html: str) -> tuple[str, list[str]]:
    return _plain(html), [unescape(address) for address in _ADDRESS.findall(html)]


def _plain(html: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", to_text(html)))


def _web(address: object) -> str:
    said = address if isinstance(address, str) else ""
    return said if said.startswith(("https://", "http://")) else ""
