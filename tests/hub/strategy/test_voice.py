"""What a voice guide says of words, in French and English."""

from typing import Any

import orjson
import pytest

from hub.strategy.voice import (
    BannedWord,
    Bounds,
    Disclosure,
    DisclosureWhen,
    Finding,
    Guide,
    Spelling,
    Text,
    VoiceSeverity,
    candidates,
    hashtags_in,
    whole_findings,
    word_findings,
)

BLOCKING, ADVISING = VoiceSeverity.BLOCKING, VoiceSeverity.ADVISING


def said(*texts: str) -> list[Text]:
    return [Text(field=f"parts.{index}.text", text=text) for index, text in enumerate(texts)]


def whole(guide: Guide, *texts: str, tags: tuple[str, ...] = (), paid: bool = False) -> list[Any]:
    found = whole_findings(guide, said(*texts), tags=tags, paid=paid)
    return [(one.code, one.field, one.start, one.end, one.limit, one.actual) for one in found]


def test_a_banned_word_says_where_it_stands_and_what_to_say_instead() -> None:
    guide = Guide(
        banned_words=(
            BannedWord(phrase="pas cher", suggestion="à petit prix", reason="Nous réparons."),
            BannedWord(phrase="guru", severity=ADVISING),
        )
    )

    assert word_findings(guide, said("Oui.", "Un Guru PAS CHER")) == [
        Finding(
            code="VOICE_BANNED_WORD",
            message="“Guru” is not a word of this brand.",
            severity=ADVISING,
            field="parts.1.text",
            start=3,
            end=7,
        ),
        Finding(
            code="VOICE_BANNED_WORD",
            message="“PAS CHER” is not a word of this brand. Say “à petit prix” instead. "
            "Nous réparons.",
            severity=BLOCKING,
            field="parts.1.text",
            start=8,
            end=16,
            suggestion="à petit prix",
        ),
    ]


def test_a_spelling_is_mended_but_not_where_it_is_right_already() -> None:
    guide = Guide(
        preferred_spellings=(
            Spelling(wrong="github", right="GitHub"),
            Spelling(wrong="mail", right="e-mail", severity=BLOCKING),
        )
    )

    found = word_findings(guide, said("GitHub, Github, e-mail, mail, E-mail"))

    assert [(one.start, one.suggestion, one.severity) for one in found] == [
        (8, "GitHub", ADVISING),
        (24, "e-mail", BLOCKING),
        (32, "e-mail", BLOCKING),
    ]
    assert found[0].message == "This brand writes “GitHub”, not “Github”."


@pytest.mark.parametrize(
    ("rule", "text", "tags", "paid", "missing"),
    [
        (Disclosure(alternatives=("#ad", "Publicité")), "Achetez", (), False, True),
        (Disclosure(alternatives=("#ad", "Publicité")), "PUBLICITE : achetez", (), False, False),
        (Disclosure(alternatives=("#ad", "Publicité")), "Buy #AD", (), False, False),
        (Disclosure(alternatives=("#ad",)), "Buy #adventure", (), False, True),
        (Disclosure(alternatives=("#ad",)), "Buy", ("Ad",), False, False),
        (Disclosure(alternatives=("ad",)), "Buy", ("ad",), False, True),
        (Disclosure(alternatives=("x",), when=DisclosureWhen.PAID), "Buy", (), False, False),
        (Disclosure(alternatives=("x",), when=DisclosureWhen.PAID), "Buy", (), True, True),
        (
            Disclosure(alternatives=("x",), when=DisclosureWhen.TAGGED, tag="Été"),
            "Buy",
            ("ete",),
            False,
            True,
        ),
        (
            Disclosure(alternatives=("x",), when=DisclosureWhen.TAGGED, tag="été"),
            "Buy",
            ("hiver",),
            False,
            False,
        ),
    ],
)
def test_a_disclosure_is_missed_when_it_must_be_there(
    rule: Disclosure, text: str, tags: tuple[str, ...], paid: bool, missing: bool
) -> None:
    found = whole(Guide(required_disclosures=(rule,)), text, tags=tags, paid=paid)

    expected = [("VOICE_DISCLOSURE_MISSING", "parts", None, None, None, None)]
    assert found == (expected if missing else [])


def test_hashtags_are_counted_in_all_parts_and_beside_them_once() -> None:
    guide = Guide(hashtags=Bounds(least=2, most=3))

    assert whole(guide, "#a1 #b", "et #Été #d", tags=("ete",)) == [
        ("VOICE_TOO_MANY_HASHTAGS", "parts.1.text", 8, 10, 3, 4)
    ]
    assert whole(guide, "#a", tags=("b", "c", "d")) == [
        ("VOICE_TOO_MANY_HASHTAGS", "parts", None, None, 3, 4)
    ]
    assert whole(guide, "none") == [("VOICE_TOO_FEW_HASHTAGS", "parts", None, None, 2, 0)]
    assert whole(guide, "#a #b") == []


def test_emoji_are_counted_as_people_see_them() -> None:
    guide = Guide(emoji=Bounds(least=1, most=2, severity=BLOCKING))

    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert whole(guide, f"{family} \U0001f600 \U0001f1eb\U0001f1f7") == [
        ("VOICE_TOO_MANY_EMOJI", "parts.0.text", 8, 10, 2, 3)
    ]
    assert whole(guide, "aucun") == [("VOICE_TOO_FEW_EMOJI", "parts", None, None, 1, 0)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#a", ["#a"]),
        ("# title\n## two", []),
        ("https://x.example/#part?a#b page#c &#38; #1 #1er", ["#1er"]),
        ("(#été,\uff03全角)", ["#été", "\uff03全角"]),
        ("##double", []),
    ],
)
def test_a_hashtag_is_a_sign_and_a_word(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in hashtags_in(text)] == found


def test_a_guide_is_stored_and_read_again() -> None:
    guide = Guide(
        banned_words=(BannedWord(phrase="x", severity=ADVISING),),
        required_disclosures=(
            Disclosure(alternatives=("#ad", "pub"), when=DisclosureWhen.TAGGED, tag="t"),
        ),
        preferred_spellings=(Spelling(wrong="a", right="b"),),
        hashtags=Bounds(least=1),
        emoji=None,
    )

    stored = orjson.loads(orjson.dumps(guide.to_json()))

    assert Guide.from_json({**stored, "locale": "fr"}) == guide


def test_a_region_falls_back_to_its_language() -> None:
    assert candidates("zh-Hant-TW") == ["zh-Hant-TW", "zh-Hant", "zh"]
    assert candidates("fr") == ["fr"]


def test_an_empty_guide_finds_nothing() -> None:
    assert word_findings(Guide(), said("Tout va.")) == []
    assert whole(Guide(), "Tout va.", tags=("a",), paid=True) == []
