"""The reading engine as a client sees it: one statement, the right rows, nobody else's."""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from asyncpg.exceptions import ReadOnlySQLTransactionError
from sqlalchemy import select, text

from hub.kernel.caller import Permission
from hub.kernel.connections import Connections
from hub.kernel.reading import Reader
from hub.kernel.settings import Settings
from hub.strategy.models import Brand
from schema.base.node import to_global_id
from tests.schema.conftest import Client
from tests.schema.library import Library, full_items

LIST = """
query($first: Int) {
  contentItems(first: $first) {
    nodes {
      id title locale
      campaign { name objective }
      currentRevision { number variants { title channel { name } platform { key } } }
      publications { nodes { state publishedAt channel { name handle } metrics { metric value } } }
    }
  }
}
"""


async def test_fifty_contents_with_all_that_belongs_to_them_take_one_statement(
    client: Client, library: Library
) -> None:
    await full_items(library, 50)

    answer = await client.ask(LIST, first=50)

    assert answer.errors == []
    assert answer.statements == 1
    nodes = answer.data["contentItems"]["nodes"]
    assert [node["title"] for node in nodes] == [f"Item {n:02}" for n in range(49, -1, -1)]
    first = nodes[0]
    assert first["campaign"] == {"name": "Acme Spring", "objective": "Be seen"}
    assert first["currentRevision"]["variants"] == [
        {"title": None, "channel": None, "platform": {"key": "mastodon"}},
        {"title": "Other", "channel": {"name": "Channel 1"}, "platform": None},
        {"title": "Other", "channel": {"name": "Channel 2"}, "platform": None},
    ]
    assert first["publications"]["nodes"] == [
        {
            "state": "PUBLISHED",
            "publishedAt": "2026-03-01T12:00:00.123456+00:00",
            "channel": {"name": name, "handle": ""},
            "metrics": [
                {"metric": "likes", "value": 3},
                {"metric": "replies", "value": 5},
            ],
        }
        for name in ("Channel 2", "Channel 1")
    ]


NAMED = "query($title: String) { contentItems(filter: {titleContains: $title}) { nodes { id } } }"


async def test_equal_questions_share_one_compiled_statement(
    client: Client, library: Library
) -> None:
    from hub.kernel.statements import compiled

    await full_items(library, 2)
    await client.data(NAMED, title="One")
    before = compiled.cache_info()
    await client.data(NAMED, title="Two")
    after = compiled.cache_info()

    assert after.misses == before.misses
    # The reference's and the compiler's own.
    assert after.hits == before.hits + 2


async def test_another_workspaces_rows_are_never_seen(
    client: Client, library: Library, other: Library
) -> None:
    await library.an_item(title="Mine")
    theirs = await other.an_item(title="Theirs")

    listed = await client.data("{ contentItems { totalCount nodes { title } } }")
    asked = await client.ask(
        "query($id: ID!) { node(id: $id) { id } }", id=_id("ContentItem", theirs)
    )
    unknown = await client.ask(
        "query($id: ID!) { node(id: $id) { id } }", id=_id("ContentItem", uuid4())
    )

    assert listed == {"contentItems": {"totalCount": 1, "nodes": [{"title": "Mine"}]}}
    assert asked.data == unknown.data == {"node": None}
    assert asked.codes == unknown.codes == ["NOT_FOUND"]
    assert asked.errors[0].message == unknown.errors[0].message


async def test_filtering_by_another_workspaces_id_finds_nothing(
    client: Client, library: Library, other: Library
) -> None:
    await library.an_item(title="Mine")

    found = await client.data(
        "query($brand: ID!) { contentItems(filter: {brandIn: [$brand]}) { nodes { title } } }",
        brand=_id("Brand", other.brand),
    )

    assert found == {"contentItems": {"nodes": []}}


async def test_one_connection_alternates_between_workspaces_without_a_leak(
    settings: Settings, library: Library, other: Library
) -> None:
    reader = Reader(settings, pool=1)
    names = []
    for caller in (library.caller, other.caller) * 5:
        # Nothing in this statement names a workspace: the policy alone keeps them apart.
        found = await reader.rows(caller, select(text("name FROM brands")))
        names.append([row["name"] for row in found])
    await reader.close()

    assert names == [["Acme Brand"], ["Other Brand"]] * 5


async def test_a_read_cancelled_half_way_leaves_no_workspace_behind(
    settings: Settings, reader: Reader, library: Library, other: Library
) -> None:
    single = Reader(settings, pool=1)
    for _ in range(3):
        slow = asyncio.create_task(
            single.rows(other.caller, select(text("pg_sleep(60), name FROM brands")))
        )
        await _until_it_sleeps(reader, library)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        found = await single.rows(library.caller, select(text("name FROM brands")))
        assert [row["name"] for row in found] == ["Acme Brand"]
    await single.close()


async def _until_it_sleeps(reader: Reader, library: Library) -> None:
    activity = text(
        "1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    )
    async with asyncio.timeout(10):
        while not await reader.rows(library.caller, select(activity)):  # noqa: ASYNC110 - see below
            await asyncio.sleep(0.01)  # another process decides when it is there


async def test_a_cancel_while_the_workspace_is_being_set_leaves_none_behind(
    settings: Settings, library: Library, other: Library
) -> None:
    reader = Reader(settings, pool=1)
    for turns in range(30):
        task = asyncio.create_task(reader.rows(other.caller, select(text("name FROM brands"))))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        found = await reader.rows(library.caller, select(text("name FROM brands")))
        assert [row["name"] for row in found] == ["Acme Brand"]
    await reader.close()


async def test_the_reader_cannot_write(reader: Reader, library: Library) -> None:
    with pytest.raises(ReadOnlySQLTransactionError, match="read-only transaction"):
        await reader.rows(library.caller, select(text("id FROM brands FOR UPDATE")))


async def test_a_sqlalchemy_select_carries_its_own_values(reader: Reader, library: Library) -> None:
    found = await reader.rows(
        library.caller,
        select(Brand.name, Brand.locales).where(Brand.id.in_([library.brand, uuid4()])),
    )

    assert found == [{"name": "Acme Brand", "locales": ["en", "fr"]}]


async def test_aliases_with_different_arguments_get_their_own_pages(
    client: Client, library: Library
) -> None:
    for number in range(3):
        await library.an_item(title=f"Item {number}", campaign=library.campaign)

    found = await client.data(
        """{ campaigns { nodes {
          newest: contentItems(first: 1) { nodes { title } }
          oldest: contentItems(last: 1) { nodes { title } }
          again: contentItems(first: 1) { nodes { locale } totalCount }
        } } }"""
    )

    assert found["campaigns"]["nodes"] == [
        {
            "newest": {"nodes": [{"title": "Item 2"}]},
            "oldest": {"nodes": [{"title": "Item 0"}]},
            "again": {"nodes": [{"locale": "en"}], "totalCount": 3},
        }
    ]


async def test_equal_aliases_below_different_aliases_do_not_mix(
    client: Client, library: Library
) -> None:
    for number in range(2):
        await library.an_item(title=f"Item {number}", campaign=library.campaign)

    answer = await client.ask(
        """{ contentItems(first: 1) { nodes {
          a: campaign { x: contentItems(first: 1) { nodes { title } } }
          b: campaign { x: contentItems(first: 2) { nodes { locale title } } name }
        } } }"""
    )

    assert answer.errors == []
    assert answer.statements == 1
    assert answer.data["contentItems"]["nodes"] == [
        {
            "a": {"x": {"nodes": [{"title": "Item 1"}]}},
            "b": {
                "x": {
                    "nodes": [
                        {"locale": "en", "title": "Item 1"},
                        {"locale": "en", "title": "Item 0"},
                    ]
                },
                "name": "Acme Spring",
            },
        }
    ]


@pytest.mark.parametrize("wanted", [True, False])
async def test_fragments_skip_and_include_decide_what_is_read(
    client: Client, library: Library, *, wanted: bool
) -> None:
    await library.an_item(title="One", campaign=library.campaign)

    found = await client.data(
        """
        query($wanted: Boolean!) { contentItems { ...Page } }
        fragment Page on ContentItemConnection { nodes { ...Item ... on Node { id } } }
        fragment Item on ContentItem {
          title
          campaign @include(if: $wanted) { name }
          ... @skip(if: $wanted) { locale }
          ... on ContentItem { campaign @include(if: $wanted) { brief } }
        }
        """,
        wanted=wanted,
    )

    (node,) = found["contentItems"]["nodes"]
    assert node.pop("id").startswith("Q29udGVudEl0ZW06")
    assert node == (
        {"title": "One", "campaign": {"name": "Acme Spring", "brief": "Say it kindly"}}
        if wanted
        else {"title": "One", "locale": "en"}
    )


async def test_relations_that_are_not_there_are_null(client: Client, library: Library) -> None:
    await library.an_item(title="Alone")

    found = await client.data(
        "{ contentItems { nodes { campaign { name } publications { nodes { id } totalCount } } } }"
    )

    assert found["contentItems"]["nodes"] == [
        {"campaign": None, "publications": {"nodes": [], "totalCount": 0}}
    ]


async def test_what_nests_deeply_is_still_one_statement(client: Client, library: Library) -> None:
    (item,) = await full_items(library, 1)

    answer = await client.ask(
        """{ brands { nodes { campaigns { nodes { contentItems { nodes { publications(first: 1) {
          nodes { edition { parts { media { asset { brand { channels { nodes {
            publications(first: 1) { nodes { contentItem { id } } }
          } } } } } } } }
        } } } } } } } }"""
    )

    assert answer.errors == []
    assert answer.statements == 1
    assert _id("ContentItem", item) in str(answer.data)


async def test_without_the_permission_a_root_field_is_refused_and_reads_nothing(
    client: Client,
) -> None:
    answer = await client.without(Permission.CONTENT_READ).ask("{ contentItems { totalCount } }")

    assert answer.codes == ["FORBIDDEN"]
    assert answer.statements == 0


async def test_without_the_permission_a_relation_is_null_with_an_error_and_the_rest_stays(
    client: Client, library: Library
) -> None:
    await library.an_item(title="One", campaign=library.campaign)

    answer = await client.without(Permission.STRATEGY_READ, Permission.PUBLISHING_READ).ask(
        "{ contentItems { nodes { title campaign { name } publications { totalCount } } } }"
    )

    assert answer.data["contentItems"]["nodes"] == [
        {"title": "One", "campaign": None, "publications": None}
    ]
    assert answer.codes == ["FORBIDDEN", "FORBIDDEN"]
    assert answer.errors[0].path == ["contentItems", "nodes", 0, "campaign"]
    assert "strategy.read" in answer.errors[0].message


async def test_the_total_is_counted_only_when_it_is_asked_for(
    client: Client, library: Library, sql: list[str]
) -> None:
    await library.an_item(title="One")
    await client.data("{ contentItems(first: 0) { totalCount } }")
    await client.data("{ contentItems { nodes { title } pageInfo { hasNextPage } } }")

    assert ["count(*)" in statement for statement in sql] == [True, True, False, False]


@pytest.fixture
def sql(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement the reader runs, as text."""
    seen: list[str] = []
    run = Connections.rows

    async def noted(
        self: Connections, workspace: UUID, sql: str, arguments: Any, **more: Any
    ) -> Any:
        seen.append(sql)
        return await run(self, workspace, sql, arguments, **more)

    monkeypatch.setattr(Connections, "rows", noted)
    return seen


async def test_every_table_of_a_statement_carries_the_workspace(
    client: Client, library: Library, sql: list[str]
) -> None:
    await client.data(LIST, first=1)

    # The reference's statement, and the compiler's.
    assert len(sql) == 2
    for statement in sql:
        tables = re.findall(r"(?:FROM|,) (\w+) AS t\d+", statement)
        assert sorted(tables) == [
            "campaigns",
            "channels",
            "channels",
            "content_items",
            "measurements",
            "publications",
            "revisions",
            "variants",
        ]
        assert statement.count("workspace_id = $1::UUID") == len(tables)


@pytest.mark.parametrize("bad", ["a\0b", "half a character: \ud83d"])
async def test_text_that_no_database_can_hold_is_refused(client: Client, bad: str) -> None:
    for asked in (
        "contentItemByReference(externalReference: $t) { id }",
        "contentItems(filter: {titleContains: $t}) { totalCount }",
        "contentItems(filter: {localeIn: [$t]}) { totalCount }",
    ):
        answer = await client.ask(f"query($t: String!) {{ {asked} }}", t=bad)
        assert answer.codes == ["INVALID"]


async def test_values_are_never_part_of_the_text(
    client: Client, library: Library, sql: list[str]
) -> None:
    await library.an_item(title="100%_\\'; DROP")
    await library.an_item(title="100 per cent")

    found = await client.data(
        "query($t: String!) { contentItems(filter: {titleContains: $t}) { nodes { title } } }",
        t="%_\\'; drop",
    )

    assert found["contentItems"]["nodes"] == [{"title": "100%_\\'; DROP"}]
    assert "drop" not in sql[0].lower()


def _id(kind: str, row: Any) -> str:
    return to_global_id(kind, row)
