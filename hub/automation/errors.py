"""What can go wrong at a trigger, beside what goes wrong everywhere."""

from datetime import timedelta

from hub.kernel.errors import ErrorCode, HubError


class IdReused(HubError):
    """The id of a call stands for another body already."""

    code = ErrorCode.IDEMPOTENCY_KEY_REUSED


class TooManyCalls(HubError):
    """The trigger was called more often than it may be."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, *, wait: timedelta) -> None:
        super().__init__("This trigger was called too often in the last minute. Wait a little.")
        self.wait = wait
