"""Locks: every package pinned with its hashes, and no address to fetch it from."""

import re
import tomllib

import pytest

from tests.architecture.code import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins(name: str) -> dict[str, str]:
    """Return {package: version} of a lock."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {package.lower().replace("_", "-"): version for package, version in found}


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes_and_nothing_else_is_in_it(name: str) -> None:
    joined = (ROOT / name).read_text().replace("\\\n", " ")

    for line in filter(str.strip, joined.splitlines()):
        assert re.fullmatch(
            r"[A-Za-z0-9_.\[\]-]+==\S+( ; [^-]+(-\S+[^-]*)*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*",
            line,
        ), line[:120]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name: str) -> None:
    lock = (ROOT / name).read_text()

    assert "://" not in lock
    assert "--index" not in lock
    assert "--find-links" not in lock
    assert "--extra-index" not in lock


def required(entries: list[str]) -> set[str]:
    names = {re.split(r"[\[<>=;~! ]", entry)[0] for entry in entries}
    return {name.lower().replace("_", "-") for name in names}


def test_what_the_project_needs_is_locked() -> None:
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")

    assert required(PROJECT["dependencies"]) <= set(runtime)
    assert required(PROJECT["optional-dependencies"]["dev"]) <= set(dev)
    # The tests run on what is shipped.
    assert {name: dev[name] for name in runtime} == runtime


def test_a_lock_of_another_tool_is_not_kept() -> None:
    assert "uv.lock" in (ROOT / ".gitignore").read_text().split()
