"""`hub contest`: checking a draw without trusting the hub that made it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.output import AsJson, complaints, console, fail, print_json, print_rows

contest = typer.Typer(no_args_is_help=True, help="Contests: check the draws of others, and yours.")

#: A proof of a hundred thousand entrants has about ten; larger files are something else.
_MOST_BYTES = 100_000_000


@contest.command("verify")
def verify(
    proof: Annotated[
        Path,
        typer.Argument(help="The file with the proof: `contest.proof` of the API, as JSON."),
    ],
    commitment: Annotated[
        str,
        typer.Option(
            help="The commitment as it was published before the close; without it a whole proof "
            "may have been made up afterwards.",
            show_default=False,
        ),
    ] = "",
    digest: Annotated[
        str,
        typer.Option(help="The proof's digest as the draw's event told it.", show_default=False),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Recompute a draw from its proof: the seed, the list, the winners, who replaced whom.

    It needs no hub, no database and no network. The exit code is 0 when everything holds and 1
    when something does not; the table says what.

    Example: hub contest verify proof.json --commitment 9f86d081884c7d65…
    """
    from rich.markup import escape

    from hub.engagement.contests import proof as proofs

    checks = proofs.verify(_read(proof), commitment=commitment or None, digest=digest or None)
    broken = [check for check in checks if not check.holds]
    if as_json:
        print_json({"holds": not broken, "checks": [asdict(check) for check in checks]})
    else:
        print_rows(
            [
                # What a stranger wrote into a proof is text and nothing else.
                {
                    "check": check.name,
                    "holds": "yes" if check.holds else "NO",
                    "found": escape(check.found),
                }
                for check in checks
            ],
            as_json=False,
            empty="",
        )
        if not broken:
            console.print("[green]✓[/green] Everything holds.")
    if broken:
        names = ", ".join(check.name for check in broken)
        complaints.print(f"[red]✗[/red] This does not hold: {names}.", soft_wrap=True)
        raise typer.Exit(1)


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > _MOST_BYTES:
            fail(f"{path} is too large to be a proof.")
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        fail(f"{path} cannot be read: {error}")
