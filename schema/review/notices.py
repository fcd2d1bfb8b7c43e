"""What was mailed to whom about reviews, as the API shows it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.kernel.caller import Permission
from hub.kernel.shapes import columns
from hub.review import models
from hub.review.queries import is_mine
from schema.access.types import Member
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, reads, to_one
from schema.base.node import Node
from schema.content.types import ContentItem

if TYPE_CHECKING:
    from schema.review.remarks import Remark
    from schema.review.types import Review

NoticeKind = models.NoticeKind
describe(
    NoticeKind,
    description="What somebody is told by mail.",
    values={
        "STEP_OPENED": "They are asked to decide.",
        "DUE_SOON": "They have not decided yet, and the time draws near.",
        "OVERDUE": "They have not decided, and the time is over.",
        "CHANGES_REQUESTED": "What they submitted must be changed.",
        "APPROVED": "What they submitted is approved.",
        "REMARK_ADDED": "Somebody remarked on their text.",
        "REMARK_ANSWERED": "Somebody answered their remark.",
    },
)
NoticeState = models.NoticeState
describe(
    NoticeState,
    description="Whether a notice has left.",
    values={
        "PENDING": "It is being sent, or tried again.",
        "SENT": "The mail server has taken it.",
        "FAILED": "It will not leave.",
        "SKIPPED": "It was not worth saying any more.",
    },
)
NoticeFailure = models.NoticeFailure
describe(
    NoticeFailure,
    description="Why a mail did not leave.",
    values={
        "BAD_ADDRESS": "The member's address is none.",
        "REFUSED": "The server refused it for good.",
        "NOT_ALLOWED": "The server does not let the hub in, or cannot be trusted.",
        "UNREACHABLE": "The server did not answer, or said: later.",
    },
)


def _problem(facts: Facts, asking: Asking) -> str | None:
    caller = asking.context.caller
    mine = caller.member_id is not None and str(facts["member_id"]) == str(caller.member_id)
    return facts["problem"] if mine or caller.may(Permission.WORKSPACE_ADMIN) else None


@reads(models.Notice, permission=Permission.REVIEW_READ, facts={"is_mine": is_mine})
@strawberry.type(description="One mail to one member.")
class Notice(Node):
    member: Member = to_one("Whom it is for.", columns("member_id"))
    kind: NoticeKind = column("What it says.")
    content_item: ContentItem | None = to_one("The content it is about.", columns("item_id"))
    review: Annotated["Review", strawberry.lazy("schema.review.types")] | None = to_one(
        "The review it is about; null: none.", columns("review_id")
    )
    remark: Annotated["Remark", strawberry.lazy("schema.review.remarks")] | None = to_one(
        "The remark it is about; null: none, or it was deleted.", columns("remark_id")
    )
    state: NoticeState = column("Whether it has left.")
    tries: int = column("How often it was tried.")
    failure: NoticeFailure | None = column("Why it did not leave when it was last tried.")
    problem: str | None = computed(
        "What the mail server said then; null unless it is yours or you manage the workspace, for "
        "it may name the address.",
        needs=("member_id", "problem"),
        make=_problem,
    )
    sent_at: datetime | None = column("When it left.")
    created_at: datetime = column("When it was due to be said.")
