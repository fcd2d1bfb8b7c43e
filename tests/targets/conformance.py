"""The conformance suite of connectors, played on a real server instead of a simulator."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hub.embedded.environment import free_port
from tests.targets.newsroom import Broken
from tests.workers.connectors.places import Place
from workers.connectors.http import Http, open_http
from workers.connectors.port import Connector
from workers.connectors.registry import connectors

Test = Callable[..., Awaitable[None]]
#: What a place is called in the signatures of the tests.
PLACES = frozenset({"place", "remote", "network", "bluesky", "wordpress", "misago"})


def conforms(
    make: Callable[[Http], Awaitable[Place]],
    tests: Sequence[tuple[Test, Mapping[str, Any]]],
    *,
    allow: Sequence[str],
) -> str:
    """Play tests of the suite, each at a place `make` makes for it; Broken names what failed.

    The pairs are a test function and its parameters beside the place.
    """
    failed = []
    for test, parameters in tests:
        try:
            asyncio.run(_played(make, test, parameters, allow))
        except Exception as error:  # noqa: BLE001 - one broken test must not hide the others
            said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            failed.append(f"{test.__name__}({dict(parameters) or ''}): {said}")
    if failed:
        raise Broken("; ".join(failed))
    return f"{len(tests)} tests of the suite"


async def _played(
    make: Callable[[Http], Awaitable[Place]],
    test: Test,
    parameters: Mapping[str, Any],
    allow: Sequence[str],
) -> None:
    unused = f"127.0.0.1:{free_port()}"
    async with open_http(allow=[*allow, unused]) as http:

        async def place_at(_name: str) -> Place:
            return await make(http)

        given: dict[str, Any] = {
            **dict.fromkeys(PLACES, None),
            "http": http,
            "unused": unused,
            "place_at": place_at,
            **parameters,
        }
        wanted = inspect.signature(test).parameters
        for name in PLACES & set(wanted):
            given[name] = await make(http)
        await test(**{name: given[name] for name in wanted})


async def known(place: Place, http: Http) -> Place:
    """Check the account of a place, and keep what the platform says as the hub does."""
    connector: Connector = connectors(http)[place.account.platform]
    identity = await connector.check(place.account)
    account = replace(
        place.account,
        dialect=identity.dialect,
        identity=identity.remote_id,
        limits=identity.limits,
    )
    return replace(place, connector=connector, account=account)
