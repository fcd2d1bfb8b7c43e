"""Texts made comparable: case, accents and disguises away, every character traced to its origin."""

import enum
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

MOST_READ = 100_000
"""Code points that are read of a text; no platform's message is longer. The rest is not seen."""


class Strength(enum.Enum):
    """How much of a difference is taken away before texts are compared."""

    PLAIN = "plain"
    """Case, accents, ligatures, widths: for voice guides and monitors."""
    HARD = "hard"
    """Disguises too (look-alikes, digits for letters, letters apart, stretched): to moderate."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and where each of its characters came from.

    `starts[i]:ends[i]` is the span of `text[i]` in the original, in code points. Where one
    character became two, both have its span.
    """

    original: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the original's span of `text[start:end]`, which must not be empty."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str, strength: Strength = Strength.PLAIN) -> Folded:
    """Fold a text for comparing. Folding what was folded changes nothing."""
    read = text[:MOST_READ]
    plain = _fold_ascii(read) if read.isascii() else _fold_characters(read, _plainly)
    return plain if strength is Strength.PLAIN else undisguised(plain)


def folded(text: str) -> str:
    """Return a text as texts are compared: no accents, letters of one case, single spaces."""
    return " ".join(fold(text).text.split())


def without_accents(text: str) -> Folded:
    """Take accents, ligatures and what is never seen away: case and width stay."""
    read = text[:MOST_READ]
    if read.isascii():
        return Folded(text, read, *_identity(len(read)))
    return _fold_characters(read, _bare_if_seen)


# --- single characters ---------------------------------------------------------------------------

# Letters that Unicode does not take apart, as they are typed where the letter is missing.
_LETTERS = {
    **dict(zip("œŒæÆßẞþÞ", ("oe", "OE", "ae", "AE", "ss", "SS", "th", "TH"), strict=True)),
    **dict(zip("øØłŁđĐðÐħĦŧŦ\u0131", "oOlLdDdDhHtTi", strict=True)),
}
# White letters in black circles and squares, which Unicode calls pictures.
_PICTURES = {
    chr(first + index): letter
    for first in (0x1F150, 0x1F170)
    for index, letter in enumerate("abcdefghijklmnopqrstuvwxyz")
}
_APOSTROPHES = frozenset("\u2019\u2018\u02bc\u00b4`\u02b9\u2032\uff07")
# Written over a letter, or saying how it is to be drawn: Latin, Hebrew and Arabic marks, and
# the selectors between a plain and a coloured sign.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0670\ufe00-\ufe0f]")
# Never seen by a reader: zero width, soft hyphen, direction, byte order.
UNSEEN = frozenset(
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b"
    "\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff\u3164\uffa0"
)


@lru_cache(maxsize=8192)
def _bare(character: str) -> str:
    if character in _LETTERS:
        return _LETTERS[character]
    apart = unicodedata.normalize("NFD", character)
    return unicodedata.normalize("NFC", _MARKS.sub("", apart))


def _bare_if_seen(character: str) -> str:
    return "" if character in UNSEEN else _bare(character)


@lru_cache(maxsize=8192)
def _plainly(character: str) -> str:
    """Return what one character folds to; nothing for marks and what is never seen."""
    folded = character
    while True:
        before = folded
        folded = "".join(map(_one_step, folded))
        if folded == before:
            return folded


def _one_step(character: str) -> str:
    if character in UNSEEN:
        return ""
    if character in _APOSTROPHES:
        return "'"
    if character in _PICTURES:
        return _PICTURES[character]
    return "".join(map(_bare, unicodedata.normalize("NFKC", character).casefold()))


def _identity(length: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(range(length)), tuple(range(1, length + 1))


def _fold_ascii(text: str) -> Folded:
    return Folded(text, text.lower().replace("`", "'"), *_identity(len(text)))


def _fold_characters(text: str, folds_to: Callable[[str], str]) -> Folded:
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for index, character in enumerate(text):
        folded = folds_to(character)
        if not folded:
            # A mark belongs to what it is written over, and is shown with it.
            if ends and _MARKS.match(character):
                ends[-1] = index + 1
            continue
        out.append(folded)
        starts.extend([index] * len(folded))
        ends.extend([index + 1] * len(folded))
    return Folded(text, "".join(out), tuple(starts), tuple(ends))


# --- disguises -----------------------------------------------------------------------------------

# Letters of other alphabets that look like one of ours, in their folded (small) form.
_LOOK_ALIKES = str.maketrans(
    dict(
        zip(
            "авекмнопрстухьгіјѕһԁԛԝӏ" + "αβγεηικμνορτυχω" + "ɑɡɩʀɴᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍᴏᴘꜱᴛᴜᴠᴡʏᴢ",
            "abekmhonpctyxbrijshdqwl" + "abyenikmvoptuxw" + "agirnabcdefghijklmopstuvwyz",
            strict=True,
        )
    )
)
_DIGITS = str.maketrans("013457@$€!|", "oieastaseil")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_WORD = re.compile(r"(?:[^\W_]|[@$€!|])+")
# Three and more single letters, always with the same between them.
_APART = re.compile(
    r"(?<![^\W_])[^\W_](?:([^\w@$€!|]|_|[^\w@$€!|]{2})[^\W_])(?:\1[^\W_])+(?![^\W_])"
)
_STRETCHED = re.compile(r"([^\W\d_])\1{3,}")


def undisguised(plain: Folded) -> Folded:
    """Take disguises away from what is folded plainly."""
    folded = _joined(plain)
    text = _WORD.sub(_LookAlikes(folded.text), folded.text)
    text = _WORD.sub(_letters_for_signs, text)
    return _shortened(Folded(folded.original, text, folded.starts, folded.ends))


def _joined(folded: Folded) -> Folded:
    """Put letters together that stand apart: "s.p.a.m", "s p a m"."""
    dropped = [
        index
        for found in _APART.finditer(folded.text)
        if _are_letters(found[0][:: len(found[1]) + 1])
        for index in range(*found.span())
        if (index - found.start()) % (len(found[1]) + 1)
    ]
    return _without(folded, dropped)


def _are_letters(characters: str) -> bool:
    return sum(map(str.isalpha, characters)) * 2 > len(characters)


class _LookAlikes:
    """Reads words of a text as a reader would who expects our alphabet."""

    def __init__(self, text: str) -> None:
        # Where a letter has no double of ours, somebody really writes Greek or Russian.
        self._foreign = bool(_FOREIGN.search(text.translate(_LOOK_ALIKES)))

    def __call__(self, found: re.Match[str]) -> str:
        word = found[0]
        if word.isascii():
            return word
        if self._foreign and not any("a" <= letter <= "z" for letter in word):
            return word
        return word.translate(_LOOK_ALIKES)


def _letters_for_signs(found: re.Match[str]) -> str:
    signs = found[0]
    word = signs.strip("!|€")
    if not word or not any("a" <= letter <= "z" for letter in word):
        return signs
    before, _, after = signs.partition(word)
    return before + word.translate(_DIGITS) + after


def _shortened(folded: Folded) -> Folded:
    """Leave three of a letter that is repeated more often: three can still be told from two."""
    dropped = [
        index
        for found in _STRETCHED.finditer(folded.text)
        for index in range(found.start() + 3, found.end())
    ]
    return _without(folded, dropped, stretch=True)


def _without(folded: Folded, dropped: list[int], *, stretch: bool = False) -> Folded:
    """Drop characters; a stretched letter takes the span of those that repeated it."""
    if not dropped:
        return folded
    gone = frozenset(dropped)
    kept = [index for index in range(len(folded.text)) if index not in gone]
    ends = [folded.ends[index] for index in kept]
    if stretch:
        following = [*kept[1:], len(folded.text)]
        ends = [
            folded.ends[next_kept - 1] if index + 1 in gone else folded.ends[index]
            for index, next_kept in zip(kept, following, strict=True)
        ]
    return Folded(
        folded.original,
        "".join(folded.text[index] for index in kept),
        tuple(folded.starts[index] for index in kept),
        tuple(ends),
    )
