"""What words would look like, asked by a frontend while they are written."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.channels.platforms import PLATFORMS
from hub.content.models import Asset, AssetState
from hub.content.rules import VariantWords, Words
from hub.kernel.ids import new_id
from hub.kernel.work import Hub
from tests.factories import World, a_channel, an_item
from tests.schema.client.api import Api, Desk, gid

PREVIEW = """
query($input: VariantPreviewInput!) {
  variantPreviews(input: $input) {
    platform { key } channel { name } title counter partsLimit fields publishable
    parts { text length limit remaining bytes bytesLimit media { alt asset { filename } } }
    problems { code severity field limit actual }
  }
}
"""


async def previews(api: Api, **given: Any) -> list[dict[str, Any]]:
    """Return the previews of words."""
    answer = await api.ask(PREVIEW, input=given)
    assert answer.errors == []
    found: list[dict[str, Any]] = answer.data["variantPreviews"]
    return found


async def rows(hub: Hub) -> dict[str, int]:
    """Return how many rows there are of everything a preview might write."""
    async with hub.unscoped() as session:
        return {
            table: int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())
            for table in ("events", "jobs")
        }


async def a_picture(world: World, *, state: AssetState = AssetState.READY) -> UUID:
    """Put a picture into the workspace."""
    picture = new_id()
    async with world.hub.unit_of_work(world.system) as work:
        work.session.add(
            Asset(
                id=picture,
                workspace_id=world.workspace_id,
                brand_id=world.brand_id,
                filename="cat.png",
                state=state,
                alt={"fr": "Un chat"},
                mime="image/png",
                size=10,
                width=4,
                height=3,
                sha256="ab" * 32,
                storage_key="ab/cat.png",
            )
        )
    return picture


async def test_unsaved_words_are_counted_and_judged_per_target_and_nothing_is_stored(
    hub: Hub, desk: Desk
) -> None:
    channel = await a_channel(desk.world, name="Our network")
    picture = await a_picture(desk.world)
    before = await rows(hub)

    network, feed = await previews(
        desk.editor,
        title="Été",
        parts=[{"text": "é" * 480, "media": [gid("Asset", picture)]}, {"text": "Fin."}],
        link="https://example.org/a-page-with-a-long-address",
        tags=["news"],
        locale="fr",
        channelIds=[gid("Channel", channel)],
        platforms=["feed"],
    )

    first, second = network["parts"]
    assert (network["platform"], network["channel"]) == (
        {"key": "mastodon"},
        {"name": "Our network"},
    )
    assert (network["counter"], network["partsLimit"]) == ("mastodon", 25)
    assert first["text"].endswith("\n\nhttps://example.org/a-page-with-a-long-address\n\n#news")
    assert (first["length"], first["limit"], first["remaining"]) == (512, 500, -12)
    assert (second["length"], second["remaining"], second["bytes"]) == (4, 496, 4)
    assert first["bytes"] == 960 + 2 + 46 + 2 + 5
    assert first["media"] == [{"alt": "Un chat", "asset": {"filename": "cat.png"}}]
    assert network["fields"]["language"] == "fr"
    assert network["problems"] == [
        {
            "code": "TEXT_TOO_LONG",
            "severity": "ERROR",
            "field": "parts.0.text",
            "limit": 500,
            "actual": 512,
        }
    ]
    assert network["publishable"] is False
    assert (feed["platform"], feed["channel"]) == ({"key": "feed"}, None)
    assert (feed["title"], feed["problems"], feed["publishable"]) == ("Été", [], True)
    assert feed["fields"]["html"].startswith("<p>éé")
    assert await rows(hub) == before


async def test_a_stored_item_is_shown_as_it_is_with_what_was_changed_since(desk: Desk) -> None:
    item = await an_item(
        desk.world,
        text="Stored",
        variants=[
            VariantWords(platform="mastodon", words=Words(), settings={"visibility": "unlisted"})
        ],
    )
    given = {"contentItemId": gid("ContentItem", item), "platforms": ["mastodon"]}

    (stored,) = await previews(desk.editor, **given)
    (changed,) = await previews(desk.editor, **given, tags=["new"])
    (other,) = await previews(
        desk.editor,
        **given,
        variants=[{"platform": "mastodon", "parts": [{"text": "Mine"}]}],
    )

    assert [part["text"] for part in stored["parts"]] == ["Stored"]
    assert stored["fields"]["visibility"] == "unlisted"
    assert changed["parts"][0]["text"] == "Stored\n\n#new"
    assert other["parts"][0]["text"] == "Mine"
    assert other["fields"]["visibility"] == "public"


async def test_a_picture_that_is_not_ready_is_a_problem_where_it_stands(desk: Desk) -> None:
    late = await a_picture(desk.world, state=AssetState.PROCESSING)
    ready = await a_picture(desk.world)

    (found,) = await previews(
        desk.editor,
        parts=[{"text": "Look", "media": [gid("Asset", late), gid("Asset", ready)]}],
        locale="fr",
        platforms=["mastodon"],
    )

    assert len(found["parts"][0]["media"]) == 1
    assert [(one["code"], one["field"]) for one in found["problems"]] == [
        ("MEDIA_NOT_READY", "parts.0.media.0")
    ]
    assert found["publishable"] is False


@pytest.mark.parametrize("key", sorted(PLATFORMS))
async def test_every_platform_can_be_looked_at_without_an_account(desk: Desk, key: str) -> None:
    (found,) = await previews(
        desk.editor, title="Hello", parts=[{"text": "Hello"}], locale="en", platforms=[key]
    )

    assert found["platform"] == {"key": key}
    assert found["channel"] is None
    assert "Hello" in found["parts"][0]["text"]


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"platforms": []}, "INVALID", ["input", "channelIds"]),
        ({"platforms": ["feed"] * 21}, "INVALID", ["input", "channelIds"]),
        ({"platforms": ["feed", "tiktok"]}, "INVALID", ["input", "platforms", "1"]),
        ({"parts": None}, "INVALID", ["input", "parts"]),
        ({"locale": None}, "INVALID", ["input", "locale"]),
        ({"locale": "no language"}, "INVALID", ["input", "locale"]),
        ({"link": "javascript:alert(1)"}, "INVALID", ["input", "link"]),
        ({"tags": ["#x"]}, "INVALID", ["input", "tags", "0"]),
        ({"parts": [{"text": "x" * 100_001}]}, "INVALID", ["input", "parts", "0", "text"]),
        (
            {"parts": [{"text": "x" * 100_000}], "platforms": ["feed"] * 5},
            "INVALID",
            ["input"],
        ),
        (
            {"parts": [{"text": "x", "media": [gid("Asset", new_id())]}]},
            "INVALID",
            ["input", "parts", "media"],
        ),
        (
            {"variants": [{"platform": "mastodon", "settings": {"visibility": "loud"}}]},
            "INVALID",
            ["input", "variants", "0", "settings", "visibility"],
        ),
        ({"contentItemId": gid("ContentItem", new_id())}, "NOT_FOUND", ["input", "contentItemId"]),
        ({"channelIds": [gid("Channel", new_id())]}, "NOT_FOUND", ["input", "channelIds", "0"]),
        ({"channelIds": ["x"]}, "NOT_FOUND", ["input", "channelIds", "0"]),
    ],
)
async def test_what_could_not_be_stored_cannot_be_looked_at(
    desk: Desk, given: dict[str, Any], code: str, path: list[str]
) -> None:
    usual = {"parts": [{"text": "Hello"}], "locale": "en", "platforms": ["mastodon"]}

    answer = await desk.editor.ask(PREVIEW, input={**usual, **given})

    assert answer.codes == [code]
    assert answer.errors[0]["extensions"]["path"] == path


async def test_nobody_looks_at_another_workspaces_things(desk: Desk, stranger: Desk) -> None:
    channel = gid("Channel", await a_channel(stranger.world))
    item = gid("ContentItem", await an_item(stranger.world))
    picture = gid("Asset", await a_picture(stranger.world))
    usual = {"parts": [{"text": "Hello"}], "locale": "en"}

    refused = [
        await desk.editor.ask(PREVIEW, input={**usual, "channelIds": [channel]}),
        await desk.editor.ask(PREVIEW, input={"contentItemId": item, "platforms": ["feed"]}),
        await desk.editor.ask(
            PREVIEW,
            input={
                **usual,
                "parts": [{"text": "Hello", "media": [picture]}],
                "platforms": ["feed"],
            },
        ),
        await desk.api.ask(PREVIEW, input={**usual, "platforms": ["feed"]}),
    ]

    assert [one.codes for one in refused] == [
        ["NOT_FOUND"],
        ["NOT_FOUND"],
        ["INVALID"],
        ["UNAUTHENTICATED"],
    ]


async def test_every_platform_can_be_looked_at_before_there_is_a_channel(desk: Desk) -> None:
    found = await previews(
        desk.editor,
        title="A title",
        parts=[{"text": "Hello, everybody"}],
        locale="en",
        platforms=list(PLATFORMS),
    )

    assert [one["platform"]["key"] for one in found] == list(PLATFORMS)
