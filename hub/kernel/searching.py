"""Finding rows by their words: what a person types, and the documents the database keeps."""

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Index,
    Integer,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from hub.kernel.errors import Invalid
from hub.kernel.model import Base, WorkspaceOwned, workspace_args
from hub.kernel.shapes import Condition, Edge, Group, Origin, Test, Window

LONGEST = 300
MOST_TERMS = 20

_BY_ID = (("id",), ("-id",))
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
    __table_args__ = workspace_args(
        Index("ix_search_documents_order", "workspace_id", "kind", "id")
    )
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


def found_by(kind: str, parameter: str) -> ColumnElement[Any]:
    """Return the ids of the caller's rows of a table that have the terms of a parameter."""
    return _ids("hub_search", *_asked(kind, parameter))


def page_of(origin: Origin, window: Window, where: Condition | None) -> ColumnElement[Any] | None:
    """Return ids among which are those of a window's rows; None where that takes all ids.

    They are fewer than `found_by` returns where the terms are frequent, the order is that of the
    ids, and the rows need nothing else: with any other condition, the first rows that have the
    terms need not be those of the page.
    """
    test = alone(where)
    if test is None or test.how != "search" or test.via or test.origin is not origin:
        return None
    if window.order not in _BY_ID or window.distinct or origin.only is not None:
        return None
    descending = window.order == ("-id",)
    ends = (window.before, window.after) if descending else (window.after, window.before)
    return _ids(
        "hub_search_page",
        *_asked(origin.table.name, test.parameter),
        cast(literal_column(str(window.limit)), Integer()),
        cast(literal_column(str(descending is not window.backwards).lower()), Boolean()),
        *(_end(edge) for edge in ends),
    )


def alone(where: Condition | None) -> Test | None:
    """Return the one test a condition is made of; None where there are several, or none."""
    if isinstance(where, Group) and where.how == "and" and len(where.parts) == 1:
        return alone(where.parts[0])
    return where if isinstance(where, Test) else None


def _asked(kind: str, parameter: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    wanted = cast(literal_column(f"'{kind}'"), Text())
    return wanted, bindparam(parameter, type_=ARRAY(Text()))


def _end(edge: Edge | None) -> ColumnElement[Any]:
    name = edge.parameters[0] if edge else None
    return cast(literal_column("NULL"), Uuid()) if name is None else bindparam(name, type_=Uuid())


def _ids(function: str, *given: ColumnElement[Any]) -> ColumnElement[Any]:
    # Cast, or PostgreSQL takes the SELECT for rows of ids instead of one array of them.
    found = select(getattr(func, function)(*given)).scalar_subquery()
    return func.any(cast(found, ARRAY(Uuid())))


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
