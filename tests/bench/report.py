"""What a run found: beside its bars, as Markdown for the documents and as JSON for machines."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.measure import WRITES, Asked, Key, Measured, processor_ms, ratio, spread
from tests.bench.place import Place

START, END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"
MEGABYTES = 180.0
TAIL = 4.0
UNSEEN = 5.0


@dataclass(frozen=True, kw_only=True)
class Bar:
    """How many times as fast as something else something shall be, in one run."""

    ours: Key
    theirs: Key
    least: float
    why: str = ""


def _row(other: str, **least: float) -> list[Bar]:
    return [
        Bar(ours=(ours, query), theirs=(other, query), least=value)
        # Nothing is kept of what is written.
        for query, value in least.items()
        for ours in (("hub",) if query in WRITES else ("hub", "anew"))
    ]


#: What the hub promises; a ratio of medians each. It must hold with what is kept ("hub"), and
#: where every answer is read anew.
BARS: Sequence[Bar] = (
    *_row("limit", Q1=0.50, Q2=0.85, Q3=0.85, Q4=0.75, M1=0.35),
    *_row("postgraphile", Q1=2.7, Q2=2.2, Q3=2.4, Q4=4, M1=1.2),
    *_row("mercurius", Q1=2.5, Q2=3, Q3=1.8, Q4=2),
    *_row("directus", Q1=25, Q2=8, Q3=6, Q4=20, M1=10),
    Bar(ours=("hub", "Q2p"), theirs=("postgraphile", "Q2"), least=1.0),
    Bar(ours=("hub", "Q2"), theirs=("limit", "Q2"), least=4.0, why=", kept"),
    # A deep page takes at most a tenth longer than the first.
    Bar(ours=("anew", "Q4"), theirs=("anew", "Q4f"), least=0.91),
    Bar(ours=("page", "P"), theirs=("limit", "Q2"), least=20.0),
    Bar(ours=("page-304", "P"), theirs=("empty", "empty"), least=0.6),
)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One promise, what was measured of it, and whether it is kept."""

    name: str
    value: float
    bar: float
    unit: str = "x"
    most: bool = False

    @property
    def reached(self) -> bool:
        """Say whether the bar is reached."""
        return self.value <= self.bar if self.most else self.value >= self.bar


def figures(measured: Measured) -> list[Figure]:
    """Return every promise this run can say something about."""
    found = []
    for bar in BARS:
        value = ratio(measured, bar.ours, bar.theirs)
        if value is not None:
            name = f"{_named(bar.ours)} ÷ {_named(bar.theirs)}{bar.why}"
            found.append(Figure(name=name, value=value, bar=bar.least))
    for (server, query), runs in measured.runs.items():
        middle = measured.median(server, query)
        if server in {"hub", "anew"} and runs and middle is not None:
            tail = middle.p99 / middle.p50
            found.append(
                Figure(name=f"{server} {query}: p99 ÷ p50", value=tail, bar=TAIL, most=True)
            )
    for (server, query), times in measured.unseen.items():
        name = f"{server} {query}: first run ÷ warm"
        value = times.first / times.warm
        found.append(Figure(name=name, value=value, bar=UNSEEN, most=True))
    if "hub" in measured.memory:
        weight = measured.memory["hub"]
        found.append(Figure(name="hub: PSS", value=weight, bar=MEGABYTES, unit=" MB", most=True))
    return found


def _named(key: Key) -> str:
    return " ".join(key)


def failures(measured: Measured, found: Sequence[Figure]) -> list[str]:
    """Return what went wrong: bars missed, answers refused, errors under load."""
    missed = [
        f"{one.name} is {one.value:.2f}{one.unit}, not {one.bar:g}"
        for one in found
        if not one.reached
    ]
    refused = [f"{_named(key)}: {why.splitlines()[0]}" for key, why in measured.refusals.items()]
    errors = [
        f"{_named(key)}: {sum(run.errors for run in runs)} errors under load"
        for key, runs in measured.runs.items()
        if any(run.errors for run in runs)
    ]
    return [*missed, *refused, *errors]


def markdown(measured: Measured, asked: Asked, place: Place) -> str:
    """Return the tables of a run."""
    queries = [name for name in asked.queries if any(key[1] == name for key in measured.runs)]
    lines = [
        _conditions(asked, place),
        "",
        f"| | {' | '.join(queries)} | memory |",
        f"|---|{'---|' * len(queries)}---|",
    ]
    for server in asked.servers:
        cells = [_cell(measured, server.name, query) for query in queries]
        weight = measured.memory.get(server.name)
        memory = "" if weight is None else f"{weight:.0f} MB"
        lines.append(f"| {server.name} | {' | '.join(cells)} | {memory} |")
    lines += ["", "| | measured | bar | |", "|---|---|---|---|"]
    for one in figures(measured):
        sign = "≤" if one.most else "≥"
        mark = "✓" if one.reached else "✗"
        lines.append(
            f"| {one.name} | {one.value:.2f}{one.unit} | {sign} {one.bar:g}{one.unit} | {mark} |"
        )
    return "\n".join(lines) + "\n"


def _conditions(asked: Asked, place: Place) -> str:
    return (
        f"{place.world.contents:,} contents, {asked.rounds} rounds of {asked.seconds} s, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}. Medians of requests/s "
        "± half of how far the rounds lie apart (÷ limit; the same by processor time, which a busy "
        "machine disturbs less) · processor ms of server + database for each request."
    )


def _cell(measured: Measured, server: str, query: str) -> str:
    middle = measured.median(server, query)
    if middle is None:
        return "refused" if (server, query) in measured.refusals else ""
    part = ratio(measured, (server, query), ("limit", query))
    least = measured.median("limit", query)
    times = ""
    if part is not None and least is not None and server != "limit":
        times = f" ({part:.2f}, {processor_ms(least) / processor_ms(middle):.2f})"
    apart = spread([run.rate for run in measured.runs[server, query]]) / 2
    around = f" ± {apart:.0%}" if apart else ""
    return f"{middle.rate:.0f}{around}{times} · {middle.server_ms:.2f}+{middle.database_ms:.2f}"


def as_json(measured: Measured, asked: Asked, place: Place) -> dict[str, Any]:
    """Return everything of a run that is worth keeping."""
    return {
        "rows": dict(place.world.rows),
        "rounds": asked.rounds,
        "seconds": asked.seconds,
        "cores": os.cpu_count(),
        "servers": {
            server.name: {
                "memory_mb": round(measured.memory.get(server.name, 0.0), 1),
                "queries": _queries(measured, server.name, asked.queries),
            }
            for server in asked.servers
        },
        "unseen_ms": {
            _named(key): {"first": round(times.first, 3), "warm": round(times.warm, 3)}
            for key, times in measured.unseen.items()
        },
        "figures": [
            {**asdict(one), "value": round(one.value, 3), "reached": one.reached}
            for one in figures(measured)
        ],
        "refusals": {_named(key): why[:300] for key, why in measured.refusals.items()},
    }


def _queries(measured: Measured, server: str, queries: Sequence[str]) -> dict[str, Any]:
    found = {}
    for query in queries:
        middle = measured.median(server, query)
        if middle is not None:
            rates = [run.rate for run in measured.runs[server, query]]
            part = ratio(measured, (server, query), ("limit", query))
            found[query] = {
                **{name: round(value, 3) for name, value in asdict(middle).items()},
                "rates": [round(rate, 1) for rate in rates],
                "spread": round(spread(rates), 3),
                "of_limit": None if part is None else round(part, 3),
                "leaves": measured.leaves.get((server, query)),
            }
    return found


def write(folder: Path, text: str, kept: Mapping[str, Any]) -> None:
    """Put the tables into bench.md, between its marks, and the figures into bench.json."""
    (folder / "bench.json").write_text(json.dumps(kept, indent=1) + "\n")
    page = folder / "bench.md"
    before, _, rest = page.read_text().partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n\n{text}\n{END}{after}")


def show(console: Console, measured: Measured, asked: Asked) -> None:
    """Print what was measured."""
    table = Table("", *asked.queries, "memory", box=None)
    for server in asked.servers:
        cells = [_cell(measured, server.name, query) for query in asked.queries]
        weight = measured.memory.get(server.name)
        table.add_row(server.name, *cells, "" if weight is None else f"{weight:.0f} MB")
    console.print(
        "requests/s ± spread (÷ limit, by processor time) · processor ms of server + database"
    )
    console.print(table)
    show_figures(console, figures(measured))


def show_figures(console: Console, found: Sequence[Figure]) -> None:
    """Print figures beside their bars."""
    bars = Table("", "measured", "bar", "", box=None)
    for one in found:
        sign = "≤" if one.most else "≥"
        mark = "[green]✓[/green]" if one.reached else "[red]✗[/red]"
        bars.add_row(one.name, f"{one.value:.2f}{one.unit}", f"{sign} {one.bar:g}{one.unit}", mark)
    console.print(bars)
