"""What is kept, for whom, for how long, and how much of it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.kernel.caller import Permission
from hub.kernel.changes import Standing
from schema.base.documents import Documents
from schema.base.limits import Limits
from schema.compiled.compiler import Compiler
from schema.compiled.keeping import Answers, Kept
from schema.context import Context
from tests.schema.conftest import Client
from tests.schema.library import Library

BRANDS = "{ brands(first: 5) { nodes { id name } } }"
TABLES = frozenset({"brands"})


@dataclass(kw_only=True)
class Asker:
    """Asks one compiler as several callers."""

    compiler: Compiler
    documents: Documents
    client: Client

    @property
    def counts(self) -> Counter[str]:
        return self.compiler.counts

    async def ask(
        self,
        query: str,
        client: Client | None = None,
        operation: str | None = None,
        **variables: Any,
    ) -> Any:
        """Return the data of an answer; None where the reference has to find it."""
        who = client or self.client
        draft = self.documents.read(query, operation_name=operation, variables=variables)
        self.documents.check(draft, suggestions=False)
        context = Context(hub=who.hub, reader=self.client.reader, known=who.caller)
        result = await self.compiler.run(draft, variables, context)
        return None if result is None else orjson.loads(orjson.dumps(result.data))


def an_asker(client: Client, keep_bytes: int = 1_000_000) -> Asker:
    schema = client.schema
    return Asker(
        compiler=Compiler(schema, keep_bytes=keep_bytes),
        documents=Documents(schema._schema, limits=Limits()),
        client=client,
    )


@pytest.fixture
def asker(client: Client) -> Asker:
    return an_asker(client)


async def renamed(engine: AsyncEngine, name: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE brands SET name = :name"), {"name": name})


async def test_the_second_time_nothing_is_read(asker: Asker) -> None:
    first = await asker.ask(BRANDS)
    before = asker.client.reader.statements
    assert await asker.ask(BRANDS) == first
    assert asker.client.reader.statements == before
    assert asker.counts["kept"] == 1


async def test_a_change_is_seen_at_once(asker: Asker, engine: AsyncEngine) -> None:
    await asker.ask(BRANDS)
    await renamed(engine, "Another")
    found = await asker.ask(BRANDS)
    assert {node["name"] for node in found["brands"]["nodes"]} == {"Another"}
    assert asker.counts["kept"] == 0


async def test_who_may_less_is_never_given_what_others_were(asker: Asker) -> None:
    query = "{ contentItems(first: 3) { nodes { title campaign { name } } } }"
    assert await asker.ask(query) is not None
    less = asker.client.without(Permission.STRATEGY_READ)
    assert await asker.ask(query, less) is None
    assert asker.counts["kept"] == 0
    none = asker.client.without(Permission.CONTENT_READ)
    assert await asker.ask(query, none) is None


async def test_another_workspace_is_given_its_own(asker: Asker, other: Library) -> None:
    mine = await asker.ask(BRANDS)
    theirs = await asker.ask(BRANDS, asker.client.of(other.caller))
    assert asker.counts["kept"] == 0
    ids = [{node["id"] for node in one["brands"]["nodes"]} for one in (mine, theirs)]
    assert all(ids)
    assert ids[0].isdisjoint(ids[1])


async def test_other_variables_and_documents_are_other_answers(asker: Asker) -> None:
    query = "query Q($n: Int!) { brands(first: $n) { nodes { id } } }"
    one = await asker.ask(query, n=1)
    two = await asker.ask(query, n=2)
    assert (len(one["brands"]["nodes"]), asker.counts["kept"]) == (1, 0)
    assert await asker.ask(query, n=2) == two
    assert asker.counts["kept"] == 1


async def test_a_variable_that_chooses_elsewhere_may_be_of_any_type(asker: Asker) -> None:
    query = (
        "query A($v: Boolean!) { brands(first: 1) { nodes { id name @include(if: $v) } } } "
        "query B($v: [String!]) { brands(filter: { slugIn: $v }) { totalCount } }"
    )
    for choice in (True, False):
        found = await asker.ask(query, operation="A", v=choice)
        assert ("name" in found["brands"]["nodes"][0]) is choice
    assert await asker.ask(query, operation="B", v=["nobody"]) == {"brands": {"totalCount": 0}}


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { name } }",
        "{ contentItems(first: 2) { nodes { id availableActions } } }",
        "{ assets(first: 2) { nodes { id url } } }",
        "{ sessions(first: 2) { nodes { id current } } }",
        "{ events(first: 2) { nodes { name } } }",
        '{ contentItems(first: 2, filter: { search: "a" }) { nodes { id } } }',
        "{ brands(first: 2) { nodes { id } } viewer { name } }",
    ],
)
async def test_what_depends_on_who_asks_or_on_the_clock_is_not_kept(
    asker: Asker, query: str
) -> None:
    for _ in range(3):
        await asker.ask(query)
    assert asker.counts["kept"] == 0
    assert sum(asker.counts.values()) == 3


async def test_mutations_are_not_kept(asker: Asker) -> None:
    query = """mutation M($name: String!) {
        brandCreate(input: { slug: $name, name: $name, locales: ["en"] }) {
            errors { code } brand { name }
        }
    }"""
    found = [await asker.ask(query, name="acorn") for _ in range(2)]
    assert [len(one["brandCreate"]["errors"]) for one in found] == [0, 1]
    assert asker.counts["kept"] == 0


async def test_with_no_room_nothing_is_kept(client: Client) -> None:
    asker = an_asker(client, keep_bytes=0)
    for _ in range(3):
        await asker.ask(BRANDS)
    assert asker.counts == {"compiled": 3}


async def test_what_changes_all_the_time_is_looked_at_less_and_less(
    asker: Asker, engine: AsyncEngine
) -> None:
    looks = asker.client.reader.changes
    seen = []
    for number in range(60):
        await renamed(engine, f"Name {number}")
        before = looks.looks
        found = await asker.ask(BRANDS)
        assert {node["name"] for node in found["brands"]["nodes"]} == {f"Name {number}"}
        seen.append(looks.looks - before)
    assert sum(seen) <= 16
    # It is found again soon after it has come to rest.
    for _ in range(20):
        await asker.ask(BRANDS)
    assert asker.counts["kept"] > 0


def keep(answers: Answers, key: str, size: int) -> None:
    answers.keep(key, Kept(orjson.Fragment(b"x"), size + 1_000, Standing(), 0, TABLES))


def test_the_longest_unused_go_first_and_all_together_stay_within_their_room() -> None:
    answers = Answers(most_bytes=20_000)
    for key in "abcd":
        keep(answers, key, 1_000)
    assert answers.find("a") is not None
    for key in "efghijk":
        keep(answers, key, 1_000)
        assert answers.bytes <= 20_000
    assert answers.find("a") is not None
    assert answers.find("b") is None
    assert len(answers) == 10


async def test_long_variables_take_room_as_well(client: Client) -> None:
    asker = an_asker(client, keep_bytes=40_000)
    query = "query($s: [String!]) { brands(first: 1, filter: { slugIn: $s }) { nodes { id } } }"
    for number in range(20):
        assert await asker.ask(query, s=[f"{number:03}" * 1_000]) is not None
    keeper = asker.compiler.keeper
    assert keeper is not None
    # Of about 4,000 bytes each, most of them the variables.
    assert len(keeper.answers) == 9
    assert keeper.answers.bytes <= 40_000


def test_one_answer_never_takes_all_the_room() -> None:
    answers = Answers(most_bytes=20_000)
    keep(answers, "a", 10)
    keep(answers, "b", 5_000)
    assert answers.find("a") is not None
    assert answers.find("b") is None


def test_keeping_the_same_again_takes_no_more_room() -> None:
    answers = Answers(most_bytes=20_000)
    for _ in range(5):
        keep(answers, "a", 100)
    assert (len(answers), answers.bytes) == (1, 1_100)


def test_however_often_it_was_out_of_date_it_rests_for_sixteen_questions_at_most() -> None:
    kept = Kept(orjson.Fragment(b"x"), 1, Standing(), 0, TABLES)
    rests = []
    for _ in range(10_000):
        after = Kept(orjson.Fragment(b"x"), 1, Standing(), 0, TABLES)
        after.follow(kept, rested=False)
        rests.append(after.rest)
        kept = after
    assert rests[:8] == [0, 1, 2, 4, 8, 16, 16, 16]
    assert (max(rests), kept.stale) == (16, 6)
    again = Kept(orjson.Fragment(b"x"), 1, Standing(), 0, TABLES)
    again.follow(kept, rested=True)
    assert (again.stale, again.rest) == (6, 0)
