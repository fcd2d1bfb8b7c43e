"""Server-sent events on a small schema: the protocol, its bounds, and how a stream ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.schema.base.serving import Served, served_toy
from tests.schema.base.toy import TOKEN
from tests.schema.events import Told, events, told

STREAM = {"accept": "text/event-stream"}
_PAGES = "children(first: 100) { edges { node { %s } } }"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The toy schema with few places and a quick heart."""
    with served_toy(subscriptions=2, beat_seconds=0.05, request_seconds=0.5) as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client that trusts nothing around it."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        yield client


@asynccontextmanager
async def asked(
    http: httpx.AsyncClient, served: Served, query: str, **headers: str
) -> AsyncIterator[httpx.Response]:
    """Send a document and keep the answer open."""
    async with http.stream(
        "POST",
        served.url,
        json={"query": query},
        headers={"authorization": f"Bearer {TOKEN}", **STREAM, **headers},
    ) as response:
        yield response


async def whole(response: httpx.Response) -> list[Told]:
    """Return every event of a stream that ends."""
    async with asyncio.timeout(10):
        return [one async for one in events(response)]


async def test_a_subscription_tells_its_results_and_completes(
    http: httpx.AsyncClient, served: Served
) -> None:
    async with asked(http, served, "subscription { ticks(count: 3) }") as response:
        answer = await whole(response)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"
    assert "content-length" not in response.headers
    assert answer == [
        *(Told(kind="next", data={"data": {"ticks": number}}) for number in range(3)),
        Told(kind="complete"),
    ]


async def test_a_browser_subscribes_with_get(http: httpx.AsyncClient, served: Served) -> None:
    async with http.stream(
        "GET", served.url, params={"query": "subscription { ticks(count: 1) }"}, headers=STREAM
    ) as response:
        answer = await whole(response)

    assert [one.kind for one in answer] == ["next", "complete"]


@pytest.mark.parametrize("query", ["{ greeting }", 'mutation { rename(name: "x") }'])
async def test_anything_else_is_one_result(
    http: httpx.AsyncClient, served: Served, query: str
) -> None:
    async with asked(http, served, query) as response:
        first, last = await whole(response)

    assert (first.kind, last) == ("next", Told(kind="complete"))
    assert first.data["data"]
    assert first.data["extensions"]["cost"]["limit"] == 5000


async def test_who_takes_json_too_gets_json_for_a_query_and_events_for_a_subscription(
    http: httpx.AsyncClient, served: Served
) -> None:
    both = "application/graphql-response+json, text/event-stream"
    async with asked(http, served, "{ greeting }", accept=both) as response:
        assert response.headers["content-type"].startswith("application/graphql-response+json")
    async with asked(http, served, "subscription { ticks(count: 1) }", accept=both) as response:
        assert response.headers["content-type"].startswith("text/event-stream")


async def test_who_does_not_ask_for_events_gets_none(
    http: httpx.AsyncClient, served: Served
) -> None:
    async with asked(http, served, "subscription { ticks(count: 1) }", accept="*/*") as response:
        answer = await response.aread()

    assert b"WRONG_TRANSPORT" in answer


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { forever { " + "parent { " * 16 + "id" + " }" * 18, "QUERY_TOO_DEEP"),
        ("subscription { forever { %s } }" % (_PAGES % (_PAGES % "id")), "TOO_MANY_NODES"),
        ("subscription { a: ticks(count: 1) b: ticks(count: 1) }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_document_that_must_not_run_is_refused_in_an_event(
    http: httpx.AsyncClient, served: Served, query: str, code: str
) -> None:
    async with asked(http, served, query) as response:
        first, last = await whole(response)

    assert response.status_code == 200
    assert {error["extensions"]["code"] for error in first.data["errors"]} == {code}
    assert "data" not in first.data
    assert last == Told(kind="complete")


async def test_a_request_at_fault_is_refused_by_its_status(
    http: httpx.AsyncClient, served: Served
) -> None:
    token = {"authorization": f"Bearer {TOKEN}"}
    query = {"query": "subscription { ticks(count: 1) }"}
    refused = [
        await http.post(served.url, json=query, headers={**STREAM, "authorization": "Bearer no"}),
        await http.post(
            served.url, json=query, headers={**STREAM, "authorization": "Bearer outage"}
        ),
        await http.post(served.url, content=b"{", headers={**STREAM, **token}),
        await http.post(
            served.url,
            content=b" " * 1_000_001,
            headers={**STREAM, **token, "content-type": "application/json"},
        ),
        await http.put(served.url, json=query, headers={**STREAM, **token}),
        await http.get(
            served.url,
            params={"query": 'mutation { rename(name: "x") }'},
            headers={**STREAM, **token},
        ),
        *[
            await http.post(
                served.url, json=query, headers={**STREAM, **token, "last-event-id": wrong}
            )
            for wrong in ("x", "-1", "1.5", str(1 << 63))
        ],
    ]

    assert [one.status_code for one in refused] == [401, 503, 415, 413, 405, 405, *[400] * 4]
    assert {one.headers["content-type"] for one in refused} == {"application/json; charset=utf-8"}


async def test_what_went_wrong_inside_stays_inside(http: httpx.AsyncClient, served: Served) -> None:
    async with asked(http, served, "subscription { broken }") as response:
        first, second, last = await whole(response)

    assert first.data == {"data": {"broken": 1}}
    assert second.data["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str(second.data)
    assert last == Told(kind="complete")


async def test_a_silent_stream_shows_that_it_lives(http: httpx.AsyncClient, served: Served) -> None:
    heard: list[str] = []
    async with asked(http, served, "subscription { forever { id } }") as response:
        async with asyncio.timeout(10):
            async for one in told(response):
                heard.append(one.kind)
                if len(heard) == 5:
                    break

    assert heard == ["", "next", "", "", ""]


async def test_the_deadline_of_a_request_is_none_of_a_stream(
    http: httpx.AsyncClient, served: Served
) -> None:
    beats = 0
    async with asked(http, served, "subscription { forever { id } }") as response:
        async with asyncio.timeout(10):
            async for _ in told(response):
                beats += 1
                if beats == 15:  # More than the half second a request has.
                    break

    assert beats == 15


async def test_a_token_holds_so_many_streams_and_gets_them_back(
    http: httpx.AsyncClient, served: Served
) -> None:
    query = "subscription { forever { id } }"
    async with asked(http, served, query) as first, asked(http, served, query) as second:
        async with asked(http, served, query) as third:
            refused: Any = (await third.aread()).decode()
        assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
        assert third.headers["retry-after"] == "5"
        assert "TOO_MANY_SUBSCRIPTIONS" in refused

    async with asyncio.timeout(10):
        status = 429
        while status == 429:  # The server hears a moment later that the two have left.
            async with asked(http, served, query) as again:
                status = again.status_code
    assert status == 200
