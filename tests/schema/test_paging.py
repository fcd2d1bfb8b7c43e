"""Pages: stable, in every order and direction, and cursors that work for one list only."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from hub.kernel.errors import Invalid
from schema.base.node import to_global_id
from schema.base.paging import (
    Place,
    list_identity,
    read_cursor,
    stable,
    write_cursor,
)
from tests.schema.conftest import Client
from tests.schema.library import NOON, Library

PAGE = """
query($first: Int, $after: String, $last: Int, $before: String, $order: [PublicationOrder!]) {
  publications(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
    edges { cursor node { scheduledFor } }
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


@pytest.fixture
async def publications(library: Library) -> list[str]:
    """Seven publications: two pairs at the same time, three without a time; their ids."""
    made = []
    times = [NOON, None, NOON + timedelta(hours=1), NOON, None, NOON + timedelta(hours=1), None]
    for number, time in enumerate(times):
        item = await library.an_item(title=f"Item {number}")
        revision = await library.revision_of(item)
        made.append(
            to_global_id(
                "Publication",
                await library.a_publication(
                    item, revision, library.channels[0], scheduled_for=time
                ),
            )
        )
    return made


async def _walk(client: Client, size: int, order: list[str], *, backwards: bool) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        variables: dict[str, Any] = (
            {"last": size, "before": cursor} if backwards else {"first": size, "after": cursor}
        )
        page = (await client.data(PAGE, order=order, **variables))["publications"]
        ids = [node["id"] for node in page["nodes"]]
        assert [edge["cursor"] for edge in page["edges"]][:1] == [page["pageInfo"]["startCursor"]]
        found = [*ids, *found] if backwards else [*found, *ids]
        more = page["pageInfo"]["hasPreviousPage" if backwards else "hasNextPage"]
        if not more:
            return found
        assert len(ids) == size
        cursor = page["pageInfo"]["startCursor" if backwards else "endCursor"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["SCHEDULED_FOR_ASC"], [0, 3, 2, 5, 1, 4, 6]),
        (["SCHEDULED_FOR_DESC"], [5, 2, 3, 0, 6, 4, 1]),
        (["SCHEDULED_FOR_ASC", "CREATED_AT_DESC"], [3, 0, 5, 2, 6, 4, 1]),
        (["CREATED_AT_ASC"], [0, 1, 2, 3, 4, 5, 6]),
        (["CREATED_AT_DESC", "SCHEDULED_FOR_ASC"], [6, 5, 4, 3, 2, 1, 0]),
    ],
)
async def test_every_row_comes_once_whatever_the_order_and_direction(
    client: Client, publications: list[str], order: list[str], expected: list[int]
) -> None:
    for size, backwards in product([1, 2, 3, 7], [False, True]):
        found = await _walk(client, size, order, backwards=backwards)
        assert found == [publications[number] for number in expected], (size, backwards)


async def test_a_page_between_two_cursors_has_what_lies_between(
    client: Client, publications: list[str]
) -> None:
    order = ["SCHEDULED_FOR_ASC"]
    edges = (await client.data(PAGE, order=order))["publications"]["edges"]

    between = (
        await client.data(PAGE, order=order, after=edges[0]["cursor"], before=edges[5]["cursor"])
    )["publications"]

    assert [node["id"] for node in between["nodes"]] == [publications[n] for n in (3, 2, 5, 1)]


async def test_rows_that_are_added_meanwhile_do_not_shift_the_pages(
    client: Client, library: Library, publications: list[str]
) -> None:
    order = ["CREATED_AT_DESC"]
    page = (await client.data(PAGE, order=order, first=2))["publications"]
    item = await library.an_item(title="Late")
    await library.a_publication(item, await library.revision_of(item), library.channels[0])

    after = await client.data(PAGE, order=order, first=2, after=page["pageInfo"]["endCursor"])

    assert [node["id"] for node in after["publications"]["nodes"]] == [
        publications[4],
        publications[3],
    ]


OTHERS = {
    "another order": "publications(orderBy: [SCHEDULED_FOR_DESC], after: $c) { nodes { id } }",
    "another filter": "publications(orderBy: [SCHEDULED_FOR_ASC], after: $c,"
    " filter: {stateIn: [HELD]}) { nodes { id } }",
    "another field": "publicationsNeedingAttention(orderBy: [SCHEDULED_FOR_ASC], after: $c)"
    " { nodes { id } }",
    "another type": "campaigns(after: $c) { nodes { id } }",
    "a list inside": "brands { nodes { campaigns(after: $c) { nodes { id } } } }",
}


@pytest.mark.parametrize("asked", OTHERS.values(), ids=OTHERS.keys())
async def test_a_cursor_of_another_list_is_refused(
    client: Client, publications: list[str], *, asked: str
) -> None:
    page = (await client.data(PAGE, order=["SCHEDULED_FOR_ASC"], first=1))["publications"]

    answer = await client.ask(f"query($c: String) {{ {asked} }}", c=page["pageInfo"]["endCursor"])

    assert answer.codes == ["INVALID"]
    assert answer.path == ["after"]
    assert answer.statements == 0


async def test_a_cursor_of_another_workspace_is_refused(
    client: Client, library: Library, other: Library
) -> None:
    page = (await client.data("{ brands { pageInfo { endCursor } } }"))["brands"]

    answer = await client.of(other.caller).ask(
        "query($c: String) { brands(after: $c) { nodes { id } } }",
        c=page["pageInfo"]["endCursor"],
    )

    assert answer.codes == ["INVALID"]


async def test_a_cursor_of_another_parents_list_is_refused_where_it_stands(
    client: Client, library: Library
) -> None:
    items = [await library.an_item(title=f"Item {number}") for number in (1, 2)]
    for item in items:
        revision = await library.revision_of(item)
        for channel in library.channels:
            await library.a_publication(item, revision, channel)
    asked = """query($id: ID!, $c: String) { node(id: $id) { ... on ContentItem {
      publications(first: 1, after: $c) {
        nodes { channel { name } } pageInfo { endCursor }
      } } } }"""
    first, second = (to_global_id("ContentItem", item) for item in items)

    page = (await client.data(asked, id=first))["node"]["publications"]
    following = await client.data(asked, id=first, c=page["pageInfo"]["endCursor"])
    foreign = await client.ask(asked, id=second, c=page["pageInfo"]["endCursor"])

    assert page["nodes"] == [{"channel": {"name": "Channel 2"}}]
    assert following["node"]["publications"]["nodes"] == [{"channel": {"name": "Channel 1"}}]
    assert foreign.data == {"node": {"publications": None}}
    assert foreign.codes == ["INVALID"]


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "A" * 5000, "{}"])
async def test_a_made_up_cursor_is_refused(client: Client, cursor: str) -> None:
    answer = await client.ask("query($c: String) { brands(before: $c) { nodes { id } } }", c=cursor)

    assert answer.codes == ["INVALID"]
    assert answer.path == ["before"]


async def test_a_forged_cursor_with_values_of_a_wrong_type_is_refused(
    client: Client, library: Library
) -> None:
    workspace = str(library.caller.workspace_id)
    identity = list_identity(workspace, "brands", "Brand", [], ("name", "id"))
    wrong = (
        ("a", "no id"),
        (7, str(library.brand)),
        ("a",),
        ("a", [1]),
        ("\0", str(library.brand)),
    )
    for values in wrong:
        answer = await client.ask(
            "query($c: String) { brands(after: $c) { nodes { id } } }",
            c=write_cursor(identity, Place(values=values)),
        )
        assert answer.codes == ["INVALID"], values


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ("first: -1", "first"),
        ("first: 101", "first"),
        ("last: -1", "last"),
        ("first: 1, last: 1", "last"),
    ],
)
async def test_a_page_of_an_impossible_size_is_refused(
    client: Client, *, arguments: str, path: str
) -> None:
    answer = await client.ask(f"{{ brands({arguments}) {{ nodes {{ id }} }} }}")

    assert answer.codes == ["INVALID"]
    assert answer.path == [path]


async def test_an_empty_page_has_no_cursors(client: Client) -> None:
    found = await client.data(
        "{ messages { edges { cursor } nodes { id } totalCount"
        " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    )

    assert found["messages"] == {
        "edges": [],
        "nodes": [],
        "totalCount": 0,
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
    }


def test_an_order_ends_where_rows_cannot_be_equal_any_more() -> None:
    assert stable(("name",)) == ("name", "id")
    assert stable(("-name",)) == ("-name", "-id")
    assert stable(("id", "name")) == ("id",)
    assert stable(("name", "-name", "-id")) == ("name", "-id")
    assert stable(()) == ("id",)


def test_a_cursor_names_its_place_and_a_changed_one_nothing() -> None:
    identity = list_identity("workspace", "brands")
    cursor = write_cursor(identity, Place(values=("a", None, 3), parent="p"))

    assert read_cursor(identity, cursor, argument="after") == Place(
        values=("a", None, 3), parent="p"
    )
    for at in range(len(cursor)):
        other = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        with pytest.raises(Invalid):
            read_cursor(identity, other, argument="after")
