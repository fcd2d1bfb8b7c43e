"""Global ids: opaque to clients, and good for one type in one workspace only."""

from uuid import UUID

import strawberry

from hub.kernel.errors import NotFound
from hub.kernel.ids import global_id, read_global_id
from schema.base.fields import identity


@strawberry.interface(description="Anything with an id that can be asked for again by it.")
class Node:
    id: strawberry.ID = identity("Opaque id, the same for ever.")


def to_global_id(kind: str, id: UUID | str) -> str:  # noqa: A002 - its name everywhere
    """Return the id clients see: the type's name and the row's id, in base64url."""
    return global_id(kind, id)


def from_global_id(
    global_id: str, *kinds: str, path: tuple[str, ...] = ("id",)
) -> tuple[str, UUID]:
    """Return the type's name and the row's id.

    Raises NotFound when it is malformed or of a type other than `kinds`: to the caller that is
    the same as an id nobody has.
    """
    read = read_global_id(global_id)
    if read is None or read[0] not in kinds:
        raise unknown_id(path)
    return read


def row_id(global_id: str, kind: str, *, path: tuple[str, ...] = ("id",)) -> UUID:
    """Return the row's id of a global id of that type; raises NotFound otherwise."""
    return from_global_id(global_id, kind, path=path)[1]


def unknown_id(path: tuple[str, ...] = ("id",)) -> NotFound:
    """Return the one answer to every id that leads nowhere."""
    return NotFound("There is nothing with this id.", path=path)
