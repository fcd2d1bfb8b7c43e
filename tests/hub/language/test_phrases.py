"""Words and phrases: whole words only, wherever and however they are written."""

# ruff: noqa: RUF001  (look-alikes and curly apostrophes are what is tested)

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.language.folding import Strength, fold
from hub.language.phrases import MOST_MATCHES, MOST_PHRASES, Match, PhraseRefused, Phrases


def found(phrase: str, text: str, strength: Strength = Strength.PLAIN) -> list[str]:
    return [
        text[match.start : match.end] for match in Phrases([phrase], strength=strength).find(text)
    ]


@pytest.mark.parametrize(
    ("phrase", "text", "hits"),
    [
        ("arnaque", "L’arnaque, d'arnaque ou qu'ARNAQUE ?", ["arnaque", "arnaque", "ARNAQUE"]),
        ("arnaque*", "Des arnaqueurs arnaqués", ["arnaqueurs", "arnaqués"]),
        ("brand", "the brand's page, Brand!", ["brand", "Brand"]),
        (
            "click here",
            "Click   here, click-here\nclick\nhere",
            ["Click   here", "click-here", "click\nhere"],
        ),
        ("crétin", "cre\u0301tin CRETIN", ["cre\u0301tin", "CRETIN"]),
        ("don't", "Don’t!", ["Don’t"]),
        ("arnaque", "#arnaque @arnaque", ["arnaque", "arnaque"]),
        ("🍆", "salut 🍆🍆", ["🍆", "🍆"]),
        ("価格", "この価格は高い", ["価格"]),
        ("promo* d'été", "La promotion d’été", ["promotion d’été"]),
    ],
)
def test_a_phrase_is_found_where_a_reader_sees_it(phrase: str, text: str, hits: list[str]) -> None:
    assert found(phrase, text) == hits
    assert found(phrase, text, Strength.HARD) == hits


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("con", "Le concours, con1, Scunthorpe, un flacon"),
        ("ass", "class assassin"),
        ("hui", "aujourd'hui"),
        ("you won", "you won't believe it"),
        ("click here", "Click. Here it is"),
        ("spam", "s.p.a.m"),
    ],
)
def test_nothing_is_found_inside_other_words_or_across_sentences(phrase: str, text: str) -> None:
    assert found(phrase, text) == []


@pytest.mark.parametrize(
    ("phrase", "text", "hits"),
    [
        ("spam", "S.P.A.M spaaaam sp\u200bam", ["S.P.A.M", "spaaaam", "sp\u200bam"]),
        ("connard", "сonnard c0nn@rd C O N N A R D", ["сonnard", "c0nn@rd", "C O N N A R D"]),
        ("cool", "coooool", ["coooool"]),
        ("sell", "se1l", ["se1l"]),
        ("kill", "k1ll k!!!", ["k1ll"]),
        ("click here", "click... here", ["click... here"]),
        ("con", "t'es con!tu vois", ["con"]),
    ],
)
def test_disguises_are_found_in_the_hard_strength_only(
    phrase: str, text: str, hits: list[str]
) -> None:
    assert found(phrase, text, Strength.HARD) == hits
    assert found(phrase, text) == [hit for hit in hits if fold(hit).text == phrase]


def test_every_phrase_is_told_with_its_place_also_where_they_overlap() -> None:
    phrases = Phrases(["argent facile", "argent", "facile", "argent"])
    assert phrases.phrases == ("argent facile", "argent", "facile")
    assert phrases.find("De l'argent facile") == (
        Match(5, 11, "argent"),
        Match(5, 18, "argent facile"),
        Match(12, 18, "facile"),
    )


@pytest.mark.parametrize("phrase", ["", "…", "a*", "*", "pro*mo", "un *", "x" * 201, "a " * 41])
def test_a_phrase_nobody_could_find_is_refused_with_advice(phrase: str) -> None:
    with pytest.raises(PhraseRefused, match="“"):
        Phrases([phrase])


def test_too_many_phrases_are_refused() -> None:
    with pytest.raises(PhraseRefused, match="At most 2000"):
        Phrases(str(number) for number in range(MOST_PHRASES + 1))


WORDS = st.text(alphabet="abcçé1!.' -", min_size=1, max_size=8)


@given(st.lists(WORDS, max_size=6), st.text(alphabet="abcçé1!.' -\u0301\u200b", max_size=40))
def test_what_is_found_folds_to_what_was_asked_for(words: list[str], text: str) -> None:
    asked = [word for word in words if any(letter.isalnum() for letter in word)]
    for match in Phrases(asked).find(text):
        assert 0 <= match.start < match.end <= len(text)
        hit = fold(text[match.start : match.end]).text
        assert [c for c in hit if c.isalnum()] == [
            c for c in fold(match.phrase).text if c.isalnum()
        ]


@settings(max_examples=30)
@given(st.text("aàb1! .'*\u0430\U0001f346", max_size=40))
def test_the_hard_strength_finds_all_that_the_plain_one_finds(text: str) -> None:
    phrases = [word for word in text.split()[:5] if any(map(str.isalnum, word)) and "*" not in word]
    try:
        plain = Phrases(phrases).find(text)
    except PhraseRefused:
        return
    assert set(plain) <= set(Phrases(phrases, strength=Strength.HARD).find(text))


def test_long_lists_and_nasty_texts_take_bounded_time() -> None:
    phrases = Phrases(
        [f"mot{n} suite" for n in range(300)] + [f"tr{n}*" for n in range(200)] + ["a a a b"],
        strength=Strength.HARD,
    )
    for nasty in ("a ", "mot1 ", "aaa1", "'a", "tr1", "1!", "a'"):
        begin = time.process_time()
        matches = phrases.find(nasty * (20_000 // len(nasty)))
        assert len(matches) <= MOST_MATCHES
        assert time.process_time() - begin < 2, nasty
