"""`make bench` and `make bench-quick`: how fast the hub is beside others on the same data."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from tests.bench import report, starting
from tests.bench.contestants import SERVERS
from tests.bench.data import CONTENTS
from tests.bench.growth import grown
from tests.bench.load import wrk
from tests.bench.measure import Asked, Bench
from tests.bench.place import KEPT, a_place
from tests.bench.servers import Server
from tests.node import FETCHED

#: What the quick bench reads: few contents, so that all of it takes less than a minute.
_FEW = 4_000
_QUICK = ("hub", "anew", "limit", "reference")
_QUERIES = ("Q1", "Q2", "Q2p", "Q3", "Q4", "Q4f", "Q1u", "P", "empty", "M1")
_QUICK_QUERIES = ("Q1", "Q2", "Q3", "Q4", "M1")

#: Wide enough for the tables, whatever reads them.
_WIDTH = 160

console = Console(width=_WIDTH)


def main(
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Hub, anew, limit and reference: a minute."),
    ] = False,
    start: Annotated[
        bool, typer.Option("--start", help="Only time to ready, memory and the quickest query.")
    ] = False,
    growth: Annotated[
        float, typer.Option(help="Compare so many times 20,000 contents with 20,000.", max=100)
    ] = 0,
    scale: Annotated[
        float, typer.Option(help="Times 20,000 contents: 1, 10 or 100.", min=0, max=100)
    ] = 0,
    servers: Annotated[str, typer.Option(help=f"With commas between: {', '.join(SERVERS)}.")] = "",
    queries: Annotated[str, typer.Option(help=f"With commas between: {', '.join(_QUERIES)}.")] = "",
    rounds: Annotated[int, typer.Option(help="How often; 0: 3 times, quick 2.")] = 0,
    seconds: Annotated[int, typer.Option(help="How long each time; 0: 4 s, quick 1 s.")] = 0,
) -> None:
    """Measure, print each figure beside its bar, and exit 1 where one is missed."""
    if start:
        sys.exit(starting.main())
    if growth:
        sys.exit(_grow(growth, rounds or 3))
    contents = round(scale * CONTENTS) // 20 * 20 if scale else (_FEW if quick else CONTENTS)
    for name in queries.split(",") if queries else ():
        if name not in _QUERIES:
            raise typer.BadParameter(f"{name} is none of {', '.join(_QUERIES)}.")
    chosen = _chosen(servers or ",".join(_QUICK if quick else SERVERS))
    asked = Asked(
        servers=chosen,
        queries=(queries or ",".join(_QUICK_QUERIES if quick else _QUERIES)).split(","),
        rounds=rounds or (2 if quick else 3),
        seconds=seconds or (1 if quick else 4),
        warm_seconds=1 if quick else 4,
        # It is slow, and nothing is held against it: only the others are worth a second look.
        once=("reference",) if quick else (),
    )
    whole = not (quick or servers or queries or scale)
    lost = _measure(contents, asked, keep=whole)
    if whole:
        lost += starting.main()
    raise typer.Exit(1 if lost else 0)


def _chosen(names: str) -> list[Server]:
    unknown = [name for name in names.split(",") if name not in SERVERS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is none of {', '.join(SERVERS)}.")
    return [SERVERS[name] for name in names.split(",")]


def _measure(contents: int, asked: Asked, *, keep: bool) -> int:
    with console.status("Getting what is needed …") as status:

        def tell(what: str) -> None:
            status.update(f"{what} …")

        tool = wrk()
        for server in asked.servers:
            server.install(tell)
        with a_place(contents, tell=lambda table: tell(f"writing {table}")) as place:
            measured = Bench(place, asked, tool, tell=tell).run()
    report.show(console, measured, asked)
    kept = report.as_json(measured, asked, place)
    folder = FETCHED.parent / "docs" if keep else KEPT
    if keep:
        report.write(folder, report.markdown(measured, asked, place), kept)
    else:
        (folder / "last.md").write_text(report.markdown(measured, asked, place))
    found = report.figures(measured)
    lost = report.failures(measured, found)
    for line in lost:
        console.print(f"[red]✗[/red] {line}", highlight=False)
    reached = sum(one.reached for one in found)
    console.print(f"{reached} of {len(found)} bars are reached; {len(lost)} things are wrong.")
    return len(lost)


def _grow(scale: float, rounds: int) -> int:
    with console.status("Getting what is needed …") as status:
        found = grown(scale, wrk(), rounds=rounds, tell=lambda what: status.update(f"{what} …"))
    report.show_figures(console, found)
    reached = sum(one.reached for one in found)
    console.print(f"{reached} of {len(found)} bars are reached.")
    return 0 if found and reached == len(found) else 1


if __name__ == "__main__":
    typer.run(main)
