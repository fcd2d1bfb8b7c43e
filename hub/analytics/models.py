"""Did it work: counters of publications over time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel.model import Base, WorkspaceOwned, within_workspace, workspace_args


class Measurement(WorkspaceOwned, Base):
    """The value of one metric of one publication when it was last seen to change."""

    __tablename__ = "measurements"
    __table_args__ = workspace_args(
        within_workspace("publication_id", "publications"),
        UniqueConstraint("publication_id", "metric", "measured_at"),
        Index(
            "ix_measurements_publication_id",
            "workspace_id",
            "publication_id",
            "metric",
            "measured_at",
        ),
    )

    publication_id: Mapped[UUID]
    metric: Mapped[str]
    # Some places count beyond what 32 bits hold.
    value: Mapped[int] = mapped_column(BigInteger)
    approximate: Mapped[bool]
    measured_at: Mapped[datetime]
