"""Subscriptions over WebSocket: strawberry's protocol with the limits and masks of the door."""

import asyncio
import copy
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import strawberry
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import (
    NonJsonMessageReceived,
    NonTextMessageReceived,
    WebSocketDisconnected,
)
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message
from strawberry.types.unset import UNSET, UnsetType

from hub.kernel.errors import HubError
from schema.base.documents import Documents, Draft, running
from schema.base.facts import DoorContext, GetContext, RequestFacts
from schema.base.masking import mask_exception
from schema.base.refusals import DoorCode, Refusal, bad_document, coded
from schema.base.requests import from_object, read_json

_ID_CHARACTERS = 128

#: What the door has to say against a subscription, beyond its document. Raises Refusal.
Admit = Callable[[Draft, DoorContext], None]


@dataclass(frozen=True, kw_only=True)
class SocketSettings:
    """Bounds of one connection."""

    frame_bytes: int
    subscriptions: int
    init_seconds: float
    origins: Sequence[str]
    development: bool


@dataclass
class _Connection:
    """Strawberry's context of a connection; every operation gets one of its own from it."""

    websocket: WebSocket
    connection_params: dict[str, Any] | None = None


class _Adapter(ASGIWebSocketAdapter):
    """The connection, forgiving towards both sides closing it at the same moment."""

    view: "_View"

    async def iter_json(
        self,
        *,
        ignore_parsing_errors: bool = False,  # noqa: ARG002 - the signature is strawberry's
    ) -> AsyncGenerator[object, None]:
        """Yield messages until either side closes."""
        while self.ws.application_state is not WebSocketState.DISCONNECTED:
            try:
                text = await self.ws.receive_text()
            except WebSocketDisconnect:
                return
            except (KeyError, RuntimeError) as error:
                raise NonTextMessageReceived from error
            try:
                yield self.view.decode_json(text)
            except json.JSONDecodeError as error:
                raise NonJsonMessageReceived from error

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message, or say that nobody listens any more."""
        if self.ws.application_state is WebSocketState.DISCONNECTED:
            raise WebSocketDisconnected
        await super().send_json(message)
        # A source that never waits must not keep the loop from hearing that the client left.
        await asyncio.sleep(0)

    async def close(self, code: int, reason: str) -> None:
        """Close once; a reason longer than the protocol allows is cut."""
        if self.ws.application_state is WebSocketState.DISCONNECTED:
            return
        await super().close(code, reason.encode()[:120].decode(errors="ignore"))


class _Handler(BaseGraphQLTransportWSHandler[_Connection, None]):
    """One connection: checks the shape of every message, and every document before it runs."""

    view: "_View"
    context: _Connection

    async def handle_message(self, message: Message) -> None:
        """Close the connection on a message the protocol does not know."""
        fault = _fault(message)
        if fault:
            await self.handle_invalid_message(fault)
            return
        if message["type"] == "subscribe" and self._is_full(message["id"]):
            full = coded(
                DoorCode.TOO_MANY_SUBSCRIPTIONS,
                f"A connection holds {self.max_subscriptions_per_connection} subscriptions.",
            )
            await self.send_message(
                {"id": message["id"], "type": "error", "payload": [full.formatted]}
            )
            return
        await super().handle_message(message)

    def _is_full(self, identity: str) -> bool:
        return (
            self.connection_acknowledged
            and identity not in self.operations
            and len(self.operations) >= (self.max_subscriptions_per_connection or 0)
        )

    async def run_operation(self, operation: Operation[_Connection, None]) -> None:
        """Run a subscription that the door would also let in."""
        try:
            draft, context = await self.view.admit(operation, self.context)
        except Refusal as refusal:
            await operation.send_initial_errors(list(refusal.errors))
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a code
            await operation.send_initial_errors([mask_exception(error)])
            return
        # The handler runs operations in its own context; this one has a context of its own and
        # shares everything else.
        handler: BaseGraphQLTransportWSHandler[Any, None] = copy.copy(self)
        handler.context = context
        with running(draft):
            await BaseGraphQLTransportWSHandler.run_operation(handler, operation)

    async def handle_task_exception(self, error: Exception) -> None:
        """Log what no client was told of; a client that has left is nothing to report."""
        if not isinstance(error, WebSocketDisconnected):
            mask_exception(error)


class _View(GraphQL[Any, None]):
    """The WebSocket half of strawberry's view; its HTTP half is never reached."""

    websocket_adapter_class = _Adapter
    graphql_transport_ws_handler_class = _Handler

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        documents: Documents,
        admit: Admit,
        get_context: GetContext,
        settings: SocketSettings,
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=settings.init_seconds),
            max_subscriptions_per_connection=settings.subscriptions,
            allowed_origins=settings.origins,
        )
        self._documents = documents
        self._admit = admit
        self._make_context = get_context
        self._settings = settings

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,  # noqa: ARG002 - the signature is strawberry's
    ) -> _Connection:
        """Hold the connection until it says who it is."""
        assert isinstance(request, WebSocket)  # noqa: S101 - the HTTP half is never reached
        return _Connection(request)

    def decode_json(self, data: str | bytes) -> object:
        """Read a frame like a request's body; every fault is one the protocol can answer."""
        text = data.decode(errors="replace") if isinstance(data, bytes) else data
        if len(text) > self._settings.frame_bytes:
            raise json.JSONDecodeError("frame too large", "", 0)
        try:
            return read_json(text)
        except Refusal as refusal:
            raise json.JSONDecodeError(str(refusal), "", 0) from None

    async def on_ws_connect(self, context: _Connection) -> UnsetType:
        """Refuse a connection whose token is refused, before it is acknowledged."""
        try:
            await self._make_context(context.websocket, context.connection_params)
        except HubError as error:
            raise ConnectionRejectionError from error
        except Exception as error:
            mask_exception(error)
            await context.websocket.close(1011, "Try again later")
            raise ConnectionRejectionError from error
        accepted: UnsetType = UNSET
        return accepted

    async def admit(
        self, operation: Operation[_Connection, None], connection: _Connection
    ) -> tuple[Draft, DoorContext]:
        """Measure and validate a subscription, and make its context. Raises Refusal."""
        asked = from_object(
            {
                "query": operation.query,
                "variables": operation.variables,
                "operationName": operation.operation_name,
            }
        )
        draft = self._documents.read(
            asked.query, operation_name=asked.operation_name, variables=asked.variables
        )
        if draft.operation.operation is not OperationType.SUBSCRIPTION:
            raise bad_document(
                DoorCode.WRONG_TRANSPORT, "Only subscriptions run here; send the rest over HTTP."
            )
        # Made anew for every operation, so a token that was revoked since opens nothing more.
        context = await self._make_context(connection.websocket, connection.connection_params)
        context.facts = RequestFacts(None, asked.query, asked.variables, asked.operation_name)
        suggestions = self._settings.development and not context.anonymous
        self._documents.check(draft, suggestions=suggestions)
        self._admit(draft, context)
        return draft, context


class Sockets:
    """Serves WebSocket connections of one schema."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        documents: Documents,
        admit: Admit,
        get_context: GetContext,
        settings: SocketSettings,
    ) -> None:
        self._view = _View(
            schema, documents=documents, admit=admit, get_context=get_context, settings=settings
        )

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until it closes; nothing a client sends makes it raise."""
        websocket = WebSocket(scope, receive, send)
        try:
            await self._view.run(websocket)
        except WebSocketDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - logged with an id; the client is told to leave
            mask_exception(error)
            if websocket.application_state is WebSocketState.CONNECTED:
                await websocket.close(1011)


def _fault(message: object) -> str | None:
    """Say what is wrong with the shape of a message, or None."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is an object with a type"
    if message["type"] in {"subscribe", "complete"}:
        identity = message.get("id")
        if not isinstance(identity, str) or not 0 < len(identity) <= _ID_CHARACTERS:
            return f"An id is text of 1 to {_ID_CHARACTERS} characters"
    if message["type"] != "subscribe":
        return None
    payload = message.get("payload")
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        return "The payload of subscribe is an object with a query"
    if not isinstance(payload.get("variables"), dict | None):
        return "Variables are an object"
    if not isinstance(payload.get("operationName"), str | None):
        return "The operationName is text"
    return None
