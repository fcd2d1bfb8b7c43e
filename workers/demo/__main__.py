"""The demo story: `python -m workers.demo --out DIR`, with addresses and tokens in HUB_DEMO_*."""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

import httpx
from rich.console import Console

from workers.demo import community, reviewing, setting, showing
from workers.demo.checks import CHECKS, Check, check
from workers.demo.client import Person, StoryFailed
from workers.demo.material import read_cast, read_items
from workers.demo.places import Network, Receiver
from workers.demo.stage import Phase, Stage, Step

NEEDED = ("API", "MANAGER", "EDITOR", "APPROVER", "NETWORK", "RECEIVER")

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
        name="Others like, share, answer",
        act=community.others_react,
        steps=lambda stage: len(stage.at_network()),
    ),
    Phase(
        name="Collected and counted",
        act=community.collect,
        steps=lambda stage: len(stage.at_network()),
    ),
    Phase(name="Replies from the hub", act=community.reply, steps=community.replies_expected),
)


async def tell(out: Path, *, console: Console) -> bool:
    """Tell the story, show what came of it, and say whether every check holds."""
    began = time.monotonic()
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        stage = set_up(http)
        checks: list[Check] = []

        async def try_all(stage: Stage, step: Step) -> None:
            checks.extend(await check(stage, step))

        last = Phase(name="Checks", act=try_all, steps=lambda _: len(CHECKS))
        await showing.play(stage, (*PHASES, last), console=console)
    console.print(showing.table(stage))
    for line in showing.verdicts(checks):
        console.print(line, highlight=False)
    out.mkdir(parents=True, exist_ok=True)
    showing.write_chart(stage, path=out / "engagement.png")
    query = showing.write_query(stage, path=out / "query.graphql")
    api = os.environ["HUB_DEMO_API"]
    console.print(
        f"\nAsk it yourself at {api}/graphql ({out / 'query.graphql'}):\n", highlight=False
    )
    console.print(showing.highlighted(query))
    console.print(f"\nThe chart of engagement is {out / 'engagement.png'}.", highlight=False)
    console.print(f"[bold]{showing.summary(stage, checks, began=began)}[/bold]", highlight=False)
    return all(one.holds for one in checks)


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
        network=Network(http, url=given["NETWORK"].rstrip("/")),
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
    try:
        return 0 if asyncio.run(tell(asked.out, console=console)) else 1
    except (StoryFailed, httpx.HTTPError) as error:
        console.print(f"[red]✗[/red] {error or type(error).__name__}", highlight=False)
        return 1


if __name__ == "__main__":
    sys.exit(main())
