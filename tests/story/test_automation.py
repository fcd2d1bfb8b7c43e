"""Automation through the real processes: a tool calls `hub up`, and is told what came of it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import orjson
from standardwebhooks.webhooks import Webhook

from tests.running import RunningHub, a_folder, a_running_hub
from workers.simulators.receiver import create_receiver
from workers.simulators.serving import served

SECONDS = 15.0
ERRORS = "errors{code message path}"


class Client:
    """A member, over HTTP."""

    def __init__(self, hub: RunningHub, role: str) -> None:
        self.url = hub.url
        self.headers = {"authorization": f"Bearer {hub.tokens[role]}"}

    def ask(self, query: str, **variables: Any) -> Any:
        """Ask for something that must go well; return the one root field."""
        answer = httpx.post(
            f"{self.url}/graphql",
            json={"query": query, "variables": variables},
            headers=self.headers,
            timeout=20,
            trust_env=False,
        ).json()
        assert "errors" not in answer, answer
        (found,) = answer["data"].values()
        return found

    def do(self, mutation: str, selection: str, **given: Any) -> Any:
        """Do something that must go well."""
        kind = mutation[0].upper() + mutation[1:]
        payload = self.ask(
            f"mutation($input:{kind}Input!){{{mutation}(input:$input){{{selection} {ERRORS}}}}}",
            input=given,
        )
        assert payload["errors"] == [], payload
        return payload


def until(look: Callable[[], Any]) -> Any:
    """Look until there is something; fail after a while."""
    ends = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < ends
        time.sleep(0.05)
    return found


def publish(hub: RunningHub, url: str, secret: str) -> httpx.Response:
    """Call a trigger, as n8n would."""
    body = orjson.dumps({"externalReference": "story"})
    message_id, at = f"msg_{uuid4().hex}", datetime.now(UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, body.decode()),
    }
    path = httpx.URL(url).path
    return httpx.post(f"{hub.url}{path}", content=body, headers=headers, trust_env=False)


def test_a_tool_publishes_by_a_trigger_and_an_endpoint_hears_of_it() -> None:
    with (
        served(create_receiver()) as receiver,
        a_folder() as folder,
        a_running_hub(folder, env={"HUB_OUTGOING_ALLOW": receiver.removeprefix("http://")}) as hub,
    ):
        manager, approver = Client(hub, "manager"), Client(hub, "approver")
        trigger = manager.do("triggerCreate", "secret trigger{url}", name="n8n")
        assert publish(hub, trigger["trigger"]["url"], trigger["secret"]).status_code == 404

        endpoint = manager.do(
            "endpointCreate",
            "secret endpoint{id}",
            url=f"{receiver}/hooks/tool",
            events=["publication.*"],
        )
        httpx.post(
            f"{receiver}/_sim/inboxes",
            json={"name": "tool", "secrets": [endpoint["secret"]]},
            trust_env=False,
        )
        brand = manager.do("brandCreate", "brand{id}", name="Story", slug="story", locales=["en"])[
            "brand"
        ]["id"]
        channel = manager.do(
            "channelConnect",
            "channel{id}",
            brandId=brand,
            platform="feed",
            name="Feed",
            settings={"title": "News", "description": "All", "language": "en"},
        )["channel"]["id"]
        until(lambda: manager.ask("{channels(filter:{stateIn:[READY]}){totalCount}}")["totalCount"])
        item = manager.do(
            "contentItemCreate",
            "contentItem{id}",
            brandId=brand,
            title="A tale",
            locale="en",
            parts=[{"text": "Told by a tool"}],
            externalReference="story",
        )["contentItem"]["id"]
        review = manager.do(
            "reviewSubmit", "review{id}", contentItemId=item, targets=[{"channelId": channel}]
        )["review"]["id"]
        until(
            lambda: (
                manager.ask("query($id:ID!){node(id:$id){...on Review{state}}}", id=review)["state"]
                == "IN_REVIEW"
            )
        )
        assert publish(hub, trigger["trigger"]["url"], trigger["secret"]).status_code == 409
        approver.do("reviewDecide", "review{state}", reviewId=review, verdict="APPROVE")

        answers = [publish(hub, trigger["trigger"]["url"], trigger["secret"]) for _ in range(3)]

        def heard() -> list[str]:
            shown = httpx.get(f"{receiver}/_sim/inboxes/tool", trust_env=False).json()
            assert shown["refused"] == []
            return [message["payload"]["type"] for message in shown["messages"]]

        until(lambda: "publication.published" in heard())
        assert heard() == [
            "publication.scheduled",
            "publication.started",
            "publication.published",
        ]
        assert [answer.status_code for answer in answers] == [202, 200, 200]
        assert manager.ask("{publications{totalCount}}")["totalCount"] == 1
        figures = httpx.get(f"{hub.url}/metrics", trust_env=False).text
        assert 'hub_deliveries{outcome="delivered"} 3.0' in figures
