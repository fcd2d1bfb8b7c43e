"""A whole hub as an operator starts it, for campaigns that need one: `hub up` and its folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

HUB = [sys.executable, "-c", "from hub.cli import app; app()"]
START_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class RunningHub:
    """A hub that answers: its address, tokens by role, and how long it took."""

    url: str
    tokens: Mapping[str, str]
    pid: int
    data_dir: Path
    seconds: float

    def processes(self) -> list[psutil.Process]:
        """Return every process of this hub, servers included."""
        top = psutil.Process(self.pid)
        return [top, *top.children(recursive=True)]


@contextmanager
def a_folder() -> Iterator[Path]:
    """A data folder that is thrown away."""
    folder = Path(tempfile.mkdtemp(prefix="content-hub-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def a_running_hub(data_dir: Path, *, env: Mapping[str, str] | None = None) -> Iterator[RunningHub]:
    """Start `hub up`, wait until it is ready, and stop it as Ctrl-C does."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    started = time.monotonic()
    log = (data_dir / "up.log").open("wb")
    process = subprocess.Popen(
        [*HUB, "up", "--data-dir", str(data_dir), "--port", "0"],
        env={**clean, **(env or {})},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        url, tokens = _wait(process, data_dir, started + START_SECONDS)
        yield RunningHub(
            url=url,
            tokens=tokens,
            pid=process.pid,
            data_dir=data_dir,
            seconds=time.monotonic() - started,
        )
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        finally:
            if process.poll() is None:
                process.kill()
            log.close()


def _wait(
    process: subprocess.Popen[bytes], data_dir: Path, deadline: float
) -> tuple[str, Mapping[str, str]]:
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        # The API answers a moment before its first tokens are made.
        address, tokens = _address(data_dir), _tokens(data_dir)
        if address and tokens and _is_ready(address):
            return address, tokens
        time.sleep(0.02)
    raise RuntimeError(f"The hub did not start:\n{(data_dir / 'up.log').read_text()}")


def _address(data_dir: Path) -> str:
    try:
        said = str(json.loads((data_dir / "lock").read_text()).get("address", ""))
    except (OSError, ValueError):
        return ""
    return said if said.startswith("http") else ""


def _tokens(data_dir: Path) -> Mapping[str, str]:
    try:
        said: Mapping[str, str] = json.loads((data_dir / "tokens.json").read_text())
    except (OSError, ValueError):
        return {}
    return said


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/ready", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
