"""`make targets`: the story of a post, played against servers and readers other people wrote."""

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.running import a_folder, a_running_hub
from tests.targets import parties
from tests.targets.campaign import Lane, Result, play
from tests.targets.hub_clock import HubClock
from tests.targets.newsroom import Broken, Newsroom
from tests.targets.parties import PARTIES, Gathering, Hubs
from tests.targets.receiver import a_receiver
from tests.targets.report import (
    DOCUMENT,
    between_markers,
    figures,
    judged,
    markdown,
    said,
    shown,
)

# Where nobody looks at a terminal, the table need not be as narrow as one.
console = Console(width=None if sys.stdout.isatty() else 120)


def main() -> int:
    """Install, start, play, show; return 1 when a bar was missed, 2 when the hub did not start."""
    started = time.monotonic()
    gathering = Gathering()
    programs = parties.install(gathering, tell=console.print)
    ready = time.monotonic()
    try:
        results = _campaign(gathering, programs)
    except (Broken, RuntimeError, OSError, httpx.HTTPError) as error:
        console.print(f"[red]✗[/red] {escape(str(error))}", highlight=False)
        return 2
    versions = gathering.versions()
    console.print(shown(results, versions))
    for result in results:
        if result.error:
            console.print(f"[red]✗ {result.name} ({result.party})[/red]: {escape(result.error)}")
    ended = time.monotonic()
    found = figures(results, seconds=ended - started)
    console.print(judged(found))
    failed = sum(bool(result.error) for result in results)
    summary = (
        f"{len(results)} cases, {len(results) - failed} held, {failed} failed; {said(found)}; "
        f"installing {ready - started:.0f} s, starting and playing {ended - ready:.0f} s."
    )
    text = markdown(results, versions, summary=summary, found=found)
    DOCUMENT.write_text(between_markers(DOCUMENT.read_text(), text))
    met = all(figure.met for figure in found)
    console.print(summary, style="green" if met else "red", highlight=False)
    return 0 if met else 1


def _campaign(gathering: Gathering, programs: dict[str, Any]) -> list[Result]:
    with ExitStack() as stack:
        console.print("Starting the servers and the hub …")
        parties.start(gathering, programs, stack)
        for name, why in gathering.missing.items():
            console.print(f"[red]✗[/red] {name} {escape(why)}", highlight=False)
        receiver = stack.enter_context(a_receiver())
        allowed = [each for one in gathering.started.values() for each in one.addresses]
        news, beside = (_newsroom([*allowed, receiver.address], stack) for _ in range(2))
        hubs = Hubs(news=news, beside=beside, receiver=receiver)
        present = [party.name for party in PARTIES if party.name in gathering.started]
        lanes = [lane for name in present for lane in gathering.started[name].lanes(hubs)]
        return [*_played(lanes), *gathering.not_played()]


def _newsroom(allowed: Sequence[str], stack: ExitStack) -> Newsroom:
    folder = stack.enter_context(a_folder())
    hub = stack.enter_context(a_running_hub(folder, env={"HUB_OUTGOING_ALLOW": ",".join(allowed)}))
    news = Newsroom(url=hub.url, tokens=hub.tokens, clock=HubClock(hub.data_dir))
    stack.callback(news.close)
    return news


def _played(lanes: Sequence[Lane[Any]]) -> list[Result]:
    columns = (TextColumn("playing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("playing", total=sum(len(lane.cases) for lane in lanes))

        def tell(result: Result) -> None:
            mark = "[red]✗[/red]" if result.error else "[green]✓[/green]"
            progress.console.print(
                f"{mark} {result.name} [dim]{result.party} {result.seconds:.1f} s[/dim]",
                highlight=False,
            )
            progress.advance(bar)

        return play(lanes, tell=tell)


if __name__ == "__main__":
    sys.exit(main())
