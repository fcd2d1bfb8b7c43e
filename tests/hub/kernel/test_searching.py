"""What a person types, as terms: words, beginnings, phrases, and what must not be there."""

import pytest

from hub.kernel.errors import Invalid
from hub.kernel.searching import LONGEST, MOST_TERMS, terms_of

PATH = ("filter", "search")


@pytest.mark.parametrize(
    ("asked", "terms"),
    [
        ("été", ["*été"]),
        ("fête de la mer", ["+fête", "+de", "+la", "*mer"]),
        ("fête ", ["+fête"]),
        ('"fête de la mer"', ["=fête de la mer"]),
        ('plage "fête de', ["+plage", "=fête de"]),
        ("“fête de” «la mer»", ["=fête de", "=la mer"]),
        ("fête -plage", ["+fête", "-plage"]),
        ('fête -"à la plage"', ["+fête", "!à la plage"]),
        ("rendez-vous", ["*rendez-vous"]),
        ("- fête", ["*fête"]),
        ("l'été", ["*été"]),
        ("QU\u2019elle -d\u2019hiver", ["+elle", "-hiver"]),
        ("don't aujourd'hui", ["+don't", "*aujourd'hui"]),
        ('fête ""', ["+fête"]),
        ("été !", ["+été"]),
        ("--a", ["--a"]),
    ],
)
def test_terms_say_what_they_are(asked: str, terms: list[str]) -> None:
    assert terms_of(asked, path=PATH) == terms


@pytest.mark.parametrize("asked", ["", " ", "\n\t "])
def test_nothing_typed_asks_for_nothing(asked: str) -> None:
    assert terms_of(asked, path=PATH) is None


@pytest.mark.parametrize("asked", ['"', "-", '""""', "<->", ":*", "&|!", "\\", "-- -"])
def test_signs_without_a_word_are_a_search_that_finds_nothing(asked: str) -> None:
    assert terms_of(asked, path=PATH) == []


@pytest.mark.parametrize(
    "asked", ["x" * (LONGEST + 1), " ".join(["x"] * (MOST_TERMS + 1)), " " * 10_000]
)
def test_what_is_too_long_is_refused_at_its_place(asked: str) -> None:
    with pytest.raises(Invalid) as refused:
        terms_of(asked, path=PATH)

    assert refused.value.path == PATH
