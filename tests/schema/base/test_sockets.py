import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import websockets.exceptions
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.schema.base.provocations import fan_out
from tests.schema.base.serving import Served, served_toy
from tests.schema.base.toy import TOKEN

TRANSPORT = Subprotocol("graphql-transport-ws")


@asynccontextmanager
async def opened(
    served: Served, *, protocol: Subprotocol | None = TRANSPORT, origin: Any = None
) -> AsyncIterator[ClientConnection]:
    address = served.url.replace("http:", "ws:")
    async with connect(
        address, subprotocols=[protocol] if protocol else None, origin=origin
    ) as socket:
        yield socket


@asynccontextmanager
async def acknowledged(
    served: Served, token: str | None = TOKEN
) -> AsyncIterator[ClientConnection]:
    async with opened(served) as socket:
        payload = {"authorization": f"Bearer {token}"} if token else {}
        await tell(socket, type="connection_init", payload=payload)
        assert await hear(socket) == {"type": "connection_ack"}
        yield socket


async def tell(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def hear(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await socket.recv())
    return message


async def subscribe(socket: ClientConnection, query: str, *, at: str = "1", **more: Any) -> None:
    await tell(socket, type="subscribe", id=at, payload={"query": query, **more})


async def closing(socket: ClientConnection) -> int:
    with suppress(websockets.exceptions.ConnectionClosedError):
        async for _ in socket:
            pass  # Whatever was under way.
    assert socket.close_code is not None
    return socket.close_code


async def test_a_subscription_yields_and_completes(served: Served) -> None:
    async with acknowledged(served) as socket:
        await subscribe(socket, "subscription($n:Int!){ticks(count:$n)}", variables={"n": 2})

        heard = [await hear(socket) for _ in range(3)]

    assert heard == [
        {"id": "1", "type": "next", "payload": {"data": {"ticks": 0}}},
        {"id": "1", "type": "next", "payload": {"data": {"ticks": 1}}},
        {"id": "1", "type": "complete"},
    ]


async def test_a_bug_in_a_subscription_is_masked(served: Served) -> None:
    async with acknowledged(served) as socket:
        await subscribe(socket, "subscription{broken}")
        assert (await hear(socket))["payload"] == {"data": {"broken": 1}}

        failed = await hear(socket)

    assert failed["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(failed)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{greeting}", "WRONG_TRANSPORT"),
        ('mutation{rename(name:"a")}', "WRONG_TRANSPORT"),
        ("subscription{", "GRAPHQL_PARSE_FAILED"),
        ("subscription{nope}", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription{forever{children(first:101){totalCount}}}", "PAGE_TOO_LARGE"),
        ("subscription{forever{" + "parent{" * 15 + "id" + "}" * 17, "QUERY_TOO_DEEP"),
        ("subscription" + fan_out(20), "TOO_MANY_ROOT_FIELDS"),
        ("subscription($n:Int!){ticks(count:$n)}", "INVALID_VARIABLES"),
        ("", "BAD_REQUEST"),
    ],
)
async def test_the_door_refuses_over_sockets_what_it_refuses_over_http(
    served: Served, query: str, code: str
) -> None:
    async with acknowledged(served) as socket:
        await subscribe(socket, query)
        refused = await hear(socket)
        await subscribe(socket, "subscription{ticks(count:1)}", at="2")
        following = await hear(socket)

    assert (refused["type"], refused["id"]) == ("error", "1")
    assert refused["payload"][0]["extensions"]["code"] == code
    assert following["payload"] == {"data": {"ticks": 0}}


async def test_a_wrong_token_is_not_acknowledged(served: Served) -> None:
    async with opened(served) as socket:
        await tell(socket, type="connection_init", payload={"authorization": "Bearer x"})

        assert await closing(socket) == 4403


async def test_a_connection_that_cannot_be_judged_now_is_told_to_come_back(
    served: Served,
) -> None:
    async with opened(served) as socket:
        await tell(socket, type="connection_init", payload={"authorization": "Bearer outage"})

        assert await closing(socket) == 1011


async def test_a_connection_says_who_it_is_in_time() -> None:
    with served_toy(init_seconds=0.05) as impatient:
        async with opened(impatient) as socket:
            assert await closing(socket) == 4408


async def test_nothing_runs_before_the_connection_is_acknowledged(served: Served) -> None:
    async with opened(served) as socket:
        await subscribe(socket, "subscription{ticks(count:1)}")

        assert await closing(socket) == 4401


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"text"',
        "{}",
        '{"type":7}',
        '{"type":"nonsense"}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","id":[1],"payload":{"query":"{a}"}}',
        '{"type":"subscribe","id":"","payload":{"query":"{a}"}}',
        '{"type":"subscribe","id":"1"}',
        '{"type":"subscribe","id":"1","payload":[]}',
        '{"type":"subscribe","id":"1","payload":{"query":7}}',
        '{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}',
        '{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":1}}',
        '{"type":"complete"}',
        '{"type":"complete","id":{}}',
        '{"type":"ping","type":"ping"}',
        '{"type":"ping","payload":{"a":"\\u0000"}}',
        '{"type":"ping","payload":' + "[" * 100 + "]" * 100 + "}",
        "[" * 100_000,
        b"\x00\xff",
        b'{"type":"ping"}',
    ],
)
async def test_a_frame_of_a_wrong_shape_closes_the_connection(
    served: Served, frame: str | bytes
) -> None:
    async with acknowledged(served) as socket:
        await socket.send(frame)

        assert await closing(socket) == 4400


async def test_the_connection_init_is_an_object_and_comes_once(served: Served) -> None:
    async with opened(served) as socket:
        await tell(socket, type="connection_init", payload=[])
        assert await closing(socket) == 4400
    async with acknowledged(served) as socket:
        await tell(socket, type="connection_init")
        assert await closing(socket) == 4429


async def test_an_id_in_use_closes_the_connection(served: Served) -> None:
    async with acknowledged(served) as socket:
        await subscribe(socket, "subscription{forever{id}}")
        await hear(socket)
        await subscribe(socket, "subscription{forever{id}}")

        assert await closing(socket) == 4409


async def test_a_connection_holds_twenty_subscriptions(served: Served) -> None:
    async with acknowledged(served) as socket:
        for number in range(20):
            await subscribe(socket, "subscription{forever{id}}", at=str(number))
            assert (await hear(socket))["type"] == "next"
        await subscribe(socket, "subscription{forever{id}}", at="20")
        refused = await hear(socket)
        await tell(socket, type="complete", id="0")
        await subscribe(socket, "subscription{forever{id}}", at="21")
        admitted = await hear(socket)

    assert refused["payload"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
    assert (admitted["id"], admitted["type"]) == ("21", "next")


@pytest.mark.parametrize("protocol", [None, Subprotocol("graphql-ws")])
async def test_only_the_current_protocol_is_spoken(
    served: Served, protocol: Subprotocol | None
) -> None:
    async with opened(served, protocol=protocol) as socket:
        assert await closing(socket) == 4406


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://["])
async def test_pages_of_other_sites_cannot_open_a_socket(served: Served, origin: str) -> None:
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        async with opened(served, origin=origin):
            pass

    assert refused.value.response.status_code == 403


async def test_a_client_that_leaves_in_the_middle_harms_nobody(served: Served) -> None:
    for _ in range(20):
        async with acknowledged(served) as socket:
            await subscribe(socket, "subscription{ticks(count:100000)}")
            await hear(socket)
            socket.transport.abort()
    async with acknowledged(served) as socket:
        await tell(socket, type="ping")

        assert await hear(socket) == {"type": "pong"}


async def test_a_frame_over_the_limit_closes_the_connection(served: Served) -> None:
    async with acknowledged(served) as socket:
        await tell(socket, type="ping", payload={"a": "x" * 1_100_000})

        assert await closing(socket) == 1009


async def test_a_subscription_is_paid_for_like_a_request() -> None:
    with served_toy(points_per_minute=1) as few:
        async with acknowledged(few) as socket:
            await subscribe(socket, "subscription{ticks(count:0)}")
            first = await hear(socket)
            await subscribe(socket, "subscription{ticks(count:0)}", at="2")
            second = await hear(socket)

    assert first == {"id": "1", "type": "complete"}
    assert (second["id"], second["type"]) == ("2", "error")
    assert [error["extensions"]["code"] for error in second["payload"]] == ["RATE_LIMITED"]
