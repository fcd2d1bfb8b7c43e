"""Which language a short text is written in; rather none than a guess."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

from hub.language.folding import UNSEEN

MOST_READ = 2_000
"""Code points that are read: a longer text is no clearer."""

# What a brand in Europe is likely to meet, and all that is often taken for one of these.
LANGUAGES = (
    *("ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hr"),
    *("hu", "is", "it", "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sr", "sv", "th"),
    *("tr", "uk", "vi", "zh"),
)
"""The languages that are told apart, as ISO 639-1 codes."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language and how far it is ahead of the next likely one, from 0 to 1."""

    code: str
    confidence: float


class _Result(Protocol):
    scores: dict[str, float]


class _Detector(Protocol):
    def detect_details(self, text: str) -> _Result: ...


# What is the same in every language: links, addresses, handles, hashtags, words with digits.
_NO_LANGUAGE = re.compile(r"(?:https?://|www\.)\S*|(?<!\S)[^\s@]+@\S+|[@#]\w+|\b\w*\d\w*")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_UNSEEN = dict.fromkeys(map(ord, UNSEEN))
# Scripts that write many words without a space between them.
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

# Found on the development texts of tests/accuracy: below these, more than one in ten was wrong.
_WORDS, _LETTERS = 3, 8
_AHEAD_OF_FEW, _AHEAD = 0.1, 0.01


def language_of(text: str) -> Language | None:
    """Return the language of a text; None for too little of it, or for one that stays unclear.

    Links, handles, hashtags, numbers and emoji do not count. One or two words count where they
    are long and leave no doubt.
    """
    words = telling_words(text)
    letters = sum(map(len, words))
    few = len(words) < _WORDS and not _UNSPACED.search("".join(words))
    if not words or (few and letters < _LETTERS):
        return None
    scores = sorted(_detector().detect_details(" ".join(words)).scores.items(), key=_by_score)
    if not scores:
        return None
    code, best = scores[0]
    ahead = best - (scores[1][1] if len(scores) > 1 else 0)
    if ahead < (_AHEAD_OF_FEW if few else _AHEAD):
        return None
    return Language(code, round(ahead / best, 3))


def telling_words(text: str) -> list[str]:
    """Return the words that can tell; single letters cannot, and are how words are hidden."""
    plain = _NO_LANGUAGE.sub(" ", text[:MOST_READ].translate(_UNSEEN))
    return [word.lower() for word in _WORD.findall(plain) if len(word) > 1 or not word.isascii()]


def _by_score(scored: tuple[str, float]) -> tuple[float, str]:
    return -scored[1], scored[0]


@cache
def _detector() -> _Detector:
    import eldc  # 26 MB on disk, of which only the pages that are asked for come into memory

    eldc.init()
    detector = eldc.instance()
    detector.set_languages(list(LANGUAGES))
    detector.set_scores(2)
    return cast("_Detector", detector)
