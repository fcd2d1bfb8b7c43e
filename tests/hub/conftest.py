"""A world to work in, for the tests of the areas."""

import pytest

from hub.kernel.work import Hub
from tests.factories import World, a_world


@pytest.fixture
async def world(hub: Hub) -> World:
    """A workspace with a brand and a member of every role."""
    return await a_world(hub)
