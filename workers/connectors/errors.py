"""What can go wrong at a platform, in one taxonomy for all of them.

PlatformError
├── NotSent            it certainly did not reach the platform: DNS, refused, TLS
├── Transient          the platform is unwell (5xx, 503 with Retry-After); ambiguous for a COMMIT
├── OutcomeUnknown     it may have been done: read timeout, reset after sending, unreadable answer
├── RateLimited        wait until `reset_after`; certainly not done
├── NeedsAuth          the credentials are expired, revoked, or lack a scope
├── Rejected           the platform refuses this content; repeating will not help
├── Duplicate          refused because it is already there: evidence of success
├── Gone               what was addressed (post, parent, target) does not exist any more
└── Unsupported        this place cannot do that
"""

from datetime import timedelta

from workers.connectors.port import Ref


class PlatformError(Exception):
    """Base of what a connector may raise. Messages never hold secrets or whole answers."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.retry_after = retry_after


class NotSent(PlatformError):
    """The request certainly did not reach the platform."""


class Transient(PlatformError):
    """The platform is unwell; what a COMMIT did is unknown."""


class OutcomeUnknown(PlatformError):
    """The request left and no answer that can be trusted came back."""


class RateLimited(PlatformError):
    """The platform asks to wait; the request was certainly not carried out."""

    @property
    def wait(self) -> timedelta:
        """Return how long to leave the account alone: five minutes where nothing was said."""
        return self.retry_after or timedelta(minutes=5)


class NeedsAuth(PlatformError):
    """The credentials are expired, revoked or too narrow."""


class Rejected(PlatformError):
    """The platform refuses the content."""


class Duplicate(PlatformError):
    """The platform refuses because it has it already."""

    def __init__(self, message: str, *, ref: Ref | None = None, status: int | None = None) -> None:
        super().__init__(message, status=status, code="DUPLICATE")
        self.ref = ref


class Gone(PlatformError):
    """The post, parent or target does not exist."""


class Unsupported(PlatformError):
    """The platform or this account cannot do that."""
