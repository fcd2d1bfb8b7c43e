"""`python -m tests.bench.ways`: what flat rows cost by every way they can leave PostgreSQL.

The last way is what a writer in a compiled language would start from: rows as PostgreSQL copies
them, in binary, with nobody looking inside. All that it may cost more is writing the JSON.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import psutil
from rich.console import Console
from rich.table import Table

from tests.bench.data import BIG
from tests.bench.place import Place, a_place

_CONTENTS = 4_000
_TIMES = 300
_ROUNDS = 3
_ROWS = """
    SELECT id, title, locale, archived, external_reference, version, created_at, updated_at,
        brand_id, campaign_id
    FROM content_items WHERE workspace_id = $1 ORDER BY id DESC LIMIT 500
"""
_SESSION = {"jit": "off", "TimeZone": "UTC", "plan_cache_mode": "force_generic_plan"}

Way = Callable[[], Awaitable[bytes]]


async def _ways(connection: asyncpg.Connection, workspace: UUID) -> Mapping[str, Way]:
    whole = await connection.prepare(f"SELECT coalesce(json_agg(r), '[]') FROM ({_ROWS}) AS r")
    each = await connection.prepare(f"SELECT row_to_json(r) FROM ({_ROWS}) AS r")
    rows = await connection.prepare(_ROWS)

    async def written() -> bytes:
        found: bytes = await whole.fetchval(workspace)
        return found

    async def joined() -> bytes:
        return b"[" + b",".join([row[0] for row in await each.fetch(workspace)]) + b"]"

    async def made() -> bytes:
        return orjson.dumps([dict(row) for row in await rows.fetch(workspace)], default=str)

    async def copied() -> bytes:
        parts: list[bytes] = []

        async def take(part: bytes) -> None:
            parts.append(part)

        await connection.copy_from_query(_ROWS, workspace, output=take, format="binary")
        return b"".join(parts)

    return {
        "one JSON, written by PostgreSQL": written,
        "a JSON for each row, joined": joined,
        "rows by asyncpg, written by orjson": made,
        "rows as copied in binary, unread": copied,
    }


async def _measured(place: Place) -> Mapping[str, tuple[float, float, int]]:
    """Return for each way the processor ms of client and database, and the bytes."""
    admin = await place.connect()
    workspace = await admin.fetchval("SELECT id FROM workspaces WHERE slug = $1", BIG)
    await admin.close()
    url = place.database_url.replace("+asyncpg", "")
    connection = await asyncpg.connect(url, server_settings=_SESSION)
    await connection.execute("SELECT set_config('hub.workspace_id', $1, false)", str(workspace))
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
    )
    backend = psutil.Process(connection.get_server_pid())
    found: dict[str, list[tuple[float, float, int]]] = {}
    ways = await _ways(connection, workspace)
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            size = len(await way())
            before = time.process_time(), _processor(backend)
            for _ in range(_TIMES):
                await way()
            spent = time.process_time() - before[0], _processor(backend) - before[1]
            client, database = (one / _TIMES * 1000 for one in spent)
            found.setdefault(name, []).append((client, database, size))
    await connection.close()
    return {name: _middle(runs) for name, runs in found.items()}


def _processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _middle(runs: list[tuple[float, float, int]]) -> tuple[float, float, int]:
    client, database, sizes = zip(*runs, strict=True)
    return statistics.median(client), statistics.median(database), sizes[0]


def main() -> None:
    """Measure and print."""
    console = Console()
    with (
        console.status("500 rows of 10 columns …"),
        a_place(_CONTENTS, tell=lambda _what: None) as place,
    ):
        found: Mapping[str, Any] = asyncio.run(_measured(place))
    table = Table("500 rows of 10 columns", "client ms", "database ms", "bytes", box=None)
    for name, (client, database, size) in found.items():
        table.add_row(name, f"{client:.2f}", f"{database:.2f}", f"{size:,}")
    console.print(table)


if __name__ == "__main__":
    main()
