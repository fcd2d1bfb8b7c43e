"""What a client learns of an error: everything about its own faults, nothing about ours."""

import re
from collections.abc import Iterator
from uuid import uuid4

import structlog
from graphql import GraphQLError

from hub.kernel.errors import ErrorCode, HubError
from schema.base.refusals import DoorCode, coded

log = structlog.get_logger(__name__)

# Told apart by name: the door knows neither the database library nor the queue's.
_STORES = ("sqlalchemy", "asyncpg", "redis")
_UNREACHABLE = {
    "CannotConnectNowError",
    "CrashShutdownError",
    "DiskFullError",
    "ConnectionDoesNotExistError",
    "ConnectionError",
    "InterfaceError",
    # The driver's word for a connection that the server closed in the very moment it was used.
    "InternalClientError",
    "OperationalError",
    "PostgresConnectionError",
    "TimeoutError",
    "TooManyConnectionsError",
    "AdminShutdownError",
}
_SUGGESTION = re.compile(r"\s*Did you mean .*\?", re.DOTALL)

_SORRY = "Something went wrong on our side. Quote this id when you ask for help: {id}."
_UNAVAILABLE = (
    "Something the hub stands on (database, queue, storage) does not answer. "
    "Try again shortly; if it lasts, quote this id: {id}."
)


def mask(error: GraphQLError, *, suggestions: bool = False) -> GraphQLError:
    """Turn an error of the execution into the one the client sees, always with a code.

    Expected errors keep their message. Anything else is logged under a new id, and the client
    gets the id. `suggestions` keeps the "Did you mean" of misspelt values.
    """
    cause = _cause(error)
    if isinstance(cause, HubError):
        return _expected(error, cause)
    if cause is None or _is_about_variables(error):
        return _about_the_request(error, suggestions=suggestions)
    return _relocated(error, mask_exception(cause))


def mask_exception(cause: BaseException) -> GraphQLError:
    """Log an unexpected exception under a new id, and return what the client may know of it."""
    if isinstance(cause, HubError):
        return _with_path(coded(cause.code, cause.message), cause)
    identity = uuid4().hex
    if is_unreachable(cause):
        log.warning("a request could not reach a store", error_id=identity, exc_info=cause)
        return coded(ErrorCode.UNAVAILABLE, _UNAVAILABLE.format(id=identity), id=identity)
    log.error("a request failed unexpectedly", error_id=identity, exc_info=cause)
    return coded(DoorCode.INTERNAL, _SORRY.format(id=identity), id=identity)


def without_suggestions(error: GraphQLError) -> str:
    """Return the message without what a stranger could learn of the schema from it."""
    return _SUGGESTION.sub("", error.message)


def is_unreachable(cause: BaseException) -> bool:
    """Say whether an exception means that a database, queue or storage does not answer."""
    return any(_says_unreachable(one) for one in _chain(cause))


def _chain(cause: BaseException | None) -> Iterator[BaseException]:
    # The database library wraps what the driver says in errors of its own, too general to tell.
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _says_unreachable(cause: BaseException) -> bool:
    if isinstance(cause, OSError):
        return True
    return any(
        kind.__name__ in _UNREACHABLE and kind.__module__.startswith(_STORES)
        for kind in type(cause).__mro__
    )


def _cause(error: GraphQLError) -> BaseException | None:
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _is_about_variables(error: GraphQLError) -> bool:
    # Variables are read before any field is: such an error points into the document, but at no
    # place in the answer.
    return error.path is None and bool(error.nodes)


def _expected(error: GraphQLError, cause: HubError) -> GraphQLError:
    return _relocated(error, _with_path(coded(cause.code, cause.message), cause))


def _with_path(error: GraphQLError, cause: HubError) -> GraphQLError:
    if cause.path:
        error.extensions = {**(error.extensions or {}), "path": list(cause.path)}
    return error


def _about_the_request(error: GraphQLError, *, suggestions: bool) -> GraphQLError:
    if error.extensions and "code" in error.extensions:
        return error
    code = DoorCode.INVALID_VARIABLES if error.path is None else ErrorCode.INVALID
    message = error.message if suggestions else without_suggestions(error)
    return _relocated(error, coded(code, message))


def _relocated(where: GraphQLError, what: GraphQLError) -> GraphQLError:
    return GraphQLError(
        what.message,
        where.nodes,
        where.source,
        where.positions,
        where.path,
        extensions=what.extensions,
    )
