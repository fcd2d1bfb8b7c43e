"""One stand of each kind for a whole file of tests; every test opens accounts of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from hub.kernel.work import Hub
from tests.factories import World, a_world
from tests.workers.simulated import SIMULATED
from tests.workers.stands import Stand, a_stand
from tests.workers.victims import Victims
from tests.working import a_toolbox
from workers.handling import Toolbox

KINDS = ("mastodon", "gotosocial", "writeonly", "webhook", *SIMULATED)


@pytest.fixture(scope="module")
def stands() -> Iterator[dict[str, Stand]]:
    """Every kind of stand."""
    with ExitStack() as stack:
        yield {kind: stack.enter_context(a_stand(kind)) for kind in KINDS}


@pytest.fixture(scope="session")
def victims() -> Iterator[Victims]:
    """The process that forks workers that die; it takes longer to start than they to live."""
    made = Victims()
    yield made
    made.close()


@pytest.fixture
async def world(hub: Hub) -> World:
    """A workspace with a brand and people."""
    return await a_world(hub)


@pytest.fixture
async def tools(hub: Hub, stands: dict[str, Stand]) -> AsyncIterator[Toolbox]:
    """A worker's tools that reach every stand; a fault left behind fails nobody else's test."""
    async with a_toolbox(hub, allow=tuple(stand.netloc for stand in stands.values())) as opened:
        yield opened
    for stand in stands.values():
        await stand.quiet()
