"""Stopping a worker exactly at a milestone while others go on: deterministic interleavings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

from tests.workers.stands import job_of
from workers.handling import Toolbox, run

_PATIENCE_SECONDS = 20.0


@asynccontextmanager
async def run_to(
    tools: Toolbox, publication_id: UUID, milestone: str, *, job_id: UUID | None = None
) -> AsyncIterator[None]:
    """Run a publication's job; the block runs while the worker stands at the milestone."""
    there, go_on = asyncio.Event(), asyncio.Event()

    async def passed(name: str) -> None:
        if name == milestone and not there.is_set():
            there.set()
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await go_on.wait()

    if job_id is None:
        job_id = (await job_of(tools.hub, publication_id)).id
    working = asyncio.create_task(run(job_id, replace(tools, passed=passed)))
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            reached = asyncio.create_task(there.wait())
            await asyncio.wait({reached, working}, return_when=asyncio.FIRST_COMPLETED)
        assert there.is_set(), f"the worker never came to {milestone}"
        yield
    finally:
        go_on.set()
        reached.cancel()
        await working
