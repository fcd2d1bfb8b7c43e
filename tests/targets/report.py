"""The table of a campaign, for the terminal and for the document."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from tests.targets.campaign import Result

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "targets.md"
BEGIN = "<!-- written by `make targets`: begin -->"
END = "<!-- written by `make targets`: end -->"
#: A case that says nothing about this party.
BLANK = "·"


Row = tuple[str, list[Result | None]]


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


def markdown(results: Sequence[Result], parties: Mapping[str, str], *, summary: str) -> str:
    """Return the table and what was remarked, for the document."""
    heads = [f"{name} {version}" for name, version in parties.items()]
    lines = [
        summary,
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
