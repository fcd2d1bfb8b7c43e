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
from typing import Any, TextIO
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


def apart() -> TextIO:
    """Return where answers go: standard output, to which nothing else is written from now on."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # Log lines, of this process and of its forks, go where people look for errors.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def say(answers: TextIO, **facts: object) -> None:
    answers.write(f"{json.dumps(facts)}\n")
    answers.flush()


async def warm() -> None:
    """Read the certificate authorities once, and not in every fork."""
    async with open_http():
        pass


def main() -> None:
    answers = apart()
    asyncio.run(warm())
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            asyncio.run(work(json.loads(line)))
            os._exit(0)
        say(answers, pid=pid)
        _, status = os.waitpid(pid, 0)
        say(answers, ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
