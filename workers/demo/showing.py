"""What a person sees at the end: a table of what went out, and a line for every check."""

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from workers.demo.checks import same_hash
from workers.demo.client import Json
from workers.demo.community import counted
from workers.demo.promises import Check
from workers.demo.results import clicks
from workers.demo.stage import Stage

#: Wide enough for the table where nobody looks: a file, or another program.
WIDTH = 150
NOTHING = "-"


def console_for_people() -> Console:
    """Return a console that writes whole lines where its output is not a terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def table(stage: Stage) -> Table:
    """Return one row per publication: what went where, and what came of it."""
    shown = Table(
        title="What went out, and what came back",
        title_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
    )
    shown.add_column("Text")
    shown.add_column("Channel")
    shown.add_column("State", no_wrap=True)
    for column in ("Likes", "Shares", "Answers", "Clicks"):
        shown.add_column(column, justify="right")
    shown.add_column("Approved = sent", no_wrap=True)
    for title, publications in by_text(stage).items():
        for number, one in enumerate(publications):
            shown.add_row("" if number else title, *cells(stage, one))
        shown.add_section()
    return shown


def by_text(stage: Stage) -> dict[str, list[Json]]:
    """Return all publications but replies by the text they tell, in the order they went out."""
    found: dict[str, list[Json]] = {}
    for one in sorted(stage.contents(), key=lambda one: one["publishedAt"] or "z"):
        found.setdefault(one["revision"]["title"], []).append(one)
    return found


def cells(stage: Stage, publication: Json) -> tuple[str, ...]:
    """Return what a row says of a publication after its text."""
    digest = (publication["approvedHash"] or "")[:8]
    held = f"{digest} [green]✓[/green]" if same_hash(publication) else NOTHING
    return (
        publication["channel"]["name"],
        publication["state"],
        *figures(stage, publication),
        held,
    )


def figures(stage: Stage, publication: Json) -> tuple[str, ...]:
    """Return likes, shares, answers and clicks of a publication; a dash where nobody counts."""
    # Feeds and webhooks count nothing: that is not the same as nobody liking it.
    if publication not in stage.answerable():
        return (NOTHING,) * 4
    known, place = counted(publication), stage.place_of(publication)
    return (
        str(known["likes"]) if place.has_likes else NOTHING,
        str(known["shares"]) if place.has_shares else NOTHING,
        str(known["answers"]),
        str(clicks(publication) or NOTHING),
    )


def verdicts(checks: list[Check]) -> list[str]:
    """Return a line per check, and what contradicts it."""
    lines = []
    for one in checks:
        sign = "[green]✓[/green]" if one.holds else "[red]✗[/red]"
        lines.append(f"{sign} {one.claim}")
        lines += [f"    [red]{escape(wrong)}[/red]" for wrong in one.wrong]
    return lines


def summary(stage: Stage, checks: list[Check], *, seconds: float) -> str:
    """Return the whole week in one line."""
    holding = sum(one.holds for one in checks)
    out = sum(one["state"] == "PUBLISHED" for one in stage.contents())
    return (
        f"{len(stage.brands)} brands, {len(stage.channels)} channels, {out} publications, "
        f"{len(stage.said)} answers, {len(stage.replies())} replies, "
        f"{len(stage.found['mentions'])} mentions · "
        f"{holding} of {len(checks)} checks hold · {seconds:.1f} s"
    )
