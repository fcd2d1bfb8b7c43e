"""Before anything is timed: do the hub, the limit and the reference give the same answer?"""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.bench.asking import UNIQUE
from tests.bench.servers import Running

#: What differs from one creation to the next.
_NEW = ("id",)
_UNIQUE = re.compile(rf"\d{{{len(UNIQUE)}}}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Different(Exception):
    """Two servers do not answer alike, or one answers with errors."""


def send(
    client: httpx.Client, running: Running, query: str, body: bytes, *, nth: int
) -> httpx.Response:
    """Send one body as the load would."""
    unique = f"{nth:012d}"
    headers = {
        name: value.replace(UNIQUE, unique) for name, value in running.headers_of(query).items()
    }
    method, path, content = running.request(query, body)
    return client.request(
        method,
        running.url + path,
        content=content.replace(UNIQUE.encode(), unique.encode()),
        headers=headers,
    )


def ask(client: httpx.Client, running: Running, query: str, body: bytes, *, nth: int) -> bytes:
    """Send one body and return the answer; raises Different where there is none."""
    said = send(client, running, query, body, nth=nth)
    if said.status_code != 200:
        raise Different(f"{running.server.name} {query}: {said.status_code} {said.text[:500]}")
    return said.content


def learn_tag(client: httpx.Client, running: Running, query: str, body: bytes) -> None:
    """From now on ask whether the answer is still the one we know; Different if it never says."""
    tag = send(client, running, query, body, nth=0).headers.get("etag")
    if tag is None:
        raise Different(f"{running.server.name} {query}: no ETag")
    running.tags[query] = tag
    again = send(client, running, query, body, nth=0).status_code
    if again != 304:
        raise Different(f"{running.server.name} {query}: {again}, not 304")


def data_of(name: str, answer: bytes) -> Any:
    """Return the data of an answer; raises Different where it has errors or none."""
    said = json.loads(answer)
    if "errors" in said or said.get("data") is None:
        raise Different(f"{name}: {answer[:500].decode()}")
    return said["data"]


def plain(value: Any, *, new: bool = False) -> Any:
    """Return a value in which equal things are equal: instants, and cursors but their signature.

    With `new`, ids and numbers that make texts unique are left out: creations make two rows.
    """
    if isinstance(value, Mapping):
        return {
            name: _place(one) if name == "endCursor" else plain(one, new=new)
            for name, one in value.items()
            if not (new and name in _NEW)
        }
    if isinstance(value, list):
        return [plain(one, new=new) for one in value]
    if new and isinstance(value, str):
        return _UNIQUE.sub(UNIQUE, value)
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value


def _place(cursor: str | None) -> Any:
    if cursor is None:
        return None
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return json.loads(raw[9:])


def leaves(value: Any) -> int:
    """Count the leaves of an answer."""
    if isinstance(value, Mapping):
        return sum(map(leaves, value.values()))
    if isinstance(value, list):
        return sum(map(leaves, value))
    return 1


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield where two answers differ, as paths with both values."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in {**one, **other}:
            yield from differences(one.get(name), other.get(name), f"{path}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{path}[{index}]")
    elif one != other:
        yield f"{path}: {one!r:.200} is not {other!r:.200}"


def require_same(query: str, answers: Sequence[tuple[str, bytes]]) -> None:
    """Raise Different unless every server gave the answer of the first."""
    if not answers:
        return
    (first, expected), *others = [
        (name, plain(data_of(name, answer), new=query == "M1")) for name, answer in answers
    ]
    for name, found in others:
        wrong = list(differences(expected, found))
        if wrong:
            listed = "\n".join(wrong[:10])
            raise Different(f"{query}: {first} and {name} differ in {len(wrong)}:\n{listed}")
