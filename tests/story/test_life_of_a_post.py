"""A week as anybody can have it told: `hub demo`, its servers, its workers, its report, its end."""

import json
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
#: It takes a small part of this where nothing else runs.
SECONDS = 240


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can pass through, as the servers must when they run as nobody."""
    path = Path(tempfile.mkdtemp(prefix="hub-story-")).resolve()
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_the_demo_tells_its_week_to_the_end_and_leaves_nothing_running(folder: Path) -> None:
    out = folder / "demo-report"

    told = hub_demo(folder, out)

    assert told.returncode == 0, told.stdout + told.stderr
    assert re.search(
        r"2 brands, 9 channels, 17 publications, 22 answers, 11 replies, 24 mentions · "
        r"22 of 22 checks hold",
        told.stdout,
    )
    assert "✗" not in told.stdout
    days = re.findall(r"^(\w+day) \d+ \w+ · ", told.stdout, re.MULTILINE)
    assert days == [*("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")]
    assert len(re.findall(r" [0-9a-f]{8} ✓", told.stdout)) == 17
    assert survivors(folder) == []
    assert [left.name for left in folder.iterdir()] == ["demo-report"]
    assert_the_report_can_be_read(out)


def assert_the_report_can_be_read(out: Path) -> None:
    """Assert that the page holds all it shows, and that the files are what they are called."""
    charts = ("best-times.svg", "by-channel.svg", "by-day.png", "by-day.svg")
    assert sorted(written.name for written in out.iterdir()) == sorted(
        [
            *(".hub-demo", "contest-proof.json", "figures.graphql", "index.html"),
            *("measurements.csv", "publications.parquet"),
            *(f"{brand}-{name}" for brand in ("en", "fr") for name in charts),
            *(f"{brand}-report.{form}" for brand in ("en", "fr") for form in ("html", "pdf")),
        ]
    )
    page = (out / "index.html").read_text()
    linked = re.findall(r'(?:href|src)="(?!#|data:)([^"]*)"', page)
    assert {out / name for name in linked} <= set(out.iterdir())
    assert len(re.findall('src="data:image/svg', page)) == 6
    assert len(re.findall('src="data:image/jpeg', page)) == 3
    assert "22 of 22" in page
    with Image.open(out / "fr-by-day.png") as chart:
        assert chart.width > 1_000
    proof = json.loads((out / "contest-proof.json").read_text())
    assert len(proof["winners"]) == 1
    assert "query Figures(" in (out / "figures.graphql").read_text()


def hub_demo(folder: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Type `hub demo`, with nothing of our own settings."""
    environment = {name: said for name, said in os.environ.items() if not name.startswith("HUB_")}
    return subprocess.run(
        [sys.executable, "-c", "from hub.cli import app; app()", "demo", "--keep", str(out)],
        cwd=PROJECT,
        env={**environment, "TMPDIR": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_a_folder_of_somebody_else_is_never_emptied(folder: Path) -> None:
    (folder / "novel.txt").write_text("Chapter one")

    told = hub_demo(folder, folder)

    assert told.returncode == 1
    assert "is not a report of the demo" in told.stderr
    assert [left.name for left in folder.iterdir()] == ["novel.txt"]


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
    assert "Not set: HUB_DEMO_API, HUB_DEMO_CLOCK" in told.stdout
    assert list(tmp_path.iterdir()) == []
