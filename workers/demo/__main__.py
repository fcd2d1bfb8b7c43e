"""The demo story: `python -m workers.demo --out DIR`, with addresses and tokens in HUB_DEMO_*."""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

import httpx
from rich.console import Console

from workers.demo import afterwards, community, reviewing, setting, showing
from workers.demo.checks import CHECKS, Check, check
from workers.demo.client import Person, StoryFailed
from workers.demo.material import read_cast, read_items
from workers.demo.places import PLACES, Receiver, place
from workers.demo.stage import Phase, Stage, Step

NEEDED = ("API", "MANAGER", "EDITOR", "APPROVER", "RECEIVER", *map(str.upper, PLACES))

PHASES = (
    Phase(
        name="Brand and campaigns",
        act=setting.tell_strategy,
        steps=lambda stage: 1 + len(stage.cast.campaigns),
    ),
    Phase(
        name="Channels, asked by a worker",
        act=setting.connect_channels,
        steps=lambda stage: len(stage.cast.channels),
    ),
    Phase(
        name="Pictures, cleaned by a worker",
        act=setting.upload_pictures,
        steps=lambda stage: len(stage.cast.pictures),
    ),
    Phase(name="Texts", act=setting.write_items, steps=lambda stage: len(stage.items)),
    Phase(name="Review and approval", act=reviewing.review, steps=lambda stage: len(stage.items)),
    Phase(name="Publication", act=reviewing.publish, steps=lambda stage: stage.expected),
    Phase(
        name="A slip, corrected where it is out",
        act=afterwards.correct,
        steps=afterwards.corrections_expected,
    ),
    Phase(
        name="Others like, share, answer",
        act=community.others_react,
        steps=lambda stage: len(stage.answerable()),
    ),
    Phase(
        name="Collected and counted",
        act=community.collect,
        steps=lambda stage: len(stage.answerable()),
    ),
    Phase(name="Replies from the hub", act=community.reply, steps=community.replies_expected),
    Phase(
        name="Answers hidden from others",
        act=afterwards.hide,
        steps=afterwards.hides_expected,
    ),
    Phase(
        name="Does it still stand?",
        act=afterwards.look_back,
        steps=lambda stage: len(afterwards.readable(stage)),
    ),
)


async def tell(*, console: Console) -> tuple[Stage, list[Check]]:
    """Tell the story; return what it knows in the end, and every check."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        stage = set_up(http)
        checks: list[Check] = []

        async def try_all(stage: Stage, step: Step) -> None:
            checks.extend(await check(stage, step))

        last = Phase(name="Checks", act=try_all, steps=lambda _: len(CHECKS))
        await showing.play(stage, (*PHASES, last), console=console)
    return stage, checks


def show(stage: Stage, checks: list[Check], *, out: Path, console: Console) -> None:
    """Show what came of it, and write the chart and the query."""
    console.print(showing.table(stage, wide=console.width >= showing.NARROW))
    for line in showing.verdicts(checks):
        console.print(line, highlight=False)
    out.mkdir(parents=True, exist_ok=True)
    chart, question = out / "engagement.png", out / "query.graphql"
    showing.write_chart(stage, path=chart)
    question.write_text(showing.query(stage), encoding="utf-8")
    stays = os.environ.get("HUB_DEMO_STAYS")
    said = "Ask the hub" if stays else "`.venv/bin/hub up --demo` plays this and stays up. Ask it"
    console.print(f"\n{said} what {question} asks:\n", highlight=False)
    console.print(showing.highlighted(showing.query(stage)))
    console.print(f"\nThe chart of engagement is {chart}.", highlight=False)


def set_up(http: httpx.AsyncClient) -> Stage:
    """Return an empty stage; raises StoryFailed where the environment says too little."""
    given = {name: os.environ.get(f"HUB_DEMO_{name}", "") for name in NEEDED}
    missing = [f"HUB_DEMO_{name}" for name, value in given.items() if not value]
    if missing:
        raise StoryFailed(f"Not set: {', '.join(missing)}. `hub demo` sets them.")
    cast = read_cast()
    return Stage(
        cast=cast,
        items=read_items(cast),
        http=http,
        places={name: place(name, http, url=given[name.upper()].rstrip("/")) for name in PLACES},
        receiver=Receiver(http, url=given["RECEIVER"].rstrip("/")),
        people={
            name.lower(): Person(http, api=given["API"].rstrip("/"), token=given[name])
            for name in ("MANAGER", "EDITOR", "APPROVER")
        },
    )


def main() -> int:
    """Return 0 when every check holds, and 1 with the reason otherwise."""
    parser = argparse.ArgumentParser(description="Tell the demo story.")
    parser.add_argument("--out", type=Path, default=Path("out"), help="where the chart is written")
    asked = parser.parse_args()
    console = showing.console_for_people()
    began = time.monotonic()
    try:
        stage, checks = asyncio.run(tell(console=console))
    except (StoryFailed, httpx.HTTPError) as error:
        console.print(f"[red]✗[/red] {error or type(error).__name__}", highlight=False)
        return 1
    show(stage, checks, out=asked.out, console=console)
    summary = showing.summary(stage, checks, seconds=time.monotonic() - began)
    console.print(f"[bold]{summary}[/bold]", highlight=False)
    return 0 if all(one.holds for one in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
