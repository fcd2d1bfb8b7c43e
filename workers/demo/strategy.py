"""The first duty: two brands, how they speak, to whom, what for, and what is planned."""

from datetime import timedelta
from secrets import token_hex

from workers.demo.client import Json, Refused, StoryFailed
from workers.demo.clock import ZONE
from workers.demo.material import Brand, Planned
from workers.demo.stage import Kept, Stage

DAYS_OF_THE_WEEK = 7

COVERAGE = """
query Coverage($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Campaign {
      id
      plan {
        planned inPreparation scheduled published missing
        gaps { entry { channel { name } platform } missing }
      }
    }
  }
}"""


async def tell_strategy(stage: Stage) -> None:
    """Create both brands with everything that says how and why they speak."""
    for brand in stage.cast.brands:
        kept = Kept(id=await _brand(stage, brand))
        stage.brands[brand.key] = kept
        await stage.manager.act(
            "voiceGuideSet",
            {"brandId": kept.id, "locale": brand.locale, **brand.voice},
            "voiceGuide { id }",
        )
        for audience in brand.audiences:
            given = {"brandId": kept.id, "locales": [brand.locale], **audience}
            made = await stage.manager.act("audienceCreate", given, "audience { id }")
            kept.audiences.append(made["audience"]["id"])
        for pillar in brand.pillars:
            made = await stage.manager.act(
                "pillarCreate", {"brandId": kept.id, **pillar}, "pillar { id }"
            )
            kept.pillars[pillar["name"]] = made["pillar"]["id"]
        await _campaign(stage, brand, kept)
        banned = ", ".join(f"“{word['phrase']}”" for word in brand.voice["bannedWords"])
        stage.note(
            f"{brand.name} says how it speaks ({banned} never), to whom, and about what",
            brand=brand.key,
        )
        aims = " · ".join(goal.name for goal in brand.goals)
        stage.note(f"“{brand.campaign.name}” has its goals: {aims}", brand=brand.key)


async def _brand(stage: Stage, brand: Brand) -> str:
    """Create the brand; where the story was told before, under another short name."""
    given = {
        "name": brand.name,
        "description": brand.description,
        "locales": [brand.locale],
    }
    for suffix in ("", f"-{token_hex(3)}"):
        try:
            made = await stage.manager.act(
                "brandCreate", {**given, "slug": brand.slug + suffix}, "brand { id }"
            )
        except Refused as refused:
            if refused.code != "TAKEN" or suffix:
                raise
            continue
        brand_id = str(made["brand"]["id"])
        domains = {"id": brand_id, "ownDomains": list(brand.own_domains)}
        await stage.manager.act("brandUpdate", domains, "brand { id }")
        return brand_id
    raise StoryFailed(f"Every short name of {brand.name} is taken.")


async def _campaign(stage: Stage, brand: Brand, kept: Kept) -> None:
    monday = stage.clock.monday
    campaign = brand.campaign
    given = {
        "brandId": kept.id,
        "name": campaign.name,
        "objective": campaign.objective,
        "brief": campaign.brief,
        "locale": brand.locale,
        "startsOn": monday.isoformat(),
        "endsOn": (monday + timedelta(weeks=campaign.weeks, days=-1)).isoformat(),
        "utm": campaign.utm,
    }
    made = await stage.manager.act("campaignCreate", given, "campaign { id }")
    kept.campaign = made["campaign"]["id"]
    for goal in brand.goals:
        aim = {
            "brandId": kept.id,
            "campaignId": kept.campaign,
            **goal.model_dump(),
            "startsOn": monday.isoformat(),
            "deadline": _sunday(stage),
        }
        await stage.manager.act("goalCreate", aim, "goal { id }")


def _sunday(stage: Stage) -> str:
    return (stage.clock.monday + timedelta(days=DAYS_OF_THE_WEEK - 1)).isoformat()


async def plan(stage: Stage) -> None:
    """Write down how much is to go out in the week, and where."""
    for brand in stage.cast.brands:
        entries = [_entry(stage, planned) for planned in brand.campaign.plan]
        given = {"campaignId": stage.brands[brand.key].campaign, "entries": entries}
        await stage.manager.act("campaignPlanSet", given, "campaign { id }")


def _entry(stage: Stage, planned: Planned) -> Json:
    where: Json = {"platform": planned.platform}
    if planned.channel is not None:
        where = {"channelId": stage.channels[planned.channel]}
    return {
        **where,
        "planned": planned.planned,
        "startsOn": stage.clock.monday.isoformat(),
        "endsOn": _sunday(stage),
    }


async def coverage(stage: Stage) -> None:
    """Look what the plans of the week have, and what they lack."""
    ids = {kept.campaign: key for key, kept in stage.brands.items()}
    for node in (await stage.editor.ask(COVERAGE, ids=list(ids)))["nodes"]:
        plan = node["plan"]
        gaps = ", ".join(
            f"{gap['missing']} on {_where(gap['entry'])}" for gap in plan["gaps"] if gap["missing"]
        )
        stage.found.setdefault("plans", {})[ids[node["id"]]] = plan
        stage.note(
            f"Of {plan['planned']} planned for the week {plan['scheduled']} have a time"
            + (f"; still to find: {gaps}" if gaps else ""),
            brand=ids[node["id"]],
            kind="found",
        )


_NAMES = {
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "misago": "Misago",
    "wordpress": "WordPress",
}


def _where(entry: Json) -> str:
    return str(entry["channel"]["name"] if entry["channel"] else _NAMES[entry["platform"]])


def span(stage: Stage) -> Json:
    """Return the days of the week as the API takes them."""
    return {
        "from": stage.clock.monday.isoformat(),
        "to": _sunday(stage),
        "timeZone": ZONE.key,
    }
