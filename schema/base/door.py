"""GraphQL over HTTP and WebSocket: bounded, and typed in every answer."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, cast

import strawberry
from graphql import OperationType
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from strawberry.http.ides import get_graphql_ide_html
from strawberry.types import ExecutionResult

from schema.base.answers import (
    Answer,
    failure_answer,
    plain_answer,
    plain_body,
    refusal_answer,
    result_answer,
)
from schema.base.bodies import Bodies, Gone
from schema.base.deadlines import Deadline, Deadlines
from schema.base.documents import Documents, Draft, PreparedDocument, running
from schema.base.facts import DoorContext, GetContext, HttpRequest, RequestFacts
from schema.base.head import Wanted, wanted
from schema.base.limits import Limits
from schema.base.media import MediaType, require_json
from schema.base.persisted import Persisted, require_valid
from schema.base.rates import Rates
from schema.base.refusals import DoorCode, Refusal, bad_document, bad_request
from schema.base.requests import (
    GraphQLRequest,
    read_body,
    read_idempotency_key,
    read_parameters,
)
from schema.base.responses import Kept, Place, Responses, place_of
from schema.base.sockets import Sockets, SocketSettings
from schema.base.streams import STREAM, Results, Streams, one_event, read_position

_JSON = b"application/json"


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
    points_per_minute: int = 0
    response_bytes: int = 0
    response_seconds: float = 60.0


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
        persisted: Persisted | None = None,
        compiler: Compiling | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if PreparedDocument not in schema.extensions:
            raise TypeError("The schema must be a GuardedSchema: only that runs what was checked.")
        self._schema = schema
        self._get_context = get_context
        self._settings = settings
        # The compiled schema has no public name in strawberry; its own servers use this one.
        self._documents = Documents(schema._schema, limits=settings.limits)  # noqa: SLF001 - see above
        self._deadlines = Deadlines(settings.request_seconds)
        self._bodies = Bodies(most=settings.body_bytes, seconds=settings.body_seconds)
        self._persisted = persisted or Persisted()
        self._rates = Rates(per_minute=settings.points_per_minute, clock=clock)
        self._responses = Responses(
            most_bytes=settings.response_bytes, seconds=settings.response_seconds, clock=clock
        )
        self._sockets = Sockets(
            schema,
            admit=self._admit,
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
        answer = await self.answer(scope, receive)
        await answer(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive) -> Answer | Response:
        """Return the answer to one request over HTTP; it has still to be sent."""
        return await self._answer(HttpRequest(scope, receive), receive)

    def require_valid(self, trusted: Mapping[str, str]) -> None:
        """Raise ManifestBroken for a document of a list that could never run."""
        require_valid(trusted, self._documents.require_valid)

    async def _answer(self, request: HttpRequest, receive: Receive) -> Answer | Response:
        want = wanted(request.head)
        media = want.media
        try:
            if self._settings.development and _is_for_page(request, want):
                # The page loads its scripts from a public server: it needs the internet.
                return HTMLResponse(get_graphql_ide_html())
            _refuse_transport(request.method, want)
            asked = await self._read(request, receive)
            if self._persisted.concerns(asked):
                asked = await self._persisted.resolved(asked)
            draft = self._documents.read(
                asked.query, operation_name=asked.operation_name, variables=asked.variables
            )
            if want.stream and draft.operation.operation is OperationType.SUBSCRIPTION:
                media = None
                return await self._follow(request, asked, draft)
            return await self._perform(request, asked, draft, media)
        except Refusal as refusal:
            if media is None and want.stream and not refusal.transport:
                return one_event(
                    {"errors": [error.formatted for error in refusal.errors]}, headers={}
                )
            return refusal_answer(refusal, media or MediaType.JSON)
        except Gone:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a code
            return failure_answer(error, media or MediaType.JSON)

    async def _read(self, request: HttpRequest, receive: Receive) -> GraphQLRequest:
        if request.method == "GET":
            return read_parameters(request.scope["query_string"])
        head = request.head
        if head.joined(b"content-type") != _JSON or head.first(b"content-encoding") is not None:
            encoding = head.first(b"content-encoding")
            require_json(
                head.all(b"content-type"), None if encoding is None else encoding.decode("latin-1")
            )
        return read_body(await self._bodies.read(head.first(b"content-length"), receive))

    async def _follow(self, request: HttpRequest, asked: GraphQLRequest, draft: Draft) -> Response:
        """Begin a stream; only its beginning has a deadline."""
        position = read_position(request.head.all(b"last-event-id"))
        deadline = Deadline(self._deadlines)
        try:
            with deadline:
                context = await self._get_context(request, None)
        except TimeoutError:
            if not deadline.expired:
                raise  # Somebody else's: a store that does not answer.
            raise _deadline(self._settings.request_seconds, draft) from None
        context.facts = RequestFacts(
            None, asked.query, asked.variables, asked.operation_name, resume_after=position
        )
        self._documents.check(
            draft, suggestions=self._settings.development and not context.anonymous
        )
        self._rates.charge(context.holder, draft.cost.requested)
        results = await self._schema.subscribe(
            asked.query,
            variable_values=dict(asked.variables),
            context_value=context,
            operation_name=asked.operation_name,
        )
        return self.streams.answer(cast("Results", results), draft=draft, context=context)

    async def _perform(
        self, request: HttpRequest, asked: GraphQLRequest, draft: Draft, media: MediaType | None
    ) -> Answer | Response:
        facts = RequestFacts(
            read_idempotency_key(request.head.all(b"idempotency-key")),
            asked.query,
            asked.variables,
            asked.operation_name,
        )
        _refuse_wrong_operation(request.method, draft, facts)
        deadline = Deadline(self._deadlines)
        try:
            with deadline:
                context = await self._get_context(request, None)
                context.facts = facts
                suggestions = self._settings.development and not context.anonymous
                self._documents.check(draft, suggestions=suggestions)
                if asked.sha256 is not None and not context.anonymous:
                    await self._persisted.keep(asked)
                place = await self._place(draft, asked, context) if media else None
                # Whoever is given a kept answer pays nothing for it.
                kept = None if place is None else self._responses.find(place)
                if kept is None:
                    result = await self._run(draft, asked, context)
        except TimeoutError:
            if not deadline.expired:
                raise  # Somebody else's: a store that does not answer.
            raise _deadline(self._settings.request_seconds, draft) from None
        if kept is None:
            body = plain_body(result, draft=draft, context=context)
            if body is None or media is None:
                return result_answer(
                    result, draft=draft, context=context, media=media, suggestions=suggestions
                )
            kept = Kept(body) if place is None else self._responses.keep(place, body)
        # Streams are given no kept answers.
        head = request.head if request.method == "GET" else None
        answer = plain_answer(kept, media or MediaType.JSON, head)
        if place is not None and context.audience is not None and context.vouch is not None:
            answer.still = partial(
                self._is_still, place, kept, context.audience.version, context.vouch
            )
        return answer

    def _is_still(
        self,
        place: Place,
        kept: Kept,
        version: Callable[[], int | None],
        vouch: Callable[[], bool],
    ) -> bool:
        return vouch() and version() == place.version and self._responses.find(place) is kept

    async def _place(
        self, draft: Draft, asked: GraphQLRequest, context: DoorContext
    ) -> Place | None:
        audience = context.audience if draft.shared and self._settings.response_bytes else None
        if audience is None:
            return None
        version = audience.version()
        if version is None:
            version = await audience.look()
        return place_of(audience, version, draft, asked.variables)

    async def _run(
        self, draft: Draft, asked: GraphQLRequest, context: DoorContext
    ) -> ExecutionResult:
        """Execute what was admitted, at the expense of the token."""
        self._rates.charge(context.holder, draft.cost.requested)
        if draft.operation.operation is not OperationType.MUTATION:
            return await self._execute(draft, asked, context)
        try:
            return await self._execute(draft, asked, context)
        finally:
            context.changed()

    def _admit(self, draft: Draft, context: DoorContext) -> None:
        """Let a subscription in that did not come as a request. Raises Refusal."""
        self._persisted.require_trusted(draft.query)
        self._rates.charge(context.holder, draft.cost.requested)

    async def _execute(
        self, draft: Draft, asked: GraphQLRequest, context: DoorContext
    ) -> ExecutionResult:
        if self.compiler is not None:
            compiled = await self.compiler.run(draft, asked.variables, context)
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


def _is_for_page(request: HttpRequest, want: Wanted) -> bool:
    return want.page and request.method == "GET" and "query" not in request.query_params


def _refuse_transport(method: str, want: Wanted) -> None:
    if method not in {"GET", "POST"}:
        raise _not_allowed("Use POST, or GET for queries.", allow="GET, POST")
    if want.media is None and not want.stream:
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


def _not_allowed(message: str, *, allow: str) -> Refusal:
    return bad_request(DoorCode.METHOD_NOT_ALLOWED, message, status=405, allow=allow)


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
