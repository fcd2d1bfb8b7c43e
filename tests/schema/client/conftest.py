"""The real application on a fresh database, and two workspaces that must not see each other."""

from collections.abc import AsyncIterator

import pytest

from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from tests.factories import World, a_world
from tests.schema.client.api import Api, Desk, an_api


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """The application, asked by nobody in particular."""
    async with an_api(settings) as opened:
        yield opened


@pytest.fixture
async def world(hub: Hub) -> World:
    """A workspace with a brand and members."""
    return await a_world(hub)


@pytest.fixture
async def desk(world: World, api: Api) -> Desk:
    """The workspace through the API."""
    return Desk(world=world, api=api)


@pytest.fixture
async def stranger(hub: Hub, api: Api) -> Desk:
    """Another workspace through the same API."""
    return Desk(world=await a_world(hub, slug="other"), api=api)
