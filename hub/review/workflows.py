"""Workflows: written by managers, copied by reviews, archived when they are not wanted any more."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from hub.access.models import Member
from hub.channels.platforms import PLATFORMS
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text, require_version, touch
from hub.kernel.errors import Invalid, NotFound, Taken, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.review import runs
from hub.review.events import WorkflowArchived, WorkflowCreated, WorkflowUpdated
from hub.review.models import Workflow, WorkflowStep
from hub.review.rules import StepWords, require_steps
from hub.strategy.models import Brand

_NAME = 200


async def create(
    work: UnitOfWork,
    *,
    name: str,
    steps: Sequence[StepWords],
    brand_id: UUID | None = None,
    platform: str | None = None,
    is_default: bool = False,
    keeps_approvals: bool = False,
) -> Workflow:
    """Write a workflow down, for one brand or for all of them."""
    work.caller.require(Permission.REVIEW_MANAGE)
    if brand_id is not None:
        await get(work, Brand, brand_id, path=("input", "brandId"))
    workflow = Workflow(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        brand_id=brand_id,
        platform=_platform(platform),
        name=require_text(name, most=_NAME, path=("input", "name")),
        is_default=is_default,
        keeps_approvals=keeps_approvals,
    )
    await _require_free(
        work,
        workflow.id,
        brand_id=brand_id,
        platform=workflow.platform,
        is_default=is_default,
    )
    rows = await _steps(work, workflow, steps)
    await work.add(workflow, *rows)
    work.record(WorkflowCreated(subject_id=workflow.id))
    return workflow


async def update(
    work: UnitOfWork,
    *,
    workflow_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
    steps: Sequence[StepWords] | None = None,
) -> Workflow:
    """Change a workflow for reviews that are still to come; `steps` replace those it has."""
    work.caller.require(Permission.REVIEW_MANAGE)
    workflow = await get(work, Workflow, workflow_id, lock=True)
    require_version(workflow, expected_version)
    if workflow.archived_at is not None:
        raise WrongState("This workflow is archived.", path=("input", "id"))
    clean = dict(changes)
    if "name" in clean:
        clean["name"] = require_text(clean["name"], most=_NAME, path=("input", "name"))
    if "platform" in clean:
        clean["platform"] = _platform(clean["platform"])
    await _require_free(
        work,
        workflow.id,
        brand_id=workflow.brand_id,
        platform=clean.get("platform", workflow.platform),
        is_default=clean.get("is_default", workflow.is_default),
    )
    replaced = steps is not None and await _replace(work, workflow, steps)
    changed = await edit(work, workflow, clean, expected_version=None)
    if replaced:
        changed = (*changed, "steps")
        if changed == ("steps",):
            touch(work, workflow)
    if changed:
        work.record(WorkflowUpdated(subject_id=workflow.id, fields=changed))
    return workflow


async def archive(
    work: UnitOfWork, *, workflow_id: UUID, expected_version: int | None = None
) -> Workflow:
    """Let no new review take a workflow; those that run go on."""
    work.caller.require(Permission.REVIEW_MANAGE)
    workflow = await get(work, Workflow, workflow_id, lock=True)
    require_version(workflow, expected_version)
    if workflow.archived_at is None:
        workflow.archived_at = work.now
        touch(work, workflow)
        work.record(WorkflowArchived(subject_id=workflow.id))
    return workflow


def _platform(key: str | None) -> str | None:
    if key is not None and key not in PLATFORMS:
        raise Invalid(
            f"There is no platform {key}. Platforms are: {', '.join(sorted(PLATFORMS))}.",
            path=("input", "platform"),
        )
    return key


async def _require_free(
    work: UnitOfWork,
    workflow_id: UUID,
    *,
    brand_id: UUID | None,
    platform: str | None,
    is_default: bool,
) -> None:
    """Raise Taken where another workflow is the default for the same place."""
    if not is_default:
        return
    other = await work.one(
        select(Workflow.name)
        .where(
            Workflow.id != workflow_id,
            Workflow.is_default,
            Workflow.archived_at.is_(None),
            Workflow.brand_id.is_not_distinct_from(brand_id),
            Workflow.platform.is_not_distinct_from(platform),
        )
        .limit(1)
    )
    if other is not None:
        raise Taken(f"{other} is the default there already.", path=("input", "isDefault"))


async def _replace(work: UnitOfWork, workflow: Workflow, steps: Sequence[StepWords]) -> bool:
    """Write the steps anew where they differ; say whether they did."""
    known = await work.all(
        select(WorkflowStep)
        .where(WorkflowStep.workflow_id == workflow.id)
        .order_by(WorkflowStep.number)
    )
    rows = await _steps(work, workflow, steps)
    if [_words(row) for row in rows] == [_words(row) for row in known]:
        return False
    await work.change(delete(WorkflowStep).where(WorkflowStep.workflow_id == workflow.id))
    for row in known:
        work.session.expunge(row)
    await work.add(*rows)
    return True


def _words(step: WorkflowStep) -> dict[str, Any]:
    return {name: getattr(step, name) for name in runs.COPIED}


async def _steps(
    work: UnitOfWork, workflow: Workflow, steps: Sequence[StepWords]
) -> list[WorkflowStep]:
    await _require_known(work, steps)
    require_steps(steps, await runs.seats(work))
    return [
        WorkflowStep(
            id=new_id(),
            workspace_id=workflow.workspace_id,
            workflow_id=workflow.id,
            number=number,
            name=require_text(
                step.name, most=_NAME, path=("input", "steps", str(number - 1), "name")
            ),
            mode=step.mode,
            needed=step.needed,
            four_eyes=step.four_eyes,
            roles=[role.value for role in step.roles],
            member_ids=[str(member_id) for member_id in step.member_ids],
            due_hours=step.due_hours,
            reminders=sorted(step.reminders),
        )
        for number, step in enumerate(steps, start=1)
    ]


async def _require_known(work: UnitOfWork, steps: Sequence[StepWords]) -> None:
    wanted = {member_id for step in steps for member_id in step.member_ids}
    known = await work.all(
        select(Member.id).where(Member.id.in_(wanted), Member.removed_at.is_(None))
    )
    for index, step in enumerate(steps):
        for number, member_id in enumerate(step.member_ids):
            if member_id not in known:
                raise NotFound(
                    "There is nothing with this id.",
                    path=("input", "steps", str(index), "memberIds", str(number)),
                )
