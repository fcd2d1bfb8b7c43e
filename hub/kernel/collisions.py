"""What the database refuses when two callers do the same thing in the same moment."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from hub.kernel.errors import HubError, Taken, Unavailable

_UNIQUE = "23505"
_DEADLOCK = frozenset({"40001", "40P01"})


@contextmanager
def typed_races() -> Iterator[None]:
    """Turn what the database refuses to one of two who did the same at once into a typed error."""
    try:
        yield
    except DBAPIError as error:
        known = expected(error)
        if known is None:
            raise
        raise known from error


def expected(error: BaseException) -> HubError | None:
    """Return the typed error of a lost race; None when the exception is something else.

    Operations look before they write, so a duplicate met only at the end is always a race.
    """
    if not isinstance(error, DBAPIError):
        return None
    state = getattr(error.orig, "sqlstate", None)
    if state == _UNIQUE:
        return Taken(
            "Somebody else did the same in the same moment. Read it again.", path=_path(error)
        )
    if state in _DEADLOCK:
        return Unavailable("Two changes waited for each other. Nothing was done; send it again.")
    return None


def _path(error: DBAPIError) -> tuple[str, ...]:
    # The driver's own error stands behind the ORM's, or is what a line was told.
    constraint = next(
        (
            name
            for one in (error.orig, getattr(error.orig, "__cause__", None))
            if (name := getattr(one, "constraint_name", None))
        ),
        "",
    )
    return ("input", "externalReference") if constraint.endswith("_external_reference") else ()
