"""A simulated server's memory in the shapes of Mastodon's documented entities."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from workers.simulators.mastodon_text import html_of, mentioned, tags_of
from workers.simulators.mastodon_world import (
    IMAGES,
    VIDEO_LIMIT,
    VIDEOS,
    Account,
    Notice,
    Picture,
    Status,
    World,
)

Json = dict[str, Any]


def instance(world: World, base: str) -> Json:
    """Return the V2::Instance entity: who the server is and what it accepts."""
    dialect = world.dialect
    return {
        "domain": urlsplit(base).netloc,
        "title": f"A simulated {dialect.name} server",
        "version": dialect.version,
        "source_url": dialect.source_url,
        "description": "It remembers until it is stopped.",
        "languages": ["en", "fr"],
        "configuration": {
            "statuses": {
                "max_characters": dialect.max_characters,
                "max_media_attachments": dialect.max_media,
                "characters_reserved_per_url": dialect.url_weight,
            },
            "media_attachments": {
                "supported_mime_types": [*IMAGES, *VIDEOS],
                "description_limit": dialect.description_limit,
                "image_size_limit": dialect.image_limit,
                "video_size_limit": VIDEO_LIMIT,
                "video_matrix_limit": 8_294_400,
            },
        },
    }


def account(world: World, one: Account, base: str) -> Json:
    """Return the Account entity; here everybody follows everybody else."""
    others = len(world.accounts) - 1
    return {
        "id": one.id,
        "username": one.username,
        "acct": one.username,
        "display_name": one.name,
        "url": f"{base}/@{one.username}",
        "uri": f"{base}/users/{one.username}",
        "created_at": moment(one.created_at),
        "locked": False,
        "bot": False,
        "note": "",
        "followers_count": others,
        "following_count": others,
        "statuses_count": sum(status.author == one.id for status in world.living()),
    }


def picture(one: Picture, base: str) -> Json:
    """Return the MediaAttachment entity; it has no address while it is being processed."""
    address = f"{base}/media/{one.id}"
    return {
        "id": one.id,
        "type": "video" if one.upload.mime in VIDEOS else "image",
        "url": None if one.polls_left else address,
        "preview_url": address,
        "remote_url": None,
        "description": one.description or None,
        "blurhash": None,
        "meta": {},
    }


def status(world: World, one: Status, base: str) -> Json:
    """Return the Status entity."""
    author = world.accounts[one.author]
    address = f"{base}/@{author.username}/{one.id}"
    boosted = world.statuses.get(one.boosted)
    parent = world.statuses.get(one.parent)
    known = {other.username: f"{base}/@{other.username}" for other in world.accounts.values()}
    return {
        "id": one.id,
        "uri": f"{base}/users/{author.username}/statuses/{one.id}",
        "url": address,
        "created_at": moment(one.created_at),
        "edited_at": moment(one.edited_at) if one.edited_at else None,
        "in_reply_to_id": one.parent or None,
        "in_reply_to_account_id": parent.author if parent else None,
        "account": account(world, author, base),
        "content": html_of(one.text, base=base, known=known),
        "spoiler_text": one.warning,
        "sensitive": one.sensitive,
        "visibility": one.visibility,
        "language": one.language or None,
        "replies_count": len(world.replies(one)),
        "reblogs_count": len(world.boosts(one)),
        "favourites_count": len(one.likes),
        "reblog": status(world, boosted, base) if boosted else None,
        "media_attachments": [picture(world.pictures[known_id], base) for known_id in one.media],
        "mentions": [
            {"id": found.id, "username": name, "acct": name, "url": known[name]}
            for name in dict.fromkeys(mentioned(one.text))
            if (found := world.named(name))
        ],
        "tags": [
            {"name": name.casefold(), "url": f"{base}/tags/{name}"} for name in tags_of(one.text)
        ],
        "emojis": [],
        "card": None,
        "poll": None,
    }


def notice(world: World, one: Notice, base: str) -> Json:
    """Return the Notification entity."""
    return {
        "id": one.id,
        "type": one.kind,
        "created_at": moment(one.at),
        "account": account(world, world.accounts[one.by], base),
        "status": status(world, world.statuses[one.status_id], base),
    }


def entry(world: World, one: Status) -> Json:
    """Return a line of the ledger: what was really stored, deleted or not."""
    return {
        "id": one.id,
        "account": world.accounts[one.author].username,
        "text": one.text,
        "created_at": moment(one.created_at),
        "in_reply_to_id": one.parent or None,
        "visibility": one.visibility,
        "spoiler_text": one.warning,
        "media": [world.pictures[known].upload.name for known in one.media],
        "descriptions": [world.pictures[known].description for known in one.media],
        "reblog_of": one.boosted or None,
        "deleted": one.deleted,
    }


def moment(at: datetime) -> str:
    """Return a time as Mastodon writes it: UTC, milliseconds, Z."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def relationship(world: World, account: Account, person: str) -> Json:
    """Return what an account has to do with somebody, as far as it mutes and blocks."""
    return {
        "id": person,
        "muting": (account.id, "mute", person) in world.restricted,
        "blocking": (account.id, "block", person) in world.restricted,
    }
