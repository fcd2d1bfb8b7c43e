"""Contests: comments that take part, the list that was frozen, and whom the draw named."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel.model import (
    Base,
    Versioned,
    WorkspaceOwned,
    text_enum,
    within_workspace,
    workspace_args,
)


class ContestState(StrEnum):
    """Where a contest stands; `rules.TRANSITIONS` says what may follow what."""

    DRAFT = "DRAFT"
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    FROZEN = "FROZEN"
    DRAWN = "DRAWN"
    ANNOUNCED = "ANNOUNCED"
    CANCELLED = "CANCELLED"


class EntryState(StrEnum):
    """Whether a comment takes part."""

    ELIGIBLE = "ELIGIBLE"
    DISQUALIFIED = "DISQUALIFIED"


class EntryReason(StrEnum):
    """Why a comment does not take part."""

    OUT_OF_WINDOW = "OUT_OF_WINDOW"
    CONDITION_MISSING = "CONDITION_MISSING"
    TOO_FEW_MENTIONS = "TOO_FEW_MENTIONS"
    WRONG_ANSWER = "WRONG_ANSWER"
    PERSON_UNKNOWN = "PERSON_UNKNOWN"
    PERSON_TOO_NEW = "PERSON_TOO_NEW"
    EXCLUDED_PERSON = "EXCLUDED_PERSON"
    HIDDEN = "HIDDEN"
    DELETED = "DELETED"
    EDITED_LATE = "EDITED_LATE"
    DUPLICATE_PERSON = "DUPLICATE_PERSON"
    BY_HAND = "BY_HAND"


class Ruling(StrEnum):
    """What a member decided about a comment against, or beyond, the conditions."""

    DISQUALIFIED = "DISQUALIFIED"
    READMITTED = "READMITTED"


class PlaceStanding(StrEnum):
    """What somebody who was drawn is now."""

    WINNER = "WINNER"
    ALTERNATE = "ALTERNATE"
    REPLACED = "REPLACED"


_SHA256 = "encode(sha256({bytes}), 'hex')"


class Contest(Versioned, WorkspaceOwned, Base):
    """A draw among those who commented. What was promised or frozen never changes afterwards.

    `sealed` holds the seed until the draw, `commitment` is its SHA-256 and public from the opening
    on. A trigger refuses every other way from state to state, and every change of what is frozen.
    """

    __tablename__ = "contests"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        within_workspace("item_id", "content_items"),
        CheckConstraint("opens_at < closes_at", name="window"),
        CheckConstraint("winner_count >= 1 AND alternate_count >= 0", name="counts"),
        CheckConstraint(
            "state IN ('DRAFT', 'CANCELLED') OR (commitment IS NOT NULL AND sealed IS NOT NULL)",
            name="opened_has_commitment",
        ),
        # NULL equals nothing and would pass for it.
        CheckConstraint(
            "state NOT IN ('FROZEN', 'DRAWN', 'ANNOUNCED') OR coalesce(list_hash = "
            + _SHA256.format(bytes="convert_to(entrant_list, 'UTF8')")
            + ", false)",
            name="frozen_has_list",
        ),
        CheckConstraint(
            "state NOT IN ('DRAWN', 'ANNOUNCED') OR coalesce(commitment = "
            + _SHA256.format(bytes="decode(seed, 'hex')")
            + ", false)",
            name="drawn_by_committed_seed",
        ),
        Index("ix_contests_brand_id", "workspace_id", "brand_id", "id"),
        Index("ix_contests_closes_at", "workspace_id", "closes_at", "id"),
        Index(
            "ix_contests_item_id",
            "workspace_id",
            "item_id",
            postgresql_where=text("item_id IS NOT NULL"),
        ),
    )

    brand_id: Mapped[UUID]
    name: Mapped[str]
    locale: Mapped[str]
    # The rules of the game as people read them: {locale: text}.
    rules: Mapped[dict[str, Any]]
    conditions: Mapped[dict[str, Any]]
    excluded_person_ids: Mapped[list[str]]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    winner_count: Mapped[int]
    alternate_count: Mapped[int]
    state: Mapped[ContestState] = mapped_column(text_enum(ContestState), default=ContestState.DRAFT)
    # What everybody can look up and nobody can choose: named at the opening, entered at the draw.
    entropy_source: Mapped[str] = mapped_column(default="")
    entropy_value: Mapped[str | None]
    commitment: Mapped[str | None]
    key_id: Mapped[str | None]
    sealed: Mapped[bytes | None]
    seed: Mapped[str | None]
    entrant_list: Mapped[str | None]
    list_hash: Mapped[str | None]
    proof: Mapped[dict[str, Any] | None]
    # Why it closed early, was frozen with comments unread, or was cancelled.
    close_reason: Mapped[str] = mapped_column(default="")
    unread_reason: Mapped[str] = mapped_column(default="")
    cancel_reason: Mapped[str] = mapped_column(default="")
    item_id: Mapped[UUID | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    frozen_at: Mapped[datetime | None]
    drawn_at: Mapped[datetime | None]
    announced_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class ContestSource(WorkspaceOwned, Base):
    """A publication whose comments take part, and since when all of them had been read."""

    __tablename__ = "contest_sources"
    __table_args__ = workspace_args(
        within_workspace("contest_id", "contests"),
        within_workspace("publication_id", "publications"),
        UniqueConstraint("contest_id", "publication_id"),
        Index("ix_contest_sources_contest_id", "workspace_id", "contest_id", "id"),
        Index("ix_contest_sources_publication_id", "workspace_id", "publication_id", "id"),
    )

    workspace_id: Mapped[UUID] = mapped_column()
    contest_id: Mapped[UUID]
    publication_id: Mapped[UUID]
    # When the last reading began that came to the end of the comments.
    read_at: Mapped[datetime | None]


class ContestEntry(WorkspaceOwned, Base):
    """One comment under a contest, whether it takes part, and why not; fixed by the freeze."""

    __tablename__ = "contest_entries"
    __table_args__ = workspace_args(
        within_workspace("contest_id", "contests"),
        within_workspace("message_id", "messages"),
        within_workspace("person_id", "persons"),
        UniqueConstraint("contest_id", "message_id"),
        CheckConstraint(
            "(state = 'ELIGIBLE') = (jsonb_array_length(reasons) = 0)", name="state_has_reasons"
        ),
        CheckConstraint("state <> 'ELIGIBLE' OR person_id IS NOT NULL", name="eligible_is_known"),
        Index("ix_contest_entries_contest_id", "workspace_id", "contest_id", "written_at", "id"),
        Index("ix_contest_entries_written_at", "workspace_id", "written_at", "id"),
        Index("ix_contest_entries_person_id", "workspace_id", "person_id", "id"),
        Index(
            "uq_contest_entries_eligible",
            "contest_id",
            "person_id",
            unique=True,
            postgresql_where=text("state = 'ELIGIBLE'"),
        ),
    )

    workspace_id: Mapped[UUID] = mapped_column()
    contest_id: Mapped[UUID]
    message_id: Mapped[UUID]
    person_id: Mapped[UUID | None]
    # The person's name in this contest's list and proof: it tells nothing outside of them.
    entrant: Mapped[str | None]
    written_at: Mapped[datetime]
    state: Mapped[EntryState] = mapped_column(text_enum(EntryState))
    reasons: Mapped[list[dict[str, Any]]]
    ruling: Mapped[Ruling | None] = mapped_column(text_enum(Ruling))
    ruling_reason: Mapped[str] = mapped_column(default="")
    ruled_by: Mapped[UUID | None]


class ContestPlace(WorkspaceOwned, Base):
    """Somebody the draw named: winners first, then alternates, in the order of the draw."""

    __tablename__ = "contest_places"
    __table_args__ = workspace_args(
        within_workspace("contest_id", "contests"),
        within_workspace("entry_id", "contest_entries"),
        within_workspace("replaces_id", "contest_places"),
        UniqueConstraint("contest_id", "rank"),
        CheckConstraint(
            "(standing = 'REPLACED') = (replaced_at IS NOT NULL)", name="replaced_has_time"
        ),
        Index("ix_contest_places_contest_id", "workspace_id", "contest_id", "rank", "id"),
    )

    workspace_id: Mapped[UUID] = mapped_column()
    contest_id: Mapped[UUID]
    entry_id: Mapped[UUID]
    rank: Mapped[int]
    entrant: Mapped[str]
    handle: Mapped[str]
    standing: Mapped[PlaceStanding] = mapped_column(text_enum(PlaceStanding))
    replaced_at: Mapped[datetime | None]
    replaced_reason: Mapped[str] = mapped_column(default="")
    # Whose place an alternate took.
    replaces_id: Mapped[UUID | None]
