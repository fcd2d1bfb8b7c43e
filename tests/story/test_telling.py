"""How the demo tells its week: the days it plays, the lines it writes, the checks it shows."""

import asyncio
import io
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from rich.console import Console

from workers.demo.checks import twice
from workers.demo.clock import ZONE, Clock
from workers.demo.diary import Diary, many
from workers.demo.promises import CHECKS, Check
from workers.demo.showing import verdicts


@pytest.fixture
async def clock() -> AsyncIterator[Clock]:
    """A clock that nobody has moved; whoever is behind the door moves the hub's at once."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=theirs)

    async def obey() -> None:
        async for _ in reader:
            writer.write(b"ok\n")

    obeying = asyncio.create_task(obey())
    with ours:
        async with httpx.AsyncClient() as client:
            yield Clock(client, door=ours, places=())
    await obeying
    writer.close()
    await writer.wait_closed()


async def test_the_week_that_is_played_is_the_last_one_that_is_over(clock: Clock) -> None:
    begins, ends = clock.moment("monday 09:00"), clock.moment("sunday 23:59")

    assert begins.weekday() == 0
    assert begins.tzinfo is ZONE
    assert ends < datetime.now(UTC)
    assert datetime.now(UTC) - ends <= timedelta(days=7, hours=1)


async def test_the_clock_goes_back_to_monday_and_from_there_only_forwards(clock: Clock) -> None:
    await clock.to(clock.moment("monday 09:00"))
    assert clock.now() - clock.moment("monday 09:00") < timedelta(minutes=1)

    await clock.to(clock.moment("monday 08:00"))

    assert clock.now() >= clock.moment("monday 09:00")


def test_a_line_is_told_and_kept_with_what_strangers_wrote_as_plain_text() -> None:
    written = io.StringIO()
    diary = Diary(Console(file=written, width=100))
    diary.open("monday", "a [title]", now=datetime(2026, 3, 2, 8, tzinfo=UTC))

    diary.note("Said: [red]hello[/red]", brand="fr", kind="bad", details=["[b]why"])

    told = written.getvalue()
    assert "Monday 2 March · a [title]" in told
    assert "! FR Said: [red]hello[/red]\n     [b]why\n" in told
    (page,) = diary.pages
    (line,) = page.lines
    assert (line.brand, line.kind, line.details) == ("fr", "bad", ["[b]why"])


def test_a_check_that_does_not_hold_shows_all_that_contradicts_it() -> None:
    lines = verdicts(
        [Check(claim="This holds", wrong=[]), Check(claim="This not", wrong=["[a]", "b"])]
    )

    assert lines == [
        "[green]✓[/green] This holds",
        "[red]✗[/red] This not",
        "    [red]\\[a][/red]",
        "    [red]b[/red]",
    ]


def test_what_was_delivered_twice_is_named() -> None:
    assert twice(["a", "b", "a"]) == ["delivered 2 times: a"]


def test_one_thing_has_no_plural() -> None:
    assert [many(number, "like") for number in (0, 1, 2)] == ["0 likes", "1 like", "2 likes"]


def test_every_claim_is_made_once() -> None:
    assert len(CHECKS) == 22
    assert len(set(CHECKS.values())) == 22
