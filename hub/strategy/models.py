"""Why and how a brand speaks."""

from datetime import date
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


class Brand(Versioned, WorkspaceOwned, Base):
    """A name under which a workspace speaks; its channels and contents belong to it.

    Links to `own_domains` get the parameters of a campaign; to every domain where none is named.
    """

    __tablename__ = "brands"
    __table_args__ = workspace_args(
        UniqueConstraint("workspace_id", "slug"),
        Index("ix_brands_name", "workspace_id", "name", "id"),
    )

    slug: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    locales: Mapped[list[str]]
    own_domains: Mapped[list[str]] = mapped_column(default=list, server_default=text("'[]'"))


class Campaign(Versioned, WorkspaceOwned, Base):
    """What a brand wants to reach in a period, and the brief it gives its writers.

    `utm` is the template of the parameters its links get: by their names, see `hub.strategy.utm`.
    """

    __tablename__ = "campaigns"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        CheckConstraint(
            "starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on", name="dates"
        ),
        Index("ix_campaigns_brand_id", "workspace_id", "brand_id", "id"),
        Index(
            "uq_campaigns_external_reference",
            "workspace_id",
            "external_reference",
            unique=True,
            postgresql_where=text("external_reference IS NOT NULL"),
        ),
    )

    brand_id: Mapped[UUID]
    name: Mapped[str]
    objective: Mapped[str]
    brief: Mapped[str]
    locale: Mapped[str]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    external_reference: Mapped[str | None]
    paid: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    utm: Mapped[dict[str, Any] | None]


class VoiceGuide(Versioned, WorkspaceOwned, Base):
    """How a brand speaks in one language: what `hub.strategy.voice` checks, and words for people.

    The lists and bounds are plain JSON in the form of `hub.strategy.voice.Guide`.
    """

    __tablename__ = "voice_guides"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        UniqueConstraint("workspace_id", "brand_id", "locale"),
    )

    brand_id: Mapped[UUID]
    locale: Mapped[str]
    tone_do: Mapped[list[str]]
    tone_dont: Mapped[list[str]]
    banned_words: Mapped[list[dict[str, Any]]]
    required_disclosures: Mapped[list[dict[str, Any]]]
    preferred_spellings: Mapped[list[dict[str, Any]]]
    hashtags: Mapped[dict[str, Any] | None]
    emoji: Mapped[dict[str, Any] | None]


class Audience(Versioned, WorkspaceOwned, Base):
    """People a brand speaks to, and what they need."""

    __tablename__ = "audiences"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        Index("ix_audiences_brand_id", "workspace_id", "brand_id", "id"),
    )

    brand_id: Mapped[UUID]
    name: Mapped[str]
    description: Mapped[str]
    needs: Mapped[str]
    locales: Mapped[list[str]]


class Pillar(Versioned, WorkspaceOwned, Base):
    """A theme a brand comes back to, and the share of its contents it should have, in percent."""

    __tablename__ = "pillars"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        CheckConstraint("target_share BETWEEN 0 AND 100", name="target_share"),
        Index("ix_pillars_brand_id", "workspace_id", "brand_id", "id"),
    )

    brand_id: Mapped[UUID]
    name: Mapped[str]
    description: Mapped[str]
    target_share: Mapped[int | None]


class PlanEntry(WorkspaceOwned, Base):
    """So many publications a campaign wants in a span of days: anywhere, or in one kind of place.

    The whole plan is written at once; the campaign's version is the plan's.
    """

    __tablename__ = "plan_entries"
    __table_args__ = workspace_args(
        within_workspace("campaign_id", "campaigns"),
        within_workspace("channel_id", "channels"),
        within_workspace("pillar_id", "pillars", ondelete="SET NULL (pillar_id)"),
        CheckConstraint("platform IS NULL OR channel_id IS NULL", name="one_place"),
        CheckConstraint("planned > 0", name="planned"),
        CheckConstraint("starts_on <= ends_on", name="days"),
        Index("ix_plan_entries_campaign_id", "workspace_id", "campaign_id", "id"),
    )

    campaign_id: Mapped[UUID]
    position: Mapped[int]
    planned: Mapped[int]
    platform: Mapped[str | None]
    channel_id: Mapped[UUID | None]
    pillar_id: Mapped[UUID | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date]


class GoalMetric(StrEnum):
    """What a goal counts: publications, or something platforms count of each of them."""

    PUBLICATIONS = "PUBLICATIONS"
    LIKES = "LIKES"
    REPLIES = "REPLIES"
    SHARES = "SHARES"
    QUOTES = "QUOTES"


class Goal(Versioned, WorkspaceOwned, Base):
    """So much of something by a day, for a brand or one of its campaigns."""

    __tablename__ = "goals"
    __table_args__ = workspace_args(
        within_workspace("brand_id", "brands"),
        within_workspace("campaign_id", "campaigns"),
        CheckConstraint("target > 0", name="target"),
        CheckConstraint("starts_on <= deadline", name="days"),
        Index("ix_goals_brand_id", "workspace_id", "brand_id", "id"),
        Index("ix_goals_campaign_id", "workspace_id", "campaign_id", "id"),
        Index("ix_goals_deadline", "workspace_id", "deadline", "id"),
    )

    brand_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None]
    name: Mapped[str]
    metric: Mapped[GoalMetric] = mapped_column(text_enum(GoalMetric))
    target: Mapped[int]
    starts_on: Mapped[date]
    deadline: Mapped[date]
