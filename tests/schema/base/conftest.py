from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.schema.base.serving import Served, served_toy
from tests.schema.base.toy import an_app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the toy schema without a network."""
    transport = httpx.ASGITransport(an_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as opened:
        yield opened


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The toy schema behind a real server."""
    with served_toy() as running:
        yield running
