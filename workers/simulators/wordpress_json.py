"""A simulated site's memory in the shapes of the WordPress REST API handbook."""

import re
from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any

from workers.simulators.wordpress_world import (
    ROLES,
    Comment,
    Media,
    Post,
    Refusal,
    Term,
    User,
    World,
)

Json = dict[str, Any]


def user(one: User, base: str) -> Json:
    """Return a user in the edit context, with what they may do."""
    return {
        "id": one.id,
        "name": one.login.title(),
        "slug": one.login,
        "link": f"{base}/author/{one.login}/",
        "roles": [one.role],
        "capabilities": dict.fromkeys(sorted(ROLES[one.role]), True),
    }


def media(one: Media, base: str) -> Json:
    """Return an attachment."""
    return {
        "id": one.id,
        "slug": one.slug,
        "status": "inherit",
        "alt_text": one.alt,
        "source_url": f"{base}/wp-content/uploads/{one.file}",
    }


def term(one: Term) -> Json:
    """Return a category or a tag."""
    return {"id": one.id, "name": one.name, "taxonomy": one.taxonomy}


def post(world: World, one: Post, base: str, *, raw: bool) -> Json:
    """Return a post; raw words are for the edit context."""

    def words(text: str, shown: str) -> Json:
        return {"rendered": shown, **({"raw": text} if raw else {})}

    public = one.status == "publish"
    return {
        "id": one.id,
        "date": local(world, one.date),
        "date_gmt": moment(one.date),
        "modified_gmt": moment(one.modified or one.date),
        "slug": one.slug,
        "status": one.status,
        "link": f"{base}/{one.slug}/" if public else f"{base}/?p={one.id}",
        "title": words(one.title, one.title),
        "content": words(one.content, one.content.replace("\n\n", "\n")),
        "excerpt": words(one.excerpt, f"<p>{one.excerpt}</p>\n"),
        "author": one.author,
        "featured_media": one.featured_media,
        "comment_status": one.comment_status,
        "categories": one.categories,
        "tags": one.tags,
        # What no plugin has registered is dropped without a word.
        "meta": [],
    }


def comment(world: World, one: Comment, base: str) -> Json:
    """Return a comment, with its words as they are shown."""
    parent = world.posts[one.post]
    return {
        "id": one.id,
        "post": one.post,
        "parent": one.parent,
        "author": one.author,
        "author_name": escape(one.name),
        "author_url": "",
        "author_avatar_urls": {},
        "date": local(world, one.date),
        "date_gmt": moment(one.date),
        "content": {"rendered": shown(one.content)},
        "link": f"{base}/{parent.slug}/#comment-{one.id}",
        "status": one.status,
        "type": "comment",
    }


def shown(content: str) -> str:
    """Return a comment as it is displayed: wptexturize, convert_smilies, wpautop."""
    text = content.replace("...", "&#8230;").replace(" -- ", " &#8212; ").replace(":)", "🙂")
    text = re.sub(r'"([^"]*)"', r"&#8220;\1&#8221;", text).replace("'", "&#8217;")
    return "<p>" + text.replace("\n", "<br />\n") + "</p>\n"


def ledger(world: World, one: User) -> Json:
    """Return everything of a user that was ever public, and beside it what never was."""
    own = [post for post in world.posts.values() if post.author == one.id]
    public = [_post_entry(world, post) for post in own if post.was_public]
    said = [
        {
            "id": f"comments/{found.id}",
            "text": found.content,
            "title": "",
            "deleted": found.status == "trash",
            "in_reply_to_id": f"comments/{found.parent}" if found.parent else f"posts/{found.post}",
            "status": found.status,
        }
        for found in world.comments.values()
        if found.author == one.id
    ]
    drafts = [post for post in own if not post.was_public]
    return {
        "statuses": [*public, *said],
        "drafts": [{"id": f"posts/{found.id}", "slug": found.slug} for found in drafts],
        "media": [
            {"file": found.file, "alt": found.alt}
            for found in world.media.values()
            if found.author == one.id
        ],
    }


def _post_entry(world: World, one: Post) -> Json:
    featured = world.media.get(one.featured_media)
    return {
        "id": f"posts/{one.id}",
        "text": one.content,
        "title": one.title,
        "excerpt": one.excerpt,
        "slug": one.slug,
        "status": one.status,
        "deleted": one.status == "trash",
        "in_reply_to_id": None,
        "featured": featured.file if featured else None,
        "alt": featured.alt if featured else None,
        "categories": [world.terms[number].name for number in one.categories],
        "tags": [world.terms[number].name for number in one.tags],
        "comment_status": one.comment_status,
    }


def error(refusal: Refusal) -> Json:
    """Return a WP_Error as the REST API writes it."""
    return {
        "code": refusal.code,
        "message": refusal.said,
        "data": {"status": refusal.status, **refusal.data},
    }


def picked(found: Json, fields: str) -> Json:
    """Return only the fields somebody asked for by `_fields`, dotted names included."""
    if not fields:
        return found
    kept: Json = {}
    for name in _names(fields):
        outer, _, inner = name.partition(".")
        if outer not in found:
            continue
        value = found[outer]
        kept[outer] = (
            {**kept.get(outer, {}), inner: value[inner]} if inner and inner in value else value
        )
    return kept


def _names(fields: str) -> Iterable[str]:
    return (name.strip() for name in fields.split(","))


def moment(at: datetime) -> str:
    """Return a time as `…_gmt` fields have it: UTC without saying so."""
    return f"{at:%Y-%m-%dT%H:%M:%S}"


def local(world: World, at: datetime) -> str:
    """Return a time by the clock on the wall of the site."""
    return moment(at + world.zone)
