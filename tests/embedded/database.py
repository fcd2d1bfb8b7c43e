"""Talking to the servers as their users do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from hub.embedded.servers import (
    EmbeddedServers,
)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def remember(url: str, word: str) -> None:
    async with connected(url) as owner:
        await owner.execute("CREATE TABLE IF NOT EXISTS words (word text PRIMARY KEY)")
        await owner.execute("INSERT INTO words VALUES ($1)", word)


async def remembered(url: str) -> list[str]:
    async with connected(url) as owner:
        return [row["word"] for row in await owner.fetch("SELECT word FROM words ORDER BY word")]


async def until_works(servers: EmbeddedServers) -> bool:
    for pause in [0.02] * 500:
        try:
            async with Redis.from_url(servers.redis_url) as redis, connected(servers.database_url):
                return bool(await redis.ping())
        except (OSError, RedisConnectionError, asyncpg.PostgresError):
            await asyncio.sleep(pause)
    pytest.fail("the servers did not come back in time")


def addresses(servers: EmbeddedServers) -> tuple[str, ...]:
    return servers.admin_url, servers.migrate_url, servers.database_url, servers.redis_url
