"""What can go wrong when people sign in."""

from hub.kernel.errors import ErrorCode, HubError


class TooManyTries(HubError):
    """Too many wrong passwords; `seconds` is how long to wait."""

    code = ErrorCode.TOO_MANY_TRIES

    def __init__(self, *, seconds: int) -> None:
        super().__init__(f"Too many tries. Wait {seconds} s, then try again.")
        self.seconds = seconds
