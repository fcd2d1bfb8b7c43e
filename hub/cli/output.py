"""How commands speak: tables for people, one JSON document for programs, errors that help."""

import asyncio
import json
import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from hub.kernel.errors import HubError

if TYPE_CHECKING:
    from hub.kernel.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]

#: Where a running `hub up` says how to reach its servers, readable by its user alone.
RUNNING = "running.json"

console = Console()
complaints = Console(stderr=True)

Result = TypeVar("Result")


def settings_from_environment() -> "Settings":
    """Read HUB_* variables; say at once all that is missing or malformed."""
    from pydantic import ValidationError

    from hub.kernel.settings import Settings

    try:
        return Settings(**_of_the_hub_up_here())
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            field = str(problem["loc"][0])
            said = problem["msg"]
            if problem["type"] == "missing":
                said = f"is required. {Settings.model_fields[field].description}"
            complaints.print(f"[red]HUB_{field.upper()}[/red]: {said}", soft_wrap=True)
        complaints.print(
            "Set them in the environment (docs/operating.md lists them), or start `hub up`, which "
            "needs none: then this command uses that hub.",
            soft_wrap=True,
        )
        raise typer.Exit(2) from None


def _of_the_hub_up_here() -> dict[str, Any]:
    """Return the settings of the hub that `hub up` runs on this folder, unless others are set."""
    if os.environ.get("HUB_DATABASE_URL") or os.environ.get("HUB_REDIS_URL"):
        return {}
    path = Path(os.environ.get("HUB_DATA_DIR", ".hub")) / RUNNING
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


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
