"""Debian's own packages, for servers that come as such: installed where that is allowed."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from tests.targets.installing import CannotStart, Tell

INSTALL_SECONDS = 600


def may_install() -> bool:
    """Say whether packages can be installed here at all."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(
    packages: Sequence[str], *, tell: Tell, whose: str, allowed: bool | None = None
) -> None:
    """Install packages somebody needs unless they are there; raises CannotStart when apt cannot."""
    missing = [name for name in packages if not _is_installed(name)]
    if not missing:
        return
    if not (may_install() if allowed is None else allowed):
        raise CannotStart(
            f"{whose} needs Debian packages that only an administrator can install: "
            f"apt-get install --no-install-recommends {' '.join(missing)}"
        )
    tell(f"Installing {', '.join(missing)} with apt-get …")
    for command in (
        ["update"],
        ["install", "--yes", "--no-install-recommends", *missing],
    ):
        _apt(command)


def _is_installed(package: str) -> bool:
    command = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    if shutil.which(command[0]) is None:
        return False
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout == "installed"


def _apt(arguments: Sequence[str]) -> None:
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "--quiet", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotStart(f"{' '.join(command)} took more than {INSTALL_SECONDS} s.") from None
    if done.returncode:
        raise CannotStart(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
