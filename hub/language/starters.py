"""Lists that a community may start its moderation from, in French and English."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from hub.language.folding import Strength, fold
from hub.language.patterns import Pattern, readable
from hub.language.phrases import Match, Phrases

LANGUAGES = ("en", "fr")
"""The languages there are lists for."""


@dataclass(frozen=True, slots=True)
class Starter:
    """Words and patterns against one kind of message, to be copied into rules."""

    kind: str
    """`insult` or `spam`."""
    language: str
    words: tuple[str, ...]
    patterns: tuple[str, ...]


@cache
def starters(language: str) -> tuple[Starter, ...]:
    """Return the lists of a language, in the order in which they are to be tried."""
    place = resources.files("hub.language") / "lexicons" / f"moderation.{language}.toml"
    lists = tomllib.loads(place.read_text("utf-8"))
    return tuple(
        Starter(
            kind=kind,
            language=language,
            words=tuple(
                word.strip() for word in re.split(r"[,\n]", lists[kind]["words"]) if word.strip()
            ),
            patterns=tuple(lists[kind]["patterns"]),
        )
        for kind in ("insult", "spam")
    )


class Screen:
    """Starter lists made ready to read messages with."""

    def __init__(self, language: str) -> None:
        """Compile the lists of a language, which takes a tenth of a second."""
        self._lists = [
            (
                starter.kind,
                Phrases(starter.words, strength=Strength.HARD),
                [Pattern(source) for source in starter.patterns],
            )
            for starter in starters(language)
        ]

    def read(self, text: str) -> tuple[str, Match] | None:
        """Return the first kind of list that finds something in a text, and where; or None."""
        plain, bare = fold(text), readable(text)
        for kind, phrases, patterns in self._lists:
            found = phrases.find(plain) or next(filter(None, (p.find(bare) for p in patterns)), ())
            if found:
                return kind, found[0]
        return None
