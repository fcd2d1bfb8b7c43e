"""Finding, waiting for and ending processes, told apart by what cannot be mistaken."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

# In the environment of every process started for a data folder, with that folder as its value.
MARK = "CONTENT_HUB_FOLDER"
POLL_SECONDS = 0.02
CALM_POLL_SECONDS = 0.1


def is_running(pid: int) -> bool:
    """Say whether a process still runs; one that is dead but not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in {"Z", "X"}


def is_taken(pid: int) -> bool:
    """Say whether a number belongs to any process, be it dead and only waiting to be collected."""
    return Path(f"/proc/{pid}").exists()


def marked(folder: Path) -> list[int]:
    """Return the processes that were started for a data folder, by their environment."""
    entry = f"{MARK}={folder}".encode()

    def started_for_folder(pid: int) -> bool:
        return entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")

    return _matching(started_for_folder)


def working_in(folder: Path, *, program: str) -> list[int]:
    """Return the processes of a program whose working directory is this folder."""
    real = folder.resolve()

    def works_there(pid: int) -> bool:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        return name == program and Path(f"/proc/{pid}/cwd").readlink() == real

    return _matching(works_there)


def told(*arguments: str) -> list[int]:
    """Return the processes whose command line has these arguments in a row."""
    words = b"\0".join(argument.encode() for argument in ("", *arguments, ""))
    return _matching(lambda pid: words in Path(f"/proc/{pid}/cmdline").read_bytes())


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal processes; those that are gone already are none of our business."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


async def gone(pids: Iterable[int], *, seconds: float) -> bool:
    """Wait until none of the processes runs any more; say whether that came true in time."""
    deadline = time.monotonic() + seconds
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


async def end_leftovers(folder: Path) -> None:
    """End what a killed hub left running for a data folder; the caller holds its lock."""
    left = marked(folder)
    send(left, signal.SIGTERM)
    if not await gone(left, seconds=3):
        send(marked(folder), signal.SIGKILL)
        await gone(left, seconds=3)


def has_ended(process: Popen[bytes]) -> bool:
    """Say whether our child has ended, leaving it uncollected: its process id stays taken."""
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):
        return process.poll() is not None  # Some systems cannot look without collecting.
    try:
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, process.pid, flags) is not None
    except ChildProcessError:
        return True


async def ended(process: Popen[bytes], *, seconds: float | None = None) -> bool:
    """Wait for our child to end, for ever or for so long; say whether it has."""
    deadline = None if seconds is None else time.monotonic() + seconds
    pause = CALM_POLL_SECONDS if deadline is None else POLL_SECONDS
    while not has_ended(process):
        if deadline is not None and time.monotonic() > deadline:
            return False
        await asyncio.sleep(pause)
    return True


def _matching(test: Callable[[int], bool]) -> list[int]:
    found = []
    for path in Path("/proc").glob("[1-9]*"):
        pid = int(path.name)
        # It may have ended meanwhile, or belong to somebody else.
        with suppress(OSError):
            if pid != os.getpid() and test(pid):
                found.append(pid)
    return found
