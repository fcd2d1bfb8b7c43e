"""Reviews with what was decided on."""

from uuid import UUID

from hub.access.models import Member, Role
from hub.kernel.caller import Permission
from hub.kernel.ids import new_id
from hub.review.models import (
    Decision,
    Review,
    ReviewState,
    ReviewStep,
    ReviewTarget,
    StepMode,
    StepState,
    Verdict,
)
from schema.base.node import to_global_id
from tests.schema.conftest import Client
from tests.schema.library import NOON, Library


async def a_step(library: Library, review: UUID, state: StepState = StepState.OPEN) -> UUID:
    """Write the one step of a review, for all who decide but those who wrote it."""
    return await library.rows.add(
        ReviewStep,
        review_id=review,
        state=state,
        number=1,
        name="",
        mode=StepMode.ANY,
        four_eyes=True,
        roles=[],
        member_ids=[],
        reminders=[],
    )


async def test_a_review_shows_targets_decisions_and_the_hashes_they_saw(
    client: Client, library: Library
) -> None:
    item = await library.an_item(title="One")
    revision = await library.revision_of(item)
    edition, digest = await library.an_edition(revision, library.channels[0], text="One")
    review = await library.rows.add(
        Review,
        item_id=item,
        revision_id=revision,
        state=ReviewState.APPROVED,
        submitted_by=library.caller.member_id,
        note="Please look",
    )
    for channel, prepared in zip(library.channels, (edition, None), strict=True):
        await library.rows.add(
            ReviewTarget,
            review_id=review,
            channel_id=channel,
            edition_id=prepared,
            scheduled_for=NOON,
        )
    await library.rows.add(
        Decision,
        review_id=review,
        step_id=await a_step(library, review, StepState.DONE),
        member_id=library.caller.member_id,
        verdict=Verdict.APPROVE,
        remark="Fine",
        editions={str(edition): digest},
    )

    answer = await client.ask(
        """{ reviews { nodes {
          state note fourEyes submittedBy { name } contentItem { title } revision { number }
          targets { channel { name } scheduledFor edition { hash } }
          decisions { verdict remark member { name } editions {
            hash edition { hash parts { text } } } }
          availableActions
        } } }"""
    )

    assert answer.errors == []
    assert answer.statements == 1
    assert answer.data["reviews"]["nodes"] == [
        {
            "state": "APPROVED",
            "note": "Please look",
            "fourEyes": True,
            "submittedBy": {"name": "Ada of Acme"},
            "contentItem": {"title": "One"},
            "revision": {"number": 1},
            "targets": [
                {
                    "channel": {"name": "Channel 1"},
                    "scheduledFor": "2026-03-01T12:00:00.123456+00:00",
                    "edition": {"hash": digest},
                },
                {
                    "channel": {"name": "Channel 2"},
                    "scheduledFor": "2026-03-01T12:00:00.123456+00:00",
                    "edition": None,
                },
            ],
            "decisions": [
                {
                    "verdict": "APPROVE",
                    "remark": "Fine",
                    "member": {"name": "Ada of Acme"},
                    "editions": [
                        {"hash": digest, "edition": {"hash": digest, "parts": [{"text": "One"}]}}
                    ],
                }
            ],
            "availableActions": ["REVIEW_REQUEST_CHANGES"],
        }
    ]

    reviewer = await client.without(Permission.CONTENT_READ).ask(
        "{ reviews { nodes { decisions { remark editions { hash edition { hash } } } } } }"
    )
    assert reviewer.data["reviews"]["nodes"] == [
        {"decisions": [{"remark": "Fine", "editions": None}]}
    ]
    assert reviewer.codes == ["FORBIDDEN"]


async def test_nobody_is_offered_to_approve_what_they_wrote(
    client: Client, library: Library
) -> None:
    item = await library.an_item(title="One")
    review = await library.rows.add(
        Review,
        item_id=item,
        revision_id=await library.revision_of(item),
        state=ReviewState.IN_REVIEW,
    )
    await a_step(library, review)
    ben = await library.rows.add(Member, name="Ben", email="b@acme.example", role=Role.APPROVER)
    asked = "{ reviews { nodes { availableActions } } }"

    as_author = await client.data(asked)
    from dataclasses import replace

    as_other = await client.of(replace(client.caller, member_id=ben)).data(asked)

    assert as_author["reviews"]["nodes"] == [
        {"availableActions": ["REVIEW_REQUEST_CHANGES", "REVIEW_CANCEL"]}
    ]
    assert as_other["reviews"]["nodes"] == [
        {"availableActions": ["REVIEW_APPROVE", "REVIEW_REQUEST_CHANGES", "REVIEW_CANCEL"]}
    ]


async def test_reviews_are_filtered_by_channel_brand_and_state(
    client: Client, library: Library
) -> None:
    for number, channel in enumerate(library.channels):
        item = await library.an_item(title=f"Item {number}")
        review = await library.rows.add(
            Review,
            item_id=item,
            revision_id=await library.revision_of(item),
            state=ReviewState.IN_REVIEW,
        )
        await library.rows.add(ReviewTarget, review_id=review, channel_id=channel)

    found = await client.data(
        """query($channel: ID!, $brand: ID!) {
          here: reviews(filter: {channelIn: [$channel]}) { nodes { contentItem { title } } }
          brand: reviews(filter: {brandIn: [$brand], stateIn: [IN_REVIEW]}) { totalCount }
          done: reviews(filter: {stateIn: [APPROVED, CANCELLED]}) { totalCount }
        }""",
        channel=to_global_id("Channel", library.channels[0]),
        brand=to_global_id("Brand", library.brand),
    )

    assert found == {
        "here": {"nodes": [{"contentItem": {"title": "Item 0"}}]},
        "brand": {"totalCount": 2},
        "done": {"totalCount": 0},
    }


async def test_nobody_is_offered_to_approve_what_somebody_else_merely_touched_up(
    client: Client, library: Library
) -> None:
    ben = await library.rows.add(Member, name="Ben", email="ben@acme.example", role=Role.EDITOR)
    item = await library.an_item(title="Mine")  # which the caller wrote
    revision = new_id()
    await library.a_revision(item, id=revision, title="Touched up", number=2, author=ben)
    review = await library.rows.add(
        Review,
        item_id=item,
        revision_id=revision,
        state=ReviewState.IN_REVIEW,
        submitted_by=ben,
        note="",
    )
    await a_step(library, review)
    asked = "query($id: ID!) { node(id: $id) { ... on Review { availableActions } } }"

    async def offered() -> list[str]:
        found = await client.data(asked, id=to_global_id("Review", review))
        return list(found["node"]["availableActions"])

    before = await offered()
    await library.rows.add(
        Review,
        item_id=item,
        revision_id=await library.revision_of(item),
        state=ReviewState.APPROVED,
        submitted_by=ben,
        note="",
    )
    after = await offered()

    assert "REVIEW_APPROVE" not in before
    # What was approved once need not be judged again.
    assert "REVIEW_APPROVE" in after
