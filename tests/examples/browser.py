"""Chromium for tests: its build for servers from an npm package, driven by Playwright."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.node import FETCHED, install, run

_FOLDER = FETCHED / "chromium"
_CHROMIUM = "@sparticuz/chromium@153.0.0"
# On the service it is built for, it also unpacks the libraries that a bare machine lacks.
_THERE = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x", "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
_UNPACK = """
import chromium from '@sparticuz/chromium';
await chromium.executablePath();
"""


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Start Chromium without a window; fetches it (70 MB) the first time."""
    program = _program()
    libraries = program.parent / "al2023" / "lib"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            env={**os.environ, "LD_LIBRARY_PATH": str(libraries)},
        )
        yield browser
        browser.close()


def _program() -> Path:
    unpacked = _FOLDER / "unpacked"
    node = install(_FOLDER, _CHROMIUM)
    program = unpacked / "chromium"
    ready = unpacked / "ready"
    if not ready.exists():
        unpacked.mkdir(exist_ok=True)
        script = _FOLDER / "unpack.mjs"
        script.write_text(_UNPACK)
        run([node, script], environment={**_THERE, "TMPDIR": str(unpacked)})
        ready.touch()
    return program
