"""A trigger is called by an automation tool over HTTP; `standardwebhooks` signs as tools do."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import func, select, update
from standardwebhooks.webhooks import Webhook

from hub.access.models import Role
from hub.audit.models import EventRow
from hub.automation import calling
from hub.automation import operations as automation
from hub.automation.models import Trigger, TriggerCall
from hub.channels.models import Channel
from hub.content import operations as content
from hub.content.models import ContentItem
from hub.content.rules import Part, Words
from hub.kernel.caller import Permission
from hub.kernel.errors import Forbidden
from hub.kernel.settings import Settings
from hub.publishing import operations as publishing
from hub.publishing.models import HoldReason, Publication, PublicationState
from hub.review import operations as review
from hub.review.models import Verdict
from tests.conftest import ROOT
from tests.factories import World, a_channel, an_item, approve, in_review
from tests.hub.traces import Told, events_of
from tests.schema.client.api import Desk, gid
from tests.schema.client.rows import bring, change
from tests.schema.client.serving import served
from tests.schema.client.tools import REFERENCE, Tool, a_tool

NOT_GENUINE = {
    "code": "UNAUTHENTICATED",
    "message": "This is no valid call: see webhook-id, webhook-timestamp, webhook-signature.",
    "path": [],
}


@pytest.fixture
async def tool(desk: Desk) -> Tool:
    """A tool that may publish in the workspace."""
    return await a_tool(desk.world, desk.api.http)


async def a_text(world: World, *, reference: str = REFERENCE, text: str = "Hello") -> UUID:
    async with world.hub.unit_of_work(world.editor) as work:
        item = await content.create_item(
            work,
            brand_id=world.brand_id,
            words=Words(title="Hello", parts=(Part(text=text),)),
            locale="en",
            external_reference=reference,
        )
    return item.id


async def approved(world: World, item_id: UUID, channel_ids: Sequence[UUID]) -> UUID:
    """Have an item approved for channels; return the review."""
    review_id = await in_review(world, item_id=item_id, channel_ids=channel_ids)
    await approve(world, review_id=review_id)
    return review_id


async def publications(world: World) -> Sequence[Publication]:
    async with world.hub.unit_of_work(world.system) as work:
        return await work.all(select(Publication).order_by(Publication.id))


async def calls(world: World) -> Sequence[TriggerCall]:
    async with world.hub.unit_of_work(world.system) as work:
        return await work.all(select(TriggerCall).order_by(TriggerCall.id))


async def told(world: World, name: str) -> list[Told]:
    return [one for one in await events_of(world) if one.name == name]


@dataclass(frozen=True, kw_only=True)
class Ready:
    """Content that is approved for two channels."""

    item_id: UUID
    review_id: UUID
    channels: tuple[UUID, UUID]


@pytest.fixture
async def ready(desk: Desk) -> Ready:
    channels = (
        await a_channel(desk.world, name="First"),
        await a_channel(desk.world, platform_key="feed", name="Second"),
    )
    item_id = await a_text(desk.world)
    return Ready(
        item_id=item_id,
        review_id=await approved(desk.world, item_id, channels),
        channels=channels,
    )


@asynccontextmanager
async def nothing_happens(world: World) -> AsyncIterator[None]:
    """Check that what runs in here leaves no trace at all."""
    before = (await events_of(world), len(await publications(world)), len(await calls(world)))
    yield
    after = (await events_of(world), len(await publications(world)), len(await calls(world)))
    assert after == before


async def test_a_signed_call_publishes_on_every_approved_channel(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    answer = await tool.call()

    rows = await publications(desk.world)
    assert {row.channel_id for row in rows} == set(ready.channels)
    assert {row.state for row in rows} == {PublicationState.SCHEDULED}
    assert answer.status_code == 202
    assert "webhook-replayed" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["externalReference"] == REFERENCE
    assert {
        (one["id"], one["channelId"], one["state"]) for one in answer.json()["publications"]
    } == {(gid("Publication", row.id), gid("Channel", row.channel_id), "SCHEDULED") for row in rows}
    fired = (await told(desk.world, "trigger.fired"))[0]
    assert fired.subject_id == tool.trigger_id
    assert sorted(fired.data["scheduled"]) == sorted(str(row.id) for row in rows)


async def test_the_trace_names_the_trigger_as_who_acted(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    await tool.call()

    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        rows = await work.all(
            select(EventRow).where(EventRow.name.in_(["publication.scheduled", "trigger.fired"]))
        )
    assert len(rows) == 3
    assert {(row.actor_kind.value, row.actor_id, row.actor_name) for row in rows} == {
        ("trigger", tool.trigger_id, "n8n")
    }


async def test_a_hundred_calls_at_once_publish_once_and_answer_the_same(
    desk: Desk, tool: Tool, ready: Ready, settings: Settings
) -> None:
    body = orjson.dumps({"externalReference": REFERENCE})
    headers = tool.signed(body)
    limits = httpx.Limits(max_connections=100)
    async with (
        served(settings) as base,
        httpx.AsyncClient(base_url=base, limits=limits, timeout=30, trust_env=False) as http,
    ):
        there = replace(tool, http=http)
        answers = await asyncio.gather(*(there.send(body, headers) for _ in range(100)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert sum("webhook-replayed" not in answer.headers for answer in answers) == 1
    assert len(await publications(desk.world)) == 2
    assert len(await told(desk.world, "publication.scheduled")) == 2
    assert len(await told(desk.world, "trigger.fired")) == 1
    assert len(await calls(desk.world)) == 1


async def test_a_hundred_different_calls_at_once_publish_once(
    desk: Desk, tool: Tool, ready: Ready, settings: Settings
) -> None:
    settings = settings.model_copy(update={"trigger_rate": 1_000})
    async with (
        served(settings) as base,
        httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http,
    ):
        there = replace(tool, http=http)
        answers = await asyncio.gather(*(there.call() for _ in range(100)))

    assert sorted({answer.status_code for answer in answers}) == [200, 202]
    assert [answer.status_code for answer in answers].count(202) == 1
    assert len({str(answer.json()["publications"]) for answer in answers}) == 1
    # Each is a call of its own, and can be followed by itself.
    assert len({answer.json()["operation"]["id"] for answer in answers}) == 100
    assert len(await publications(desk.world)) == 2


async def test_a_repeat_after_a_while_is_answered_from_what_was_kept(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    first = await tool.call(message_id="msg_1")
    for row in await publications(desk.world):
        await bring(desk.world, row, PublicationState.PUBLISHED)

    async with nothing_happens(desk.world):
        # The same id with a fresh time and signature: how the specification lets senders retry.
        again = await tool.call(message_id="msg_1")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["webhook-replayed"] == "true"


async def test_another_call_for_what_is_out_gets_it_and_posts_nothing(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    first = await tool.call()
    for row in await publications(desk.world):
        await bring(desk.world, row, PublicationState.PUBLISHED)

    second = await tool.call()

    assert (first.status_code, second.status_code) == (202, 200)
    ids = [one["id"] for one in first.json()["publications"]]
    assert [one["id"] for one in second.json()["publications"]] == ids
    assert {one["state"] for one in second.json()["publications"]} == {"PUBLISHED"}
    assert len(await publications(desk.world)) == 2


async def test_an_id_stands_for_one_body(desk: Desk, tool: Tool, ready: Ready) -> None:
    await tool.call(message_id="msg_1")

    async with nothing_happens(desk.world):
        answer = await tool.call(message_id="msg_1", channelIds=[gid("Channel", ready.channels[0])])

    assert answer.status_code == 409
    assert answer.json()["code"] == "IDEMPOTENCY_KEY_REUSED"


def _flip(text: str) -> str:
    return text[:-3] + ("A" if text[-3] != "A" else "B") + text[-2:]


def _without(name: str) -> Any:
    return lambda headers: {key: value for key, value in headers.items() if key != name}


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda _headers: {}, id="unsigned"),
        pytest.param(_without("webhook-id"), id="no id"),
        pytest.param(_without("webhook-timestamp"), id="no time"),
        pytest.param(_without("webhook-signature"), id="no signature"),
        pytest.param(lambda headers: {**headers, "webhook-id": "msg_other"}, id="altered id"),
        pytest.param(lambda headers: {**headers, "webhook-id": "msg.1"}, id="id with a stop"),
        pytest.param(
            lambda headers: {
                **headers,
                "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1),
            },
            id="altered time",
        ),
        pytest.param(lambda headers: {**headers, "webhook-timestamp": "soon"}, id="no number"),
        pytest.param(lambda headers: {**headers, "webhook-timestamp": "9" * 40}, id="huge number"),
        pytest.param(
            lambda headers: {
                **headers,
                "webhook-signature": _flip(headers["webhook-signature"]),
            },
            id="altered signature",
        ),
        pytest.param(
            lambda headers: {
                **headers,
                "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,"),
            },
            id="another version",
        ),
        pytest.param(
            lambda headers: {**headers, "webhook-signature": "v1,ü£" + "x" * 4_000}, id="garbage"
        ),
    ],
)
async def test_a_call_that_is_not_signed_right_does_nothing(
    desk: Desk, tool: Tool, ready: Ready, alter: Any
) -> None:
    body = orjson.dumps({"externalReference": REFERENCE})
    headers = {key: value.encode() for key, value in alter(tool.signed(body)).items()}

    async with nothing_happens(desk.world):
        answer = await tool.send(body, headers)

    assert (answer.status_code, answer.json()) == (401, NOT_GENUINE)


async def test_a_header_that_is_there_twice_is_not_there(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    body = orjson.dumps({"externalReference": REFERENCE})
    headers = [*tool.signed(body).items(), ("webhook-id", "msg_other")]

    async with nothing_happens(desk.world):
        answer = await tool.http.post(f"/hooks/{tool.key}", content=body, headers=headers)

    assert (answer.status_code, answer.json()) == (401, NOT_GENUINE)


@pytest.mark.parametrize("minutes", [-6, 6, -60 * 24 * 365])
async def test_a_late_or_early_call_does_nothing(
    desk: Desk, tool: Tool, ready: Ready, minutes: int
) -> None:
    body = orjson.dumps({"externalReference": REFERENCE})
    headers = tool.signed(body, at=datetime.now(UTC) + timedelta(minutes=minutes))

    async with nothing_happens(desk.world):
        answer = await tool.send(body, headers)

    assert (answer.status_code, answer.json()) == (401, NOT_GENUINE)


@pytest.mark.parametrize("seconds", [-290, 290])
async def test_clocks_may_differ_a_little(
    desk: Desk, tool: Tool, ready: Ready, seconds: int
) -> None:
    body = orjson.dumps({"externalReference": REFERENCE})
    headers = tool.signed(body, at=datetime.now(UTC) + timedelta(seconds=seconds))

    assert (await tool.send(body, headers)).status_code == 202


async def test_an_altered_body_does_nothing(desk: Desk, tool: Tool, ready: Ready) -> None:
    body = orjson.dumps({"externalReference": "other"})
    headers = tool.signed(body)

    async with nothing_happens(desk.world):
        answer = await tool.send(orjson.dumps({"externalReference": REFERENCE}), headers)

    assert (answer.status_code, answer.json()) == (401, NOT_GENUINE)


async def test_a_captured_call_is_worthless_outside_its_window(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    body = orjson.dumps({"externalReference": REFERENCE})
    late = tool.signed(body, message_id="msg_1", at=datetime.now(UTC) - timedelta(minutes=6))
    await tool.call(message_id="msg_1")

    async with nothing_happens(desk.world):
        # What was heard six minutes ago, sent again: the kept answer is not given away either.
        answer = await tool.send(body, late)

    assert (answer.status_code, answer.json()) == (401, NOT_GENUINE)


async def test_a_captured_call_is_worthless_at_another_trigger(
    desk: Desk, stranger: Desk, tool: Tool, ready: Ready
) -> None:
    body = orjson.dumps({"externalReference": REFERENCE})
    headers = tool.signed(body)
    neighbour = await a_tool(desk.world, desk.api.http, name="Zapier")
    foreign = await a_tool(stranger.world, desk.api.http)
    await tool.send(body, headers)

    for other in (neighbour, foreign):
        async with nothing_happens(desk.world), nothing_happens(stranger.world):
            answer = await other.send(body, headers)
        assert (answer.status_code, answer.json()) == (401, NOT_GENUINE)


async def test_unknown_disabled_and_deleted_triggers_answer_alike(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    unknown = await replace(tool, key="x" * len(tool.key)).call()
    malformed = await replace(tool, key="%00").call()
    trigger = gid("Trigger", tool.trigger_id)
    await desk.manager.do("triggerUpdate", "trigger{enabled}", id=trigger, enabled=False)
    async with nothing_happens(desk.world):
        disabled = await tool.call()
    await desk.manager.do("triggerDelete", "deletedId", id=trigger)
    deleted = await tool.call()

    for answer in (unknown, malformed, disabled, deleted):
        assert (answer.status_code, answer.json()) == (401, NOT_GENUINE)
    assert {len(answer.headers) for answer in (unknown, malformed, disabled, deleted)} == {
        len(disabled.headers)
    }
    assert await publications(desk.world) == []


async def test_a_trigger_that_is_switched_on_again_works(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    trigger = gid("Trigger", tool.trigger_id)
    await desk.manager.do("triggerUpdate", "trigger{id}", id=trigger, enabled=False)
    await desk.manager.do("triggerUpdate", "trigger{id}", id=trigger, enabled=True)

    assert (await tool.call()).status_code == 202


async def test_after_a_rotation_both_secrets_work_until_the_overlap_ends(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    answer = await desk.manager.do(
        "triggerRotateSecret",
        "secret trigger{previousSecretUntil}",
        id=gid("Trigger", tool.trigger_id),
        overlapHours=2,
    )
    newer = replace(tool, secret=answer.payload["secret"])
    assert newer.secret != tool.secret

    assert (await tool.call()).status_code == 202
    assert (await newer.call()).status_code == 200

    await change(desk.world, Trigger, tool.trigger_id, previous_until=func.clock_timestamp())
    assert (await tool.call()).status_code == 401
    assert (await newer.call()).status_code == 200


async def test_any_of_several_signatures_may_fit(desk: Desk, tool: Tool, ready: Ready) -> None:
    body = orjson.dumps({"externalReference": REFERENCE})
    headers = tool.signed(body)
    other = Webhook("whsec_" + "A" * 40).sign(
        headers["webhook-id"], datetime.now(UTC), body.decode()
    )
    headers["webhook-signature"] = f"v1a,xyz {other} {headers['webhook-signature']}"

    assert (await tool.send(body, headers)).status_code == 202


async def test_only_the_channels_that_are_named_are_published_on(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    answer = await tool.call(channelIds=[gid("Channel", ready.channels[1])] * 2)

    assert answer.status_code == 202
    assert [row.channel_id for row in await publications(desk.world)] == [ready.channels[1]]


async def test_channels_may_be_named_by_their_own_reference(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    await change(desk.world, Channel, ready.channels[0], external_reference="masto")

    answer = await tool.call(channels=["masto"])

    assert answer.status_code == 202
    assert [row.channel_id for row in await publications(desk.world)] == [ready.channels[0]]


async def test_a_call_may_name_a_time(desk: Desk, tool: Tool, ready: Ready) -> None:
    when = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)

    answer = await tool.call(scheduledFor=when.isoformat())

    assert answer.status_code == 202
    assert {row.scheduled_for for row in await publications(desk.world)} == {when}


async def refused(
    desk: Desk, tool: Tool, *, status: int, code: str, path: list[str], **asked: Any
) -> None:
    """Call in vain, twice: nothing is published, the refusal is kept and answered the same."""
    before = len(await publications(desk.world))

    first = await tool.call(message_id="msg_refused", **asked)
    again = await tool.call(message_id="msg_refused", **asked)

    assert (first.status_code, first.json()["code"], first.json()["path"]) == (status, code, path)
    assert first.json()["message"]
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["webhook-replayed"] == "true"
    assert len(await publications(desk.world)) == before
    assert [one.data["code"] for one in await told(desk.world, "trigger.refused")] == [code]
    assert await told(desk.world, "trigger.fired") == []


async def test_content_nobody_approved_is_not_published(desk: Desk, tool: Tool) -> None:
    await a_text(desk.world)

    await refused(desk, tool, status=409, code="NOT_APPROVED", path=["externalReference"])


async def test_content_in_review_is_not_published(desk: Desk, tool: Tool) -> None:
    channel_id = await a_channel(desk.world)
    item_id = await a_text(desk.world)
    await in_review(desk.world, item_id=item_id, channel_ids=[channel_id])

    await refused(desk, tool, status=409, code="NOT_APPROVED", path=["externalReference"])


async def test_words_changed_after_the_approval_are_not_published(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    async with desk.world.hub.unit_of_work(desk.world.editor) as work:
        await content.revise_item(
            work, item_id=ready.item_id, words=Words(parts=(Part(text="Changed"),))
        )

    await refused(desk, tool, status=409, code="NOT_APPROVED", path=["externalReference"])


async def test_an_approval_that_was_taken_back_publishes_nothing(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    async with desk.world.hub.unit_of_work(desk.world.approver) as work:
        await review.decide(work, review_id=ready.review_id, verdict=Verdict.REQUEST_CHANGES)

    await refused(desk, tool, status=409, code="NOT_APPROVED", path=["externalReference"])


async def test_archived_content_is_not_published(desk: Desk, tool: Tool, ready: Ready) -> None:
    async with desk.world.hub.unit_of_work(desk.world.editor) as work:
        await content.archive_item(work, item_id=ready.item_id)

    await refused(desk, tool, status=409, code="WRONG_STATE", path=["externalReference"])


async def test_one_channel_without_approval_stops_the_whole_call(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    third = await a_channel(desk.world, name="Third")
    asked = [gid("Channel", ready.channels[0]), gid("Channel", third)]

    await refused(
        desk, tool, status=409, code="NOT_APPROVED", path=["channelIds"], channelIds=asked
    )


async def test_a_failure_half_way_takes_everything_back(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    # The first channel has it already at no time, the second would be scheduled: in the past.
    await tool.call(channelIds=[gid("Channel", ready.channels[0])])
    before = len(await told(desk.world, "publication.scheduled"))

    answer = await tool.call(scheduledFor="2020-01-01T00:00:00Z")

    assert (answer.status_code, answer.json()["code"]) == (422, "IN_PAST")
    assert answer.json()["path"] == ["scheduledFor"]
    assert len(await publications(desk.world)) == 1
    assert len(await told(desk.world, "publication.scheduled")) == before


@pytest.mark.parametrize(
    ("asked", "status", "code", "path"),
    [
        ({"externalReference": "nothing"}, 404, "NOT_FOUND", ["externalReference"]),
        ({"externalReference": ""}, 422, "INVALID", ["externalReference"]),
        ({"externalReference": 5}, 422, "INVALID", ["externalReference"]),
        ({"channelIds": ["x"]}, 404, "NOT_FOUND", ["channelIds", "0"]),
        ({"channelIds": []}, 422, "INVALID", ["channelIds"]),
        ({"channels": ["none"]}, 404, "NOT_FOUND", ["channels", "0"]),
        ({"channels": ["a"], "channelIds": ["b"]}, 422, "INVALID", ["channels"]),
        ({"channelId": "x"}, 422, "INVALID", ["channelId"]),
        ({"scheduledFor": "2020-01-01T00:00:00Z"}, 422, "IN_PAST", ["scheduledFor"]),
        ({"scheduledFor": "2030-01-01T00:00:00"}, 422, "INVALID", ["scheduledFor"]),
        ({"scheduledFor": 1_900_000_000}, 422, "INVALID", ["scheduledFor"]),
        ({"externalReference": "\u0000"}, 422, "INVALID", ["externalReference"]),
    ],
)
async def test_what_is_asked_wrongly_is_said_with_its_place(
    desk: Desk,
    tool: Tool,
    ready: Ready,
    asked: dict[str, Any],
    status: int,
    code: str,
    path: list[str],
) -> None:
    await refused(desk, tool, status=status, code=code, path=path, **asked)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"[" * 5_000, b"\xc3\xa9{"])
async def test_a_signed_body_that_is_no_object_is_refused(
    desk: Desk, tool: Tool, ready: Ready, body: bytes
) -> None:
    answer = await tool.send(body, tool.signed(body))

    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID")
    assert await publications(desk.world) == []


async def test_a_body_that_is_too_large_is_not_even_read(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    body = orjson.dumps({"externalReference": REFERENCE, "more": "x" * 65_536})

    async with nothing_happens(desk.world):
        answer = await tool.send(body, tool.signed(body))

    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_content_of_another_workspace_does_not_exist(
    desk: Desk, stranger: Desk, tool: Tool
) -> None:
    channel_id = await a_channel(stranger.world)
    item_id = await a_text(stranger.world)
    await approved(stranger.world, item_id, [channel_id])

    async with nothing_happens(stranger.world):
        answer = await tool.call()

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_what_a_person_called_off_is_scheduled_anew_by_another_call(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    await tool.call(message_id="msg_1")
    async with desk.world.hub.unit_of_work(desk.world.editor) as work:
        for row in await work.all(select(Publication)):
            await publishing.cancel(work, publication_id=row.id)

    repeated = await tool.call(message_id="msg_1")
    assert repeated.headers["webhook-replayed"] == "true"
    assert len(await publications(desk.world)) == 2
    assert (await tool.call(message_id="msg_2")).status_code == 202
    assert len(await publications(desk.world)) == 4


async def test_what_is_out_in_older_words_is_not_posted_again(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    await tool.call()
    for row in await publications(desk.world):
        await bring(desk.world, row, PublicationState.PUBLISHED)
    async with desk.world.hub.unit_of_work(desk.world.editor) as work:
        await content.revise_item(
            work, item_id=ready.item_id, words=Words(parts=(Part(text="Mended"),))
        )
    await approved(desk.world, ready.item_id, ready.channels)

    answer = await tool.call()

    assert answer.status_code == 200
    assert len(await publications(desk.world)) == 2


@pytest.mark.parametrize("state", [PublicationState.FAILED, PublicationState.HELD])
async def test_what_is_partly_out_is_not_posted_from_its_beginning_again(
    desk: Desk, tool: Tool, ready: Ready, state: PublicationState
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await tool.call(scheduledFor=tomorrow)
    part = {"remote_id": "remote-1", "url": "https://social.example/1"}
    for row in await publications(desk.world):
        await bring(desk.world, row, state)
        await change(desk.world, Publication, row.id, checkpoint={"parts": [part]})
        if state is PublicationState.HELD:
            await change(desk.world, Publication, row.id, hold_reason=HoldReason.SUPERSEDED)
    async with desk.world.hub.unit_of_work(desk.world.editor) as work:
        await content.revise_item(
            work, item_id=ready.item_id, words=Words(parts=(Part(text="Mended"),))
        )
    await approved(desk.world, ready.item_id, ready.channels)

    answer = await tool.call()

    assert answer.status_code == 200
    assert {one["state"] for one in answer.json()["publications"]} == {state.value}
    assert [row.state for row in await publications(desk.world)] == [state, state]


async def test_what_is_held_in_older_words_makes_room_for_the_new_ones(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await tool.call(scheduledFor=tomorrow)
    async with desk.world.hub.unit_of_work(desk.world.editor) as work:
        await content.revise_item(
            work, item_id=ready.item_id, words=Words(parts=(Part(text="Mended"),))
        )
    await approved(desk.world, ready.item_id, ready.channels)

    answer = await tool.call()

    assert answer.status_code == 202
    states = sorted(row.state.value for row in await publications(desk.world))
    assert states == ["CANCELLED", "CANCELLED", "SCHEDULED", "SCHEDULED"]


async def test_too_many_different_calls_are_asked_to_wait(
    desk: Desk, tool: Tool, ready: Ready, settings: Settings
) -> None:
    settings = settings.model_copy(update={"trigger_rate": 3})
    async with (
        served(settings) as base,
        httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http,
    ):
        there = replace(tool, http=http)
        for number in range(3):
            assert (await there.call(message_id=f"msg_{number}")).status_code < 300

        async with nothing_happens(desk.world):
            over = await there.call(message_id="msg_3")
            repeat = await there.call(message_id="msg_0")

        assert (over.status_code, over.json()["code"]) == (429, "RATE_LIMITED")
        assert 50 <= int(over.headers["retry-after"]) <= 60
        # Whoever only repeats is answered: it costs nothing and keeps nobody waiting.
        assert repeat.status_code == 202
        async with desk.world.hub.unit_of_work(desk.world.system) as work:
            minute = TriggerCall.received_at - timedelta(minutes=1)
            await work.change(update(TriggerCall).values(received_at=minute))
        assert (await there.call(message_id="msg_3")).status_code == 200


async def test_calls_are_kept_for_a_week_and_then_forgotten(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    await tool.call(message_id="msg_1")
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        assert await calling.forget_old_calls(work) == 0
        week = TriggerCall.received_at - timedelta(days=7, seconds=1)
        await work.change(update(TriggerCall).values(received_at=week))
        assert await calling.forget_old_calls(work) == 1

    # Even then nothing is posted twice.
    assert (await tool.call(message_id="msg_1")).status_code == 200


async def test_the_example_in_the_documents_publishes(
    tool: Tool, ready: Ready, settings: Settings
) -> None:
    page = (ROOT / "docs" / "duties" / "automating.md").read_text()
    example = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    said: dict[str, Any] = {}
    exec(example, said)  # it is what people copy

    async with served(settings) as base:
        url = f"{base}/hooks/{tool.key}"
        answer = await asyncio.to_thread(said["publish"], url, tool.secret, REFERENCE)

    assert [one["state"] for one in answer["publications"]] == ["SCHEDULED", "SCHEDULED"]


async def test_a_get_is_no_call(desk: Desk, tool: Tool) -> None:
    answer = await desk.api.http.get(f"/hooks/{tool.key}")

    assert answer.status_code == 405


async def test_a_secret_is_shown_once_and_lies_sealed(desk: Desk) -> None:
    made = await desk.manager.sending(idempotency_key="k1").do(
        "triggerCreate", "secret trigger{id url enabled action availableActions}", name="Make"
    )
    again = await desk.manager.sending(idempotency_key="k1").do(
        "triggerCreate", "secret trigger{id url enabled action availableActions}", name="Make"
    )
    secret, trigger = made.payload["secret"], made.payload["trigger"]
    assert secret.startswith("whsec_")
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.payload["secret"], again.payload["trigger"]) == (None, trigger)
    assert trigger["url"].startswith("http://127.0.0.1:8000/hooks/")
    assert (trigger["enabled"], trigger["action"]) == (True, "PUBLISH")
    assert set(trigger["availableActions"]) == {
        "TRIGGER_UPDATE",
        "TRIGGER_ROTATE_SECRET",
        "TRIGGER_DELETE",
    }

    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        row = (await work.all(select(Trigger)))[0]
    assert secret.removeprefix("whsec_").encode() not in row.sealed
    read = await desk.manager.ask("{triggers{nodes{id name url version}}}")
    assert secret not in str(read.data)
    assert len(read.data["triggers"]["nodes"]) == 1


async def test_the_calls_of_a_trigger_can_be_read(desk: Desk, tool: Tool, ready: Ready) -> None:
    await tool.call(message_id="msg_good")
    await tool.call(message_id="msg_bad", externalReference="none")

    answer = await desk.manager.ask(
        "{triggers{nodes{name lastCalledAt calls(first:5){nodes{messageId status code}}}}}"
    )

    (shown,) = answer.data["triggers"]["nodes"]
    assert shown["calls"]["nodes"] == [
        {"messageId": "msg_bad", "status": 404, "code": "NOT_FOUND"},
        {"messageId": "msg_good", "status": 202, "code": None},
    ]
    assert shown["lastCalledAt"] is not None


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER, Role.VIEWER])
async def test_only_who_manages_makes_triggers(desk: Desk, role: Role) -> None:
    answer = await desk.as_(role).do("triggerCreate", "trigger{id} secret", name="Mine")
    read = await desk.as_(role).ask("{triggers{nodes{id}}}")

    assert answer.refusal["code"] == "FORBIDDEN"
    assert read.codes == ["FORBIDDEN"]


async def test_nobody_hands_out_more_than_they_have(desk: Desk) -> None:
    narrow = replace(desk.world.manager, permissions=frozenset({Permission.AUTOMATION_WRITE}))

    with pytest.raises(Forbidden):
        async with desk.world.hub.unit_of_work(narrow) as work:
            await automation.create_trigger(work, name="x")
    with pytest.raises(Forbidden):
        async with desk.world.hub.unit_of_work(narrow) as work:
            await automation.create_endpoint(work, url="https://a.example/x", events=["*"])


async def test_a_trigger_of_another_workspace_does_not_exist(
    desk: Desk, stranger: Desk, tool: Tool
) -> None:
    trigger = gid("Trigger", tool.trigger_id)

    for mutation, selection in (
        ("triggerUpdate", "trigger{id}"),
        ("triggerRotateSecret", "trigger{id}"),
        ("triggerDelete", "deletedId"),
    ):
        answer = await stranger.manager.do(mutation, selection, id=trigger)
        assert answer.refusal["code"] == "NOT_FOUND"


async def test_an_item_without_channels_anywhere_is_untouched_by_a_call(
    desk: Desk, tool: Tool, ready: Ready
) -> None:
    other = await an_item(desk.world, text="Not addressed")

    await tool.call()

    assert other not in {row.item_id for row in await publications(desk.world)}
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        assert await work.one(select(ContentItem.id).where(ContentItem.id == other)) == other
