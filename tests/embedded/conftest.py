"""Folders other users can pass through, and programs that hold servers until they are killed."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

PROJECT = Path(__file__).parents[2]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def survivors(folder: Path) -> list[str]:
    """Every process that has to do with a folder: by command, environment or working directory."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            facts = [*process.cmdline(), process.cwd(), *process.environ().values()]
            if process.pid != os.getpid() and any(str(folder) in fact for fact in facts):
                found.append(f"{process.pid} {process.status()} {' '.join(process.cmdline())}")
    return found


def zombies() -> list[int]:
    """Our own children that ended and were not collected."""
    children = psutil.Process().children()
    return [child.pid for child in children if child.status() == psutil.STATUS_ZOMBIE]


async def until(check: Callable[[], Any], *, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.02)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can pass through; nothing may run for it afterwards."""
    path = Path(tempfile.mkdtemp(prefix="hub-embedded-")).resolve()
    path.chmod(0o711)
    yield path
    left = survivors(path)
    shutil.rmtree(path, ignore_errors=True)
    assert left == []
    assert zombies() == []


class Held:
    """A program of its own that holds servers or children, and what it says about them."""

    def __init__(self, what: str, data_dir: Path, *, uid: int = os.geteuid()) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.embedded.holder", what, str(data_dir), str(uid)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.says: dict[str, Any] = json.loads(self.process.stdout.readline() or "{}")

    def signal(self, number: int) -> int:
        """Send a signal, wait for the end and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def hold() -> Iterator[Callable[..., Held]]:
    held: list[Held] = []

    def start(what: str, data_dir: Path, *, uid: int = os.geteuid()) -> Held:
        held.append(Held(what, data_dir, uid=uid))
        return held[-1]

    yield start
    for one in held:
        if one.process.poll() is None:
            one.signal(15)
        assert one.process.stdout is not None
        one.process.stdout.close()
