"""Why and how a brand speaks."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from hub.kernel.model import Base, Versioned, WorkspaceOwned, within_workspace, workspace_args


class Brand(Versioned, WorkspaceOwned, Base):
    """A name under which a workspace speaks; its channels and contents belong to it."""

    __tablename__ = "brands"
    __table_args__ = workspace_args(
        UniqueConstraint("workspace_id", "slug"),
        Index("ix_brands_name", "workspace_id", "name", "id"),
    )

    slug: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    locales: Mapped[list[str]]


class Campaign(Versioned, WorkspaceOwned, Base):
    """What a brand wants to reach in a period, and the brief it gives its writers."""

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
