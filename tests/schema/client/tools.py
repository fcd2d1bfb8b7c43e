"""Automation tools, which call triggers as the specification of Standard Webhooks says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
from standardwebhooks.webhooks import Webhook

from hub.automation import operations as automation
from hub.automation.models import TriggerAction
from tests.factories import World

REFERENCE = "post-2026-11"


@dataclass(frozen=True, kw_only=True)
class Tool:
    """An automation tool: the address of its trigger, and the secret it was given."""

    http: httpx.AsyncClient
    trigger_id: UUID
    key: str
    secret: str

    def signed(
        self,
        body: bytes,
        *,
        message_id: str = "",
        at: datetime | None = None,
    ) -> dict[str, str]:
        """Return the headers of a call."""
        message_id = message_id or f"msg_{uuid4().hex}"
        at = at or datetime.now(UTC)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message_id, at, body.decode()),
        }

    async def send(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """Send exactly this."""
        return await self.http.post(f"/hooks/{self.key}", content=body, headers=headers)

    async def call(self, *, message_id: str = "", **asked: Any) -> httpx.Response:
        """Call the trigger as a tool that does everything right."""
        body = orjson.dumps({"externalReference": REFERENCE, **asked})
        return await self.send(body, self.signed(body, message_id=message_id))


async def a_tool(
    world: World,
    http: httpx.AsyncClient,
    *,
    name: str = "n8n",
    actions: Sequence[TriggerAction] = (TriggerAction.PUBLISH,),
) -> Tool:
    """Make a trigger, and the tool that has its secret."""
    async with world.hub.unit_of_work(world.manager) as work:
        row, secret = await automation.create_trigger(work, name=name, actions=actions)
    return Tool(http=http, trigger_id=row.id, key=row.public_key, secret=secret)
