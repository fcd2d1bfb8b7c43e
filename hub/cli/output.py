"""How commands speak: tables for people, one JSON document for programs, errors that help."""

import asyncio
import json
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from hub.kernel.errors import HubError

if TYPE_CHECKING:
    from hub.kernel.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]

console = Console()
complaints = Console(stderr=True)

Result = TypeVar("Result")


def settings_from_environment() -> "Settings":
    """Read HUB_* variables; say at once all that is missing or malformed."""
    from pydantic import ValidationError

    from hub.kernel.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            name = "HUB_" + "_".join(str(part) for part in problem["loc"]).upper()
            complaints.print(f"[red]{name}[/red]: {problem['msg']}")
        complaints.print(
            "Set them in the environment (the README lists them), or use `hub up`, "
            "which needs none."
        )
        raise typer.Exit(2) from None


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; an expected error becomes one line and exit code 1."""
    try:
        return asyncio.run(work)
    except HubError as error:
        fail(error.message)
    except (OSError, ConnectionError) as error:
        fail(f"The database or the queue does not answer: {error}")


def fail(message: str, *, code: int = 1) -> NoReturn:
    """Print what went wrong and end."""
    complaints.print(f"[red]✗[/red] {message}", soft_wrap=True, highlight=False)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))  # noqa: T201 - for programs


def print_rows(rows: Sequence[dict[str, Any]], *, as_json: bool, empty: str) -> None:
    """Print rows of the same shape as a table, or as JSON."""
    if as_json:
        print_json(list(rows))
        return
    if not rows:
        console.print(empty)
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)
