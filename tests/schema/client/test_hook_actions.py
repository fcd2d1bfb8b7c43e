"""What a trigger may do beside publishing: save, submit and import; and how it is followed."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import select

from hub.automation import operations as automation
from hub.automation.models import ContentImport, TriggerAction, TriggerCall
from hub.channels.models import Channel
from hub.content.models import ContentItem, Revision
from hub.kernel.caller import Permission
from hub.kernel.settings import Settings
from hub.publishing.models import Publication
from hub.review import operations as reviewing
from hub.review.models import Review
from tests.factories import World, a_channel, approve
from tests.hub.traces import events_of, refusal
from tests.schema.client.api import Desk, gid
from tests.schema.client.rows import change
from tests.schema.client.serving import served
from tests.schema.client.tools import REFERENCE, Tool, a_tool

EVERYTHING = tuple(TriggerAction)


@pytest.fixture
async def tool(desk: Desk) -> Tool:
    """A tool that may do everything a trigger can."""
    return await a_tool(desk.world, desk.api.http, actions=EVERYTHING)


@pytest.fixture
async def channel(desk: Desk) -> Channel:
    """A channel that tools know as `masto`."""
    channel_id = await a_channel(desk.world)
    await change(desk.world, Channel, channel_id, external_reference="masto")
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        found = await work.one(select(Channel).where(Channel.id == channel_id))
    assert found is not None
    return found


async def all_of(world: World, table: type[Any]) -> list[Any]:
    async with world.hub.unit_of_work(world.system) as work:
        return list(await work.all(select(table).order_by(table.id)))


def post(desk: Desk, **more: Any) -> dict[str, Any]:
    """Return a row as a tool writes it."""
    brand = gid("Brand", desk.world.brand_id)
    return {"brand": brand, "title": "Bonjour", "text": "Le marché ouvre à 9 h.", **more}


async def test_saving_makes_content_then_changes_it_then_leaves_it(desk: Desk, tool: Tool) -> None:
    made = await tool.call(action="SAVE", **post(desk, locale="fr", tags=["marché"]))
    changed = await tool.call(action="SAVE", text="Le marché ouvre à 10 h.")
    same = await tool.call(action="SAVE", text="Le marché ouvre à 10 h.")

    assert [one.status_code for one in (made, changed, same)] == [202, 202, 200]
    outcomes = [one.json()["contentItem"]["outcome"] for one in (made, changed, same)]
    assert outcomes == ["CREATED", "UPDATED", "UNCHANGED"]
    (item,) = await all_of(desk.world, ContentItem)
    first, second = await all_of(desk.world, Revision)
    assert item.external_reference == REFERENCE
    assert (first.title, first.locale, first.tags) == ("Bonjour", "fr", ["marché"])
    assert second.parts == [{"text": "Le marché ouvre à 10 h.", "media": []}]
    assert made.json()["contentItem"]["id"] == gid("ContentItem", item.id)
    assert await all_of(desk.world, Publication) == []


async def test_what_was_saved_is_submitted_approved_and_published(
    desk: Desk, tool: Tool, channel: Channel
) -> None:
    when = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    await tool.call(action="SAVE", **post(desk))

    submitted = await tool.call(
        action="SUBMIT", channels=["masto"], scheduledFor=when.isoformat(), note="Pour lundi"
    )
    again = await tool.call(action="SUBMIT", channels=["masto"])

    (review,) = await all_of(desk.world, Review)
    assert (submitted.status_code, again.status_code) == (202, 200)
    assert submitted.json()["review"] == {"id": gid("Review", review.id), "state": "PREPARING"}
    assert again.json()["review"]["id"] == gid("Review", review.id)
    assert review.note == "Pour lundi"
    refused = await tool.call()
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_APPROVED")
    assert await all_of(desk.world, Publication) == []

    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        await reviewing.prepare(work, review_id=review.id)
    await approve(desk.world, review_id=review.id)
    (row,) = await all_of(desk.world, Publication)
    assert row.scheduled_for == when
    assert (await tool.call()).status_code == 200


async def test_an_import_of_many_rows_says_what_became_of_each(
    desk: Desk, tool: Tool, channel: Channel
) -> None:
    rows = [post(desk, externalReference=f"r{number}") for number in (1, 2)]
    wrong = post(desk, externalReference="r3", channels=["nowhere"])
    body = {"externalReference": None, "action": "IMPORT", "rows": [*rows, wrong]}
    del body["externalReference"]

    async def send(**more: Any) -> httpx.Response:
        packed = orjson.dumps({**body, **more})
        return await tool.send(packed, tool.signed(packed))

    none = await send()
    two = await send(policy="REJECT_FAILED")

    assert none.status_code == 422
    assert none.json()["path"] == ["rows", "2", "channels", "0"]
    assert none.json()["code"] == "NOT_FOUND"
    assert two.status_code == 202
    assert [one["outcome"] for one in two.json()["import"]["rows"]] == [
        "CREATED",
        "CREATED",
        "REFUSED",
    ]
    items = await all_of(desk.world, ContentItem)
    assert [item.external_reference for item in items] == ["r1", "r2"]
    assert [one.applied for one in await all_of(desk.world, ContentImport)] == [False, True]


@pytest.mark.parametrize(
    ("asked", "status", "code", "path"),
    [
        ({"action": "SAVE"}, 422, "INVALID", ["brand"]),
        ({"action": "SAVE", "brand": "nobody"}, 404, "NOT_FOUND", ["brand"]),
        ({"action": "SAVE", "textt": "x"}, 422, "INVALID", ["textt"]),
        ({"action": "SAVE", "channels": ["masto"]}, 409, "WRONG_STATE", ["channels"]),
        ({"action": "SUBMIT", "channels": ["masto"]}, 404, "NOT_FOUND", ["externalReference"]),
        ({"action": "SUBMIT"}, 422, "INVALID", ["channels"]),
        ({"action": "DELETE"}, 422, "INVALID", ["action"]),
        ({"action": 7}, 422, "INVALID", ["action"]),
        ({"action": "IMPORT"}, 422, "INVALID", ["rows"]),
    ],
)
async def test_what_is_asked_wrongly_changes_nothing_and_names_the_field(
    desk: Desk, tool: Tool, asked: dict[str, Any], status: int, code: str, path: list[str]
) -> None:
    answer = await tool.call(**asked)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["path"] == path
    assert await all_of(desk.world, ContentItem) == []
    assert await all_of(desk.world, Review) == []


async def test_an_unknown_channel_and_a_wrong_part_are_named_as_they_were_written(
    desk: Desk, tool: Tool, channel: Channel
) -> None:
    await tool.call(action="SAVE", **post(desk))

    unknown = await tool.call(action="SUBMIT", channels=["masto", "nowhere"])
    past = await tool.call(action="SUBMIT", channels=["masto"], scheduledFor="2020-01-01T00:00:00Z")
    variant = await tool.call(action="SAVE", variants=[{"channel": "nowhere", "text": "x"}])
    media = await tool.call(action="SAVE", text="x", media=["nothing"])

    assert unknown.json()["path"] == ["channels", "1"]
    assert past.json()["path"] == ["scheduledFor"]
    assert variant.json()["path"] == ["variants", "0", "channel"]
    assert media.json()["path"] == ["media", "0"]
    assert await all_of(desk.world, Review) == []


async def test_a_trigger_does_only_what_it_may(desk: Desk) -> None:
    saver = await a_tool(desk.world, desk.api.http, actions=[TriggerAction.SAVE])
    publisher = await a_tool(desk.world, desk.api.http, name="p", actions=[TriggerAction.PUBLISH])

    assert (await saver.call(**post(desk))).status_code == 202  # the only thing it may
    for answer in (
        await saver.call(action="PUBLISH"),
        await saver.call(action="SUBMIT", channels=["x"]),
        await publisher.call(action="SAVE", **post(desk)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert answer.json()["path"] == ["action"]
    assert len(await all_of(desk.world, ContentItem)) == 1


async def test_nobody_lets_a_trigger_do_more_than_they_may(desk: Desk, tool: Tool) -> None:
    narrow = replace(desk.world.manager, permissions=frozenset({Permission.AUTOMATION_WRITE}))

    for act in (
        lambda work: automation.create_trigger(work, name="x", actions=[TriggerAction.SAVE]),
        lambda work: automation.update_trigger(
            work, trigger_id=tool.trigger_id, changes={"enabled": True}
        ),
    ):
        assert (await refusal(desk.world, narrow, act))[0] == "FORBIDDEN"


async def test_the_actions_of_a_trigger_are_chosen_and_shown(desk: Desk) -> None:
    made = await desk.manager.do(
        "triggerCreate", "trigger{id actions}", name="Make", actions=["SUBMIT", "SAVE"]
    )
    trigger = made.payload["trigger"]
    changed = await desk.manager.do(
        "triggerUpdate", "trigger{actions action}", id=trigger["id"], actions=["PUBLISH"]
    )
    none = await desk.manager.do("triggerUpdate", "", id=trigger["id"], actions=[])

    assert trigger["actions"] == ["SAVE", "SUBMIT"]
    assert changed.payload["trigger"] == {"actions": ["PUBLISH"], "action": "PUBLISH"}
    assert none.refusal == {"code": "INVALID", "path": ["input", "actions"]}


async def test_what_was_begun_can_be_followed_with_and_without_a_token(
    desk: Desk, tool: Tool, channel: Channel
) -> None:
    await tool.call(action="SAVE", **post(desk))
    answer = await tool.call(action="SUBMIT", channels=["masto"])
    operation = answer.json()["operation"]

    path = httpx.URL(operation["url"]).raw_path.decode()
    followed = await desk.api.http.get(path)
    asked = await desk.manager.ask(
        """query($id: ID!) { operation(id: $id) {
            id action state review { state } contentItem { externalReference } publications { id }
        } }""",
        id=operation["id"],
    )

    assert followed.status_code == 200
    assert followed.json()["id"] == operation["id"]
    assert (followed.json()["action"], followed.json()["state"]) == ("SUBMIT", "RUNNING")
    assert followed.json()["review"]["state"] == "PREPARING"
    assert asked.data["operation"] == {
        "id": operation["id"],
        "action": "SUBMIT",
        "state": "RUNNING",
        "review": {"state": "PREPARING"},
        "contentItem": {"externalReference": REFERENCE},
        "publications": [],
    }


@pytest.mark.parametrize("alter", ["signature=", "workspace=", "operations/0"])
async def test_a_forged_address_of_an_operation_shows_nothing(
    desk: Desk, tool: Tool, alter: str
) -> None:
    answer = await tool.call(action="SAVE", **post(desk))
    path = httpx.URL(answer.json()["operation"]["url"]).raw_path.decode()

    forged = await desk.api.http.get(path.replace(alter, f"{alter}0"))

    assert (forged.status_code, forged.json()["code"]) == (404, "NOT_FOUND")


async def test_a_hundred_calls_at_once_save_once_and_answer_the_same(
    desk: Desk, tool: Tool, settings: Settings
) -> None:
    body = orjson.dumps({"action": "SAVE", "externalReference": REFERENCE, **post(desk)})
    headers = tool.signed(body)
    async with (
        served(settings) as base,
        httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http,
    ):
        answers = await asyncio.gather(
            *(http.post(f"/hooks/{tool.key}", content=body, headers=headers) for _ in range(100))
        )

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert len(await all_of(desk.world, ContentItem)) == 1
    assert len(await all_of(desk.world, TriggerCall)) == 1


async def test_the_trace_says_what_a_call_did(desk: Desk, tool: Tool) -> None:
    await tool.call(action="SAVE", **post(desk))

    (item,) = await all_of(desk.world, ContentItem)
    (fired,) = [one for one in await events_of(desk.world) if one.name == "trigger.fired"]
    assert fired.subject_id == tool.trigger_id
    assert (fired.data["action"], fired.data["item_id"]) == ("SAVE", str(item.id))
