"""GraphQL over HTTP and WebSocket: bounded, and typed in every answer."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import orjson
import strawberry
from graphql import GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from strawberry.http.ides import get_graphql_ide_html
from strawberry.types import ExecutionResult

from hub.kernel.errors import ErrorCode
from schema.base.documents import Documents, Draft, PreparedDocument, running
from schema.base.facts import DoorContext, GetContext, RequestFacts
from schema.base.limits import Limits
from schema.base.masking import mask, mask_exception
from schema.base.media import MediaType, choose_media, require_json, wants_page, wants_stream
from schema.base.refusals import DoorCode, Refusal, bad_document, bad_request, code_of
from schema.base.requests import (
    GraphQLRequest,
    read_body,
    read_idempotency_key,
    read_parameters,
)
from schema.base.sockets import Sockets, SocketSettings
from schema.base.streams import STREAM, Results, Streams, one_event, read_position

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
_DISCARDED_BYTES = 8_000_000
_DISCARDED_SECONDS = 1.0
_STEADY_HEADERS = {
    "cache-control": "no-store",
    "vary": "accept, authorization, cookie",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, kw_only=True)
class DoorSettings:
    """Bounds of the door; seconds and bytes. `origins` are the web pages that may open sockets.

    `subscriptions` bounds those of one socket, and the streams of one token.
    """

    body_bytes: int = 1_000_000
    body_seconds: float = 10.0
    request_seconds: float = 10.0
    development: bool = False
    limits: Limits = field(default_factory=Limits)
    origins: Sequence[str] = ()
    subscriptions: int = 20
    init_seconds: float = 5.0
    beat_seconds: float = 15.0


class Compiling(Protocol):
    """Answers what it can without strawberry."""

    async def run(
        self, draft: Draft, variables: Mapping[str, Any], context: Any
    ) -> ExecutionResult | None:
        """Return the answer to a valid operation, or None where strawberry has to find it."""


class GraphQLDoor:
    """The ASGI application behind `/graphql`; mount it for HTTP and for WebSocket.

    `get_context` is called once per operation, after the request was read and found affordable.
    What it raises is answered like any other error: a `HubError` with its own code.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        get_context: GetContext,
        settings: DoorSettings,
        compiler: Compiling | None = None,
    ) -> None:
        if PreparedDocument not in schema.extensions:
            raise TypeError("The schema must be a GuardedSchema: only that runs what was checked.")
        self._schema = schema
        self._get_context = get_context
        self._settings = settings
        # The compiled schema has no public name in strawberry; its own servers use this one.
        self._documents = Documents(schema._schema, limits=settings.limits)  # noqa: SLF001 - see above
        self._sockets = Sockets(
            schema,
            documents=self._documents,
            get_context=get_context,
            settings=SocketSettings(
                frame_bytes=settings.body_bytes,
                subscriptions=settings.subscriptions,
                init_seconds=settings.init_seconds,
                origins=settings.origins,
                development=settings.development,
            ),
        )
        self.compiler = compiler
        self.streams = Streams(most=settings.subscriptions, beat_seconds=settings.beat_seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        if scope["type"] == "websocket":
            await self._sockets.serve(scope, receive, send)
            return
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        accept = request.headers.getlist("accept")
        media = choose_media(accept)
        streams = wants_stream(accept)
        try:
            if self._settings.development and _is_for_page(request, accept):
                # The page loads its scripts from a public server: it needs the internet.
                return HTMLResponse(get_graphql_ide_html())
            _refuse_transport(request.method, media, streams=streams)
            asked = await self._read(request)
            draft = self._documents.read(
                asked.query, operation_name=asked.operation_name, variables=asked.variables
            )
            if streams and draft.operation.operation is OperationType.SUBSCRIPTION:
                media = None
                return await self._follow(request, asked, draft)
            return await self._perform(request, asked, draft, media)
        except Refusal as refusal:
            if media is None and streams and not refusal.transport:
                return one_event(
                    {"errors": [error.formatted for error in refusal.errors]}, headers={}
                )
            return _refusal(refusal, media or MediaType.JSON)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a code
            return _failure(error, media or MediaType.JSON)

    async def _read(self, request: Request) -> GraphQLRequest:
        if request.method == "GET":
            return read_parameters(request.scope["query_string"])
        require_json(
            request.headers.getlist("content-type"), request.headers.get("content-encoding")
        )
        return read_body(await self._body(request))

    async def _body(self, request: Request) -> bytes:
        limit = self._settings.body_bytes
        length = request.headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 15 or int(length) > limit + _DISCARDED_BYTES):
            raise _too_large(limit)
        body = bytearray()
        stream = request.stream()
        try:
            async with asyncio.timeout(self._settings.body_seconds):
                async for chunk in stream:
                    body += chunk
                    if len(body) > limit:
                        await _discard(stream)
                        raise _too_large(limit)
        except TimeoutError:
            raise bad_request(
                DoorCode.BODY_TOO_SLOW,
                f"The body did not arrive within {self._settings.body_seconds:g} seconds.",
                status=408,
                connection="close",
            ) from None
        return bytes(body)

    async def _follow(self, request: Request, asked: GraphQLRequest, draft: Draft) -> Response:
        """Begin a stream; only its beginning has a deadline."""
        position = read_position(request.headers.getlist("last-event-id"))
        deadline = asyncio.timeout(self._settings.request_seconds)
        try:
            async with deadline:
                context = await self._get_context(request, None)
        except TimeoutError:
            if not deadline.expired():
                raise  # Somebody else's: a store that does not answer.
            raise _deadline(self._settings.request_seconds, draft) from None
        context.facts = RequestFacts(
            None, asked.query, asked.variables, asked.operation_name, resume_after=position
        )
        self._documents.check(
            draft, suggestions=self._settings.development and not context.anonymous
        )
        results = await self._schema.subscribe(
            asked.query,
            variable_values=dict(asked.variables),
            context_value=context,
            operation_name=asked.operation_name,
        )
        return self.streams.answer(cast("Results", results), draft=draft, context=context)

    async def _perform(
        self, request: Request, asked: GraphQLRequest, draft: Draft, media: MediaType | None
    ) -> Response:
        facts = RequestFacts(
            read_idempotency_key(request.headers.getlist("idempotency-key")),
            asked.query,
            asked.variables,
            asked.operation_name,
        )
        _refuse_wrong_operation(request.method, draft, facts)
        deadline = asyncio.timeout(self._settings.request_seconds)
        try:
            async with deadline:
                context = await self._get_context(request, None)
                context.facts = facts
                suggestions = self._settings.development and not context.anonymous
                self._documents.check(draft, suggestions=suggestions)
                result = await self._execute(draft, asked, context)
        except TimeoutError:
            if not deadline.expired():
                raise  # Somebody else's: a store that does not answer.
            raise _deadline(self._settings.request_seconds, draft) from None
        return _result(result, draft=draft, context=context, media=media, suggestions=suggestions)

    async def _execute(
        self, draft: Draft, asked: GraphQLRequest, context: DoorContext
    ) -> ExecutionResult:
        compiled = (
            await self.compiler.run(draft, asked.variables, context) if self.compiler else None
        )
        if compiled is not None:
            return compiled
        # `Schema.execute` rather than graphql-core's: it makes the conversions, runs the
        # extensions and builds the `info` that strawberry's resolvers rely on.
        with running(draft):
            return await self._schema.execute(
                asked.query,
                variable_values=dict(asked.variables),
                context_value=context,
                operation_name=asked.operation_name,
            )


def _is_for_page(request: Request, accept: Sequence[str]) -> bool:
    return request.method == "GET" and "query" not in request.query_params and wants_page(accept)


def _refuse_transport(method: str, media: MediaType | None, *, streams: bool) -> None:
    if method not in {"GET", "POST"}:
        raise _not_allowed("Use POST, or GET for queries.", allow="GET, POST")
    if media is None and not streams:
        raise bad_request(
            DoorCode.NOT_ACCEPTABLE,
            f"Answers are {MediaType.GRAPHQL}, {MediaType.JSON} or {STREAM}, in UTF-8.",
            status=406,
        )


def _refuse_wrong_operation(method: str, draft: Draft, facts: RequestFacts) -> None:
    kind = draft.operation.operation
    if kind is OperationType.SUBSCRIPTION:
        raise bad_document(
            DoorCode.WRONG_TRANSPORT,
            f"Subscribe over WebSocket with `graphql-transport-ws`, or with `Accept: {STREAM}`.",
        )
    if kind is not OperationType.MUTATION:
        return
    if method == "GET":
        raise _not_allowed("Mutations are sent with POST.", allow="POST")
    if facts.idempotency_key is not None and draft.cost.root_fields != 1:
        raise bad_request(
            DoorCode.ONE_MUTATION_PER_KEY,
            "With an Idempotency-Key a request holds exactly one mutation.",
        )


def _result(
    result: ExecutionResult,
    *,
    draft: Draft,
    context: DoorContext,
    media: MediaType | None,
    suggestions: bool,
) -> Response:
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
    return _json(content, status=status, media=media, headers=context.response_headers)


def _status_of(errors: Sequence[GraphQLError], media: MediaType) -> int:
    if media is MediaType.JSON:
        return 200
    return max(_STATUS.get(code_of(error), 400) for error in errors)


def _refusal(refusal: Refusal, media: MediaType) -> Response:
    tolerant = media is MediaType.JSON and not refusal.transport
    return _json(
        {"errors": [error.formatted for error in refusal.errors]},
        status=200 if tolerant else refusal.status,
        media=media,
        headers=refusal.headers,
    )


def _failure(error: Exception, media: MediaType) -> Response:
    shown = mask_exception(error)
    status = _STATUS.get(code_of(shown), 400)
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    return _json({"errors": [shown.formatted]}, status=status, media=media, headers=headers)


def _json(
    content: Mapping[str, Any], *, status: int, media: MediaType, headers: Mapping[str, str]
) -> Response:
    return Response(
        orjson.dumps(content),
        status_code=status,
        media_type=f"{media}; charset=utf-8",
        headers={**_STEADY_HEADERS, **headers},
    )


def _not_allowed(message: str, *, allow: str) -> Refusal:
    return bad_request(DoorCode.METHOD_NOT_ALLOWED, message, status=405, allow=allow)


async def _discard(stream: AsyncIterator[bytes]) -> None:
    """Let a client that is only a little over finish: most cannot hear us before they do."""
    left = _DISCARDED_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(_DISCARDED_SECONDS):
            async for chunk in stream:
                left -= len(chunk)
                if left < 0:
                    return


def _too_large(limit: int) -> Refusal:
    # There may be more of the body to come, so the connection cannot be used again.
    return bad_request(
        DoorCode.BODY_TOO_LARGE,
        f"The body may have {limit:,} bytes; upload files by an upload address.",
        status=413,
        connection="close",
    )


def _deadline(seconds: float, draft: Draft) -> Refusal:
    advice = (
        "Whether it was done is not known: repeat it with the same Idempotency-Key."
        if draft.operation.operation is OperationType.MUTATION
        else "Ask for less at once."
    )
    refusal = bad_document(
        DoorCode.DEADLINE, f"This took longer than {seconds:g} seconds and was stopped. {advice}"
    )
    refusal.status = 503
    return refusal
