"""Is it ok, as the API shows it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from hub.actions import Action
from hub.content.models import ContentItem as ContentItemRow
from hub.kernel.caller import Permission
from hub.kernel.shapes import Link, columns, named_in, newest_in
from hub.review import models
from hub.review.queries import (
    OPEN_STEP,
    approver_ids,
    author_ids,
    candidate_ids,
    first_remarks,
    is_blocked,
    of_open_step,
    waits_for_me,
)
from schema.access.types import Member, Role
from schema.base.enums import describe
from schema.base.fields import (
    Asking,
    Facts,
    column,
    computed,
    embedded,
    listed,
    paged,
    reads,
    to_one,
)
from schema.base.node import Node
from schema.base.offers import Problem, available_actions, problems
from schema.base.paging import Connection
from schema.channels.types import Channel
from schema.content.types import ContentItem, Edition, Revision
from schema.review.workflows import StepMode, Workflow

if TYPE_CHECKING:
    from schema.review.notices import Notice
    from schema.review.remarks import Remark

Remarks = Connection[Annotated["Remark", strawberry.lazy("schema.review.remarks")]]
Notices = Connection[Annotated["Notice", strawberry.lazy("schema.review.notices")]]

ReviewState = models.ReviewState
describe(
    ReviewState,
    description="Where a review stands.",
    values={
        "PREPARING": "The editions are being rendered.",
        "IN_REVIEW": "Somebody must decide.",
        "BLOCKED": "A target cannot be rendered without errors; see the editions' problems.",
        "APPROVED": "The editions may go out.",
        "CHANGES_REQUESTED": "The text goes back to its author.",
        "SUPERSEDED": "The text was changed meanwhile.",
        "CANCELLED": "It was withdrawn.",
    },
)

Verdict = models.Verdict
describe(
    Verdict,
    description="What a reviewer decided.",
    values={
        "APPROVE": "It may go out as it was shown.",
        "REQUEST_CHANGES": "It must be changed first.",
    },
)

StepState = models.StepState
describe(
    StepState,
    description="Where a step of a review stands.",
    values={
        "WAITING": "Others come first.",
        "OPEN": "Somebody must decide.",
        "DONE": "Enough have approved.",
        "CLOSED": "The review ended without it.",
    },
)


def _review_state(target: Any) -> Any:
    return newest_in(models.Review, "state", lambda review: review.c.id == target.c.review_id)


def _item_id(target: Any) -> Any:
    return newest_in(models.Review, "item_id", lambda review: review.c.id == target.c.review_id)


def _item_title(target: Any) -> Any:
    return newest_in(ContentItemRow, "title", lambda item: item.c.id == _item_id(target))


def _campaign_id(target: Any) -> Any:
    return newest_in(ContentItemRow, "campaign_id", lambda item: item.c.id == _item_id(target))


#: The way from a target to the content its review is about.
ITEM_OF_TARGET = Link(on=lambda target, item: item.c.id == _item_id(target))


@reads(
    models.ReviewTarget,
    permission=Permission.REVIEW_READ,
    facts={
        "review_state": _review_state,
        "item_title": _item_title,
        "campaign_id": _campaign_id,
    },
)
@strawberry.type(description="A channel a revision is meant for, and what would go out there.")
class ReviewTarget(Node):
    review: Annotated["Review", strawberry.lazy("schema.review.types")] = to_one(
        "The review it is a target of.", columns("review_id")
    )
    channel: Channel | None = to_one("Where it shall go.", columns("channel_id"))
    scheduled_for: datetime | None = column("When it shall go out; null: decided later.")
    edition: Edition | None = to_one(
        "What would go out; null while it is being rendered.", columns("edition_id")
    )


@strawberry.type(description="An edition as a reviewer saw it.")
class SeenEdition:
    edition: Edition | None = strawberry.field(description="The edition.")
    hash: str = strawberry.field(description="Its hash when the decision was made.")


def _seen(facts: Facts, _asking: Asking, editions: Mapping[str, Any]) -> list[SeenEdition]:
    return [
        SeenEdition(edition=editions.get(edition), hash=seen)
        for edition, seen in sorted(facts["editions"].items())
    ]


@reads(models.Decision, permission=Permission.REVIEW_READ)
@strawberry.type(description="What one reviewer said; never changed afterwards.")
class Decision(Node):
    step: Annotated["ReviewStep", strawberry.lazy("schema.review.types")] = to_one(
        "The step it was made at.", columns("step_id")
    )
    member: Member = to_one("Who decided.", columns("member_id"))
    verdict: Verdict = column("What was decided.")
    remark: str = column("Why, in the reviewer's words; may be empty.")
    editions: list[SeenEdition] | None = embedded(
        "What exactly was decided on.",
        needs=("editions",),
        target="Edition",
        link=named_in("editions", "$.keyvalue().key"),
        make=_seen,
    )
    carried_from: Annotated["Decision", strawberry.lazy("schema.review.types")] | None = to_one(
        "The decision of an earlier review that stands here, for the editions seen then; null: it "
        "was made in this one.",
        columns("carried_from"),
    )
    created_at: datetime = column("When it was decided.")


def _overdue(facts: Facts, asking: Asking) -> bool:
    due = facts["due_at"]
    return facts["state"] in {"OPEN", "IN_REVIEW"} and due is not None and due < asking.now


@reads(models.ReviewStep, permission=Permission.REVIEW_READ)
@strawberry.type(description="A step of one review, as it was when the review began.")
class ReviewStep(Node):
    review: Annotated["Review", strawberry.lazy("schema.review.types")] = to_one(
        "The review it belongs to.", columns("review_id")
    )
    number: int = column("Its place: 1 is first.")
    name: str = column("What people call it; empty where there is no workflow.")
    state: StepState = column("Where it stands.")
    mode: StepMode = column("How many must approve.")
    needed: int | None = column("With N_OF_M: how many must approve.")
    four_eyes: bool = column("Whether authors and submitter cannot approve it.")
    roles: list[Role] = column("Roles that may decide.")
    members: list[Member] = listed(
        "Members who may decide. Where no role and no member is named, all may who decide on "
        "reviews.",
        named_in("member_ids", "$[*]"),
    )
    decisions: list[Decision] = listed(
        "What was decided at it, oldest first.", columns("id", "step_id")
    )
    opened_at: datetime | None = column("When its turn came.")
    due_at: datetime | None = column("When it is due; null: never, or not yet known.")
    overdue: bool = computed(
        "Whether it is open though its time is over.", needs=("state", "due_at"), make=_overdue
    )
    done_at: datetime | None = column("When enough had approved.")


@reads(
    models.Review,
    permission=Permission.REVIEW_READ,
    facts={
        "author_ids": author_ids,
        "candidate_ids": candidate_ids,
        "approver_ids": approver_ids,
        "blocked": is_blocked,
        "open_mode": of_open_step("mode"),
        "open_needed": of_open_step("needed"),
        "open_four_eyes": of_open_step("four_eyes"),
        "waits_for_me": waits_for_me,
    },
)
@strawberry.type(description="One run of review on one revision, for the channels it names.")
class Review(Node):
    content_item: ContentItem | None = to_one("What it is about.", columns("item_id"))
    revision: Revision | None = to_one("The version it decides on.", columns("revision_id"))
    state: ReviewState = column("Where it stands.")
    four_eyes: bool = column("Whether somebody else than author and submitter must approve.")
    workflow: Workflow | None = to_one(
        "Where its steps come from; null: it has one, for all who decide on reviews.",
        columns("workflow_id"),
    )
    steps: list[ReviewStep] = listed("Its steps.", columns("id", "review_id"), order=("number",))
    open_step: ReviewStep | None = to_one("The step that waits for somebody.", OPEN_STEP)
    due_at: datetime | None = column("When the open step is due.")
    overdue: bool = computed(
        "Whether the open step is overdue.", needs=("state", "due_at"), make=_overdue
    )
    resumed_from: Annotated["Review", strawberry.lazy("schema.review.types")] | None = to_one(
        "The review that it goes on with; null: it began anew.", columns("resumed_from")
    )
    note: str = column("What the submitter told the reviewers.")
    submitted_by: Member | None = to_one("Who asked for it.", columns("submitted_by"))
    targets: list[ReviewTarget] = listed("Where it shall go.", columns("id", "review_id"))
    decisions: list[Decision] = listed(
        "What was decided, oldest first.", columns("id", "review_id")
    )
    remarks: Remarks = paged(
        "Remarks on its content, of all reviews, newest first.", first_remarks("item_id")
    )
    notices: Notices = paged("Who was told of it by mail.", columns("id", "review_id"))
    problems: list[Problem] = problems("Review")
    available_actions: list[Action] = available_actions("Review")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was submitted.")
    updated_at: datetime = column("When it was last changed.")
