"""Where phrases stand in a text, whatever their case and accents: pure, linear in the text."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

#: A start and an end, in code points.
Span = tuple[int, int]


def folded(text: str) -> str:
    """Return a text as it is compared: without case, accents and runs of white space."""
    return _Folded(text).text.strip()


@lru_cache(maxsize=10_000)
def _phrase(phrase: str) -> str:
    # A guide's phrases are looked for in every text of a brand.
    return folded(phrase)


#: What ends in an apostrophe before another word in French: l'abonné has abonné in it.
_ELIDED = frozenset(
    {"l", "d", "j", "m", "t", "s", "c", "n", "qu"}
    | {"jusqu", "lorsqu", "puisqu", "quoiqu", "quelqu", "presqu"}
)
_APOSTROPHES = {"\u2019": "'", "\u02bc": "'", "\uff07": "'"}


class _Folded:
    """A text as it is compared, and for each of its letters the place it comes from."""

    def __init__(self, text: str) -> None:
        letters: list[str] = []
        places: list[int] = []
        for place, character in enumerate(text):
            for letter in _letters(character):
                if letter == " " and letters and letters[-1] == " ":
                    continue
                letters.append(letter)
                places.append(place)
        self.text = "".join(letters)
        self.places = [*places, len(text)]

    def find(self, phrase: str) -> Iterator[Span]:
        """Find a folded phrase as whole words, from the left; its spans are those of the source."""
        start = self.text.find(phrase)
        while start != -1:
            end = start + len(phrase)
            if self._begins(start) and self._ends(end):
                yield self.places[start], self._end(end)
                start = self.text.find(phrase, end)
            else:
                start = self.text.find(phrase, start + 1)

    def _end(self, end: int) -> int:
        """Return where in the source the letters before a place end, with all their marks."""
        last = self.places[end - 1]
        return max(last + 1, self.places[end] if self.places[end] - last > 1 else last + 1)

    def _begins(self, start: int) -> bool:
        if start == 0 or not _is_letter(self.text[start]):
            return True
        if _is_letter(self.text[start - 1]):
            return False
        if self.text[start - 1] != "'":
            return True
        before = start - 1
        while before and _is_letter(self.text[before - 1]):
            before -= 1
        word = self.text[before : start - 1]
        return not word or word in _ELIDED

    def _ends(self, end: int) -> bool:
        if end == len(self.text) or not _is_letter(self.text[end - 1]):
            return True
        if _is_letter(self.text[end]):
            return False
        if self.text[end] != "'" or end + 1 == len(self.text):
            return True
        # A word before an apostrophe is whole where 's is all that follows, or nothing.
        after = self.text[end + 1 :]
        return not _is_letter(after[0]) or (
            after[0] == "s" and (len(after) == 1 or not _is_letter(after[1]))
        )


def _letters(character: str) -> str:
    if character.isascii():
        return " " if character.isspace() else character.lower()
    if character.isspace():
        return " "
    if character in _APOSTROPHES:
        return "'"
    plain = unicodedata.normalize("NFKD", character.casefold())
    kept = "".join(one for one in plain if not unicodedata.combining(one))
    return kept.replace("œ", "oe").replace("æ", "ae")


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"


def occurrences(text: str, phrases: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return where phrases stand in a text: (number of the phrase, start, end), from the left.

    Case, accents and the width of white space make no difference. A phrase that begins or ends
    with a letter is found as whole words only; French elisions (l'abonné) begin a new word.
    """
    if not phrases:
        return []
    inside = _Folded(text)
    found = [
        (number, start, end)
        for number, phrase in enumerate(phrases)
        if (wanted := _phrase(phrase))
        for start, end in inside.find(wanted)
    ]
    return sorted(found, key=lambda one: (one[1], one[2], one[0]))
