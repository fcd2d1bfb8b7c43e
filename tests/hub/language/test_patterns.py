"""Patterns of strangers: refused with advice, harmless where they run away elsewhere."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.language.patterns import MOST_LETTERS, Pattern, PatternRefused, readable
from hub.language.phrases import MOST_MATCHES, Match


def found(source: str, text: str) -> list[str]:
    return [text[match.start : match.end] for match in Pattern(source).find(text)]


@pytest.mark.parametrize(
    ("source", "text", "hits"),
    [
        (r"\bété(s?)\b", "😀 L'e\u0301te\u0301, ÉTÉS, étésx", ["e\u0301te\u0301", "ÉTÉS"]),
        (r"https?://\S+", "voir https://é.fr/x !", ["https://é.fr/x"]),
        (r"(?-i)PROMO", "promo PROMO", ["PROMO"]),
        (r"\d+ ?€", "à 5 € ou 10€", ["5 €", "10€"]),
        (r"œuf", "Un OEUF, des œufs", ["OEUF", "œuf"]),
        (r"\p{Cyrillic}+", "да yes", ["да"]),
    ],
)
def test_matches_are_told_in_code_points_of_the_text(
    source: str, text: str, hits: list[str]
) -> None:
    assert found(source, text) == hits


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        (r"(a)\1", "refer back"),
        (r"(?P<x>a)(?P=x)", "refer back"),
        (r"(?=a)b", "look ahead"),
        (r"(?<!a)b", "look ahead"),
        (r"a++", "hold on"),
        (r"(?>a)", "hold on"),
        (r"a\Z", r"written \\z"),
        (r"(?#note)a", "no comments"),
        (r"(", "missing"),
        (r"[z-a]", "range"),
        (r"(a{1,50}){1,50}", "too large"),
        (r"\p{L}{1,300}", "too large"),
        (r"", "match nothing"),
        (r"x*", "match nothing"),
        (r"(spam)?", "match nothing"),
        (r"\b", "match nothing"),
        ("a" * (MOST_LETTERS + 1), "at most"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(source: str, advice: str) -> None:
    with pytest.raises(PatternRefused, match=advice):
        Pattern(source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"(a+)+$", "a" * 100_000 + "b"),
        (r"(x+x+)+y", "x" * 100_000),
        (r"(.*)(.*)(.*)=", "y" * 100_000),
        (r"a.*b|a", "a" * 100_000),
        (r"(\w+\s*)+!", "é a" * 33_000),
        # A look to the end, with more in mind than the engine's memory holds, for every character.
        (r"(?s).*a.{200}Z|.", "".join(random.Random(1).choices("ab", k=20_000))),
        (r"(?s).*a.{900}Z|.", "".join(random.Random(1).choices("ab", k=2_000))),
    ],
)
def test_what_runs_away_elsewhere_is_harmless(source: str, text: str) -> None:
    begin = time.process_time()
    assert len(Pattern(source).find(text)) <= MOST_MATCHES
    assert time.process_time() - begin < 3


def test_a_cheap_pattern_is_found_as_often_as_it_stands_there() -> None:
    assert len(found(r"spam\d", "no spam1, but spam2; " * 100)) == 200


def test_a_text_is_made_readable_once_for_many_patterns() -> None:
    text = readable("Été \ud800 🎉 fini")
    assert Pattern("ete").find(text) == (Match(0, 3, "ete"),)
    assert Pattern("fini$").find(text) == (Match(8, 12, "fini$"),)


@given(st.text(max_size=30), st.text(max_size=40))
def test_no_pattern_and_no_text_does_more_than_be_refused(source: str, text: str) -> None:
    try:
        pattern = Pattern(source)
    except PatternRefused:
        return
    for match in pattern.find(text):
        assert 0 <= match.start < match.end <= len(text)
