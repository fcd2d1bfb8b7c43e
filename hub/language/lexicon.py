"""What words say about a mood, read from the lists in `lexicons/`."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from hub.language.folding import Strength, fold
from hub.language.words import words_of

READ = frozenset(("fr", "en"))
"""The languages whose words are known."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Weights of words and phrases, and the words that change them; everything is folded."""

    words: dict[str, float] = field(default_factory=dict)
    beginnings: dict[str, float] = field(default_factory=dict)
    phrases: dict[tuple[str, ...], float] = field(default_factory=dict)
    modifiers: dict[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)
    longest: dict[str, int] = field(default_factory=dict)
    """How many words the longest phrase has that begins with a word."""

    def weight(self, word: str) -> float | None:
        """Return the weight of one word, None where it says nothing."""
        known = self.words.get(word)
        if known is not None or not self.beginnings:
            return known
        lengths = range(min(len(word), _LONGEST_BEGINNING), 2, -1)
        return next(
            (self.beginnings[word[:n]] for n in lengths if word[:n] in self.beginnings), None
        )

    def says(self, kind: str, *words: str) -> bool:
        """Say whether the words are a modifier of this kind, such as `negation`."""
        return words in self.modifiers[kind]


_LONGEST_BEGINNING = 14


@cache
def lexicon(language: str) -> Lexicon:
    """Return the lists of French or English; read once, in a few milliseconds."""
    lists = _lists(language)
    made = Lexicon(
        modifiers={kind: _sequences(words) for kind, words in lists["modifiers"].items()}
    )
    for group in lists["group"]:
        for entry in _entries(group["words"]):
            _put(made, entry, group["weight"], language)
    return made


@cache
def signs() -> dict[str, float]:
    """Return the weights of emoji and emoticons, which are the same in every language."""
    return {
        sign: group["weight"] for group in _lists("any")["group"] for sign in group["words"].split()
    }


def _lists(language: str) -> dict[str, Any]:
    place = resources.files("hub.language") / "lexicons" / f"sentiment.{language}.toml"
    return tomllib.loads(place.read_text("utf-8"))


def _entries(text: str) -> Iterator[str]:
    return (entry.strip() for entry in text.replace("\n", " ").split(",") if entry.strip())


def _folded(text: str) -> tuple[str, ...]:
    return tuple(word.readings[0] for word in words_of(fold(text), Strength.PLAIN))


def _sequences(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(map(_folded, _entries(text)))


def _put(made: Lexicon, entry: str, weight: float, language: str) -> None:
    words = _folded(entry)
    if len(words) > 1:
        made.phrases.setdefault(words, weight)
        made.longest[words[0]] = max(len(words), made.longest.get(words[0], 1))
    elif entry.endswith("*"):
        made.beginnings.setdefault(words[0], weight)
    elif entry.startswith("="):
        made.words[words[0]] = weight
    else:
        for form in _FORMS[language](words[0]):
            made.words.setdefault(form, weight)


def _french_forms(word: str) -> Iterable[str]:
    """Return the plural and the feminine as they are made regularly, and the word itself."""
    yield word
    if word.endswith("e"):
        yield word + "s"
        return
    stem = next(
        (word[: -len(end)] + new for end, new in _FEMININE.items() if word.endswith(end)), word
    )
    yield from (word + "s", stem + "e", stem + "es")


_FEMININE = {"eux": "eus", "if": "iv", "el": "ell", "en": "enn", "on": "onn", "er": "er"}


def _english_forms(word: str) -> Iterable[str]:
    """Return the regular forms in -s, -ed, -ing and -ly, and the word itself."""
    yield word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        yield from (word[:-1] + end for end in ("ies", "ied", "ily", "ying"))
        return
    stem = word.removesuffix("e")
    yield from (word + "s", word + "es", stem + "ed", stem + "ing", word + "ly", stem + "y")
    if len(word) < 6:
        yield from (word + word[-1] + "ed", word + word[-1] + "ing")


_FORMS = {"fr": _french_forms, "en": _english_forms}
