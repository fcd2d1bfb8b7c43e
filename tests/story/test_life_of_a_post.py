"""One long tale, as anybody can have it told: `hub demo`, its servers, its workers, its end."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.embedded.conftest import survivors

PROJECT = Path(__file__).parents[2]
SECONDS = 90


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can pass through, as the servers must when they run as nobody."""
    path = Path(tempfile.mkdtemp(prefix="hub-story-")).resolve()
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_the_demo_tells_its_story_to_the_end_and_leaves_nothing_running(folder: Path) -> None:
    out = folder / "out"
    environment = {name: said for name, said in os.environ.items() if not name.startswith("HUB_")}

    told = subprocess.run(
        [sys.executable, "-c", "from hub.cli import app; app()", "demo", "--keep", str(out)],
        cwd=PROJECT,
        env={**environment, "TMPDIR": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
    assert re.search(
        r"7 texts, 17 publications on 9 channels, 13 answers, 10 replies · 14 of 14 checks hold",
        told.stdout,
    )
    assert "✗" not in told.stdout
    assert len(re.findall(r" [0-9a-f]{8} ✓", told.stdout)) == 27
    assert survivors(folder) == []
    assert [left.name for left in folder.iterdir()] == ["out"]
    assert sorted(written.name for written in out.iterdir()) == ["engagement.png", "query.graphql"]
    with Image.open(out / "engagement.png") as chart:
        assert chart.width > 1_000
    assert "query LifeOfABrand($brand: ID!)" in (out / "query.graphql").read_text()


def test_the_story_says_what_it_misses_when_nobody_gives_it_addresses(tmp_path: Path) -> None:
    environment = {name: said for name, said in os.environ.items() if not name.startswith("HUB_")}

    told = subprocess.run(
        [sys.executable, "-m", "workers.demo", "--out", str(tmp_path)],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert told.returncode == 1
    assert "Not set: HUB_DEMO_API, HUB_DEMO_MANAGER" in told.stdout
    assert list(tmp_path.iterdir()) == []
