"""What happens in contests: together with the proof, all that outsiders need to check a draw."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from hub.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ContestCreated(Event):
    """Somebody prepares a contest."""

    name: ClassVar[str] = "contest.created"
    subject_type: ClassVar[str] = "Contest"


@dataclass(frozen=True, kw_only=True)
class ContestUpdated(Event):
    """Somebody changed a contest that is not open yet."""

    name: ClassVar[str] = "contest.updated"
    subject_type: ClassVar[str] = "Contest"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ContestOpened(Event):
    """From here on its terms are fixed; the commitment is the SHA-256 of the seed of the draw."""

    name: ClassVar[str] = "contest.opened"
    subject_type: ClassVar[str] = "Contest"

    commitment: str
    entropy_source: str
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, kw_only=True)
class ContestClosed(Event):
    """What is written from now on takes no part; early only with a reason."""

    name: ClassVar[str] = "contest.closed"
    subject_type: ClassVar[str] = "Contest"

    reason: str


@dataclass(frozen=True, kw_only=True)
class ContestRead(Event):
    """After the close all comments were read once more: the list can be frozen."""

    name: ClassVar[str] = "contest.read"
    subject_type: ClassVar[str] = "Contest"


@dataclass(frozen=True, kw_only=True)
class ContestFrozen(Event):
    """The list of those who take part is fixed, by its hash."""

    name: ClassVar[str] = "contest.frozen"
    subject_type: ClassVar[str] = "Contest"

    list_hash: str
    entrants: int
    unread_reason: str
    proof_digest: str


@dataclass(frozen=True, kw_only=True)
class ContestDrawn(Event):
    """The seed is revealed, and with it who has won."""

    name: ClassVar[str] = "contest.drawn"
    subject_type: ClassVar[str] = "Contest"

    seed: str
    list_hash: str
    entropy_value: str
    winners: tuple[str, ...]
    proof_digest: str


@dataclass(frozen=True, kw_only=True)
class ContestWinnerReplaced(Event):
    """A winner gave way to the next alternate, or to nobody where none is left."""

    name: ClassVar[str] = "contest.winner_replaced"
    subject_type: ClassVar[str] = "Contest"

    entrant: str
    replaced_by: str | None
    reason: str
    proof_digest: str


@dataclass(frozen=True, kw_only=True)
class ContestAnnouncementWritten(Event):
    """A text with the winners' names waits for the usual review."""

    name: ClassVar[str] = "contest.announcement_written"
    subject_type: ClassVar[str] = "Contest"

    item_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContestAnnounced(Event):
    """The winners' names are out."""

    name: ClassVar[str] = "contest.announced"
    subject_type: ClassVar[str] = "Contest"

    publication_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContestCancelled(Event):
    """There will be no draw."""

    name: ClassVar[str] = "contest.cancelled"
    subject_type: ClassVar[str] = "Contest"

    reason: str


@dataclass(frozen=True, kw_only=True)
class ContestEntryDisqualified(Event):
    """A member took a comment out, for a reason everybody can read."""

    name: ClassVar[str] = "contest_entry.disqualified"
    subject_type: ClassVar[str] = "ContestEntry"

    contest_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class ContestEntryReadmitted(Event):
    """A member let a comment take part after all, for a reason everybody can read."""

    name: ClassVar[str] = "contest_entry.readmitted"
    subject_type: ClassVar[str] = "ContestEntry"

    contest_id: UUID
    reason: str
