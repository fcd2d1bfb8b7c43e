"""Regular expressions of strangers, matched in time that grows only with the text.

The engine is RE2: it builds an automaton and never goes back, so no pattern runs away.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import re2

from hub.language.folding import Folded, without_accents
from hub.language.phrases import MOST_MATCHES, Match

MOST_LETTERS = 1_000
"""Code points of a pattern."""
MOST_STEPS = 10_000
"""Instructions of a compiled pattern: `(a{1,50}){1,50}` is short to write and long to run."""

MOST_WORK = 20_000_000
"""Instructions times characters that finding matches may cost: an eighth of a second or so."""

_TOO_LARGE = "The pattern becomes too large: make its repetitions ({1,500}) or its groups smaller."
_MEMORY = 2 << 20  # bytes that a pattern may keep for its automaton
_SURROGATE = re.compile("[\ud800-\udfff]")


class PatternRefused(ValueError):
    """A pattern that cannot be used; the message says why and what to write instead."""


# What users of other engines write, and what they can do here.
_UNSUPPORTED = [
    (
        re.compile(r"(?<!\\)(?:\\\\)*(?:\\[1-9]|\\k[<{']|\(\?P=)"),
        "A pattern cannot refer back to a group (\\1): write out the words that may be repeated.",
    ),
    (
        re.compile(r"\(\?<?[=!]"),
        (
            "A pattern cannot look ahead or behind ((?=…), (?!…), (?<=…)): match the words around"
            " too, or make two rules, the first of which stops."
        ),
    ),
    (
        re.compile(r"\(\?>|[*+?}]\+"),
        (
            "Groups and repetitions that hold on ((?>…), a++) are not needed: no pattern runs away"
            " here. Leave out the sign."
        ),
    ),
    (re.compile(r"\(\?\(|\(\?R\)|\(\?[0-9&]"), "A pattern has no conditions and no recursion."),
    (re.compile(r"\\Z"), "The end of the text is written \\z."),
    (re.compile(r"\(\?#"), "A pattern has no comments: say it in the description of the rule."),
]


class Pattern:
    r"""A regular expression in RE2's syntax; made once, used for many texts.

    Case and accents make no difference (`(?-i)` asks for case). In scripts other than Latin use
    `\p{L}` for letters: `\w` and `\b` know ours only.
    """

    def __init__(self, source: str) -> None:
        """Compile a pattern; raises `PatternRefused`."""
        self.source = source
        if len(source) > MOST_LETTERS:
            raise PatternRefused(f"A pattern has at most {MOST_LETTERS} characters: make two.")
        self._program = _compile(without_accents(source).text)
        self._steps = _steps(self._program)

    def find(self, text: str | Folded) -> tuple[Match, ...]:
        """Return where the pattern matches, one after the other, in code points of the text.

        Where looking for all of them costs too much, the first of them are returned. Who has many
        patterns for one text makes it `readable` once.
        """
        bare = readable(text) if isinstance(text, str) else text
        spans = (match.span() for match in self._matches(bare.text))
        return tuple(
            Match(*bare.span(start, end), self.source) for start, end in spans if start < end
        )

    def _matches(self, text: str) -> Iterator[Any]:
        # One match takes time that is linear in the rest of the text, so their sum is bounded, too:
        # `.*z|.` looks at the whole rest once for every character.
        left = MOST_WORK
        for match in itertools.islice(self._program.finditer(text), MOST_MATCHES):
            yield match
            left -= self._steps * (len(text) - match.start())
            if left < 0:
                return


def readable(text: str) -> Folded:
    """Return a text as patterns read it."""
    return without_accents(_encodable(text))


def _compile(source: str) -> Any:
    try:
        program = re2.compile(_encodable(source), _options())
    except re2.error as refusal:
        # The engine says what is wrong in bytes.
        said = refusal.args[0]
        why = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise PatternRefused(_advice(source, why)) from refusal
    if _steps(program) > MOST_STEPS:
        raise PatternRefused(_TOO_LARGE)
    if any(_is_empty(program.search(text)) for text in ("", "\n", "a b", "1, 2")):
        raise PatternRefused(
            "The pattern can match nothing at all, and so every message: let it ask for at least"
            " one character, with + in place of * or without the ?."
        )
    return program


def _steps(program: Any) -> int:
    return max(int(program.programsize), int(program.reverseprogramsize))


def _is_empty(match: Any) -> bool:
    return match is not None and match.start() == match.end()


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MEMORY
    return options


def _advice(source: str, refusal: str) -> str:
    for written, advice in _UNSUPPORTED:
        if written.search(source):
            return advice
    if "too large" in refusal or "repetition size" in refusal:
        return _TOO_LARGE
    return f"The pattern cannot be read: {refusal}."


def _encodable(text: str) -> str:
    """Return the text with halves of surrogate pairs replaced: they are no characters."""
    return _SURROGATE.sub("\ufffd", text)
