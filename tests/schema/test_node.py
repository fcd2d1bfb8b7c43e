"""Global ids: good for one type in one workspace, and unknown everywhere else."""

from uuid import uuid4

import pytest

from hub.kernel.errors import NotFound
from schema.base.node import from_global_id, to_global_id
from tests.schema.conftest import Client
from tests.schema.library import Library


@pytest.mark.parametrize(
    "bad", ["", "x", "Q29udGVudEl0ZW06", "é", "Q29udGVudEl0ZW06" * 9, "\ud800", "Viewer"]
)
def test_a_malformed_id_is_like_an_unknown_one(bad: str) -> None:
    with pytest.raises(NotFound, match="There is nothing with this id"):
        from_global_id(bad, "ContentItem")


def test_an_id_is_good_for_its_type_only() -> None:
    one = uuid4()

    assert from_global_id(to_global_id("Brand", one), "Brand") == ("Brand", one)
    with pytest.raises(NotFound):
        from_global_id(to_global_id("Brand", one), "Campaign")
    with pytest.raises(NotFound):
        from_global_id(to_global_id("Brand", str(one).upper()), "Brand")


async def test_an_id_of_another_type_is_unknown(client: Client, library: Library) -> None:
    answer = await client.ask(
        "query($id: ID!) { brand(id: $id) { name } }", id=to_global_id("Campaign", library.campaign)
    )

    assert answer.data == {"brand": None}
    assert answer.codes == ["NOT_FOUND"]


async def test_nodes_keep_their_order_and_read_each_type_once(
    client: Client, library: Library, other: Library
) -> None:
    item = await library.an_item(title="One")
    ids = [
        to_global_id("ContentItem", item),
        to_global_id("Brand", library.brand),
        "nonsense",
        to_global_id("Brand", other.brand),
        to_global_id("Viewer", library.rows.workspace_id),
        to_global_id("ContentItem", item),
    ]

    answer = await client.ask(
        "query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Brand { name } "
        "... on ContentItem { title } } }",
        ids=ids,
    )

    assert answer.errors == []
    assert answer.data["nodes"] == [
        {"__typename": "ContentItem", "title": "One"},
        {"__typename": "Brand", "name": "Acme Brand"},
        None,
        None,
        None,
        {"__typename": "ContentItem", "title": "One"},
    ]
    assert answer.statements == 2
