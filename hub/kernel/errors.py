"""Expected errors: every one says what happened, which input it concerns, and what to do next."""

from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """What went wrong, in one word a program can branch on. Codes are for ever."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    CONFLICT = "CONFLICT"
    TAKEN = "TAKEN"
    WRONG_STATE = "WRONG_STATE"
    TOO_LATE = "TOO_LATE"
    TOO_LONG = "TOO_LONG"
    IN_PAST = "IN_PAST"
    NOT_APPROVED = "NOT_APPROVED"
    FOUR_EYES = "FOUR_EYES"
    NOBODY_LEFT = "NOBODY_LEFT"
    REMARKS_OPEN = "REMARKS_OPEN"
    TOO_BROAD = "TOO_BROAD"
    UNSUPPORTED = "UNSUPPORTED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    IN_PROGRESS = "IN_PROGRESS"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    TOO_MANY_TRIES = "TOO_MANY_TRIES"


class HubError(Exception):
    """Base of every expected error; anything else that escapes is a bug.

    `path` names the input at fault, outermost first, in the spelling of the API:
    `("input", "variants", "0", "text")`.
    """

    code: ClassVar[ErrorCode] = ErrorCode.INVALID

    def __init__(self, message: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class Invalid(HubError):
    """An input does not have the form or the value it must have."""

    code = ErrorCode.INVALID


class NotFound(HubError):
    """Nothing of that id is to be seen from this workspace."""

    code = ErrorCode.NOT_FOUND


class Forbidden(HubError):
    """The caller is known and may not do this."""

    code = ErrorCode.FORBIDDEN


class Unauthenticated(HubError):
    """No valid token came with the request."""

    code = ErrorCode.UNAUTHENTICATED


class Conflict(HubError):
    """The object has changed since the caller read it."""

    code = ErrorCode.CONFLICT

    def __init__(self, *, current_version: int, path: tuple[str, ...] = ()) -> None:
        super().__init__(
            f"Somebody changed this in the meantime; it is at version {current_version} now. "
            "Read it again and repeat the change.",
            path=path or ("input", "expectedVersion"),
        )
        self.current_version = current_version


class Taken(HubError):
    """A name or reference that must be unique is in use."""

    code = ErrorCode.TAKEN


class WrongState(HubError):
    """The object is in a state that does not allow this."""

    code = ErrorCode.WRONG_STATE


class TooLate(HubError):
    """It is already on its way and cannot be called back."""

    code = ErrorCode.TOO_LATE


class Unsupported(HubError):
    """The platform of this channel cannot do this."""

    code = ErrorCode.UNSUPPORTED


class Unavailable(HubError):
    """Something the hub stands on (database, queue, storage) does not answer; nothing was lost."""

    code = ErrorCode.UNAVAILABLE
