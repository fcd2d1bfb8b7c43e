"""`hub up` as an operator lives with it: started, looked at, killed, started again, stopped."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.embedded.conftest import PROJECT, survivors, until

FIRST_SECONDS = 30
NEXT_SECONDS = 20
MEMORY_MB = 600
HUB = (sys.executable, "-c", "from hub.cli import app; app()")


class Up:
    """A running `hub up`, and what it wrote until it said that it is up."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [*HUB, "up", "--data-dir", str(folder)],
            cwd=PROJECT,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        self.seconds = 0.0

    def wait(self) -> None:
        began = time.monotonic()
        while "Ctrl-C stops everything" not in self.said:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            assert line, f"it ended before it was up: {self.said}"
            self.said += line
        self.seconds = time.monotonic() - began

    @property
    def url(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:\d+(?=/graphql)", self.said)
        assert found is not None
        return found[0]

    @property
    def tokens(self) -> dict[str, str]:
        return dict(re.findall(r"(Manager|Editor|Approver) +(hub_pat_\w+)", self.said))

    def family(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[[], Up]]:
    started: list[Up] = []

    def start_and_wait() -> Up:
        started.append(Up(folder))
        started[-1].wait()
        return started[-1]

    yield start_and_wait
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)
        assert one.process.stdout is not None
        one.process.stdout.close()


def _try_to_start(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HUB, "up", "--data-dir", str(folder)],
        cwd=PROJECT,
        env={**_environment(), **more},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def _environment() -> dict[str, str]:
    ours = {name: said for name, said in os.environ.items() if not name.startswith("HUB_")}
    return {**ours, "COLUMNS": "120"}


def _ask(url: str, *, token: str) -> Any:
    request = urllib.request.Request(
        f"{url}/graphql",
        data=json.dumps({"query": "{ viewer { name } }"}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def _memory_mb(family: list[psutil.Process]) -> float:
    return sum(process.memory_full_info().pss for process in family) / 1e6


def _worker(up: Up) -> psutil.Process:
    return next(
        process
        for process in psutil.Process(up.process.pid).children()
        if {"-m", "workers"} <= set(process.cmdline())
    )


async def test_up_serves_survives_being_killed_and_stops_on_either_signal(
    folder: Path, start: Callable[[], Up]
) -> None:
    first = start()
    assert first.seconds < FIRST_SECONDS
    assert {
        role: _ask(first.url, token=token)["data"]["viewer"]["name"]
        for role, token in first.tokens.items()
    } == {"Manager": "Manager", "Editor": "Editor", "Approver": "Approver"}
    beside = _try_to_start(folder)
    assert beside.returncode == 1
    assert first.url in beside.stderr.replace("\n", "")
    family = first.family()
    assert _memory_mb(family) < MEMORY_MB
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    await until(lambda: survivors(folder) == [], seconds=8)

    again = start()
    assert again.seconds < NEXT_SECONDS
    assert again.tokens == first.tokens
    killed = _worker(again)
    killed.kill()
    await until(lambda: not killed.is_running() and _worker_is_back(again), seconds=15)
    assert again.end(signal.SIGTERM) == 0
    assert survivors(folder) == []

    last = start()
    assert _ask(last.url, token=first.tokens["Editor"])["data"]["viewer"]["name"] == "Editor"
    assert last.end(signal.SIGINT) == 0
    assert survivors(folder) == []


def _worker_is_back(up: Up) -> bool:
    try:
        return _worker(up).is_running()
    except StopIteration:
        return False


def test_half_of_the_addresses_is_not_enough(folder: Path) -> None:
    told = _try_to_start(folder, HUB_REDIS_URL="redis://127.0.0.1:1/0")

    assert told.returncode == 1
    assert "Set both HUB_DATABASE_URL and HUB_REDIS_URL" in told.stderr.replace("\n", " ")
    assert list(folder.iterdir()) == []
