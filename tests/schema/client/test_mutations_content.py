"""Items and their revisions, written by a client."""

from typing import Any

import pytest

from hub.kernel.ids import new_id
from tests.factories import a_channel
from tests.schema.client.api import Desk, gid

ITEM = (
    "contentItem{id title locale version archived externalReference campaign{id}"
    " currentRevision{number hash slug summary link tags parts{text}"
    " variants{platform{key} channel{id} title parts{text} settings}}}"
)


def _hello(desk: Desk, **other: Any) -> dict[str, Any]:
    return {
        "brandId": desk.brand,
        "title": "Hello",
        "parts": [{"text": "Hello, world"}],
        "locale": "en",
        **other,
    }


async def _written(desk: Desk, **other: Any) -> dict[str, Any]:
    answer = await desk.editor.do("contentItemCreate", ITEM, **_hello(desk, **other))
    assert answer.payload["errors"] == []
    return dict(answer.payload["contentItem"])


async def test_an_item_is_written_with_its_variants(desk: Desk) -> None:
    channel_id = gid("Channel", await a_channel(desk.world))

    item = await _written(
        desk,
        tags=["news"],
        externalReference="cms-7",
        variants=[
            {"platform": "mastodon", "settings": {"visibility": "unlisted"}},
            {"channelId": channel_id, "parts": [{"text": "Hi"}, {"text": "there"}]},
        ],
    )

    revision = item["currentRevision"]
    assert (item["version"], item["externalReference"], revision["number"]) == (1, "cms-7", 1)
    assert (revision["slug"], revision["tags"]) == ("hello", ["news"])
    assert revision["parts"] == [{"text": "Hello, world"}]
    assert [
        (variant["platform"] and variant["platform"]["key"], variant["channel"], variant["parts"])
        for variant in revision["variants"]
    ] == [
        ("mastodon", None, None),
        (None, {"id": channel_id}, [{"text": "Hi"}, {"text": "there"}]),
    ]
    assert revision["variants"][0]["settings"] == {"visibility": "unlisted"}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"title": ""}, {"code": "INVALID", "path": ["input", "title"]}),
        ({"title": "x" * 301}, {"code": "INVALID", "path": ["input", "title"]}),
        ({"parts": []}, {"code": "INVALID", "path": ["input", "parts"]}),
        (
            {"parts": [{"text": "x" * 100_001}]},
            {"code": "INVALID", "path": ["input", "parts", "0", "text"]},
        ),
        (
            {"parts": [{"text": "a", "media": ["nonsense"]}]},
            {"code": "NOT_FOUND", "path": ["input", "parts", "0", "media", "0"]},
        ),
        (
            {"parts": [{"text": "a", "media": [gid("Asset", new_id())]}]},
            {"code": "INVALID", "path": ["input", "parts", "media"]},
        ),
        ({"link": "javascript:alert(1)"}, {"code": "INVALID", "path": ["input", "link"]}),
        ({"tags": ["#news"]}, {"code": "INVALID", "path": ["input", "tags", "0"]}),
        ({"campaignId": "x"}, {"code": "NOT_FOUND", "path": ["input", "campaignId"]}),
        ({"variants": [{}]}, {"code": "INVALID", "path": ["input", "variants", "0"]}),
        (
            {"variants": [{"platform": "mastodon", "settings": {"colour": "red"}}]},
            {"code": "INVALID", "path": ["input", "variants", "0", "settings", "colour"]},
        ),
        (
            {"variants": [{"channelId": gid("Channel", new_id())}]},
            {"code": "NOT_FOUND", "path": ["input", "variants", "0", "channelId"]},
        ),
    ],
)
async def test_a_bad_item_is_refused_and_nothing_is_written(
    desk: Desk, given: dict[str, Any], error: dict[str, Any]
) -> None:
    answer = await desk.editor.do("contentItemCreate", ITEM, **_hello(desk, **given))

    listed = await desk.editor.ask("{contentItems{totalCount}}")
    assert answer.refusal == error
    assert listed.data["contentItems"]["totalCount"] == 0


async def test_an_update_is_a_new_revision_that_keeps_what_was_not_given(desk: Desk) -> None:
    item = await _written(
        desk, summary="Short", link="https://a.example", variants=[{"platform": "mastodon"}]
    )

    changed = await desk.editor.do(
        "contentItemUpdate",
        ITEM,
        id=item["id"],
        parts=[{"text": "Hello again"}],
        link="",
        expectedVersion=1,
    )

    revision = changed.payload["contentItem"]["currentRevision"]
    assert changed.payload["contentItem"]["version"] == 2
    assert (revision["number"], revision["parts"]) == (2, [{"text": "Hello again"}])
    assert (revision["summary"], revision["link"]) == ("Short", "")
    assert len(revision["variants"]) == 1
    assert revision["hash"] != item["currentRevision"]["hash"]


async def test_an_update_with_the_same_words_is_no_revision(desk: Desk) -> None:
    item = await _written(desk)

    same = await desk.editor.do("contentItemUpdate", ITEM, id=item["id"], title="Hello")

    assert same.payload["contentItem"] == item


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"title": None}, {"code": "INVALID", "path": ["input", "title"]}),
        ({"parts": None}, {"code": "INVALID", "path": ["input", "parts"]}),
        ({"campaignId": None}, {"code": "INVALID", "path": ["input", "campaignId"]}),
        (
            {"title": "New", "expectedVersion": 3},
            {"code": "CONFLICT", "path": ["input", "expectedVersion"], "currentVersion": 1},
        ),
    ],
)
async def test_a_bad_update_of_an_item_makes_no_revision(
    desk: Desk, given: dict[str, Any], error: dict[str, Any]
) -> None:
    item = await _written(desk)

    answer = await desk.editor.do("contentItemUpdate", ITEM, id=item["id"], **given)

    read = await desk.editor.ask(
        "query($id:ID!){node(id:$id){... on ContentItem{title revisions{totalCount}}}}",
        id=item["id"],
    )
    assert answer.refusal == error
    assert read.data["node"] == {"title": "Hello", "revisions": {"totalCount": 1}}


async def test_an_archived_item_is_not_changed_any_more(desk: Desk) -> None:
    item = await _written(desk)

    archived = await desk.editor.do("contentItemArchive", ITEM, id=item["id"], expectedVersion=1)
    later = await desk.editor.do("contentItemUpdate", ITEM, id=item["id"], title="New")

    assert archived.payload["contentItem"]["archived"] is True
    assert later.refusal == {"code": "WRONG_STATE", "path": ["input", "id"]}


async def test_another_workspaces_item_and_brand_do_not_exist(desk: Desk, stranger: Desk) -> None:
    foreign = await _written(stranger)

    changed = await desk.editor.do("contentItemUpdate", ITEM, id=foreign["id"], title="Mine")
    archived = await desk.editor.do("contentItemArchive", ITEM, id=foreign["id"])
    made = await desk.editor.do("contentItemCreate", ITEM, **_hello(stranger))

    assert changed.refusal == archived.refusal == {"code": "NOT_FOUND", "path": ["input", "id"]}
    assert made.refusal == {"code": "NOT_FOUND", "path": ["input", "brandId"]}
