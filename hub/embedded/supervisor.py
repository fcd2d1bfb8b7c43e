"""Commands kept running until somebody says stop: the API and the workers under `hub up`."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from subprocess import Popen
from types import TracebackType
from typing import Self, TextIO

from hub.embedded import processes
from hub.embedded.account import Account
from hub.embedded.environment import CannotStart, open_log, tail
from hub.embedded.guardian import Guardian

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 10.0
HEALTHY_SECONDS = 30.0
READY_POLL_SECONDS = 0.05
MIRROR_SECONDS = 0.2
# A child that ends this often before it was ever ready will not become ready by waiting.
HOPELESS_ENDS = 3

Tell = Callable[[str], None]
tell_by_log: Tell = logging.getLogger(__name__).warning


@dataclass(frozen=True, kw_only=True)
class Child:
    """A command to keep running. `env` is added to our own environment; it inherits `sockets`.

    `ready` is asked until it says yes; without it a child is ready when it was started.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], Awaitable[bool]] | None = None
    sockets: Sequence[socket] = ()


def wait_before_restart(*, previous: float, lasted: float) -> float:
    """Return the seconds to wait before a child that lasted so long is started again."""
    if previous == 0 or lasted >= HEALTHY_SECONDS:
        return FIRST_WAIT_SECONDS
    return min(2 * previous, LONGEST_WAIT_SECONDS)


class _Kept:
    """One child over all its lives."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.log = Path()
        self.process: Popen[bytes] | None = None
        self.is_ready = asyncio.Event()
        self.ends = 0
        self.wait = 0.0


class Supervisor:
    """Starts children on entering, stops all of them on leaving, restarts those that die between.

    `stop_seconds` is how long a child may take to end by itself; with `mirror` what the children
    write goes there too, each line behind the child's name.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        data_dir: Path,
        stop_seconds: float = 10.0,
        mirror: TextIO | None = None,
        tell: Tell = tell_by_log,
    ) -> None:
        self._kept = {child.name: _Kept(child) for child in children}
        self._data_dir = data_dir.resolve()
        self._stop_seconds = stop_seconds
        self._mirror = mirror
        self._tell = tell
        self._keepers: list[asyncio.Task[None]] = []
        self._copiers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Start all children at once."""
        self._guardian = Guardian()
        for kept in self._kept.values():
            kept.log = open_log(self._data_dir, kept.child.name)
            self._keepers.append(asyncio.create_task(self._keep(kept)))
            if self._mirror is not None:
                self._copiers.append(asyncio.create_task(_copy(kept, self._mirror)))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all children, the last one first, and kill what does not stop in time."""
        try:
            await _cancel(self._keepers)
            running = [kept.process for kept in reversed(self._kept.values()) if kept.process]
            await asyncio.gather(
                *(
                    self._guardian.stop(process, signal.SIGTERM, seconds=self._stop_seconds)
                    for process in running
                )
            )
            await _cancel(self._copiers)
        finally:
            self._guardian.close()

    @property
    def pids(self) -> dict[str, int]:
        """The process id of every child that runs now; it is also the id of its group."""
        running = {name: kept.process for name, kept in self._kept.items()}
        return {name: process.pid for name, process in running.items() if process}

    async def ready(self, *, seconds: float = 30.0) -> None:
        """Wait until every child is ready.

        Raises CannotStart with the end of the log of one that is not, or ends again and again.
        """
        deadline = time.monotonic() + seconds
        for kept in self._kept.values():
            while not kept.is_ready.is_set():
                for keeper in self._keepers:
                    if keeper.done():
                        keeper.result()
                if kept.ends >= HOPELESS_ENDS:
                    raise _cannot_start(kept, "ends again and again")
                if time.monotonic() > deadline:
                    raise _cannot_start(kept, f"is not ready after {seconds:.0f} s")
                await asyncio.sleep(READY_POLL_SECONDS)

    async def forever(self) -> None:
        """Wait until cancelled; see `stopping_on_signals`.

        Raises whatever made the supervision itself fail: without it nothing would be restarted.
        """
        await asyncio.gather(*self._keepers)

    async def _keep(self, kept: _Kept) -> None:
        while True:
            started = time.monotonic()
            kept.process = self._spawn(kept)
            code = await self._live(kept, kept.process)
            kept.process = None
            kept.ends += 1
            kept.wait = wait_before_restart(previous=kept.wait, lasted=time.monotonic() - started)
            self._tell(
                f"{kept.child.name} ended ({_spoken(code)}); "
                f"starting it again in {kept.wait:.1f} s. Its log: {kept.log}"
            )
            await asyncio.sleep(kept.wait)

    async def _live(self, kept: _Kept, process: Popen[bytes]) -> int:
        """Follow one life of a child: ready, then ended, its group cleared away."""
        while not processes.has_ended(process):
            if kept.child.ready is None or await kept.child.ready():
                kept.is_ready.set()
                break
            await asyncio.sleep(READY_POLL_SECONDS)
        await processes.ended(process)
        return self._guardian.collect(process)

    def _spawn(self, kept: _Kept) -> Popen[bytes]:
        return self._guardian.spawn(
            kept.child.argv,
            env={**os.environ, **kept.child.env, processes.MARK: str(self._data_dir)},
            log=kept.log,
            cwd=Path.cwd(),
            account=Account(),
            sockets=kept.child.sockets,
        )


class Stopping:
    """Which signal asked us to stop, if any did."""

    received: signal.Signals | None = None


@asynccontextmanager
async def stopping_on_signals() -> AsyncIterator[Stopping]:
    """Let SIGINT, SIGTERM and SIGHUP end the block: its clean-up runs and we go on after it.

    Further signals do not disturb the clean-up, which has deadlines of its own.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    stopping = Stopping()

    def stop(number: signal.Signals) -> None:
        if stopping.received is None and task is not None:
            stopping.received = number
            task.cancel()

    numbers = [signal.SIGINT, signal.SIGTERM]
    # Ignored when we were started by nohup: then it stays so.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, stop, number)
    try:
        yield stopping
    except asyncio.CancelledError:
        if stopping.received is None or task is None or task.uncancel() > 0:
            raise
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def http_answers(
    host: str, port: int, path: str, *, headers: Mapping[str, str] | None = None
) -> Callable[[], Awaitable[bool]]:
    """Return a check whether a GET of this path is answered with 200."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())

    async def check() -> bool:
        try:
            async with asyncio.timeout(2):
                return b" 200 " in await _first_line(host, port, path, lines)
        except (OSError, TimeoutError):
            return False

    return check


async def _first_line(host: str, port: int, path: str, headers: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n"
        writer.write(head.encode())
        return await reader.readline()
    finally:
        writer.close()


async def _copy(kept: _Kept, target: TextIO) -> None:
    """Write every line of a child's log to the terminal as well."""
    with kept.log.open(encoding="utf-8", errors="replace") as log:
        rest = ""
        stopped = False
        while not stopped:
            try:
                await asyncio.sleep(MIRROR_SECONDS)
            except asyncio.CancelledError:
                stopped = True
            *lines, rest = (rest + log.read()).split("\n")
            target.writelines(f"{kept.child.name} | {line}\n" for line in lines)
            target.flush()


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _cannot_start(kept: _Kept, what: str) -> CannotStart:
    return CannotStart(
        f"{kept.child.name} {what}. The end of its log ({kept.log}):\n{tail(kept.log)}"
    )


def _spoken(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
