"""The limit: what a server written by hand for these very queries could do, and nothing else.

A raw ASGI application under the hub's own server: one prepared statement per query that lets the
database write the whole answer, no token, no permission, no policy, no cost, no events. It gives
the same JSON as the hub, but for the signature in a cursor.
"""

import argparse
import asyncio
import base64
import binascii
import gc
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn

from hub.kernel.ids import new_id
from tests.bench.limit_sql import INSERT, READ_BACK, STATEMENTS

Connection = asyncpg.Connection
Answer = Callable[[Connection, Mapping[str, Any]], Awaitable[bytes]]

_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json")],
}


#: A plan is made once and kept: planning these anew takes longer than running them.
_SESSION = {"jit": "off", "TimeZone": "UTC", "plan_cache_mode": "force_generic_plan"}


class Limit:
    """The application; its connections are handed from request to request as they are."""

    def __init__(self, *, url: str, workspace: UUID, pool: int) -> None:
        self._url = url
        self._workspace = workspace
        self._size = pool
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        self._answers: Mapping[str, Answer] = {
            "Q1": self._one,
            "Q2": self._many,
            "Q3": self._flat,
            "Q4": self._page,
            "M1": self._create,
        }

    async def open(self) -> None:
        """Open every connection."""
        for _ in range(self._size):
            connection = await asyncpg.connect(self._url, server_settings=_SESSION)
            # The bytes of the answer as PostgreSQL sends them, without a detour over text.
            await connection.set_type_codec(
                "json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
            )
            self._free.put_nowait(connection)

    async def close(self) -> None:
        """Close them again."""
        while not self._free.empty():
            await self._free.get_nowait().close()

    async def __call__(
        self,
        scope: Mapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        """Answer one request, or start and stop."""
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        asked = orjson.loads(body)
        connection = await self._free.get()
        try:
            data = await self._answers[asked["operationName"]](connection, asked["variables"])
        finally:
            self._free.put_nowait(connection)
        await send(_START)
        await send({"type": "http.response.body", "body": data})
        return None

    async def _live(
        self, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        await receive()
        await self.open()
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 1_000)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _one(self, connection: Connection, given: Mapping[str, Any]) -> bytes:
        found: bytes | None = await connection.fetchval(
            STATEMENTS["Q1"], self._workspace, row_of(given["id"])
        )
        return b'{"data":{"node":' + (found or b"null") + b"}}"

    async def _many(self, connection: Connection, given: Mapping[str, Any]) -> bytes:
        found: bytes = await connection.fetchval(
            STATEMENTS["Q2"], self._workspace, given["locales"]
        )
        return b'{"data":{"contentItems":{"nodes":' + found + b"}}}"

    async def _flat(self, connection: Connection, given: Mapping[str, Any]) -> bytes:
        found: bytes = await connection.fetchval(STATEMENTS["Q3"], self._workspace, given["first"])
        return b'{"data":{"contentItems":{"nodes":' + found + b"}}}"

    async def _page(self, connection: Connection, given: Mapping[str, Any]) -> bytes:
        after = place_of(given["after"])
        found = await connection.fetchrow(STATEMENTS["Q4"], self._workspace, UUID(after))
        assert found is not None
        return (
            b'{"data":{"contentItems":{"nodes":%b,"pageInfo":{"hasNextPage":%b,"endCursor":"%b"}}}}'
            % (
                found["nodes"],
                b"true" if found["more"] else b"false",
                _cursor(found["last"]),
            )
        )

    async def _create(self, connection: Connection, given: Mapping[str, Any]) -> bytes:
        words = given["input"]
        item, revision = new_id(), new_id()
        variants = words["variants"]
        async with connection.transaction():
            await connection.execute(
                INSERT,
                self._workspace,
                item,
                revision,
                row_of(words["brandId"]),
                row_of(words["campaignId"]),
                words["title"],
                words["locale"],
                orjson.dumps(words["parts"]).decode(),
                words["slug"],
                orjson.dumps(words["tags"]).decode(),
                [new_id() for _ in variants],
                [variant["platform"] for variant in variants],
                [variant["title"] for variant in variants],
                [orjson.dumps(variant["parts"]).decode() for variant in variants],
            )
        found: bytes = await connection.fetchval(READ_BACK, self._workspace, item)
        return b'{"data":{"contentItemCreate":{"errors":[],"contentItem":' + found + b"}}}"


def row_of(global_id: str) -> UUID:
    """Return the row's id in a global id."""
    raw = base64.urlsafe_b64decode(global_id + "=" * (-len(global_id) % 4))
    return UUID(raw[-36:].decode())


def place_of(cursor: str) -> str:
    """Return the id a cursor of a list by id stands for; its signature is not looked at."""
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return str(orjson.loads(raw[9:])[-1])


def _cursor(last: UUID) -> bytes:
    place = b'\0\0\0\0\0\0\0\0\0[null,"%b"]' % str(last).encode()
    return binascii.b2a_base64(place, newline=False).rstrip(b"=")


def main() -> None:
    """Serve on the port given; HUB_BENCH_URL and HUB_BENCH_WORKSPACE say what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pool", type=int, required=True)
    asked = parser.parse_args()
    application = Limit(
        url=os.environ["HUB_BENCH_URL"],
        workspace=UUID(os.environ["HUB_BENCH_WORKSPACE"]),
        pool=asked.pool,
    )
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=asked.port,
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()
