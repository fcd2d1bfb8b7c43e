"""A simulated network's memory in the shapes of the AT Protocol's lexicons."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from workers.simulators.bluesky_world import (
    BLOCK,
    LIKE,
    POST,
    REPOST,
    Account,
    Record,
    World,
)

Json = dict[str, Any]


def profile(account: Account) -> Json:
    """Return the view of somebody (app.bsky.actor.defs#profileViewBasic)."""
    return {"did": account.did, "handle": account.handle, "displayName": account.name}


def detailed(world: World, account: Account, *, viewer: Account | None = None) -> Json:
    """Return somebody's page (profileViewDetailed); here everybody follows everybody else."""
    others = len(world.accounts) - 1
    posts = sum(one.did == account.did for one in world.of(POST))
    return {
        **profile(account),
        "followersCount": others,
        "followsCount": others,
        "postsCount": posts,
        "viewer": _between(world, viewer, account) if viewer else {},
    }


def _between(world: World, viewer: Account, account: Account) -> Json:
    """Return what a viewer has to do with somebody (app.bsky.actor.defs#viewerState)."""
    blocks = [
        one.uri
        for one in world.of(BLOCK)
        if one.did == viewer.did and one.value.get("subject") == account.did
    ]
    muted = (viewer.did, account.did) in world.muted
    return {"muted": muted, **({"blocking": blocks[0]} if blocks else {})}


def post(world: World, record: Record, *, viewer: Account | None = None) -> Json:
    """Return the view of a post (app.bsky.feed.defs#postView), with what a viewer did to it."""
    likes = [one for one in world.of(LIKE) if viewer is not None and one.did == viewer.did]
    given = [one.uri for one in likes if one.value.get("subject", {}).get("uri") == record.uri]
    quoting = (one.value.get("embed", {}).get("record", {}).get("uri") for one in world.of(POST))
    return {
        "uri": record.uri,
        "cid": record.cid,
        "author": profile(world.accounts[record.did]),
        "record": record.value,
        "likeCount": _pointing(world, LIKE, record),
        "repostCount": _pointing(world, REPOST, record),
        "replyCount": len(world.replies(record.uri)),
        "quoteCount": sum(uri == record.uri for uri in quoting),
        "indexedAt": moment(record.indexed_at),
        "labels": [{"src": "did:plc:moderators", "val": val} for val in record.labels],
        "viewer": {"like": given[0]} if given else {},
    }


def notifications(world: World, account: Account) -> Iterator[Json]:
    """Yield what concerns somebody, newest first (listNotifications#notification)."""
    concerning = [(one, reason) for one in world.of(POST) if (reason := _reason(one, account))]
    for record, reason in sorted(concerning, key=lambda one: one[0].indexed_at, reverse=True):
        yield {
            "uri": record.uri,
            "cid": record.cid,
            "author": profile(world.accounts[record.did]),
            "reason": reason,
            "record": record.value,
            "isRead": False,
            "indexedAt": moment(record.indexed_at),
        }


def _reason(record: Record, account: Account) -> str:
    if record.did == account.did:
        return ""
    value, mine = record.value, f"at://{account.did}/"
    if value.get("reply", {}).get("parent", {}).get("uri", "").startswith(mine):
        return "reply"
    if value.get("embed", {}).get("record", {}).get("uri", "").startswith(mine):
        return "quote"
    features = (one for facet in value.get("facets", ()) for one in facet.get("features", ()))
    return "mention" if any(one.get("did") == account.did for one in features) else ""


def thread(world: World, record: Record, depth: int) -> Json:
    """Return a post with what is below it (app.bsky.feed.defs#threadViewPost).

    Deeper than asked for, a node has no `replies` at all.
    """
    node: Json = {"$type": "app.bsky.feed.defs#threadViewPost", "post": post(world, record)}
    if depth > 0:
        # The newest first, as the network has it.
        below = reversed(world.replies(record.uri))
        node["replies"] = [thread(world, one, depth - 1) for one in below]
    return node


def entry(world: World, record: Record) -> Json:
    """Return a line of the ledger: what was really stored, deleted or not."""
    value = record.value
    embed = value.get("embed", {})
    images = embed.get("images", ())
    moving = [embed] if embed.get("$type") == "app.bsky.embed.video" else []
    reply = value.get("reply", {})
    return {
        "id": record.uri,
        "account": world.accounts[record.did].username,
        "text": value["text"],
        "created_at": value["createdAt"],
        "in_reply_to_id": reply.get("parent", {}).get("uri"),
        "root_id": reply.get("root", {}).get("uri"),
        "media": [
            *(image["image"]["ref"]["$link"] for image in images),
            *(video["video"]["ref"]["$link"] for video in moving),
        ],
        "descriptions": [one.get("alt", "") for one in (*images, *moving)],
        "record": value,
        "deleted": record.deleted,
    }


def _pointing(world: World, kind: str, record: Record) -> int:
    return sum(one.value.get("subject", {}).get("uri") == record.uri for one in world.of(kind))


def moment(at: datetime) -> str:
    """Return a time as the network writes it: UTC, milliseconds, Z."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
