"""What an error answer of a Misago forum stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from workers.connectors.errors import (
    Gone,
    NeedsAuth,
    PlatformError,
    RateLimited,
    Rejected,
    Transient,
)
from workers.connectors.http import Answer, scrub

#: The forum refuses a post within three seconds of the account's last one, and does not say so.
FLOOD_WAIT = timedelta(seconds=4)
#: Words of a refusal that only asks to wait, in the language Misago is written in.
_WAITS: Mapping[str, timedelta] = {
    "so quickly after": FLOOD_WAIT,
    "hourly post limit": timedelta(minutes=10),
    "daily post limit": timedelta(hours=1),
}
_REASONS: Mapping[str, str] = {
    "longer than": "TOO_LONG",
    "at least": "TOO_SHORT",
    "alpha-numeric": "UNREADABLE",
    "may not be blank": "EMPTY",
    "have to enter": "EMPTY",
    "files larger": "TOO_LARGE",
    "files of this type": "TYPE",
}
_FIELDS: Mapping[str, str] = {"title": "TITLE", "post": "TEXT", "attachments": "MEDIA"}


def failure(answer: Answer) -> PlatformError:
    """Return the error an answer stands for: by what the body says, then by status."""
    said = _said(answer)
    message = f"{answer.host} answered {answer.status}: {said.words or 'no reason given'}"
    status, wait = answer.status, answer.wait()
    match status:
        case 400 | 403 if said.code == "banned":
            return NeedsAuth(message, status=status, code="BANNED")
        case 401:
            return NeedsAuth(message, status=status)
        case 403:
            return _forbidden(message, said.words, status)
        case 404 | 410:
            # The forum says what it does not find; a page of something in front of it does not.
            return Gone(message, status=status, code="NOT_FOUND" if said.words else "")
        case 429:
            return RateLimited(message, status=status, retry_after=wait)
        # The last three: timed out on the way, somebody else was quicker, not yet.
        case _ if status >= 500 or status in {408, 409, 425}:
            return Transient(message, status=status, retry_after=wait)
        case _:
            return Rejected(message, status=status, code=said.reason)


def refused_login(answer: Answer) -> PlatformError:
    """Return the error of a sign-in: whatever the forum finds wrong, a person must act."""
    if answer.status != 400:
        return failure(answer)
    said = _said(answer)
    message = f"{answer.host} does not sign the account in: {said.words or 'no reason given'}"
    return NeedsAuth(message, status=400, code=said.code.upper())


def is_about_the_session(answer: Answer) -> bool:
    """Say whether a refusal is not the forum's word on what was asked: a token, or a web page."""
    words = _said(answer).words.casefold()
    return not words or "csrf" in words


def _forbidden(message: str, words: str, status: int) -> PlatformError:
    folded = words.casefold()
    for known, wait in _WAITS.items():
        if known in folded:
            return RateLimited(message, status=status, code="FLOOD", retry_after=wait)
    # Without a word of the forum's own it is a proxy that refuses, or the token.
    own = words and "csrf" not in folded
    return Rejected(message, status=status, code="FORBIDDEN" if own else "REFUSED")


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What an error answer says: a detail with a code, or complaints by field."""

    words: str = ""
    code: str = ""
    reason: str = "REFUSED"


def _said(answer: Answer) -> _Said:
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return _Said()
    if not isinstance(body, dict):
        return _Said()
    code = "banned" if "ban" in body else str(body.get("code") or "")
    complaints = [
        (field, words) for field, told in body.items() if field != "code" for words in _words(told)
    ]
    words = scrub(" ".join(words for _, words in complaints), answer.secrets)[:200]
    return _Said(words=words, code=code, reason=_reason(complaints))


def _words(told: Any) -> list[str]:
    match told:
        case str():
            return [told]
        case list():
            return [one for one in told if isinstance(one, str)]
        case {"message": {"plain": str() as plain}}:
            return [plain]
        case _:
            return []


def _reason(complaints: list[tuple[str, str]]) -> str:
    for field, words in complaints:
        prefix = _FIELDS.get(field, "MEDIA" if "files" in words else "")
        for known, reason in _REASONS.items():
            if prefix and known in words:
                return f"{prefix}_{reason}"
        if field == "category":
            return "CATEGORY_REFUSED"
    return "REFUSED"
