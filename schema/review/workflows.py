"""How texts are reviewed, as the API shows it."""

from datetime import datetime
from typing import Annotated

import strawberry

from hub.actions import Action
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns, named_in
from hub.review import models
from schema.access.types import Member, Role
from schema.base.enums import describe
from schema.base.fields import column, listed, reads, to_one
from schema.base.node import Node
from schema.base.offers import available_actions
from schema.strategy.types import Brand

StepMode = models.StepMode
describe(
    StepMode,
    description="How many of those who may decide must approve a step.",
    values={
        "ANY": "One of them is enough.",
        "ALL": "Every one of them.",
        "N_OF_M": "As many as `needed` says.",
    },
)


@reads(models.WorkflowStep, permission=Permission.REVIEW_READ)
@strawberry.type(description="A step of a workflow.")
class WorkflowStep(Node):
    workflow: Annotated["Workflow", strawberry.lazy("schema.review.workflows")] = to_one(
        "The workflow it belongs to.", columns("workflow_id")
    )
    number: int = column("Its place: 1 is first.")
    name: str = column("What people call it.")
    mode: StepMode = column("How many must approve.")
    needed: int | None = column("With N_OF_M: how many must approve.")
    four_eyes: bool = column("Whether authors and submitter cannot approve it.")
    roles: list[Role] = column("Roles that may decide.")
    members: list[Member] = listed(
        "Members who may decide. Where no role and no member is named, all may who decide on "
        "reviews.",
        named_in("member_ids", "$[*]"),
    )
    due_hours: int | None = column("After how many hours it is due; null: never.")
    reminders: list[int] = column(
        "When those who still must decide are reminded, in hours from the due time on; negative "
        "ones are before it. At the due time itself they always are."
    )


@reads(
    models.Workflow,
    permission=Permission.REVIEW_READ,
    facts={"archived": lambda workflow: workflow.c.archived_at.is_not(None)},
)
@strawberry.type(description="How texts are reviewed: steps in their order. Reviews copy them.")
class Workflow(Node):
    name: str = column("What people call it.")
    brand: Brand | None = to_one("The brand it is for; null: all brands.", columns("brand_id"))
    platform: str | None = column("Key of the platform it is the default for; null: all.")
    is_default: bool = column(
        "Whether reviews take it where none is named; the one for the brand goes before the one "
        "for the platform."
    )
    keeps_approvals: bool = column(
        "Whether a review may go on at the step that asked for changes, so that approvals of "
        "earlier steps stand for other words."
    )
    steps: list[WorkflowStep] = listed(
        "Its steps.", columns("id", "workflow_id"), order=("number",)
    )
    archived_at: datetime | None = column("When it was archived; null: it can be used.")
    available_actions: list[Action] = available_actions("Workflow")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
