"""Nothing but the public internet may be called, however the address is written."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain, cycle

import httpcore
import pytest

from workers.connectors.addresses import AddressRefused, GuardedBackend, is_public
from workers.connectors.errors import NotSent, PlatformError, Rejected
from workers.connectors.http import open_http

CLOSED = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.255.255.254
    169.254.169.254 169.254.0.1 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.1
    192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9
    224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1
    64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
    2002:7f00:1::1 2002:a00:1::1 3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254
    fe80::1 fe80::1%lo fec0::1 ff02::1 ff0e::1 2606:4700::1%eth0
"""
OPEN = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1
    169.253.255.255 172.15.255.255 172.32.0.1 192.0.1.1 192.167.255.255 198.17.255.255 198.20.0.1
    223.255.255.255 2001:200::1 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450::1
"""
FULLWIDTH = "\uff11\uff12\uff17.0.0.1"
CIRCLED = "\u2460\u2461\u2466.0.0.1"
IDEOGRAPHIC_STOPS = "127\u30020\u30020\u30021"
WRITINGS = f"""
    127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0x7F.0.0.1 0177.0.0.1 017700000001
    127.0.0.1. 0 0.0.0.0 127.000.000.001 [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1]
    [0:0:0:0:0:0:0:1] localhost LOCALHOST localhost. user@127.0.0.1 example.org@127.0.0.1
    user:word@localhost {FULLWIDTH} {CIRCLED} {IDEOGRAPHIC_STOPS}
"""
WRITINGS_OF_LOOPBACK = WRITINGS.split()
CONFUSED = (
    "http://127.0.0.1#@example.org/",
    "https://127.0.0.1\\@example.org/",
    "https://example.org\\@127.0.0.1/",
    "https://127.0.0.1\t/",
    "https://127.0.0.1\r\nHost: example.org/",
    "https:///127.0.0.1/",
    "https:127.0.0.1/",
    "//127.0.0.1/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "ftp://127.0.0.1/",
    "javascript:alert(1)",
    "https://",
    "",
    "https://[::1",
    "https://127.0.0.1:99999/",
    "https://%31%32%37.0.0.1/",
)


@pytest.mark.parametrize("address", CLOSED.split())
def test_an_address_off_the_public_internet_is_closed(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OPEN.split())
def test_an_address_on_the_public_internet_is_open(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("nonsense", ["", "localhost", "127.1", "1.1.1.1/32", "example.org"])
def test_what_is_no_address_is_closed(nonsense: str) -> None:
    assert not is_public(nonsense)


class Canary:
    """Counts who comes."""

    def __init__(self) -> None:
        self.port = 0
        self.visits = 0

    async def greet(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def a_canary() -> AsyncIterator[Canary]:
    canary = Canary()
    server = await asyncio.start_server(canary.greet, "127.0.0.1", 0)
    canary.port = server.sockets[0].getsockname()[1]
    six = await asyncio.start_server(canary.greet, "::1", canary.port)
    async with server, six:
        yield canary


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("written", WRITINGS_OF_LOOPBACK)
async def test_no_way_of_writing_loopback_reaches_it(written: str, scheme: str) -> None:
    async with a_canary() as canary, open_http(deadline=2) as http:
        for port in (f":{canary.port}", "", ":443"):
            with pytest.raises(PlatformError) as refused:
                await http.send("GET", f"{scheme}://{written}{port}/")
            assert isinstance(refused.value, (Rejected, NotSent))

    assert canary.visits == 0


@pytest.mark.parametrize("written", WRITINGS_OF_LOOPBACK)
async def test_the_guard_itself_connects_to_no_writing_of_loopback(written: str) -> None:
    # Past the checks of the URL, with a name of the same port allowed: only the guard is left.
    async with a_canary() as canary:
        backend = GuardedBackend(allow=[f"example.org:{canary.port}"])
        with pytest.raises((AddressRefused, httpcore.ConnectError)):
            await backend.connect_tcp(written.rpartition("@")[2].strip("[]"), canary.port)

    assert canary.visits == 0


@pytest.mark.parametrize("url", CONFUSED)
async def test_a_confused_address_goes_nowhere(url: str) -> None:
    async with a_canary() as canary, open_http(deadline=2) as http:
        with pytest.raises((Rejected, NotSent)):
            await http.send("GET", url)

    assert canary.visits == 0


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["::1"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["2606:4700::1", "fe80::1"],
        ["10.0.0.1", "1.1.1.1"],
        ["169.254.169.254"],
    ],
)
async def test_one_private_answer_among_public_ones_closes_the_name(answers: list[str]) -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return answers

    async with open_http(resolver=resolver, deadline=2) as http:
        with pytest.raises(Rejected) as refused:
            await http.send("GET", "https://example.org/")
        with pytest.raises(Rejected):
            await http.admit("https://example.org/")

    assert refused.value.code == "ADDRESS_REFUSED"


async def test_a_name_that_changes_its_mind_is_asked_once_per_connection() -> None:
    # Public when it is checked, loopback when it is used: the checked address is the one used.
    asked: list[str] = []
    answers = chain([["192.0.2.1"]], cycle([["127.0.0.1"]]))

    async def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    async with a_canary() as canary, open_http(resolver=resolver, deadline=0.3) as http:
        for _ in range(3):
            with pytest.raises((Rejected, NotSent)):
                await http.send("GET", "https://rebinding.example/")

    assert asked == ["rebinding.example"] * 3
    assert canary.visits == 0


async def test_an_allowed_address_keeps_the_name_in_its_host_header() -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, open_http(allow=[f"hub.test:{port}"], resolver=resolver) as http:
        answer = await http.send("GET", f"http://hub.test:{port}/where")

    assert answer.status == 200
    assert heard[0].startswith(b"GET /where HTTP/1.1\r\n")
    assert f"Host: hub.test:{port}\r\n".encode() in heard[0]


async def test_the_second_address_is_tried_when_the_first_is_dead(unused: str) -> None:
    async with a_canary() as canary:

        async def resolver(host: str, port: int) -> Sequence[str]:
            return ["127.0.0.2", "127.0.0.1"]

        async with open_http(allow=[f"hub.test:{canary.port}"], resolver=resolver) as http:
            answer = await http.send("GET", f"http://hub.test:{canary.port}/")

    assert answer.body == b"{}"
    assert canary.visits == 1


async def test_a_proxy_in_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_canary() as proxy, a_canary() as canary:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

        async with open_http(allow=[f"127.0.0.1:{canary.port}"]) as http:
            await http.send("GET", f"http://127.0.0.1:{canary.port}/")

    assert (proxy.visits, canary.visits) == (0, 1)


async def test_a_name_without_an_answer_was_sent_nothing() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    async with open_http(resolver=resolver) as http:
        with pytest.raises(NotSent):
            await http.send("GET", "https://nowhere.example/")
        with pytest.raises(NotSent):
            await http.admit("https://nowhere.example/")


@pytest.mark.parametrize("url", ["http://example.org/", "https://example.org:8443/"])
async def test_only_https_on_its_own_port_is_called(url: str) -> None:
    async with open_http() as http:
        with pytest.raises(Rejected) as refused:
            await http.send("GET", url)

    assert refused.value.code == "ADDRESS_REFUSED"


async def test_an_ipv6_neighbour_may_be_allowed() -> None:
    async with a_canary() as canary, open_http(allow=[f"[::1]:{canary.port}"]) as http:
        answer = await http.send("GET", f"http://[::1]:{canary.port}/")

    assert answer.status == 200
    assert canary.visits == 1
