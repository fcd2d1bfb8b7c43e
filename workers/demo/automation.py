"""A tool from outside publishes what is approved, by a signed call that is safe to repeat."""

import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from secrets import token_hex

import httpx

from workers.demo.client import Json, StoryFailed
from workers.demo.publishing import look_at, tell, until_out
from workers.demo.stage import Stage, Tool


async def a_tool_publishes(stage: Stage) -> None:
    """Let n8n publish a text that has no time: once, and the same call twice again."""
    if stage.tool is None:
        raise StoryFailed("There is no door for a tool.")
    body = json.dumps({"externalReference": stage.reference}).encode()
    call = f"msg_{token_hex(16)}"
    answers = [await _call(stage, stage.tool, call, body) for _ in range(2)]
    answers.append(await _call(stage, stage.tool, f"msg_{token_hex(16)}", body))
    stage.found["calls"] = [(one.status_code, _ids(one)) for one in answers]
    stage.found["unsigned"] = (
        await stage.http.post(stage.tool.url, content=body, headers=_json())
    ).status_code
    ids, codes = _ids(answers[0]), " · ".join(str(one.status_code) for one in answers)
    await look_at(stage, ids)
    await until_out(stage, ids)
    stage.note(
        "n8n publishes an approved text by a signed call; it calls three times, it is posted once",
        brand="fr",
        details=[f"answers {codes}; a call without a signature: {stage.found['unsigned']}"],
    )
    tell(stage, ids)


async def _call(stage: Stage, tool: Tool, call: str, body: bytes) -> httpx.Response:
    """Call a trigger, signed as Standard Webhooks says."""
    now = str(int(time.time()))
    key = base64.b64decode(tool.secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{call}.{now}.".encode() + body, hashlib.sha256)
    answer = await stage.http.post(
        tool.url,
        content=body,
        headers={
            **_json(),
            "webhook-id": call,
            "webhook-timestamp": now,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        },
    )
    if not answer.is_success:
        raise StoryFailed(f"The trigger answered {answer.status_code}: {answer.text}")
    return answer


def _json() -> dict[str, str]:
    return {"content-type": "application/json"}


def _ids(answer: httpx.Response) -> list[str]:
    said: Json = answer.json()
    return [one["id"] for one in said["publications"]]


async def the_newsroom_heard(stage: Stage) -> None:
    """Tell what the program that listens was told in the week."""
    if stage.ear is None:
        raise StoryFailed("Nobody listens to events.")
    received = await stage.receiver.received(stage.ear)
    kinds = Counter(one["payload"]["type"].partition(".")[0] for one in received["messages"])
    said = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    stage.note(f"The newsroom heard {received['count']} signed events, each once", details=[said])
