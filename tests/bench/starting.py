"""How quickly a hub is ready, what it weighs idle, and its quickest query."""

import statistics
import time
from dataclasses import dataclass

import httpx
from rich.console import Console
from rich.table import Table

from tests.bench.load import megabytes
from tests.running import RunningHub, a_folder, a_running_hub

FIRST_START_SECONDS = 15.0
START_SECONDS = 6.0
MEGABYTES = 600.0
VIEWER_MS = 5.0
QUERIES = 500
#: What a hub does once when it starts must be over before it is called idle.
SETTLE_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measurement beside its bar; all of them are better when smaller."""

    name: str
    value: float
    bar: float
    unit: str

    @property
    def reached(self) -> bool:
        """Say whether the bar is reached."""
        return self.value < self.bar


def measure() -> list[Figure]:
    """Start a hub twice and measure it."""
    with a_folder() as folder:
        with a_running_hub(folder) as hub:
            first = hub.seconds
        with a_running_hub(folder) as hub:
            second = hub.seconds
            time.sleep(SETTLE_SECONDS)
            weight = megabytes(hub.processes())
            latency = viewer_ms(hub)
    return [
        Figure(name="first start", value=first, bar=FIRST_START_SECONDS, unit="s"),
        Figure(name="second start", value=second, bar=START_SECONDS, unit="s"),
        Figure(name="all processes, idle (PSS)", value=weight, bar=MEGABYTES, unit="MB"),
        Figure(name="{ viewer { name } }, median", value=latency, bar=VIEWER_MS, unit="ms"),
    ]


def viewer_ms(hub: RunningHub) -> float:
    """Return the median time of the quickest query over one connection, in milliseconds."""
    headers = {"Authorization": f"Bearer {hub.tokens['editor']}"}
    times = []
    with httpx.Client(base_url=hub.url, headers=headers, trust_env=False) as client:
        for _ in range(QUERIES):
            started = time.perf_counter()
            answer = client.post("/graphql", json={"query": "{ viewer { name } }"})
            times.append((time.perf_counter() - started) * 1000)
            assert answer.json()["data"]["viewer"]["name"], answer.text
    return statistics.median(times)


def main() -> int:
    """Measure, print each figure beside its bar, and say whether all are reached."""
    console = Console()
    with console.status("Measuring …"):
        figures = measure()
    table = Table("what", "measured", "bar", "")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.value:.2f} {figure.unit}",
            f"< {figure.bar:g} {figure.unit}",
            "[green]✓[/green]" if figure.reached else "[red]✗[/red]",
        )
    console.print(table)
    missed = [figure.name for figure in figures if not figure.reached]
    console.print(f"Missed: {', '.join(missed)}" if missed else "Every bar is reached.")
    return 1 if missed else 0
