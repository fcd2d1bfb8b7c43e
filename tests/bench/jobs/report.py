"""What the rounds found: as a table, as Markdown for the documents, as JSON for machines."""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.jobs.contestants import CELERY, CELERY_ALIKE, HUB, Contestant
from tests.bench.jobs.outbox import Batch
from tests.bench.jobs.rounds import Delivered
from tests.bench.servers import ROOT

START = "<!-- figures: written by `make bench-workers` -->"
END = "<!-- end of figures of workers -->"
_FIGURES = ("rate", "workers_us", "sender_us", "servers_us", "memory_mb")
_HEADS = ("", "deliveries/s", "workers", "sender", "servers", "µs together", "memory", "once")
_BATCH_HEADS = ("rows in a transaction", "rung", "claimed, finished", "one statement for all")


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that a run measured."""

    deliveries: int
    contestants: Sequence[Contestant]
    measured: Mapping[str, Sequence[Delivered]]
    batches: Sequence[Batch]

    def median(self, one: Contestant, figure: str) -> float:
        """Return the median of a figure over all rounds."""
        values: list[float] = [getattr(run, figure) for run in self.measured[one.name]]
        return statistics.median(values)

    def once(self, one: Contestant) -> bool:
        """Say whether in every round everything came exactly once."""
        return all(run.exactly_once for run in self.measured[one.name])

    def best_celery(self) -> Contestant | None:
        """Return the quickest form of Celery that lost and doubled nothing."""
        able = [one for one in CELERY if one in self.contestants and self.once(one)]
        return max(able, key=lambda one: self.median(one, "rate"), default=None)


def failures(found: Found) -> list[str]:
    """Return every bar that was missed."""
    wrong = [
        f"{one.name} lost {sum(run.lost for run in runs)}, doubled "
        f"{sum(run.doubled for run in runs)}, spoilt {sum(run.wrong for run in runs)}, left "
        f"{sum(run.left for run in runs)}"
        for one in found.contestants
        if not found.once(one)
        for runs in [found.measured[one.name]]
    ]
    best = found.best_celery()
    ratio = _ratio(found, best)
    if best is not None and ratio is not None and ratio < 1:
        wrong.append(f"the hub delivers {ratio:.2f} times as many a second as {best.name}, not 1")
    return wrong


def _ratio(found: Found, other: Contestant | None) -> float | None:
    if other is None or other not in found.contestants or HUB not in found.contestants:
        return None
    return found.median(HUB, "rate") / found.median(other, "rate")


def summary(found: Found) -> str:
    """Return the one line that says it all."""
    once = sum(found.once(one) for one in found.contestants)
    best = found.best_celery()
    compared = [
        f"hub ÷ {other.name} is {ratio:.2f}{bar}"
        for other, bar in ((best, " (≥ 1)"), (CELERY_ALIKE, ""))
        if other is not None and (ratio := _ratio(found, other)) is not None
    ]
    told = [f"{once} of {len(found.contestants)} ways delivered exactly once", *compared]
    return "; ".join(told) + "."


def _row(found: Found, one: Contestant) -> list[str]:
    rate, workers, sender, servers, memory = (found.median(one, name) for name in _FIGURES)
    rates = [run.rate for run in found.measured[one.name]]
    apart = (max(rates) - min(rates)) / 2 / rate
    return [
        one.name,
        f"{rate:.0f} ± {apart:.0%}",
        *(f"{value:.0f}" for value in (workers, sender, servers, workers + sender + servers)),
        f"{memory:.0f} MB",
        "✓" if found.once(one) else "✗",
    ]


def _batch_row(batch: Batch) -> list[str]:
    return [f"{value:,.0f}" for value in (batch.size, batch.rung, batch.settled, batch.together)]


def show(console: Console, found: Found) -> None:
    """Print both tables."""
    table = Table(*_HEADS, box=None)
    for one in found.contestants:
        table.add_row(*_row(found, one))
    console.print("deliveries/s · processor µs for each delivery")
    console.print(table)
    batches = Table(*_BATCH_HEADS, box=None)
    for batch in found.batches:
        batches.add_row(*_batch_row(batch))
    console.print("rows of the outbox a second, one connection, fsync on")
    console.print(batches)


def markdown(found: Found) -> str:
    """Return both tables for the documents."""
    rounds = max((len(runs) for runs in found.measured.values()), default=0)
    lines = [
        (
            f"{found.deliveries:,} deliveries of 1 kB, {rounds} rounds, {os.cpu_count()} cores, "
            f"Python {platform.python_version()}. Medians; processor µs for each delivery."
        ),
        "",
        *_as_markdown((*_HEADS, "how"), [[*_row(found, it), it.what] for it in found.contestants]),
        "",
        "Rows of the outbox a second, over one connection, written to disk:",
        "",
        *_as_markdown(_BATCH_HEADS, [_batch_row(batch) for batch in found.batches]),
        "",
        summary(found),
    ]
    return "\n".join(lines)


def _as_markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def as_json(found: Found) -> dict[str, Any]:
    """Return everything that is worth keeping."""
    return {
        "deliveries": found.deliveries,
        "cores": os.cpu_count(),
        "contestants": {
            one.name: {
                "what": one.what,
                **{name: round(found.median(one, name), 1) for name in _FIGURES},
                "rates": [round(run.rate, 1) for run in found.measured[one.name]],
                "exactly_once": found.once(one),
            }
            for one in found.contestants
        },
        "outbox_rows_per_second": [
            {name: round(value) for name, value in asdict(batch).items()} for batch in found.batches
        ],
        "failures": failures(found),
    }


def write(found: Found) -> None:
    """Put the tables into bench.md, between their marks, and the figures into a file beside it."""
    docs = ROOT / "docs"
    (docs / "bench-workers.json").write_text(json.dumps(as_json(found), indent=1) + "\n")
    page = docs / "bench.md"
    before, _, rest = page.read_text().partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n\n{markdown(found)}\n\n{END}{after}")
