"""What a person sees: bars while the story runs, a table and a query at its end."""

import json
from collections import Counter
from functools import partial
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.table import Table

from workers.demo import chart
from workers.demo.checks import OVERVIEW, Check, same_hash
from workers.demo.client import Json
from workers.demo.community import counted
from workers.demo.stage import Phase, Stage

#: Wide enough for the table where nobody looks: a file, or another program.
WIDTH = 175
NARROW = 140
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


def table(stage: Stage, *, wide: bool = True) -> Table:
    """Return one row per publication: what went where, and what came of it.

    Where there is little room links are left out: in pieces nobody can follow them.
    """
    shown = Table(
        title="What went out, and what came back",
        title_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
    )
    shown.add_column("Item")
    shown.add_column("Channel")
    shown.add_column("State", no_wrap=True)
    if wide:
        shown.add_column("Link", overflow="fold")
    shown.add_column("Likes", justify="right")
    shown.add_column("Answers", justify="right")
    shown.add_column("Approved = sent", no_wrap=True)
    for item in stage.items:
        # The order of its channels in the file, which is the order of its importance.
        out = [one for one in stage.publications if stage.item_of(one) is item]
        out.sort(key=lambda one: item.channels.index(stage.channel_of(one).key))
        for place, publication in enumerate(out):
            shown.add_row(item.title if place == 0 else "", *_cells(stage, publication, wide=wide))
        for publication in stage.replies:
            said = stage.replied[publication["id"]]
            if said.item is item:
                name = stage.cast.people[said.by]
                shown.add_row(f"[dim]↳ to {name}[/dim]", *_cells(stage, publication, wide=wide))
        shown.add_section()
    return shown


def _cells(stage: Stage, publication: Json, *, wide: bool) -> tuple[str, ...]:
    counters = _counters(stage, publication)
    link = (publication["url"] or NOTHING,) if wide else ()
    return (
        publication["channel"]["name"],
        publication["state"],
        *link,
        counters["likes"],
        counters["answers"],
        _hash(publication),
    )


def _counters(stage: Stage, publication: Json) -> dict[str, str]:
    # Feeds and webhooks count nothing: that is not the same as nobody liking it.
    if publication not in stage.answerable():
        return {"likes": NOTHING, "answers": NOTHING}
    known = counted(publication)
    likes = str(known["likes"]) if stage.place_of(publication).has_likes else NOTHING
    return {"likes": likes, "answers": str(known["answers"])}


def _hash(publication: Json) -> str:
    short = (publication["approvedHash"] or "")[:8]
    return f"{short} [green]✓[/green]" if same_hash(publication) else f"{short} [red]✗[/red]"


def write_chart(stage: Stage, *, path: Path) -> None:
    """Write the chart of engagement: every text that people could answer."""
    known: dict[str, Counter[str]] = {item.title: Counter() for item in stage.items}
    for publication in stage.answerable():
        known[stage.item_of(publication).title] += counted(publication)
    chart.draw(list(known.items()), path=path)


def query(stage: Stage) -> str:
    """Return the query that shows it all, its variables in a comment below it."""
    variables = json.dumps({"brand": stage.brand_id})
    return f"{OVERVIEW.read_text(encoding='utf-8')}\n# Variables:\n# {variables}\n"


def highlighted(text: str) -> Syntax:
    """Return a query as it is shown in a terminal."""
    return Syntax(
        text.strip(), "graphql", theme="ansi_light", background_color="default", word_wrap=True
    )


def verdicts(checks: list[Check]) -> list[str]:
    """Return a line per check, and what contradicts it."""
    lines = []
    for one in checks:
        sign = "[green]✓[/green]" if one.holds else "[red]✗[/red]"
        lines.append(f"{sign} {one.claim}")
        lines += [f"    [red]{wrong}[/red]" for wrong in one.wrong]
    return lines


def summary(stage: Stage, checks: list[Check], *, seconds: float) -> str:
    """Return the whole story in one line."""
    holding = sum(one.holds for one in checks)
    return (
        f"{len(stage.items)} texts, {len(stage.publications)} publications on "
        f"{len(stage.channels)} channels, {len(stage.said)} answers, {len(stage.replies)} replies "
        f"· {holding} of {len(checks)} checks hold · {seconds:.1f} s"
    )
