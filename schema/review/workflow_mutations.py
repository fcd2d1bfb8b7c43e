"""Making workflows, changing and archiving them."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from hub.kernel.work import UnitOfWork
from hub.review import workflows
from hub.review.rules import StepWords
from schema.access.types import Role
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.review.workflows import StepMode, Workflow


@strawberry.input(description="A step of a workflow.")
class WorkflowStepInput(Given):
    name: str = strawberry.field(description="What people call it, 200 characters at most.")
    mode: StepMode = strawberry.field(
        default=StepMode.ANY, description="How many of those who may decide must approve."
    )
    needed: int | None = strawberry.field(
        default=strawberry.UNSET, description="With N_OF_M, and only there: how many."
    )
    four_eyes: bool = strawberry.field(
        default=True, description="Whether authors and submitter cannot approve it."
    )
    roles: list[Role] = strawberry.field(
        default_factory=list, description="Roles that may decide; they must be able to at all."
    )
    member_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Members who may decide, 50 at most. Where no role and no member is named, "
        "all may who decide on reviews.",
    )
    due_hours: int | None = strawberry.field(
        default=strawberry.UNSET, description="After how many hours it is due; left out: never."
    )
    reminders: list[int] = strawberry.field(
        default_factory=list,
        description="When to remind those who still must decide, in hours from the due time on: "
        "-24 is a day before it. At the due time itself they always are. 5 at most.",
    )


@strawberry.input(description="A way to review.")
class WorkflowCreateInput(Given):
    name: str = strawberry.field(description="What people call it, 200 characters at most.")
    steps: list[WorkflowStepInput] = strawberry.field(description="Its steps, 1 to 10.")
    brand_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The brand it is for; left out: all brands."
    )
    platform: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Key of the platform it is the default for; left out: all.",
    )
    is_default: bool = strawberry.field(
        default=False, description="Whether reviews there take it where none is named."
    )
    keeps_approvals: bool = strawberry.field(
        default=False,
        description="Whether a review may go on at the step that asked for changes.",
    )


@strawberry.input(description="What to change of a workflow; what is left out stays.")
class WorkflowUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The workflow.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    name: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What people call it."
    )
    platform: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="Key of the platform it is the default for; null: all."
    )
    is_default: strawberry.Maybe[bool | None] = strawberry.field(
        default=None, description="Whether reviews there take it where none is named."
    )
    keeps_approvals: strawberry.Maybe[bool | None] = strawberry.field(
        default=None, description="Whether a review may go on at the step that asked for changes."
    )
    steps: list[WorkflowStepInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All of its steps, in the place of those it has."
    )


@strawberry.input(description="A workflow that no new review shall take.")
class WorkflowArchiveInput(Given):
    id: strawberry.ID = strawberry.field(description="The workflow.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )


@strawberry.type(description="The answer to workflowCreate.")
class WorkflowCreatePayload(Payload):
    workflow: Workflow | None = result("Workflow", "The new workflow.")


@strawberry.type(description="The answer to workflowUpdate.")
class WorkflowUpdatePayload(Payload):
    workflow: Workflow | None = result("Workflow", "The workflow as it is now.")


@strawberry.type(description="The answer to workflowArchive.")
class WorkflowArchivePayload(Payload):
    workflow: Workflow | None = result("Workflow", "The workflow, which is archived.")


def _steps(given: Sequence[WorkflowStepInput]) -> list[StepWords]:
    return [
        StepWords(
            name=step.name,
            mode=step.mode,
            needed=step.needed,
            four_eyes=step.four_eyes,
            roles=tuple(step.roles),
            member_ids=tuple(
                wanted(one, "Member", "steps", str(index), "memberIds", str(number))
                for number, one in enumerate(step.member_ids)
            ),
            due_hours=step.due_hours,
            reminders=tuple(step.reminders),
        )
        for index, step in enumerate(given)
    ]


@strawberry.type
class WorkflowMutations:
    @strawberry.mutation(description="Write down a way to review.")
    async def workflow_create(
        self,
        info: Info,
        input: Annotated[WorkflowCreateInput, strawberry.argument(description="The workflow.")],  # noqa: A002 - its name in the API
    ) -> WorkflowCreatePayload:
        async def act(work: UnitOfWork) -> Made:
            made = await workflows.create(
                work,
                name=input.name,
                steps=_steps(input.steps),
                brand_id=None
                if input.brand_id is None
                else wanted(input.brand_id, "Brand", "brandId"),
                platform=input.platform,
                is_default=input.is_default,
                keeps_approvals=input.keeps_approvals,
            )
            return {"workflow": made.id}

        return await perform(info, WorkflowCreatePayload, act)

    @strawberry.mutation(
        description="Change a workflow. Reviews that run go on with the steps they began with."
    )
    async def workflow_update(
        self,
        info: Info,
        input: Annotated[WorkflowUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> WorkflowUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            changed = await workflows.update(
                work,
                workflow_id=wanted(input.id, "Workflow", "id"),
                expected_version=input.expected_version,
                changes=changes(
                    input, "name", "is_default", "keeps_approvals", empty=("platform",)
                ),
                steps=None if input.steps is None else _steps(input.steps),
            )
            return {"workflow": changed.id}

        return await perform(info, WorkflowUpdatePayload, act)

    @strawberry.mutation(
        description="Let no new review take a workflow; those that run go on with it."
    )
    async def workflow_archive(
        self,
        info: Info,
        input: Annotated[WorkflowArchiveInput, strawberry.argument(description="The workflow.")],  # noqa: A002 - its name in the API
    ) -> WorkflowArchivePayload:
        async def act(work: UnitOfWork) -> Made:
            archived = await workflows.archive(
                work,
                workflow_id=wanted(input.id, "Workflow", "id"),
                expected_version=input.expected_version,
            )
            return {"workflow": archived.id}

        return await perform(info, WorkflowArchivePayload, act)
