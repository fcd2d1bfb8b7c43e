"""Public posts that somebody else wrote, found by words or hashtags on a Mastodon server."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson

from workers.connectors import mastodon_posts as posts
from workers.connectors.http import Answer, understood
from workers.connectors.port import Account, Page, Ref, RemoteMessage

LIMIT = 40
#: What a post is found below: it stands for itself.
_NOWHERE = Ref(remote_id="")

Json = dict[str, Any]
Ask = Callable[[str, Iterable[tuple[str, str]]], Awaitable[Answer]]


async def search(ask: Ask, account: Account, terms: Sequence[str], cursor: str) -> Page:
    """Ask for each term what is newer than what it found last; the cursor is kept for each.

    Hashtags have a timeline of their own (Mastodon documentation, methods/timelines); words are
    found where the server searches posts at all, and nowhere else (methods/search).
    """
    seen: dict[str, str] = _read(cursor)
    found: dict[str, RemoteMessage] = {}
    more = False
    for term in terms:
        listed = await _listed(ask, term, seen.get(term, ""))
        with understood():
            for status in listed:
                if not posts.is_own(status, account.identity) and not status.get("reblog"):
                    message = _message(status)
                    found.setdefault(message.remote_id, message)
            if listed:
                seen[term] = str(max(int(status["id"]) for status in listed if _is_number(status)))
        more = more or (len(listed) >= LIMIT and bool(cursor))
    kept = {term: seen[term] for term in terms if term in seen}
    return Page(messages=tuple(found.values()), cursor=orjson.dumps(kept).decode(), more=more)


def _is_number(status: Json) -> bool:
    return str(status["id"]).isdigit()


async def _listed(ask: Ask, term: str, newest: str) -> list[Json]:
    params = [("limit", str(LIMIT)), *([("min_id", newest)] if newest else [])]
    if term.startswith("#"):
        answer = await ask(f"/api/v1/timelines/tag/{quote(term[1:], safe='')}", params)
        listed = answer.json()
    else:
        wanted = f'"{term}"' if " " in term else term
        answer = await ask("/api/v2/search", [("q", wanted), ("type", "statuses"), *params])
        with understood():
            listed = answer.json_object()["statuses"]
    with understood():
        return [dict(status) for status in listed]


def _message(status: Json) -> RemoteMessage:
    """Return a post, with its address in the whole network and its language."""
    extra = {"uri": str(status.get("uri") or ""), "language": str(status.get("language") or "")}
    return replace(posts.message_of(status, _NOWHERE), extra=extra)


def _read(cursor: str) -> dict[str, str]:
    if not cursor:
        return {}
    try:
        return {str(term): str(newest) for term, newest in orjson.loads(cursor).items()}
    except (orjson.JSONDecodeError, AttributeError):
        return {}
