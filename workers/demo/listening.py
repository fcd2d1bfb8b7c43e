"""What is said elsewhere: people talk on the network, the paper prints, monitors find it."""

import asyncio

from workers.demo.client import until
from workers.demo.clock import DAYS
from workers.demo.material import Brand, Talk
from workers.demo.stage import Stage

FOUND_SECONDS = 30

MENTIONS = """
query Mentions($monitors: [ID!]!) {
  mentions(filter: { monitorIn: $monitors }, first: 100, orderBy: [PUBLISHED_AT_ASC]) {
    nodes {
      id kind title text authorName sourceTitle language sentiment sentimentLabel publishedAt
    }
  }
}"""


async def talk(stage: Stage, day: str) -> None:
    """Let people talk about the brands, before the hub's day begins."""
    today = [(one, brand) for brand in stage.cast.brands for one in brand.talk if one.day == day]
    await asyncio.gather(*(_say(stage, one, brand) for one, brand in today))


async def listen(stage: Stage) -> None:
    """See that the hub has found what was said of a brand today, and how it sounds."""
    for brand in stage.cast.brands:
        today = [one for one in brand.talk if one.day == _day(stage)]
        if not today:
            continue
        await _found(stage, brand)
        mentions = stage.found["mentions"][-len(today) :]
        moods = [(one["sentimentLabel"] or "unrated").lower() for one in mentions]
        said = ", ".join(f"{moods.count(mood)} {mood}" for mood in dict.fromkeys(sorted(moods)))
        is_bad = moods.count("negative") > len(moods) / 2
        told = [f"{one['authorName'] or one['sourceTitle']}: {one['text']}" for one in mentions]
        stage.note(
            f"{len(today)} new mentions elsewhere: {said}",
            brand=brand.key,
            kind="bad" if is_bad else "found",
            details=told if is_bad else [],
        )


def _day(stage: Stage) -> str:
    return DAYS[stage.clock.now().weekday()]


async def _say(stage: Stage, talk: Talk, brand: Brand) -> None:
    if talk.title:
        await stage.press.print(talk.title, talk.text)
        return
    who = await stage.other("mastodon", talk.by)
    await stage.mastodon.say(who, talk.text, language=brand.locale.partition("-")[0])


async def _found(stage: Stage, brand: Brand) -> None:
    said = {one.text for one in brand.talk if DAYS.index(one.day) <= stage.clock.now().weekday()}
    monitor = stage.brands[brand.key].monitor

    async def look() -> bool | None:
        asked = await stage.editor.ask(MENTIONS, monitors=[monitor])
        stage.found["mentions"] = asked["mentions"]["nodes"]
        heard = {text for one in stage.found["mentions"] for text in said if text in one["text"]}
        return heard == said or None

    await until(look, seconds=FOUND_SECONDS, what="A mention was not found.")
