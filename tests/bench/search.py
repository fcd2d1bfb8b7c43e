"""`make bench-search`: searches over many workspaces, timed inside the database."""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from alembic import command
from alembic.config import Config
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import schema.schema  # noqa: F401 - every type and its table must be known
from hub.embedded.servers import scratch_servers
from hub.kernel.ids import new_id
from hub.kernel.shapes import Leaf, Pick, Question, Window
from hub.kernel.statements import compiled
from schema.base.fields import SOURCES
from schema.base.filters import Filtering, Terms
from schema.content.queries import ContentItemFilter
from tests.conftest import ROOT

BAR_MS = 2.0
WORDS_PER_TEXT = 140
VOCABULARY = 20_000
TEXTS = 2_000
TURNS = 25
INDEX = "ix_search_documents_words"
#: What is searched, by how many of a workspace's contents have it.
ASKED = {
    "a word of one in 3,000": "rarissime",
    "a word of one in 100": "inhabituel",
    "a word of one in 10": "courant",
    "a word of one in 5": "fréquent",
    "a word of every second": "moitié",
    "a word of every content": "partout",
    "a word of half, but no new ones": "jadis",
    "a common and a rare word": "courant rarissime",
    "a common word, another not": "courant -inhabituel",
    "the beginning of a rare word": "rariss",
    "a phrase, rarely there": '"ouverture rarissime"',
}
_SYLLABLES = (
    *("ba", "ce", "di", "fo", "gu", "la", "mer", "ni", "pon", "ra"),
    *("sel", "tu", "vi", "zo", "chan", "dre", "lis", "mont", "eau", "té"),
)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One search: how many were found on its page, and medians inside the database.

    `filtered_ms` is the same search beside another filter, which all contents pass.
    """

    name: str
    found: int
    execution_ms: float
    planning_ms: float
    filtered_ms: float


async def fill(owner: asyncpg.Connection, *, workspaces: int, each: int) -> list[UUID]:
    """Write contents with bodies of about a kilobyte, the workspaces in turn; return the ids."""
    chance = random.Random(7)
    texts = _texts(chance)
    places = [(new_id(), new_id()) for _ in range(workspaces)]
    await owner.executemany(
        "INSERT INTO workspaces (id, slug, name, version) VALUES ($1, $2, $2, 1)",
        [(workspace, f"w{number}") for number, (workspace, _) in enumerate(places)],
    )
    await owner.executemany(
        "INSERT INTO brands (id, workspace_id, slug, name, description, locales, version) "
        "VALUES ($2, $1, 'b', 'B', '', '[\"fr\"]', 1)",
        places,
    )
    # One index of many rows is made far quicker than row by row.
    index = await owner.fetchval(f"SELECT pg_get_indexdef('{INDEX}'::regclass)")
    await owner.execute(f"DROP INDEX {INDEX}")
    for start in range(0, each, 500):
        items, revisions = [], []
        for number in range(start, min(start + 500, each)):
            for workspace, brand in places:
                item, revision = new_id(), new_id()
                body = f"{chance.choice(texts)} {' '.join(_marks(number, each))}"
                parts = json.dumps([{"text": body, "media": []}])
                items.append((item, workspace, brand, f"Contenu {number}", "fr", revision))
                revisions.append((revision, workspace, item, parts))
        await _write(owner, items, revisions)
    await owner.execute(index)
    await owner.execute(f"ALTER INDEX {INDEX} ALTER COLUMN 1 SET STATISTICS 0")
    await owner.execute("VACUUM ANALYZE content_items, search_documents")
    return [workspace for workspace, _ in places]


async def measure(
    app: asyncpg.Connection, workspace: UUID, *, turns: int = TURNS, asked: Mapping[str, str]
) -> list[Timing]:
    """Time the statement of the API: the newest 50 with the words, as the application's role."""
    await app.execute("SELECT set_config('hub.workspace_id', $1, false)", str(workspace))
    timings = []
    for name, words in asked.items():
        sql, arguments = statement(workspace, words)
        answer = (await app.fetch(sql, *arguments))[0]
        plans = [await _analyzed(app, sql, arguments) for _ in range(turns)]
        filtered = statement(workspace, words, archived=False)
        others = [await _analyzed(app, *filtered) for _ in range(turns)]
        timings.append(
            Timing(
                name=name,
                found=len(json.loads(answer["rows"])),
                execution_ms=statistics.median(plan["Execution Time"] for plan in plans),
                planning_ms=statistics.median(plan["Planning Time"] for plan in plans),
                filtered_ms=statistics.median(plan["Execution Time"] for plan in others),
            )
        )
    return timings


def statement(workspace: UUID, words: str, **more: Any) -> tuple[str, Sequence[Any]]:
    """Return the statement of a page of contents that have the words, and its values."""
    origin = SOURCES["ContentItem"].origin
    terms = Terms()
    given = ContentItemFilter(search=words, **more)
    question = Question(
        origin=origin,
        pick=Pick(
            origin=origin,
            entries=tuple(
                Leaf(label=fact, fact=fact) for fact in ("id", "locale", "title", "updated_at")
            ),
        ),
        window=Window(order=("-id",), limit=50),
        where=Filtering(origin, terms).condition([given]),
    )
    made = compiled(question)
    values = {**made.constants, **terms.values, "workspace": workspace}
    return made.sql, [values[name] for name in made.names]


async def _analyzed(app: asyncpg.Connection, sql: str, arguments: Sequence[Any]) -> Any:
    plan = await app.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
    return json.loads(plan)[0]


async def _write(owner: asyncpg.Connection, items: Sequence[Any], revisions: Sequence[Any]) -> None:
    async with owner.transaction():
        await owner.executemany(
            "INSERT INTO content_items (id, workspace_id, brand_id, title, locale, "
            "current_revision_id, archived, version) VALUES ($1, $2, $3, $4, $5, $6, false, 1)",
            items,
        )
        await owner.executemany(
            "INSERT INTO revisions (id, workspace_id, item_id, number, title, summary, parts, "
            "link, tags, slug, locale, hash) "
            "VALUES ($1, $2, $3, 1, '', '', $4, '', '[]', '', 'fr', '')",
            revisions,
        )


def _texts(chance: random.Random) -> list[str]:
    """Make texts whose words are as uneven as those of a language."""
    words = ["".join(chance.choices(_SYLLABLES, k=2 + n % 3)) for n in range(VOCABULARY)]
    weights = [1 / (rank + 1) for rank in range(VOCABULARY)]
    return [" ".join(chance.choices(words, weights, k=WORDS_PER_TEXT)) for _ in range(TEXTS)]


def _marks(number: int, each: int) -> Iterator[str]:
    yield "partout"
    if number < each // 2:
        yield "jadis"
    if number % 2 == 0:
        yield "moitié"
    if number % 5 == 0:
        yield "fréquent"
    if number % 10 == 0:
        yield "courant"
    if number % 100 == 0:
        yield "inhabituel"
    if number % 3000 == 0:
        yield "ouverture rarissime"


async def _run(*, workspaces: int, each: int, console: Console) -> list[Timing]:
    async with scratch_servers() as servers:
        engine = create_async_engine(servers.migrate_url, poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
        await engine.dispose()
        owner = await asyncpg.connect(servers.migrate_url.replace("+asyncpg", ""))
        app = await asyncpg.connect(
            servers.database_url.replace("+asyncpg", ""), server_settings={"jit": "off"}
        )
        try:
            began = time.perf_counter()
            with console.status(f"Writing {workspaces * each:,} contents …"):
                places = await fill(owner, workspaces=workspaces, each=each)
            console.print(f"Written in {time.perf_counter() - began:.0f} s.")
            console.print(await _sizes(owner))
            return await measure(app, places[len(places) // 2], asked=ASKED)
        finally:
            await app.close()
            await owner.close()


async def _sizes(owner: asyncpg.Connection) -> str:
    rows = await owner.fetch(
        "SELECT pg_size_pretty(pg_table_size('search_documents')) AS documents, "
        f"pg_size_pretty(pg_relation_size('{INDEX}')) AS words, "
        "current_setting('server_version') AS version"
    )
    row = rows[0]
    return f"PostgreSQL {row['version']}: documents {row['documents']}, index {row['words']}."


def _migrate(connection: Connection) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def main() -> int:
    """Fill a scratch database, measure, and print each figure beside the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspaces", type=int, default=20)
    parser.add_argument("--each", type=int, default=10_000, help="contents of each workspace")
    given = parser.parse_args()
    console = Console()
    timings = asyncio.run(_run(workspaces=given.workspaces, each=given.each, console=console))
    table = Table(
        "search", "on the page", "execution", "planning", f"< {BAR_MS:g} ms", "+ a filter"
    )
    for one in timings:
        table.add_row(
            one.name,
            str(one.found),
            f"{one.execution_ms:.2f} ms",
            f"{one.planning_ms:.2f} ms",
            "✓" if one.execution_ms < BAR_MS else "✗",
            f"{one.filtered_ms:.2f} ms",
        )
    console.print(table)
    return 0 if all(one.execution_ms < BAR_MS for one in timings) else 1


if __name__ == "__main__":
    sys.exit(main())
