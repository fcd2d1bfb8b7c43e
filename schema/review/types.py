"""Is it ok, as the API shows it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from hub.content.models import ContentItem as ContentItemRow
from hub.kernel.caller import Permission
from hub.kernel.shapes import Link, columns, named_in, newest_in
from hub.review import models
from hub.review.queries import author_ids
from schema.access.types import Member
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, embedded, listed, reads, to_one
from schema.base.node import Node
from schema.base.offers import Action, available_actions
from schema.channels.types import Channel
from schema.content.types import ContentItem, Edition, Revision

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
    created_at: datetime = column("When it was decided.")


@reads(models.Review, permission=Permission.REVIEW_READ, facts={"author_ids": author_ids})
@strawberry.type(description="One run of review on one revision, for the channels it names.")
class Review(Node):
    content_item: ContentItem | None = to_one("What it is about.", columns("item_id"))
    revision: Revision | None = to_one("The version it decides on.", columns("revision_id"))
    state: ReviewState = column("Where it stands.")
    four_eyes: bool = column("Whether somebody else than author and submitter must approve.")
    note: str = column("What the submitter told the reviewers.")
    submitted_by: Member | None = to_one("Who asked for it.", columns("submitted_by"))
    targets: list[ReviewTarget] = listed("Where it shall go.", columns("id", "review_id"))
    decisions: list[Decision] = listed(
        "What was decided, oldest first.", columns("id", "review_id")
    )
    available_actions: list[Action] = available_actions("Review")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was submitted.")
    updated_at: datetime = column("When it was last changed.")
