"""`make fuzz`: hostile requests against a real hub, and random documents through both read paths.

`python -m tests.fuzz --documents 5000 --seed 7` does fewer, or other ones; 0 leaves a part out.
"""

import argparse
import asyncio
import sys

import httpx
from rich.console import Console
from rich.table import Table

from tests.fuzz.answers import compare
from tests.running import RunningHub, a_folder, a_running_hub
from tests.schema.base.hostile import Report, bombard

REQUESTS = 2_000
DOCUMENTS = 50_000
P99_MS = 300.0
LONGEST_MS = 2_000.0
GROWTH_MB = 50.0


def api_pid(hub: RunningHub) -> int:
    """Return the process that answers requests."""
    for process in hub.processes():
        if process.cmdline()[1:3] == ["-m", "schema"]:
            return process.pid
    raise RuntimeError("No process of this hub serves the API.")


async def attack(hub: RunningHub, requests: int) -> tuple[Report, bool]:
    """Send everything; say whether the hub answers a proper question afterwards."""
    token = hub.tokens["editor"]
    address = f"{hub.url}/graphql"
    report = await bombard(address, token, requests, pids=[api_pid(hub)])
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            address,
            json={"query": "{ viewer { name } }"},
            headers={"Authorization": f"Bearer {token}"},
        )
    return report, bool(answer.json()["data"]["viewer"]["name"])


def main() -> int:
    """Run both parts; 0 when no bar is missed and no answer differs."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz")
    options.add_argument("--requests", type=int, default=REQUESTS)
    options.add_argument("--documents", type=int, default=DOCUMENTS)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    console = Console()
    faults = attack_and_say(console, given.requests) if given.requests else 0
    if given.documents:
        faults += compare(console, documents=given.documents, seed=given.seed)
    return 1 if faults else 0


def attack_and_say(console: Console, requests: int) -> int:
    """Attack, print each figure beside its bar; return how many are missed."""
    with console.status("Attacking …"), a_folder() as folder, a_running_hub(folder) as hub:
        report, alive = asyncio.run(attack(hub, requests))
    growth = report.rss_growth / 1_000_000
    refused = sum(count for status, count in report.statuses.items() if status >= 500)
    # `hub up` is for developers: whoever asks for HTML is shown GraphiQL, which is no fault.
    faults = [fault for fault in report.faults if "GraphiQL" not in fault]
    figures = [
        ("answers with 5xx", refused, "0", refused == 0),
        ("answers no client can read", len(faults), "0", not faults),
        ("p99", f"{report.p99_ms:.0f} ms", f"< {P99_MS:.0f} ms", report.p99_ms < P99_MS),
        ("longest", f"{report.max_ms:.0f} ms", "< 2 s", report.max_ms < LONGEST_MS),
        ("memory gained", f"{growth:.0f} MB", f"< {GROWTH_MB:.0f} MB", growth < GROWTH_MB),
        ("alive afterwards", "yes" if alive else "no", "yes", alive),
    ]
    table = Table("what", "measured", "bar", "")
    for name, value, bar, reached in figures:
        mark = "[green]✓[/green]" if reached else "[red]✗[/red]"
        table.add_row(name, str(value), bar, mark)
    console.print(table)
    for fault in faults:
        console.print(fault, highlight=False)
    missed = [name for name, _, _, reached in figures if not reached]
    said = f"missed: {', '.join(missed)}" if missed else "every bar is reached"
    console.print(f"{requests} hostile requests, slowest {report.slowest}: {said}.")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main())
