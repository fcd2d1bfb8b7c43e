"""Out it goes, as the API shows it: publications and the evidence of every try."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.kernel.caller import Permission
from hub.kernel.shapes import columns
from hub.publishing import models
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, computed, listed, paged, reads, to_one
from schema.base.node import Node
from schema.base.offers import Action, Problem, available_actions, problems
from schema.base.paging import Connection
from schema.channels.types import Channel
from schema.content.types import ContentItem, Edition, EditionOrigin, Revision

if TYPE_CHECKING:
    from schema.analytics.types import Measurement
    from schema.engagement.types import Thread

LazyMeasurement = Annotated["Measurement", strawberry.lazy("schema.analytics.types")]
LazyThread = Annotated["Thread", strawberry.lazy("schema.engagement.types")]

PublicationState = models.PublicationState
describe(
    PublicationState,
    description="Where a publication stands.",
    values={
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
    },
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


@reads(models.Publication, permission=Permission.PUBLISHING_READ)
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
    url: str | None = column("Its address on the platform.")
    remote_id: str | None = column("Its id on the platform.")
    posts: list[Post] = computed(
        "Every post of it that is out; a thread has several.", needs=("refs",), make=_posts
    )
    approved_hash: str | None = column("The hash that was approved.")
    sent_hash: str | None = column("The hash that was sent: the same.")
    external_reference: str | None = column("Your own key for it, unique in the workspace.")
    attempts: list[Attempt] = listed(
        "Every try, oldest first.", columns("id", "publication_id"), order=("number",)
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
    thread: LazyThread | None = to_one(
        "The conversation under it; null until somebody answered.", columns("id", "publication_id")
    )
    problems: list[Problem] = problems("Publication")
    available_actions: list[Action] = available_actions("Publication")
    version: int = column("Counts up with every change; give it back as `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
