"""How the other tools send: the quickest clients for their kind of worker, connections kept."""

import asyncio
import http.client
import threading
from collections.abc import Iterable
from urllib.parse import urlsplit

import aiohttp
import httpx

BODY = b"x" * 1_000
#: Deliveries of one message that are under way at once, as in the hub.
AT_ONCE = 16

_kept = threading.local()


def post(url: str) -> None:
    """Send one and wait; each thread keeps its connection."""
    parts = urlsplit(url)
    connection: http.client.HTTPConnection | None = getattr(_kept, "connection", None)
    if connection is None:
        connection = _kept.connection = http.client.HTTPConnection(parts.netloc, timeout=8)
    connection.request("POST", parts.path, BODY)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 204:
        raise RuntimeError(f"The sink answered {answer.status}.")


class Poster:
    """A client on the running loop."""

    def __init__(self) -> None:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=100),
            timeout=aiohttp.ClientTimeout(total=8),
        )

    async def post(self, url: str) -> None:
        """Send one."""
        async with self._client.post(url, data=BODY) as answer:
            if answer.status != 204:
                raise RuntimeError(f"The sink answered {answer.status}.")

    async def post_all(self, urls: Iterable[str]) -> None:
        """Send many, several at once."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one(url: str) -> None:
            async with places:
                await self.post(url)

        await asyncio.gather(*(one(url) for url in urls))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()


class GuardedPoster(Poster):
    """The hub's kind of client: httpx, and a connection for each call."""

    def __init__(self) -> None:
        self._httpx = httpx.AsyncClient(
            timeout=8, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def post(self, url: str) -> None:
        """Send one."""
        answer = await self._httpx.post(url, content=BODY)
        if answer.status_code != 204:
            raise RuntimeError(f"The sink answered {answer.status_code}.")

    async def close(self) -> None:
        """Let go of the connections."""
        await self._httpx.aclose()
