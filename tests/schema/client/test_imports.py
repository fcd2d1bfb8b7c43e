"""Importing content over the API: rows or CSV, tried or done, refused with row and field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.channels.models import Channel
from hub.content.models import ContentItem
from hub.publishing.models import Publication
from hub.review.models import Review, ReviewTarget
from tests.factories import World, a_channel
from tests.schema.client.api import Answer, Api, Desk
from tests.schema.client.rows import change

SHOWN = """contentImport { id applied dryRun policy
    createdCount updatedCount unchangedCount refusedCount
    rows { row externalReference outcome contentItem { title } reviewId
        errors { code message path } } }"""


async def send(api: Api, **given: Any) -> Answer:
    return await api.do("contentImport", SHOWN, **given)


def found(answer: Answer) -> dict[str, Any]:
    assert answer.payload["errors"] == []
    shown: dict[str, Any] = answer.payload["contentImport"]
    return shown


async def count(world: World, table: type[Any]) -> int:
    async with world.hub.unit_of_work(world.system) as work:
        return int(await work.one(select(func.count()).select_from(table)) or 0)


def row(desk: Desk, reference: str, **more: Any) -> dict[str, Any]:
    given = {"brand": desk.brand, "title": "Fête", "text": "Venez !", **more}
    return {"externalReference": reference, **given}


async def test_rows_become_drafts_and_a_repeat_changes_nothing(desk: Desk) -> None:
    rows = [row(desk, "r1"), row(desk, "r2", title="Fair", text="Come!", locale="en")]

    first = found(await send(desk.editor, rows=rows))
    again = found(await send(desk.editor, rows=[rows[0], {**rows[1], "text": "Do come!"}]))

    assert (first["applied"], first["createdCount"], first["refusedCount"]) == (True, 2, 0)
    assert [one["contentItem"] for one in first["rows"]] == [{"title": "Fête"}, {"title": "Fair"}]
    assert (again["unchangedCount"], again["updatedCount"]) == (1, 1)
    assert await count(desk.world, ContentItem) == 2
    assert await count(desk.world, Publication) == 0


async def test_a_refused_row_refuses_all_or_only_itself(desk: Desk) -> None:
    rows = [
        row(desk, "r1"),
        row(desk, "r2", channels=["nowhere"]),
        row(desk, "r1"),
        row(desk, "r3", brand="nobody"),
        {"externalReference": "r4"},
        row(desk, "r5", text="x" * 200_001),
    ]

    none = found(await send(desk.editor, rows=rows))
    before = await count(desk.world, ContentItem)
    some = found(await send(desk.editor, rows=rows, policy="REJECT_FAILED"))

    wrong = [
        (one["row"], error["code"], error["path"])
        for one in none["rows"]
        for error in one["errors"]
    ]
    assert wrong == [
        (2, "NOT_FOUND", ["channels", "0"]),
        (3, "INVALID", ["externalReference"]),
        (4, "NOT_FOUND", ["brand"]),
        (5, "INVALID", ["brand"]),
        (6, "INVALID", ["text"]),
    ]
    assert (none["applied"], before) == (False, 0)
    assert [one["contentItem"] for one in none["rows"]] == [None] * 6
    assert (some["applied"], some["createdCount"], some["refusedCount"]) == (True, 1, 5)
    assert await count(desk.world, ContentItem) == 1


async def test_a_trial_says_the_same_and_changes_nothing(desk: Desk) -> None:
    await send(desk.editor, rows=[row(desk, "r1")])

    trial = found(
        await send(desk.editor, dryRun=True, rows=[row(desk, "r1", text="New"), row(desk, "r2")])
    )

    assert (trial["applied"], trial["dryRun"]) == (False, True)
    assert [one["outcome"] for one in trial["rows"]] == ["UPDATED", "CREATED"]
    assert [one["contentItem"] for one in trial["rows"]] == [{"title": "Fête"}, None]
    assert await count(desk.world, ContentItem) == 1


async def test_rows_are_submitted_with_their_wishes(desk: Desk) -> None:
    channel_id = await a_channel(desk.world)
    await change(desk.world, Channel, channel_id, external_reference="masto")
    when = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    wish = {"channels": ["masto"], "scheduledFor": when.isoformat()}

    unasked = found(await send(desk.editor, rows=[row(desk, "r1", **wish)]))
    done = found(await send(desk.editor, submit=True, rows=[row(desk, "r1", **wish)]))
    again = found(await send(desk.editor, submit=True, rows=[row(desk, "r1", **wish)]))

    assert unasked["rows"][0]["errors"][0]["path"] == ["scheduledFor"]
    assert done["rows"][0]["reviewId"] == again["rows"][0]["reviewId"]
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        (target,) = await work.all(select(ReviewTarget))
    assert (target.channel_id, target.scheduled_for) == (channel_id, when)
    assert await count(desk.world, Review) == 1
    assert await count(desk.world, Publication) == 0


async def test_a_csv_file_is_imported(desk: Desk) -> None:
    text = f"externalReference,brand,title,text,locale\nr1,{desk.brand},Foire,Venez,fr\n"

    done = found(await send(desk.editor, csv=text))

    assert [one["outcome"] for one in done["rows"]] == ["CREATED"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, ["input", "rows"]),
        ({"rows": []}, ["input", "rows"]),
        ({"csv": "title\nx"}, ["input", "csv"]),
        ({"csv": "externalReference\n"}, ["input", "csv"]),
        ({"rows": [{"externalReference": str(one)} for one in range(1_001)]}, ["input", "rows"]),
        (
            {"rows": [{"externalReference": str(one)} for one in range(101)], "submit": True},
            ["input", "rows"],
        ),
    ],
)
async def test_what_is_no_import_is_refused(
    desk: Desk, given: dict[str, Any], path: list[str]
) -> None:
    refused = await send(desk.editor, **given)

    assert refused.refusal == {"code": "INVALID", "path": path}


async def test_a_repeat_under_the_same_key_reads_the_same_import(desk: Desk) -> None:
    api = desk.editor.sending(idempotency_key="k1")

    first = await send(api, rows=[row(desk, "r1")])
    again = await send(api, rows=[row(desk, "r1")])

    assert again.headers["idempotency-replayed"] == "true"
    assert again.data == first.data


async def test_a_refusal_in_a_long_file_costs_only_its_own_row(desk: Desk) -> None:
    rows = [row(desk, f"r{number}") for number in range(1, 111)]
    rows[60]["brand"] = "nobody"

    done = await desk.editor.do(
        "contentImport",
        "contentImport{createdCount refusedCount rows{row outcome}}",
        rows=rows,
        policy="REJECT_FAILED",
    )

    shown = done.payload["contentImport"]
    assert (shown["createdCount"], shown["refusedCount"]) == (109, 1)
    assert [one["row"] for one in shown["rows"] if one["outcome"] == "REFUSED"] == [61]
    assert [one["row"] for one in shown["rows"]] == list(range(1, 111))
