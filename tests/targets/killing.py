"""A worker killed between the moment a server has stored a post and the moment it hears so."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from tests.running import RunningHub, a_folder, a_running_hub
from tests.targets.hub_clock import HubClock
from tests.targets.newsroom import Broken, Json, Newsroom, Text, expect, until
from tests.targets.proxy import Proxy

# A hub of its own: whoever dies here must not take other cases along.
LEASE_SECONDS = 2
NOTICED_SECONDS = 60.0


def killed_after_storing(
    proxy: Proxy,
    *,
    platform: str,
    settings: Mapping[str, Any],
    credentials: Mapping[str, Any],
    text: Text,
    path: str,
    method: str = "POST",
    is_commit: Callable[[], bool] = lambda: True,
) -> Json:
    """Publish a text; kill the worker while it waits for the answer to that request.

    Returns the publication as it was settled by the worker that came after, and raises Broken
    when nobody was killed in the middle. `is_commit` says whether the request under way is the
    one that is meant, where several have the same path.
    """
    allowed = {"HUB_OUTGOING_ALLOW": proxy.address, "HUB_LEASE_SECONDS": str(LEASE_SECONDS)}
    with a_folder() as folder, a_running_hub(folder, env=allowed) as hub:
        news = Newsroom(url=hub.url, tokens=hub.tokens, clock=HubClock(hub.data_dir))
        try:
            channel = news.connected(
                platform, name="Mortal", settings=settings, credentials=credentials
            )
            expect("the state of the channel", channel["state"], "READY")
            item = news.approved(text, [channel["id"]])
            dead = threading.Event()
            proxy.cut(method, path, until=dead)
            before = len(proxy.seen(method, path))
            publication = news.schedule(item, channel["id"])
            until(
                "the server has stored it",
                lambda: proxy.seen(method, path)[before:],
                lambda calls: any(call.cut for call in calls) and is_commit(),
            )
            _kill_workers(hub)
            dead.set()
            return _settled_by_another(news, publication)
        finally:
            news.close()


def _kill_workers(hub: RunningHub) -> None:
    """Kill every process of the workers, as hard as a machine does."""
    found = [one for one in hub.processes() if "workers" in _command(one)]
    victims = {
        one.pid: one for parent in found for one in (parent, *parent.children(recursive=True))
    }
    if not victims:
        raise Broken("The hub has no workers to be killed.")
    for victim in victims.values():
        victim.kill()
    psutil.wait_procs(list(victims.values()), timeout=10)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _settled_by_another(news: Newsroom, publication_id: str) -> Json:
    until(
        "another worker has noticed",
        lambda: news.publication(publication_id),
        lambda found: found["state"] != "PUBLISHING",
        seconds=NOTICED_SECONDS,
    )
    publication = news.settled(publication_id)
    outcomes = [attempt["outcome"] for attempt in publication["attempts"]]
    expect("the first try", outcomes[0], "SILENT")
    time.sleep(0.3)
    return publication
