"""A worker killed between the moment a server has stored a post and the moment it hears so."""

from collections.abc import Mapping
from typing import Any

import psutil

from tests.running import RunningHub, a_folder, a_running_hub
from tests.targets.hub_clock import HubClock
from tests.targets.newsroom import Json, Newsroom, Text, expect, until
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
) -> Json:
    """Publish a text; kill the workers while one waits for the answer to that request.

    Returns the publication as it was settled by the worker that came after, and raises Broken
    when nobody was killed in the middle.
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
            dead: list[int] = []
            proxy.cut(method, path, before=lambda: dead.extend(_killed_workers(hub)))
            publication = _settled_by_another(news, news.schedule(item, channel["id"]))
            expect("whether a worker was killed", bool(dead), wanted=True)
            return publication
        finally:
            news.close()


def _killed_workers(hub: RunningHub) -> list[int]:
    """Kill every process of the workers, as hard as a machine does; return who they were."""
    found = [one for one in hub.processes() if "workers" in _command(one)]
    victims = {
        one.pid: one for parent in found for one in (parent, *parent.children(recursive=True))
    }
    for victim in victims.values():
        victim.kill()
    psutil.wait_procs(list(victims.values()), timeout=10)
    return list(victims)


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
    expect("the first try", publication["attempts"][0]["outcome"], "SILENT")
    return publication
