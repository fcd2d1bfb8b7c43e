"""Voice guides: one per brand and language, set as a whole, looked up from near to far."""

from functools import partial
from typing import Any

import pytest

from hub.kernel.errors import Conflict
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.strategy import guides
from hub.strategy.guides import guide_for
from hub.strategy.models import VoiceGuide
from hub.strategy.voice import (
    BannedWord,
    Bounds,
    Disclosure,
    DisclosureWhen,
    Guide,
    Spelling,
    VoiceSeverity,
)
from tests.factories import World
from tests.hub.traces import promised, refusal, tell

FRENCH = Guide(
    banned_words=(BannedWord(phrase="pas cher", suggestion="à petit prix"),),
    required_disclosures=(Disclosure(alternatives=("Publicité", "#pub")),),
    hashtags=Bounds(most=2),
)


async def set_guide(world: World, guide: Guide = FRENCH, **more: Any) -> VoiceGuide:
    given = {"brand_id": world.brand_id, "locale": "fr", **more}
    async with world.hub.unit_of_work(world.manager) as work:
        return await guides.set_guide(work, guide=guide, **given)


async def test_a_guide_is_set_changed_as_a_whole_and_removed(world: World) -> None:
    made: list[VoiceGuide] = []

    async def act(work: UnitOfWork, **more: Any) -> None:
        made.append(await guides.set_guide(work, brand_id=world.brand_id, locale="fr", **more))

    (told,) = await tell(world, world.manager, partial(act, guide=FRENCH, tone_do=[" Tutoyer "]))
    assert (told.name, told.subject_id) == ("voice_guide.set", made[0].id)
    assert told.data["brand_id"] == str(world.brand_id)
    assert (made[0].version, made[0].tone_do) == (1, ["Tutoyer"])
    assert await promised(world.hub) == [("content.check_voice", f"voice:{world.brand_id}")]

    same = await tell(world, world.manager, partial(act, guide=FRENCH, tone_do=["Tutoyer"]))
    assert same == []

    (told,) = await tell(
        world, world.manager, partial(act, guide=Guide(emoji=Bounds(least=1)), expected_version=1)
    )
    assert set(told.data["fields"]) == {
        *("tone_do", "banned_words", "required_disclosures", "hashtags", "emoji"),
    }
    assert (made[-1].id, made[-1].version) == (made[0].id, 2)

    (told,) = await tell(
        world,
        world.manager,
        lambda work: guides.delete_guide(work, guide_id=made[0].id, expected_version=2),
    )
    assert (told.name, told.data) == (
        "voice_guide.deleted",
        {"brand_id": str(world.brand_id), "locale": "fr"},
    )
    async with world.hub.unit_of_work(world.system) as work:
        assert await guide_for(work, brand_id=world.brand_id, locale="fr") is None


async def test_a_lost_update_of_a_guide_is_refused(world: World) -> None:
    with pytest.raises(Conflict) as refused:
        await set_guide(world, expected_version=1)
    assert refused.value.current_version == 0

    row = await set_guide(world)
    for act in (
        partial(set_guide, world, Guide(), expected_version=7),
        lambda: _delete(world, row, 7),
    ):
        with pytest.raises(Conflict) as refused:
            await act()
        assert refused.value.current_version == 1


async def _delete(world: World, row: VoiceGuide, version: int) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        await guides.delete_guide(work, guide_id=row.id, expected_version=version)


BAD: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"locale": "french"}, ("locale",)),
    ({"tone_do": [" "]}, ("toneDo", "0")),
    ({"tone_dont": ["x"] * 51}, ("toneDont",)),
    ({"guide": Guide(banned_words=(BannedWord(phrase=" "),))}, ("bannedWords", "0", "phrase")),
    (
        {"guide": Guide(banned_words=(BannedWord(phrase="\u0301"),))},
        ("bannedWords", "0", "phrase"),
    ),
    (
        {"guide": Guide(banned_words=(BannedWord(phrase="x", suggestion="y" * 201),))},
        ("bannedWords", "0", "suggestion"),
    ),
    ({"guide": Guide(banned_words=(BannedWord(phrase="x"),) * 501)}, ("bannedWords",)),
    (
        {"guide": Guide(required_disclosures=(Disclosure(alternatives=()),))},
        ("requiredDisclosures", "0", "alternatives"),
    ),
    (
        {
            "guide": Guide(
                required_disclosures=(Disclosure(alternatives=("x",), when=DisclosureWhen.TAGGED),)
            )
        },
        ("requiredDisclosures", "0", "tag"),
    ),
    (
        {"guide": Guide(preferred_spellings=(Spelling(wrong="a", right="a"),))},
        ("preferredSpellings", "0", "to"),
    ),
    (
        {"guide": Guide(preferred_spellings=(Spelling(wrong="a", right="\x00"),))},
        ("preferredSpellings", "0", "to"),
    ),
    ({"guide": Guide(hashtags=Bounds(least=3, most=2))}, ("hashtags", "most")),
    ({"guide": Guide(emoji=Bounds(least=-1))}, ("emoji", "least")),
]


async def test_a_guide_that_cannot_be_is_refused(world: World) -> None:
    valid: dict[str, Any] = {"brand_id": world.brand_id, "locale": "fr", "guide": FRENCH}
    for change, path in BAD:
        act = partial(guides.set_guide, **{**valid, **change})
        assert await refusal(world, world.manager, act) == ("INVALID", ("input", *path)), change
    unknown = partial(guides.set_guide, **{**valid, "brand_id": new_id()})
    assert await refusal(world, world.manager, unknown) == ("NOT_FOUND", ("input", "brandId"))


async def test_a_region_is_heard_before_its_language_and_nobody_else(world: World) -> None:
    region = await set_guide(world, Guide(), locale="fr-CA")
    language = await set_guide(world)

    async with world.hub.unit_of_work(world.system) as work:
        found = {
            locale: await guide_for(work, brand_id=world.brand_id, locale=locale)
            for locale in ("fr-CA", "fr-BE", "fr", "en")
        }

    assert {locale: one and one.id for locale, one in found.items()} == {
        "fr-CA": region.id,
        "fr-BE": language.id,
        "fr": language.id,
        "en": None,
    }
    assert found["fr"] is not None
    assert found["fr"].guide == FRENCH


async def test_words_are_checked_while_they_are_written(world: World) -> None:
    await set_guide(world)

    async with world.hub.unit_of_work(world.editor) as work:
        found = await guides.check(
            work, brand_id=world.brand_id, locale="fr-CA", text="Pas cher #a #b", tags=["c"]
        )
        english = await guides.check(work, brand_id=world.brand_id, locale="en", text="Pas cher")

    assert [(one.code, one.field, one.start, one.end, one.severity) for one in found] == [
        ("VOICE_BANNED_WORD", "text", 0, 8, VoiceSeverity.BLOCKING),
        ("VOICE_DISCLOSURE_MISSING", "text", None, None, VoiceSeverity.BLOCKING),
        ("VOICE_TOO_MANY_HASHTAGS", "text", None, None, VoiceSeverity.ADVISING),
    ]
    assert english == []
    for given, path in (
        ({"text": "x" * 100_001}, ("text",)),
        ({"locale": "??"}, ("locale",)),
        ({"tags": ["x"] * 101}, ("tags",)),
    ):
        valid: dict[str, Any] = {"brand_id": world.brand_id, "locale": "fr", "text": "x"}
        act = partial(guides.check, **{**valid, **given})
        assert await refusal(world, world.editor, act) == ("INVALID", path)
