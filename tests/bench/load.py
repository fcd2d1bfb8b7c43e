"""Load: wrk sends, this counts; processor time is taken from the processes themselves."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.bench.place import KEPT
from tests.bench.servers import Running
from tests.node import run

CONNECTIONS = 8
SCRIPT = Path(__file__).parent / "load.lua"
_PACKAGES = ("wrk", "libluajit-5.1-2")
_runs = count(1)


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What one run measured: times in milliseconds, processor time for each request."""

    rate: float
    p50: float
    p99: float
    errors: int
    bytes_each: float
    server_ms: float
    database_ms: float


@dataclass(frozen=True, kw_only=True)
class Wrk:
    """The program, and where its libraries lie."""

    program: str
    environment: Mapping[str, str]


def wrk() -> Wrk:
    """Return wrk: the machine's own, or Debian's package unpacked beside the data."""
    installed = shutil.which("wrk")
    if installed:
        return Wrk(program=installed, environment={})
    folder = KEPT / "wrk"
    program = folder / "usr" / "bin" / "wrk"
    if not program.exists():
        packages = folder / "packages"
        packages.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["apt-get", "--quiet", "download", *_PACKAGES],
            cwd=packages,
            check=True,
            capture_output=True,
        )
        for package in packages.glob("*.deb"):
            run(["dpkg", "-x", package, folder])
    libraries = next((folder / "usr" / "lib").glob("*-linux-gnu"))
    return Wrk(program=str(program), environment={"LD_LIBRARY_PATH": str(libraries)})


def load(
    tool: Wrk,
    *,
    running: Running,
    query: str,
    bodies: Sequence[bytes],
    seconds: int,
    database: psutil.Process,
) -> Loaded:
    """Ask for that long over 8 connections and return what it took."""
    with TemporaryDirectory(prefix="content-hub-bench-") as folder:
        lines = Path(folder, "bodies")
        lines.write_bytes(b"".join(_line(*running.request(query, body)) for body in bodies))
        known = Path(folder, "headers")
        known.write_text(
            "".join(f"{name}: {value}\n" for name, value in running.headers_of(query).items())
        )
        command = [
            *(tool.program, "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s"),
            *("--timeout", "20s", "-s", str(SCRIPT), running.url, "--"),
            *(str(lines), str(known), str(next(_runs) * 10_000_000)),
        ]
        before = (spent(running.process), spent(database))
        said = run(command, environment=tool.environment)
        after = (spent(running.process), spent(database))
    found = json.loads(said.splitlines()[-1])
    requests = max(1, found["requests"])
    spent_server, spent_database = (
        (late - early) * 1000 / requests for early, late in zip(before, after, strict=True)
    )
    return Loaded(
        rate=found["requests"] / (found["microseconds"] / 1e6),
        p50=found["p50"] / 1000,
        p99=found["p99"] / 1000,
        errors=found["errors"],
        bytes_each=found["bytes"] / requests,
        server_ms=spent_server,
        database_ms=spent_database,
    )


def _line(method: str, path: str, content: bytes) -> bytes:
    return b"%b %b %b\n" % (method.encode(), path.encode(), content)


def spent(root: psutil.Process) -> float:
    """Return the processor seconds of a process tree, those that ended in it included."""
    total = 0.0
    for process in tree(root):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def tree(root: psutil.Process) -> list[psutil.Process]:
    """Return a process and all that come from it."""
    return [root, *root.children(recursive=True)]


def megabytes(processes: Iterable[psutil.Process]) -> float:
    """Return the proportional set size of processes, in megabytes."""
    total = 0
    for process in processes:
        try:
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except (OSError, psutil.Error):
            continue
        total += next(int(line.split()[1]) for line in rollup.splitlines() if "Pss:" in line)
    return total / 1024
