"""Documents that never repeat do not fill the memory: every cache has an end."""

import functools
import gc
import sys
from collections.abc import Iterator, Sized
from itertools import combinations, product

import psutil
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from hub.kernel.statements import Written, compiled
from schema.compiled import compiler
from schema.compiled.compiler import Program
from tests.schema.compiled.comparing import the_schema
from tests.schema.compiled.doors import Door, Pair

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOCUMENTS = 1_800
#: More than this no cache of documents, statements or plans may hold.
MOST = 2_048
CHARACTERS = 150_000
#: What one third of the documents may add once the caches are full, in bytes.
GROWTH = 7_200_000


def _documents() -> Iterator[str]:
    """Write documents; the statements of every third one are new as well."""
    item = the_schema().get_type("Channel")
    assert isinstance(item, GraphQLObjectType)
    names = [
        name for name, field in item.fields.items() if is_leaf_type(get_named_type(field.type))
    ]
    choices = (chosen for count in range(1, 5) for chosen in combinations(names, count))
    for number, chosen in enumerate(choices):
        yield f"{{ channels(first: 1) {{ nodes {{ {' '.join(chosen)} }} }} }}"
        yield f"{{ viewer {{ name{number}: name }} }}"
        yield f"{{ brands(first: 1) {{ all{number}: totalCount }} }}"


def _sizes(door: Door) -> dict[str, int]:
    """Return how much every cache of the program and of this door holds."""
    found: dict[str, int] = {}
    for one in gc.get_objects():
        if not isinstance(one, functools._lru_cache_wrapper):
            continue
        module = str(getattr(one, "__module__", ""))
        if module.partition(".")[0] in {"hub", "schema"}:
            found[f"{module}.{one.__qualname__}"] = one.cache_info().currsize
    known = door.app.state.door
    found["documents"] = len(known._documents._remembered)
    compiler = getattr(known, "compiler", None)
    for name, kept in vars(compiler).items() if compiler is not None else ():
        if isinstance(kept, Sized) and not isinstance(kept, str):
            found[f"compiler.{name}"] = len(kept)
    return found


def _written(door: Door) -> int:
    """Return how many characters of SQL the programs of all documents hold."""
    return sum(
        len(ready.statement.sql)
        for known in door.app.state.door._documents._remembered.values()
        for program in known.programs.values()
        if isinstance(program, Program)
        for root in program.roots
        for read in root.asked.reads.values()
        if read is not None
        for ready in read.shapes.values()
    )


async def test_shapes_of_few_documents_fill_no_memory(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "WRITTEN", 50_000)
    compiled.cache_clear()
    before = Written.characters
    query = (
        "query($n: Int, $a: Boolean!, $b: Boolean!) { contentItems(first: $n) { nodes { id "
        "%s: title reviews(first: $n) @include(if: $a) { "
        "nodes { id state targets { channel { name } } } } "
        "currentRevision { number author @include(if: $b) { name } parts { text } } } } }"
    )
    held = []
    for number in range(10):
        for size, first, second in product(range(1, 7), (True, False), (True, False)):
            given = {"n": size, "a": first, "b": second}
            reply = await pair.compiled.ask(query % f"x{number}", given, pair.callers["admin"])
            assert len(reply.body["data"]["contentItems"]["nodes"]) == size
        held.append(_written(pair.compiled))

    assert max(held) < 2 * 50_000
    assert Written.characters - before > 4 * 50_000
    assert compiled.cache_info().currsize < 100


@pytest.mark.timeout(300)
async def test_a_stream_of_new_documents_fills_no_memory(pair: Pair) -> None:
    door = pair.compiled
    process = psutil.Process()
    documents = _documents()
    sizes: list[int] = []
    for _ in range(3):
        for _ in range(DOCUMENTS // 3):
            reply = await door.ask(next(documents), {}, pair.callers["admin"])
            assert "errors" not in reply.body
        gc.collect()
        sizes.append(process.memory_info().rss)

    held = _sizes(door)
    assert {name: size for name, size in held.items() if size > MOST} == {}
    assert held["documents"] <= 512
    assert door.app.state.door._documents._characters <= CHARACTERS
    assert sizes[2] - sizes[1] < GROWTH, sizes
    assert sys.getsizeof(door.app.state.door._documents._remembered) < 100_000
