"""The counters say exactly what the networks say, for every text, in linear time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.language.counters import COUNTERS, X_MAX, UnknownCounter, count
from tests.hub.language.lengths import E_ACUTE, FAMILY, FRANCE, LENGTHS, LONG, SHORT, Length

SUBADDITIVE = ("grapheme", "codepoint", "utf16", "bytes")
# Pieces that join, split and price each other in every order.
PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "a",
                " ",
                "\r",
                "\n",
                "\u0301",
                "\u200d",
                "\ufe0f",
                "\u20e3",
                "1",
                "@",
                "@a@b",
                ".io",
            ),
            *("http://", "/", "?", ")", "(", ".", "\u0915", "\u094d", "\u0600", "\u1100", "\u1161"),
            *(
                FAMILY,
                FRANCE,
                FRANCE[0],
                E_ACUTE,
                SHORT,
                LONG,
                "\U0001f3f4",
                "\U000e0067",
                "\ud83d",
            ),
        ]
    ),
    max_size=12,
).map("".join)
TEXTS = st.text(st.characters(exclude_categories=())) | PIECES


@pytest.mark.parametrize("expected", LENGTHS, ids=lambda expected: expected.name)
@pytest.mark.parametrize("counter", sorted(COUNTERS))
def test_a_text_has_the_length_its_network_gives_it(expected: Length, counter: str) -> None:
    assert count(expected.text, counter=counter) == getattr(expected, counter)


def test_the_table_has_a_column_for_every_counter() -> None:
    assert set(Length._fields) == {"name", "text", *COUNTERS}


def test_an_unknown_counter_is_refused_by_name() -> None:
    with pytest.raises(UnknownCounter, match=r"no counter 'words'; there are grapheme, codepoint"):
        count("x", counter="words")
    with pytest.raises(KeyError):
        count("x", counter="")


def test_the_price_of_an_address_is_the_servers() -> None:
    assert count(f"{SHORT} {LONG}", counter="mastodon", url_weight=30) == 61
    assert count(f"{SHORT} {LONG}", counter="x_weighted", url_weight=30) == 61
    assert count(SHORT, counter="mastodon", url_weight=0) == 0
    assert count(SHORT, counter="x_weighted", url_weight=0) == 0
    assert count(LONG, counter="grapheme", url_weight=30) == 65


def test_a_negative_price_is_refused() -> None:
    with pytest.raises(ValueError, match="url_weight must not be negative"):
        count("x", counter="mastodon", url_weight=-1)


def test_x_takes_280_letters_or_140_of_anything_heavy() -> None:
    assert count("x" * 280, counter="x_weighted") == X_MAX
    assert count(FAMILY * 140, counter="x_weighted") == X_MAX
    assert count("\u6f22" * 140, counter="x_weighted") == X_MAX
    assert count("\u6f22" * 140 + "x", counter="x_weighted") == X_MAX + 1


@settings(deadline=None)
@given(TEXTS, st.sampled_from(sorted(COUNTERS)))
def test_no_text_is_shorter_than_nothing(text: str, counter: str) -> None:
    assert count(text, counter=counter) >= 0
    assert count(text, counter=counter, url_weight=0) >= 0
    assert (count(text, counter=counter, url_weight=23) > 0) == bool(text)


@settings(deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(SUBADDITIVE))
def test_two_texts_together_are_never_longer_than_apart(
    first: str, second: str, counter: str
) -> None:
    together = count(first + second, counter=counter)
    apart = [count(first, counter=counter), count(second, counter=counter)]
    assert max(apart) <= together <= sum(apart)


@settings(deadline=None)
@given(TEXTS)
def test_the_units_keep_their_order(text: str) -> None:
    lengths = {counter: count(text, counter=counter) for counter in COUNTERS}
    assert lengths["grapheme"] <= lengths["codepoint"] <= lengths["utf16"] <= lengths["bytes"]
    assert lengths["codepoint"] <= lengths["threads"] <= lengths["bytes"]
    assert lengths["mastodon"] <= lengths["grapheme"] + 23 * text.count("://")


HOSTILE = {
    "letters": "a" * 1_000_000,
    "accents on one letter": "e" + "\u0301\u0323" * 250_000,
    "one joiner after another": "\U0001f469\u200d" * 140_000,
    "flags without an end": "\U0001f3f4" + "\U000e0067" * 250_000,
    "schemes": "http://" * 140_000,
    "labels": "http://" + "a." * 500_000,
    "wide labels": "http://\u00e9." * 100_000,
    "brackets": SHORT + "/" + ")" * 990_000,
    "opening brackets": SHORT + "/" + "(" * 990_000,
    "at signs": "@a@" * 330_000,
    "dashes in a host": "@a@" + "a-" * 500_000,
    "addresses": f"{SHORT} " * 80_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_anything_is_counted_in_a_second(name: str) -> None:
    for counter in COUNTERS:
        began = time.process_time()
        count(HOSTILE[name], counter=counter)
        assert time.process_time() - began < 3, counter
