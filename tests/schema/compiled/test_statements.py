"""How many statements a query takes: one per list, whatever hangs below it."""

from collections import Counter

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from hub.kernel.ids import global_id
from hub.kernel.statements import compiled
from schema.base.fields import KEY, SOURCES, Later
from tests.schema.compiled.comparing import the_schema
from tests.schema.compiled.doors import Door, Pair

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = "totalCount pageInfo { hasNextPage startCursor endCursor }"

CALENDAR = (
    '{ calendar(from: "2026-03-01", to: "2026-03-02", timeZone: "UTC") '
    "{ days { entries { title channel { name } } } campaigns { name } } }"
)
TWICE = (
    "{ contentItems(first: 3) { nodes { one: revisions(first: 1) { nodes { number } } "
    "two: revisions(last: 1) { nodes { number } } } } }"
)


def whole(kind: str, *, depth: int) -> str:
    """Select every field of a type, and of what belongs to it: one row, a list, a page."""
    owner = the_schema().get_type(kind)
    assert isinstance(owner, GraphQLObjectType)
    fields = []
    for name, field in owner.fields.items():
        target = get_named_type(field.type)
        declared = field.extensions.get("strawberry-definition")
        if isinstance(getattr(declared, "metadata", {}).get(KEY), Later):
            # It has a statement of its own, for all rows of an answer together.
            continue
        if is_leaf_type(target):
            fields.append(name)
        elif "first" in field.args:
            inner = target.name.removesuffix("Connection")
            below = whole(inner, depth=depth - 1) if depth else "id"
            fields.append(
                f"{name}(first: 1) {{ {PAGE} nodes {{ {below} }} "
                "edges { cursor node { id } } }"
            )
        elif depth:
            fields.append(f"{name} {{ {whole(target.name, depth=depth - 1)} }}")
    return " ".join(fields) or "__typename"


def _lists() -> list[tuple[str, str]]:
    query = the_schema().query_type
    assert query is not None
    return [
        (name, get_named_type(field.type).name.removesuffix("Connection"))
        for name, field in query.fields.items()
        if get_named_type(field.type).name.endswith("Connection")
    ]


async def _statements(door: Door, query: str, pair: Pair) -> int:
    reader = door.app.state.reader
    # Whoever asks is looked up once, by other means than the reader.
    before = reader.statements
    reply = await door.ask(query, {}, pair.callers["browser"])
    assert "errors" not in reply.body, reply.body
    return int(reader.statements - before)


@pytest.mark.parametrize(("name", "kind"), _lists())
async def test_a_list_with_all_that_belongs_to_its_items_is_one_statement(
    pair: Pair, name: str, kind: str
) -> None:
    query = f"{{ {name}(first: 2) {{ {PAGE} nodes {{ {whole(kind, depth=1)} }} }} }}"

    assert await _statements(pair.compiled, query, pair) == 1
    assert await _statements(pair.reference, query, pair) == 1


#: Not asked for by an id in these workspaces.
_ELSEWHERE = {"PublishedAddress", "PublishedContent", "Session", "Token", "Viewer"}


@pytest.mark.parametrize("kind", [name for name in SOURCES if name not in _ELSEWHERE])
async def test_an_object_with_all_that_belongs_to_it_is_one_statement(
    pair: Pair, kind: str
) -> None:
    id_ = global_id(kind, pair.here.ids[kind][0])
    query = f'{{ node(id: "{id_}") {{ __typename ... on {kind} {{ {whole(kind, depth=1)} }} }} }}'

    assert await _statements(pair.compiled, query, pair) == 1
    assert await _statements(pair.reference, query, pair) == 1


@pytest.mark.parametrize(
    ("query", "statements"),
    [
        ("{ __typename }", 0),
        ("{ brands { __typename } }", 1),
        ("{ brands { totalCount } }", 1),
        ("{ platforms { key } }", 0),
        ("{ viewer { name member { email } workspace { slug } permissions } }", 1),
        ("{ contentItems @skip(if: true) { nodes { id } } brands { nodes { id } } }", 1),
        ("{ a: brands { nodes { id } } b: brands { nodes { id } } }", 2),
        ("{ brands { nodes { id } } campaigns { nodes { id } } viewer { name } }", 3),
        ("{ brands { a: nodes { id } b: nodes { name } edges { node { slug } } } }", 1),
        ("{ publishedContents { nodes { title addresses { url } } totalCount } }", 1),
        ('{ publishedContent(slug: "slug-1") { title } }', 1),
        ('{ contentItemByReference(externalReference: "none") { id } }', 1),
        (
            CALENDAR,
            3,
        ),
        ("{ contentItems(first: 1) { nodes { x: title y: title title } } }", 1),
        (
            TWICE,
            1,
        ),
    ],
)
async def test_how_many_statements_a_query_takes(pair: Pair, query: str, statements: int) -> None:
    assert await _statements(pair.compiled, query, pair) <= statements
    assert await _statements(pair.reference, query, pair) == statements


async def test_nodes_take_one_statement_per_type(pair: Pair) -> None:
    kinds = ("Brand", "Channel", "ContentItem", "Brand", "Channel")
    ids = [global_id(kind, pair.here.ids[kind][number % 3]) for number, kind in enumerate(kinds)]
    written = ", ".join(f'"{one}"' for one in ids)
    query = (
        f"{{ nodes(ids: [{written}]) {{ id ... on Brand {{ name campaigns {{ totalCount }} }} }} }}"
    )

    assert await _statements(pair.compiled, query, pair) <= 3
    assert await _statements(pair.reference, query, pair) == 3


async def test_keys_may_look_like_the_names_inside_a_statement(pair: Pair) -> None:
    names = " ".join(f"{letter}{number}: name" for letter in "rt" for number in range(7))
    query = f"{{ brands(first: 2) {{ nodes {{ {names} campaigns {{ nodes {{ {names} }} }} }} }} }}"

    answer = await pair.compiled.ask(query, {}, pair.callers["browser"])
    reference = await pair.reference.ask(query, {}, pair.callers["browser"])

    assert "errors" not in answer.body
    assert answer.body["data"] == reference.body["data"]
    assert len(answer.body["data"]["brands"]["nodes"]) == 2


async def test_a_calendar_that_is_asked_for_again_needs_no_new_statement(pair: Pair) -> None:
    await pair.reference.ask(CALENDAR, {}, pair.callers["browser"])
    before = compiled.cache_info().misses
    again = await pair.reference.ask(CALENDAR, {}, pair.callers["browser"])

    assert "errors" not in again.body
    assert compiled.cache_info().misses == before


PARTS = (
    "{ contentItems(first: 12) { nodes { currentRevision { "
    "p: parts { __typename t: text m: media { id brand { name } url "
    "alt { text } } } variants { parts { text media { id } } } nothing: parts { text @skip(if: "
    "true) __typename } } } } }"
)


async def test_parts_and_their_pictures_come_as_they_stand_in_the_text(pair: Pair) -> None:
    before = Counter(pair.compiled.counts() or {})
    answer = await pair.compiled.ask(PARTS, {}, pair.callers["browser"])
    reference = await pair.reference.ask(PARTS, {}, pair.callers["browser"])

    assert "errors" not in answer.body
    assert Counter(pair.compiled.counts() or {}) - before == {"compiled": 1}
    assert answer.body["data"] == reference.body["data"]
    revisions = [item["currentRevision"] for item in answer.body["data"]["contentItems"]["nodes"]]
    shown = [part["m"] for one in revisions for part in one["p"]]
    assert {len(media) for media in shown} >= {0, 1, 2}
    # In the order of the text, not in that of their ids.
    ids = [[one["id"] for one in media] for media in shown]
    assert ids != [sorted(some) for some in ids]
    variants = [type(one["parts"]) for some in revisions for one in some["variants"]]
    assert set(variants) == {list, type(None)}
    assert {"p", "variants", "nothing"} == set(revisions[0])
