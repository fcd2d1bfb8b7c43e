"""Following publications over server-sent events, as a page without a library does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from hub.access.models import Role
from hub.kernel.settings import Settings
from hub.publishing import operations as publishing
from hub.publishing.models import Publication
from tests.factories import World, a_channel, a_publication, a_world
from tests.schema.client.api import gid
from tests.schema.client.rows import seal
from tests.schema.client.serving import served
from tests.schema.client.test_subscriptions import CHANGED
from tests.schema.events import Told, events


@pytest.fixture
async def http(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the served application."""
    async with (
        served(settings) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as client,
    ):
        yield client


def followed(
    http: httpx.AsyncClient, token: str | None, *, seen: int | None = None, **variables: Any
) -> AbstractAsyncContextManager[httpx.Response]:
    """Open a stream; `seen` is the id of the last event that was seen."""
    headers = {"accept": "text/event-stream"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    if seen is not None:
        headers["last-event-id"] = str(seen)
    content = {"query": CHANGED, "variables": variables}
    return http.stream("POST", "/graphql", json=content, headers=headers)


async def heard(response: httpx.Response, number: int) -> list[Told]:
    """Return the next so many events, fewer where the stream ends before."""
    found: list[Told] = []
    async with asyncio.timeout(10):
        async for one in events(response):
            found.append(one)
            if len(found) == number:
                break
    return found


def change(event: Told) -> dict[str, Any]:
    """Return the change an event tells of."""
    assert event.kind == "next"
    assert "errors" not in event.data
    found: dict[str, Any] = event.data["data"]["publicationChanged"]
    return found


async def _scheduled(world: World, words: str = "Hello, world") -> Publication:
    return await a_publication(
        world,
        channel_id=await a_channel(world),
        text=words,
        scheduled_for=datetime.now(UTC) + timedelta(days=1),
    )


async def _cancel(world: World, row: Publication) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.cancel(work, publication_id=row.id)


async def test_changes_carry_the_sequence_as_their_id_and_a_reader_goes_on_behind_it(
    world: World, http: httpx.AsyncClient
) -> None:
    row = await _scheduled(world)
    await _cancel(world, row)
    await seal(world)
    token = world.tokens[Role.EDITOR]

    async with followed(http, token, after=0) as response:
        first, second = await heard(response, 2)
    assert first.id is not None
    # The reader repeats its first request, `after` and all, as browsers do.
    async with followed(http, token, seen=int(first.id), after=0) as response:
        (again,) = await heard(response, 1)

    assert [change(one)["event"]["name"] for one in (first, second)] == [
        "publication.scheduled",
        "publication.cancelled",
    ]
    assert first.id == str(change(first)["event"]["sequence"])
    assert again == second


async def test_nobody_hears_of_another_workspace(world: World, http: httpx.AsyncClient) -> None:
    other = await a_world(world.hub, slug="other")
    foreign = await _scheduled(other)
    await seal(other)
    mine = await _scheduled(world)
    await seal(world)

    async with followed(http, world.tokens[Role.EDITOR], after=0) as response:
        (told,) = await heard(response, 1)
    async with followed(
        http, world.tokens[Role.EDITOR], id=gid("Publication", foreign.id)
    ) as response:
        refused, last = await heard(response, 3)

    assert change(told)["publication"]["id"] == gid("Publication", mine.id)
    assert refused.data["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert last == Told(kind="complete")


async def test_a_revoked_token_hears_nothing_more(world: World, http: httpx.AsyncClient) -> None:
    await _scheduled(world)
    await seal(world)
    token = world.tokens[Role.EDITOR]
    async with followed(http, token, after=0) as response:
        reading = events(response)
        await anext(reading)
        async with world.hub.unscoped() as session:
            await session.execute(text("UPDATE tokens SET revoked_at = clock_timestamp()"))
        async with asyncio.timeout(8):
            ended = [one async for one in reading]
    async with asyncio.timeout(8):
        status = 200
        while status == 200:  # The door knows a token for a few seconds.
            async with followed(http, token, after=0) as response:
                status = response.status_code

    assert [one.kind for one in ended] == ["next", "complete"]
    assert ended[0].data["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert status == 401


async def test_nobody_in_particular_hears_nothing(world: World, http: httpx.AsyncClient) -> None:
    async with followed(http, None, after=0) as response:
        refused, last = await heard(response, 3)

    assert refused.data["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert last == Told(kind="complete")


async def test_a_token_holds_twenty_streams_and_others_are_not_concerned(
    world: World, http: httpx.AsyncClient
) -> None:
    async def opened(role: Role) -> httpx.Response:
        request = http.build_request(
            "POST",
            "/graphql",
            json={"query": CHANGED},
            headers={
                "accept": "text/event-stream",
                "authorization": f"Bearer {world.tokens[role]}",
            },
        )
        return await http.send(request, stream=True)

    editors = [await opened(Role.EDITOR) for _ in range(21)]
    manager = await opened(Role.MANAGER)
    statuses = [one.status_code for one in editors]
    figures = (await http.get("/metrics")).text
    for one in (*editors, manager):
        await one.aclose()

    assert statuses == [*[200] * 20, 429]
    assert manager.status_code == 200
    assert "hub_graphql_streams 21.0" in figures
    async with asyncio.timeout(10):
        while "hub_graphql_streams 0.0" not in (await http.get("/metrics")).text:
            pass


async def test_pages_of_allowed_origins_may_say_what_they_have_seen(settings: Settings) -> None:
    allowed = settings.model_copy(update={"cors_origins": ("https://front.example",)})
    async with served(allowed) as url, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.options(
            f"{url}/graphql",
            headers={
                "origin": "https://front.example",
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization,content-type,last-event-id",
            },
        )

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://front.example"
