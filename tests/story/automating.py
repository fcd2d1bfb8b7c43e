"""Automation: one stream heard in four ways, and tools that write, submit and publish by hooks."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import orjson
from standardwebhooks.webhooks import Webhook
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.story.inbox import FIVE
from tests.story.publishing import approve, publications
from tests.story.stage import PATIENCE, Company, Member, Story, Town

HEARD = ["publication.*", "contest.*", "trigger.*"]


async def listen(story: Story) -> None:
    """Let a tool listen from the very beginning."""
    atelier, town = story.atelier, story.town
    made = await atelier.manager.do(
        "endpointCreate",
        "endpoint{id events} secret",
        url=f"{town.site.base}/hooks/tool",
        events=HEARD,
    )
    # The receiver is unwell at first: what it refused comes again.
    town.site.answers["tool"] = [503]
    atelier.kept.update(endpoint=made["endpoint"]["id"], endpoint_secret=made["secret"])


class Tool:
    """An automation tool with the address and the secret of a trigger."""

    def __init__(self, town: Town, url: str, secret: str) -> None:
        self.town, self.url, self.secret = town, url, secret

    async def call(
        self, *, id_: str = "", at: datetime | None = None, altered: bytes = b"", **asked: Any
    ) -> httpx.Response:
        """Call the trigger, signed as the specification says."""
        body, at = orjson.dumps(asked), at or datetime.now(UTC)
        message = id_ or f"msg_{uuid4().hex}"
        headers = {
            "webhook-id": message,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message, at, body.decode()),
        }
        return await self.town.post(self.url, content=altered or body, headers=headers)


async def a_tool(town: Town, manager: Member, *actions: str) -> Tool:
    """Make a trigger that may do these things."""
    made = await manager.do(
        "triggerCreate", "trigger{id url} secret", name="n8n", actions=list(actions)
    )
    return Tool(town, made["trigger"]["url"], made["secret"])


async def play(story: Story) -> None:
    """Tell how tools take part."""
    await _as_scheduled(story)
    await _many_at_once(story)
    await _with_a_key(story.lighthouse)
    await _one_stream(story)
    await _replayed(story)


async def trigger(story: Story) -> None:
    """A tool saves, submits and publishes; a person approves in between."""
    town, lighthouse = story.town, story.lighthouse
    tool = await a_tool(town, lighthouse.manager, "SAVE", "SUBMIT", "PUBLISH")
    given: dict[str, Any] = {
        "externalReference": "fair",
        "brand": "lighthouse",
        "locale": "en",
        "title": "The fair",
        "text": "The fair is on Tuesday.",
    }
    saved = await tool.call(action="SAVE", **given)
    changed = await tool.call(action="SAVE", externalReference="fair", text="It is on Tuesday.")
    same = await tool.call(action="SAVE", externalReference="fair", text="It is on Tuesday.")
    assert [one.status_code for one in (saved, changed, same)] == [202, 202, 200]
    item = saved.json()["contentItem"]["id"]

    early = await tool.call(action="PUBLISH", externalReference="fair")
    assert (early.status_code, early.json()["code"]) == (409, "NOT_APPROVED")
    submitted = await tool.call(action="SUBMIT", externalReference="fair", channels=["bluesky"])
    assert submitted.status_code == 202
    operation = await town.get(submitted.json()["operation"]["url"])
    assert operation.json()["state"] == "RUNNING"
    await town.settle()
    operation = await town.get(submitted.json()["operation"]["url"])
    assert operation.json()["state"] == "WAITING"
    early = await tool.call(action="PUBLISH", externalReference="fair")
    assert (early.status_code, early.json()["code"]) == (409, "NOT_APPROVED")
    assert await publications(lighthouse, item) == []

    await approve(lighthouse, submitted.json()["review"]["id"])
    accepted = await tool.call(
        action="PUBLISH", externalReference="fair", scheduledFor=FIVE.isoformat()
    )
    assert accepted.status_code == 202
    lighthouse.kept.update(tool=tool, operation=accepted.json()["operation"]["url"])


async def _as_scheduled(story: Story) -> None:
    """What the tool asked for went out at its time."""
    done = await story.town.get(story.lighthouse.kept["operation"])
    assert (done.json()["state"], done.json()["publications"][0]["state"]) == ("DONE", "PUBLISHED")
    sent = [one["text"] for one in await story.town.posts("bluesky")]
    assert sent.count("It is on Tuesday.") == 1


async def _many_at_once(story: Story) -> None:
    """The same call a hundred times at once is one publication and a hundred equal answers."""
    town, lighthouse = story.town, story.lighthouse
    tool: Tool = lighthouse.kept["tool"]
    given: dict[str, Any] = {"externalReference": "lamp", "brand": "lighthouse", "locale": "en"}
    saved = await tool.call(action="SAVE", title="The lamp", text="The lamp is lit.", **given)
    submitted = await tool.call(action="SUBMIT", externalReference="lamp", channels=["bluesky"])
    await town.settle()
    await approve(lighthouse, submitted.json()["review"]["id"])
    answers = await asyncio.gather(
        *(tool.call(id_="msg_lamp", action="PUBLISH", externalReference="lamp") for _ in range(100))
    )
    assert {(one.status_code, one.content) for one in answers} == {(202, answers[0].content)}
    assert sum(one.headers.get("webhook-replayed") == "true" for one in answers) == 99
    await town.settle()
    assert len(await publications(lighthouse, saved.json()["contentItem"]["id"])) == 1
    sent = [one["text"] for one in await town.posts("bluesky")]
    assert sent.count("The lamp is lit.") == 1


async def _with_a_key(lighthouse: Company) -> None:
    """The same mutation under the same key is done once."""
    query = """mutation($b:ID!){audienceCreate(input:{brandId:$b name:"Sailors"}){
        audience{id} errors{code}}}"""
    given = {"b": lighthouse.kept["brand"]}
    first = await lighthouse.manager.send(query, key="once", **given)
    again = await lighthouse.manager.send(query, key="once", **given)
    assert first.json()["data"] == again.json()["data"]
    assert again.headers["idempotency-replayed"] == "true"
    other = await lighthouse.manager.send(query.replace("Sailors", "Divers"), key="once", **given)
    (refused,) = other.json()["data"]["audienceCreate"]["errors"]
    assert refused["code"] == "IDEMPOTENCY_KEY_REUSED"
    seen = await lighthouse.viewer.node(given["b"], "Brand", "audiences{totalCount}")
    assert seen["audiences"] == {"totalCount": 1}


async def _one_stream(story: Story) -> None:
    """What the endpoint heard is what `events` lists and a subscription tells: the same ids."""
    atelier, town = story.atelier, story.town
    secret = atelier.kept["endpoint_secret"]
    calls = town.site.calls["tool"]
    told = [(call.headers["webhook-id"], call.verified(secret)) for call in calls]
    assert told[0] == told[1]
    heard = told[1:]
    listed = await _events(atelier.admin)
    wanted = [one for one in listed if one["name"].split(".")[0] in {"publication", "contest"}]
    assert [one for one, _ in heard] == [one["id"] for one in wanted]
    assert [event["type"] for _, event in heard] == [one["name"] for one in wanted]
    assert [event["data"]["sequence"] for _, event in heard] == [one["sequence"] for one in wanted]
    followed = await _followed(story, len(wanted))
    assert followed == [(one["id"], one["sequence"], one["name"]) for one in wanted]
    assert [one["sequence"] for one in listed] == list(range(1, len(listed) + 1))
    types = await atelier.admin.ask("{eventTypes{name}}")
    assert {one["name"] for one in listed} <= {one["name"] for one in types}
    assert {"message.flagged", "thread.target_missed", "alert.raised"} <= {
        one["name"] for one in listed
    }
    theirs = {one["id"] for one in await _events(story.lighthouse.admin)}
    assert not theirs & {one["id"] for one in listed}


async def _events(admin: Member) -> list[Any]:
    found: list[Any] = []
    cursor = None
    while True:
        page = await admin.ask(
            """query($c:String){events(first:100,after:$c,orderBy:[SEQUENCE_ASC]){
                 nodes{id sequence name} pageInfo{endCursor hasNextPage}}}""",
            c=cursor,
        )
        found.extend(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return found
        cursor = page["pageInfo"]["endCursor"]


async def _followed(story: Story, number: int) -> list[tuple[str, int, str]]:
    """Follow the stream from its beginning over a socket."""
    query = """subscription($n:[String!]){eventHappened(namesIn:$n,after:0){id sequence name}}"""
    token = story.atelier.admin.token
    found = []
    async with (
        connect(
            story.town.url.replace("http:", "ws:") + "/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
        ) as socket,
        asyncio.timeout(PATIENCE),
    ):
        hello = {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}
        await socket.send(json.dumps(hello))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        asked = {"query": query, "variables": {"n": HEARD[:2]}}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
        for _ in range(number):
            one = json.loads(await socket.recv())["payload"]["data"]["eventHappened"]
            found.append((one["id"], one["sequence"], one["name"]))
    return found


async def _replayed(story: Story) -> None:
    """The log shows every attempt, and what was delivered can be had once more."""
    atelier, town = story.atelier, story.town
    seen = await atelier.manager.node(
        atelier.kept["endpoint"],
        "Endpoint",
        "deliveries(last:1){nodes{id state eventName attempts{outcome status}}}",
    )
    (first,) = seen["deliveries"]["nodes"]
    assert {**first, "id": ""} == {
        "id": "",
        "state": "DELIVERED",
        "eventName": "publication.scheduled",
        "attempts": [
            {"outcome": "UNWELL", "status": 503},
            {"outcome": "DELIVERED", "status": 204},
        ],
    }
    before = len(town.site.calls["tool"])
    await atelier.manager.do("deliveryReplay", "delivery{id}", id=first["id"])
    await town.settle()
    again = town.site.calls["tool"][before:]
    assert [call.headers["webhook-id"] for call in again] == [
        town.site.calls["tool"][0].headers["webhook-id"]
    ]
    assert again[0].verified(atelier.kept["endpoint_secret"])["type"] == first["eventName"]
    assert await story.lighthouse.admin.unseen(atelier.kept["endpoint"])
