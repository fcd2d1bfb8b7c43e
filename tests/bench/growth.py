"""Growth: does a query take as long among millions of rows as among thousands?"""

from collections.abc import Callable, Mapping

from tests.bench.data import CONTENTS
from tests.bench.load import Loaded, Wrk
from tests.bench.measure import Asked, Bench, processor_ms
from tests.bench.place import a_place
from tests.bench.report import Figure
from tests.bench.servers import ANEW

#: What a query may take among many rows, of what it takes among 20,000 contents.
GROWTH = 1.3
#: What a deep page may take, of what the first one takes.
DEEP = 1.1
_QUERIES = ("Q1", "Q2", "Q4", "Q4f")


def grown(scale: float, tool: Wrk, *, rounds: int, tell: Callable[[str], None]) -> list[Figure]:
    """Measure the hub on few rows and on many; times are processor times, server and database."""
    few = _medians(CONTENTS, tool, rounds=rounds, tell=tell)
    contents = round(scale * CONTENTS)
    many = _medians(contents, tool, rounds=rounds, tell=tell)
    found = [
        Figure(
            name=f"{query} among {contents:,} contents ÷ among {CONTENTS:,}",
            value=processor_ms(many[query]) / processor_ms(few[query]),
            bar=GROWTH,
            most=True,
        )
        for query in ("Q1", "Q2", "Q4")
        if query in few and query in many
    ]
    if "Q4" in many and "Q4f" in many:
        deep = processor_ms(many["Q4"]) / processor_ms(many["Q4f"])
        name = f"deep page ÷ first page, {contents:,} contents"
        found.append(Figure(name=name, value=deep, bar=DEEP, most=True))
    return found


def _medians(
    contents: int, tool: Wrk, *, rounds: int, tell: Callable[[str], None]
) -> Mapping[str, Loaded]:
    asked = Asked(servers=[ANEW], queries=_QUERIES, rounds=rounds, seconds=3, warm_seconds=2)

    def told(what: str) -> None:
        tell(f"{contents:,} contents: {what}")

    with a_place(contents, tell=told) as place:
        measured = Bench(place, asked, tool, tell=told).run()
    return {
        query: middle
        for query in _QUERIES
        if (middle := measured.median(ANEW.name, query)) is not None
    }
