"""Before the first word: channels and pictures, and the tools the week will need."""

import asyncio
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any

from workers.demo.client import Json, StoryFailed, until
from workers.demo.material import Channel, Picture
from workers.demo.places import Inbox
from workers.demo.stage import Stage, Tool

READY_SECONDS = 30
#: What an outside program wants to hear.
EVENTS = ("publication.published", "contest.*", "alert.*", "incident.*", "publishing.*")

CHANNELS = """
query Channels($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Channel { id name state stateMessage handle } }
}"""
ASSETS = """
query Assets($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Asset { id filename state refusalMessage url sha256 } }
}"""
RULE = "moderationRule { id name }"


async def connect_channels(stage: Stage) -> None:
    """Connect channels and bring pictures; workers ask each platform and look at each picture."""
    for channel in stage.cast.channels:
        brand = stage.brand_of(channel.key)
        settings, credentials = await _access(stage, channel)
        given = {
            "brandId": stage.brands[brand.key].id,
            "platform": channel.platform,
            "name": channel.name,
            "timezone": brand.timezone,
            "settings": settings,
            "credentials": credentials,
        }
        made = await stage.manager.act("channelConnect", given, "channel { id }")
        stage.channels[channel.key] = made["channel"]["id"]
    stage.earlier_posts = await _earlier_posts(stage)
    stage.pictures = dict(
        await asyncio.gather(*(_upload(stage, picture) for picture in stage.cast.pictures))
    )
    await _all_ready(stage, CHANNELS, list(stage.channels.values()))
    await _all_ready(stage, ASSETS, list(stage.pictures.values()))
    for brand in stage.cast.brands:
        names = " · ".join(channel.name for channel in brand.channels)
        stage.note(f"Connected and checked: {names}", brand=brand.key)
    stage.note(f"{len(stage.pictures)} pictures are uploaded, described, and cleaned by a worker")


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


async def _upload(stage: Stage, picture: Picture) -> tuple[str, str]:
    data = picture.path.read_bytes()
    announced = {"filename": picture.file, "mime": picture.mime, "size": len(data)}
    upload = (await stage.editor.act("assetUploadCreate", announced, "upload { id url }"))["upload"]
    put = await stage.http.put(upload["url"], content=data, headers={"Content-Type": picture.mime})
    if not put.is_success:
        raise StoryFailed(f"The upload of {picture.file} was answered with {put.status_code}.")
    given = {
        "uploadId": upload["id"],
        "brandId": stage.brands[picture.brand].id,
        "alt": [{"locale": locale, "text": text} for locale, text in picture.alt.items()],
    }
    asset = (await stage.editor.act("assetCreate", given, "asset { id }"))["asset"]
    return picture.key, asset["id"]


async def _all_ready(stage: Stage, query: str, ids: Sequence[str]) -> None:
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


async def prepare_tools(stage: Stage) -> None:
    """Prepare what helps to answer: saved replies, promised times, rules, a workflow in steps."""
    for brand in stage.cast.brands:
        kept = stage.brands[brand.key]
        saved = {"brandId": kept.id, "locale": brand.locale, **brand.saved_reply.model_dump()}
        made = await stage.editor.act("savedReplyCreate", saved, "savedReply { id }")
        kept.saved_reply = made["savedReply"]["id"]
        service = {"brandId": kept.id, **brand.service}
        await stage.manager.act("serviceTargetSet", service, "serviceTarget { id }")
        made = await stage.editor.act(
            "moderationRuleCreate", {"brandId": kept.id, **brand.rule}, RULE
        )
        kept.rule = made["moderationRule"]["id"]
        stage.note(
            f"Ready to answer: “{brand.saved_reply.name}”, and the rule “{brand.rule['name']}”",
            brand=brand.key,
        )
        if brand.workflow is not None:
            flow = {"brandId": kept.id, **brand.workflow}
            await stage.manager.act("workflowCreate", flow, "workflow { id }")
            steps = " → ".join(step["name"] for step in brand.workflow["steps"])
            stage.note(f"Every text is reviewed in steps: {steps}", brand=brand.key)


async def prepare_listening(stage: Stage) -> None:
    """Listen to what is said elsewhere; let a program hear what happens, and another one act."""
    for brand in stage.cast.brands:
        if (wanted := brand.monitor) is None:
            continue
        given = {
            "brandId": stage.brands[brand.key].id,
            **wanted.model_dump(exclude={"channel"}),
            "channelIds": [stage.channels[wanted.channel]],
            "feeds": [stage.press.feed],
        }
        made = await stage.manager.act("monitorCreate", given, "monitor { id }")
        stage.brands[brand.key].monitor = made["monitor"]["id"]
        stage.note(
            "Listening on the network and in the local paper; an alarm opens an incident",
            brand=brand.key,
        )
    name = f"newsroom-{token_hex(3)}"
    url = stage.receiver.address(name)
    made = await stage.manager.act(
        "endpointCreate", {"url": url, "events": EVENTS}, "secret endpoint { id }"
    )
    stage.found["endpoint"] = made["endpoint"]["id"]
    stage.ear = Inbox(name=name, url=url, secret=made["secret"])
    await stage.receiver.trust(stage.ear)
    made = await stage.manager.act(
        "triggerCreate", {"name": "n8n", "actions": ["PUBLISH"]}, "secret trigger { url }"
    )
    stage.tool = Tool(url=made["trigger"]["url"], secret=made["secret"])
    stage.note("A newsroom program hears what happens, signed; n8n may publish what is approved")
