"""Publications, steered by a client; and answers to messages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.engagement import operations as engagement
from hub.kernel.ids import new_id
from hub.publishing.models import Publication, PublicationState
from tests.factories import a_channel, a_publication, an_item, approve, in_review, publication
from tests.schema.client.api import Desk, gid
from tests.schema.client.rows import bring

PUBLICATION = "publication{id state holdReason scheduledFor dueAt expiresAt url version}"
PAST = "2020-01-01T09:00:00Z"


def _later(**more: float) -> str:
    when = (datetime.now(UTC) + timedelta(**more)).replace(microsecond=0)
    return when.isoformat()


async def _approved(desk: Desk) -> dict[str, str]:
    item_id, channel_id = await an_item(desk.world), await a_channel(desk.world)
    review = await in_review(desk.world, item_id=item_id, channel_ids=[channel_id])
    await approve(desk.world, review_id=review)
    return {
        "contentItemId": gid("ContentItem", item_id),
        "channelId": gid("Channel", channel_id),
    }


async def _scheduled(desk: Desk, **channel: Any) -> Publication:
    return await a_publication(
        desk.world,
        channel_id=await a_channel(desk.world, **channel),
        scheduled_for=datetime.now(UTC) + timedelta(days=1),
    )


async def _brought(desk: Desk, state: PublicationState) -> str:
    row = await _scheduled(desk)
    await bring(desk.world, row, state)
    return gid("Publication", row.id)


async def _count(desk: Desk) -> int:
    answer = await desk.editor.ask("{publications{totalCount}}")
    return int(answer.data["publications"]["totalCount"])


async def _jobs(desk: Desk) -> list[str]:
    async with desk.world.hub.unscoped() as session:
        return list((await session.execute(text("SELECT name FROM jobs ORDER BY name"))).scalars())


async def test_an_approved_item_is_scheduled(desk: Desk) -> None:
    when, latest = _later(days=1), _later(days=2)

    answer = await desk.editor.do(
        "publicationSchedule",
        PUBLICATION,
        **await _approved(desk),
        scheduledFor=when,
        expiresAt=latest,
    )

    made = answer.payload["publication"]
    assert (made["state"], made["scheduledFor"], made["dueAt"], made["expiresAt"]) == (
        "SCHEDULED",
        when,
        when,
        latest,
    )
    assert await _jobs(desk) == ["publishing.publish"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"scheduledFor": PAST}, {"code": "IN_PAST", "path": ["input", "scheduledFor"]}),
        ({"expiresAt": PAST}, {"code": "IN_PAST", "path": ["input", "expiresAt"]}),
        (
            {"scheduledFor": _later(days=3), "expiresAt": _later(days=2)},
            {"code": "INVALID", "path": ["input", "expiresAt"]},
        ),
        (
            {"contentItemId": gid("ContentItem", new_id())},
            {"code": "NOT_FOUND", "path": ["input", "contentItemId"]},
        ),
        ({"channelId": "x"}, {"code": "NOT_FOUND", "path": ["input", "channelId"]}),
    ],
)
async def test_a_bad_schedule_is_refused_and_nothing_is_promised(
    desk: Desk, given: dict[str, Any], error: dict[str, Any]
) -> None:
    right = await _approved(desk)

    answer = await desk.editor.do("publicationSchedule", PUBLICATION, **{**right, **given})

    assert answer.refusal == error
    assert (await _count(desk), await _jobs(desk)) == (0, [])


async def test_what_nobody_approved_is_not_scheduled(desk: Desk) -> None:
    answer = await desk.editor.do(
        "publicationSchedule",
        PUBLICATION,
        contentItemId=gid("ContentItem", await an_item(desk.world)),
        channelId=gid("Channel", await a_channel(desk.world)),
    )

    assert answer.refusal == {"code": "NOT_APPROVED", "path": ["input", "contentItemId"]}
    assert await _count(desk) == 0


async def test_the_same_words_are_not_scheduled_twice(desk: Desk) -> None:
    right = await _approved(desk)
    await desk.editor.do("publicationSchedule", PUBLICATION, **right)

    again = await desk.editor.do("publicationSchedule", PUBLICATION, **right)

    assert again.refusal == {"code": "TAKEN", "path": ["input", "channelId"]}
    assert await _count(desk) == 1


async def test_a_publication_is_rescheduled(desk: Desk) -> None:
    row, when = await _scheduled(desk), _later(days=5)
    right = {"id": gid("Publication", row.id), "expectedVersion": row.version}

    past = await desk.editor.do("publicationReschedule", PUBLICATION, **right, scheduledFor=PAST)
    moved = await desk.editor.do("publicationReschedule", PUBLICATION, **right, scheduledFor=when)
    stale = await desk.editor.do("publicationReschedule", PUBLICATION, **right, scheduledFor=when)

    assert past.refusal == {"code": "IN_PAST", "path": ["input", "scheduledFor"]}
    assert moved.payload["publication"]["scheduledFor"] == when
    assert moved.payload["publication"]["dueAt"] == when
    assert stale.refusal["code"] == "CONFLICT"
    assert stale.refusal["currentVersion"] == moved.payload["publication"]["version"]


async def test_a_publication_is_cancelled_until_it_is_on_its_way(desk: Desk) -> None:
    row = await _scheduled(desk)
    unconfirmed = await _brought(desk, PublicationState.UNCONFIRMED)

    called_off = await desk.editor.do(
        "publicationCancel", PUBLICATION, id=gid("Publication", row.id)
    )
    too_late = await desk.editor.do("publicationCancel", PUBLICATION, id=unconfirmed)

    assert called_off.payload["publication"]["state"] == "CANCELLED"
    assert too_late.refusal == {"code": "TOO_LATE", "path": ["input", "id"]}


async def test_a_held_publication_is_resumed(desk: Desk) -> None:
    held = await _brought(desk, PublicationState.HELD)

    resumed = await desk.editor.do("publicationResume", PUBLICATION, id=held)
    again = await desk.editor.do("publicationResume", PUBLICATION, id=held)

    assert resumed.payload["publication"]["state"] == "SCHEDULED"
    assert resumed.payload["publication"]["holdReason"] is None
    assert again.refusal == {"code": "WRONG_STATE", "path": ["input", "id"]}


async def test_a_failed_publication_is_tried_again(desk: Desk) -> None:
    failed = await _brought(desk, PublicationState.FAILED)

    retried = await desk.editor.do("publicationRetry", PUBLICATION, id=failed)
    again = await desk.editor.do("publicationRetry", PUBLICATION, id=failed)

    assert retried.payload["publication"]["state"] == "SCHEDULED"
    assert again.refusal == {"code": "WRONG_STATE", "path": ["input", "id"]}


async def test_an_unconfirmed_publication_is_confirmed(desk: Desk) -> None:
    unconfirmed = await _brought(desk, PublicationState.UNCONFIRMED)

    confirmed = await desk.editor.do(
        "publicationConfirm",
        PUBLICATION,
        id=unconfirmed,
        remoteId="42",
        url="https://social.example/42",
    )
    again = await desk.editor.do("publicationConfirm", PUBLICATION, id=unconfirmed)

    assert confirmed.payload["publication"]["state"] == "PUBLISHED"
    assert confirmed.payload["publication"]["url"] == "https://social.example/42"
    assert again.refusal == {"code": "WRONG_STATE", "path": ["input", "id"]}


async def test_an_unconfirmed_publication_is_given_up(desk: Desk) -> None:
    unconfirmed = await _brought(desk, PublicationState.UNCONFIRMED)

    abandoned = await desk.editor.do("publicationAbandon", PUBLICATION, id=unconfirmed)

    assert abandoned.payload["publication"]["state"] == "FAILED"


async def test_answers_and_counters_are_fetched_on_demand(desk: Desk) -> None:
    published = await _brought(desk, PublicationState.PUBLISHED)
    scheduled = gid("Publication", (await _scheduled(desk)).id)

    collected = await desk.editor.do("publicationCollect", PUBLICATION, id=published)
    too_early = await desk.editor.do("publicationCollect", PUBLICATION, id=scheduled)

    assert collected.payload["publication"]["id"] == published
    assert [name for name in await _jobs(desk) if name != "publishing.publish"] == [
        "analytics.measure",
        "engagement.collect",
    ]
    assert too_early.refusal == {"code": "WRONG_STATE", "path": ["input", "id"]}


@pytest.mark.parametrize(
    "mutation",
    [
        "publicationReschedule",
        "publicationCancel",
        "publicationResume",
        "publicationRetry",
        "publicationConfirm",
        "publicationAbandon",
        "publicationCollect",
        "publicationEdit",
        "publicationWithdraw",
        "publicationReadBack",
    ],
)
async def test_another_workspaces_publication_does_not_exist(
    desk: Desk, stranger: Desk, mutation: str
) -> None:
    foreign = await _scheduled(stranger)

    answers = [
        await desk.editor.do(mutation, PUBLICATION, id=gid("Publication", one))
        for one in (foreign.id, new_id())
    ]

    after = await publication(stranger.world, foreign.id)
    assert answers[0].data == answers[1].data
    assert answers[0].refusal == {"code": "NOT_FOUND", "path": ["input", "id"]}
    assert (after.version, after.state) == (foreign.version, PublicationState.SCHEDULED)


async def received(desk: Desk) -> str:
    row = await _scheduled(desk)
    await bring(desk.world, row, PublicationState.PUBLISHED)
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        await engagement.receive(
            work,
            publication_id=row.id,
            cursor="1",
            messages=[
                engagement.Received(
                    remote_id="m1",
                    parent_remote_id=f"remote-{row.id}",
                    person_remote_id="p1",
                    person_handle="@fan",
                    person_name="Fan",
                    person_url="",
                    text="Nice!",
                    html="<p>Nice!</p>",
                    url="https://social.example/m1",
                    written_at=datetime.now(UTC),
                )
            ],
        )
    answer = await desk.editor.ask("{messages{nodes{id text}}}")
    (message,) = answer.data["messages"]["nodes"]
    return str(message["id"])


async def test_a_message_is_answered_through_a_publication(desk: Desk) -> None:
    message = await received(desk)

    answer = await desk.editor.do(
        "messageReply", f"message{{id}} {PUBLICATION}", messageId=message, text="Thanks!"
    )

    assert answer.payload["message"] == {"id": message}
    assert answer.payload["publication"]["state"] == "SCHEDULED"
    assert await _count(desk) == 2


async def test_a_bad_answer_is_refused(desk: Desk, stranger: Desk) -> None:
    message = await received(desk)

    async def refusal(message_id: str, words: str) -> dict[str, Any]:
        answer = await desk.editor.do(
            "messageReply", "message{id}", messageId=message_id, text=words
        )
        return answer.refusal

    assert await refusal(message, " ") == {"code": "INVALID", "path": ["input", "text"]}
    assert (await refusal(message, "x" * 501))["code"] == "TOO_LONG"
    missing = {"code": "NOT_FOUND", "path": ["input", "messageId"]}
    assert await refusal(gid("Message", UUID(int=1)), "Hi") == missing
    assert await refusal(await received(stranger), "Hi") == missing
    assert await _count(desk) == 1
