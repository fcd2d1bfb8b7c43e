"""What reaches an account of the AT Protocol, and its likes: pure, no network."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from workers.connectors import bluesky_posts as posts
from workers.connectors import bluesky_wire as wire
from workers.connectors.port import Ref, RemoteMessage

LIKE = "app.bsky.feed.like"
BLOCK = "app.bsky.graph.block"
# Lexicon app.bsky.notification.listNotifications: its reasons, and how many come at once.
REASONS = ("mention", "reply", "quote")
LIMIT = 100
PAGES = 5
# The list is sorted by the time that authors claim, up to a day before it reached the network.
SLACK = timedelta(days=1)

Json = Mapping[str, Any]


def messages_of(notifications: Sequence[Json], *, app: str) -> list[RemoteMessage]:
    """Return what was written to or about the account, the oldest first."""
    return [
        # A notification holds what a view of the post does, as far as it is needed here.
        posts.message_of(one, Ref(remote_id=""), app=app)
        for one in reversed(notifications)
        if one["reason"] in REASONS
    ]


def newest(notifications: Sequence[Json], cursor: str) -> str:
    """Return when the last of them reached the network, or the cursor when it is later."""
    return max([cursor, *(wire.moment(_indexed(one)) for one in notifications)])


def reaches_back(notifications: Sequence[Json], cursor: str) -> bool:
    """Say whether a page ends before what was seen last time, slack included."""
    if not cursor:
        return True
    seen = datetime.fromisoformat(cursor) - SLACK
    return any(_indexed(one) < seen for one in notifications)


def _indexed(one: Json) -> datetime:
    return datetime.fromisoformat(str(one["indexedAt"])).astimezone(UTC)


def like_key(uri: str) -> str:
    """Return the key of the like of a post: always the same, so that it is given once.

    It is a TID, as the lexicon wants it, made of the post's address instead of a time.
    """
    digest = hashlib.sha256(uri.encode()).digest()
    return wire.tid(int.from_bytes(digest[:6], "big"), int.from_bytes(digest[6:8], "big") % 1024)


def like_body(identity: str, view: Json, *, at: datetime) -> dict[str, Any]:
    """Return what stores the like of a post."""
    return {
        "repo": identity,
        "collection": LIKE,
        "rkey": like_key(str(view["uri"])),
        "record": {
            "$type": LIKE,
            "subject": {"uri": str(view["uri"]), "cid": str(view["cid"])},
            "createdAt": wire.moment(at),
        },
    }


def unlike_bodies(identity: str, uri: str, view: Json | None) -> list[dict[str, Any]]:
    """Return what takes the like of a post back: the one given here, and one given elsewhere."""
    keys = {like_key(uri)}
    elsewhere = liked_as(view)
    if elsewhere:
        keys.add(posts.address_of(elsewhere).rkey)
    return [{"repo": identity, "collection": LIKE, "rkey": key} for key in sorted(keys)]


def liked_as(view: Json | None) -> str:
    """Return the address of the account's like of a post; empty where there is none."""
    viewer = (view or {}).get("viewer")
    return str(viewer.get("like") or "") if isinstance(viewer, Mapping) else ""


def block_body(identity: str, person: str, *, at: datetime) -> dict[str, Any]:
    """Return what stores the block of an account (lexicon app.bsky.graph.block)."""
    return {
        "repo": identity,
        "collection": BLOCK,
        "rkey": like_key(person),
        "record": {"$type": BLOCK, "subject": person, "createdAt": wire.moment(at)},
    }


def unblock_bodies(identity: str, person: str, profile: Json) -> list[dict[str, Any]]:
    """Return what takes the block of an account back: ours, and one that was made elsewhere."""
    keys = {like_key(person)}
    elsewhere = blocked_as(profile)
    if elsewhere:
        keys.add(posts.address_of(elsewhere).rkey)
    return [{"repo": identity, "collection": BLOCK, "rkey": key} for key in sorted(keys)]


def blocked_as(profile: Json) -> str:
    """Return the address of the block of an account; empty where it is not blocked."""
    viewer = profile.get("viewer")
    return str(viewer.get("blocking") or "") if isinstance(viewer, Mapping) else ""
