"""The child process that reads one feed: bounded, without secrets, and free to die.

`python -m workers.parsing MEMORY_BYTES CPU_SECONDS ENTRIES` reads a line of JSON (the headers that
say how to read it) and then the feed from standard input, and writes one JSON document. It ends
with 0 whatever the feed is; a signal means that the feed was too much for it.
"""

import io
import json
import resource
import signal
import sys
import warnings
from calendar import timegm
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

TEXT_MAX = 20_000
SHORT_MAX = 2_000
#: A feed has no use for definitions of its own; whoever sends them is after the reader.
_ENTITY = b"<!ENTITY"
_TIMES = ("published_parsed", "updated_parsed", "created_parsed")


def main(arguments: Sequence[str]) -> None:
    """Bound this process for ever, then read the feed."""
    memory, seconds, entries = map(int, arguments)
    # Whoever stops a worker stops its process group; the worker decides about its child.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _bound(resource.RLIMIT_CORE, 0)
    _bound(resource.RLIMIT_CPU, seconds)
    _bound(resource.RLIMIT_FSIZE, 100_000_000)
    with suppress(ValueError, OSError):  # macOS has no such bound
        _bound(resource.RLIMIT_AS, memory)
    headers = json.loads(sys.stdin.buffer.readline())
    sys.stdout.write(json.dumps(parsed(sys.stdin.buffer.read(), headers, most=entries)))


def _bound(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (allowed, allowed))


def parsed(data: bytes, headers: Mapping[str, str], *, most: int) -> dict[str, Any]:
    """Return the title and the first entries of a feed, or why it is none.

    Raises nothing: what cannot be read is left out.
    """
    if _ENTITY in data.replace(b"\x00", b"").upper():
        return {"refused": "The feed defines entities of its own; it is not read."}
    # Imported behind the bounds; a library that is missing must not look like a bad feed.
    import feedparser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # As a stream: a text could be taken for an address or a file.
        found = feedparser.parse(io.BytesIO(data), response_headers=dict(headers))
    if not found.get("version"):
        return {"refused": "This is no RSS or Atom feed."}
    feed = found.get("feed", {})
    return {
        "title": _text(feed, "title")[:SHORT_MAX],
        "language": _text(feed, "language")[:20],
        "entries": list(_entries(found.get("entries", ())[:most])),
    }


def _entries(entries: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        link = _text(entry, "link")[:SHORT_MAX]
        yield {
            "id": (_text(entry, "id") or link)[:SHORT_MAX],
            "link": link,
            "title": _text(entry, "title")[:SHORT_MAX],
            "html": _longest(entry)[:TEXT_MAX],
            "author": _text(entry, "author")[:SHORT_MAX],
            "language": str(_detail(entry).get("language") or "")[:20],
            "published_at": _moment(entry),
        }


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _detail(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = entry.get("title_detail")
    return detail if isinstance(detail, dict) else {}


def _longest(entry: Mapping[str, Any]) -> str:
    """Return the whole text where a feed has it, else its summary."""
    contents = [one.get("value") for one in entry.get("content", ()) if isinstance(one, dict)]
    texts = [one for one in (*contents, entry.get("summary")) if isinstance(one, str)]
    return max(texts, key=len, default="")


def _moment(entry: Mapping[str, Any]) -> str | None:
    """Return when an entry was published, in UTC; None where that makes no sense."""
    # Past the library's own `get`, which takes one for the other and warns of it.
    plain = dict(entry.items())
    told = next((plain[name] for name in _TIMES if plain.get(name)), None)
    if told is None:
        return None
    with suppress(ValueError, TypeError, OverflowError):
        return datetime.fromtimestamp(timegm(told), UTC).isoformat()
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
