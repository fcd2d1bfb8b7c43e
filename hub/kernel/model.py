"""What every table has in common."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from hub.kernel.ids import new_id

Json = dict[str, Any]


def text_enum(kind: type[StrEnum]) -> Enum:
    """Text with a check, not a database enum: adding a state must never need a migration lock."""
    return Enum(
        kind,
        native_enum=False,
        values_callable=lambda cls: [member.value for member in cls],
        length=40,
        create_constraint=False,
    )


class Base(DeclarativeBase):
    """Base of all tables: names of constraints are predictable, times have a zone."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        str: Text(),
        bytes: LargeBinary(),
        dict[str, Any]: JSONB(none_as_null=True),
        list[dict[str, Any]]: JSONB(none_as_null=True),
        list[str]: JSONB(none_as_null=True),
        list[int]: JSONB(none_as_null=True),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=func.hub_now())


class WorkspaceOwned:
    """A row of one workspace: policies, sessions and composite foreign keys keep it there.

    Every such table has a unique pair (workspace_id, id), so that a foreign key made of both
    can never join two workspaces. A table whose every row has a parent declares `workspace_id`
    without a key of its own: the parent's says it, and each key is one more look per row.
    """

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id"))

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - SQLAlchemy hands over the class
        return workspace_args()


def within_workspace(
    column: str, table: str, *, ondelete: str | None = None
) -> ForeignKeyConstraint:
    """Return a foreign key that carries the workspace: it can never join two of them.

    `ondelete` says what becomes of the row when the other one is deleted; by default it may not be.
    """
    return ForeignKeyConstraint(
        ["workspace_id", column], [f"{table}.workspace_id", f"{table}.id"], ondelete=ondelete
    )


def workspace_args(*extra: Any) -> tuple[Any, ...]:
    """Return the table arguments of a workspace's table, plus its own."""
    return (UniqueConstraint("workspace_id", "id"), *extra)


class Versioned:
    """A row that editors change: `version` counts up with every change they make."""

    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.hub_now())
