"""What happened, line by line: told on the terminal while it happens, kept for the page."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule

from workers.demo.clock import ZONE

Kind = Literal["done", "found", "bad"]
SIGNS = {"done": "[green]✓[/green]", "found": "[cyan]→[/cyan]", "bad": "[yellow]![/yellow]"}
#: How each brand's lines are marked.
MARKS = {"fr": "[blue]FR[/blue]", "en": "[magenta]EN[/magenta]", "": "  "}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that happened, to a brand or to both, and what there is to see of it."""

    brand: str
    text: str
    kind: Kind
    details: Sequence[str]


@dataclass(kw_only=True)
class Page:
    """A day: its date, what it is about, and its lines."""

    day: str
    on: date
    title: str
    lines: list[Line] = field(default_factory=list)
    seconds: float = 0.0


def many(number: int, thing: str) -> str:
    """Return so many of a thing, in the plural where there is not one."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


class Diary:
    """The story as it is told."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.pages: list[Page] = []

    def open(self, day: str, title: str, *, now: datetime) -> Page:
        """Begin a day."""
        page = Page(day=day, on=now.astimezone(ZONE).date(), title=title)
        self.pages.append(page)
        self.console.print()
        name = f"{day.title()} {page.on:%d %B}".replace(" 0", " ")
        self.console.print(Rule(f"[bold]{name}[/bold] · {escape(title)}", align="left"))
        return page

    def note(
        self, text: str, *, brand: str = "", kind: Kind = "done", details: Sequence[str] = ()
    ) -> None:
        """Tell one thing that happened."""
        self.pages[-1].lines.append(Line(brand=brand, text=text, kind=kind, details=details))
        self.console.print(f"{SIGNS[kind]} {MARKS[brand]} {escape(text)}", highlight=False)
        for detail in details:
            self.console.print(Padding(f"[dim]{escape(detail)}[/dim]", (0, 0, 0, 5), expand=False))

    def waiting(self) -> AbstractContextManager[object]:
        """Show on a terminal that something is going on."""
        return self.console.status("") if self.console.is_terminal else nullcontext()
