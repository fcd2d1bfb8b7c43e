"""Finding rows by their words: what a person types, and the documents the database keeps."""

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Text, cast, func, literal_column
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from hub.kernel.errors import Invalid
from hub.kernel.model import Base, WorkspaceOwned

LONGEST = 300
MOST_TERMS = 20

_QUOTES = str.maketrans("“”„«»", '"""""')
#: What French puts before a vowel is no part of the word: l'été, qu'elle.
_ELIDED = re.compile(r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)['\u2019](?=\w)", re.IGNORECASE)
_TERM = re.compile(r'(?P<sign>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


class SearchDocument(WorkspaceOwned, Base):
    """The words of one row of another table, `kind`, whose id it bears; triggers keep it.

    The index over them is made of functions, in the migration: every word in it begins with its
    workspace and kind, so that looking one up never meets another workspace.
    """

    __tablename__ = "search_documents"
    kind: Mapped[str] = mapped_column(Text())
    words: Mapped[str] = mapped_column(TSVECTOR(), server_default="")


def terms_of(asked: str, *, path: tuple[str, ...]) -> list[str] | None:
    """Return the terms of a search as `hub_search` reads them; None where nothing was typed.

    A term begins with what it is: `+` a word, `*` the beginning of one, `=` a phrase, `-` a word
    and `!` a phrase that must not be there. Invalid: too long, or too many terms.
    """
    if len(asked) > LONGEST:
        raise Invalid(f"A search has {LONGEST} characters at most.", path=path)
    if not asked.strip():
        return None
    terms = list(_terms(asked.translate(_QUOTES)))
    if len(terms) > MOST_TERMS:
        raise Invalid(f"A search has {MOST_TERMS} words and phrases at most.", path=path)
    # Whoever is still typing the last word finds what begins with it.
    if terms and terms[-1].startswith("+") and asked.endswith(terms[-1][1:]):
        terms[-1] = f"*{terms[-1][1:]}"
    return terms


def found_by(kind: str, terms: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the ids of the caller's rows of a table that have the terms: one array."""
    return func.hub_search(cast(literal_column(f"'{kind}'"), Text()), terms)


def _terms(asked: str) -> Iterator[str]:
    for found in _TERM.finditer(asked):
        phrase, word = found["phrase"], found["word"]
        text = phrase if word is None else word
        if not any(letter.isalnum() for letter in text):
            continue
        if word is None:
            yield f"{'!' if found['sign'] else '='}{text}"
        else:
            yield f"{'-' if found['sign'] else '+'}{_ELIDED.sub('', text)}"
