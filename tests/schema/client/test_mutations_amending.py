"""What is out, changed by a client; answers, hidden by one."""

from typing import Any

import pytest

from hub.channels.models import Channel
from hub.publishing.models import PublicationState
from schema.base.node import row_id
from tests.factories import a_channel, a_publication
from tests.schema.client.api import Desk, gid
from tests.schema.client.rows import bring, change
from tests.schema.client.test_mutations_publishing import received

SHOWN = "publication{state amendments{kind state reason requestedBy{name}} availableActions}"


async def _out(desk: Desk, **channel: Any) -> str:
    row = await a_publication(desk.world, channel_id=await a_channel(desk.world, **channel))
    await bring(desk.world, row, PublicationState.PUBLISHED)
    return gid("Publication", row.id)


async def test_a_withdrawal_is_asked_for_once(desk: Desk) -> None:
    out = await _out(desk)

    first = await desk.editor.do("publicationWithdraw", SHOWN, id=out, reason=" A wrong date ")
    second = await desk.editor.do("publicationWithdraw", SHOWN, id=out)

    (asked,) = first.payload["publication"]["amendments"]
    assert (asked["kind"], asked["state"], asked["reason"]) == (
        "WITHDRAW",
        "PENDING",
        "A wrong date",
    )
    assert asked["requestedBy"]["name"].startswith("Editor")
    assert "PUBLICATION_WITHDRAW" not in first.payload["publication"]["availableActions"]
    assert second.refusal == {"code": "TAKEN", "path": ["input", "id"]}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("publicationEdit", "WRONG_STATE"),
        ("publicationWithdraw", None),
        ("publicationReadBack", None),
    ],
)
async def test_each_act_answers_with_the_publication_or_says_why_not(
    desk: Desk, name: str, code: str | None
) -> None:
    answer = await desk.editor.do(name, "publication{state}", id=await _out(desk))

    if code is None:
        assert answer.payload["publication"] == {"state": "PUBLISHED"}
    else:
        assert answer.refusal == {"code": code, "path": ["input", "id"]}


@pytest.mark.parametrize("name", ["publicationEdit", "publicationWithdraw", "publicationReadBack"])
async def test_a_place_that_cannot_is_named(desk: Desk, name: str) -> None:
    answer = await desk.editor.do(
        name, "publication{state}", id=await _out(desk, platform_key="webhook")
    )

    assert answer.refusal == {"code": "UNSUPPORTED", "path": ["input", "id"]}


async def test_an_answer_is_hidden_only_where_the_platform_can(desk: Desk) -> None:
    message = await received(desk)
    refused = await desk.editor.do("messageHide", "message{hidden}", messageId=message)

    channel = (await desk.editor.ask("{channels{nodes{id}}}")).data["channels"]["nodes"][0]["id"]
    await change(
        desk.world, Channel, row_id(channel, "Channel"), capabilities=["HIDE", "MESSAGES", "REPLY"]
    )
    asked = await desk.editor.do(
        "messageHide", "message{hidden availableActions}", messageId=message
    )
    again = await desk.editor.do("messageHide", "message{hidden}", messageId=message)
    # Somebody thinks better of it before the platform has done it.
    shown = await desk.editor.do(
        "messageUnhide", "message{hidden underWay availableActions}", messageId=message
    )

    assert refused.refusal == {"code": "UNSUPPORTED", "path": ["input", "messageId"]}
    # It is hidden once the platform has done it, not before.
    assert asked.payload["message"]["hidden"] is False
    assert "MESSAGE_UNHIDE" in asked.payload["message"]["availableActions"]
    assert again.refusal == {"code": "WRONG_STATE", "path": ["input", "messageId"]}
    assert shown.payload["message"]["underWay"] == "UNHIDE"
    assert "MESSAGE_HIDE" in shown.payload["message"]["availableActions"]
    amendments = await desk.editor.ask("{publications{nodes{amendments{kind state}}}}")
    (publication,) = amendments.data["publications"]["nodes"]
    assert publication["amendments"] == [
        {"kind": "HIDE", "state": "FAILED"},
        {"kind": "UNHIDE", "state": "PENDING"},
    ]
