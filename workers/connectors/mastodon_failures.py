"""What an error answer of a Mastodon server stands for."""

from collections.abc import Mapping

from workers.connectors.errors import (
    Gone,
    NeedsAuth,
    PlatformError,
    RateLimited,
    Rejected,
    Transient,
)
from workers.connectors.http import Answer


def failure(answer: Answer) -> PlatformError:
    """Return the error an answer stands for: by what the body says, then by status."""
    said = answer.complaint()
    message = f"{answer.host} answered {answer.status}: {said or 'no reason given'}"
    status, wait = answer.status, answer.wait()
    match status:
        case 401:
            return NeedsAuth(message, status=status)
        case 403 if "scope" in said.casefold():
            return NeedsAuth(message, status=status, code="SCOPE")
        case 404 | 410:
            return Gone(message, status=status)
        case 429:
            return RateLimited(message, status=status, retry_after=wait)
        # The last three: timed out on the way, a repeat still running, not yet.
        case _ if status >= 500 or status in {408, 409, 425}:
            return Transient(message, status=status, retry_after=wait)
        case _:
            return Rejected(message, status=status, code=_reason(said))


_REASONS: Mapping[str, str] = {
    "character limit": "TEXT_TOO_LONG",
    "text can't be blank": "TEXT_EMPTY",
    "cannot attach files that have not finished": "MEDIA_PENDING",
    "cannot attach more than": "TOO_MANY_MEDIA",
    "content type": "MEDIA_TYPE",
    "file size": "MEDIA_TOO_LARGE",
    "description": "ALT_TOO_LONG",
    "text is too long": "TEXT_TOO_LONG",
}


def _reason(said: str) -> str:
    lowered = said.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return next((code for words, code in _REASONS.items() if words in lowered), "REFUSED")
