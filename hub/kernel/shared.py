"""A small shelf of texts that all processes share, in Redis: it may forget everything."""

import time
from collections.abc import Awaitable
from typing import cast

import redis.asyncio
from redis.exceptions import RedisError

from hub.kernel.log import logger

_log = logger(__name__)

#: How long a request waits for Redis, in seconds.
_SECONDS = 0.5
#: How long nobody asks again after it did not answer.
_PAUSE_SECONDS = 5.0

# A text and when it was used last; whatever is too much goes, the longest unused first.
_PUT = """
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now[1], ARGV[1])
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[3])
if over > 0 then
    for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, over - 1)) do
        redis.call('HDEL', KEYS[1], name)
        redis.call('ZREM', KEYS[2], name)
    end
end
"""
_GET = """
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text then
    redis.call('ZADD', KEYS[2], 'XX', redis.call('TIME')[1], ARGV[1])
end
return text
"""


class Shelf:
    """At most so many texts by their names. A Redis that does not answer is an empty shelf."""

    def __init__(self, url: str, *, name: str, most: int) -> None:
        self._client = redis.asyncio.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            retry=None,
        )
        self._keys = (f"hub:{name}", f"hub:{name}:used")
        self._most = most
        self._down_until = 0.0

    async def get(self, name: str) -> str | None:
        """Return a text, if it is there."""
        found = await self._run(_GET, name)
        return found if isinstance(found, str) else None

    async def put(self, name: str, text: str) -> None:
        """Keep a text for all processes."""
        await self._run(_PUT, name, text, str(self._most))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def _run(self, script: str, *arguments: str) -> object:
        if time.monotonic() < self._down_until:
            return None
        try:
            running = self._client.eval(script, len(self._keys), *self._keys, *arguments)
            return await cast("Awaitable[object]", running)
        except (RedisError, OSError, TimeoutError) as error:
            self._down_until = time.monotonic() + _PAUSE_SECONDS
            _log.warning("nothing can be shared between processes", error=str(error))
            return None
