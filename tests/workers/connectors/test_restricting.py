"""Muting and blocking somebody: twice is once, and where it cannot be done that is said."""

from typing import Any

import httpx
import pytest

from hub.channels.platforms.base import Capability
from tests.workers.connectors.conftest import PlaceMaker
from tests.workers.connectors.places import Place
from workers.connectors.errors import Gone, Unsupported
from workers.connectors.port import Account

BOTH = pytest.mark.parametrize("how", [Capability.MUTE, Capability.BLOCK])
SERVERS = pytest.mark.parametrize("name", ["mastodon", "gotosocial"])


async def test_places_that_cannot_restrict_say_so(place: Place) -> None:
    able = (await place.connector.check(place.account)).capabilities
    for how in (Capability.MUTE, Capability.BLOCK):
        if how not in able:
            with pytest.raises(Unsupported):
                await place.connector.restrict(place.account, "1", how=how, on=True)


async def related(ours: Account, person: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=ours.settings["base_url"], trust_env=False) as http:
        told = await http.get(
            "/api/v1/accounts/relationships",
            params={"id[]": person},
            headers={"Authorization": f"Bearer {ours.secrets['access_token']}"},
        )
    found = told.raise_for_status().json()[0]
    return {"MUTE": found["muting"], "BLOCK": found["blocking"]}


@BOTH
@SERVERS
async def test_a_server_is_told_once_however_often(
    place_at: PlaceMaker, name: str, how: Capability
) -> None:
    ours, theirs = await place_at(name), await place_at(name)
    person = theirs.account.identity
    neither = {"MUTE": False, "BLOCK": False}

    for _ in range(2):
        await ours.connector.restrict(ours.account, person, how=how, on=True)
    restricted = await related(ours.account, person)
    for _ in range(2):
        await ours.connector.restrict(ours.account, person, how=how, on=False)

    assert restricted == {**neither, how.value: True}
    assert await related(ours.account, person) == neither


@SERVERS
async def test_somebody_who_is_gone_cannot_be_muted_and_need_not_be_let_go(
    place_at: PlaceMaker, name: str
) -> None:
    ours = await place_at(name)

    with pytest.raises(Gone):
        await ours.connector.restrict(ours.account, "404", how=Capability.MUTE, on=True)
    await ours.connector.restrict(ours.account, "404", how=Capability.MUTE, on=False)


async def seen_of(ours: Place, person: str) -> dict[str, Any]:
    """Return what the account has to do with somebody, as the network tells it."""
    secrets, xrpc = ours.account.secrets, f"{ours.base}/xrpc"
    login = {"identifier": ours.account.identity, "password": secrets["app_password"]}
    async with httpx.AsyncClient(trust_env=False) as http:
        session = (await http.post(f"{xrpc}/com.atproto.server.createSession", json=login)).json()
        told = await http.get(
            f"{xrpc}/app.bsky.actor.getProfile",
            params={"actor": person},
            headers={"Authorization": f"Bearer {session['accessJwt']}"},
        )
    viewer = told.raise_for_status().json()["viewer"]
    return {"MUTE": viewer["muted"], "BLOCK": "blocking" in viewer}


@BOTH
async def test_the_network_is_told_once_however_often(
    place_at: PlaceMaker, how: Capability
) -> None:
    ours, theirs = await place_at("bluesky"), await place_at("bluesky")
    person = theirs.account.identity
    neither = {"MUTE": False, "BLOCK": False}

    for _ in range(2):
        await ours.connector.restrict(ours.account, person, how=how, on=True)
    restricted = await seen_of(ours, person)
    for _ in range(2):
        await ours.connector.restrict(ours.account, person, how=how, on=False)

    assert restricted == {**neither, how.value: True}
    assert await seen_of(ours, person) == neither
