"""What reviews refuse."""

from hub.kernel.errors import ErrorCode, HubError


class FourEyes(HubError):
    """Whoever wrote or submitted a text cannot approve it."""

    code = ErrorCode.FOUR_EYES


class TooLong(HubError):
    """The text is longer than the platform takes."""

    code = ErrorCode.TOO_LONG


class InPast(HubError):
    """The time lies in the past."""

    code = ErrorCode.IN_PAST
