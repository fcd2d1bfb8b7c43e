"""Remarks on contents, as the API shows them."""

from datetime import datetime
from typing import Annotated

import strawberry

from hub.actions import Action
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns
from hub.review import anchors, models
from hub.review.queries import has_answers, words_now
from schema.access.types import Member
from schema.base.fields import Asking, Facts, column, computed, listed, reads, to_one
from schema.base.node import Node
from schema.base.offers import available_actions
from schema.content.types import ContentItem, Revision
from schema.review.types import Review


@strawberry.type(
    description="Where a remark stands in the current words: what it quotes is found again."
)
class RemarkAnchor:
    field: str = strawberry.field(
        description="The field: title, summary, link, or parts.0.text, counted from 0."
    )
    start: int | None = strawberry.field(
        description="Where the span begins, in code points; null: it is about the whole field."
    )
    end: int | None = strawberry.field(description="Where the span ends; this one not included.")
    quote: str = strawberry.field(description="What the span held when the remark was made.")
    outdated: bool = strawberry.field(
        description="Whether the current words do not have it any more; then the place is the old."
    )


def _anchor(facts: Facts, _asking: Asking) -> RemarkAnchor | None:
    if facts["field"] is None:
        return None
    made = anchors.Anchor(
        field=facts["field"],
        start=facts["span_start"],
        end=facts["span_end"],
        quote=facts["quote"],
    )
    found = anchors.found_again(made, facts["words_now"])
    return RemarkAnchor(
        field=found.field,
        start=found.start,
        end=found.end,
        quote=made.quote,
        outdated=found.outdated,
    )


@reads(
    models.Remark,
    permission=Permission.REVIEW_READ,
    facts={"words_now": words_now, "answered": has_answers},
)
@strawberry.type(description="A word about a content, or an answer to one.")
class Remark(Node):
    content_item: ContentItem | None = to_one("What it is about.", columns("item_id"))
    revision: Revision | None = to_one("The version it was made on.", columns("revision_id"))
    review: Review | None = to_one(
        "The review that was open then; null: there was none.", columns("review_id")
    )
    parent: Annotated["Remark", strawberry.lazy("schema.review.remarks")] | None = to_one(
        "What it answers; null: it is no answer.", columns("parent_id")
    )
    answers: list[Annotated["Remark", strawberry.lazy("schema.review.remarks")]] = listed(
        "The answers to it, oldest first.", columns("id", "parent_id")
    )
    author: Member = to_one("Who made it.", columns("author_id"))
    text: str = column("What it says.")
    anchor: RemarkAnchor | None = computed(
        "Where it stands; null: it is about the whole, or an answer.",
        needs=("field", "span_start", "span_end", "quote", "words_now"),
        make=_anchor,
        lasting=True,
    )
    blocking: bool = column("Whether nobody can approve until it is resolved.")
    resolved_at: datetime | None = column("When what it asks for was done; null: it was not.")
    resolved_by: Member | None = to_one("Who said so.", columns("resolved_by"))
    available_actions: list[Action] = available_actions("Remark")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
