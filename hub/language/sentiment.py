"""The mood of a short French or English text, by rules that can be read and shown.

Words and emoji have weights (`lexicons/`). What stands around them changes the weight: denial,
degree, contrast, emphasis. The sum decides; every part of it is named with its place.
"""

import enum
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from hub.language.detection import language_of
from hub.language.folding import Folded, Strength, fold
from hub.language.lexicon import READ, Lexicon, lexicon, signs
from hub.language.words import words_of

MOST_READ = 5_000
"""Code points that are read: the mood of a comment does not hide behind more."""


class Mood(enum.Enum):
    """What a text is, taken as a whole."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


@dataclass(frozen=True, slots=True)
class Reason:
    """A part of a text, in code points, and what it adds to the sum."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Sentiment:
    """How a text sounds: from -1 (as bad as can be) to 1, and why."""

    score: float
    mood: Mood
    language: str | None
    reasons: tuple[Reason, ...]


# Tuned on the development texts of tests/accuracy.
_THRESHOLD = 0.9
_DENIED_GOOD, _DENIED_BAD = -0.8, -0.5
_BEFORE_CONTRAST, _AFTER_CONTRAST = 0.4, 1.4
_BOOST, _DAMP = 1.35, 0.6
_ASKED = 0.4
_LOUD, _STRETCHED = 1.25, 1.2
_LOOK_BACK = 3


def sentiment_of(text: str, language: str | None = None) -> Sentiment | None:
    """Return how a text sounds; None where neither its words nor its emoji can be read.

    The language is an ISO 639-1 code; without one it is detected. A text too short to tell is
    read in French and in English, and counts where only one of them has something to say.
    """
    read = text[:MOST_READ]
    if language is None and (found := language_of(read)) is not None:
        language = found.code
    if language is None:
        return _either(read)
    if language in READ:
        return _judged(read, language, _Reading(read, lexicon(language)).reasons())
    by_signs = _signs(read)
    return _judged(read, None, by_signs) if by_signs else None


def _either(text: str) -> Sentiment | None:
    readings = {language: _Reading(text, lexicon(language)) for language in sorted(READ)}
    told = {language: reading.reasons() for language, reading in readings.items()}
    most = max(told, key=lambda language: (len(told[language]), language))
    moods = {
        sentiment.mood
        for language, reasons in told.items()
        if (sentiment := _judged(text, language, reasons)).mood is not Mood.NEUTRAL
    }
    if len(moods) != 1:
        return None
    judged = _judged(text, most, told[most])
    return replace(judged, language=None)


def _judged(text: str, language: str | None, reasons: list[Reason]) -> Sentiment:
    total = sum(reason.weight for reason in reasons) * (1 + 0.08 * min(text.count("!"), 3))
    if total > 0 and _MARKED_IRONY.search(text):
        total = -total
    mood = Mood.NEUTRAL
    if abs(total) >= _THRESHOLD:
        mood = Mood.POSITIVE if total > 0 else Mood.NEGATIVE
    score = total / math.sqrt(total * total + 6)
    shown = tuple(
        sorted(
            (replace(reason, weight=round(reason.weight, 2)) for reason in reasons),
            key=lambda reason: reason.start,
        )
    )
    return Sentiment(round(score, 3), mood, language, shown)


_MARKED_IRONY = re.compile(r"(?:^|\s)/s(?:\s|$)")


# --- emoji ---------------------------------------------------------------------------------------


@cache
def _sign() -> re.Pattern[str]:
    known = sorted(signs(), key=lambda sign: (-len(sign), sign))
    emoji = "|".join(re.escape(sign) for sign in known if not sign.isascii())
    typed = "|".join(re.escape(sign) for sign in known if sign.isascii())
    return re.compile(rf"{emoji}|(?<![^\s.,!?])(?:{typed})(?!\w)")


def _signs(text: str) -> list[Reason]:
    """Return what emoji say; of the same one only three are heard."""
    heard: dict[str, int] = {}
    reasons = []
    for found in _sign().finditer(text):
        heard[found[0]] = heard.get(found[0], 0) + 1
        if heard[found[0]] <= 3:
            weight = signs()[found[0]] / heard[found[0]]
            reasons.append(Reason(*found.span(), weight))
    return reasons


# --- words ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    start: int
    end: int
    clause: int
    asked: bool
    loud: bool
    stretched: bool


_CLAUSE_END = re.compile(r"[.;:!?\n()…]+")
_STRETCH = re.compile(r"([^\W\d_])\1{2,}")
_PART_OF_WORD = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")


class _Reading:
    """One text read with one lexicon; used once."""

    def __init__(self, text: str, words: Lexicon) -> None:
        self._text = text
        self._lexicon = words
        self._tokens = list(_tokens(fold(text), words))
        self._taken: set[int] = set()
        turns = (index for index in range(len(self._tokens)) if self._says("contrast", index))
        self._turn = max(turns, default=None)

    def reasons(self) -> list[Reason]:
        hits = list(self._hits())
        weighed = [
            (self._token_reason(first, last, self._weigh(first, last, weight)), first, last)
            for first, last, weight in hits
        ]
        plain = [reason for reason, first, last in weighed if not self._is_courtesy(first, last)]
        polite = [reason for reason, first, last in weighed if self._is_courtesy(first, last)]
        signs_too = _signs(self._text)
        rest = sum(reason.weight for reason in (*plain, *signs_too))
        if polite and rest <= -1:
            # Nobody thanks for what they complain about: it is meant the other way round.
            polite = [replace(reason, weight=-abs(reason.weight) / 2) for reason in polite]
        return [reason for reason in (*plain, *polite, *signs_too) if reason.weight]

    def _hits(self) -> Iterator[tuple[int, int, float]]:
        """Return what the lexicon knows, longest first: where it begins, ends, and its weight."""
        index = 0
        while index < len(self._tokens):
            length, weight = self._longest(index)
            if length > 1:
                self._taken.update(range(index, index + length))
            if weight:
                yield index, index + length, weight
            index += length

    def _longest(self, index: int) -> tuple[int, float]:
        most = self._lexicon.longest.get(self._tokens[index].word, 1)
        for length in range(min(most, len(self._tokens) - index), 1, -1):
            words = tuple(token.word for token in self._tokens[index : index + length])
            weight = self._lexicon.phrases.get(words)
            if weight is not None and self._together(index, index + length):
                return length, weight
        return 1, self._lexicon.weight(self._tokens[index].word) or 0.0

    def _together(self, first: int, last: int) -> bool:
        return self._tokens[first].clause == self._tokens[last - 1].clause

    def _token_reason(self, first: int, last: int, weight: float) -> Reason:
        return Reason(self._tokens[first].start, self._tokens[last - 1].end, weight)

    def _is_courtesy(self, first: int, last: int) -> bool:
        return self._says("courtesy", first, last - first)

    def _says(self, kind: str, index: int, length: int = 1) -> bool:
        words = (token.word for token in self._tokens[index : index + length])
        return self._lexicon.says(kind, *words)

    def _weigh(self, first: int, last: int, weight: float) -> float:
        token = self._tokens[first]
        before = self._before(first)
        if any(self._says("despite", index) for index in before):
            return 0.0
        for index in before[:2]:
            if self._says("boost", index):
                weight *= _BOOST if index == first - 1 else 1.15
            if self._says("damp", index) or self._says("damp", index, 2):
                weight *= _DAMP
        if self._is_denied(first, last, before):
            weight *= _DENIED_GOOD if weight > 0 else _DENIED_BAD
        if token.asked and abs(weight) <= 2.5:
            weight *= _ASKED
        weight *= _LOUD if token.loud else 1
        weight *= _STRETCHED if token.stretched else 1
        return weight * self._contrast(first)

    def _before(self, first: int) -> list[int]:
        """Return the few words before in the same clause, the nearest first."""
        clause = self._tokens[first].clause
        indices: list[int] = []
        for index in range(first - 1, max(-1, first - 1 - _LOOK_BACK), -1):
            if self._tokens[index].clause != clause or self._says("contrast", index):
                break
            indices.append(index)
        return indices

    def _is_denied(self, first: int, last: int, before: list[int]) -> bool:
        if last - first > 1 and any(map(self._denies, range(first, last))):
            return False  # the phrase is denied in itself
        near = [index for index in before if index not in self._taken]
        denied = any(
            self._says("negation", index) and not self._is_praise(index, first) for index in near
        )
        if any(self._says("paired_negation", index) for index in near):
            denied |= self._has_particle(near[-1])
        # French denies a verb from behind: "je recommande pas", "ne recommande plus".
        behind = (
            last < len(self._tokens) and self._tokens[last].clause == self._tokens[first].clause
        )
        if behind and self._lexicon.modifiers["particle"] and last not in self._taken:
            denied |= self._says("negation", last) and self._tokens[last].word in _BEHIND
            denied |= self._says("paired_negation", last) and self._has_particle(first)
        return denied

    def _denies(self, index: int) -> bool:
        return self._says("negation", index) or self._says("particle", index)

    def _is_praise(self, index: int, first: int) -> bool:
        """Say whether nothing is denied: "not only good", "never so good", "jamais aussi beau"."""
        between = [token.word for token in self._tokens[index + 1 : first]]
        only = bool(between) and between[0] in _ONLY
        never = self._tokens[index].word in _NEVER
        return only or (never and not _AS_MUCH.isdisjoint(between))

    def _has_particle(self, index: int) -> bool:
        """Say whether "ne" stands within three words before."""
        return any(self._says("particle", at) for at in range(max(0, index - 3), index + 1))

    def _contrast(self, first: int) -> float:
        if self._turn is None:
            return 1.0
        return _AFTER_CONTRAST if first >= self._turn else _BEFORE_CONTRAST


_BEHIND = frozenset(("pas", "jamais", "guere"))
_NEVER = frozenset(("jamais", "never"))
_AS_MUCH = frozenset(("aussi", "si", "autant", "tant", "this", "so", "such", "as"))
_ONLY = frozenset(("seulement", "que", "only", "just"))


def _tokens(folded: Folded, words: Lexicon) -> Iterator[_Token]:
    text = folded.original
    hidden = [found.span() for found in _PART_OF_WORD.finditer(text)]
    ends = [(found.end(), found[0] == "?") for found in _CLAUSE_END.finditer(text)]
    shouting = text.isupper()
    clause = covered = 0
    for word in words_of(folded, Strength.PLAIN):
        start, end = folded.span(word.start, word.end)
        while covered < len(hidden) and hidden[covered][1] <= start:
            covered += 1
        if covered < len(hidden) and hidden[covered][0] <= start:
            continue
        while clause < len(ends) and ends[clause][0] <= start:
            clause += 1
        written = text[start:end]
        known = _known(word.readings[0], words)
        yield _Token(
            word=known,
            start=start,
            end=end,
            clause=clause,
            asked=clause < len(ends) and ends[clause][1],
            loud=not shouting and len(written) > 2 and written.isupper(),
            stretched=known != word.readings[0],
        )


def _known(word: str, words: Lexicon) -> str:
    """Return a stretched word ("merciii") as the lexicon knows it, others as they are."""
    if not _STRETCH.search(word):
        return word
    for kept in (r"\1", r"\1\1"):
        short = _STRETCH.sub(kept, word)
        if words.weight(short) is not None or words.says("boost", short):
            return short
    return word
