"""The first phases: a brand, its channels, its pictures and its texts."""

import asyncio
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any

from workers.demo.client import Json, Refused, StoryFailed, until
from workers.demo.material import Channel, Item, Picture, Variant
from workers.demo.stage import Stage, Step

READY_SECONDS = 30

CHANNELS = """
query Channels($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Channel { id name state stateMessage handle } }
}"""
ASSETS = """
query Assets($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Asset { id filename state refusalMessage url sha256 } }
}"""


async def tell_strategy(stage: Stage, step: Step) -> None:
    """Create the brand and its campaigns."""
    stage.brand_id = await _brand(stage)
    step()
    for campaign in stage.cast.campaigns:
        given = {
            **campaign.model_dump(mode="json", include={"name", "objective", "brief", "locale"}),
            "brandId": stage.brand_id,
            "startsOn": campaign.starts_on.isoformat(),
            "endsOn": campaign.ends_on.isoformat(),
        }
        made = await stage.manager.act("campaignCreate", given, "campaign { id }")
        stage.campaigns[campaign.key] = made["campaign"]["id"]
        step()


async def _brand(stage: Stage) -> str:
    """Create the brand; where the story was told before, under another short name."""
    given = stage.cast.brand.model_dump(mode="json")
    for suffix in ("", f"-{token_hex(3)}"):
        try:
            made = await stage.manager.act(
                "brandCreate", {**given, "slug": given["slug"] + suffix}, "brand { id }"
            )
        except Refused as refused:
            if refused.code != "TAKEN" or suffix:
                raise
            continue
        return str(made["brand"]["id"])
    raise StoryFailed("Every short name of the brand is taken.")


async def connect_channels(stage: Stage, step: Step) -> None:
    """Connect every channel; a worker asks each platform before it is READY."""
    for channel in stage.cast.channels:
        settings, credentials = await _access(stage, channel)
        given = {
            "brandId": stage.brand_id,
            "platform": channel.platform,
            "name": channel.name,
            "timezone": channel.timezone,
            "settings": settings,
            "credentials": credentials,
        }
        made = await stage.manager.act("channelConnect", given, "channel { id }")
        stage.channels[channel.key] = made["channel"]["id"]
    stage.earlier_posts = await _earlier_posts(stage)
    await _all_ready(stage, CHANNELS, list(stage.channels.values()), step)


async def _access(stage: Stage, channel: Channel) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return a channel's settings and credentials: an account, an address, or nothing."""
    if channel.account is not None:
        account = await stage.places[channel.platform].join(
            username=channel.account.username, name=channel.account.name
        )
        stage.accounts[channel.key] = account
        return {**account.settings, **channel.settings}, account.credentials
    if channel.inbox:
        stage.inbox = await stage.receiver.open(f"{channel.inbox}-{token_hex(3)}")
        return {"url": stage.inbox.url}, {"secret": stage.inbox.secret}
    return channel.settings, {}


async def _earlier_posts(stage: Stage) -> frozenset[tuple[str, str]]:
    earlier = set()
    for key, account in stage.accounts.items():
        platform = stage.channel(key).platform
        ledger = await stage.places[platform].ledger(account.username)
        earlier |= {(platform, entry["id"]) for entry in ledger}
    return frozenset(earlier)


async def upload_pictures(stage: Stage, step: Step) -> None:
    """Upload every picture to a signed address; a worker looks at it before it is READY."""
    made = await asyncio.gather(*(_upload(stage, picture) for picture in stage.cast.pictures))
    stage.pictures = dict(made)
    await _all_ready(stage, ASSETS, list(stage.pictures.values()), step)


async def _upload(stage: Stage, picture: Picture) -> tuple[str, str]:
    data = picture.path.read_bytes()
    announced = {"filename": picture.file, "mime": picture.mime, "size": len(data)}
    upload = (await stage.editor.act("assetUploadCreate", announced, "upload { id url }"))["upload"]
    put = await stage.http.put(upload["url"], content=data, headers={"Content-Type": picture.mime})
    if not put.is_success:
        raise StoryFailed(f"The upload of {picture.file} was answered with {put.status_code}.")
    given = {
        "uploadId": upload["id"],
        "brandId": stage.brand_id,
        "alt": [{"locale": locale, "text": text} for locale, text in picture.alt.items()],
    }
    asset = (await stage.editor.act("assetCreate", given, "asset { id }"))["asset"]
    return picture.key, asset["id"]


async def _all_ready(stage: Stage, query: str, ids: Sequence[str], step: Step) -> None:
    """Wait until a worker has found everything usable; stop at the first thing that is not."""
    ready: set[str] = set()
    shown: list[Json] = []

    async def look() -> bool | None:
        shown[:] = (await stage.manager.ask(query, ids=ids))["nodes"]
        for node in shown:
            if node["state"] in {"FAILED", "NEEDS_AUTH", "REFUSED"}:
                raise StoryFailed(_complaint(node))
            if node["state"] == "READY" and node["id"] not in ready:
                ready.add(node["id"])
                step()
        return len(ready) == len(ids) or None

    await until(
        look,
        seconds=READY_SECONDS,
        what=lambda: "; ".join(_complaint(node) for node in shown if node["state"] != "READY"),
    )


def _complaint(node: Json) -> str:
    name = node.get("name") or node.get("filename")
    said = node.get("stateMessage") or node.get("refusalMessage") or ""
    return f"{name} is {node['state']}. {said}".strip()


async def write_items(stage: Stage, step: Step) -> None:
    """Write every text down, with its pictures and its variants."""
    for item in stage.items:
        given = {
            "brandId": stage.brand_id,
            "campaignId": stage.campaigns[item.campaign],
            "title": item.title,
            "summary": item.summary,
            "parts": parts(stage, item.parts, item.pictures),
            "link": item.link,
            "tags": item.tags,
            "slug": item.slug,
            "locale": item.locale,
            "variants": [variant_of(stage, item, variant) for variant in item.variants],
        }
        if item.first_draft is not None:
            given["parts"] = parts(stage, [item.first_draft.text], item.pictures)
        made = await stage.people[item.writer].act(
            "contentItemCreate", given, "contentItem { id version }"
        )
        stage.written[item.title] = made["contentItem"]
        step()


def variant_of(stage: Stage, item: Item, variant: Variant) -> Json:
    """Return a variant of a text as the API takes it."""
    given: Json = {"settings": variant.settings}
    if variant.platform is not None:
        given["platform"] = variant.platform
    if variant.channel is not None:
        given["channelId"] = stage.channels[variant.channel]
    if variant.title is not None:
        given["title"] = variant.title
    if variant.text is not None or variant.pictures is not None:
        texts = item.parts if variant.text is None else [variant.text]
        given["parts"] = parts(stage, texts, variant.pictures or ())
    return given


def parts(stage: Stage, texts: Sequence[str], pictures: Sequence[str]) -> list[Json]:
    """Return texts as parts of an item; the first one shows the pictures."""
    shown = [stage.pictures[key] for key in pictures]
    return [{"text": text, "media": [] if index else shown} for index, text in enumerate(texts)]
