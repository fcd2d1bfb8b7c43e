"""A worker that kills itself at a milestone: `python -m tests.workers.victim`.

It imports everything once and forks for each line of JSON on its standard input, so that a death
costs milliseconds. It answers with the process id of the fork at once, and with its end later.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.kernel.settings import Settings
from hub.runtime import open_hub
from tests.working import a_toolbox
from workers.connectors.http import open_http
from workers.handling import run


async def work(task: dict[str, Any]) -> None:
    """Run one job; die at the milestone, as hard as a machine does."""

    async def passed(milestone: str) -> None:
        if milestone == task["milestone"]:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = Settings(**{**task["settings"], "data_dir": Path(task["settings"]["data_dir"])})
    async with (
        open_hub(settings, pool=3) as hub,
        a_toolbox(hub, allow=tuple(task["allow"]), passed=passed) as tools,
    ):
        await run(UUID(task["job_id"]), tools)


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)  # noqa: T201 - this is how it answers


async def warm() -> None:
    """Read the certificate authorities once, and not in every fork."""
    async with open_http():
        pass


def main() -> None:
    asyncio.run(warm())
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            asyncio.run(work(json.loads(line)))
            os._exit(0)
        say(pid=pid)
        _, status = os.waitpid(pid, 0)
        say(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
