"""Where phrases stand in a text, signs and all, whatever their case and accents."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from hub.language.folding import fold, folded

#: A start and an end, in code points.
Span = tuple[int, int]


@lru_cache(maxsize=10_000)
def _phrase(phrase: str) -> str:
    # A guide's phrases are looked for in every text of a brand.
    return folded(phrase)


#: What ends in an apostrophe before another word in French: l'abonné has abonné in it.
_ELIDED = frozenset(
    {"l", "d", "j", "m", "t", "s", "c", "n", "qu"}
    | {"jusqu", "lorsqu", "puisqu", "quoiqu", "quelqu", "presqu"}
)


class _Folded:
    """A text as it is compared, and for each of its letters the place it comes from."""

    def __init__(self, text: str) -> None:
        plain = fold(text)
        spaces = [letter.isspace() for letter in plain.text]
        kept = [
            place
            for place, space in enumerate(spaces)
            if not (space and place and spaces[place - 1])
        ]
        self.text = "".join(" " if spaces[place] else plain.text[place] for place in kept)
        self._starts = [plain.starts[place] for place in kept]
        self._ends = [plain.ends[place] for place in kept]

    def find(self, phrase: str) -> Iterator[Span]:
        """Find a folded phrase as whole words, from the left; its spans are those of the source."""
        start = self.text.find(phrase)
        while start != -1:
            end = start + len(phrase)
            if self._begins(start) and self._ends_word(end):
                yield self._starts[start], self._ends[end - 1]
                start = self.text.find(phrase, end)
            else:
                start = self.text.find(phrase, start + 1)

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

    def _ends_word(self, end: int) -> bool:
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
