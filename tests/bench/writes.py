"""`python -m tests.bench.writes`: what a mutation costs, in CPU of our process and of PostgreSQL.

The operation is contentItemCreate with three variants and an Idempotency-Key, on servers that
write their data to disk. It runs beside a hand-written statement that only inserts the same rows,
in turns, so that a busy machine slows both.
"""

import asyncio
import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import psutil
from rich.console import Console
from sqlalchemy.ext.asyncio import create_async_engine

from hub.content import operations as content
from hub.content.rules import Part, VariantWords, Words
from hub.embedded.servers import EmbeddedServers, embedded_servers
from hub.kernel import log
from hub.kernel.ids import global_id, new_id
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.runtime import open_hub
from hub.strategy import operations as strategy
from schema.app import create_app
from tests.conftest import migrate
from tests.factories import World, a_world
from tests.running import a_folder

TASKS = 8
WARM = 200
CALLS = 800
ROUNDS = 3
BODY = "What we learned this week, told at length. " * 23
PLATFORMS = ("mastodon", "bluesky", "wordpress")

MUTATION = """
mutation Create($input: ContentItemCreateInput!) {
  contentItemCreate(input: $input) {
    contentItem { id title version currentRevision { id variants { id title platform { key } } } }
    errors { code message path }
  }
}
"""

LIMIT = """
WITH item AS (
    INSERT INTO content_items (id, workspace_id, brand_id, campaign_id, title, locale,
        current_revision_id, archived, version)
    VALUES ($1, $2, $3, $4, $5, 'en', $6, false, 1) RETURNING id, title, version
), revision AS (
    INSERT INTO revisions (id, workspace_id, item_id, number, title, summary, parts, link, tags,
        slug, locale, hash)
    VALUES ($6, $2, $1, 1, $5, '', $7, '', '[]', 'a-title', 'en', 'none')
), variant AS (
    INSERT INTO variants (id, workspace_id, revision_id, platform, title, settings)
    SELECT id, $2, $6, platform, title, '{}' FROM unnest($8::uuid[], $9::text[], $10::text[])
        AS given (id, platform, title)
    RETURNING id, platform, title
)
SELECT json_build_object('id', id, 'title', title, 'version', version,
    'variants', (SELECT json_agg(variant) FROM variant))::text FROM item
"""

Call = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Milliseconds per call: CPU of this process, CPU of PostgreSQL, and on the clock."""

    server: float
    database: float
    wall: float

    @property
    def cpu(self) -> float:
        """Both together."""
        return self.server + self.database


async def cost(call: Call, *, calls: int, postmaster: int) -> Cost:
    """Return what a call costs on average, eight at a time."""
    left = calls

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    database, server, wall = database_seconds(postmaster), time.process_time(), time.monotonic()
    await asyncio.gather(*(work() for _ in range(TASKS)))
    ended = (time.process_time(), database_seconds(postmaster), time.monotonic())
    return Cost(
        server=(ended[0] - server) * 1000 / calls,
        database=(ended[1] - database) * 1000 / calls,
        wall=(ended[2] - wall) * 1000 / calls,
    )


def database_seconds(postmaster: int) -> float:
    """Return the CPU seconds of every process of PostgreSQL so far."""
    top = psutil.Process(postmaster)
    total = 0.0
    for process in (top, *top.children()):
        # Helpers come and go; what they did is their parent's when they have ended.
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
            if process == top:
                total += times.children_user + times.children_system
    return total


async def limit(servers: EmbeddedServers, world: World, campaign_id: UUID) -> Call:
    """Return the hand-written statement on a pool of its own; needs no key, event or check."""
    pool = await asyncpg.create_pool(
        servers.database_url.replace("+asyncpg", ""),
        min_size=TASKS,
        max_size=TASKS,
        server_settings={"hub.workspace_id": str(world.workspace_id)},
    )
    parts = orjson.dumps([{"text": BODY, "media": []}]).decode()

    async def call() -> None:
        async with pool.acquire() as connection:
            await connection.fetchval(
                LIMIT,
                new_id(),
                world.workspace_id,
                world.brand_id,
                campaign_id,
                "A title",
                new_id(),
                parts,
                [new_id() for _ in PLATFORMS],
                list(PLATFORMS),
                [f"For {platform}" for platform in PLATFORMS],
            )

    return call


def operation(hub: Hub, world: World, campaign_id: UUID) -> Call:
    """Return the operation alone, without a key and without an answer."""
    words = Words(title="A title", parts=(Part(text=BODY),))
    variants = [
        VariantWords(words=Words(title=f"For {platform}"), platform=platform, settings={})
        for platform in PLATFORMS
    ]

    async def call() -> None:
        async with hub.unit_of_work(world.editor) as work:
            await content.create_item(
                work,
                brand_id=world.brand_id,
                campaign_id=campaign_id,
                words=words,
                locale="en",
                variants=variants,
            )

    return call


def door(app: Any, world: World, campaign_id: UUID, token: str) -> Call:
    """Return the mutation as a request to the application, each with a key of its own."""
    given = {
        "brandId": global_id("Brand", world.brand_id),
        "campaignId": global_id("Campaign", campaign_id),
        "title": "A title",
        "parts": [{"text": BODY}],
        "locale": "en",
        "variants": [{"platform": platform, "title": f"For {platform}"} for platform in PLATFORMS],
    }
    body = orjson.dumps({"query": MUTATION, "variables": {"input": given}})

    async def call() -> None:
        answer = orjson.loads(await asked(app, body, token=token, key=new_id().hex))
        if answer.get("errors") or answer["data"]["contentItemCreate"]["errors"]:
            raise AssertionError(answer)

    return call


async def asked(app: Any, body: bytes, *, token: str, key: str) -> bytes:
    """Return what the application answers to one POST, without a network in between."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
        "headers": [
            (b"host", b"hub"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"authorization", f"Bearer {token}".encode()),
            (b"idempotency-key", key.encode()),
        ],
        "state": {},
    }
    told: list[bytes] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            told.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(told)


async def _migrated(servers: EmbeddedServers) -> None:
    engine = create_async_engine(servers.migrate_url)
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


async def measure(*, profile: str | None) -> dict[str, list[Cost]]:
    """Run the three in turns; profile one of them instead when it is named."""
    with a_folder() as folder:
        async with embedded_servers(folder, keep=False) as servers:
            await _migrated(servers)
            settings = Settings(
                database_url=servers.database_url,
                redis_url=servers.redis_url,
                secret_key="only-for-benches-" + "x" * 32,
                data_dir=folder / "hub",
                environment="production",
                database_pool=TASKS,
                password_memory_kib=32,
                password_passes=1,
            )
            app = create_app(settings)
            async with app.router.lifespan_context(app), open_hub(settings) as hub:
                return await _in_turns(servers, hub, app, profile=profile)


async def _in_turns(
    servers: EmbeddedServers, hub: Hub, app: Any, *, profile: str | None
) -> dict[str, list[Cost]]:
    world = await a_world(hub)
    async with hub.unit_of_work(world.manager) as work:
        campaign = await strategy.create_campaign(work, brand_id=world.brand_id, name="Spring")
    token = next(token for role, token in world.tokens.items() if role.value == "EDITOR")
    calls = {
        "limit": await limit(servers, world, campaign.id),
        "operation": operation(hub, world, campaign.id),
        "door": door(app, world, campaign.id, token),
    }
    postmaster = servers.postgres.pid
    assert postmaster is not None
    for call in calls.values():
        await cost(call, calls=WARM, postmaster=postmaster)
    await _settled(servers)
    if profile is not None:
        profiler = cProfile.Profile()
        profiler.enable()
        await cost(calls[profile], calls=CALLS, postmaster=postmaster)
        profiler.disable()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
        return {}
    figures: dict[str, list[Cost]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            figures[name].append(await cost(call, calls=CALLS, postmaster=postmaster))
            await _settled(servers)
    return figures


async def _settled(servers: EmbeddedServers) -> None:
    """Let no measurement pay for another's vacuum, or for plans made when tables were empty."""
    owner = await asyncpg.connect(servers.migrate_url.replace("+asyncpg", ""))
    await owner.execute("VACUUM ANALYZE")
    await owner.close()


def main() -> int:
    """Print the medians."""
    log.configure(level="error")
    profile = sys.argv[1] if len(sys.argv) > 1 else None
    console = Console()
    for name, costs in asyncio.run(measure(profile=profile)).items():
        middle = {
            part: statistics.median(getattr(one, part) for one in costs)
            for part in ("server", "database", "cpu", "wall")
        }
        parts = "   ".join(f"{part} {value:.2f} ms" for part, value in middle.items())
        console.print(f"{name:10} {parts}", highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
