"""What moderation refuses."""

from hub.kernel.errors import ErrorCode, HubError


class TooBroad(HubError):
    """A rule would hide or delete nearly everything."""

    code = ErrorCode.TOO_BROAD
