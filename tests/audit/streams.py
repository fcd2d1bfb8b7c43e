"""`make audit`, second part: the public client of graphql-sse follows a small schema."""

import json
from typing import Any

import typer
from rich.console import Console

from tests.audit.run import TOOLS, run_tool
from tests.node import FETCHED
from tests.schema.base.serving import served_toy
from tests.schema.base.toy import TOKEN

console = Console()


def follow() -> None:
    """Compare what the client understood; exit 1 where it is anything else.

    The tools are those that the first part has installed.
    """
    node = FETCHED / "node" / "bin" / "node"
    with served_toy() as served:
        found = json.loads(run_tool([node, TOOLS / "streams.mjs", served.url, TOKEN]))
    wrong = [name for name, right in _judged(found).items() if not right]
    if wrong:
        console.print(f"[red]graphql-sse: not as it must be: {', '.join(wrong)}[/red]\n{found}")
        raise typer.Exit(1)
    console.print("GraphQL over SSE: 4 of 4 as its client expects.")


def _judged(found: dict[str, Any]) -> dict[str, bool]:
    return {
        "query": [one["data"] for one in found["query"]] == [{"greeting": "hello"}],
        "subscription": [one["data"]["ticks"] for one in found["subscription"]] == [0, 1, 2],
        "invalid": [error["extensions"]["code"] for error in found["invalid"][0]["errors"]]
        == ["GRAPHQL_VALIDATION_FAILED"],
        "refused": found["refused"] == 401,
    }
