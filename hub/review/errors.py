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


class NobodyLeft(HubError):
    """Nobody is left who may approve: whoever could wrote or submitted the text, or has left."""

    code = ErrorCode.NOBODY_LEFT


class RemarksOpen(HubError):
    """A blocking remark is not resolved yet."""

    code = ErrorCode.REMARKS_OPEN
