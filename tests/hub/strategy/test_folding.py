"""Phrases are found whatever their case and accents, as whole words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.language.folding import folded
from hub.strategy.folding import occurrences


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("Pas cher !", "pas cher", ["Pas cher"]),
        ("c'est pas\u00a0 cher", "pas cher", ["pas\u00a0 cher"]),
        ("L\u2019abonné, l'ABONNE", "abonné", ["abonné", "ABONNE"]),
        ("un abonne\u0301 de plus", "abonné", ["abonne\u0301"]),
        ("les abonnés", "abonné", []),
        ("mon cœur", "coeur", ["cœur"]),
        ("mon coeur", "cœur", ["coeur"]),
        ("Straße", "strasse", ["Straße"]),
        ("aujourd\u2019hui", "hui", []),
        ("don't", "t", []),
        ("the client's and the clients' bill", "client", ["client"]),
        ("the client's and the clients' bill", "clients", ["clients"]),
        ("qu'une offre, lorsqu\u2019une", "une", ["une", "une"]),
        ("#ad #adventure (#AD)", "#ad", ["#ad", "#AD"]),
        ("e-mail or mail", "mail", ["mail", "mail"]),
        ("n°1, n° 1", "n°1", ["n°1"]),
        ("snake_case", "case", []),
        ("a\nb", "a b", ["a\nb"]),
        ("", "x", []),
    ],
)
def test_a_phrase_is_found_as_whole_words(text: str, phrase: str, found: list[str]) -> None:
    assert [text[start:end] for _, start, end in occurrences(text, [phrase])] == found


def test_places_come_in_the_order_of_the_text_with_the_number_of_their_phrase() -> None:
    assert occurrences("b a b", ["a", "b", "ab"]) == [(1, 0, 1), (0, 2, 3), (1, 4, 5)]


def test_nothing_is_found_by_a_phrase_of_nothing() -> None:
    assert occurrences("a\u0301", ["\u0301", " ", ""]) == []
    assert folded(" É\tÀ ") == "e a"


def test_a_long_text_and_many_phrases_take_no_time() -> None:
    text = "l'été à la plage, œuvre d\u2019art " * 3_300

    assert len(occurrences(text, [f"mot {number}" for number in range(499)] + ["art"])) == 3_300


_LETTERS = st.text(alphabet="aAeEÉé\u0301 \t'\u2019-œß#_1", max_size=30)


@given(text=_LETTERS, phrase=_LETTERS)
def test_what_is_found_is_the_phrase_and_stands_apart(text: str, phrase: str) -> None:
    last = 0
    for _, start, end in occurrences(text, [phrase]):
        assert last <= start < end <= len(text)
        assert folded(text[start:end]) == folded(phrase)
        last = end
