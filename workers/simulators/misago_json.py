"""The shapes in which a Misago forum answers, as seen on a running Misago 0.39.6."""

import html
import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from workers.simulators.misago_words import (
    TEXT_MAX,
    TEXT_MIN,
    TITLE_MAX,
    TITLE_MIN,
    Refusal,
    missing,
)
from workers.simulators.misago_world import (
    ATTACHMENT_KILOBYTES,
    ORPHANS,
    POSTS_PER_PAGE,
    THREADS_PER_PAGE,
    Account,
    Picture,
    Post,
    Thread,
    World,
)

Json = dict[str, Any]

#: The front page carries the settings for its own scripts.
FRONT = (
    "<!DOCTYPE html><html><head><title>Forum</title></head><body><script>"
    f'{{"SETTINGS": {{"post_length_max": {TEXT_MAX}, "post_length_min": {TEXT_MIN}, '
    f'"thread_title_length_max": {TITLE_MAX}, "thread_title_length_min": {TITLE_MIN}}}}}'
    "</script></body></html>"
)


def person(account: Account) -> Json:
    """Return somebody as they stand beside their posts."""
    return {
        "id": account.id,
        "username": account.username,
        "real_name": None,
        "url": f"/u/{account.username.lower()}/{account.id}/",
    }


def user(world: World, account: Account | None) -> Json:
    """Return who is signed in, with their rights; a guest has a few as well."""
    categories = [
        {
            "id": one.id,
            "can_start_threads": int(account.writes),
            "can_reply_threads": int(account.writes),
            "can_hide_threads": 2 if account.moderates else 0,
            "can_close_threads": int(account.moderates),
        }
        for one in world.categories.values()
        if account is not None
    ]
    acl = {
        "max_attachment_size": ATTACHMENT_KILOBYTES if account else 0,
        "can_omit_flood_protection": False,
        "categories": categories,
    }
    known = person(account) if account else {"id": None}
    flags = {"is_authenticated": account is not None, "is_anonymous": account is None}
    return {**known, "acl": acl, **flags}


def editor(world: World, account: Account) -> list[Json]:
    """Return the categories in which the account may open threads."""
    may = {"close": account.moderates, "hide": account.moderates, "pin": 0}
    return [
        {"id": one.id, "name": one.name, "level": 0, "post": may}
        for one in world.categories.values()
        if account.writes and (account.moderates or not one.closed)
    ]


def thread(world: World, viewer: Account | None, shown: Thread, *, listed: bool = False) -> Json:
    """Return a thread; in a list its category is a number, alone it is a whole one."""
    seen = [one for one in world.visible(viewer, shown) if not one.unapproved]
    last = list(world.living(shown))[-1]
    category = world.categories[shown.category]
    removes = viewer is not None and world.may_remove(viewer, shown.starter)
    return {
        "id": shown.id,
        "category": category.id if listed else {"id": category.id, "name": category.name},
        "title": shown.title,
        "replies": max(len(seen) - 1, 0),
        "started_on": _moment(shown.at),
        "last_post": last.id,
        "last_post_on": _moment(last.at),
        "is_unapproved": world.first(shown).unapproved,
        "is_hidden": shown.hidden,
        "is_closed": shown.closed,
        "weight": 2 if shown.pinned else 0,
        "acl": {
            "can_reply": viewer is not None and world.may_reply(viewer, shown),
            "can_hide": removes,
            "can_delete": removes,
        },
        "url": {"index": f"/t/{shown.slug}/{shown.id}/"},
    }


def threads(world: World, viewer: Account, start: int | None) -> Json:
    """Return own threads, the last written in first; `next` is where the next page starts."""
    own = [one for one in world.threads.values() if one.starter == viewer.id]
    shown = [thread(world, viewer, one, listed=True) for one in own if world.sees(viewer, one)]
    shown.sort(key=lambda one: -one["last_post"])
    usual = [one for one in shown if not one["weight"] and one["last_post"] <= (start or 2**62)]
    if start is not None and not usual:
        raise missing()
    pinned = [one for one in shown if one["weight"]] if start is None else []
    page, rest = usual[:THREADS_PER_PAGE], usual[THREADS_PER_PAGE:]
    following = rest[0]["last_post"] if rest else None
    return {"results": pinned + page, "subcategories": [3], "next": following}


def page(world: World, viewer: Account | None, shown: Thread, number: int) -> Json:
    """Return one page of a thread; each begins with the last post of the page before."""
    seen = world.visible(viewer, shown)
    each, orphans = POSTS_PER_PAGE - 1, ORPHANS + 1
    pages = ceil(max(1, len(seen) - orphans) / each)
    if not 1 <= number <= pages:
        raise missing()
    bottom, top = (number - 1) * each, number * each
    top = len(seen) if top + orphans >= len(seen) else top + 1
    cut = seen[bottom:top]
    listed = {
        "results": [post(world, viewer, one) for one in _with_events(world, shown, cut)],
        "page": number,
        "pages": pages,
        "count": len(seen),
    }
    return {**thread(world, viewer, shown), "post_set": listed}


def _with_events(world: World, shown: Thread, cut: Sequence[Post]) -> list[Post]:
    low, high = (cut[0].id, cut[-1].id) if cut else (0, 0)
    events = [one for one in world.living(shown) if one.event and low < one.id < high]
    return sorted([*cut, *events], key=lambda one: one.id)


def post(world: World, viewer: Account | None, shown: Post) -> Json:
    """Return a post; one that is hidden comes without its words, but to those who may hide."""
    moderates = viewer is not None and viewer.moderates
    inside = world.threads[shown.thread]
    readable = not shown.event and (moderates or not shown.hidden)
    author = world.accounts.get(shown.author)
    return {
        "id": shown.id,
        "poster": person(author) if author else None,
        "poster_name": author.username if author else "Somebody",
        "content": content(shown.text) if readable else None,
        "attachments": [attachment(world.pictures[one]) for one in shown.pictures] or None,
        "posted_on": _moment(shown.at),
        "edits": shown.edits,
        "is_unapproved": shown.unapproved,
        "is_hidden": shown.hidden,
        "is_event": bool(shown.event),
        "event_type": shown.event or None,
        "acl": {"can_edit": viewer is not None and (moderates or viewer.id == shown.author)},
        "likes": None if shown.event else len(shown.likes),
        "url": {"index": f"/t/{inside.slug}/{inside.id}/post/{shown.id}/"},
    }


def attachment(picture: Picture) -> Json:
    """Return an upload."""
    return {
        "id": picture.id,
        "filename": picture.file.name,
        "size": len(picture.file.data),
        "is_image": True,
        "uploaded_on": _moment(picture.at),
        "url": {"index": picture.path, "thumb": None},
    }


def content(text: str) -> str:
    """Return a text as the forum shows it: HTML escaped, lines kept, links without scheme."""
    paragraphs = [
        _PIECES.sub(_piece, html.escape(paragraph)).replace("\n", "<br />\n")
        for paragraph in re.split(r"\n{2,}", text)
    ]
    return "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


_PIECES = re.compile(
    r"!\[(?P<alt>(?:\\.|[^\]\\\n])*+)\]\((?P<src>[^\s()]++)\)"
    r"|\*\*(?P<bold>[^*\n]++)\*\*"
    r"|\[(?P<label>[^\]\\\n]++)\]\((?P<to>https?://[^\s()]++)\)"
    r"|(?P<link>https?://(?P<shown>[^\s<]++))"
)


def _piece(found: re.Match[str]) -> str:
    if found["src"]:
        alt = re.sub(r"\\(.)", r"\1", found["alt"])
        return f'<img alt="{alt}" src="{found["src"]}" />'
    if found["bold"]:
        return f"<strong>{found['bold']}</strong>"
    if found["label"]:
        return f'<a href="{found["to"]}" rel="external nofollow noopener">{found["label"]}</a>'
    return f'<a href="{found["link"]}" rel="external nofollow noopener">{found["shown"]}</a>'


def entry(world: World, shown: Post) -> Json:
    """Return a post as the ledger has it: by the id the hub gives it."""
    inside = world.threads[shown.thread]
    first = world.first(inside)
    return {
        "id": f"posts/{shown.id}",
        "account": world.accounts[shown.author].username,
        "text": shown.text,
        "title": inside.title,
        "thread": inside.id,
        "category": inside.category,
        "in_reply_to_id": None if first is shown else f"posts/{first.id}",
        "deleted": shown.deleted,
        "hidden": shown.hidden,
        "unapproved": shown.unapproved,
        "likes": len(shown.likes),
        "media": [world.pictures[one].file.name for one in shown.pictures],
    }


def refusal(world: World, refused: Refusal) -> Mapping[str, Any]:
    """Return the body of a refusal; a forum in another language forbids in that language."""
    if world.language == "en" or refused.status != 403:
        return refused.body
    return {**refused.body, "detail": "Das ist nicht erlaubt."}


def _moment(at: Any) -> str:
    return str(at.isoformat().replace("+00:00", "Z"))
