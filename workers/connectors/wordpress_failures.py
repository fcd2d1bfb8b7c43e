"""What an error answer of a WordPress site stands for."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson

from hub.language.markup import to_text
from workers.connectors.errors import (
    Duplicate,
    Gone,
    NeedsAuth,
    PlatformError,
    RateLimited,
    Rejected,
    Transient,
    Unsupported,
)
from workers.connectors.http import Answer, scrub

#: WordPress lets a person who is no moderator write one comment in fifteen seconds.
FLOOD_WAIT = timedelta(seconds=15)

#: Codes that say what happened whatever status they come with.
_KINDS: Mapping[str, type[PlatformError]] = {
    "rest_post_invalid_id": Gone,
    "rest_comment_invalid_id": Gone,
    "rest_comment_invalid_post_id": Gone,
    "rest_comment_trash_post": Gone,
    "rest_already_trashed": Gone,
    "rest_no_route": Unsupported,
    "rest_trash_not_supported": Unsupported,
    "rest_comment_login_required": NeedsAuth,
}
#: Why a text or a picture is refused, in the words of the hub; some of them come with a 500.
_REASONS: Mapping[str, str] = {
    "rest_comment_closed": "COMMENTS_CLOSED",
    "rest_comment_draft_post": "COMMENTS_CLOSED",
    "rest_comment_content_invalid": "TEXT_EMPTY",
    "empty_content": "TEXT_EMPTY",
    "comment_content_column_length": "TEXT_TOO_LONG",
    "rest_upload_sideload_error": "MEDIA_TYPE",
    "rest_upload_image_type_not_supported": "MEDIA_TYPE",
    "rest_upload_unknown_error": "MEDIA_TYPE",
    "rest_upload_no_data": "MEDIA_EMPTY",
    "rest_upload_file_too_big": "MEDIA_TOO_LARGE",
    "rest_upload_limited_space": "MEDIA_TOO_LARGE",
    "rest_upload_user_quota_exceeded": "MEDIA_TOO_LARGE",
    "term_exists": "TERM_EXISTS",
}


def failure(answer: Answer) -> PlatformError:
    """Return the error an answer stands for: by the code in its body, then by its status."""
    code, said = complaint(answer)
    message = f"{answer.host} answered {answer.status}: {said or 'no reason given'}"
    status, wait = answer.status, answer.wait()
    if code == "comment_duplicate":
        return Duplicate(message, status=status)
    if code == "comment_flood":
        return RateLimited(message, status=status, code=code, retry_after=wait or FLOOD_WAIT)
    if code == "rest_invalid_param" and _is_stranger(answer):
        return NeedsAuth(message, status=status, code=code)
    if code in _KINDS:
        return _KINDS[code](message, status=status, code=code)
    if code in _REASONS:
        return Rejected(message, status=status, code=_REASONS[code])
    match status:
        case 401:
            return NeedsAuth(message, status=status, code=code)
        case 403 if code:
            # WordPress knows who asks, and that they may not.
            return NeedsAuth(message, status=status, code="SCOPE")
        case 403:
            blocked = f"{answer.host} answered 403: something in front of the site refuses the hub."
            return Rejected(blocked, status=status, code="BLOCKED")
        case 404 | 410:
            return Gone(message, status=status, code=code)
        case 413:
            return Rejected(message, status=status, code="MEDIA_TOO_LARGE")
        case 429:
            return RateLimited(message, status=status, retry_after=wait)
        case _ if status >= 500 or status in {408, 409, 425}:
            return Transient(message, status=status, code=code, retry_after=wait)
        case _:
            return Rejected(message, status=status, code="REFUSED")


def _is_stranger(answer: Answer) -> bool:
    """Say whether a parameter is invalid only because WordPress does not know who asks.

    A password that was withdrawn is no error to it: it takes the request for a stranger's, who
    may not ask for drafts.
    """
    data = _object(answer).get("data")
    details = data.get("details") if isinstance(data, Mapping) else None
    return isinstance(details, Mapping) and any(
        isinstance(detail, Mapping) and detail.get("code") == "rest_forbidden_status"
        for detail in details.values()
    )


def complaint(answer: Answer) -> tuple[str, str]:
    """Return the code and the words of an error answer; both empty when it is not WordPress'."""
    said = _object(answer)
    code, words = said.get("code"), said.get("message") or said.get("error")
    shown = to_text(words[:2000]) if isinstance(words, str) else ""
    return (
        code if isinstance(code, str) and code.isascii() else "",
        scrub(" ".join(shown.split()), answer.secrets)[:200],
    )


def existing_term(answer: Answer) -> int | None:
    """Return the id of the term that exists already, when that is why one was not made."""
    said = _object(answer)
    data = said.get("data")
    if said.get("code") != "term_exists" or not isinstance(data, Mapping):
        return None
    number = data.get("term_id")
    return number if isinstance(number, int) else None


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}
