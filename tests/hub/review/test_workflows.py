"""Workflows: written by managers, taken by reviews, decided step by step."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.access import operations as access
from hub.access.models import Role
from hub.content import operations as content
from hub.content.rules import Part, Words
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.review import operations as review
from hub.review import workflows
from hub.review.models import (
    Approval,
    Decision,
    Review,
    ReviewStep,
    StepMode,
    Verdict,
    Workflow,
    WorkflowStep,
)
from hub.review.operations import Target
from hub.review.rules import StepWords
from hub.strategy import operations as strategy
from tests import factories
from tests.factories import World, a_channel, an_item
from tests.hub.traces import promised, refusal, tell

EDITORIAL = StepWords(name="Rédaction", roles=(Role.APPROVER,))
LEGAL = StepWords(name="Legal", roles=(Role.MANAGER, Role.ADMIN), mode=StepMode.ALL)


async def a_workflow(
    world: World, steps: Sequence[StepWords] = (EDITORIAL, LEGAL), **given: Any
) -> UUID:
    async with world.hub.unit_of_work(world.manager) as work:
        made = await workflows.create(work, **{"name": "Two steps", "steps": steps, **given})
    return made.id


async def submit(world: World, item_id: UUID, channels: Sequence[UUID], **given: Any) -> UUID:
    async with world.hub.unit_of_work(world.editor) as work:
        begun = await review.submit(
            work, item_id=item_id, targets=[Target(channel_id=one) for one in channels], **given
        )
        work.promises.clear()
    async with world.hub.unit_of_work(world.system) as work:
        await review.prepare(work, review_id=begun.id)
    return begun.id


async def decide(
    world: World, role: Role, review_id: UUID, verdict: Verdict = Verdict.APPROVE
) -> list[str]:
    """Decide as a role; return the names of what happened."""
    told = await tell(
        world,
        world.callers[role],
        lambda work: review.decide(work, review_id=review_id, verdict=verdict, remark=role),
    )
    return [event.name for event in told]


async def refused(world: World, role: Role, review_id: UUID) -> tuple[str, tuple[str, ...]]:
    return await refusal(
        world,
        world.callers[role],
        lambda work: review.decide(work, review_id=review_id, verdict=Verdict.APPROVE),
    )


async def states(world: World, review_id: UUID) -> list[str]:
    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(
            select(ReviewStep.state)
            .where(ReviewStep.review_id == review_id)
            .order_by(ReviewStep.number)
        )
        found = await work.one(select(Review.state).where(Review.id == review_id))
    return [str(found), *rows]


async def rows(world: World, table: Any) -> list[Any]:
    async with world.hub.unit_of_work(world.system) as work:
        return list(await work.all(select(table).order_by(table.id)))


async def test_a_workflow_is_written_changed_and_archived(world: World) -> None:
    told = await tell(
        world,
        world.manager,
        lambda work: workflows.create(
            work,
            name=" Two steps ",
            steps=[EDITORIAL, LEGAL],
            brand_id=world.brand_id,
            platform="mastodon",
            is_default=True,
        ),
    )
    assert [event.name for event in told] == ["workflow.created"]
    (made,) = await rows(world, Workflow)
    assert (made.name, made.platform, made.version) == ("Two steps", "mastodon", 1)
    assert [(row.number, row.name, row.roles) for row in await rows(world, WorkflowStep)] == [
        (1, "Rédaction", ["APPROVER"]),
        (2, "Legal", ["MANAGER", "ADMIN"]),
    ]

    def change(steps: Sequence[StepWords] | None, **changes: Any) -> Any:
        return lambda work: workflows.update(
            work, workflow_id=made.id, changes=changes, steps=steps
        )

    assert await tell(world, world.manager, change([EDITORIAL, LEGAL], name="Two steps")) == []
    (told_,) = await tell(world, world.manager, change([LEGAL], platform=None))
    assert (told_.name, told_.data) == ("workflow.updated", {"fields": ["platform", "steps"]})
    (told_,) = await tell(world, world.manager, change([EDITORIAL]))
    assert told_.data == {"fields": ["steps"]}
    (made,) = await rows(world, Workflow)
    assert (made.platform, made.version) == (None, 3)
    assert [(row.number, row.name) for row in await rows(world, WorkflowStep)] == [(1, "Rédaction")]

    (told_,) = await tell(
        world, world.manager, lambda work: workflows.archive(work, workflow_id=made.id)
    )
    assert told_.name == "workflow.archived"
    assert await refusal(world, world.manager, change(None, name="X")) == (
        "WRONG_STATE",
        ("input", "id"),
    )


async def test_what_no_workflow_can_be_is_refused(world: World) -> None:
    async def refused_with(**given: Any) -> tuple[str, tuple[str, ...]]:
        return await refusal(
            world,
            world.manager,
            lambda work: workflows.create(work, **{"name": "W", "steps": [EDITORIAL], **given}),
        )

    await a_workflow(world, is_default=True, name="First")

    assert await refused_with(name=" ") == ("INVALID", ("input", "name"))
    assert await refused_with(steps=[]) == ("INVALID", ("input", "steps"))
    assert await refused_with(platform="fax") == ("INVALID", ("input", "platform"))
    assert await refused_with(brand_id=new_id()) == ("NOT_FOUND", ("input", "brandId"))
    assert await refused_with(is_default=True) == ("TAKEN", ("input", "isDefault"))
    assert await refused_with(steps=[StepWords()]) == ("INVALID", ("input", "steps", "0", "name"))
    stranger = StepWords(name="S", member_ids=(new_id(),))
    at = ("input", "steps", "1", "memberIds", "0")
    assert await refused_with(steps=[EDITORIAL, stranger]) == ("NOT_FOUND", at)
    other = await a_workflow(world)
    assert await refusal(
        world,
        world.manager,
        lambda work: workflows.update(work, workflow_id=other, changes={"is_default": True}),
    ) == ("TAKEN", ("input", "isDefault"))
    assert await a_workflow(world, is_default=True, platform="feed")
    assert await a_workflow(world, is_default=True, brand_id=world.brand_id)


async def test_steps_are_decided_in_their_order_and_the_last_one_approves(world: World) -> None:
    item, channel = await an_item(world), await a_channel(world)
    workflow = await a_workflow(world)
    run = await submit(world, item, [channel], workflow_id=workflow)
    assert await states(world, run) == ["IN_REVIEW", "OPEN", "WAITING"]
    assert await refused(world, Role.MANAGER, run) == ("FORBIDDEN", ("input", "reviewId"))

    assert await decide(world, Role.APPROVER, run) == ["review.step_done"]
    assert await states(world, run) == ["IN_REVIEW", "DONE", "OPEN"]
    assert await rows(world, Approval) == []
    assert await refused(world, Role.APPROVER, run) == ("FORBIDDEN", ("input", "reviewId"))
    # What is changed of the workflow now is for others.
    async with world.hub.unit_of_work(world.manager) as work:
        await workflows.update(work, workflow_id=workflow, changes={}, steps=[EDITORIAL])
    assert await decide(world, Role.MANAGER, run) == ["review.step_approved"]
    assert await refused(world, Role.MANAGER, run) == ("WRONG_STATE", ("input", "reviewId"))
    assert await decide(world, Role.ADMIN, run) == ["review.approved"]

    assert await states(world, run) == ["APPROVED", "DONE", "DONE"]
    assert len(await rows(world, Approval)) == 1
    steps = {row.id: row.number for row in await rows(world, ReviewStep)}
    assert [(steps[row.step_id], row.remark) for row in await rows(world, Decision)] == [
        (1, "APPROVER"),
        (2, "MANAGER"),
        (2, "ADMIN"),
    ]


async def test_changes_asked_for_at_a_step_end_all_of_them(world: World) -> None:
    item, channel = await an_item(world), await a_channel(world)
    run = await submit(world, item, [channel], workflow_id=await a_workflow(world))
    await decide(world, Role.APPROVER, run)
    await decide(world, Role.MANAGER, run)

    # Who has approved may think again while the step is open.
    told = await decide(world, Role.MANAGER, run, Verdict.REQUEST_CHANGES)

    assert told == ["review.changes_requested"]
    assert await states(world, run) == ["CHANGES_REQUESTED", "DONE", "CLOSED"]


async def test_a_default_is_taken_and_channels_of_two_ways_are_submitted_apart(
    world: World,
) -> None:
    item, social = await an_item(world), await a_channel(world)
    feed = await a_channel(world, platform_key="feed")
    await a_workflow(world, [LEGAL], is_default=True, platform="feed")
    both = [Target(channel_id=social), Target(channel_id=feed)]

    assert await refusal(
        world, world.editor, lambda work: review.submit(work, item_id=item, targets=both)
    ) == ("INVALID", ("input", "targets"))
    run = await submit(world, item, [feed])

    step, taken = (await rows(world, ReviewStep))[0], await factories._read(world, Review, run)
    assert (step.name, taken.workflow_version, taken.four_eyes) == ("Legal", 1, True)
    plain = await submit(world, await an_item(world), [social])
    assert (await factories._read(world, Review, plain)).workflow_id is None
    # Without a default everybody who may decides, as before.
    assert await decide(world, Role.APPROVER, plain) == ["review.approved"]


async def test_a_workflow_that_cannot_be_taken_is_refused(world: World) -> None:
    item, channel = await an_item(world), await a_channel(world)
    async with world.hub.unit_of_work(world.manager) as work:
        brand = await strategy.create_brand(work, slug="b", name="B", locales=["en"])
    elsewhere = await a_workflow(world, brand_id=brand.id)
    archived = await a_workflow(world)
    mine = await a_workflow(world)
    async with world.hub.unit_of_work(world.manager) as work:
        await workflows.archive(work, workflow_id=archived)

    async def at(**given: Any) -> tuple[str, tuple[str, ...]]:
        return await refusal(
            world,
            world.callers[Role.ADMIN],
            lambda work: review.submit(
                work, item_id=item, targets=[Target(channel_id=channel)], **given
            ),
        )

    assert await at(workflow_id=new_id()) == ("NOT_FOUND", ("input", "workflowId"))
    assert await at(workflow_id=elsewhere) == ("INVALID", ("input", "workflowId"))
    assert await at(workflow_id=archived) == ("WRONG_STATE", ("input", "workflowId"))
    assert await at(workflow_id=mine, four_eyes=False) == ("INVALID", ("input", "fourEyes"))
    assert await at(resume=True) == ("WRONG_STATE", ("input", "resume"))
    assert await at(workflow_id=mine, resume=True) == ("WRONG_STATE", ("input", "resume"))
    # Two of them must approve, and one is who submits.
    assert await at(
        workflow_id=await a_workflow(world, [StepWords(name="S", roles=(Role.ADMIN,))])
    ) == ("NOBODY_LEFT", ("input", "contentItemId"))
    assert await rows(world, Review) == []


async def test_a_step_that_waited_for_who_left_goes_on_without_them(world: World) -> None:
    item, channel = await an_item(world), await a_channel(world)
    workflow = await a_workflow(world, [LEGAL, EDITORIAL])
    run = await submit(world, item, [channel], workflow_id=workflow)
    await decide(world, Role.MANAGER, run)
    admin = world.callers[Role.ADMIN].member_id
    assert admin is not None

    told = await tell(world, world.system, lambda work: access.remove_member(work, member_id=admin))

    assert [event.name for event in told] == ["member.removed", "review.step_done"]
    assert await states(world, run) == ["IN_REVIEW", "DONE", "OPEN"]


async def test_who_has_left_counts_no_more(world: World) -> None:
    item, channel = await an_item(world), await a_channel(world)
    two = StepWords(name="Two", mode=StepMode.N_OF_M, needed=2)
    run = await submit(world, item, [channel], workflow_id=await a_workflow(world, [two]))
    await decide(world, Role.MANAGER, run)
    manager = world.manager.member_id
    assert manager is not None
    async with world.hub.unit_of_work(world.system) as work:
        await access.remove_member(work, member_id=manager)

    assert await decide(world, Role.APPROVER, run) == ["review.step_approved"]
    assert await states(world, run) == ["IN_REVIEW", "OPEN"]
    assert await decide(world, Role.ADMIN, run) == ["review.approved"]


async def revise(world: World, item: UUID, role: Role = Role.EDITOR) -> None:
    async with world.hub.unit_of_work(world.callers[role]) as work:
        words = Words(parts=(Part(text=f"Better {new_id()}"),))
        await content.revise_item(work, item_id=item, words=words)


async def test_a_review_goes_on_where_changes_were_asked_for(world: World) -> None:
    item, channel = await an_item(world), await a_channel(world)
    workflow = await a_workflow(world, keeps_approvals=True)
    first = await submit(world, item, [channel], workflow_id=workflow)
    await decide(world, Role.APPROVER, first)
    await decide(world, Role.ADMIN, first, Verdict.REQUEST_CHANGES)
    await revise(world, item)

    second = await submit(world, item, [channel], workflow_id=workflow, resume=True)

    assert await states(world, second) == ["IN_REVIEW", "DONE", "OPEN"]
    assert (await factories._read(world, Review, second)).resumed_from == first
    old, _, carried = await rows(world, Decision)
    assert (carried.carried_from, carried.member_id) == (old.id, world.approver.member_id)
    # It says which words were seen, and those are not the ones that go out now.
    assert carried.editions == old.editions
    await decide(world, Role.ADMIN, second)
    assert await decide(world, Role.MANAGER, second) == ["review.approved"]
    (approval,) = await rows(world, Approval)
    assert str(approval.edition_id) not in carried.editions


async def test_who_has_rewritten_a_part_cannot_have_approved_it(world: World) -> None:
    item, channel = await an_item(world), await a_channel(world)
    workflow = await a_workflow(world, keeps_approvals=True)
    async with world.hub.unit_of_work(world.system) as work:
        await access.add_member(work, name="B", email="b@acme.example", role=Role.APPROVER)
    first = await submit(world, item, [channel], workflow_id=workflow)
    await decide(world, Role.APPROVER, first)
    await decide(world, Role.ADMIN, first, Verdict.REQUEST_CHANGES)
    await revise(world, item, Role.APPROVER)

    second = await submit(world, item, [channel], workflow_id=workflow, resume=True)

    assert await states(world, second) == ["IN_REVIEW", "OPEN", "WAITING"]
    assert len(await rows(world, Decision)) == 2


async def test_a_review_begins_anew_where_the_workflow_says_so_or_has_changed(
    world: World,
) -> None:
    item, channel = await an_item(world), await a_channel(world)
    workflow = await a_workflow(world, keeps_approvals=True)
    first = await submit(world, item, [channel], workflow_id=workflow)
    await decide(world, Role.APPROVER, first)
    await decide(world, Role.ADMIN, first, Verdict.REQUEST_CHANGES)
    anew = await submit(world, item, [channel], workflow_id=workflow)
    assert await states(world, anew) == ["IN_REVIEW", "OPEN", "WAITING"]
    async with world.hub.unit_of_work(world.editor) as work:
        await review.cancel(work, review_id=anew)
    assert await states(world, anew) == ["CANCELLED", "CLOSED", "CLOSED"]
    async with world.hub.unit_of_work(world.manager) as work:
        await workflows.update(work, workflow_id=workflow, changes={"name": "Other"})

    def again(work: UnitOfWork) -> Any:
        return review.submit(
            work,
            item_id=item,
            targets=[Target(channel_id=channel)],
            workflow_id=workflow,
            resume=True,
        )

    assert await refusal(world, world.editor, again) == ("WRONG_STATE", ("input", "resume"))


async def test_reminders_are_promised_for_their_hours(world: World) -> None:
    item, channel = await an_item(world), await a_channel(world)
    due = StepWords(name="S", due_hours=48, reminders=(-24, 24))
    run = await submit(world, item, [channel], workflow_id=await a_workflow(world, [due]))

    (step,) = await rows(world, ReviewStep)
    made = await factories._read(world, Review, run)
    assert made.due_at == step.due_at
    assert (step.due_at - step.opened_at).total_seconds() == 48 * 3600
    keys = {f"review-remind:{step.id}:{hours}" for hours in (-24, 0, 24)}
    assert {key for name, key in await promised(world.hub) if name == "review.remind"} == keys
    await decide(world, Role.APPROVER, run)
    assert (await factories._read(world, Review, run)).due_at is None


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER])
async def test_only_managers_write_workflows(world: World, role: Role) -> None:
    assert await refusal(
        world,
        world.callers[role],
        lambda work: workflows.create(work, name="W", steps=[EDITORIAL]),
    ) == ("FORBIDDEN", ())
