"""Which language: told where there is enough to read, and not guessed where there is not."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.language.detection import LANGUAGES, MOST_READ, language_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Toujours pas reçu mon colis", "fr"),
        ("slt, vs livrez aussi en corse svp ?", "fr"),
        ("LIVRAISON TOUJOURS PAS RECUE", "fr"),
        ("Where is my order?", "en"),
        ("not gonna lie, pretty good", "en"),
        ("¿Cuándo llega mi pedido?", "es"),
        ("Wann kommt mein Paket an?", "de"),
        ("Quando arriva il mio ordine?", "it"),
        ("Quando chega a minha encomenda?", "pt"),
        ("Wanneer komt mijn bestelling aan?", "nl"),
        ("注文した商品はいつ届きますか", "ja"),
        ("Félicitations", "fr"),
    ],
)
def test_a_language_is_told(text: str, code: str) -> None:
    told = language_of(text)
    assert told is not None
    assert told.code == code
    assert 0 < told.confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        *("", "ok", "😂😂😂", "2024", "iPhone 15", "@bonjour_la_france", "#jeconcours #gagner"),
        *("https://example.com/le-concours-est-ouvert", "jean@example.com", "www.bonjour.example"),
        "C O N N A R D",
    ],
)
def test_too_little_to_read_is_unknown(text: str) -> None:
    assert language_of(text) is None


def test_links_handles_and_emoji_make_no_difference() -> None:
    plain = language_of("Where is my order?")
    assert plain is not None
    assert (
        language_of("@boutique Where is my order? 😡 https://exemple.fr/mon-colis #livraison")
        == plain
    )


@given(st.text(max_size=200))
def test_no_text_is_too_strange(text: str) -> None:
    told = language_of(text)
    assert told is None or told.code in LANGUAGES


def test_nasty_texts_and_very_many_different_ones_are_read_quickly() -> None:
    dice = random.Random(7)
    signs = [chr(code) for code in range(0x20, 0x3000) if chr(code).isalpha()]
    begin = time.process_time()
    for nasty in ("a" * 100_000, "a@" * 50_000, "aa " * 30_000, "1a" * 50_000, "\0é " * 30_000):
        language_of(nasty)
    for _ in range(300):
        language_of("".join(dice.choices(signs, k=MOST_READ)))
    assert time.process_time() - begin < 5
