"""What is known about the fate of a request, and how much of an answer is believed."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from workers.connectors.errors import NotSent, OutcomeUnknown, Rejected
from workers.connectors.http import ANSWER_BYTES, Http, open_http, retry_after, scrub

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(status: str, body: bytes, *headers: str) -> Play:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(head).encode() + body)

    return play


@asynccontextmanager
async def playing(play: Play, *, deadline: float = 2.0) -> AsyncIterator[tuple[Http, str]]:
    """A server that does one odd thing, and a client that may call it."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    where = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, open_http(allow=[where], deadline=deadline) as http:
        yield http, f"http://{where}/"


async def test_an_answer_comes_back_whole() -> None:
    async with playing(answering("200 OK", b'{"a": 1}', "X-Said: yes")) as (http, url):
        answer = await http.send("GET", url)

    assert (answer.status, answer.json_object(), answer.headers["x-said"]) == (200, {"a": 1}, "yes")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 T", "308 P"])
async def test_a_redirect_is_refused_and_never_followed(status: str) -> None:
    visits = 0

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        writer.close()

    canary = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    port = canary.sockets[0].getsockname()[1]
    play = answering(status, b"", f"Location: http://127.0.0.1:{port}/")
    async with canary, playing(play) as (http, url):
        with pytest.raises(Rejected) as refused:
            await http.send("POST", url, content=b"{}")

    assert refused.value.code == "REDIRECT"
    assert visits == 0


@pytest.mark.parametrize(
    "play",
    [
        answering("200 OK", b"x" * (ANSWER_BYTES + 1)),
        answering("200 OK", gzip.compress(b"x" * 50_000_000), "Content-Encoding: gzip"),
        answering("200 OK", b"not gzip at all", "Content-Encoding: gzip"),
        answering("200 OK", b"nor this", "Content-Encoding: br"),
        answering("200 OK", b"", "X-Long: " + "y" * 200_000),
    ],
    ids=["large", "bomb", "broken", "unknown coding", "long header"],
)
async def test_an_answer_that_cannot_be_believed_leaves_the_outcome_open(play: Play) -> None:
    async with playing(play) as (http, url):
        with pytest.raises(OutcomeUnknown):
            await http.send("POST", url, content=b"{}")


async def test_a_large_error_is_cut_and_its_status_believed() -> None:
    async with playing(answering("422 No", b"x" * (ANSWER_BYTES + 1))) as (http, url):
        answer = await http.send("POST", url, content=b"{}")

    assert answer.status == 422
    assert len(answer.body) == ANSWER_BYTES


async def test_a_compressed_answer_nobody_asked_for_is_still_read() -> None:
    body = gzip.compress(b'{"id": 7}')
    async with playing(answering("200 OK", body, "Content-Encoding: gzip")) as (http, url):
        assert (await http.send("GET", url)).json_object() == {"id": 7}


async def test_the_deadline_is_for_the_whole_answer_and_not_for_each_byte() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    began = time.monotonic()
    async with playing(drip, deadline=0.4) as (http, url):
        with pytest.raises(OutcomeUnknown):
            await http.send("POST", url, content=b"{}")

    assert 0.3 < time.monotonic() - began < 2


async def test_a_connection_that_closes_without_a_word_leaves_the_outcome_open() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with playing(silent) as (http, url):
        with pytest.raises(OutcomeUnknown):
            await http.send("POST", url, content=b"{}")


async def test_a_broken_handshake_was_sent_nothing() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 This is not TLS\r\n\r\n")

    async with playing(plain) as (http, url):
        with pytest.raises(NotSent):
            await http.send("POST", url.replace("http://", "https://"), content=b"{}")


async def test_a_handshake_that_never_ends_was_sent_nothing() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_000_000)
        await reader.read(1_000_000)

    async with playing(deaf, deadline=0.3) as (http, url):
        with pytest.raises(NotSent):
            await http.send("POST", url.replace("http://", "https://"), content=b"{}")


async def test_no_cookie_is_ever_sent_back() -> None:
    heard: list[bytes] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: who=you\r\nContent-Length: 2\r\n\r\n{}")

    async with playing(play) as (http, url):
        await http.send("GET", url)
        await http.send("GET", url)

    assert len(heard) == 2
    assert b"who=you" not in heard[1]


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe", b"[1, 2]", b'"text"', b"null"])
async def test_an_answer_of_another_shape_is_no_object(body: bytes) -> None:
    async with playing(answering("200 OK", body)) as (http, url):
        answer = await http.send("GET", url)

        with pytest.raises(OutcomeUnknown):
            answer.json_object()


async def test_secrets_are_struck_out_of_what_a_server_says() -> None:
    said = b'{"error": "no user for token hunter2hunter2, sent as Bearer abc.def"}'
    async with playing(answering("401 No", said)) as (http, url):
        answer = await http.send("GET", url, secrets=["hunter2hunter2", ""])

    assert answer.complaint() == "no user for token …, sent as Bearer …"
    assert scrub("Basic dXNlcjp3b3Jk==", []) == "Basic …"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "30"}, timedelta(seconds=30)),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "9" * 30}, timedelta(days=1)),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "\N{ARABIC-INDIC DIGIT THREE}"}, None),
        (
            {
                "date": "Sun, 06 Nov 1994 08:49:37 GMT",
                "retry-after": "Sun, 06 Nov 1994 08:50:37 GMT",
            },
            timedelta(minutes=1),
        ),
        (
            {
                "date": "Sun, 06 Nov 1994 08:49:37 GMT",
                "x-ratelimit-reset": "1994-11-06T08:54:37.000Z",
            },
            timedelta(minutes=5),
        ),
        ({"x-ratelimit-reset": "1994-11-06T08:54:37Z"}, timedelta()),
        ({"x-ratelimit-reset": "nonsense"}, None),
        (
            {"date": "Thu, 01 Jan 2026 00:00:00 GMT", "ratelimit-reset": "1767225900"},
            timedelta(minutes=5),
        ),
        ({"ratelimit-reset": "30"}, timedelta(seconds=30)),
        ({"ratelimit-reset": "30", "retry-after": "7"}, timedelta(seconds=7)),
        ({"ratelimit-reset": "-30"}, None),
        ({"ratelimit-reset": "99999999999999999999"}, timedelta(days=1)),
    ],
)
def test_a_wait_is_read_from_what_the_answer_says(
    headers: dict[str, str], wait: timedelta | None
) -> None:
    assert retry_after(headers) == wait


def test_an_absolute_wait_without_a_date_is_measured_by_our_clock() -> None:
    until = datetime.now(UTC) + timedelta(seconds=90)

    wait = retry_after({"x-ratelimit-reset": until.isoformat()})

    assert wait is not None
    assert timedelta(seconds=85) < wait <= timedelta(seconds=90)
