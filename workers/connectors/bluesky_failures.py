"""What an error answer of an AT Protocol server stands for."""

from collections.abc import Mapping
from datetime import timedelta

import orjson

from workers.connectors.errors import (
    Gone,
    NeedsAuth,
    PlatformError,
    RateLimited,
    Rejected,
    Transient,
)
from workers.connectors.http import Answer, retry_after, scrub

EXPIRED = "ExpiredToken"
INVALID = "InvalidToken"
#: Answers to a request that was not carried out because of the token it came with.
SPENT = frozenset({EXPIRED, INVALID})
_KEYLESS = frozenset(
    {
        *SPENT,
        "AuthMissing",
        "AuthenticationRequired",
        "AuthFactorTokenRequired",
        "AccountTakedown",
        "AccountDeactivated",
        "AccountSuspended",
    }
)
_GONE = frozenset({"RecordNotFound", "NotFound", "RepoNotFound"})
_UNWELL = frozenset(
    {"InternalServerError", "UpstreamFailure", "UpstreamTimeout", "NotEnoughResources"}
)
_REASONS: Mapping[str, str] = {
    "grapheme too big": "TEXT_TOO_LONG",
    "string too big": "TEXT_TOO_LONG",
    "string too long": "TEXT_TOO_LONG",
    "too many graphemes": "TEXT_TOO_LONG",
    "too many elements": "TOO_MANY",
    "could not find blob": "MEDIA_GONE",
    "referenced mimetype": "MEDIA_TYPE",
    "blobtoolarge": "MEDIA_TOO_LARGE",
    "too large": "MEDIA_TOO_LARGE",
}


def code_of(answer: Answer) -> str:
    """Return the server's own name for an error, or nothing."""
    return _said(answer, "error") if not answer.ok else ""


def failure(answer: Answer) -> PlatformError:
    """Return the error an answer stands for: by the code in its body, then by its status.

    The status alone would lie: a bad token, a missing record and a refused swap are all 400.
    """
    code, words = code_of(answer), _said(answer, "message")
    said = scrub(": ".join(piece for piece in (code, words) if piece), answer.secrets)[:200]
    message = f"{answer.host} answered {answer.status}: {said or 'no reason given'}"
    status = answer.status
    if code in _KEYLESS or status == 401:
        return NeedsAuth(message, status=status, code=code)
    if code == "RateLimitExceeded" or status == 429:
        return RateLimited(message, status=status, retry_after=answer.wait())
    if code in _UNWELL or status >= 500 or status in {408, 409, 425}:
        return Transient(message, status=status, retry_after=_asked(answer))
    if code in _GONE or status in {404, 410}:
        return Gone(message, status=status, code=code)
    if code == "InvalidSwap":
        return Rejected(message, status=status, code="TAKEN")
    return Rejected(message, status=status, code=_reason(f"{code} {words}"))


def _asked(answer: Answer) -> timedelta | None:
    # Every answer says when the rate limit begins anew: only a refusal for it must wait for that.
    kept = ("retry-after", "date")
    return retry_after({name: answer.headers.get(name, "") for name in kept})


def _said(answer: Answer, name: str) -> str:
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return ""
    said = body.get(name) if isinstance(body, dict) else None
    return said if isinstance(said, str) else ""


def _reason(said: str) -> str:
    lowered = said.casefold()
    return next((code for words, code in _REASONS.items() if words in lowered), "REFUSED")
