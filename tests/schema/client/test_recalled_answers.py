"""A request that came before is answered unread, and only what its door would say."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import text

from hub.kernel.settings import Settings
from schema.freshness import LOOK_SECONDS
from tests.factories import World, a_world
from tests.schema.client.api import Api, Desk
from tests.schema.client.serving import served
from tests.schema.client.test_kept_answers import LISTED, a_page, out, withdraw

CHANGING = re.compile(rb"(date|x-request-id): [^\r]*\r\n")
RECALLED = re.compile(r'^hub_graphql_operations_total\{how="recalled"\} (\d+)', re.MULTILINE)


@dataclass
class Line:
    """One connection to the server, and bytes on it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, *pieces: bytes) -> bytes:
        """Send pieces, each by itself, and return one whole answer."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            if piece is not pieces[-1]:
                await asyncio.sleep(0.02)
        return await self.answer()

    async def answer(self) -> bytes:
        """Return the next whole answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        return head + await self.reader.readexactly(int(length[1]) if length else 0)


@dataclass
class Site:
    """A web page's token, and the server it asks."""

    url: str
    page: Api
    desk: Desk

    def request(self, query: str = LISTED, *, more: str = "", version: str = "1.1") -> bytes:
        """Return the bytes of a request."""
        body = b'{"query":"' + query.encode() + b'"}'
        head = (
            f"POST /graphql HTTP/{version}\r\nhost: hub\r\n"
            f"authorization: {self.page.headers['authorization']}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n{more}\r\n"
        )
        return head.encode() + body

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """Open a connection."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            yield Line(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def recalled(self) -> int:
        """Return how many answers were given unread so far."""
        async with httpx.AsyncClient(trust_env=False) as client:
            found = RECALLED.search((await client.get(f"{self.url}/metrics")).text)
        assert found is not None
        return int(found[1])


@pytest.fixture
async def site(
    settings: Settings, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    # How many answers are recalled shall not depend on how fast the machine is.
    monkeypatch.setattr("schema.freshness.LOOK_SECONDS", 60.0)
    async with served(settings) as url:
        yield Site(url, await a_page(desk), desk)


async def known(line: Line, request: bytes) -> bytes:
    """Ask until the workspace has been looked at and the request is learnt."""
    await line.ask(request)
    return await line.ask(request)


async def test_the_same_bytes_get_the_same_answer_unread(site: Site) -> None:
    await out(site.desk, "Hello")
    async with site.line() as line, site.line() as other:
        read = await line.ask(site.request())
        unread = [await line.ask(site.request()), await other.ask(site.request())]

    assert b'"totalCount":1' in read
    for one in unread:
        assert CHANGING.sub(b"", one) == CHANGING.sub(b"", read)
    ids = {re.search(rb"x-request-id: ([^\r]+)", one)[1] for one in (read, *unread)}  # type: ignore[index]  # every answer has one
    assert len(ids) == 3
    assert await site.recalled() == 2


async def test_what_differs_by_one_byte_is_read(site: Site) -> None:
    async with site.line() as line:
        await known(line, site.request())
        before = await site.recalled()
        await line.ask(site.request("{publishedContents{totalCount}}"))
        await line.ask(site.request(more="x-other: 1\r\n"))
        await line.ask(site.request("{publishedContents{totalCount} }"))

    assert await site.recalled() == before


async def test_a_change_is_seen_as_soon_as_without_memory(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.freshness.LOOK_SECONDS", LOOK_SECONDS)
    row = await out(site.desk, "Hello")
    async with site.line() as line:
        assert b'"totalCount":1' in await known(line, site.request())
        await withdraw(site.desk.world, row)
        committed = asyncio.get_running_loop().time()
        while b'"totalCount":1' in await line.ask(site.request()):
            assert asyncio.get_running_loop().time() - committed < 2
            await asyncio.sleep(0.01)

        assert b'"totalCount":0' in await line.ask(site.request())


async def test_a_revoked_token_is_refused(
    settings: Settings, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.authentication.KNOWN_SECONDS", 0.3)
    async with served(settings) as url:
        await _revoke_and_ask(Site(url, await a_page(desk), desk))


async def _revoke_and_ask(site: Site) -> None:
    async with site.line() as line:
        await known(line, site.request())
        async with site.desk.world.hub.unscoped() as session:
            await session.execute(text("UPDATE tokens SET revoked_at = clock_timestamp()"))
        asked = asyncio.get_running_loop().time()
        while (await line.ask(site.request())).startswith(b"HTTP/1.1 200"):
            assert asyncio.get_running_loop().time() - asked < 6
            await asyncio.sleep(0.05)

        assert (await line.ask(site.request())).startswith(b"HTTP/1.1 401")


async def test_another_workspace_with_the_same_question_gets_its_own_answer(
    site: Site, world: World
) -> None:
    await out(site.desk, "Hello")
    elsewhere = await a_world(world.hub, slug="elsewhere")
    theirs = Site(site.url, await a_page(Desk(world=elsewhere, api=site.desk.api)), site.desk)
    async with site.line() as line:
        ours = await known(line, site.request())
        other = await known(line, theirs.request())

    assert b'"totalCount":1' in ours
    assert b'"totalCount":0' in other


async def test_members_are_always_read(site: Site) -> None:
    member = Site(site.url, site.desk.editor, site.desk)
    async with site.line() as line:
        for _ in range(3):
            assert b'"totalCount":0' in await line.ask(member.request())

    assert await site.recalled() == 0


async def test_a_request_in_two_pieces_is_read(site: Site) -> None:
    whole = site.request()
    head, body = whole[:-20], whole[-20:]
    async with site.line() as line:
        await line.ask(head, body)
        assert b'"totalCount":0' in await line.ask(head, body)
        assert await site.recalled() == 0
        await line.ask(whole)
        assert b'"totalCount":0' in await line.ask(head, body)
        assert await site.recalled() == 0
        assert b'"totalCount":0' in await line.ask(whole)

    assert await site.recalled() == 1


async def test_two_requests_in_one_piece_get_two_answers_in_order(site: Site) -> None:
    await out(site.desk, "Hello")
    counted = site.request("{publishedContents{totalCount}}")
    async with site.line() as line:
        await known(line, site.request())
        await known(line, counted)
        first, second = await line.ask(site.request() + counted), await line.answer()
        await line.ask(site.request() + counted)
        await line.answer()

    assert b'"title":"Hello"' in first
    assert b'"title"' not in second


async def test_bytes_of_a_body_are_never_taken_for_a_request(site: Site) -> None:
    remembered = site.request()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: hub\r\ncontent-type: application/json\r\n"
        f"content-length: {len(remembered)}\r\n\r\n"
    )
    async with site.line() as line:
        await known(line, remembered)
        before = await site.recalled()
        refused = await line.ask(head.encode(), remembered)

        assert refused.startswith(b"HTTP/1.1 4")
        assert await site.recalled() == before
        assert (await line.ask(remembered)).startswith(b"HTTP/1.1 200")


async def test_a_client_that_names_its_request_gets_its_name_back(site: Site) -> None:
    named = site.request(more="x-request-id: mine-1\r\n")
    async with site.line() as line:
        answers = [await line.ask(named), await line.ask(named), await line.ask(site.request())]

    assert [one.count(b"x-request-id: mine-1\r\n") for one in answers] == [1, 1, 0]
    assert await site.recalled() == 1


@pytest.mark.parametrize(("version", "more"), [("1.0", ""), ("1.1", "connection: close\r\n")])
async def test_a_connection_that_shall_be_closed_is_closed(
    site: Site, version: str, more: str
) -> None:
    for _ in range(3):
        async with site.line() as line:
            answer = await line.ask(site.request(version=version, more=more))
            assert answer.startswith(b"HTTP/1.1 200")
            assert await line.reader.read() == b""

    assert await site.recalled() == 0


async def test_a_client_that_has_the_answer_hears_so_again_and_again(site: Site) -> None:
    asked = (
        "GET /graphql?query=%7BpublishedContents%7BtotalCount%7D%7D HTTP/1.1\r\nhost: hub\r\n"
        f"authorization: {site.page.headers['authorization']}\r\n"
    )
    async with site.line() as line:
        first = await line.ask(f"{asked}\r\n".encode())
        tag = re.search(rb'etag: ("[^"]+")', first)
        assert tag is not None
        again = f"{asked}if-none-match: {tag[1].decode()}\r\n\r\n".encode()
        answers = [await line.ask(again) for _ in range(3)]

    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 304 Not Modified\r\n")
        assert answer.endswith(b"\r\n\r\n")
        assert tag[1] in answer
    assert await site.recalled() == 2
