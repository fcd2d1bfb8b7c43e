"""Folding: what becomes the same, and that every character still knows where it came from."""

# ruff: noqa: RUF001  (look-alikes and curly apostrophes are what is tested)

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.language.folding import MOST_READ, Strength, fold, without_accents

ANY = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("aàœßİıﬁｗ𝐚аеϲ🅐1!@$€.-_ *\u0301\u200b\u00ad\u2019'"),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ÉTÉ à Noël", "ete a noel"),
        ("e\u0301te\u0301", "ete"),
        ("STRAẞE, Straße", "strasse, strasse"),
        ("Œuvre, cæsar, Øl", "oeuvre, caesar, ol"),
        ("İstanbul ısı", "istanbul isi"),
        ("ﬁn ＦＵＬＬ 𝐛𝐨𝐥𝐝 🅐", "fin full bold a"),
        ("l’été `x` ´y´", "l'ete 'x' 'y'"),
        ("co\u00adn\u200bcours", "concours"),
        ("Привет, Ελλάδα", "привет, ελλαδα"),
    ],
)
def test_case_accents_ligatures_and_what_is_not_seen_go_in_both_strengths(
    text: str, folded: str
) -> None:
    assert fold(text).text == folded
    assert fold(text, Strength.HARD).text == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("v1@gr4", "viagra"),
        ("@rnaque $pam a$$", "arnaque spam ass"),
        ("sh!t con!", "shit con!"),
        ("S.P.A.M, s-p-a-m, s_p_a_m", "spam, spam, spam"),
        ("du s p a m", "du spam"),
        ("t'es un c o n", "t'es un con"),
        ("spaaaaaam", "spaaam"),
        ("сonnаrd", "connard"),
        ("scαm", "scam"),
    ],
)
def test_disguises_go_in_the_hard_strength_only(text: str, folded: str) -> None:
    assert fold(text, Strength.HARD).text == folded
    assert fold(text).text != folded


@pytest.mark.parametrize(
    "text", ["100 € en 2024", "5,5 %", "привет сом", "a b", "il y a 2 3 4 jours", "aaa"]
)
def test_numbers_other_alphabets_and_ordinary_letters_are_no_disguise(text: str) -> None:
    assert fold(text, Strength.HARD).text == text


def test_a_character_that_becomes_two_keeps_its_span_in_both() -> None:
    folded = fold("xßy")
    assert folded.text == "xssy"
    assert folded.starts == (0, 1, 1, 2)
    assert folded.ends == (1, 2, 2, 3)
    assert folded.span(1, 3) == (1, 2)


def test_an_accent_of_its_own_and_a_stretch_belong_to_the_letter() -> None:
    assert fold("ne\u0301e").span(1, 2) == (1, 3)
    folded = fold("noooooon", Strength.HARD)
    assert folded.text == "nooon"
    assert folded.span(0, 5) == (0, 8)
    assert fold("naaaaaa", Strength.HARD).span(0, 4) == (0, 7)


def test_a_text_without_accents_keeps_its_case() -> None:
    assert without_accents("ÉTÉ Œuvre (\u200bB)").text == "ETE OEuvre (B)"


@given(ANY, st.sampled_from(Strength))
def test_folding_twice_is_folding_once(text: str, strength: Strength) -> None:
    once = fold(text, strength).text
    assert fold(once, strength).text == once


@given(ANY, st.sampled_from(Strength))
def test_spans_lie_inside_the_text_in_order_and_fold_to_what_they_cover(
    text: str, strength: Strength
) -> None:
    folded = fold(text, strength)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert list(folded.starts) == sorted(folded.starts)
    for start, end in zip(folded.starts, folded.ends, strict=True):
        assert 0 <= start < end <= len(text)
    if strength is Strength.PLAIN:
        for index, character in enumerate(folded.text):
            assert character in fold(text[slice(*folded.span(index, index + 1))]).text


@given(st.text("aéàüñçăйΐ ß", max_size=20))
def test_composed_and_taken_apart_are_the_same(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)).text == fold(text).text


def test_a_hundred_thousand_nasty_characters_take_time_in_proportion() -> None:
    for nasty in ("a ", "é", "1!", "aaab"):
        begin = time.process_time()
        fold(nasty * (MOST_READ // len(nasty)), Strength.HARD)
        assert time.process_time() - begin < 2, nasty


def test_what_is_beyond_the_bound_is_not_read() -> None:
    assert len(fold("a" * (MOST_READ + 5)).text) == MOST_READ
