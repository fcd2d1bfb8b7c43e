"""The bench measures what it says: its rows are the hub's, the limit answers as the hub does."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import uvicorn

from hub.kernel.settings import Settings
from hub.runtime import open_hub
from tests.bench.asking import UNIQUE, facts_of, hub_bodies, hub_cursors, plain_cursor
from tests.bench.data import World, build, describe
from tests.bench.limit import Limit
from tests.bench.load import Loaded
from tests.bench.measure import Measured
from tests.bench.peers import HERE
from tests.bench.report import failures, figures
from tests.bench.same import Different, data_of, leaves, plain, require_same
from tests.conftest import Database
from tests.schema.client.serving import served

CONTENTS = 400
READS, WRITES = ("Q1", "Q2", "Q3", "Q4"), ("M1",)


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection whose rows are checked: the owner of the tables is no superuser."""
    connection = await database.owner()
    yield connection
    await connection.close()


@pytest.fixture
async def world(owner: asyncpg.Connection, settings: Settings) -> World:
    """A very small data set, and a token."""
    await build(owner, CONTENTS)
    async with open_hub(settings, pool=1) as hub:
        return await describe(owner, hub, CONTENTS)


async def test_the_data_set_keeps_every_rule_of_the_tables_and_is_always_the_same(
    world: World, owner: asyncpg.Connection
) -> None:
    assert world.rows == {
        "workspaces": 20,
        "campaigns": 200,
        "channels": 160,
        "assets": 800,
        "content_items": 400,
        "revisions": 400,
        "variants": 1_200,
        "editions": 1_200,
        "approvals": 1_200,
        "publications": 1_200,
        "measurements": 4_000,
    }
    digest = await owner.fetchval(
        "SELECT md5(string_agg(i.id || i.title || p.id || p.sent_hash, '' ORDER BY i.id, p.id)) "
        "FROM content_items AS i JOIN publications AS p ON p.item_id = i.id"
    )
    assert digest == "1d79660284a821c22eef038668c38e92"


async def test_half_of_all_contents_are_in_one_workspace(
    world: World, owner: asyncpg.Connection
) -> None:
    counts = await owner.fetch(
        "SELECT count(*) AS n FROM content_items GROUP BY workspace_id ORDER BY n DESC"
    )

    assert [row["n"] for row in counts][:2] == [200, 11]
    assert len(counts) == 20


async def test_hub_and_limit_give_the_same_answers(
    world: World, owner: asyncpg.Connection, settings: Settings, database: Database
) -> None:
    facts = await facts_of(owner, CONTENTS, flat=100)
    limit = Limit(url=_plain(database.owner_url), workspace=UUID(world.workspace), pool=2)
    counted = {}
    generous = settings.model_copy(update={"query_cost": 1_000_000})
    async with served(generous) as hub, _serving(limit) as other:
        cursors = await asyncio.to_thread(hub_cursors, hub, world.token, facts.ranks)
        plainly = [plain_cursor(row_id) for row_id in facts.places]
        ours, theirs = hub_bodies(facts, cursors), hub_bodies(facts, plainly)
        # What one of both creates is there for the other to read.
        for queries in (READS, WRITES):
            for query in queries:
                found = await _ask(f"{hub}/graphql", world.token, ours[query])
                expected = await _ask(other, world.token, theirs[query])
                for one, another in zip(found, expected, strict=True):
                    require_same(query, [("hub", one), ("limit", another)])
                counted[query] = leaves(data_of("hub", found[0]))

    assert counted == {"Q1": 88, "Q2": 2_670, "Q3": 900, "Q4": 302, "M1": 18}


def _plain(url: str) -> str:
    return url.replace("+asyncpg", "")


async def _ask(url: str, token: str, bodies: Sequence[bytes]) -> list[bytes]:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    found = []
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
        for body in bodies:
            answer = await client.post(url, content=body.replace(UNIQUE.encode(), b"123456789012"))
            assert answer.status_code == 200, answer.text
            found.append(answer.content)
    return found


@asynccontextmanager
async def _serving(application: Any) -> AsyncIterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(application, port=0, log_config=None, access_log=False, ws="none")
    )
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not serving.done(), serving.exception()
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        await serving


def test_instants_and_places_are_compared_and_not_their_texts() -> None:
    one = {"at": "2026-03-01T09:30:00Z", "endCursor": plain_cursor("a")}
    other = {"at": "2026-03-01T10:30:00+01:00", "endCursor": plain_cursor("a")}

    assert plain(one) == plain(other)
    assert plain(one) != plain({**other, "endCursor": plain_cursor("b")})
    assert plain(one) != plain({**other, "at": "2026-03-01T09:30:00.001Z"})


def test_an_answer_that_differs_is_named_with_its_place() -> None:
    ours, theirs = b'{"data":{"a":[{"b":1}]}}', b'{"data":{"a":[{"b":2}]}}'

    with pytest.raises(Different, match=r"Q1: hub and limit differ in 1:\n\.a\[0\]\.b: 1 is not 2"):
        require_same("Q1", [("hub", ours), ("limit", theirs)])
    with pytest.raises(Different, match="hub"):
        require_same("Q1", [("hub", b'{"errors":[]}')])


def _loaded(rate: float, *, errors: int = 0, p99: float = 3.0) -> Loaded:
    return Loaded(
        rate=rate, p50=1.0, p99=p99, errors=errors, bytes_each=1, server_ms=1, database_ms=1
    )


def test_a_bar_is_a_ratio_of_medians_and_errors_are_no_speed() -> None:
    measured = Measured()
    measured.runs["hub", "Q1"] = [_loaded(rate) for rate in (10, 60, 50)]
    measured.runs["limit", "Q1"] = [_loaded(rate) for rate in (90, 100, 500)]
    measured.runs["hub", "Q2"] = [_loaded(1_000, errors=3)]
    measured.runs["limit", "Q2"] = [_loaded(10)]
    measured.runs["hub", "Q4"] = [_loaded(74, p99=4.5)]
    measured.runs["limit", "Q4"] = [_loaded(100)]

    found = figures(measured)

    assert [(one.name, one.value, one.reached) for one in found] == [
        ("hub Q1 ÷ limit Q1", 0.5, True),
        ("hub Q4 ÷ limit Q4", 0.74, False),
        ("hub Q1: p99 ÷ p50", 3.0, True),
        ("hub Q4: p99 ÷ p50", 4.5, False),
    ]
    assert failures(measured, found) == [
        "hub Q4 ÷ limit Q4 is 0.74x, not 0.75",
        "hub Q4: p99 ÷ p50 is 4.50x, not 4",
        "hub Q2: 3 errors under load",
    ]


@pytest.mark.parametrize(
    "lock", sorted(HERE.glob("*/package-lock.json")), ids=lambda it: it.parent.name
)
def test_a_peer_is_locked_with_hashes_and_without_an_address(lock: Path) -> None:
    text = lock.read_text()
    packages = json.loads(text)["packages"]

    assert "://" not in text
    assert all("integrity" in known for name, known in packages.items() if name)
