"""What both servers have in common: a port, a log, a life as our child."""

import asyncio
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from subprocess import Popen
from typing import ClassVar

from hub.embedded import processes
from hub.embedded.account import Home
from hub.embedded.environment import CannotStart, Secrets, open_log, remembered_port, tail
from hub.embedded.guardian import Guardian

PORT_TRIES = 5


class Server(ABC):
    """A server that listens on one port of 127.0.0.1 and never outlives us."""

    name: ClassVar[str]
    # How it is asked to stop, each after the one before had its time.
    stop_signals: ClassVar[tuple[signal.Signals, ...]]
    start_seconds: ClassVar[float] = 60.0

    def __init__(self, *, data_dir: Path, home: Home, secrets: Secrets, guardian: Guardian) -> None:
        self.data_dir = data_dir
        self.home = home
        self.secrets = secrets
        self.guardian = guardian
        self.port = 0
        self._process: Popen[bytes] | None = None
        self._log = data_dir / "logs" / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """The process id, or None while it is stopped."""
        return self._process.pid if self._process else None

    @property
    def has_crashed(self) -> bool:
        """Say whether it ended without being asked to."""
        return self._process is not None and processes.has_ended(self._process)

    async def start(self) -> None:
        """Start it and wait until it answers. Started again, it keeps its port.

        Raises CannotStart with the last lines of its log.
        """
        if self.has_crashed:
            await self.stop()
        self._log = open_log(self.data_dir, self.name)
        await self._prepare()
        tried: set[int] = set()
        for _ in range(PORT_TRIES):
            port = self.port or remembered_port(self.data_dir, self.name, avoid=tried)
            if await self._listens_on(port):
                self.port = port
                return
            tried.add(port)
        raise CannotStart(f"{self.name} found its port taken (tried {sorted(tried)}).")

    async def stop(self) -> None:
        """Stop it and wait until it is gone."""
        process, self._process = self._process, None
        if process is not None:
            await self.guardian.stop(process, *self.stop_signals)

    async def restart(self) -> None:
        """Stop it and start it again on the same port."""
        await self.stop()
        await self.start()

    async def _listens_on(self, port: int) -> bool:
        """Start it on a port; False where somebody took the port before us."""
        before = self._log.stat().st_size
        self._process = self._spawn(self._command(port), env={processes.MARK: str(self.data_dir)})
        try:
            await self._wait(self._process, port)
        except BaseException:
            await self.stop()
            raise
        if not self.has_crashed:
            return True
        await self.stop()
        if b"Address already in use" in self._log.read_bytes()[before:]:
            return False
        raise CannotStart(f"{self.name} did not start. Its log ({self._log}):\n{tail(self._log)}")

    async def _wait(self, process: Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not processes.has_ended(process) and not await self._answers(process, port):
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{self.name} did not answer within {self.start_seconds:.0f} s. "
                    f"Its log ({self._log}):\n{tail(self._log)}"
                )
            await asyncio.sleep(processes.POLL_SECONDS)

    def _spawn(
        self,
        argv: list[str],
        *,
        env: Mapping[str, str],
        last_wish: signal.Signals | None = None,
    ) -> Popen[bytes]:
        return self.guardian.spawn(
            argv,
            # Nothing of our own environment: PGDATA and its like would change what they do.
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **env},
            log=self._log,
            cwd=Path("/"),
            account=self.home.account,
            last_wish=last_wish or self.stop_signals[0],
        )

    async def _prepare(self) -> None:  # noqa: B027 - nothing to prepare is a fine answer
        """Make what it needs before it can start."""

    @abstractmethod
    def _command(self, port: int) -> list[str]:
        """Return the command line; no secret may be in it, everybody can read it."""

    @abstractmethod
    async def _answers(self, process: Popen[bytes], port: int) -> bool:
        """Say whether this very process serves requests now."""
