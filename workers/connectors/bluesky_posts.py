"""AT Protocol records and views read into the hub's words: pure, no network."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from workers.connectors.errors import Rejected
from workers.connectors.port import Measured, Ref, RemoteMessage, RemotePerson

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Address:
    """The pieces of an AT URI."""

    repo: str
    collection: str
    rkey: str

    def __str__(self) -> str:
        """Return the URI."""
        return f"at://{self.repo}/{self.collection}/{self.rkey}"


def address_of(uri: str) -> Address:
    """Return the pieces of an AT URI; Rejected when it is none."""
    found = re.fullmatch(r"at://([^/\s]+)/([^/\s]+)/([^/\s]+)", uri)
    if found is None:
        raise Rejected("This is not the address of a record.", code="ADDRESS_INVALID")
    return Address(repo=found[1], collection=found[2], rkey=found[3])


def url_of(app: str, uri: str) -> str:
    """Return where people read a post."""
    post = address_of(uri)
    return f"{app}/profile/{post.repo}/post/{post.rkey}"


def ref_of(stored: Json, *, app: str, published_at: datetime) -> Ref:
    """Return the reference of a record that is out; KeyError when its answer does not name it."""
    uri, cid = str(stored["uri"]), str(stored["cid"])
    return Ref(
        remote_id=uri,
        url=url_of(app, uri),
        published_at=published_at,
        extra={"uri": uri, "cid": cid},
    )


def parent_of(view: Json) -> dict[str, str]:
    """Return what an answer to a post must know of it: its cid, and the root it hangs below."""
    root = _mapping(_mapping(_mapping(view["record"]).get("reply")).get("root"))
    return {
        "cid": str(view["cid"]),
        "root_uri": str(root.get("uri") or view["uri"]),
        "root_cid": str(root.get("cid") or view["cid"]),
    }


def answers_to(view: Json) -> str:
    """Return the address of the post that a post answers; empty where it answers none."""
    reply = _mapping(_mapping(view["record"]).get("reply"))
    return str(_mapping(reply.get("parent")).get("uri") or "")


def measured_of(view: Json, ref: Ref) -> Measured:
    """Return the counters of a post, approximate: the network counts what has reached it so far."""
    return Measured(
        ref=ref,
        counters={
            "LIKES": int(view.get("likeCount") or 0),
            "SHARES": int(view.get("repostCount") or 0),
            "REPLIES": int(view.get("replyCount") or 0),
            "QUOTES": int(view.get("quoteCount") or 0),
        },
        approximate=True,
    )


def below(thread: Json) -> Iterator[Json]:
    """Yield a thread's own node and every node below it, however deep, without those in hiding.

    Posts that are gone, or whose author has blocked somebody, have a node without a post.
    """
    waiting = [thread]
    while waiting:
        node = waiting.pop()
        if not isinstance(node.get("post"), Mapping):
            continue
        yield node
        waiting += [one for one in node.get("replies") or () if isinstance(one, Mapping)]


def is_cut_off(node: Json) -> bool:
    """Say whether a node has answers that the server has not followed: it was deep enough."""
    return "replies" not in node and bool(node["post"].get("replyCount"))


def author_of(view: Json) -> str:
    """Return who wrote a post."""
    return str(view["author"]["did"])


def message_of(view: Json, root: Ref, *, app: str) -> RemoteMessage:
    """Return an answer as a message under the post it was found below."""
    author, record = view["author"], view["record"]
    text = str(record.get("text") or "")
    return RemoteMessage(
        remote_id=str(view["uri"]),
        parent_remote_id=answers_to(view),
        root_remote_id=root.remote_id,
        person=RemotePerson(
            remote_id=str(author["did"]),
            handle=str(author.get("handle") or ""),
            name=str(author.get("displayName") or author.get("handle") or ""),
            url=f"{app}/profile/{author['did']}",
        ),
        text=text,
        html=_html(record, text),
        url=url_of(app, str(view["uri"])),
        published_at=_written(record, view),
        raw=view,
        extra=parent_of(view),
    )


def _written(record: Json, view: Json) -> datetime:
    """Return when a post was written: what its author says, unless that is nonsense or to come."""
    indexed = datetime.fromisoformat(str(view["indexedAt"])).astimezone(UTC)
    try:
        said = datetime.fromisoformat(str(record.get("createdAt")))
        return indexed if said.tzinfo is None else min(said.astimezone(UTC), indexed)
    except (ValueError, OverflowError):
        # Of the year 1, in a zone where that is not yet the year 1.
        return indexed


def _html(record: Json, text: str) -> str:
    """Return the text with its links, as HTML; a link is known by bytes, and may be nonsense."""
    raw = text.encode()
    pieces, at = [], 0
    for start, end, uri in sorted(_links(record, len(raw))):
        if start < at:
            continue
        label = escape(raw[start:end].decode(errors="replace"))
        pieces.append(escape(raw[at:start].decode(errors="replace")))
        pieces.append(f'<a href="{escape(uri)}">{label}</a>')
        at = end
    pieces.append(escape(raw[at:].decode(errors="replace")))
    return f"<p>{''.join(pieces)}</p>".replace("\n", "<br>")


def _links(record: Json, size: int) -> Iterator[tuple[int, int, str]]:
    for facet in record.get("facets") or ():
        index = _mapping(_mapping(facet).get("index"))
        start, end = index.get("byteStart"), index.get("byteEnd")
        if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= size:
            continue
        for feature in _mapping(facet).get("features") or ():
            uri = _mapping(feature).get("uri")
            if isinstance(uri, str) and re.match("https?://", uri):
                yield start, end, uri


def reads_as(value: Json, *, text: str, embed: Json | None) -> bool:
    """Say whether a stored post still has the text and the pictures or card it was sent with."""
    return value.get("text") == text and (value.get("embed") or None) == embed


def was_made_at(value: Json, at: datetime) -> bool:
    """Say whether a stored post was made at that moment."""
    try:
        return datetime.fromisoformat(str(value.get("createdAt"))) == at
    except (ValueError, TypeError):
        return False


def is_taken_down(view: Json) -> bool:
    """Say whether moderators hide a post from everybody."""
    hiding = {"!hide", "!takedown", "!suspend"}
    return any(_mapping(label).get("val") in hiding for label in view.get("labels") or ())


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def audience_of(profile: Mapping[str, Any]) -> dict[str, int]:
    """Return what the network's index counts of an account, as far as it says so.

    Lexicon of AT Protocol, app.bsky.actor.defs#profileViewDetailed.
    """
    names = {"FOLLOWERS": "followersCount", "FOLLOWING": "followsCount", "POSTS": "postsCount"}
    return {
        metric: profile[name]
        for metric, name in names.items()
        if isinstance(profile.get(name), int)
    }
