"""Programs of other people, each installed by itself in a venv of its own, with pinned versions."""

import subprocess
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = HERE.parent.parent / ".hub" / "targets"
# An old pip takes minutes to find out what the pins say already.
PIP = "pip==26.3"
INSTALL_SECONDS = 240

Tell = Callable[[str], None]


class CannotStart(Exception):
    """What a campaign needs could not be installed or started; says which, and why."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """An installed program: the Python to run it with, and its version."""

    python: Path
    version: str


def installed(name: str, *, tell: Tell, tools: Path = TOOLS) -> Program:
    """Return the program pinned in `<name>.txt`, installed unless an earlier run did so already.

    Raises CannotStart when pip cannot.
    """
    pins = (HERE / f"{name}.txt").read_text()
    folder = tools / name
    python, done = folder / "bin" / "python", folder / "pins.txt"
    if not (done.exists() and done.read_text() == pins and python.exists()):
        tell(f"Installing {name} into {folder} …")
        venv.create(folder, with_pip=True, clear=True)
        _pip(name, python, PIP)
        _pip(name, python, "--requirement", str(HERE / f"{name}.txt"))
        done.write_text(pins)
    return Program(python=python, version=version_of(name, pins))


def version_of(name: str, pins: str) -> str:
    """Return the pinned version of a package; StopIteration when it is not pinned."""
    return next(
        version
        for line in pins.splitlines()
        for package, sign, version in [line.partition("==")]
        if sign and package.lower() == name.lower()
    )


def _pip(name: str, python: Path, *what: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *what]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise CannotStart(f"{name} was not installed within {INSTALL_SECONDS} s.") from None
    if done.returncode:
        raise CannotStart(f"{name} cannot be installed:\n{done.stderr[-2000:]}")
