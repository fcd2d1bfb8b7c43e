"""How the door writes what it answers: the body, the status and the headers of each outcome."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from hub.kernel.errors import ErrorCode
from schema.base.documents import Draft
from schema.base.facts import DoorContext
from schema.base.head import Head, RawHeaders
from schema.base.masking import mask, mask_exception
from schema.base.media import MediaType
from schema.base.refusals import DoorCode, Refusal, code_of
from schema.base.responses import Kept
from schema.base.streams import one_event

_STATUS: Mapping[str, int] = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.IN_PROGRESS: 409,
    ErrorCode.IDEMPOTENCY_KEY_REUSED: 422,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.TOO_MANY_TRIES: 429,
    DoorCode.INTERNAL: 500,
}
#: What every answer of the door has.
STEADY: RawHeaders = (
    (b"vary", b"accept, authorization, cookie, origin"),
    (b"x-content-type-options", b"nosniff"),
)
_NOT_KEPT = (b"cache-control", b"no-store")
# One browser may keep it, and asks each time whether it is still true.
_ASKED_AGAIN = (b"cache-control", b"private, no-cache")
_CONTENT_TYPE: Mapping[MediaType, tuple[bytes, bytes]] = {
    media: (b"content-type", f"{media}; charset=utf-8".encode()) for media in MediaType
}
_PLAIN: Mapping[MediaType, RawHeaders] = {
    media: (*STEADY, _NOT_KEPT, _CONTENT_TYPE[media]) for media in MediaType
}


class Answer:
    """An answer that is known as a whole; called like Starlette's, but without its work."""

    __slots__ = ("body", "headers", "status", "still")

    def __init__(self, status: int, headers: RawHeaders, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        #: Says whether the same request would be answered with it again; None if nobody knows.
        self.still: Callable[[], bool] | None = None

    def whole_headers(self) -> RawHeaders:
        """Return the headers as they are sent."""
        if self.status == 304:
            return self.headers
        return (*self.headers, (b"content-length", b"%d" % len(self.body)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the signature is ASGI's
        """Send it."""
        headers = self.whole_headers()
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def plain_body(result: ExecutionResult, *, draft: Draft, context: DoorContext) -> bytes | None:
    """Return the body of a result with nothing special about it; None for every other one."""
    special = result.errors or result.extensions or context.status or context.response_headers
    if special:
        return None
    return orjson.dumps({"data": result.data, "extensions": draft.extensions})


def plain_answer(kept: Kept, media: MediaType, head: Head | None) -> Answer:
    """Answer with a body; with the head of a GET so that it may be kept and asked for again."""
    if head is None:
        return Answer(200, _PLAIN[media], kept.body)
    # The same data in another media type is another representation, and has another tag.
    tag = b'"%s%s"' % (kept.tag, b"" if media is MediaType.JSON else b"-g")
    steady = (*STEADY, _ASKED_AGAIN, (b"etag", tag))
    if _is_had(head.joined(b"if-none-match"), tag):
        return Answer(304, steady, b"")
    return Answer(200, (*steady, _CONTENT_TYPE[media]), kept.body)


def _is_had(given: bytes, tag: bytes) -> bool:
    if not given:
        return False
    return given.strip() == b"*" or tag in {
        one.strip().removeprefix(b"W/") for one in given.split(b",")
    }


def result_answer(
    result: ExecutionResult,
    *,
    draft: Draft,
    context: DoorContext,
    media: MediaType | None,
    suggestions: bool,
) -> Answer | Response:
    """Answer with what an execution gave; without a media type as a stream of one event."""
    errors = [mask(error, suggestions=suggestions) for error in result.errors or ()]
    content: dict[str, Any] = {}
    if errors:
        content["errors"] = [error.formatted for error in errors]
    # Nothing was run when no error has a place in the answer: then there is no `data` at all.
    failed = result.data is None and bool(errors) and all(error.path is None for error in errors)
    if not failed:
        content["data"] = result.data
    content["extensions"] = {**(result.extensions or {}), "cost": draft.cost.extension()}
    if media is None:
        return one_event(content, headers=context.response_headers)
    status = context.status or (_status_of(errors, media) if failed else 200)
    return _answer(orjson.dumps(content), status, media, context.response_headers)


def refusal_answer(refusal: Refusal, media: MediaType) -> Answer:
    """Answer with why a request was not executed."""
    tolerant = media is MediaType.JSON and not refusal.transport
    body = orjson.dumps({"errors": [error.formatted for error in refusal.errors]})
    return _answer(body, 200 if tolerant else refusal.status, media, refusal.headers)


def failure_answer(error: Exception, media: MediaType) -> Answer:
    """Answer with what a client may know of an exception."""
    shown = mask_exception(error)
    status = _STATUS.get(code_of(shown), 400)
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    return _answer(orjson.dumps({"errors": [shown.formatted]}), status, media, headers)


def _answer(body: bytes, status: int, media: MediaType, headers: Mapping[str, str]) -> Answer:
    if not headers:
        return Answer(status, _PLAIN[media], body)
    more = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    named = {name for name, _ in more}
    return Answer(status, [*more, *(one for one in _PLAIN[media] if one[0] not in named)], body)


def _status_of(errors: Sequence[Any], media: MediaType) -> int:
    if media is MediaType.JSON:
        return 200
    return max(_STATUS.get(code_of(error), 400) for error in errors)
