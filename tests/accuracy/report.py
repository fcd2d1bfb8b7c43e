"""The figures as tables: on the screen, as JSON, and as a page of the docs."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.accuracy import judging
from tests.accuracy.bars import Bar
from tests.accuracy.judging import Answer, Judged
from tests.accuracy.sets import PARTS

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
COLUMNS = ("set", "part", "n", "accuracy", "macro-F1", "precision / recall per label", "µs")


def rows(sets: Iterable[Judged]) -> list[tuple[str, ...]]:
    """Return a row per set and part, as texts."""
    return [
        (
            judged.name,
            part,
            str(len(answers)),
            f"{judging.accuracy(answers):.3f}",
            f"{judging.macro_f1(answers):.3f}" if _has_labels(answers) else "",
            _per_label(answers),
            f"{judged.microseconds:.0f}" if judged.microseconds else "",
        )
        for judged in sets
        for part in PARTS
        if (answers := judged.part(part))
    ]


def show(sets: list[Judged], bars: list[Bar], *, console: Console) -> None:
    table = Table(*COLUMNS, title="How well texts are read")
    for row in rows(sets):
        table.add_row(*row)
    console.print(table)
    limits = Table("on held-out texts", "reached", "bar", "")
    for bar in bars:
        limits.add_row(bar.name, f"{bar.figure:.3f}", _bar(bar), "ok" if bar.met else "MISSED")
    console.print(limits)
    for judged in sets:
        for answer in _failures(judged, "held-out"):
            console.print(f"{judged.name}: {_line(answer)}", highlight=False, markup=False)


def summary(sets: list[Judged], bars: list[Bar]) -> str:
    missed = [bar.name for bar in bars if not bar.met]
    texts = sum(len(judged.answers) for judged in sets)
    return f"{texts} answers, {len(bars)} bars, missed: {', '.join(missed) or 'none'}"


def as_json(sets: list[Judged], bars: list[Bar]) -> str:
    content: dict[str, Any] = {
        "sets": [dict(zip(COLUMNS, row, strict=True)) for row in rows(sets)],
        "bars": [
            {"name": bar.name, "figure": round(bar.figure, 4), "bar": bar.bar, "met": bar.met}
            for bar in bars
        ],
        "failures": {
            judged.name: {part: [_line(a) for a in _failures(judged, part)] for part in PARTS}
            for judged in sets
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def write_page(sets: list[Judged], bars: list[Bar]) -> None:
    """Replace what stands below the mark in the page; what is above is written by hand."""
    head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(f"{head}{MARK}\n\n{_page(sets, bars)}", encoding="utf-8")


MARK = "<!-- Below: written by `make accuracy` -->"


def _page(sets: list[Judged], bars: list[Bar]) -> str:
    parts = ["## Figures", _markdown(COLUMNS, rows(sets)), "## Bars"]
    limits = [
        (bar.name, f"{bar.figure:.3f}", _bar(bar), "met" if bar.met else "missed") for bar in bars
    ]
    parts.append(_markdown(("on held-out texts", "reached", "bar", ""), limits))
    for part in PARTS:
        parts.append(f"## Failures, {part}")
        for judged in sets:
            if judged.name.endswith("VADER"):
                continue
            failures = _failures(judged, part)
            parts.append(f"### {judged.name}: {len(failures)} of {len(judged.part(part))}")
            if failures:
                parts.append("\n".join(f"- {_escaped(_line(answer))}" for answer in failures))
    return "\n\n".join(parts) + "\n"


def _markdown(head: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *map(list, body)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _has_labels(answers: list[Answer]) -> bool:
    return len({answer.text.label for answer in answers}) > 1


def _per_label(answers: list[Answer]) -> str:
    if not _has_labels(answers):
        return ""
    return ", ".join(
        f"{label} {score.precision:.2f} / {score.recall:.2f}"
        for label, score in judging.scores(answers).items()
    )


def _failures(judged: Judged, part: str) -> list[Answer]:
    if judged.name.endswith("VADER"):
        return []
    if judged.name == "language short":  # silence is right where there is too little to read
        answers = [answer for answer in judged.part(part) if answer.got != "unknown"]
        return [answer for answer in answers if not answer.right]
    return [answer for answer in judged.part(part) if not answer.right]


def _line(answer: Answer) -> str:
    why = answer.why if len(answer.why) <= 100 else f"{answer.why[:100]}…"
    return f"“{answer.text.text}” is {answer.text.label}, got {answer.got} ({why})"


def _escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|" else sign for sign in text)


def _bar(bar: Bar) -> str:
    return f"{'at most' if bar.at_most else 'at least'} {bar.bar:.3f}"
