"""What a monitor finds, what it refuses to look for, and where the same thing is the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.kernel.errors import Invalid
from hub.reputation.rules import (
    FEED_PACE,
    Query,
    Text,
    asked_for,
    believable,
    canonical_url,
    found_in,
    next_look,
    require_query,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIGHTHOUSE = Query(any=("phare", "lighthouse"))


@pytest.mark.parametrize(
    ("query", "text", "terms"),
    [
        (LIGHTHOUSE, "Le PHARE est fermé.", ("phare",)),
        (LIGHTHOUSE, "l'effet phares", None),
        (LIGHTHOUSE, "A lighthouse, un phare", ("phare", "lighthouse")),
        (LIGHTHOUSE, "lighthouses", None),
        (Query(any=("lighthouse*",)), "lighthouses", ("lighthouse*",)),
        (Query(any=("café du port",)), "au CAFE DU PORT hier", ("café du port",)),
        (Query(any=("café du port",)), "au café près du port", None),
        (Query(all=("port", "phare")), "Le port sans rien", None),
        (Query(all=("port", "phare")), "Le phare du port", ("port", "phare")),
        (Query(any=("phare",), none=("phare ouest",)), "le phare ouest", None),
        (Query(any=("phare",), none=("phare ouest",)), "le phare est", ("phare",)),
        (Query(all=("phare",), any=("panne", "fermé")), "Le phare est là", None),
        (Query(all=("phare",), any=("panne", "fermé")), "Phare ferme", ("phare", "fermé")),
        (Query(hashtags=("ÉtéAuPort",)), "Vive #eteauport !", ("#ÉtéAuPort",)),
        (Query(hashtags=("été",)), "Vive #étéauport", None),
        (Query(hashtags=("été",)), "Vive l'été", None),
        (Query(handles=("brand",)), "Merci @Brand.", ("@brand",)),
        (Query(handles=("brand",)), "Merci @brand@social.example", ("@brand",)),
        (Query(handles=("brand@social.example",)), "Merci @brand", None),
        (Query(handles=("brand",)), "mail ada@brand.example", None),
        (Query(handles=("brand",), any=("phare",)), "le phare", ("phare",)),
    ],
)
def test_a_query_finds_whole_words_whatever_their_case_and_accents(
    query: Query, text: str, terms: tuple[str, ...] | None
) -> None:
    assert found_in(query, Text(text=text)) == terms


@pytest.mark.parametrize(
    ("language", "found"), [("fr", True), ("fr-CA", True), ("en", False), ("", True)]
)
def test_a_language_that_is_not_wanted_is_passed_over_and_an_unknown_one_is_not(
    language: str, found: bool
) -> None:
    query = Query(any=("phare",), languages=("fr",))

    assert (found_in(query, Text(text="phare", language=language)) is not None) is found


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, ()),
        ({"none": ("phare",)}, ()),
        ({"languages": ("fr",)}, ()),
        ({"any": ("le",)}, ("any", "0")),
        ({"any": ("phare", "et")}, ("any", "1")),
        ({"any": ("a*",)}, ("any", "0")),
        ({"any": ("les*",)}, ("any", "0")),
        ({"any": ("est là",)}, ("any", "0")),
        ({"all": ("the",)}, ("all", "0")),
        ({"all": ("the", "of")}, ("all", "0")),
        ({"any": ("",)}, ("any", "0")),
        ({"any": ("…",)}, ("any", "0")),
        ({"any": ("x" * 201,)}, ("any", "0")),
        ({"any": ("a\x00b",)}, ("any", "0")),
        ({"any": tuple(f"word{n}" for n in range(51))}, ("any",)),
        ({"hashtags": ("not one",)}, ("hashtags", "0")),
        ({"handles": ("a b",)}, ("handles", "0")),
        ({"any": ("phare",), "languages": ("??",)}, ("languages", "0")),
    ],
)
def test_what_would_find_everything_or_nothing_is_refused(
    given: dict[str, Any], path: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as refused:
        require_query(Query(**given), path=("input", "query"))

    assert refused.value.path == ("input", "query", *path)


def test_a_common_word_may_stand_beside_a_telling_one() -> None:
    given = Query(
        all=("phare", "le"),
        any=("est",),
        hashtags=("#Été",),
        handles=("@ada",),
        languages=("fr-CA",),
    )

    assert require_query(given, path=()) == Query(
        all=("phare", "le"), any=("est",), hashtags=("Été",), handles=("ada",), languages=("fr",)
    )
    assert Query.from_json(given.to_json()) == given


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (Query(all=("le", "phare")), ("phare",)),
        (Query(any=("phare", "lighthouse*")), ("phare", "lighthouse")),
        (
            Query(any=("a1b", "c1d", "e1f", "g1h"), hashtags=("x",), handles=("y",)),
            ("#x", "@y", "a1b", "c1d", "e1f"),
        ),
    ],
)
def test_a_platform_is_asked_for_few_terms_that_find_what_can_fit(
    query: Query, asked: tuple[str, ...]
) -> None:
    assert asked_for(query) == asked


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/a?id=1",
        "http://www.news.example/a?id=1",
        "https://NEWS.example:443/a/?id=1&utm_source=x&fbclid=y#top",
    ],
)
def test_the_same_article_has_one_address(url: str) -> None:
    assert canonical_url(url) == "news.example/a?id=1"


@pytest.mark.parametrize(
    "url", ["", "ftp://x.example/a", "javascript:alert(1)", "https://", "https://x:y/", "/a"]
)
def test_what_is_no_address_of_the_web_has_none(url: str) -> None:
    assert canonical_url(url) == ""


def test_another_page_is_another_article() -> None:
    assert canonical_url("https://x.example/?p=1") != canonical_url("https://x.example/?p=2")


@pytest.mark.parametrize(
    ("given", "minutes"),
    [
        ({"last_found_at": NOW}, 15),
        ({"last_found_at": NOW - timedelta(days=8)}, 60),
        ({"last_found_at": None}, 15),
        ({"last_found_at": NOW, "failures": 2}, 60),
        ({"last_found_at": NOW, "failures": 50}, 720),
        ({"last_found_at": NOW, "asked_to_wait": timedelta(hours=3)}, 180),
    ],
)
def test_a_place_that_is_silent_or_ill_is_looked_at_less_often(
    given: dict[str, Any], minutes: int
) -> None:
    assert next_look(pace=FEED_PACE, now=NOW, **given) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        (None, NOW),
        (NOW + timedelta(seconds=1), NOW),
        (NOW - timedelta(days=4000), NOW),
        (NOW - timedelta(days=2), NOW - timedelta(days=2)),
    ],
)
def test_a_time_that_makes_no_sense_is_the_time_it_was_found(
    said: datetime | None, believed: datetime
) -> None:
    assert believable(said, now=NOW) == believed
