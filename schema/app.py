"""The hub's doors as one ASGI application: `python -m schema`."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from hub.content.storage import Storage
from hub.kernel import log
from hub.kernel.caller import Caller
from hub.kernel.errors import Unauthenticated
from hub.kernel.reading import Reader
from hub.kernel.settings import Settings
from hub.kernel.shared import Shelf
from hub.runtime import open_hub
from schema.access.cookies import Cookies
from schema.access.sessions import session_routes
from schema.analytics.clicking import Counter
from schema.analytics.doors import Desk, figure_routes
from schema.authentication import Authenticator, authorization_of
from schema.automation.hooks import hook_routes
from schema.base.documents import GuardedSchema
from schema.base.door import DoorSettings, GraphQLDoor
from schema.base.facts import HttpRequest
from schema.base.limits import Limits
from schema.base.persisted import Persisted, read_manifest
from schema.base.recalling import STATE
from schema.base.stopping import ending_with_the_server
from schema.compiled.compiler import Compiler
from schema.content.uploads import Stores, picture_routes
from schema.context import Context
from schema.freshness import Freshness
from schema.front import Front
from schema.metrics import Metrics, metrics_endpoint
from schema.publishing import feeds
from schema.schema import build_schema

#: Documents that clients have asked to keep, for all processes together.
_SHARED_DOCUMENTS = 1_000


def create_app(settings: Settings | None = None) -> Starlette:
    """Return the application; it opens the hub when it starts and closes it when it ends.

    Without settings it is the whole process: they come from the environment, logs are configured,
    and the garbage collector is tuned for serving.
    """
    alone = settings is None
    settings = settings or Settings()
    if alone:
        log.configure(level=settings.log_level)
    schema = build_schema()
    compiler = None
    if settings.compiled_reads:
        compiler = Compiler(schema, keep_bytes=settings.answer_cache_bytes)
    metrics = Metrics(compiler.counts if compiler else None)
    documents = Shelf(settings.redis_url, name="documents", most=_SHARED_DOCUMENTS)
    door = _door(settings, documents, schema, compiler)

    @asynccontextmanager
    async def lifespan(app: Front) -> AsyncIterator[Mapping[str, Any]]:
        async with open_hub(settings) as hub:
            reader = Reader(settings)
            app.state.hub = hub
            app.state.reader = reader
            app.state.freshness = Freshness(reader)
            app.state.authenticator = Authenticator(hub)
            storage = Storage(settings.data_dir / "assets")
            app.state.stores = Stores(hub=hub, storage=storage)
            clicks = Counter(hub)
            app.state.figures = Desk(hub=hub, reader=reader, storage=storage, clicks=clicks)
            if alone:
                _tune_collector()
            try:
                with ending_with_the_server(door.streams.close) if alone else nullcontext():
                    yield {STATE: app.recollections}
            finally:
                await clicks.close()
                await reader.close()
                await documents.close()

    app = Front(
        serve=partial(metrics.serve, door),
        counted=metrics.recalled,
        origins=settings.cors_origins,
        routes=_routes(settings, metrics, metrics.watched(door)),
        lifespan=lifespan,
    )
    app.state.door = door
    return app


def _routes(settings: Settings, metrics: Metrics, watched: ASGIApp) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Route("/graphql", watched),
        WebSocketRoute("/graphql", watched),
        Route("/health", _health, methods=["GET"]),
        Route("/ready", _ready, methods=["GET"]),
        Route("/metrics", metrics_endpoint(metrics, settings), methods=["GET"]),
        *session_routes(settings),
        *feeds.routes,
        *hook_routes(lambda request: request.app.state.hub),
        *picture_routes(lambda request: request.app.state.stores),
        *figure_routes(lambda request: request.app.state.figures),
    ]
    if settings.environment == "development":
        routes.append(Route("/", _landing, methods=["GET"]))
    return routes


def _door(
    settings: Settings, documents: Shelf, schema: GuardedSchema, compiler: Compiler | None
) -> GraphQLDoor:
    development = settings.environment == "development"
    path = settings.trusted_documents
    trusted = {} if path is None else read_manifest(path)
    door = GraphQLDoor(
        schema,
        compiler=compiler,
        persisted=Persisted(
            trusted=trusted,
            only_trusted=settings.trusted_only and not development,
            shared=documents,
        ),
        get_context=_context(settings),
        settings=DoorSettings(
            body_bytes=settings.body_bytes,
            body_seconds=settings.request_seconds,
            request_seconds=settings.request_seconds,
            development=development,
            points_per_minute=settings.token_points_per_minute,
            response_bytes=settings.response_cache_bytes,
            response_seconds=settings.response_cache_seconds,
            limits=Limits(
                depth=settings.query_depth,
                aliases=settings.query_aliases,
                cost=settings.query_cost,
                page=settings.page_max,
            ),
            origins=(*settings.cors_origins, _origin(settings.public_url)),
        ),
    )
    door.require_valid(trusted)
    return door


def _context(settings: Settings) -> Any:
    open_to_all = settings.environment == "development"
    cookies = Cookies(settings)

    async def get_context(
        connection: Request | WebSocket, parameters: Mapping[str, Any] | None
    ) -> Context:
        state = connection.app.state
        caller = await _of_token(state.authenticator, connection, parameters)
        if caller is None:
            session = cookies.session_of(connection, state.hub.vault)
            caller = await state.authenticator.of_session(session) if session else None
        if caller is None and not open_to_all:
            raise Unauthenticated(
                "Send a token, `Authorization: Bearer hub_pat_…`, or sign in at /session."
            )
        return Context(
            hub=state.hub,
            reader=state.reader,
            known=caller,
            freshness=state.freshness,
            vouch=_vouching(state.authenticator, connection, caller),
        )

    return get_context


def _vouching(
    authenticator: Authenticator, connection: Request | WebSocket, caller: Caller | None
) -> Callable[[], bool] | None:
    if caller is None or not isinstance(connection, HttpRequest):
        return None
    header = connection.head.first(b"authorization")
    return None if header is None else partial(authenticator.vouch, header, caller)


async def _of_token(
    authenticator: Authenticator,
    connection: Request | WebSocket,
    parameters: Mapping[str, Any] | None,
) -> Caller | None:
    if not isinstance(connection, HttpRequest):
        return await authenticator.caller(authorization_of(connection.headers, parameters))
    header = connection.head.first(b"authorization")
    if header is None:
        return None
    return authenticator.known(header) or await authenticator.of_header(header)


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _ready(request: Request) -> Response:
    hub = request.app.state.hub
    database, queue = await asyncio.gather(hub.is_up(), hub.queue.is_up())
    stores = {"database": database, "queue": queue}
    return JSONResponse(
        {
            "status": "ok" if all(stores.values()) else "unavailable",
            **{name: "ok" if up else "down" for name, up in stores.items()},
        },
        status_code=200 if all(stores.values()) else 503,
        headers={"cache-control": "no-store"},
    )


async def _landing(_request: Request) -> Response:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Content hub</title>'
        "</head><body><h1>Content hub</h1><p>The API is at "
        '<a href="/graphql">/graphql</a>; a browser gets GraphiQL there, anybody else sends '
        "GraphQL with a token.</p><p>"
        '<a href="/ready">/ready</a> · <a href="/metrics">/metrics</a></p></body></html>'
    )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _tune_collector() -> None:
    # What is loaded by now lives as long as the process: looking at it again and again is the
    # longest pause a request can meet.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
