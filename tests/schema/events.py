"""Reading server-sent events as a client does, from an answer of httpx."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event, or a comment (its kind is empty then)."""

    kind: str
    id: str | None = None
    data: Any = None


async def told(response: httpx.Response) -> AsyncIterator[Told]:
    """Yield what is told until the stream ends, comments included."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line.startswith(":"):
            yield Told(kind="")
        elif line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif fields:
            data = fields.get("data", "")
            yield Told(
                kind=fields["event"],
                id=fields.get("id"),
                data=json.loads(data) if data else None,
            )
            fields = {}


async def events(response: httpx.Response) -> AsyncIterator[Told]:
    """Yield the events alone."""
    async for one in told(response):
        if one.kind:
            yield one
