"""`make targets`: the story of a post, played against servers and readers other people wrote."""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.running import RunningHub, a_folder, a_running_hub
from tests.targets import (
    bluesky_cases,
    bluesky_connector_cases,
    bluesky_fault_cases,
    bluesky_server,
    fault_cases,
    feed_cases,
    mock_server,
    network_cases,
    webhook_cases,
    wordpress_agreement,
    wordpress_cases,
    wordpress_server,
)
from tests.targets.campaign import Lane, Result, play
from tests.targets.hub_clock import HubClock
from tests.targets.installing import CannotStart, Program, installed
from tests.targets.mock_server import a_mock_server
from tests.targets.network_cases import Network
from tests.targets.newsroom import Broken, Newsroom
from tests.targets.proxy import a_proxy
from tests.targets.receiver import a_receiver
from tests.targets.report import DOCUMENT, between_markers, markdown, shown
from tests.targets.wordpress_server import a_wordpress_server

# Where nobody looks at a terminal, the table need not be as narrow as one.
console = Console(width=None if sys.stdout.isatty() else 120)


def main() -> int:
    """Install, start, play, show; return 1 when a case failed, 2 when something did not start."""
    started = time.monotonic()
    try:
        program = installed(mock_server.NAME, tell=console.print)
        sky = bluesky_server.installed_network(tell=console.print)
        ready = time.monotonic()
        results, parties = _campaign(program, sky)
    except (CannotStart, Broken, RuntimeError, OSError, httpx.HTTPError) as error:
        console.print(f"[red]✗[/red] {escape(str(error))}", highlight=False)
        return 2
    console.print(shown(results, parties))
    for result in results:
        if result.error:
            console.print(f"[red]✗ {result.name} ({result.party})[/red]: {escape(result.error)}")
    failed = sum(bool(result.error) for result in results)
    summary = (
        f"{len(results)} cases, {len(results) - failed} held, {failed} failed; "
        f"installing {ready - started:.0f} s, playing {time.monotonic() - ready:.0f} s."
    )
    document = DOCUMENT.read_text()
    text = markdown(results, parties, summary=summary)
    DOCUMENT.write_text(between_markers(document, text))
    console.print(summary, style="red" if failed else "green", highlight=False)
    return 1 if failed else 0


def _campaign(
    program: Program, sky: bluesky_server.NodeProgram
) -> tuple[list[Result], Mapping[str, str]]:
    with ExitStack() as stack:
        console.print("Starting the servers and the hub …")
        server, slow = (stack.enter_context(a_mock_server(program)) for _ in range(2))
        proxy = stack.enter_context(a_proxy(server.port))
        slow_proxy = stack.enter_context(a_proxy(slow.port))
        receiver = stack.enter_context(a_receiver())
        bluesky = stack.enter_context(bluesky_server.a_bluesky_network(sky, rate_limits=True))
        sky_proxy, connector_proxy = (stack.enter_context(a_proxy(bluesky.port)) for _ in range(2))
        site = stack.enter_context(a_wordpress_server(tell=console.print))
        site_proxy = stack.enter_context(a_proxy(site.port))
        reached = (proxy, slow_proxy, receiver, sky_proxy, site_proxy)
        allowed = ",".join(one.address for one in reached)
        folder = stack.enter_context(a_folder())
        hub = stack.enter_context(a_running_hub(folder, env={"HUB_OUTGOING_ALLOW": allowed}))
        news = _newsroom(hub, stack)
        says = f"{program.version} (Mastodon {server.says['version']})"
        network = Network(news=news, server=server, proxy=proxy)
        slowly = Network(news=news, server=slow, proxy=slow_proxy)
        slowly.channel = slowly.connect(slowly.account.token, name="Slow network")
        lanes: list[Lane[Any]] = [
            Lane(cases=[*network_cases.cases.cases, *fault_cases.cases.cases], stage=network),
            Lane(cases=fault_cases.slow_cases.cases, stage=slowly),
            Lane(
                cases=[*bluesky_cases.cases.cases, *bluesky_fault_cases.cases.cases],
                stage=bluesky_cases.Sky(news=news, network=bluesky, proxy=sky_proxy),
            ),
            Lane(
                cases=bluesky_connector_cases.cases.cases,
                stage=bluesky_cases.Sky(news=news, network=bluesky, proxy=connector_proxy),
            ),
            Lane(cases=feed_cases.cases.cases, stage=feed_cases.Feeds(news=news)),
            Lane(
                cases=webhook_cases.cases.cases,
                stage=webhook_cases.Hooks(news=news, receiver=receiver),
            ),
            Lane(
                cases=[*wordpress_cases.cases.cases, *wordpress_agreement.cases.cases],
                stage=wordpress_cases.Blog(news=news, server=site, proxy=site_proxy),
            ),
        ]
        parties = {
            mock_server.NAME: says,
            bluesky_server.NAME: sky.version,
            feed_cases.NAME: feed_cases.VERSION,
            webhook_cases.NAME: webhook_cases.VERSION,
            wordpress_server.NAME: site.version,
        }
        return _played(lanes), parties


def _newsroom(hub: RunningHub, stack: ExitStack) -> Newsroom:
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
