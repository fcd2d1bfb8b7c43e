"""Packages, areas and libraries stand where they belong."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.code import ROOT, imports, modules

#: Where each library lives: a second home would be a second opinion on how to use it.
HOMES = {
    "dramatiq": {"hub/kernel/queue.py", "workers/main.py", "workers/__main__.py"},
    "redis": {"hub/kernel/queue.py", "hub/kernel/shared.py"},
    "httpx": {"workers/connectors/http.py"},
    "argon2": {"hub/access/passwords.py"},
    "cryptography": {"hub/kernel/secrets.py"},
    "obstore": {"hub/content/storage.py"},
    "PIL": {"hub/content/images.py"},
    "nh3": {"hub/language/markup.py"},
    "markdown_it": {"hub/language/markup.py"},
    "pydantic_settings": {"hub/kernel/settings.py"},
    "structlog": {"hub/kernel/log.py", "schema/base/masking.py"},
    "prometheus_client": {"schema/metrics.py"},
}


def test_the_contracts_between_packages_and_areas_hold() -> None:
    lint_imports = Path(sys.executable).parent / "lint-imports"

    ran = subprocess.run(
        [str(lint_imports), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " 0 broken." in ran.stdout


def test_each_library_has_its_home_and_no_other() -> None:
    found: dict[str, set[str]] = {library: set() for library in HOMES}
    for path, tree in modules().items():
        if path.startswith(("workers/simulators/", "workers/demo/")):
            # The demo is a guest of the hub like any other program.
            continue
        for name in imports(tree):
            if (top := name.partition(".")[0]) in found:
                found[top].add(path)

    assert found == HOMES


def test_the_product_never_imports_its_tests() -> None:
    guilty = {
        path
        for path, tree in modules().items()
        if any(
            name.partition(".")[0] in {"tests", "pytest", "hypothesis"} for name in imports(tree)
        )
    }

    assert guilty == set()
