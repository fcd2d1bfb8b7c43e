"""`make audit`: the public conformance audit of GraphQL over HTTP, run against the hub's door."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.node import FETCHED
from tests.node import install as packages
from tests.schema.base.serving import served_toy
from tests.schema.base.toy import TOKEN

HERE = Path(__file__).parent
TOOLS = FETCHED / "audit"
PACKAGES = ("graphql@16.11.0", "graphql-http@1.23.1", "graphql-sse@2.6.1")

COLOURS = {"ok": "green", "notice": "cyan", "warn": "yellow", "error": "red"}
EXPECTED = 61

console = Console()


def main(
    url: Annotated[
        str | None, typer.Option(help="The GraphQL address; without it, a small schema is served.")
    ] = None,
    token: Annotated[str | None, typer.Option(help="Sent as a bearer token.")] = None,
    offline: Annotated[
        bool, typer.Option(help="Use the tools of an earlier run; install nothing.")
    ] = False,
) -> None:
    """Audit a server and print every result; exit 1 on a warning, an error or a missing audit."""
    with console.status("Getting Node and the audit") as status:
        node = _tools(install=not offline)
        status.update("Auditing")
        with _target(url, token) as (address, bearer):
            results = _audit(node, address, bearer)
    _show(results)
    counts = Counter(result["status"] for result in results)
    summary = ", ".join(f"{counts[kind]} {kind}" for kind in COLOURS)
    console.print(f"GraphQL over HTTP: {len(results)} audits: {summary}.")
    if counts["warn"] or counts["error"] or len(results) < EXPECTED:
        raise typer.Exit(1)


@contextmanager
def _target(url: str | None, token: str | None) -> Iterator[tuple[str, str | None]]:
    if url is not None:
        yield url, token
        return
    with served_toy() as served:
        yield served.url, token or TOKEN


def _tools(*, install: bool) -> Path:
    """Install Node and the audit beside the project's data, apart from its own packages."""
    if not install:
        return FETCHED / "node" / "bin" / "node"
    node = packages(TOOLS, *PACKAGES)
    for name in ("audit.mjs", "streams.mjs"):
        shutil.copyfile(HERE / name, TOOLS / name)
    return node


def _audit(node: Path, url: str, token: str | None) -> list[dict[str, str]]:
    arguments: list[str | Path] = [node, TOOLS / "audit.mjs", url]
    if token:
        arguments.append(token)
    results: list[dict[str, str]] = json.loads(run_tool(arguments))
    return results


def run_tool(
    arguments: Sequence[str | Path], *, environment: Mapping[str, str] | None = None
) -> str:
    """Run a tool and return what it wrote; exits with 2 when it did not end well."""
    done = subprocess.run(
        [str(each) for each in arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        console.print(f"[red]{arguments[0]} failed[/red]\n{done.stdout}{done.stderr}")
        raise typer.Exit(2)
    return done.stdout


def _show(results: Sequence[Mapping[str, str]]) -> None:
    table = Table("", "id", "audit", "why", box=None)
    for result in results:
        colour = COLOURS[result["status"]]
        mark = f"[{colour}]{result['status']}[/{colour}]"
        table.add_row(mark, result["id"], result["name"], result["reason"])
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
