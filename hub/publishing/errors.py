"""What publishing refuses."""

from hub.kernel.errors import ErrorCode, HubError


class NotApproved(HubError):
    """No review has approved these bytes for this channel."""

    code = ErrorCode.NOT_APPROVED
