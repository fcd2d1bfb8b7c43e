"""Mastodon's answers read into the hub's words, and posts compared: pure, no network."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

from hub.channels.platforms.base import EditionContent, Limits, VideoLimits
from hub.channels.platforms.mastodon import LIMITS
from workers.connectors.port import Measured, Ref, RemoteMessage, RemotePerson, Seen

Json = Mapping[str, Any]


def dialect_of(instance: Json) -> str:
    """Return which server speaks the API: "mastodon", "gotosocial" or "pleroma"."""
    said = f"{instance.get('source_url', '')} {instance.get('version', '')}".casefold()
    if "gotosocial" in said:
        return "gotosocial"
    # Akkoma is a fork of Pleroma and behaves like it.
    return "pleroma" if "pleroma" in said or "akkoma" in said else "mastodon"


def limits_of(instance: Json, dialect: str) -> Limits:
    """Return what the server says it accepts; where it is silent, Mastodon's defaults."""
    configuration = _mapping(instance.get("configuration"))
    posts = _mapping(configuration.get("statuses"))
    media = _mapping(configuration.get("media_attachments"))
    offered = media.get("supported_mime_types") or LIMITS.media_types
    limits = replace(
        LIMITS,
        text_max=_positive(posts.get("max_characters"), LIMITS.text_max),
        media_max=_positive(posts.get("max_media_attachments"), LIMITS.media_max),
        media_bytes_max=_positive(media.get("image_size_limit"), LIMITS.media_bytes_max),
        media_types=tuple(mime for mime in LIMITS.media_types if mime in offered),
        video=_video(media),
        alt_max=_positive(media.get("description_limit"), LIMITS.alt_max),
        url_weight=_positive(posts.get("characters_reserved_per_url"), 23),
    )
    return replace(limits, **_COUNTING.get(dialect, {}))


def _video(media: Json) -> VideoLimits | None:
    usual = LIMITS.video
    offered = media.get("supported_mime_types")
    if usual is None or not offered:
        return usual
    types = tuple(mime for mime in usual.types if mime in offered)
    limits = replace(
        usual,
        types=types,
        bytes_max=_positive(media.get("video_size_limit"), usual.bytes_max),
        pixels_max=_positive(media.get("video_matrix_limit"), usual.pixels_max or 0),
    )
    return limits if types else None


# GoToSocial advertises 25 per link and counts every code point of it; Pleroma counts graphemes.
_COUNTING: Mapping[str, dict[str, Any]] = {
    "gotosocial": {"counter": "codepoint", "url_weight": None},
    "pleroma": {"counter": "grapheme", "url_weight": None},
}


def ref_of(status: Json) -> Ref:
    """Return the reference of a post; KeyError or ValueError when it is not one."""
    return Ref(
        remote_id=str(status["id"]),
        url=status.get("url") or status.get("uri") or "",
        published_at=created_at(status),
        extra={"uri": status.get("uri") or "", "account_id": _account_id(status)},
    )


def created_at(status: Json) -> datetime:
    """Return when a post was made; KeyError or ValueError when it does not say, with a zone."""
    at = datetime.fromisoformat(status["created_at"])
    if at.tzinfo is None:
        raise ValueError("A time without a zone.")
    return at


def message_of(status: Json, root: Ref) -> RemoteMessage:
    """Return an answer as a message under the post it was found below."""
    account = status["account"]
    html = status.get("content") or ""
    return RemoteMessage(
        remote_id=str(status["id"]),
        parent_remote_id=answers_to(status),
        root_remote_id=root.remote_id,
        person=RemotePerson(
            remote_id=str(account["id"]),
            handle=account.get("acct") or account.get("username") or "",
            name=account.get("display_name") or account.get("username") or "",
            url=account.get("url") or "",
        ),
        text=text_of(html),
        html=html,
        url=status.get("url") or status.get("uri") or "",
        published_at=created_at(status),
        raw=status,
        edited_at=_edited_at(status),
        private=status.get("visibility") == "direct",
        audience=_audience(status),
        language=_language(status),
    )


def mentions_in(notifications: Sequence[Json]) -> list[RemoteMessage]:
    """Return who mentioned the account, the oldest first; private messages are mentions, too."""
    return [
        message_of(one["status"], Ref(remote_id=""))
        for one in reversed(notifications)
        if one["type"] == "mention" and one.get("status")
    ]


def _edited_at(status: Json) -> datetime | None:
    said = status.get("edited_at")
    at = datetime.fromisoformat(said) if said else None
    return at if at is not None and at.tzinfo is not None else None


def _audience(status: Json) -> str:
    said = str(status.get("visibility") or "")
    return "" if said == "public" else said


def _language(status: Json) -> str | None:
    said = str(status.get("language") or "")
    return said if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", said) else None


def answers_to(status: Json) -> str:
    """Return the id of the post that a post answers; empty where it answers none."""
    return str(status.get("in_reply_to_id") or "")


def measured_of(status: Json, ref: Ref) -> Measured:
    """Return the counters of a post, approximate: a server only counts what reached it."""
    return Measured(
        ref=ref,
        counters={
            "LIKES": int(status.get("favourites_count") or 0),
            "SHARES": int(status.get("reblogs_count") or 0),
            "REPLIES": int(status.get("replies_count") or 0),
        },
        approximate=True,
    )


def seen(status: Json, *, sent: EditionContent, part: int) -> Seen:
    """Return how a post stands, compared with the part of the edition that was sent."""
    text = text_of(status.get("content") or "")
    same = (
        folded(text) == folded(sent.parts[part].text)
        and folded(status.get("spoiler_text") or "") == folded(sent.fields.get("spoiler_text", ""))
        and len(status.get("media_attachments") or ()) == len(sent.parts[part].media)
    )
    return Seen(
        found=True, changed=not same, text=text, url=status.get("url") or status.get("uri") or ""
    )


def text_of(html: str) -> str:
    """Return the plain text of a post's HTML; shortened links come out whole."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.pieces)).strip()


def matching(statuses: Sequence[Json], body: Json, earliest: datetime) -> list[Json]:
    """Return the posts that may be what `body` asked for, no older than `earliest`."""
    found = [status for status in statuses if _fits(status, body, earliest)]
    exact = [status for status in found if _media_ids(status) == set(body.get("media_ids", ()))]
    # Ids of pictures are telling where a server keeps them; some hand out new ones.
    return exact if len(found) > 1 and exact else found


def _fits(status: Json, body: Json, earliest: datetime) -> bool:
    return (
        created_at(status) >= earliest
        and folded(text_of(status.get("content") or "")) == folded(body["status"])
        and folded(status.get("spoiler_text") or "") == folded(body.get("spoiler_text", ""))
        and len(status.get("media_attachments") or ()) == len(body.get("media_ids", ()))
        and str(status.get("in_reply_to_id") or "") == body.get("in_reply_to_id", "")
    )


def folded(text: str) -> str:
    """Return a text without what servers change when they turn it into HTML and back.

    Servers drop the domain of a mention and the scheme of a link, and wrap lines as they like.
    """
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"@([\w.-]*\w)@[\w.-]*\w", r"@\1", text)
    text = re.sub(r"https?://(?:www\.)?(\S*?)/?(?=\s|$)", r"\1", text)
    return re.sub(r"\s+", "", text)


def is_own(status: Json, account_id: str) -> bool:
    """Say whether the account itself wrote the post."""
    return _account_id(status) == account_id


def _media_ids(status: Json) -> set[str]:
    return {str(media.get("id")) for media in status.get("media_attachments") or ()}


def _account_id(status: Json) -> str:
    return str(_mapping(status.get("account")).get("id") or "")


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _positive(value: object, default: int) -> int:
    return value if isinstance(value, int) and value > 0 else default


class _Text(HTMLParser):
    """Collects the text of a post and turns its few block elements into line breaks."""

    _breaks: Mapping[str, str] = {"br": "\n"}
    _ends: Mapping[str, str] = {"p": "\n\n", "li": "\n", "blockquote": "\n\n", "pre": "\n\n"}
    _silent = frozenset({"script", "style"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the shape of the base class
        self._quiet += tag in self._silent
        self.pieces.append(self._breaks.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        self._quiet = max(0, self._quiet - (tag in self._silent))
        self.pieces.append(self._ends.get(tag, ""))

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self.pieces.append(data)


def audience_of(account: Mapping[str, Any]) -> dict[str, int]:
    """Return what the server counts of an account, as far as it says so.

    Mastodon documentation, entities/Account: followers_count, following_count, statuses_count.
    """
    names = {
        "FOLLOWERS": "followers_count",
        "FOLLOWING": "following_count",
        "POSTS": "statuses_count",
    }
    return {
        metric: account[name]
        for metric, name in names.items()
        if isinstance(account.get(name), int)
    }
