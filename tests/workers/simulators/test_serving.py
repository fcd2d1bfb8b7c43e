"""Faults strike what they should, and a simulator can be run by itself."""

import asyncio
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from workers.simulators.mastodon import create_simulator
from workers.simulators.serving import EFFECTS, served

CONTROL = "/api/v1/_sim"


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    with served(create_simulator()) as base:
        async with httpx.AsyncClient(base_url=base, trust_env=False, verify=False) as client:
            yield client


async def test_a_fault_strikes_as_often_as_asked_and_where_asked(web: httpx.AsyncClient) -> None:
    fault = {"method": "POST", "path": "/api/v1/statuses*", "effect": "status", "count": 2}
    await web.post(f"{CONTROL}/faults", json=fault)

    read = await web.get("/api/v2/instance")
    struck = [(await web.post("/api/v1/statuses")).status_code for _ in range(3)]

    assert read.status_code == 200
    assert struck == [503, 503, 401]
    assert (await web.get(f"{CONTROL}/faults")).json() == []


async def test_a_fault_without_a_count_stays_until_it_is_removed(web: httpx.AsyncClient) -> None:
    fault = {"method": "*", "path": "*", "effect": "ratelimit", "count": 0}
    await web.post(f"{CONTROL}/faults", json=fault)

    struck = [await web.get("/api/v2/instance") for _ in range(3)]
    await web.delete(f"{CONTROL}/faults")
    free = await web.get("/api/v2/instance")

    assert [one.status_code for one in struck] == [429, 429, 429]
    assert struck[0].headers["x-ratelimit-remaining"] == "0"
    assert free.status_code == 200


async def test_an_unknown_fault_is_refused(web: httpx.AsyncClient) -> None:
    for wrong in ({"effect": "explode"}, {"effect": "status", "colour": "red"}):
        answer = await web.post(f"{CONTROL}/faults", json={"method": "*", "path": "*", **wrong})

        assert answer.status_code == 422
    assert set(EFFECTS) >= {"status", "drop_before", "drop_after", "hang_after", "html", "slow"}


async def test_a_dropped_connection_is_really_gone(web: httpx.AsyncClient) -> None:
    for effect in ("drop_before", "drop_after"):
        fault = {"method": "GET", "path": "/api/v2/instance", "effect": effect}
        await web.post(f"{CONTROL}/faults", json=fault)

        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await web.get("/api/v2/instance")
        assert (await web.get("/api/v2/instance")).status_code == 200


@pytest.mark.parametrize("module", ["mastodon", "receiver"])
async def test_it_runs_on_its_own_and_says_where(module: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"workers.simulators.{module}",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        ready = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().split()
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            answer = await client.get(f"{ready[1]}/nowhere", timeout=10)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)

    assert ready[0] == "ready"
    assert answer.status_code == 404
