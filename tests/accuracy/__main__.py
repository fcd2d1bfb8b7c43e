"""`make accuracy`: how well languages, moods and bad messages are told, beside VADER."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from tests.accuracy import judging, report
from tests.accuracy.bars import Bar, bars
from tests.accuracy.baseline import vader
from tests.accuracy.judging import Judged
from tests.accuracy.sets import SPOKEN


def main(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Judge every set, write docs/accuracy.md, and exit with 1 where a bar is missed."""
    sets, reached = judge()
    if as_json:
        sys.stdout.write(report.as_json(sets, reached) + "\n")
    else:
        report.show(sets, reached, console=Console())
    report.write_page(sets, reached)
    sys.stderr.write(report.summary(sets, reached) + "\n")
    raise typer.Exit(code=0 if all(bar.met for bar in reached) else 1)


def judge() -> tuple[list[Judged], list[Bar]]:
    """Return every set with its answers, and every bar."""
    sets: list[Judged] = []
    reached: list[Bar] = []
    for language in SPOKEN:
        ours = judging.sentiment(language)
        theirs = vader(ours)
        sets += [ours, theirs]
        reached += bars(ours, judging.accuracy(theirs.part("held-out")))
    for judged in (*judging.language(), *map(judging.moderation, SPOKEN)):
        sets.append(judged)
        reached += bars(judged)
    return sets, reached


if __name__ == "__main__":
    typer.run(main)
