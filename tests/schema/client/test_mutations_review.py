"""Reviews, asked for and decided by clients."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.content import operations as content
from hub.content.rules import Words
from schema.base.node import row_id
from tests.factories import a_channel, an_item, approve, in_review
from tests.schema.client.api import Desk, gid

REVIEW = "review{id state fourEyes note version targets{channel{id} scheduledFor}}"
SEEN = '{node(id:"%s"){... on Review{version targets{edition{id hash}}}}}'


async def _reviews(desk: Desk) -> int:
    answer = await desk.editor.ask("{reviews{totalCount}}")
    return int(answer.data["reviews"]["totalCount"])


async def _state(desk: Desk, review_id: str) -> tuple[str, int]:
    answer = await desk.editor.ask(
        "query($id:ID!){node(id:$id){... on Review{state decisions{id}}}}", id=review_id
    )
    node = answer.data["node"]
    return node["state"], len(node["decisions"])


async def _in_review(desk: Desk, **other: Any) -> str:
    item_id = await an_item(desk.world)
    channel_id = await a_channel(desk.world)
    return gid(
        "Review", await in_review(desk.world, item_id=item_id, channel_ids=[channel_id], **other)
    )


async def test_an_item_is_submitted_for_its_channels(desk: Desk) -> None:
    item_id, channel_id = await an_item(desk.world), await a_channel(desk.world)
    when = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)

    answer = await desk.editor.do(
        "reviewSubmit",
        REVIEW,
        contentItemId=gid("ContentItem", item_id),
        targets=[{"channelId": gid("Channel", channel_id), "scheduledFor": when.isoformat()}],
        expectedVersion=1,
        note="Please.",
    )

    review = answer.payload["review"]
    assert (review["state"], review["fourEyes"], review["note"]) == ("PREPARING", True, "Please.")
    assert review["targets"] == [
        {
            "channel": {"id": gid("Channel", channel_id)},
            "scheduledFor": when.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        }
    ]


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (
            {"scheduledFor": "2020-01-01T09:00:00+01:00"},
            {"code": "IN_PAST", "path": ["input", "targets", "0", "scheduledFor"]},
        ),
        (
            {"channelId": "x"},
            {"code": "NOT_FOUND", "path": ["input", "targets", "0", "channelId"]},
        ),
    ],
)
async def test_a_bad_target_is_refused(
    desk: Desk, target: dict[str, Any], error: dict[str, Any]
) -> None:
    item_id, channel_id = await an_item(desk.world), await a_channel(desk.world)

    answer = await desk.editor.do(
        "reviewSubmit",
        REVIEW,
        contentItemId=gid("ContentItem", item_id),
        targets=[{"channelId": gid("Channel", channel_id), **target}],
    )

    assert answer.refusal == error
    assert await _reviews(desk) == 0


async def test_a_time_without_a_zone_is_refused(desk: Desk) -> None:
    answer = await desk.editor.do(
        "reviewSubmit",
        REVIEW,
        contentItemId="x",
        targets=[{"channelId": "x", "scheduledFor": "2030-01-01T09:00:00"}],
    )

    assert answer.codes == ["INVALID_VARIABLES"]
    assert answer.data is None


async def test_a_text_over_the_limit_by_one_is_refused_and_one_at_it_is_not(desk: Desk) -> None:
    channel_id = gid("Channel", await a_channel(desk.world))
    fits = gid("ContentItem", await an_item(desk.world, text="x" * 500))
    over = gid("ContentItem", await an_item(desk.world, text="x" * 501))
    targets = [{"channelId": channel_id}]

    accepted = await desk.editor.do("reviewSubmit", REVIEW, contentItemId=fits, targets=targets)
    refused = await desk.editor.do("reviewSubmit", REVIEW, contentItemId=over, targets=targets)

    assert accepted.payload["errors"] == []
    assert refused.refusal == {
        "code": "TOO_LONG",
        "path": ["input", "targets", "0", "parts", "0", "text"],
    }
    assert await _reviews(desk) == 1


async def test_a_stale_submission_is_refused(desk: Desk) -> None:
    item_id, channel_id = await an_item(desk.world), await a_channel(desk.world)

    answer = await desk.editor.do(
        "reviewSubmit",
        REVIEW,
        contentItemId=gid("ContentItem", item_id),
        targets=[{"channelId": gid("Channel", channel_id)}],
        expectedVersion=4,
    )

    assert answer.refusal == {
        "code": "CONFLICT",
        "path": ["input", "expectedVersion"],
        "currentVersion": 1,
    }


async def test_an_approval_names_what_was_seen(desk: Desk) -> None:
    review_id = await _in_review(desk)
    shown = (await desk.approver.ask(SEEN % review_id)).data["node"]
    (edition,) = [target["edition"] for target in shown["targets"]]

    answer = await desk.approver.do(
        "reviewDecide",
        REVIEW,
        reviewId=review_id,
        verdict="APPROVE",
        remark="Fine.",
        expectedVersion=shown["version"],
        editions=[{"editionId": edition["id"], "hash": edition["hash"]}],
    )

    assert answer.payload["review"]["state"] == "APPROVED"
    assert await _state(desk, review_id) == ("APPROVED", 1)


async def test_an_approval_of_something_else_than_was_seen_is_refused(desk: Desk) -> None:
    review_id = await _in_review(desk)
    shown = (await desk.approver.ask(SEEN % review_id)).data["node"]
    (edition,) = [target["edition"] for target in shown["targets"]]

    for seen, error in (
        (
            [{"editionId": edition["id"], "hash": "0" * 64}],
            {"code": "WRONG_STATE", "path": ["input", "editions"]},
        ),
        ([], {"code": "WRONG_STATE", "path": ["input", "editions"]}),
        (
            [{"editionId": "x", "hash": edition["hash"]}],
            {"code": "NOT_FOUND", "path": ["input", "editions", "0", "editionId"]},
        ),
    ):
        answer = await desk.approver.do(
            "reviewDecide", REVIEW, reviewId=review_id, verdict="APPROVE", editions=seen
        )
        assert answer.refusal == error

    assert await _state(desk, review_id) == ("IN_REVIEW", 0)


async def test_an_approval_of_something_that_changed_is_refused(desk: Desk) -> None:
    item_id, channel_id = await an_item(desk.world), await a_channel(desk.world)
    review_id = gid(
        "Review", await in_review(desk.world, item_id=item_id, channel_ids=[channel_id])
    )
    shown = (await desk.approver.ask(SEEN % review_id)).data["node"]
    async with desk.world.hub.unit_of_work(desk.world.editor) as work:
        await content.revise_item(work, item_id=item_id, words=Words(title="Changed"))

    blind = await desk.approver.do("reviewDecide", REVIEW, reviewId=review_id, verdict="APPROVE")
    versioned = await desk.approver.do(
        "reviewDecide",
        REVIEW,
        reviewId=review_id,
        verdict="APPROVE",
        expectedVersion=shown["version"],
    )

    assert blind.refusal == {"code": "WRONG_STATE", "path": ["input", "reviewId"]}
    assert versioned.refusal["code"] == "CONFLICT"
    assert await _state(desk, review_id) == ("SUPERSEDED", 0)


async def test_nobody_approves_their_own_words(desk: Desk) -> None:
    channel_id = await a_channel(desk.world)
    made = await desk.approver.do(
        "contentItemCreate",
        "contentItem{id}",
        brandId=desk.brand,
        title="Mine",
        parts=[{"text": "Mine"}],
        locale="en",
    )
    item_id = row_id(made.payload["contentItem"]["id"], "ContentItem")
    review_id = gid(
        "Review", await in_review(desk.world, item_id=item_id, channel_ids=[channel_id])
    )

    answer = await desk.approver.do("reviewDecide", REVIEW, reviewId=review_id, verdict="APPROVE")

    assert answer.refusal == {"code": "FOUR_EYES", "path": ["input", "reviewId"]}
    assert await _state(desk, review_id) == ("IN_REVIEW", 0)


async def test_who_may_not_decide_does_not(desk: Desk) -> None:
    review_id = await _in_review(desk)

    answer = await desk.editor.do("reviewDecide", REVIEW, reviewId=review_id, verdict="APPROVE")

    assert answer.refusal == {"code": "FORBIDDEN", "path": []}
    assert await _state(desk, review_id) == ("IN_REVIEW", 0)


async def test_changes_are_asked_for_even_after_an_approval(desk: Desk) -> None:
    item_id, channel_id = await an_item(desk.world), await a_channel(desk.world)
    review = await in_review(desk.world, item_id=item_id, channel_ids=[channel_id])
    await approve(desk.world, review_id=review)

    answer = await desk.approver.do(
        "reviewDecide", REVIEW, reviewId=gid("Review", review), verdict="REQUEST_CHANGES"
    )

    assert answer.payload["review"]["state"] == "CHANGES_REQUESTED"
    assert await _state(desk, gid("Review", review)) == ("CHANGES_REQUESTED", 2)


async def test_a_review_is_cancelled_once(desk: Desk) -> None:
    review_id = await _in_review(desk)

    cancelled = await desk.editor.do("reviewCancel", REVIEW, reviewId=review_id)
    again = await desk.editor.do("reviewCancel", REVIEW, reviewId=review_id)

    assert cancelled.payload["review"]["state"] == "CANCELLED"
    assert again.refusal == {"code": "WRONG_STATE", "path": ["input", "reviewId"]}


async def test_another_workspaces_review_does_not_exist(desk: Desk, stranger: Desk) -> None:
    foreign = await _in_review(stranger)

    decided = await desk.approver.do("reviewDecide", REVIEW, reviewId=foreign, verdict="APPROVE")
    cancelled = await desk.editor.do("reviewCancel", REVIEW, reviewId=foreign)

    expected = {"code": "NOT_FOUND", "path": ["input", "reviewId"]}
    assert decided.refusal == cancelled.refusal == expected
    assert await _state(stranger, foreign) == ("IN_REVIEW", 0)
