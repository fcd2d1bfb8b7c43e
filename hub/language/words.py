"""Words of a folded text, as readers see them: elisions apart, contractions whole."""

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from hub.language.folding import Folded, Strength


class Word(NamedTuple):
    """A word of a folded text: `text[start:end]`, the ways to read it, and what is behind it."""

    readings: tuple[str, ...]
    start: int
    end: int
    goes_on: bool
    """Whether a phrase may go on with the next word: only a space or a hyphen is between them."""


# Scripts without spaces: every sign counts as a word. So does an emoji.
_SIGNS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff\u2600-\u27bf\U0001f000-\U0001faff"
)
_LETTERS = rf"[^\W_{_SIGNS}]+"
_TOKEN = re.compile(rf"[{_SIGNS}]|{_LETTERS}(?:'{_LETTERS})*")
# What French elides before a vowel, and what English hangs behind a word.
_ELIDED = frozenset(
    (*"cdjlmnst", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "quelqu", "presqu", "entr")
)
_HUNG_ON = frozenset(("s", "d", "m", "ll", "re", "ve"))
_BETWEEN_WORDS = " \t\r\n\u2028\u2029-\u2010\u2011\u2012\u2013'"
_MOST_BETWEEN = 8
_TRIPLE = re.compile(r"([^\W\d_])\1\1")
_ALSO_L = frozenset("1!|")
_MOST_READINGS = 8
_LONGEST = 200  # letters of a word that is read in more ways than one


def words_of(folded: Folded, strength: Strength) -> list[Word]:
    """Return the words in their order. Every sign of an unspaced script is one, every emoji too."""
    spans = [span for token in _TOKEN.finditer(folded.text) for span in _parts(token)]
    text = folded.text
    following = [start for start, _ in spans[1:]]
    return [
        Word(
            _readings(folded, start, end) if strength is Strength.HARD else (text[start:end],),
            start,
            end,
            next_start is not None and _goes_on(text[end:next_start], strength),
        )
        for (start, end), next_start in itertools.zip_longest(spans, following)
    ]


def _parts(token: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Return the spans of the words in "l'arnaque", "brand's", "aujourd'hui" and "don't"."""
    begin = end = token.start()
    for index, piece in enumerate(token[0].split("'")):
        if index and (token.string[begin:end] in _ELIDED or piece in _HUNG_ON):
            yield begin, end
            begin = end + 1
        end += len(piece) + (index > 0)
    yield begin, end


def _goes_on(between: str, strength: Strength) -> bool:
    if strength is Strength.HARD:
        return len(between) <= _MOST_BETWEEN
    return not between.strip(_BETWEEN_WORDS)


def _readings(folded: Folded, start: int, end: int) -> tuple[str, ...]:
    """Return the ways to read a word: "hellllo" as helo and hello, "se1l" as seil and sell."""
    word = folded.text[start:end]
    written = folded.original[folded.starts[start] : folded.ends[end - 1]]
    doubtful = not _ALSO_L.isdisjoint(written) or _TRIPLE.search(word)
    if not doubtful or len(word) > _LONGEST:
        return (word,)
    pieces: list[tuple[str, ...]] = [
        ("i", "l") if folded.original[folded.starts[start + index]] in _ALSO_L else (letter,)
        for index, letter in enumerate(word)
    ]
    for found in _TRIPLE.finditer(word):
        pieces[found.start() : found.end()] = [(found[1], found[1] * 2), ("",), ("",)]
    ways = map("".join, itertools.product(*pieces))
    return tuple(itertools.islice(ways, _MOST_READINGS))
