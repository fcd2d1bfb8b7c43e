"""Workers that die, each a fork of one process that imported everything once."""

import asyncio
import json
import subprocess
import sys
from typing import Any
from uuid import UUID

from tests.conftest import ROOT
from tests.workers.stands import Stand
from workers.handling import Toolbox

PATIENCE_SECONDS = 20.0


class Victims:
    """Workers that die, each a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.victim"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def start(self, tools: Toolbox, stand: Stand, job_id: UUID, milestone: str) -> int:
        """Let a worker run a job; return its process id."""
        settings = json.loads(tools.hub.settings.model_dump_json())
        settings["secret_key"] = tools.hub.settings.secret_key.get_secret_value()
        task = {
            "settings": settings,
            "milestone": milestone,
            "allow": [stand.netloc],
            "job_id": str(job_id),
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        return int((await self._said())["pid"])

    async def end(self) -> int:
        """Wait for the worker's end; return its exit code."""
        return int((await self._said())["ended"])

    async def _said(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await asyncio.to_thread(self.process.stdout.readline)
        return dict(json.loads(line))

    def close(self) -> None:
        """Let the process end: nobody asks it for more."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE_SECONDS)
        self.process.stdout.close()
