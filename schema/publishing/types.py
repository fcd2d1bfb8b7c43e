"""Out it goes, as the API shows it: publications and the evidence of every try."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from hub.actions import Action
from hub.channels.models import Channel as ChannelRow
from hub.content.models import ContentItem as ContentItemRow
from hub.content.models import Edition as EditionRow
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns, exists_in, first_of, newest_in
from hub.publishing import models
from hub.review.models import Approval as ApprovalRow
from schema.access.types import Member
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, listed, paged, reads, to_one
from schema.base.node import Node
from schema.base.offers import Problem, available_actions, problems
from schema.base.paging import Connection
from schema.base.series import Series, series_of
from schema.channels.types import Channel
from schema.content.types import ContentItem, Edition, EditionOrigin, Revision, title_of_item

if TYPE_CHECKING:
    from schema.analytics.types import Measurement
    from schema.engagement.types import Thread

LazyMeasurement = Annotated["Measurement", strawberry.lazy("schema.analytics.types")]
LazyThread = Annotated["Thread", strawberry.lazy("schema.engagement.types")]

STATES = {
    "PLANNED": "It has no time yet.",
    "SCHEDULED": "It goes out when it is due.",
    "PUBLISHING": "It is on its way.",
    "PUBLISHED": "It is out.",
    "HELD": "It waits for a person; `holdReason` says why.",
    "UNCONFIRMED": "It may be out: the platform's answer was lost.",
    "FAILED": "It is not out; a person may try again.",
    "CANCELLED": "It was called off.",
    "EXPIRED": "Its latest time passed.",
    "WITHDRAWN": "It was out and was taken down.",
}
PublicationState = models.PublicationState
describe(
    PublicationState,
    description="Where a publication stands.",
    values=STATES,
)

HoldReason = models.HoldReason
describe(
    HoldReason,
    description="Why a publication waits for a person.",
    values={
        "UNAPPROVED": "Its approval was taken back.",
        "PAUSED": "The channel is switched off.",
        "PROBLEM": "Something must be repaired first.",
        "MISSED": "Its time passed while the hub could not send.",
        "EDITION_STALE": "The channel changed since it was rendered; review it again.",
        "NEEDS_AUTH": "The platform refuses the credentials.",
        "SUPERSEDED": "The text was changed after this was approved.",
    },
)


Standing = models.Standing
describe(
    Standing,
    name="PublicationStanding",
    description="How something that is out was last seen at the platform.",
    values={
        "STANDS": "It reads as it was sent.",
        "CHANGED": "It reads otherwise: somebody changed it there.",
        "HIDDEN": "It is there, and others cannot see it.",
        "GONE": "It is not there any more.",
    },
)

AmendmentKind = models.AmendmentKind
describe(
    AmendmentKind,
    description="What is to be done to something that is out.",
    values={
        "EDIT": "Newly approved words take the place of those that are out.",
        "WITHDRAW": "It is taken down.",
        "HIDE": "An answer under it is hidden from others.",
        "UNHIDE": "An answer under it is shown again.",
    },
)

AmendmentState = models.AmendmentState
describe(
    AmendmentState,
    description="Where an amendment stands.",
    values={
        "PENDING": "It is being done, or tried again.",
        "DONE": "It was done at the platform.",
        "FAILED": "It was not done, or not wholly; `problem` says why.",
    },
)


@strawberry.type(description="One post of what is out.")
class Post:
    remote_id: str = strawberry.field(description="Its id on the platform.")
    url: str = strawberry.field(description="Its address; may be empty.")


def _posts(facts: Facts, _asking: Asking) -> list[Post]:
    return [Post(remote_id=ref["remote_id"], url=ref.get("url") or "") for ref in facts["refs"]]


@reads(models.Attempt, permission=Permission.PUBLISHING_READ)
@strawberry.type(description="One try to send a publication, kept as evidence.")
class Attempt(Node):
    number: int = column("Counts from 1 within the publication.")
    worker: str = column("Which worker tried.")
    step: str | None = column("How far it came.")
    wire_digest: str | None = column("SHA-256 of what was sent, hexadecimal.")
    outcome: str | None = column("What came of it, in a word; null while it runs.")
    error: str | None = column("What went wrong, in a word.")
    message: str | None = column("What went wrong, for people.")
    status: int | None = column("The HTTP status of the platform, if there was one.")
    created_at: datetime = column("When it began.")
    finished_at: datetime | None = column("When it ended; null while it runs.")


@reads(models.Amendment, permission=Permission.PUBLISHING_READ)
@strawberry.type(description="A change to what is out: other words, or taken down.")
class Amendment(Node):
    kind: AmendmentKind = column("What is to be done.")
    state: AmendmentState = column("Where it stands.")
    edition: Edition | None = to_one(
        "The words that take their place, for an edit.", columns("edition_id")
    )
    former_edition: Edition | None = to_one(
        "The words that were out before, for an edit.", columns("former_edition_id")
    )
    reason: str = column("Why, in the words of whoever asked; may be empty.")
    requested_by: Member | None = to_one(
        "Who asked for it; null: the hub.", columns("requested_by")
    )
    problem: str = column("Why it is not done yet, or failed; empty when all is well.")
    attempts: int = column("How often it was tried.")
    hash: str | None = column("The hash of what was sent, once an edit is done.")
    due_at: datetime | None = column("When it is tried next; null once it has ended.")
    created_at: datetime = column("When it was asked for.")
    finished_at: datetime | None = column("When it ended; null while it is pending.")


def _channel_capabilities(publication: Any) -> Any:
    return newest_in(
        ChannelRow, "capabilities", lambda channel: channel.c.id == publication.c.channel_id
    )


def _newer_edition_approved(publication: Any) -> Any:
    """Say whether the item's current revision is approved here in words that are not out."""

    def words(other: Any) -> Any:
        return exists_in(
            ContentItemRow,
            lambda found: (
                (found.c.id == publication.c.item_id)
                & (found.c.current_revision_id == other.c.revision_id)
                & ~found.c.archived
            ),
        )

    def approved(other: Any) -> Any:
        return exists_in(
            ApprovalRow,
            lambda found: (
                (found.c.edition_id == other.c.id)
                & (found.c.hash == other.c.hash)
                & found.c.revoked_at.is_(None)
            ),
        )

    return exists_in(
        EditionRow,
        lambda other: (
            (other.c.channel_id == publication.c.channel_id)
            & (other.c.hash != publication.c.sent_hash)
            & words(other)
            & approved(other)
        ),
    )


def _pending_amendment(publication: Any) -> Any:
    return newest_in(
        models.Amendment,
        "kind",
        lambda row: (
            (row.c.publication_id == publication.c.id)
            & (row.c.state == "PENDING")
            & row.c.message_id.is_(None)
        ),
    )


def _calendar_at(publication: Any) -> Any:
    return first_of(publication.c.scheduled_for, publication.c.published_at)


@reads(
    models.Publication,
    permission=Permission.PUBLISHING_READ,
    facts={
        "calendar_at": _calendar_at,
        "item_title": title_of_item,
        "channel_capabilities": _channel_capabilities,
        "newer_edition_approved": _newer_edition_approved,
        "pending_amendment": _pending_amendment,
    },
)
@strawberry.type(description="One edition to one channel at one time.")
class Publication(Node):
    channel: Channel | None = to_one("Where it goes.", columns("channel_id"))
    content_item: ContentItem | None = to_one(
        "What it tells; null for an answer.", columns("item_id")
    )
    revision: Revision | None = to_one(
        "Which version of it; null for an answer.", columns("revision_id")
    )
    edition: Edition | None = to_one("Exactly what goes out.", columns("edition_id"))
    origin: EditionOrigin = column("Where its words come from.")
    state: PublicationState = column("Where it stands.")
    hold_reason: HoldReason | None = column("Why it waits for a person, when it is HELD.")
    scheduled_for: datetime | None = column("When it shall go out: the intent, which stays.")
    due_at: datetime | None = column("When it is tried next.")
    expires_at: datetime | None = column("When it is too late to send.")
    published_at: datetime | None = column("When it went out.")
    edited_at: datetime | None = column("When other words last took the place of those sent.")
    standing: Standing | None = column(
        "How it was last seen at the platform; null: not looked at since it went out or changed."
    )
    standing_at: datetime | None = column("When it was last looked at.")
    url: str | None = column("Its address on the platform.")
    remote_id: str | None = column("Its id on the platform.")
    posts: list[Post] = computed(
        "Every post of it that is out; a thread has several.",
        needs=("refs",),
        make=_posts,
        lasting=True,
    )
    approved_hash: str | None = column("The hash that was approved.")
    sent_hash: str | None = column("The hash that was sent: the same.")
    external_reference: str | None = column("Your own key for it, unique in the workspace.")
    attempts: list[Attempt] = listed(
        "Every try, oldest first.", columns("id", "publication_id"), order=("number",)
    )
    amendments: list[Amendment] = listed(
        "Every change that was asked for since it is out, oldest first.",
        columns("id", "publication_id"),
        order=("created_at",),
    )
    metrics: list[LazyMeasurement] | None = listed(
        "The latest value of every metric.",
        columns("id", "publication_id"),
        order=("metric", "-measured_at"),
        distinct=("metric",),
    )
    measurements: Connection[LazyMeasurement] | None = paged(
        "Every change of every metric, latest first.",
        columns("id", "publication_id"),
        order=("-measured_at",),
    )
    series: Series | None = series_of("publication")
    thread: LazyThread | None = to_one(
        "The conversation under it; null until somebody answered.", columns("id", "publication_id")
    )
    problems: list[Problem] = problems("Publication")
    available_actions: list[Action] = available_actions("Publication")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
