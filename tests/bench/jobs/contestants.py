"""Who delivers: how its workers are started and how it is given work."""

import os
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.bench.place import KEPT
from tests.bench.servers import ROOT
from tests.node import run

PEERS = Path(__file__).parent / "peers"
#: Where other people's tools are installed; the hub's own locks never hear of them.
VENV = KEPT / "jobs"
_OURS = "tests.bench.jobs"
_THEIRS = f"{_OURS}.peers"
PROCESSES, THREADS = 2, 8


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where all of it happens: servers that run, their processes, and the sink."""

    database_url: str
    redis_url: Callable[[int], str]
    secret_key: str
    folder: Path
    sink: str
    servers: Sequence[psutil.Process] = ()

    def hub_environment(self, number: int) -> Mapping[str, str]:
        """Return the environment of the hub's own processes."""
        return {
            "HUB_DATABASE_URL": self.database_url,
            "HUB_REDIS_URL": self.redis_url(number),
            "HUB_SECRET_KEY": self.secret_key,
            "HUB_DATA_DIR": str(self.folder),
            "HUB_LOG_LEVEL": "warning",
            "HUB_OUTGOING_ALLOW": self.sink.removeprefix("http://"),
        }

    def peer_environment(self, number: int) -> Mapping[str, str]:
        """Return the environment of everyone else's."""
        return {"BENCH_REDIS": self.redis_url(number)}


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A way to deliver. `database` is its number in Valkey; `promises`: rows hold its work."""

    name: str
    what: str
    database: int
    workers: Sequence[Sequence[str]]
    sender: Sequence[str]
    settings: Mapping[str, str] = field(default_factory=dict)
    promises: bool = False

    def environment(self, ground: Ground) -> Mapping[str, str]:
        """Return the environment of its workers and its sender."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        own = ground.hub_environment if self.promises else ground.peer_environment
        return {**clean, **own(self.database), **self.settings, "PYTHONPATH": str(ROOT)}


def install() -> None:
    """Install the other tools in exactly the versions of their lock; kept once they are there."""
    lock = (PEERS / "requirements.txt").read_text()
    done = VENV / "installed.txt"
    if done.exists() and done.read_text() == lock:
        return
    venv.create(VENV, clear=True, with_pip=True)
    python = VENV / "bin" / "python"
    run(
        [
            *(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "-r", PEERS / "requirements.txt"),
        ]
    )
    done.write_text(lock)


def _program(name: str) -> str:
    return str(VENV / "bin" / name)


def _celery(*options: str) -> list[str]:
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING")
    return [_program("celery"), "-A", f"{_THEIRS}.celery_app", "worker", *quiet, *options]


_CELERY_SENDS = (_program("python"), "-m", f"{_THEIRS}.celery_app")
_PREFORK = ("--pool=prefork", f"--concurrency={PROCESSES}")
_DRAMATIQ = (
    *(_program("dramatiq"), f"{_THEIRS}.dramatiq_app"),
    *("--processes", str(PROCESSES), "--threads", str(THREADS)),
)
_DRAMATIQ_SENDS = (_program("python"), "-m", f"{_THEIRS}.dramatiq_app")
_HUB_WORKS = (
    *(sys.executable, "-m", f"{_OURS}.hub_worker"),
    *("--processes", str(PROCESSES), "--threads", str(THREADS)),
)
_GUARDED = {"BENCH_GUARDED": "1"}

HUB = Contestant(
    name="hub",
    what="promised in the database, claimed and deleted there, rung a hundred at a time",
    database=0,
    workers=[_HUB_WORKS],
    sender=(sys.executable, "-m", f"{_OURS}.hub_send"),
    promises=True,
)
CELERY_ALIKE = Contestant(
    name="celery, batches, the hub's client",
    what="the same by httpx, a connection for each delivery",
    database=3,
    workers=[_celery(*_PREFORK)],
    sender=(*_CELERY_SENDS, "--batch"),
    settings=_GUARDED,
)
CELERY = (
    Contestant(
        name="celery, batches",
        what="prefork, a task is a hundred deliveries by aiohttp",
        database=2,
        workers=[_celery(*_PREFORK)],
        sender=(*_CELERY_SENDS, "--batch"),
    ),
    CELERY_ALIKE,
    Contestant(
        name="celery, prefork",
        what="a task is one delivery by http.client",
        database=4,
        workers=[_celery(*_PREFORK)],
        sender=_CELERY_SENDS,
        settings={"BENCH_PREFETCH": "50"},
    ),
    Contestant(
        name="celery, threads",
        what="the same in 2 workers with 8 threads each",
        database=5,
        workers=[
            _celery("--pool=threads", f"--concurrency={THREADS}", f"--hostname=bench{number}@%h")
            for number in range(PROCESSES)
        ],
        sender=_CELERY_SENDS,
        settings={"BENCH_PREFETCH": "12"},
    ),
)
OTHERS = (
    Contestant(
        name="dramatiq",
        what="a message is a hundred deliveries by aiohttp",
        database=1,
        workers=[_DRAMATIQ],
        sender=_DRAMATIQ_SENDS,
    ),
    Contestant(
        name="dramatiq, the hub's client",
        what="the same by httpx, a connection for each delivery",
        database=6,
        workers=[_DRAMATIQ],
        sender=_DRAMATIQ_SENDS,
        settings=_GUARDED,
    ),
    Contestant(
        name="taskiq",
        what="a task is one delivery by aiohttp, a list in Valkey",
        database=7,
        workers=[
            [
                *(_program("taskiq"), "worker", f"{_THEIRS}.taskiq_app:broker"),
                *("--workers", str(PROCESSES), "--log-level", "WARNING"),
            ]
        ],
        sender=(_program("python"), "-m", f"{_THEIRS}.taskiq_app"),
    ),
)
CONTESTANTS = (HUB, *OTHERS, *CELERY)


def start(one: Contestant, ground: Ground) -> list[subprocess.Popen[bytes]]:
    """Start its workers; what they write goes into the folder."""
    started = []
    for number, argv in enumerate(one.workers):
        with (ground.folder / f"{one.name}-{number}.log").open("wb") as output:
            started.append(
                subprocess.Popen(
                    list(argv),
                    env=one.environment(ground),
                    cwd=ROOT,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
    return started
