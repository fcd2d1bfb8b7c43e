"""Moods: every rule with an example, and reasons that can be shown in the text."""

# ruff: noqa: RUF001  (look-alikes and curly apostrophes are what is tested)

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.language.lexicon import READ, lexicon
from hub.language.sentiment import Mood, Sentiment, sentiment_of

GOOD, BAD, PLAIN = Mood.POSITIVE, Mood.NEGATIVE, Mood.NEUTRAL


def read(text: str, language: str) -> Sentiment:
    told = sentiment_of(text, language)
    assert told is not None
    return told


@pytest.mark.parametrize(
    ("language", "text", "mood"),
    [
        # words
        ("fr", "C'est magnifique", GOOD),
        ("fr", "Quelle déception", BAD),
        ("fr", "Le magasin ouvre à 9 h", PLAIN),
        ("en", "This is wonderful", GOOD),
        ("en", "What a disappointment", BAD),
        ("en", "The shop opens at nine", PLAIN),
        # denial, before and behind
        ("fr", "Je n'aime pas du tout", BAD),
        ("fr", "Je recommande pas", BAD),
        ("fr", "Le plat n'était plus bon", BAD),
        ("fr", "Jamais déçue", GOOD),
        ("en", "I don't like the taste, not good", BAD),
        ("en", "never a bad meal", GOOD),
        # which denies nothing
        ("fr", "Je ne peux que vous recommander", GOOD),
        ("fr", "Jamais vu un pain aussi bon", GOOD),
        ("en", "not only good but elegant", GOOD),
        ("en", "It has never looked so beautiful", GOOD),
        # idioms
        ("fr", "pas mal", GOOD),
        ("fr", "pas terrible", BAD),
        ("fr", "n'importe quoi", BAD),
        ("fr", "ça laisse à désirer", BAD),
        ("en", "not bad", GOOD),
        ("en", "could be better", BAD),
        # contrast: what comes after weighs more
        ("fr", "Le lieu est joli mais le service est mauvais", BAD),
        ("fr", "Le service est lent mais le lieu est joli", GOOD),
        ("en", "The room is nice but the staff is rude", BAD),
        ("en", "Pricey, but the quality is excellent", GOOD),
        # in spite of
        ("fr", "Accueil super malgré le retard", GOOD),
        # questions about something bad are questions
        ("fr", "Comment signaler un problème ?", PLAIN),
        ("en", "How do I report a problem?", PLAIN),
        # irony, where it is marked
        ("fr", "Merci pour rien", BAD),
        ("fr", "Bravo, encore une panne", BAD),
        ("en", "Great, another delay and no refund, terrible", BAD),
        ("en", "I love waiting at the airport /s", BAD),
        # emoji and emoticons
        ("fr", "le colis 😡", BAD),
        ("en", "the parcel :)", GOOD),
        ("en", "see http://a.example", PLAIN),
        # stretched
        ("fr", "geniaaaaal", GOOD),
        ("en", "sooooo goooood", GOOD),
    ],
)
def test_every_rule_by_example(language: str, text: str, mood: Mood) -> None:
    assert read(text, language).mood is mood


@pytest.mark.parametrize(
    ("language", "less", "more"),
    [
        ("fr", "C'est bon", "C'est très bon"),
        ("fr", "un peu lent", "lent"),
        ("en", "good", "very good"),
        ("en", "slightly good", "good"),
        ("en", "This is good", "This is GOOD"),
        ("en", "good", "good!!!"),
        ("fr", "merci", "merciiiii"),
    ],
)
def test_degree_and_emphasis_make_it_stronger(language: str, less: str, more: str) -> None:
    assert 0 < abs(read(less, language).score) < abs(read(more, language).score) <= 1


def test_the_reasons_show_where_the_mood_comes_from() -> None:
    text = "😀 Je n'aime pas l’odeur, vraiment horrible"
    told = read(text, "fr")
    shown = {text[reason.start : reason.end]: reason.weight for reason in told.reasons}
    assert shown == {"😀": 2.0, "aime": -1.6, "horrible": -4.05}
    assert told.language == "fr"


def test_the_language_is_detected_and_short_words_are_read_in_both() -> None:
    detected = sentiment_of("La livraison est une catastrophe")
    assert detected is not None
    assert (detected.mood, detected.language) == (BAD, "fr")
    short = sentiment_of("bof")
    assert short is not None
    assert (short.mood, short.language) == (BAD, None)


@pytest.mark.parametrize("text", ["Das ist schlecht", "", "123", "Muchas gracias por la ayuda"])
def test_what_cannot_be_read_has_no_mood(text: str) -> None:
    assert sentiment_of(text) is None


def test_emoji_speak_in_every_language() -> None:
    told = sentiment_of("Muchas gracias por la ayuda 😍", "es")
    assert told is not None
    assert (told.mood, told.language) == (GOOD, None)


@pytest.mark.parametrize("language", sorted(READ))
def test_the_lists_hold_hundreds_of_words_and_nothing_weighs_more_than_three(language: str) -> None:
    lists = lexicon(language)
    assert len(lists.words) > 1000
    assert len(lists.phrases) > 300
    weights = [*lists.words.values(), *lists.phrases.values(), *lists.beginnings.values()]
    assert max(map(abs, weights)) == 3


@given(st.text(max_size=120), st.sampled_from(["fr", "en", "de", None]))
def test_no_text_is_too_strange_and_reasons_lie_inside_it(text: str, language: str | None) -> None:
    told = sentiment_of(text, language)
    if told is None:
        return
    assert -1 <= told.score <= 1
    assert all(0 <= reason.start < reason.end <= len(text) for reason in told.reasons)


def test_nasty_texts_take_bounded_time() -> None:
    for nasty in ("pas ", "!", "good ", "a'", "😀", "mais ", "n'importe ", "#", "x:/"):
        begin = time.process_time()
        sentiment_of(nasty * 50_000, "fr")
        assert time.process_time() - begin < 2, nasty
