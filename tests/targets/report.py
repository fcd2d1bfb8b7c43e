"""The table of a campaign, for the terminal and for the document."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from tests.targets.campaign import Figure, Result

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "targets.md"
BEGIN = "<!-- written by `make targets`: begin -->"
END = "<!-- written by `make targets`: end -->"
#: A case that says nothing about this party.
BLANK = "·"


#: The longest that all of it may take, installing included.
ALL_SECONDS = 15 * 60.0

Row = tuple[str, list[Result | None]]


def figures(results: Sequence[Result], *, seconds: float) -> list[Figure]:
    """Return every figure of a campaign that took so long, those that cases measured last."""
    failed = sum(bool(result.error) for result in results)
    return [
        Figure(name=f"of {len(results)} cases did not hold", value=failed, bar=0, unit=""),
        Figure(name="installing, starting and playing everything", value=seconds, bar=ALL_SECONDS),
        *(
            replace(figure, name=f"{figure.name} ({result.party})")
            for result in results
            for figure in result.figures
        ),
    ]


def judged(found: Sequence[Figure]) -> Table:
    """Return every figure beside its bar, for the terminal."""
    table = Table("figure", "measured", "at most")
    for figure in found:
        colour = "green" if figure.met else "red"
        measured = f"[{colour}]{figure.shown(figure.value)}[/{colour}]"
        table.add_row(figure.name, measured, figure.shown(figure.bar))
    return table


def said(found: Sequence[Figure]) -> str:
    """Return in one line which figures are within their bars."""
    missed = [figure.name for figure in found if not figure.met]
    held = f"{len(found) - len(missed)} of {len(found)} figures within their bars"
    return f"{held}; missed: {', '.join(missed)}" if missed else held


def rows(results: Sequence[Result], parties: Sequence[str]) -> list[Row]:
    """Return per case, in the order they were first played, what it came to with each party."""
    found = {(result.name, result.party): result for result in results}
    cases = dict.fromkeys(result.name for result in results)
    return [(case, [found.get((case, party)) for party in parties]) for case in cases]


def shown(results: Sequence[Result], parties: Mapping[str, str]) -> Table:
    """Return the table for the terminal; `parties` maps names to versions."""
    table = Table("case", *(f"{name}\n{version}" for name, version in parties.items()))
    for case, cells in rows(results, list(parties)):
        table.add_row(case, *(_coloured(cell) for cell in cells))
    return table


def markdown(
    results: Sequence[Result],
    parties: Mapping[str, str],
    *,
    summary: str,
    found: Sequence[Figure] = (),
) -> str:
    """Return the tables and what was remarked, for the document."""
    heads = [f"{name} {version}" for name, version in parties.items()]
    lines = [
        summary,
        "",
        "| figure | measured | at most |",
        "|---|---|---|",
        *(f"| {one.name} | {one.shown(one.value)} | {one.shown(one.bar)} |" for one in found),
        "",
        f"| case | {' | '.join(heads)} |",
        f"|---|{'---|' * len(heads)}",
        *(
            f"| {case} | {' | '.join(_cell(cell) for cell in cells)} |"
            for case, cells in rows(results, list(parties))
        ),
        "",
        "What was seen on the way:",
        "",
        *(
            f"- {result.name} ({result.party}): {_one_line(result.error or result.remark)}"
            for result in results
            if result.error or result.remark
        ),
    ]
    return "\n".join(lines)


def between_markers(document: str, text: str) -> str:
    """Return a document with what stands between the markers replaced; ValueError without them."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("The document has lost its markers.")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def _coloured(result: Result | None) -> str:
    if result is None:
        return f"[dim]{BLANK}[/dim]"
    colour = "red" if result.error else "green"
    return f"[{colour}]{escape(_cell(result))}[/{colour}]"


def _cell(result: Result | None) -> str:
    if result is None:
        return BLANK
    return f"{'✗' if result.error else '✓'} {result.seconds:.1f} s"


def _one_line(text: str) -> str:
    return " ".join(text.split())
