"""Remarks: made on places, answered, settled by those who may, and holding approvals."""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.access.models import Role
from hub.content import operations as content
from hub.content.models import Revision
from hub.content.rules import Words
from hub.kernel.caller import Caller, Permission
from hub.kernel.errors import HubError
from hub.kernel.ids import global_id, new_id
from hub.review import operations as review
from hub.review import remarks
from hub.review.errors import RemarksOpen
from hub.review.models import Remark, Verdict
from tests.factories import World, a_channel, an_item, approve, in_review
from tests.hub.traces import error_of, refusal, tell


async def a_remark(world: World, item: UUID, caller: Caller | None = None, **given: Any) -> Remark:
    async with world.hub.unit_of_work(caller or world.approver) as work:
        return await remarks.add(work, **{"item_id": item, "text": "Hm", **given})


async def rows(world: World) -> list[Remark]:
    async with world.hub.unit_of_work(world.system) as work:
        return list(await work.all(select(Remark).order_by(Remark.id)))


async def test_a_remark_keeps_what_it_is_about_and_on_which_version(world: World) -> None:
    item, channel = await an_item(world, text="Été à Nice"), await a_channel(world)
    run = await in_review(world, item_id=item, channel_ids=[channel])

    (told,) = await tell(
        world,
        world.approver,
        lambda work: remarks.add(
            work, item_id=item, text=" Ici ? ", field="parts.0.text", start=6, end=10, blocking=True
        ),
    )

    (made,) = await rows(world)
    assert (told.name, told.subject_id) == ("remark.added", made.id)
    assert told.data == {"item_id": str(item), "parent_id": None, "blocking": True}
    assert (made.text, made.quote, made.span_start, made.span_end) == ("Ici ?", "Nice", 6, 10)
    assert (made.review_id, made.author_id) == (run, world.approver.member_id)
    answer = await a_remark(world, item, world.editor, parent_id=made.id)
    # Answers to answers stand in the same thread.
    deeper = await a_remark(world, item, parent_id=answer.id)
    assert answer.parent_id == deeper.parent_id == made.id


async def test_a_remark_that_cannot_be_is_refused(world: World) -> None:
    item, other = await an_item(world), await an_item(world)
    first = await a_remark(world, item)
    async with world.hub.unit_of_work(world.system) as work:
        foreign = await work.one(select(Revision.id).where(Revision.item_id == other))

    async def at(**given: Any) -> tuple[str, tuple[str, ...]]:
        return await refusal(
            world,
            world.editor,
            lambda work: remarks.add(work, **{"item_id": item, "text": "x", **given}),
        )

    assert await at(item_id=new_id()) == ("NOT_FOUND", ("input", "contentItemId"))
    assert await at(text=" ") == ("INVALID", ("input", "text"))
    assert await at(parent_id=new_id()) == ("NOT_FOUND", ("input", "parentId"))
    assert await at(parent_id=first.id, item_id=other) == ("INVALID", ("input", "parentId"))
    assert await at(parent_id=first.id, blocking=True) == ("INVALID", ("input", "blocking"))
    assert await at(parent_id=first.id, field="title") == ("INVALID", ("input", "field"))
    assert await at(revision_id=new_id()) == ("NOT_FOUND", ("input", "revisionId"))
    assert await at(revision_id=foreign) == ("INVALID", ("input", "revisionId"))
    assert await at(field="parts.1.text") == ("INVALID", ("input", "field"))
    assert await refusal(
        world, world.system, lambda work: remarks.add(work, item_id=item, text="x")
    ) == ("FORBIDDEN", ())
    assert len(await rows(world)) == 1


async def test_a_blocking_remark_holds_approvals_until_it_is_resolved(world: World) -> None:
    item, channel = await an_item(world), await a_channel(world)
    run = await in_review(world, item_id=item, channel_ids=[channel])
    await a_remark(world, item)
    made = await a_remark(world, item, text="Wrong price", blocking=True)
    yes = partial(review.decide, review_id=run, verdict=Verdict.APPROVE)

    error = await error_of(world.hub, world.approver, yes)
    assert isinstance(error, RemarksOpen)
    assert error.path == ("input", "reviewId")
    assert "Wrong price" in error.message
    assert global_id("Remark", made.id) in error.message
    # It stays when the words change, and holds the next review as well.
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(work, item_id=item, words=Words(title="New"))
    run = await in_review(world, item_id=item, channel_ids=[channel])
    yes = partial(review.decide, review_id=run, verdict=Verdict.APPROVE)
    assert await refusal(world, world.approver, yes) == ("REMARKS_OPEN", ("input", "reviewId"))

    (told,) = await tell(world, world.editor, lambda work: remarks.resolve(work, remark_id=made.id))
    assert (told.name, told.data) == ("remark.resolved", {"item_id": str(item)})
    again = await tell(world, world.editor, lambda work: remarks.resolve(work, remark_id=made.id))
    assert again == []
    (told,) = await tell(world, world.editor, lambda work: remarks.reopen(work, remark_id=made.id))
    assert told.name == "remark.reopened"
    assert await refusal(world, world.approver, yes) == ("REMARKS_OPEN", ("input", "reviewId"))
    async with world.hub.unit_of_work(world.editor) as work:
        await remarks.resolve(work, remark_id=made.id)
    await approve(world, review_id=run)


async def test_only_its_author_changes_a_remark_and_those_who_write_settle_it(
    world: World,
) -> None:
    item = await an_item(world)
    made = await a_remark(world, item)
    answer = await a_remark(world, item, world.editor, parent_id=made.id)
    at = ("input", "id")
    edit = partial(remarks.change, remark_id=made.id, changes={"text": "New"})
    narrow = Caller(
        workspace_id=world.workspace_id,
        kind=world.editor.kind,
        member_id=world.editor.member_id,
        permissions=frozenset({Permission.REVIEW_REMARK}),
    )

    assert await refusal(world, world.editor, edit) == ("FORBIDDEN", at)
    assert await error_of(world.hub, world.callers[Role.ADMIN], edit) is None
    remove = partial(remarks.delete, remark_id=made.id)
    assert await refusal(world, world.editor, remove) == ("FORBIDDEN", at)
    assert await refusal(world, world.approver, remove) == ("WRONG_STATE", at)
    resolve = partial(remarks.resolve, remark_id=made.id)
    assert await refusal(world, narrow, resolve) == ("FORBIDDEN", at)
    assert await error_of(world.hub, world.editor, resolve) is None
    stale = partial(remarks.resolve, remark_id=made.id, expected_version=7)
    assert await refusal(world, world.editor, stale) == ("CONFLICT", ("input", "expectedVersion"))
    settled = partial(remarks.resolve, remark_id=answer.id)
    assert await refusal(world, world.editor, settled) == ("INVALID", at)
    loud = partial(remarks.change, remark_id=answer.id, changes={"blocking": True})
    assert await refusal(world, world.editor, loud) == ("INVALID", ("input", "blocking"))

    (told,) = await tell(world, world.approver, edit)
    assert (told.name, told.data["fields"]) == ("remark.edited", ["text"])
    (told,) = await tell(
        world, world.editor, lambda work: remarks.delete(work, remark_id=answer.id)
    )
    assert told.name == "remark.deleted"
    assert [(row.text, row.version) for row in await rows(world)] == [("New", 2)]


async def test_an_approval_and_a_blocking_remark_at_once_end_well(
    world: World,
) -> None:
    channel = await a_channel(world)
    for _ in range(3):
        item = await an_item(world)
        run = await in_review(world, item_id=item, channel_ids=[channel])
        answers = await asyncio.gather(
            approve(world, review_id=run),
            a_remark(world, item, blocking=True),
            return_exceptions=True,
        )
        async with world.hub.unit_of_work(world.system) as work:
            made = await work.one(select(Remark).where(Remark.item_id == item))
        assert made is not None
        # Either the remark was first and the approval refused, or it came after all was said.
        assert isinstance(answers[0], HubError | None)
        assert not isinstance(answers[1], BaseException)
