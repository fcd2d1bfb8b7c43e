"""What happens to publications."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from hub.kernel.events import Event
from hub.publishing.models import AmendmentKind, HoldReason, PauseScope, Standing


@dataclass(frozen=True, kw_only=True)
class PublicationScheduled(Event):
    """It has a time."""

    name: ClassVar[str] = "publication.scheduled"
    subject_type: ClassVar[str] = "Publication"

    channel_id: UUID
    scheduled_for: datetime


@dataclass(frozen=True, kw_only=True)
class PublicationStarted(Event):
    """A worker has taken it and prepares the sending."""

    name: ClassVar[str] = "publication.started"
    subject_type: ClassVar[str] = "Publication"

    attempt: int


@dataclass(frozen=True, kw_only=True)
class PublicationPublished(Event):
    """It is out."""

    name: ClassVar[str] = "publication.published"
    subject_type: ClassVar[str] = "Publication"

    channel_id: UUID
    url: str
    hash: str


@dataclass(frozen=True, kw_only=True)
class PublicationDelayed(Event):
    """The try did not work; there will be another one."""

    name: ClassVar[str] = "publication.delayed"
    subject_type: ClassVar[str] = "Publication"

    due_at: datetime
    problem: str


@dataclass(frozen=True, kw_only=True)
class PublicationHeld(Event):
    """It waits for a person."""

    name: ClassVar[str] = "publication.held"
    subject_type: ClassVar[str] = "Publication"

    reason: HoldReason
    problem: str


@dataclass(frozen=True, kw_only=True)
class PublicationUnconfirmed(Event):
    """It may be out; the hub looks, or a person must."""

    name: ClassVar[str] = "publication.unconfirmed"
    subject_type: ClassVar[str] = "Publication"

    needs_person: bool
    problem: str


@dataclass(frozen=True, kw_only=True)
class PublicationFailed(Event):
    """It did not go out and will not by itself."""

    name: ClassVar[str] = "publication.failed"
    subject_type: ClassVar[str] = "Publication"

    problem: str


@dataclass(frozen=True, kw_only=True)
class PublicationCancelled(Event):
    """Somebody called it back in time."""

    name: ClassVar[str] = "publication.cancelled"
    subject_type: ClassVar[str] = "Publication"


@dataclass(frozen=True, kw_only=True)
class PublicationExpired(Event):
    """Its latest time passed."""

    name: ClassVar[str] = "publication.expired"
    subject_type: ClassVar[str] = "Publication"


@dataclass(frozen=True, kw_only=True)
class PublicationEdited(Event):
    """Other approved words have taken the place of those that were out."""

    name: ClassVar[str] = "publication.edited"
    subject_type: ClassVar[str] = "Publication"

    channel_id: UUID
    url: str
    hash: str


@dataclass(frozen=True, kw_only=True)
class PublicationWithdrawn(Event):
    """It was taken down."""

    name: ClassVar[str] = "publication.withdrawn"
    subject_type: ClassVar[str] = "Publication"

    channel_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class PublicationSeen(Event):
    """It was looked at where it is out, and stands otherwise than when it was last seen."""

    name: ClassVar[str] = "publication.seen"
    subject_type: ClassVar[str] = "Publication"

    standing: Standing


@dataclass(frozen=True, kw_only=True)
class PublishingPaused(Event):
    """Nothing of a scope goes out any more, from the next moment of truth on.

    `held` counts what was due and is held now; `in_flight` are publications that could no longer
    be stopped, at most a hundred.
    """

    name: ClassVar[str] = "publishing.paused"
    subject_type: ClassVar[str] = "Pause"

    scope: PauseScope
    reason: str
    incident_id: UUID | None
    held: int
    in_flight: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class PublishingResumed(Event):
    """A pause has ended; the numbers say what became of what it had held."""

    name: ClassVar[str] = "publishing.resumed"
    subject_type: ClassVar[str] = "Pause"

    incident_id: UUID | None
    released: int
    still_held: int
    cancelled: int


@dataclass(frozen=True, kw_only=True)
class AmendmentRequested(Event):
    """Somebody wants to change what is out."""

    name: ClassVar[str] = "amendment.requested"
    subject_type: ClassVar[str] = "Amendment"

    publication_id: UUID
    kind: AmendmentKind


@dataclass(frozen=True, kw_only=True)
class AmendmentDone(Event):
    """It was done at the platform; `message_id` names the answer that it concerned, if one."""

    name: ClassVar[str] = "amendment.done"
    subject_type: ClassVar[str] = "Amendment"

    publication_id: UUID
    kind: AmendmentKind
    message_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class AmendmentFailed(Event):
    """It could not be done."""

    name: ClassVar[str] = "amendment.failed"
    subject_type: ClassVar[str] = "Amendment"

    publication_id: UUID
    kind: AmendmentKind
    problem: str
