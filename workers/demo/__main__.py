"""The demo story: `python -m workers.demo --out DIR`, with addresses and tokens in HUB_DEMO_*."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from socket import socket

import httpx
from rich.console import Console
from rich.markup import escape

from workers.demo import listening, page, showing
from workers.demo.client import Person, StoryFailed
from workers.demo.clock import Clock
from workers.demo.diary import Diary
from workers.demo.material import read_cast, read_items
from workers.demo.places import PLACES, Press, Receiver, place
from workers.demo.promises import Check, check
from workers.demo.stage import Day, Stage
from workers.demo.week import WEEK

NEEDED = ("API", "CLOCK", "MANAGER", "EDITOR", "APPROVER", "RECEIVER", "PRESS")
#: A day takes longer only where something is wrong.
TIMEOUT_SECONDS = 30


async def tell(*, console: Console, out: Path) -> tuple[Stage, list[Check]]:
    """Tell the story; return what it knows in the end, and every check."""
    given = _given()
    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_SECONDS) as http:
        with socket(fileno=int(given["CLOCK"])) as door:
            door.setblocking(False)
            stage = set_up(http, given, door=door, diary=Diary(console), out=out)
            for day in WEEK:
                await _play(stage, day)
            checks = await check(stage)
            await stage.clock.back()
    return stage, checks


async def _play(stage: Stage, day: Day) -> None:
    began = time.monotonic()
    if day.talk:
        await stage.clock.elsewhere(stage.clock.moment(f"{day.name} {day.talk}"))
        await listening.talk(stage, day.name)
    await stage.clock.to(stage.clock.moment(f"{day.name} {day.at}"))
    opened = stage.diary.open(day.name, day.title, now=stage.clock.now())
    for act in day.acts:
        with stage.diary.waiting():
            await act(stage)
    opened.seconds = time.monotonic() - began


def _given() -> Mapping[str, str]:
    names = (*NEEDED, *map(str.upper, PLACES))
    given = {name: os.environ.get(f"HUB_DEMO_{name}", "").rstrip("/") for name in names}
    missing = [f"HUB_DEMO_{name}" for name, value in given.items() if not value]
    if missing:
        raise StoryFailed(f"Not set: {', '.join(missing)}. `hub demo` sets them.")
    return given


def set_up(
    http: httpx.AsyncClient, given: Mapping[str, str], *, door: socket, diary: Diary, out: Path
) -> Stage:
    """Return a stage on which nothing has happened yet."""
    cast = read_cast()
    places = {name: place(name, http, url=given[name.upper()]) for name in PLACES}
    press = Press(http, url=given["PRESS"])
    controls = [press.control, *(one.control for one in places.values())]
    out.mkdir(parents=True, exist_ok=True)
    return Stage(
        cast=cast,
        items=read_items(cast),
        http=http,
        clock=Clock(http, door=door, places=controls),
        diary=diary,
        places=places,
        press=press,
        receiver=Receiver(http, url=given["RECEIVER"]),
        people={
            name.lower(): Person(http, api=given["API"], token=given[name])
            for name in ("MANAGER", "EDITOR", "APPROVER")
        },
        out=out,
    )


def show(stage: Stage, checks: list[Check], *, console: Console) -> None:
    """Show what came of it, and where it can be read."""
    console.print()
    console.print(showing.table(stage))
    for line in showing.verdicts(checks):
        console.print(line, highlight=False)
    where = stage.out / "index.html"
    console.print(f"\nThe week, to read and to look at: {where}", highlight=False, soft_wrap=True)
    stays = os.environ.get("HUB_DEMO_STAYS")
    said = "Ask the hub" if stays else "`.venv/bin/hub up --demo` plays this and stays up. Ask it"
    question = stage.out / "figures.graphql"
    console.print(f"{said} what {question} asks.", highlight=False, soft_wrap=True)


def main() -> int:
    """Return 0 when every check holds, and 1 with the reason otherwise."""
    parser = argparse.ArgumentParser(description="Tell the demo story.")
    parser.add_argument(
        "--out", type=Path, default=Path("demo-report"), help="where the report is written"
    )
    asked = parser.parse_args()
    console = showing.console_for_people()
    began = time.monotonic()
    try:
        stage, checks = asyncio.run(tell(console=console, out=asked.out))
    except (StoryFailed, httpx.HTTPError) as error:
        said = escape(str(error) or type(error).__name__)
        console.print(f"[red]✗[/red] {said}", highlight=False, soft_wrap=True)
        return 1
    page.write(stage, checks)
    show(stage, checks, console=console)
    summary = showing.summary(stage, checks, seconds=time.monotonic() - began)
    console.print(f"[bold]{summary}[/bold]", highlight=False)
    return 0 if all(one.holds for one in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
