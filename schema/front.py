"""What every answer of the hub has, and the short way to `/graphql`.

All other doors are behind the usual stack of routes and middlewares. GraphQL over HTTP, which is
nearly all of the traffic, goes straight to its door and gets the same headers on the way.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kernel.log import REQUEST_ID
from schema.base.answers import Answer
from schema.base.head import RawHeaders, head_of
from schema.base.recalling import RAW, Recollections

PATH = "/graphql"
#: Sent back as it came, or made here.
REQUEST_ID_HEADER = "x-request-id"

_ID = REQUEST_ID_HEADER.encode()
_SANE = re.compile(rb"[\w.:+/=@-]{1,128}")
_NOSNIFF = (b"x-content-type-options", b"nosniff")
# The door has the others for itself.
_STEADY = ((b"x-frame-options", b"DENY"), (b"referrer-policy", b"no-referrer"))
_METHODS = ("GET", "POST", "PUT", "DELETE")
_ALLOWED_HEADERS = (
    "authorization",
    "content-type",
    "idempotency-key",
    "last-event-id",
    "x-csrf-token",
    "x-request-id",
)
_EXPOSED_HEADERS = ("etag", "idempotency-replayed", "retry-after", "x-request-id")

Serve = Callable[[Scope, Receive, Send, RawHeaders], Awaitable[Answer | None]]


class Front(Starlette):
    """The whole application; `serve` answers GraphQL over HTTP, with the headers it is given.

    `counted` is told of every answer from memory and how many seconds it took.
    """

    def __init__(
        self,
        *,
        serve: Serve,
        counted: Callable[[float], None],
        origins: Sequence[str],
        **options: Any,
    ) -> None:
        cors: Mapping[str, Any] = {
            "allow_origins": origins,
            "allow_methods": _METHODS,
            "allow_headers": _ALLOWED_HEADERS,
            "expose_headers": _EXPOSED_HEADERS,
            # Cookies are for origins that are named; whoever lets everybody in means tokens.
            "allow_credentials": "*" not in origins,
            "max_age": 600,
        }
        super().__init__(
            middleware=[Middleware(_SteadyHeaders), Middleware(CORSMiddleware, **cors)], **options
        )
        # A redirect would be built from the Host header, which is the client's to choose.
        self.router.redirect_slashes = False
        self._serve = serve
        self._origins = _Origins(CORSMiddleware(self.router, **cors))
        self._ids = _ids()
        self.recollections = Recollections(header=_ID, ids=self._ids, counted=counted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, socket or life of the process."""
        if scope["type"] not in {"http", "websocket"}:
            await super().__call__(scope, receive, send)
            return
        head = head_of(scope)
        given = head.first(_ID)
        identity = given if given is not None and _SANE.fullmatch(given) else next(self._ids)
        before = REQUEST_ID.set(identity.decode())
        try:
            if scope["path"] != PATH or scope["type"] != "http" or scope["method"] == "OPTIONS":
                await super().__call__(scope, receive, send)
                return
            scope["app"] = self
            headers = ((_ID, identity), *self._origins.headers(head.first(b"origin")))
            answer = await self._serve(scope, receive, send, headers)
            raw = scope.get(RAW)
            if raw is not None and answer is not None and answer.still is not None:
                self._learn(raw, answer, made_here=identity is not given)
        finally:
            REQUEST_ID.reset(before)

    def _learn(self, raw: bytes, answer: Answer, *, made_here: bool) -> None:
        headers = answer.whole_headers()
        if made_here:
            headers = [one for one in headers if one[0] != _ID]
        self.recollections.learn(raw, answer, headers)


def _ids() -> Iterator[bytes]:
    # One process has one beginning, and counts behind it.
    beginning = uuid4().hex[:20]
    return (f"{beginning}{number:08x}".encode() for number in count(1))


class _Origins:
    """What the answer to a page of an origin says, by the rule of the usual middleware."""

    def __init__(self, rule: CORSMiddleware) -> None:
        self._rule = rule
        self._simple = (*_STEADY, *_raw(rule.simple_headers))

    def headers(self, origin: bytes | None) -> RawHeaders:
        if origin is None:
            return _STEADY
        text = origin.decode("latin-1")
        if self._rule.allow_all_origins or not self._rule.is_allowed_origin(text):
            return self._simple
        return (*self._simple, (b"access-control-allow-origin", origin))


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


class _SteadyHeaders:
    """Headers that every answer of the other doors has, unless it has its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def steady(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = REQUEST_ID.get() or ""
                for name, value in (_NOSNIFF, *_STEADY):
                    headers.setdefault(name.decode(), value.decode())
            await send(message)

        await self._app(scope, receive, steady if scope["type"] == "http" else send)
