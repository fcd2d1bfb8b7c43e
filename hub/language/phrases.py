"""Finding many words and phrases at once, as whole words, with where they stand in the text.

Words are looked up in a tree of words, so the time depends on the text and hardly on how many
phrases there are. An Aho-Corasick automaton over characters finds parts of words too; what it finds
would have to be checked for beginning and end, for elision, and for what may stand between words.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hub.language.folding import Folded, Strength, fold, undisguised
from hub.language.words import Word, words_of

MOST_PHRASES = 2_000
"""Phrases in one matcher."""
MOST_LETTERS = 200
"""Code points of one phrase."""
MOST_WORDS = 40
"""Words of one phrase."""
MOST_MATCHES = 1_000
"""Matches that are told of one text: the first of them."""


class PhraseRefused(ValueError):
    """A phrase nobody could find; the message says why and what to write instead."""


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """An occurrence of a phrase: `text[start:end]` in code points."""

    start: int
    end: int
    phrase: str


@dataclass(slots=True)
class _Node:
    """A place in the tree of words: what may follow, and the phrases that end here."""

    words: "dict[str, _Node]" = field(default_factory=dict)
    beginnings: "dict[str, _Node]" = field(default_factory=dict)
    lengths: set[int] = field(default_factory=set)
    phrases: tuple[str, ...] = ()


class Phrases:
    """Words and phrases to look for; made once, used for many texts.

    `word*` also finds words that only begin so. White space in a phrase stands for white space,
    hyphens and apostrophes, under `HARD` for any few signs.
    """

    def __init__(self, phrases: Iterable[str], *, strength: Strength = Strength.PLAIN) -> None:
        """Compile the phrases; raises `PhraseRefused` for one that says nothing or too much."""
        self.strength = strength
        self.phrases = tuple(dict.fromkeys(phrases))
        if len(self.phrases) > MOST_PHRASES:
            raise PhraseRefused(f"At most {MOST_PHRASES} words and phrases in one list.")
        self._plain = _tree(self.phrases, Strength.PLAIN)
        self._hard = _tree(self.phrases, Strength.HARD) if strength is Strength.HARD else None

    def find(self, text: str | Folded) -> tuple[Match, ...]:
        """Return every occurrence, in the order of the text; of the first 100,000 code points.

        Who has many lists for one text folds it once, in the plain strength.
        """
        plain = fold(text) if isinstance(text, str) else text
        found = itertools.islice(self._occurrences(plain), MOST_MATCHES)
        return tuple(sorted(set(found)))

    def _occurrences(self, plain: Folded) -> Iterator[Match]:
        if self._hard is None:
            yield from _occurrences(self._plain, plain, Strength.PLAIN)
            return
        hard = undisguised(plain)
        yield from _occurrences(self._hard, hard, Strength.HARD)
        # What was no disguise ("con!tu") is found as it is written.
        if hard.text != plain.text:
            yield from _occurrences(self._plain, plain, Strength.PLAIN)


# --- the tree ------------------------------------------------------------------------------------

_WRITTEN = re.compile(r"([^*]+)(\*?)")
_LONE_STAR = re.compile(r"(?<![^\W_])\*|\*(?=[^\W_])")


def _tree(phrases: Iterable[str], strength: Strength) -> _Node:
    root = _Node()
    for phrase in phrases:
        _plant(root, phrase, _spelt(phrase, strength))
    return root


def _spelt(phrase: str, strength: Strength) -> list[str]:
    """Return a phrase as folded words; a wildcard stays at the end of its word."""
    shown = phrase if len(phrase) <= 40 else f"{phrase[:40]}…"
    if len(phrase) > MOST_LETTERS:
        raise PhraseRefused(f"“{shown}”: a phrase has at most {MOST_LETTERS} characters.")
    if _LONE_STAR.search(phrase):
        raise PhraseRefused(
            f"“{shown}”: the star stands only at the end of a word, as in “promo*”."
        )
    words: list[str] = []
    for written, star in _WRITTEN.findall(phrase):
        words += [word.readings[0] for word in words_of(fold(written, strength), strength)]
        if star and len(words[-1]) < 2:
            once = "; what repeats a letter is read as one" if strength is Strength.HARD else ""
            raise PhraseRefused(f"“{shown}”: two letters or more stand before a star{once}.")
        words[-1:] = [words[-1] + star] if words else []
    if not words:
        raise PhraseRefused(f"“{shown}” has no letter, digit or emoji to look for.")
    if len(words) > MOST_WORDS:
        raise PhraseRefused(f"“{shown}”: a phrase has at most {MOST_WORDS} words.")
    return words


def _plant(node: _Node, phrase: str, words: list[str]) -> None:
    for word in words:
        if word.endswith("*"):
            node.lengths.add(len(word) - 1)
            node = node.beginnings.setdefault(word[:-1], _Node())
        else:
            node = node.words.setdefault(word, _Node())
    if phrase not in node.phrases:
        node.phrases = (*node.phrases, phrase)


def _occurrences(tree: _Node, folded: Folded, strength: Strength) -> Iterator[Match]:
    words = words_of(folded, strength)
    for first, word in enumerate(words):
        here = _following((tree,), word)
        last = first
        while here:
            for node in here:
                for phrase in node.phrases:
                    yield Match(*folded.span(word.start, words[last].end), phrase)
            if not words[last].goes_on:
                break
            last += 1
            here = _following(here, words[last])


def _following(nodes: Iterable[_Node], word: Word) -> list[_Node]:
    """Return where the word leads; a place that is reached twice counts once."""
    reached: dict[int, _Node] = {}
    for node in nodes:
        for reading in word.readings:
            if (exactly := node.words.get(reading)) is not None:
                reached[id(exactly)] = exactly
            for length in node.lengths:
                if (begun := node.beginnings.get(reading[:length])) is not None:
                    reached[id(begun)] = begun
    return list(reached.values())
