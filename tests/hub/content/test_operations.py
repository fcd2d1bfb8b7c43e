"""Ideas, their immutable revisions, and the editions they are cut to."""

import hashlib
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import func, select

from hub.channels.models import Channel
from hub.content import operations as content
from hub.content import queries
from hub.content.models import Asset, AssetState, ContentItem, Edition, Revision, Variant
from hub.content.rules import Part, VariantWords, Words, revision_hash
from hub.kernel.editing import get
from hub.kernel.errors import WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.strategy import operations as strategy
from tests import factories
from tests.factories import World, a_channel, an_item
from tests.hub.traces import refusal, tell

WORDS = Words(
    title="Été",
    summary="Short",
    parts=(Part(text="One"), Part(text="Two")),
    link="https://a.example",
    tags=("sun",),
)


async def revisions(world: World, item_id: UUID) -> list[Revision]:
    async with world.hub.unit_of_work(world.system) as work:
        found = select(Revision).where(Revision.item_id == item_id).order_by(Revision.number)
        return list(await work.all(found))


async def revise(world: World, item_id: UUID, **given: Any) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(work, item_id=item_id, **{"words": Words(), **given})


async def a_picture(world: World, *, state: AssetState = AssetState.READY) -> UUID:
    async with world.hub.unit_of_work(world.system) as work:
        asset = Asset(
            id=new_id(),
            workspace_id=world.workspace_id,
            filename="cat.png",
            state=state,
            mime="image/png",
            size=3,
            width=1,
            height=1,
            sha256="0" * 64,
            storage_key="x",
            alt={"en": "A cat"},
        )
        work.session.add(asset)
    return asset.id


async def test_an_idea_is_written_down_as_its_first_revision(world: World) -> None:
    made: list[UUID] = []

    async def act(work: UnitOfWork) -> None:
        written = await content.create_item(
            work,
            brand_id=world.brand_id,
            words=WORDS,
            locale="fr",
            variants=[
                VariantWords(
                    platform="mastodon",
                    words=Words(parts=(Part(text="Toot"),)),
                    settings={"visibility": "unlisted"},
                )
            ],
            external_reference="cms-1",
        )
        made.append(written.id)

    (told,) = await tell(world, world.editor, act)

    async with world.hub.unit_of_work(world.system) as work:
        item = await get(work, ContentItem, made[0])
    (revision,) = await revisions(world, item.id)
    assert (told.name, told.subject_id) == ("content_item.created", item.id)
    assert told.data == {"revision_id": str(revision.id)}
    assert (item.title, item.locale, item.version) == ("Été", "fr", 1)
    assert (item.current_revision_id, item.external_reference) == (revision.id, "cms-1")
    assert (revision.number, revision.slug, revision.author_id) == (
        1,
        "ete",
        world.editor.member_id,
    )
    assert revision.parts == [{"text": "One", "media": []}, {"text": "Two", "media": []}]
    async with world.hub.unit_of_work(world.system) as work:
        variants = await queries.variants(work, revision_id=revision.id)
    assert [variant.settings for variant in variants] == [{"visibility": "unlisted"}]
    assert revision.hash == revision_hash(queries.facts_of(revision), variants)


async def test_a_change_is_a_new_revision_and_the_old_one_stays(world: World) -> None:
    item_id = await an_item(world, text="First")

    (told,) = await tell(
        world,
        world.approver,
        lambda work: content.revise_item(
            work, item_id=item_id, expected_version=1, words=Words(parts=(Part(text="Second"),))
        ),
    )

    one, two = await revisions(world, item_id)
    assert (told.name, told.data) == (
        "content_item.revised",
        {"revision_id": str(two.id), "number": 2},
    )
    assert [one.parts[0]["text"], two.parts[0]["text"]] == ["First", "Second"]
    assert (two.title, two.slug, two.locale) == (one.title, one.slug, one.locale)
    assert one.hash != two.hash
    assert (one.author_id, two.author_id) == (world.editor.member_id, world.approver.member_id)
    item = await factories.item(world, item_id)
    assert (item.version, item.current_revision_id) == (2, two.id)


async def test_a_save_that_changes_nothing_makes_no_revision(world: World) -> None:
    variant = VariantWords(
        platform="mastodon", words=Words(title="T"), settings={"sensitive": True}
    )
    item_id = await an_item(world, variants=[variant])

    told = await tell(
        world,
        world.editor,
        lambda work: content.revise_item(
            work,
            item_id=item_id,
            words=Words(title=" Hello ", parts=(Part(text="Hello, world"),)),
            locale="en",
            variants=[variant],
        ),
    )

    assert told == []
    assert len(await revisions(world, item_id)) == 1
    assert (await factories.item(world, item_id)).version == 1


async def test_variants_stay_until_they_are_given_anew(world: World) -> None:
    variant = VariantWords(platform="mastodon", words=Words(title="T"), settings={})
    item_id = await an_item(world, variants=[variant])

    await revise(world, item_id, words=Words(title="New"))
    await revise(world, item_id, variants=[])

    async with world.hub.unit_of_work(world.system) as work:
        kept = [
            len(await queries.variants(work, revision_id=revision.id))
            for revision in await revisions(world, item_id)
        ]
    assert kept == [1, 1, 0]


async def test_another_campaign_is_a_change_but_no_revision(world: World) -> None:
    item_id = await an_item(world)
    async with world.hub.unit_of_work(world.manager) as work:
        campaign = await strategy.create_campaign(work, brand_id=world.brand_id, name="Spring")

    async def move(work: UnitOfWork) -> None:
        await content.revise_item(work, item_id=item_id, words=Words(), campaign_id=campaign.id)

    (told,) = await tell(world, world.editor, move)

    assert (told.name, told.data) == ("content_item.updated", {"fields": ["campaign_id"]})
    item = await factories.item(world, item_id)
    assert (item.campaign_id, item.version) == (campaign.id, 2)
    assert len(await revisions(world, item_id)) == 1
    assert await tell(world, world.editor, move) == []


NO_IDEAS: list[tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = [
    ({"brand_id": new_id()}, ("NOT_FOUND", ("input", "brandId"))),
    ({"campaign_id": new_id()}, ("NOT_FOUND", ("input", "campaignId"))),
    ({"locale": "??"}, ("INVALID", ("input", "locale"))),
    ({"external_reference": "taken"}, ("TAKEN", ("input", "externalReference"))),
    ({"words": Words(title="", parts=WORDS.parts)}, ("INVALID", ("input", "title"))),
    ({"words": Words(title="T")}, ("INVALID", ("input", "parts"))),
    (
        {"words": Words(title="T", parts=(Part(text="", media=(new_id(),)),))},
        ("INVALID", ("input", "parts", "media")),
    ),
    (
        {"variants": [VariantWords(words=Words(), settings={})]},
        ("INVALID", ("input", "variants", "0")),
    ),
    (
        {"variants": [VariantWords(platform="x", words=Words(), settings={})]},
        ("INVALID", ("input", "variants", "0", "platform")),
    ),
    (
        {"variants": [VariantWords(channel_id=new_id(), words=Words(), settings={})]},
        ("NOT_FOUND", ("input", "variants", "0", "channelId")),
    ),
    (
        {"variants": [VariantWords(platform="mastodon", words=Words(), settings={"x": 1})]},
        ("INVALID", ("input", "variants", "0", "settings", "x")),
    ),
    (
        {"variants": [VariantWords(platform="feed", words=Words(), settings={})] * 2},
        ("INVALID", ("input", "variants", "1")),
    ),
    (
        {"variants": [VariantWords(platform="feed", words=Words(tags=("#a",)), settings={})]},
        ("INVALID", ("input", "variants", "0", "tags", "0")),
    ),
]


async def test_an_idea_that_cannot_be_is_refused(world: World) -> None:
    valid: dict[str, Any] = {"brand_id": world.brand_id, "words": WORDS, "locale": "en"}
    async with world.hub.unit_of_work(world.editor) as work:
        await content.create_item(work, **valid, external_reference="taken")

    for change, answer in NO_IDEAS:
        act = partial(content.create_item, **{**valid, **change})
        assert await refusal(world, world.editor, act) == answer, change


async def test_a_campaign_of_another_brand_is_refused(world: World) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        brand = await strategy.create_brand(work, slug="other", name="Other", locales=["en"])
        campaign = await strategy.create_campaign(work, brand_id=brand.id, name="Theirs")

    assert await refusal(
        world,
        world.editor,
        lambda work: content.create_item(
            work, brand_id=world.brand_id, words=WORDS, locale="en", campaign_id=campaign.id
        ),
    ) == ("INVALID", ("input", "campaignId"))


async def test_what_is_put_away_is_not_changed_any_more(world: World) -> None:
    item_id = await an_item(world)

    (told,) = await tell(
        world,
        world.editor,
        lambda work: content.archive_item(work, item_id=item_id, expected_version=1),
    )

    assert (told.name, told.subject_id, told.data) == ("content_item.archived", item_id, {})
    assert await refusal(
        world,
        world.editor,
        lambda work: content.revise_item(work, item_id=item_id, words=Words(title="New")),
    ) == ("WRONG_STATE", ("input", "id"))
    again = await tell(
        world, world.editor, lambda work: content.archive_item(work, item_id=item_id)
    )
    assert again == []


async def test_a_stale_version_is_refused(world: World) -> None:
    item_id = await an_item(world)
    await revise(world, item_id, words=Words(title="New"))

    for act in (
        lambda work: content.revise_item(
            work, item_id=item_id, expected_version=1, words=Words(title="Mine")
        ),
        lambda work: content.archive_item(work, item_id=item_id, expected_version=1),
    ):
        assert await refusal(world, world.editor, act) == (
            "CONFLICT",
            ("input", "expectedVersion"),
        )


async def prepared(world: World, item_id: UUID, channel_id: UUID) -> Edition:
    item = await factories.item(world, item_id)
    async with world.hub.unit_of_work(world.system) as work:
        channel = await get(work, Channel, channel_id)
        edition, _ = await content.prepare(
            work, revision_id=item.current_revision_id, channel=channel
        )
        return edition


async def test_an_edition_is_the_exact_bytes_and_the_same_bytes_are_stored_once(
    world: World,
) -> None:
    item_id = await an_item(world, text="Hello")
    channel_id = await a_channel(world)

    first = await prepared(world, item_id, channel_id)
    again = await prepared(world, item_id, channel_id)

    assert again.id == first.id
    assert first.hash == hashlib.sha256(first.body.encode()).hexdigest()
    assert orjson.loads(first.body)["parts"][0]["text"] == "Hello"
    channel = await factories.channel(world, channel_id)
    assert (first.basis, first.problems, first.origin) == (channel.basis, [], "CONTENT")
    async with world.hub.unit_of_work(world.system) as work:
        assert await work.one(select(func.count()).select_from(Edition)) == 1
        found = await content.edition_content(work, edition_id=first.id)
    assert found.digest() == first.hash


async def test_each_channel_gets_the_variant_that_is_meant_for_it(world: World) -> None:
    own, shared, feed = (
        await a_channel(world),
        await a_channel(world),
        await a_channel(world, platform_key="feed"),
    )
    item_id = await an_item(
        world,
        text="For all",
        variants=[
            VariantWords(channel_id=own, words=Words(parts=(Part(text="For one"),)), settings={}),
            VariantWords(
                platform="mastodon", words=Words(parts=(Part(text="For some"),)), settings={}
            ),
        ],
    )

    texts = [
        orjson.loads((await prepared(world, item_id, channel_id)).body)["parts"][0]["text"]
        for channel_id in (own, shared, feed)
    ]

    assert texts == ["For one", "For some", "For all"]


async def test_pictures_are_named_by_their_hash_and_only_ready_ones_go_out(world: World) -> None:
    ready, busy = await a_picture(world), await a_picture(world, state=AssetState.PROCESSING)
    channel_id = await a_channel(world)
    good = await an_item(world, parts=[Part(text="Look", media=(ready,))])
    early = await an_item(world, parts=[Part(text="Look", media=(busy,))])

    edition = await prepared(world, good, channel_id)

    (media,) = orjson.loads(edition.body)["parts"][0]["media"]
    assert (media["sha256"], media["alt"], media["asset_id"]) == ("0" * 64, "A cat", str(ready))
    with pytest.raises(WrongState, match="still being processed") as refused:
        await prepared(world, early, channel_id)
    assert refused.value.path == ("input", "media")


async def test_a_revision_and_all_that_belongs_to_it_is_read_back_as_it_was_written(
    world: World,
) -> None:
    picture = await a_picture(world)
    part = Part(text="a\u0301 😀 \u202e", media=(picture,))
    variant = VariantWords(
        platform="mastodon", words=Words(parts=(part,), tags=()), settings={"sensitive": True}
    )
    item_id = await an_item(world, parts=[part], variants=[variant])

    (revision,) = await revisions(world, item_id)

    assert queries.facts_of(revision).parts == (part,)
    async with world.hub.unit_of_work(world.system) as work:
        assert await queries.variants(work, revision_id=revision.id) == [variant]
        assert await work.one(select(func.count()).select_from(Variant)) == 1
