"""Requests no client should send, and what a server must do with all of them: answer, quickly."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

from tests.schema.base.provocations import JSON, Hostile, hostile_requests

__all__ = ["Hostile", "Report", "bombard", "hostile_requests", "send_raw"]


@dataclass(frozen=True)
class Report:
    """What came back: `faults` names every answer that a client could not work with."""

    statuses: dict[int, int]
    p99_ms: float
    max_ms: float
    rss_growth: int
    faults: tuple[str, ...]
    slowest: str


async def bombard(
    base_url: str,
    token: str | None,
    count: int,
    *,
    seed: int = 20260301,
    pids: Sequence[int] = (),
) -> Report:
    """Send `count` requests to the GraphQL address, one after another, and judge the answers.

    `pids` are the server's processes, whose resident memory is watched; without them its growth
    is reported as 0. Every odd request carries the token, if there is one.
    """
    statuses: Counter[int] = Counter()
    faults: list[str] = []
    times: list[tuple[float, str]] = []
    async with httpx.AsyncClient(timeout=30) as client:
        await _warm_up(client, base_url, token)
        before = _resident(pids)
        for number, hostile in enumerate(hostile_requests(seed, count)):
            headers = dict(hostile.headers)
            if token and number % 2:
                headers["authorization"] = f"Bearer {token}"
            started = time.perf_counter()
            status, fault = await _send(client, base_url, hostile, headers)
            times.append(((time.perf_counter() - started) * 1000, hostile.name))
            statuses[status] += 1
            if fault:
                faults.append(f"{hostile.name}: {fault}")
        growth = _resident(pids) - before
    times.sort()
    return Report(
        statuses=dict(statuses),
        p99_ms=times[int(len(times) * 0.99)][0],
        max_ms=times[-1][0],
        rss_growth=growth,
        faults=tuple(faults),
        slowest=times[-1][1],
    )


async def send_raw(base_url: str, content: bytes, *, seconds: float = 20.0) -> bytes:
    """Send bytes that no HTTP library would, and return what comes back until the end."""
    address = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(content)
        await writer.drain()
        async with asyncio.timeout(seconds):
            return await reader.read()
    finally:
        writer.close()


async def _send(
    client: httpx.AsyncClient, url: str, hostile: Hostile, headers: dict[str, str]
) -> tuple[int, str | None]:
    content: Any = hostile.body if hostile.method != "GET" else None
    if hostile.megabytes:
        content = _flood(hostile)
    try:
        response = await client.request(
            hostile.method,
            url + hostile.query,
            content=content,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        )
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError) as error:
        # Cut off in the middle of a flood: that is a refusal, of anything else a fault.
        return 0, None if hostile.megabytes else repr(error)
    return response.status_code, _fault(response)


def _fault(response: httpx.Response) -> str | None:
    if response.status_code >= 500:
        return f"answered {response.status_code}: {response.text[:200]}"
    if response.headers.get("content-type", "").startswith("text/plain"):
        # The server below the application refuses what is no HTTP at all.
        return None if response.status_code in {400, 414, 431} else "plain text"
    try:
        answer = response.json()
    except ValueError:
        return f"no JSON: {response.text[:200]}"
    errors = answer.get("errors", [])
    if not errors and "data" not in answer:
        return "neither data nor errors"
    uncoded = [error for error in errors if not error.get("extensions", {}).get("code")]
    if uncoded:
        return f"no code: {uncoded[0]}"
    internal = [error for error in errors if error["extensions"]["code"] == "INTERNAL"]
    return f"internal: {internal[0]}" if internal else None


async def _flood(hostile: Hostile) -> AsyncIterator[bytes]:
    yield hostile.body
    for _ in range(hostile.megabytes * 16):
        yield b" " * 65_536


async def _warm_up(client: httpx.AsyncClient, url: str, token: str | None) -> None:
    headers = {**JSON, **({"authorization": f"Bearer {token}"} if token else {})}
    for _ in range(20):
        (await client.post(url, content=b'{"query":"{__typename}"}', headers=headers)).read()


def _resident(pids: Sequence[int]) -> int:
    return sum(int(psutil.Process(pid).memory_info().rss) for pid in pids)
