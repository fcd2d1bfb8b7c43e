"""Contents say what the brand's voice guide says of them, and what it forbids goes nowhere."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.channels.models import Channel
from hub.channels.platforms.base import Draft, DraftPart, EditionContent, EditionPart
from hub.content import operations as content
from hub.content import voice
from hub.content.models import ContentItem, Edition
from hub.content.rules import Part, RevisionFacts, VariantWords, Words
from hub.content.voice import Voice, edition_problems
from hub.kernel.editing import get
from hub.kernel.errors import HubError
from hub.kernel.ids import new_id
from hub.review import operations as review
from hub.review.models import Review, Verdict
from hub.review.operations import Target
from hub.strategy import guides
from hub.strategy import operations as strategy
from hub.strategy.guides import Heard
from hub.strategy.voice import (
    BannedWord,
    Bounds,
    Disclosure,
    DisclosureWhen,
    Guide,
    Spelling,
    VoiceSeverity,
)
from tests import factories
from tests.factories import World, a_channel, an_item, approve, in_review
from tests.hub.traces import refusal, tell

CHEAP = Guide(banned_words=(BannedWord(phrase="pas cher", suggestion="à petit prix"),))
SHOUT = Guide(
    banned_words=(BannedWord(phrase="wow", severity=VoiceSeverity.ADVISING),),
    required_disclosures=(Disclosure(alternatives=("#ad",), when=DisclosureWhen.PAID),),
)


async def speak(world: World, guide: Guide = CHEAP, locale: str = "fr") -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        await guides.set_guide(work, brand_id=world.brand_id, locale=locale, guide=guide)


async def found_in(world: World, item_id: UUID) -> list[tuple[Any, ...]]:
    item = await factories.item(world, item_id)
    return [
        (one["code"], one["severity"], one["field"], one["start"], one["end"], one["suggestion"])
        for one in item.voice_problems
    ]


BANNED = ("VOICE_BANNED_WORD", "ERROR", "parts.0.text", 2, 10, "à petit prix")


async def test_what_is_written_is_checked_at_once_with_the_guide_it_was_checked_by(
    world: World,
) -> None:
    await speak(world)
    item_id = await an_item(world, text="A PAS CHER", title="Vélo", locale="fr-CA")
    item = await factories.item(world, item_id)

    assert await found_in(world, item_id) == [BANNED]
    async with world.hub.unit_of_work(world.system) as work:
        heard = await guides.guide_for(work, brand_id=world.brand_id, locale="fr")
    assert heard is not None
    assert item.voice_seen == {
        "guide": str(heard.id),
        "version": 1,
        "paid": False,
        "revision": str(item.current_revision_id),
    }
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(
            work, item_id=item_id, words=Words(parts=(Part(text="À petit prix"),))
        )
    assert await found_in(world, item_id) == []
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(work, item_id=item_id, words=Words(title="Pas cher"))
    assert [one[2] for one in await found_in(world, item_id)] == ["title"]
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(work, item_id=item_id, words=Words(), locale="en")
    assert await found_in(world, item_id) == []


async def test_every_variants_words_are_checked(world: World) -> None:
    await speak(world, Guide(**{**CHEAP.__dict__, "hashtags": Bounds(most=1)}))
    variants = [
        VariantWords(platform="feed", words=Words(title="Pas cher"), settings={}),
        VariantWords(
            platform="mastodon",
            words=Words(parts=(Part(text="#a"), Part(text="#b pas cher"))),
            settings={},
        ),
        VariantWords(platform="bluesky", words=Words(tags=("b", "c")), settings={}),
    ]

    item_id = await an_item(world, text="bien", locale="fr", variants=variants)

    assert [(one[0], one[2], one[3]) for one in await found_in(world, item_id)] == [
        ("VOICE_BANNED_WORD", "variants.0.title", 0),
        ("VOICE_BANNED_WORD", "variants.1.parts.1.text", 3),
        ("VOICE_TOO_MANY_HASHTAGS", "variants.1.parts.1.text", 0),
        ("VOICE_TOO_MANY_HASHTAGS", "variants.2.parts", None),
    ]


async def test_what_is_forbidden_can_be_neither_submitted_nor_approved(world: World) -> None:
    channel_id = await a_channel(world)
    item_id = await an_item(world, text="A pas cher", locale="fr")
    review_id = await in_review(world, item_id=item_id, channel_ids=[channel_id])
    await speak(world)

    decide = partial(review.decide, review_id=review_id, verdict=Verdict.APPROVE)
    assert await refusal(world, world.approver, decide) == ("WRONG_STATE", ("input", "reviewId"))

    async with world.hub.unit_of_work(world.editor) as work:
        await review.cancel(work, review_id=review_id)
    submit = partial(review.submit, item_id=item_id, targets=[Target(channel_id=channel_id)])
    assert await refusal(world, world.editor, submit) == (
        "INVALID",
        ("input", "targets", "0", "parts", "0", "text"),
    )
    # Once the rule is gone the same bytes are approved, though they were stored with it.
    await speak(world, Guide())
    again = await in_review(world, item_id=item_id, channel_ids=[channel_id])
    await approve(world, review_id=again)


async def test_a_rule_that_comes_while_a_review_is_prepared_blocks_it(world: World) -> None:
    channel_id = await a_channel(world)
    item_id = await an_item(world, text="A pas cher", locale="fr")
    async with world.hub.unit_of_work(world.editor) as work:
        submitted = await review.submit(
            work, item_id=item_id, targets=[Target(channel_id=channel_id)]
        )
    await speak(world)

    async with world.hub.unit_of_work(world.system) as work:
        await review.prepare(work, review_id=submitted.id)
        row = await work.one(select(Review).where(Review.id == submitted.id))
        edition = await work.one(select(Edition))

    assert row is not None
    assert edition is not None
    assert row.state.value == "BLOCKED"
    assert [(one["code"], one["start"]) for one in edition.problems] == [("VOICE_BANNED_WORD", 2)]


async def test_advice_stops_nothing(world: World) -> None:
    await speak(world, SHOUT, "en")
    item_id = await an_item(world, text="Wow")

    assert [one[1] for one in await found_in(world, item_id)] == ["WARNING"]
    review_id = await in_review(world, item_id=item_id, channel_ids=[await a_channel(world)])
    await approve(world, review_id=review_id)


async def _paid(world: World) -> UUID:
    async with world.hub.unit_of_work(world.manager) as work:
        made = await strategy.create_campaign(work, brand_id=world.brand_id, name="C", paid=True)
    return made.id


async def test_a_paid_campaign_asks_for_its_disclosure(world: World) -> None:
    await speak(world, SHOUT, "en")
    item_id = await an_item(world, text="Buy")
    assert await found_in(world, item_id) == []

    campaign_id = await _paid(world)
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(work, item_id=item_id, words=Words(), campaign_id=campaign_id)

    missing = [("VOICE_DISCLOSURE_MISSING", "ERROR", "parts", None, None, "#ad")]
    assert await found_in(world, item_id) == missing
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(work, item_id=item_id, words=Words(tags=("AD",)))
    assert await found_in(world, item_id) == []
    # A forum leaves tags out, so it is not said there.
    forum = await a_channel(world, platform_key="misago")
    submit = partial(review.submit, item_id=item_id, targets=[Target(channel_id=forum)])
    assert (await refusal(world, world.editor, submit))[0] == "INVALID"


async def test_open_contents_are_checked_anew_in_batches_without_another_version(
    world: World,
) -> None:
    items = [await an_item(world, text=f"{n} pas cher", locale="fr") for n in range(3)]
    put_away = await an_item(world, text="pas cher", locale="fr")
    async with world.hub.unit_of_work(world.editor) as work:
        await content.archive_item(work, item_id=put_away)
    await speak(world)
    assert await found_in(world, items[0]) == []

    after: UUID | None = None
    rounds = 0
    while rounds == 0 or after is not None:
        async with world.hub.unit_of_work(world.system) as work:
            after = await voice.check_again(work, brand_id=world.brand_id, after=after, most=2)
        rounds += 1

    assert rounds == 2
    assert [await found_in(world, one) for one in items] == [[BANNED]] * 3
    assert await found_in(world, put_away) == []
    assert {(await factories.item(world, one)).version for one in items} == {1}
    assert (
        await tell(
            world, world.system, lambda work: voice.check_again(work, brand_id=world.brand_id)
        )
        == []
    )


def test_what_goes_out_is_checked_with_all_that_readers_see() -> None:
    guide = Guide(
        preferred_spellings=(Spelling(wrong="mail", right="e-mail"),), hashtags=Bounds(least=1)
    )
    said = Voice(heard=Heard(guide=guide, id=new_id(), version=1), paid=False)
    edition = EditionContent(
        platform="bluesky",
        title="mail",
        parts=(EditionPart(text="mail"),),
        fields={"tags": ["mail"], "spoiler_text": "mail", "excerpt": "a &amp; mail"},
    )

    found = [(one.code, one.field, one.start) for one in edition_problems(said, edition)]

    assert found == [
        ("VOICE_SPELLING", "title", 0),
        ("VOICE_SPELLING", "summary", 4),
        ("VOICE_SPELLING", "settings.spoiler_text", 0),
        ("VOICE_SPELLING", "tags.0", 0),
        ("VOICE_SPELLING", "parts.0.text", 0),
        # Bluesky never shows the tags of a record.
        ("VOICE_TOO_FEW_HASHTAGS", "parts", None),
    ]
    assert edition_problems(Voice(heard=None, paid=True), edition) == []


async def test_the_words_of_an_answer_are_checked_but_nothing_is_missed_in_it(
    world: World,
) -> None:
    await speak(world, Guide(**{**CHEAP.__dict__, "hashtags": Bounds(least=1)}))
    channel_id = await a_channel(world)

    async with world.hub.unit_of_work(world.system) as work:
        edition = await content.prepare_reply(
            work,
            channel=await get(work, Channel, channel_id),
            answer=Draft(
                title="",
                parts=(DraftPart(text="Oui, pas cher."),),
                locale="fr",
                in_reply_to="1",
            ),
        )

    assert [(one["code"], one["start"]) for one in edition.problems] == [("VOICE_BANNED_WORD", 5)]


def test_what_is_stored_of_one_check_is_bounded() -> None:
    guide = Guide(banned_words=(BannedWord(phrase="x"),))
    said = Voice(heard=Heard(guide=guide, id=new_id(), version=1), paid=False)
    facts = RevisionFacts(
        title="x",
        summary="",
        parts=(Part(text="x " * 500),),
        link="",
        tags=(),
        slug="",
        locale="en",
    )

    assert len(said.problems(facts, [])) == 100


async def test_contents_are_moved_among_pillars_and_audiences(world: World) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        pillar = await strategy.create_pillar(work, brand_id=world.brand_id, name="P")
        audiences = [
            await strategy.create_audience(work, brand_id=world.brand_id, name=name)
            for name in "AB"
        ]
        other = await strategy.create_brand(work, slug="o", name="O", locales=["en"])
        foreign = await strategy.create_pillar(work, brand_id=other.id, name="P")
        strange = await strategy.create_audience(work, brand_id=other.id, name="A")
    item_id = await an_item(world)
    one, two = (audience.id for audience in audiences)
    revise = partial(content.revise_item, item_id=item_id, words=Words())

    steps: list[tuple[dict[str, Any], list[str]]] = [
        ({"pillar_id": pillar.id, "audience_ids": [one, one]}, ["pillar_id", "audience_ids"]),
        ({"pillar_id": pillar.id, "audience_ids": [one]}, []),
        ({"audience_ids": [two]}, ["audience_ids"]),
        ({"without_pillar": True}, ["pillar_id"]),
        ({"audience_ids": []}, ["audience_ids"]),
    ]
    for given, fields in steps:
        told = await tell(world, world.editor, partial(revise, **given))
        assert [one.data for one in told] == ([{"fields": fields}] if fields else []), given

    for given, answer in (
        ({"pillar_id": new_id()}, ("NOT_FOUND", ("input", "pillarId"))),
        ({"pillar_id": foreign.id}, ("INVALID", ("input", "pillarId"))),
        ({"audience_ids": [one, new_id()]}, ("NOT_FOUND", ("input", "audienceIds", "1"))),
        ({"audience_ids": [strange.id]}, ("INVALID", ("input", "audienceIds", "0"))),
        ({"audience_ids": [new_id()] * 51}, ("INVALID", ("input", "audienceIds"))),
    ):
        wrong: dict[str, Any] = given
        assert await refusal(world, world.editor, partial(revise, **wrong)) == answer, given


async def test_what_is_removed_is_gone_from_contents(world: World) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        pillar = await strategy.create_pillar(work, brand_id=world.brand_id, name="P")
        audience = await strategy.create_audience(work, brand_id=world.brand_id, name="A")
    async with world.hub.unit_of_work(world.editor) as work:
        made = await content.create_item(
            work,
            brand_id=world.brand_id,
            words=Words(title="T", parts=(Part(text="x"),)),
            locale="en",
            pillar_id=pillar.id,
            audience_ids=[audience.id],
        )
    async with world.hub.unit_of_work(world.manager) as work:
        await strategy.delete_pillar(work, pillar_id=pillar.id)
        await strategy.delete_audience(work, audience_id=audience.id)

    item: ContentItem = await factories.item(world, made.id)
    assert (item.pillar_id, item.version) == (None, 1)


async def test_a_wrong_locale_is_told_before_a_guide_is_looked_for(world: World) -> None:
    with pytest.raises(HubError) as refused:
        await an_item(world, locale="??")
    assert refused.value.path == ("input", "locale")
