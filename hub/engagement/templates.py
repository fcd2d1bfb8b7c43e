"""Words with variables in braces: `{person}` is filled in, `{{` and `}}` are braces."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.channels.platforms.base import Problem, ProblemSeverity

#: What a saved reply may speak of.
VARIABLES = ("person", "handle", "brand", "channel", "publication", "member")

_PIECE = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|[{}]")


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Words with their variables filled in, and what is wrong with them."""

    text: str
    problems: tuple[Problem, ...]


def variables_of(text: str) -> list[str]:
    """Return the names that stand in braces, once each, in their order."""
    return list(dict.fromkeys(name for name in _names(text) if name))


def unknown_in(text: str) -> list[str]:
    """Return the names in braces that are no variable."""
    return [name for name in variables_of(text) if name not in VARIABLES]


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """Return the words with their variables filled in.

    An unknown variable stays as it is written and is an error; one without a value is left empty
    and deserves a look.
    """
    problems: dict[str, Problem] = {}

    def piece(found: re.Match[str]) -> str:
        if found[0] in {"{{", "}}"}:
            return found[0][0]
        name = (found["name"] or "").strip()
        if name not in VARIABLES:
            problems[found[0]] = _unknown(found[0])
            return found[0]
        if not values.get(name):
            problems[found[0]] = _missing(name)
        return values.get(name, "")

    return Filled(text=_PIECE.sub(piece, text), problems=tuple(problems.values()))


def _names(text: str) -> Iterator[str]:
    for found in _PIECE.finditer(text):
        if found["name"] is not None:
            yield found["name"].strip()


def _unknown(written: str) -> Problem:
    known = ", ".join(f"{{{name}}}" for name in VARIABLES)
    return Problem(
        code="VARIABLE_UNKNOWN",
        message=f"{written} is no variable. There are: {known}. A brace is written twice.",
        field="text",
    )


def _missing(name: str) -> Problem:
    return Problem(
        code="VARIABLE_EMPTY",
        message=f"Nobody knows what to write for {{{name}}} here.",
        severity=ProblemSeverity.WARNING,
        field="text",
    )
