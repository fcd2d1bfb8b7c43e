"""What a person sees: bars while the story runs, a table and a query at its end."""

import json
import time
from collections import Counter
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.table import Table

from workers.demo import chart
from workers.demo.checks import Check, same_hash
from workers.demo.client import Json
from workers.demo.community import counted
from workers.demo.stage import Phase, Stage

OVERVIEW = Path(__file__).parent / "overview.graphql"
#: Wide enough for the table where nobody looks: a file, or another program.
WIDTH = 150
NOTHING = "-"


def console_for_people() -> Console:
    """Return a console that writes whole lines where its output is not a terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


async def play(stage: Stage, phases: tuple[Phase, ...], *, console: Console) -> None:
    """Play the phases one after the other, each with its own bar."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        for phase in phases:
            bar = progress.add_task(phase.name, total=phase.steps(stage))
            await phase.act(stage, partial(progress.advance, bar))


def table(stage: Stage) -> Table:
    """Return one row per publication: what went where, and what came of it."""
    shown = Table(
        title="What went out, and what came back", header_style="bold", title_justify="left"
    )
    shown.add_column("Item")
    shown.add_column("Channel")
    shown.add_column("State", no_wrap=True)
    shown.add_column("Link", overflow="fold")
    shown.add_column("Likes", justify="right")
    shown.add_column("Answers", justify="right")
    shown.add_column("Approved = sent", no_wrap=True)
    for publication in sorted(stage.publications, key=lambda one: _order(stage, one)):
        counters = _counters(stage, publication)
        shown.add_row(
            stage.item_of(publication).title,
            publication["channel"]["name"],
            publication["state"],
            publication["url"] or NOTHING,
            counters["likes"],
            counters["answers"],
            _hash(publication),
        )
    for publication in stage.replies:
        words = publication["edition"]["parts"][0]["text"]
        shown.add_row(
            f"[dim]↳ {words[:38]}…[/dim]",
            publication["channel"]["name"],
            publication["state"],
            publication["url"] or NOTHING,
            NOTHING,
            NOTHING,
            _hash(publication),
        )
    return shown


def _order(stage: Stage, publication: Json) -> tuple[int, int]:
    item = stage.item_of(publication)
    return stage.items.index(item), item.channels.index(stage.channel_of(publication).key)


def _counters(stage: Stage, publication: Json) -> dict[str, str]:
    # A feed and a webhook count nothing: that is not the same as nobody liking it.
    if stage.channel_of(publication).platform != "mastodon":
        return {"likes": NOTHING, "answers": NOTHING}
    known = counted(publication)
    return {name: str(known[name]) for name in ("likes", "answers")}


def _hash(publication: Json) -> str:
    short = (publication["approvedHash"] or "")[:8]
    return f"{short} [green]✓[/green]" if same_hash(publication) else f"{short} [red]✗[/red]"


def write_chart(stage: Stage, *, path: Path) -> None:
    """Write the chart of engagement: every text that people could answer."""
    known: dict[str, Counter[str]] = {item.title: Counter() for item in stage.items}
    for publication in stage.at_network():
        known[stage.item_of(publication).title] += counted(publication)
    chart.draw(list(known.items()), path=path)


def write_query(stage: Stage, *, path: Path) -> str:
    """Write the query that shows it all, its variables as a comment below; return the text."""
    variables = json.dumps({"brand": stage.brand_id})
    text = f"{OVERVIEW.read_text(encoding='utf-8')}\n# Variables:\n# {variables}\n"
    path.write_text(text, encoding="utf-8")
    return text


def highlighted(query: str) -> Syntax:
    """Return a query as it is shown in a terminal."""
    return Syntax(query.strip(), "graphql", background_color="default")


def verdicts(checks: list[Check]) -> list[str]:
    """Return a line per check, and what contradicts it."""
    lines = []
    for one in checks:
        sign = "[green]✓[/green]" if one.holds else "[red]✗[/red]"
        lines.append(f"{sign} {one.claim}")
        lines += [f"    [red]{wrong}[/red]" for wrong in one.wrong]
    return lines


def summary(stage: Stage, checks: list[Check], *, began: float) -> str:
    """Return the whole story in one line."""
    holding = sum(one.holds for one in checks)
    return (
        f"{len(stage.items)} texts, {len(stage.publications)} publications on "
        f"{len(stage.channels)} channels, {len(stage.said)} answers, {len(stage.replies)} replies "
        f"· {holding} of {len(checks)} checks hold · {time.monotonic() - began:.1f} s"
    )
