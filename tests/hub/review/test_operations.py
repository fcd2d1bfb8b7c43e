"""Asking for a decision, and deciding: on exact bytes, with other eyes, never on the past."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.access import operations as access
from hub.access.models import Role
from hub.channels import operations as channels
from hub.channels.models import ChannelState
from hub.content import operations as content
from hub.content.models import Asset, AssetState, Edition
from hub.content.rules import Part, VariantWords, Words
from hub.kernel.caller import Caller
from hub.kernel.errors import Forbidden, Taken, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication
from hub.review import operations as review
from hub.review.errors import FourEyes
from hub.review.models import Approval, Decision, Review, ReviewTarget, Verdict
from hub.review.operations import Target
from hub.strategy import operations as strategy
from tests import factories
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, an_item, approve, in_review
from tests.hub.traces import error_of, promised, put, refusal, tell


async def submit(
    world: World, item_id: UUID, channel_ids: Sequence[UUID], **given: Any
) -> tuple[str, tuple[str, ...]]:
    """Submit what must be refused."""
    return await refusal(
        world,
        world.editor,
        lambda work: review.submit(
            work,
            item_id=item_id,
            targets=[Target(channel_id=channel_id) for channel_id in channel_ids],
            **given,
        ),
    )


async def decide(world: World, review_id: UUID, verdict: Verdict, **given: Any) -> None:
    async with world.hub.unit_of_work(world.approver) as work:
        await review.decide(work, review_id=review_id, verdict=verdict, **given)


async def state(world: World, review_id: UUID) -> str:
    return (await factories._read(world, Review, review_id)).state


async def rows(world: World, table: Any) -> list[Any]:
    async with world.hub.unit_of_work(world.system) as work:
        return list(await work.all(select(table).order_by(table.id)))


async def now(world: World) -> datetime:
    return await world.hub.now()


async def test_a_text_is_submitted_prepared_and_approved_by_its_hashes(world: World) -> None:
    item_id = await an_item(world)
    one, two = await a_channel(world), await a_channel(world, platform_key="feed")
    made: list[Review] = []

    async def ask(work: UnitOfWork) -> None:
        targets = [Target(channel_id=one), Target(channel_id=two)]
        made.append(
            await review.submit(
                work, item_id=item_id, targets=targets, expected_version=1, note=" Please "
            )
        )

    (submitted,) = await tell(world, world.editor, ask)
    review_id, revision_id = made[0].id, made[0].revision_id
    assert (submitted.name, submitted.subject_id) == ("review.submitted", review_id)
    assert submitted.data == {"item_id": str(item_id), "revision_id": str(revision_id)}
    assert (made[0].state, made[0].note) == ("PREPARING", "Please")
    assert made[0].submitted_by == world.editor.member_id
    assert await promised(world.hub) == [("review.prepare", f"review:{review_id}")]

    told = await tell(world, world.system, lambda work: review.prepare(work, review_id=review_id))
    assert [event.name for event in told] == ["edition.prepared"] * 2 + ["review.started"]
    editions = {str(edition.id): edition.hash for edition in await rows(world, Edition)}
    assert {str(event.subject_id): event.data["hash"] for event in told[:2]} == editions
    assert await state(world, review_id) == "IN_REVIEW"
    again = await tell(world, world.system, lambda work: review.prepare(work, review_id=review_id))
    assert again == []

    told = await tell(
        world,
        world.approver,
        lambda work: review.decide(
            work,
            review_id=review_id,
            verdict=Verdict.APPROVE,
            remark="Fine",
            seen={UUID(edition_id): digest for edition_id, digest in editions.items()},
        ),
    )
    assert [event.name for event in told] == ["review.approved"]
    assert told[0].data == {
        "item_id": str(item_id),
        "revision_id": str(revision_id),
        "editions": editions,
    }
    (decision,) = await rows(world, Decision)
    assert (decision.member_id, decision.verdict) == (world.approver.member_id, "APPROVE")
    assert (decision.remark, decision.editions) == ("Fine", editions)
    assert {(str(row.edition_id), row.hash) for row in await rows(world, Approval)} == set(
        editions.items()
    )
    # No target named a time: nothing is scheduled.
    assert await rows(world, Publication) == []


async def test_what_no_platform_would_take_is_refused_at_once(world: World) -> None:
    one, two = await a_channel(world, platform_key="feed"), await a_channel(world)
    long = await an_item(world, text="x" * 501)
    fits = await an_item(world, text="x" * 500)
    shortened = await an_item(
        world,
        text="x" * 501,
        variants=[VariantWords(channel_id=two, words=Words(parts=(Part(text="x"),)), settings={})],
    )

    assert await submit(world, long, [one, two]) == (
        "TOO_LONG",
        ("input", "targets", "1", "parts", "0", "text"),
    )
    for item_id in (fits, shortened):
        assert await in_review(world, item_id=item_id, channel_ids=[one, two])
    assert len(await rows(world, Review)) == 2


async def test_a_submission_that_cannot_be_is_refused(world: World, database: Database) -> None:
    item_id, channel_id = await an_item(world), await a_channel(world)
    unchecked = await a_channel(world, ready=False)
    async with world.hub.unit_of_work(world.manager) as work:
        brand = await strategy.create_brand(work, slug="b", name="B", locales=["en"])
    elsewhere = await a_channel(world)
    await put(database, "channels", elsewhere, brand_id=brand.id)
    at = ("input", "targets", "0")

    assert await submit(world, new_id(), [channel_id]) == ("NOT_FOUND", ("input", "contentItemId"))
    assert await submit(world, item_id, []) == ("INVALID", ("input", "targets"))
    assert await submit(world, item_id, [channel_id] * 2) == ("INVALID", ("input", "targets"))
    too_many = [new_id() for _ in range(51)]
    assert await submit(world, item_id, too_many) == ("INVALID", ("input", "targets"))
    assert await submit(world, item_id, [new_id()]) == ("NOT_FOUND", (*at, "channelId"))
    assert await submit(world, item_id, [unchecked]) == ("WRONG_STATE", (*at, "channelId"))
    assert await submit(world, item_id, [elsewhere]) == ("INVALID", (*at, "channelId"))
    assert await submit(world, item_id, [channel_id], note="x" * 5001) == (
        "INVALID",
        ("input", "note"),
    )
    assert await submit(world, item_id, [channel_id], expected_version=2) == (
        "CONFLICT",
        ("input", "expectedVersion"),
    )
    past = Target(channel_id=channel_id, scheduled_for=await now(world) - timedelta(minutes=2))
    assert await refusal(
        world,
        world.editor,
        lambda work: review.submit(work, item_id=item_id, targets=[past]),
    ) == ("IN_PAST", (*at, "scheduledFor"))
    async with world.hub.unit_of_work(world.editor) as work:
        await content.archive_item(work, item_id=item_id)
    assert await submit(world, item_id, [channel_id]) == ("WRONG_STATE", ("input", "contentItemId"))
    assert await rows(world, Review) == []
    assert [name for name, _ in await promised(world.hub)] == ["channels.check"]


async def test_a_text_is_in_one_review_at_a_time_even_when_two_submit_at_once(
    world: World,
) -> None:
    item_id, channel_id = await an_item(world), await a_channel(world)

    async def ask() -> None:
        async with world.hub.unit_of_work(world.editor) as work:
            await review.submit(work, item_id=item_id, targets=[Target(channel_id=channel_id)])

    answers = await asyncio.gather(ask(), ask(), ask(), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == [
        "NoneType",
        "WrongState",
        "WrongState",
    ]
    assert len(await rows(world, Review)) == 1
    assert await submit(world, item_id, [channel_id]) == ("WRONG_STATE", ("input", "contentItemId"))


async def test_nobody_approves_their_own_work(world: World) -> None:
    channel_id = await a_channel(world)
    item_id = await an_item(world)
    review_id = await in_review(world, item_id=item_id, channel_ids=[channel_id])
    async with world.hub.unit_of_work(world.system) as work:
        both = await access.add_member(work, name="B", email="b@acme.example", role=Role.MANAGER)
    author = Caller(
        workspace_id=world.workspace_id,
        kind=world.editor.kind,
        member_id=world.editor.member_id,
        permissions=world.manager.permissions,
    )
    by_author = lambda work: review.decide(  # noqa: E731 - said twice below
        work, review_id=review_id, verdict=Verdict.APPROVE
    )

    assert await refusal(world, author, by_author) == ("FOUR_EYES", ("input", "reviewId"))
    assert await refusal(world, world.system, by_author) == ("FORBIDDEN", ())
    assert await error_of(world.hub, world.approver, by_author) is None
    # Whoever submitted somebody else's text is no second pair of eyes either.
    async with world.hub.unit_of_work(world.system) as work:
        await review.cancel(work, review_id=review_id)
    submitter = Caller(
        workspace_id=world.workspace_id,
        kind=world.editor.kind,
        member_id=both.id,
        permissions=world.manager.permissions,
    )
    async with world.hub.unit_of_work(submitter) as work:
        second = await review.submit(work, item_id=item_id, targets=[Target(channel_id=channel_id)])
    async with world.hub.unit_of_work(world.system) as work:
        await review.prepare(work, review_id=second.id)
    approval = lambda work: review.decide(  # noqa: E731 - as above
        work, review_id=second.id, verdict=Verdict.APPROVE
    )
    assert await refusal(world, submitter, approval) == ("FOUR_EYES", ("input", "reviewId"))
    # Asking for changes takes no other eyes.
    changes = lambda work: review.decide(  # noqa: E731 - as above
        work, review_id=second.id, verdict=Verdict.REQUEST_CHANGES
    )
    assert await error_of(world.hub, submitter, changes) is None


async def test_where_four_eyes_are_not_asked_for_two_are_enough(world: World) -> None:
    channel_id, item_id = await a_channel(world), await an_item(world)
    async with world.hub.unit_of_work(world.manager) as work:
        await content.revise_item(work, item_id=item_id, words=Words(title="Mine"))
    with pytest.raises(Forbidden):
        async with world.hub.unit_of_work(world.manager) as work:
            await review.submit(
                work, item_id=item_id, targets=[Target(channel_id=channel_id)], four_eyes=False
            )
    async with world.hub.unit_of_work(world.callers[Role.ADMIN]) as work:
        mine = await review.submit(
            work, item_id=item_id, targets=[Target(channel_id=channel_id)], four_eyes=False
        )
    async with world.hub.unit_of_work(world.system) as work:
        await review.prepare(work, review_id=mine.id)

    async with world.hub.unit_of_work(world.manager) as work:
        await review.decide(work, review_id=mine.id, verdict=Verdict.APPROVE)

    assert await state(world, mine.id) == "APPROVED"


async def test_a_last_touch_by_somebody_else_does_not_make_it_theirs(world: World) -> None:
    channel_id = await a_channel(world)
    async with world.hub.unit_of_work(world.approver) as work:
        item = await content.create_item(
            work,
            brand_id=world.brand_id,
            words=Words(title="Mine", parts=(Part(text="All of it"),)),
            locale="en",
        )
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(work, item_id=item.id, words=Words(tags=("new",)))
    review_id = await in_review(world, item_id=item.id, channel_ids=[channel_id])

    with pytest.raises(FourEyes):
        await approve(world, review_id=review_id)

    assert await state(world, review_id) == "IN_REVIEW"


async def test_a_change_of_the_text_ends_its_review(world: World) -> None:
    item_id, channel_id = await an_item(world), await a_channel(world)
    review_id = await in_review(world, item_id=item_id, channel_ids=[channel_id])

    told = await tell(
        world,
        world.editor,
        lambda work: content.revise_item(work, item_id=item_id, words=Words(title="New")),
    )

    assert [(event.name, event.data) for event in told[1:]] == [
        ("review.ended", {"reason": "SUPERSEDED"})
    ]
    assert await refusal(
        world,
        world.approver,
        lambda work: review.decide(work, review_id=review_id, verdict=Verdict.APPROVE),
    ) == ("WRONG_STATE", ("input", "reviewId"))
    assert await in_review(world, item_id=item_id, channel_ids=[channel_id]) != review_id


async def test_an_approval_never_covers_a_text_that_changed_underneath(
    world: World, database: Database
) -> None:
    # Stage what no operation allows: the review is open, the text is another.
    item_id, channel_id = await an_item(world), await a_channel(world)
    review_id = await in_review(world, item_id=item_id, channel_ids=[channel_id])
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(work, item_id=item_id, words=Words(title="New"))
    await put(database, "reviews", review_id, state="IN_REVIEW")

    error = await error_of(
        world.hub,
        world.approver,
        lambda work: review.decide(work, review_id=review_id, verdict=Verdict.APPROVE),
    )

    assert isinstance(error, WrongState)
    assert "changed after it was submitted" in error.message
    assert await rows(world, Approval) == []


async def test_what_the_reviewer_did_not_see_is_not_approved(world: World) -> None:
    item_id, channel_id = await an_item(world), await a_channel(world)
    review_id = await in_review(world, item_id=item_id, channel_ids=[channel_id])
    (edition,) = await rows(world, Edition)
    others: list[dict[UUID, str]] = [
        {},
        {edition.id: "0" * 64},
        {new_id(): edition.hash},
        {edition.id: edition.hash, new_id(): edition.hash},
    ]

    for seen in others:
        assert await refusal(
            world,
            world.approver,
            partial(review.decide, review_id=review_id, verdict=Verdict.APPROVE, seen=seen),
        ) == ("WRONG_STATE", ("input", "editions"))
    await decide(world, review_id, Verdict.APPROVE, seen={edition.id: edition.hash})


async def test_a_channel_that_changed_since_makes_its_edition_stale(world: World) -> None:
    item_id, channel_id = await an_item(world), await a_channel(world)
    review_id = await in_review(world, item_id=item_id, channel_ids=[channel_id])
    async with world.hub.unit_of_work(world.manager) as work:
        await channels.update(
            work,
            channel_id=channel_id,
            changes={"settings": {"base_url": "https://social.example", "visibility": "private"}},
        )

    assert await refusal(
        world,
        world.approver,
        lambda work: review.decide(work, review_id=review_id, verdict=Verdict.APPROVE),
    ) == ("WRONG_STATE", ("input", "reviewId"))


async def test_changes_are_requested_and_the_text_may_come_back(world: World) -> None:
    item_id, channel_id = await an_item(world), await a_channel(world)
    review_id = await in_review(world, item_id=item_id, channel_ids=[channel_id])

    (told,) = await tell(
        world,
        world.approver,
        lambda work: review.decide(
            work, review_id=review_id, verdict=Verdict.REQUEST_CHANGES, remark="Shorter"
        ),
    )

    assert (told.name, told.subject_id) == ("review.changes_requested", review_id)
    assert told.data == {"item_id": str(item_id), "revoked": False}
    assert await state(world, review_id) == "CHANGES_REQUESTED"
    for verdict in Verdict:
        assert await refusal(
            world,
            world.approver,
            partial(review.decide, review_id=review_id, verdict=verdict),
        ) == ("WRONG_STATE", ("input", "reviewId"))
    assert await in_review(world, item_id=item_id, channel_ids=[channel_id])


async def test_an_approval_can_be_revoked_and_holds_what_was_to_go_out(world: World) -> None:
    channel_id = await a_channel(world)
    publication = await a_publication(
        world, channel_id=channel_id, scheduled_for=await now(world) + timedelta(hours=1)
    )
    (approved,) = await rows(world, Review)

    told = await tell(
        world,
        world.approver,
        lambda work: review.decide(
            work, review_id=approved.id, verdict=Verdict.REQUEST_CHANGES, remark="Wait"
        ),
    )

    assert [event.name for event in told] == ["review.changes_requested", "publication.held"]
    assert told[0].data["revoked"] is True
    assert told[1].data == {"reason": "UNAPPROVED", "problem": "The approval was revoked."}
    held = await factories.publication(world, publication.id)
    assert (held.state, held.hold_reason, held.fence) == ("HELD", "UNAPPROVED", 1)
    (approval,) = await rows(world, Approval)
    assert approval.revoked_at is not None


async def test_the_same_words_approved_again_get_the_new_time(world: World) -> None:
    channel_id = await a_channel(world)
    publication = await a_publication(world, channel_id=channel_id)
    (first,) = await rows(world, Review)
    await decide(world, first.id, Verdict.REQUEST_CHANGES)
    later = await now(world) + timedelta(hours=3)
    assert publication.item_id is not None

    second = await in_review(
        world, item_id=publication.item_id, channel_ids=[channel_id], scheduled_for=later
    )
    await approve(world, review_id=second)

    found = await factories.publication(world, publication.id)
    assert (found.state, found.hold_reason) == ("SCHEDULED", None)
    assert (found.scheduled_for, found.due_at) == (later, later)
    assert len(await rows(world, Publication)) == 1


async def test_revoking_one_review_does_not_hold_what_another_approved(world: World) -> None:
    one, two = await a_channel(world), await a_channel(world)
    later = await now(world) + timedelta(hours=1)
    old = await a_publication(world, channel_id=one, scheduled_for=later)
    (first,) = await rows(world, Review)
    assert old.item_id is not None
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(
            work, item_id=old.item_id, words=Words(parts=(Part(text="Better"),))
        )
    await approve(
        world,
        review_id=await in_review(
            world, item_id=old.item_id, channel_ids=[two], scheduled_for=later
        ),
    )

    await decide(world, first.id, Verdict.REQUEST_CHANGES)

    states = {
        row.channel_id: (row.state, row.hold_reason) for row in await rows(world, Publication)
    }
    assert states == {one: ("HELD", "SUPERSEDED"), two: ("SCHEDULED", None)}


async def test_a_review_is_called_back_before_it_is_decided_and_only_then(world: World) -> None:
    item_id, channel_id = await an_item(world), await a_channel(world)
    review_id = await in_review(world, item_id=item_id, channel_ids=[channel_id])
    stale = await refusal(
        world,
        world.editor,
        lambda work: review.cancel(work, review_id=review_id, expected_version=1),
    )
    assert stale == ("CONFLICT", ("input", "expectedVersion"))

    (told,) = await tell(world, world.editor, lambda work: review.cancel(work, review_id=review_id))

    assert (told.name, told.data) == ("review.ended", {"reason": "CANCELLED"})
    assert await refusal(
        world, world.editor, lambda work: review.cancel(work, review_id=review_id)
    ) == ("WRONG_STATE", ("input", "reviewId"))


async def test_an_approval_schedules_the_targets_that_named_a_time(world: World) -> None:
    item_id = await an_item(world)
    one, two = await a_channel(world), await a_channel(world)
    later = await now(world) + timedelta(hours=1)
    async with world.hub.unit_of_work(world.editor) as work:
        submitted = await review.submit(
            work,
            item_id=item_id,
            targets=[Target(channel_id=one), Target(channel_id=two, scheduled_for=later)],
        )
    async with world.hub.unit_of_work(world.system) as work:
        await review.prepare(work, review_id=submitted.id)

    told = await tell(
        world,
        world.approver,
        lambda work: review.decide(work, review_id=submitted.id, verdict=Verdict.APPROVE),
    )

    (publication,) = await rows(world, Publication)
    assert [event.name for event in told] == ["review.approved", "publication.scheduled"]
    assert told[1].subject_id == publication.id
    assert told[1].data == {"channel_id": str(two), "scheduled_for": later.isoformat()}
    assert (publication.channel_id, publication.scheduled_for) == (two, later)
    assert ("publishing.publish", f"publish:{publication.id}") in await promised(world.hub)


async def test_a_text_whose_picture_was_refused_meanwhile_is_blocked(
    world: World, database: Database
) -> None:
    channel_id = await a_channel(world)
    async with world.hub.unit_of_work(world.system) as work:
        picture = Asset(
            id=new_id(),
            workspace_id=world.workspace_id,
            filename="cat.png",
            state=AssetState.READY,
            mime="image/png",
            size=1,
            width=1,
            height=1,
            sha256="0" * 64,
            alt={},
        )
        work.session.add(picture)
    item_id = await an_item(world, parts=[Part(text="Look", media=(picture.id,))])
    async with world.hub.unit_of_work(world.editor) as work:
        submitted = await review.submit(
            work, item_id=item_id, targets=[Target(channel_id=channel_id)]
        )
    await put(database, "assets", picture.id, state="REFUSED")

    told = await tell(
        world, world.system, lambda work: review.prepare(work, review_id=submitted.id)
    )

    assert [event.name for event in told] == ["review.blocked"]
    assert "picture" in told[0].data["problem"]
    assert await state(world, submitted.id) == "BLOCKED"
    for verdict in Verdict:
        assert await refusal(
            world,
            world.approver,
            partial(review.decide, review_id=submitted.id, verdict=verdict),
        ) == ("WRONG_STATE", ("input", "reviewId"))
    assert (await rows(world, ReviewTarget))[0].edition_id is None


async def test_limits_that_shrank_meanwhile_block_the_review(world: World) -> None:
    item_id, channel_id = await an_item(world, text="x" * 400), await a_channel(world)
    async with world.hub.unit_of_work(world.editor) as work:
        submitted = await review.submit(
            work, item_id=item_id, targets=[Target(channel_id=channel_id)]
        )
    async with world.hub.unit_of_work(world.system) as work:
        channel = await review.usable_channel(
            work, channel_id, brand_id=world.brand_id, path=("p",)
        )
        assert channel.state is ChannelState.READY
        channel.limits = {**channel.limits, "text_max": 399}

    async with world.hub.unit_of_work(world.system) as work:
        await review.prepare(work, review_id=submitted.id)

    assert await state(world, submitted.id) == "BLOCKED"


async def test_an_approval_and_an_edit_at_once_never_both_count(world: World) -> None:
    channel_id = await a_channel(world)
    later = await now(world) + timedelta(hours=1)
    for number in range(10):
        item_id = await an_item(world, text=f"Text {number}")
        review_id = await in_review(
            world, item_id=item_id, channel_ids=[channel_id], scheduled_for=later
        )

        async def edit(item_id: UUID = item_id, number: int = number) -> None:
            async with world.hub.unit_of_work(world.editor) as work:
                words = Words(parts=(Part(text=f"Edited {number}"),))
                await content.revise_item(work, item_id=item_id, words=words)

        answers = await asyncio.gather(
            decide(world, review_id, Verdict.APPROVE), edit(), return_exceptions=True
        )

        async with world.hub.unit_of_work(world.system) as work:
            row = await work.one(select(Publication).where(Publication.item_id == item_id))
        assert answers[1] is None
        if answers[0] is None:
            assert row is not None
            assert (row.state, row.hold_reason) == ("HELD", "SUPERSEDED")
        else:
            assert isinstance(answers[0], WrongState)
            assert row is None


async def test_a_policy_approves_exactly_one_edition(world: World) -> None:
    item_id, channel_id = await an_item(world), await a_channel(world)
    await in_review(world, item_id=item_id, channel_ids=[channel_id])
    (edition,) = await rows(world, Edition)

    async with world.hub.unit_of_work(world.editor) as work:
        await review.approve_by_policy(work, edition=edition, policy="reply.by_member")

    (approval,) = await rows(world, Approval)
    assert (approval.edition_id, approval.hash) == (edition.id, edition.hash)
    assert (approval.policy, approval.review_id) == ("reply.by_member", None)
    assert approval.member_id == world.editor.member_id


async def test_references_are_unique_even_for_those_who_come_at_once(world: World) -> None:
    async def add(name: str) -> None:
        async with world.hub.unit_of_work(world.editor) as work:
            await content.create_item(
                work,
                brand_id=world.brand_id,
                words=Words(title=name, parts=(Part(text=name),)),
                locale="en",
                external_reference="cms-1",
            )

    answers = await asyncio.gather(*(add(f"N{n}") for n in range(4)), return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType"] + ["Taken"] * 3
    assert {answer.path for answer in answers if isinstance(answer, Taken)} == {
        ("input", "externalReference")
    }
