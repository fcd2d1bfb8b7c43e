"""Promise deliveries to the hub, a hundred in a transaction; the commit rings the queue."""

import asyncio
import sys

from hub.kernel import log
from hub.kernel.caller import Caller
from hub.kernel.ids import new_id
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.runtime import open_hub
from tests.bench.jobs.deliver import Deliver
from tests.bench.jobs.peers.sending import BATCH, Asked, batches, sent


async def promise(hub: Hub, asked: Asked) -> None:
    """Write the jobs, as whatever has a hundred things to deliver would."""
    workspace = new_id()
    for numbers in batches(asked, BATCH):
        async with hub.unit_of_work(Caller.system(workspace)) as work:
            for number in numbers:
                work.promise(Deliver(workspace_id=workspace, url=asked.url(number)))


async def main() -> None:
    """Send what the arguments say."""
    settings = Settings()
    log.configure(level=settings.log_level)
    async with open_hub(settings) as hub, sent() as asked:
        await promise(hub, asked)
        # The bells ring beside the commits.
        await hub.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
