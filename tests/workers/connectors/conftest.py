"""Simulators over real HTTP, one of each for the whole run, and a fresh account per test."""

import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from hub.channels.platforms import PLATFORMS
from tests.workers.connectors.places import SECRET, Place
from tests.workers.simulated import SIMULATED
from workers.connectors.http import Http, open_http
from workers.connectors.port import Account
from workers.connectors.registry import connectors
from workers.simulators.mastodon import create_simulator
from workers.simulators.receiver import create_receiver
from workers.simulators.serving import served

MASTODONS = ("mastodon", "gotosocial", "writeonly")
#: Places of short posts, pictures, threads and answers.
NETWORKS = (*MASTODONS, "bluesky")
NETWORKED = (*MASTODONS, "webhook", *SIMULATED)
EVERYWHERE = (*NETWORKED, "feed")

PlaceMaker = Callable[[str], Coroutine[Any, Any, Place]]


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, str]]:
    """Addresses of the simulators."""
    with (
        ExitStack() as stack,
        served(create_simulator(dialect="mastodon")) as mastodon,
        served(create_simulator(dialect="gotosocial")) as gotosocial,
        served(create_simulator(dialect="writeonly")) as writeonly,
        served(create_receiver()) as receiver,
    ):
        yield {
            "mastodon": mastodon,
            "gotosocial": gotosocial,
            "writeonly": writeonly,
            "webhook": receiver,
            "feed": "",
            **{
                name: stack.enter_context(served(kind.create())) for name, kind in SIMULATED.items()
            },
        }


@pytest.fixture
async def http(servers: dict[str, str]) -> AsyncIterator[Http]:
    """The hub's own client, allowed to call the simulators."""
    async with open_http(allow=[urlsplit(base).netloc for base in servers.values() if base]) as one:
        yield one


@pytest.fixture
def unused() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
async def place_at(servers: dict[str, str], http: Http) -> AsyncIterator[PlaceMaker]:
    """Make a fresh account at one of the simulators."""
    made: list[Place] = []

    async def make(name: str) -> Place:
        place = await MAKERS.get(name, a_mastodon)(name, servers[name], http)
        made.append(place)
        return place

    yield make
    for place in made:
        if place.base:
            await place.ask("DELETE", "faults")
        if place.name in SIMULATED:
            await place.adjust(**SIMULATED[place.name].usual)
        elif place.base and not place.inbox:
            await place.adjust(media_polls=0, offset_seconds=0)


async def a_mastodon(name: str, base: str, http: Http) -> Place:
    control = "/api/v1/_sim/"
    username = f"user{uuid4().hex[:12]}"
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        joined = await client.post(f"{base}{control}accounts", json={"username": username})
    account = Account(
        channel_id=uuid4(),
        platform="mastodon",
        settings={"base_url": base},
        # The name is only for the tests' own look at the ledger.
        secrets={"access_token": joined.json()["access_token"], "username": username},
    )
    connector = connectors(http)["mastodon"]
    place = Place(
        name=name,
        connector=connector,
        account=account,
        base=base,
        control=control,
        commit_path="/api/v1/statuses",
        upload_path="/api/v2/media",
    )
    return await known(place)


async def a_webhook(name: str, base: str, http: Http) -> Place:
    inbox = uuid4().hex
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        opened = await client.post(
            f"{base}/_sim/inboxes", json={"name": inbox, "secrets": [SECRET]}
        )
    account = Account(
        channel_id=uuid4(),
        platform="webhook",
        settings={"url": opened.json()["url"]},
        secrets={"secret": SECRET},
    )
    place = Place(
        name=name,
        connector=connectors(http)["webhook"],
        account=account,
        base=base,
        control="/_sim/",
        inbox=inbox,
        commit_path=f"/hooks/{inbox}",
    )
    return await known(place)


async def a_feed(name: str, base: str, http: Http) -> Place:
    account = Account(channel_id=uuid4(), platform="feed", settings={"title": "News"}, secrets={})
    return await known(Place(name=name, connector=connectors(http)["feed"], account=account))


async def a_simulated(name: str, base: str, http: Http, **joining: str) -> Place:
    """Join a simulator; `joining` is what it wants to know beside the name."""
    kind, username = SIMULATED[name], f"user{uuid4().hex[:12]}"
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        joined = await client.post(
            f"{base}{kind.control}accounts", json={"username": username, **joining}
        )
    given = joined.raise_for_status().json()
    described = PLATFORMS[name]
    settings = described.settings.model_validate(given["settings"]).model_dump(mode="json")
    described.credentials.model_validate(given["secrets"])
    account = Account(
        channel_id=uuid4(),
        platform=name,
        settings=settings,
        # The name is only for the tests' own look at the ledger.
        secrets={**given["secrets"], "username": username},
    )
    place = Place(
        name=name,
        connector=connectors(http)[name],
        account=account,
        base=base,
        control=kind.control,
        commit_path=kind.commit_path,
        upload_path=kind.upload_path,
    )
    return await known(place)


async def known(place: Place) -> Place:
    """Check the account, and keep what the platform says as the hub does."""
    identity = await place.connector.check(place.account)
    account = replace(
        place.account,
        dialect=identity.dialect,
        identity=identity.remote_id,
        limits=identity.limits,
    )
    return replace(place, account=account)


MAKERS: dict[str, Callable[[str, str, Http], Coroutine[Any, Any, Place]]] = {
    "webhook": a_webhook,
    "feed": a_feed,
    **dict.fromkeys(SIMULATED, a_simulated),
}


@pytest.fixture(params=EVERYWHERE)
async def place(request: pytest.FixtureRequest, place_at: PlaceMaker) -> Place:
    """An account at each place in turn."""
    return await place_at(request.param)


@pytest.fixture(params=NETWORKED)
async def remote(request: pytest.FixtureRequest, place_at: PlaceMaker) -> Place:
    """An account at each place that has a network in front of it."""
    return await place_at(request.param)


@pytest.fixture(params=MASTODONS)
async def mastodon(request: pytest.FixtureRequest, place_at: PlaceMaker) -> Place:
    """An account at each dialect of Mastodon."""
    return await place_at(request.param)


@pytest.fixture(params=NETWORKS)
async def network(request: pytest.FixtureRequest, place_at: PlaceMaker) -> Place:
    """An account at each network of short posts."""
    return await place_at(request.param)
