"""Changing what people edit: find it in the workspace, refuse a lost update, count the version."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from hub.kernel.errors import Conflict, Invalid, NotFound, Taken
from hub.kernel.texts import require_storable
from hub.kernel.work import UnitOfWork

Row = TypeVar("Row", bound=Any)

_REFERENCE = ("input", "externalReference")


async def get(
    work: UnitOfWork,
    table: type[Row],
    row_id: UUID,
    *,
    path: tuple[str, ...] = ("input", "id"),
    lock: bool = False,
) -> Row:
    """Return the row of that id; one of another workspace does not exist.

    With `lock` nobody else changes it before this transaction ends, and it is read afresh.
    """
    statement = select(table).where(table.id == row_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found: Row | None = await work.one(statement)
    if found is None:
        raise NotFound("There is nothing with this id.", path=path)
    return found


async def edit(
    work: UnitOfWork,
    row: Any,
    changes: Mapping[str, Any],
    *,
    expected_version: int | None,
) -> tuple[str, ...]:
    """Apply the changes that differ; return the names of the fields that did.

    The row must have been loaded with a lock. A stale `expected_version` raises Conflict with the
    current one.
    """
    require_version(row, expected_version)
    changed = tuple(name for name, value in changes.items() if getattr(row, name) != value)
    if not changed:
        return ()
    for name in changed:
        setattr(row, name, changes[name])
    touch(work, row)
    await work.session.flush()
    return changed


def require_version(row: Any, expected_version: int | None) -> None:
    """Raise Conflict when the caller saw another version than the current one."""
    if expected_version is not None and row.version != expected_version:
        raise Conflict(current_version=row.version)


def touch(work: UnitOfWork, row: Any) -> None:
    """Count the version of a row that is about to change."""
    row.version += 1
    row.updated_at = work.now


def require_text(value: str, *, most: int, path: tuple[str, ...], empty: bool = False) -> str:
    """Return the text, trimmed; raise Invalid when it is empty, too long, or cannot be stored."""
    text = value.strip()
    if not text and not empty:
        raise Invalid("This must not be empty.", path=path)
    if len(text) > most:
        raise Invalid(f"This has {len(text)} characters; {most} are allowed.", path=path)
    require_storable(text, path=path)
    return text


async def free_reference(work: UnitOfWork, table: Any, reference: str | None) -> str | None:
    """Return the external reference, trimmed; raise Taken when another row of the type has it."""
    reference = require_reference(reference)
    if reference is not None and await work.one(
        select(table.id).where(table.external_reference == reference)
    ):
        raise taken_reference(reference)
    return reference


def require_reference(reference: str | None) -> str | None:
    """Return the external reference, trimmed; raise Invalid where it cannot be one."""
    return None if reference is None else require_text(reference, most=200, path=_REFERENCE)


def taken_reference(reference: str) -> Taken:
    """Return the error of a reference that another row of its type has."""
    return Taken(f"The reference {reference} is in use already.", path=_REFERENCE)
