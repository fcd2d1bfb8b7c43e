"""The labelled texts: what they are, and which of them the rules were made with."""

import csv
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
PARTS = ("held-out", "development")
SPOKEN = ("fr", "en")
"""The languages whose moods and messages are read."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, what a person says it is, and which part it belongs to."""

    part: str
    label: str
    text: str


def labelled(name: str) -> list[Labelled]:
    """Return a set by the name of its file."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [Labelled(row["part"], row["label"], row["text"]) for row in csv.DictReader(file)]


def languages() -> list[Labelled]:
    """Return all texts whose language is to be told."""
    return [text for name in ("language", "language-fr", "language-en") for text in labelled(name)]
