"""What `hub demo` does around its story: a folder for the report, and a clock that is put back."""

import asyncio
from datetime import timedelta
from pathlib import Path
from socket import socket

import pytest

from hub.cli.story import MADE_BY_US, clear_report, moving_clock, play
from hub.embedded.environment import CannotStart
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from tests.conftest import Database

A_DAY = timedelta(days=1)


def test_a_report_of_before_gives_way(tmp_path: Path) -> None:
    report = tmp_path / "here" / "report"
    clear_report(report)
    (report / "index.html").write_text("last week")

    clear_report(report)

    assert [left.name for left in report.iterdir()] == [MADE_BY_US]


def test_an_empty_folder_becomes_the_report(tmp_path: Path) -> None:
    clear_report(tmp_path)

    assert [left.name for left in tmp_path.iterdir()] == [MADE_BY_US]


def test_what_somebody_else_has_written_stays(tmp_path: Path) -> None:
    novel = tmp_path / "novel.txt"
    novel.write_text("Chapter one")

    for somebody_elses in (tmp_path, novel):
        with pytest.raises(CannotStart, match="is not a report of the demo"):
            clear_report(somebody_elses)

    assert [left.name for left in tmp_path.iterdir()] == ["novel.txt"]
    assert novel.read_text() == "Chapter one"


async def test_the_story_moves_the_clock_and_in_the_end_it_is_right_again(
    settings: Settings, database: Database, hub: Hub
) -> None:
    owned = settings.model_copy(update={"migrate_url": database.owner_url})
    before = await hub.now()

    async with moving_clock(owned) as door:
        assert await asked(door, -A_DAY) == b"ok\n"
        moved = await hub.now()

    assert timedelta(hours=23) < before - moved < A_DAY
    assert abs(await hub.now() - before) < timedelta(minutes=5)


async def test_only_the_owner_of_the_tables_moves_the_clock(settings: Settings, hub: Hub) -> None:
    before = await hub.now()

    async with moving_clock(settings) as door:
        said = await asked(door, A_DAY)

    assert b"permission denied" in said
    assert await hub.now() - before < timedelta(minutes=5)


async def asked(door: socket, offset: timedelta) -> bytes:
    """Ask for the clock to stand so far from the real time; return the answer."""
    reader, writer = await asyncio.open_connection(sock=door)
    writer.write(f"{offset.total_seconds()}\n".encode())
    answer = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_the_demo_is_not_played_in_production(settings: Settings, tmp_path: Path) -> None:
    serious = settings.model_copy(update={"environment": "production"})

    with pytest.raises(CannotStart, match="not played in production"):
        await play(serious, tokens={}, addresses={}, out=tmp_path, stays=False)
