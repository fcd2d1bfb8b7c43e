"""Fetching feeds of strangers: asked politely, bounded, read in a child process of their own.

A parser fed by strangers may swell or never end; its memory and time are bounded by the kernel, it
knows no secret, and it can be killed.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from hub.language.markup import to_text
from hub.reputation.rules import canonical_url
from hub.reputation.watching import Said
from workers.connectors.errors import OutcomeUnknown, PlatformError, RateLimited, Rejected
from workers.connectors.http import NOT_MODIFIED, Answer, Http

FEED_BYTES = 5_000_000
ENTRIES_MAX = 200
MEMORY_BYTES = 512_000_000
CPU_SECONDS = 10
SECONDS = 30.0
#: Headers that say how to read what came.
_TELLING = ("content-type", "content-language")
_VALIDATORS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
_VALIDATOR_MAX = 500
_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8"
#: All that a child gets to know of our environment.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True, kw_only=True)
class Feed:
    """What a feed says now; nothing where it has not changed."""

    title: str
    said: tuple[Said, ...]
    validators: Mapping[str, str]


async def fetch(http: Http, url: str, validators: Mapping[str, str]) -> Feed:
    """Read a feed where it has changed since; raises PlatformError with words for people."""
    asked = {_VALIDATORS[name]: value for name, value in validators.items() if name in _VALIDATORS}
    answer = await http.send("GET", url, headers={"Accept": _ACCEPT, **asked}, most=FEED_BYTES)
    if answer.status == NOT_MODIFIED:
        return Feed(title="", said=(), validators=validators)
    if not answer.ok:
        raise _refused(answer)
    read = await _parsed(answer)
    if "refused" in read:
        raise Rejected(str(read["refused"]), code="NO_FEED")
    entries = [_said(entry, read, url) for entry in read["entries"]]
    return Feed(
        title=to_text(read["title"])[:200],
        said=tuple(one for one in entries if one is not None),
        validators=_validators(answer),
    )


def _refused(answer: Answer) -> PlatformError:
    wait = answer.wait()
    told = f"{answer.host} answered {answer.status}."
    if wait is not None:
        return RateLimited(told, status=answer.status, retry_after=wait)
    return OutcomeUnknown(told, status=answer.status)


def _validators(answer: Answer) -> dict[str, str]:
    known = {name: answer.headers.get(name, "") for name in _VALIDATORS}
    return {name: value for name, value in known.items() if 0 < len(value) <= _VALIDATOR_MAX}


def _said(entry: Mapping[str, Any], feed: Mapping[str, Any], url: str) -> Said | None:
    """Return an entry as a mention; None for one that cannot be told from others."""
    place = canonical_url(entry["link"])
    known = entry["id"] if place or not entry["id"] else f"{canonical_url(url)} {entry['id']}"
    identity = f"url:{place}" if place else known and f"id:{known}"
    if not identity:
        return None
    at = entry["published_at"]
    return Said(
        identity=identity,
        platform="feed",
        title=to_text(entry["title"]),
        text=to_text(entry["html"]),
        url=entry["link"] if place else "",
        language=entry["language"] or feed["language"],
        author_name=to_text(entry["author"]),
        published_at=datetime.fromisoformat(at) if at else None,
    )


async def _parsed(answer: Answer) -> dict[str, Any]:
    headers = {name: answer.headers[name] for name in _TELLING if name in answer.headers}
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
        source.write(orjson.dumps(headers) + b"\n" + answer.body)
        source.seek(0)
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "workers.parsing"),
            *map(str, (MEMORY_BYTES, CPU_SECONDS, ENTRIES_MAX)),
            stdin=source,
            stdout=sink,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
        )
        try:
            async with asyncio.timeout(SECONDS):
                end = await child.wait()
        except TimeoutError:
            end = None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if end != 0:
            raise Rejected("The feed is too much to read.", code="TOO_DEMANDING")
        sink.seek(0)
        read: dict[str, Any] = orjson.loads(sink.read())
        return read


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
