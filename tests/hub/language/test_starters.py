"""The lists to start moderation from: they compile, and find the usual, not its neighbours."""

# ruff: noqa: RUF001  (look-alikes and curly apostrophes are what is tested)

import pytest

from hub.language.starters import LANGUAGES, Screen, starters

SCREENS = {language: Screen(language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lists_have_words_without_doubles(language: str) -> None:
    assert [starter.kind for starter in starters(language)] == ["insult", "spam"]
    for starter in starters(language):
        assert len(starter.words) > 100
        assert all(word == word.strip() for word in starter.words)


@pytest.mark.parametrize(
    ("language", "text", "kind", "shown"),
    [
        ("fr", "t'es un c0nn@rd", "insult", "c0nn@rd"),
        ("fr", "Bande d’idiots !", "insult", "Bande d’idiots"),
        ("fr", "Cliquez ici", "spam", "Cliquez ici"),
        ("en", "what a m-o-r-o-n", "insult", "m-o-r-o-n"),
        ("en", "you are pathetic", "insult", "you are pathetic"),
        ("en", "Cl1ck   here", "spam", "Cl1ck   here"),
    ],
)
def test_the_usual_is_found_in_spite_of_disguise(
    language: str, text: str, kind: str, shown: str
) -> None:
    hit = SCREENS[language].read(text)
    assert hit is not None
    assert (hit[0], text[hit[1].start : hit[1].end]) == (kind, shown)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Putain de bonne nouvelle pour le concours !"),
        ("fr", "Le document de la classe, par l'assassin"),
        ("fr", "Quel imbécile je fais"),
        ("en", "Greetings from Scunthorpe, Essex and Penistone"),
        ("en", "Damn good class, what an assassin"),
        ("en", "I'm an idiot, the code was in my spam folder"),
    ],
)
def test_neighbours_of_bad_words_are_left_alone(language: str, text: str) -> None:
    assert SCREENS[language].read(text) is None
