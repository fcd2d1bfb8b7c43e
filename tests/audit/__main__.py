"""`make audit`: GraphQL over HTTP by the npm package graphql-http, on a real hub; then over SSE."""

import sys

import typer

from tests.audit.run import main
from tests.audit.streams import follow
from tests.running import a_folder, a_running_hub


def run() -> None:
    """Start a hub, audit it, stop it; exits with 1 where anything is amiss."""
    with a_folder() as folder, a_running_hub(folder) as hub:
        try:
            main(url=f"{hub.url}/graphql", token=hub.tokens["manager"])
            follow()
        except typer.Exit as end:
            sys.exit(end.exit_code)


if __name__ == "__main__":
    run()
