"""Public posts that somebody else wrote, found by words, hashtags or handles on the network."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from workers.connectors import bluesky_posts as posts
from workers.connectors.http import Answer, understood
from workers.connectors.port import Account, Page, Ref, RemoteMessage

SEARCH_POSTS = "app.bsky.feed.searchPosts"
LIMIT = 100
#: Posts come into the index a little later than they were written.
OVERLAP = timedelta(minutes=10)
_NOWHERE = Ref(remote_id="")

Json = dict[str, Any]
Ask = Callable[[str, Iterable[tuple[str, str]]], Awaitable[Answer]]


async def search(ask: Ask, account: Account, terms: Sequence[str], cursor: str) -> Page:
    """Ask for each term what was written since the newest post it found (lexicon searchPosts).

    The cursor is kept for each term. A little is read again, since the index is not in order.
    """
    seen = _read(cursor)
    found: dict[str, RemoteMessage] = {}
    for term in terms:
        since = [("since", _moment(seen[term] - OVERLAP))] if term in seen else []
        params = [("q", _asked(term)), ("sort", "latest"), ("limit", str(LIMIT)), *since]
        answer = await ask(SEARCH_POSTS, params)
        with understood():
            for view in answer.json_object()["posts"]:
                if posts.author_of(view) == account.identity:
                    continue
                message = _message(view, app=account.settings["app"])
                found.setdefault(message.remote_id, message)
                seen[term] = max(message.published_at, seen.get(term, message.published_at))
    kept = {term: seen[term].isoformat() for term in terms if term in seen}
    return Page(messages=tuple(found.values()), cursor=orjson.dumps(kept).decode())


def _asked(term: str) -> str:
    return f'"{term}"' if " " in term else term


def _message(view: Json, *, app: str) -> RemoteMessage:
    record = view["record"]
    languages = record.get("langs") or ()
    extra = {"uri": str(view["uri"]), "language": str(languages[0]) if languages else ""}
    return replace(posts.message_of(view, _NOWHERE, app=app), extra=extra)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read(cursor: str) -> dict[str, datetime]:
    if not cursor:
        return {}
    try:
        stored = orjson.loads(cursor)
        return {str(term): datetime.fromisoformat(at) for term, at in stored.items()}
    except (ValueError, AttributeError, TypeError):
        return {}
