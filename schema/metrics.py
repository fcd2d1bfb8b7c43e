"""Figures for operators in the format of Prometheus: what came in, what waits, what is late.

Sums over all workspaces and never a word of content; who may read them is `may_read`.
"""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.automation.delivering import delivery_figures
from hub.kernel.figures import job_figures
from hub.kernel.log import logger
from hub.kernel.queue import QUEUES
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.publishing.queries import publication_figures

_log = logger(__name__)

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LOOPBACK = {"127.0.0.1", "::1"}
#: What a proxy adds: behind one, the peer's address says nothing about who asks.
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_SECONDS = 2.0
_ERRORS = b'{"errors":'
#: Always shown, so that an alert on them has something to look at.
_WATCHED = (("HELD", ""), ("UNCONFIRMED", ""), ("SCHEDULED", ""))


_OUTCOMES = ("pending", "delivered", "failed", "given_up")


class Metrics:
    """The figures of one process; those of the database are read when they are asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "hub_graphql_requests",
            "GraphQL requests over HTTP: ok, errors (answered with errors), refused (4xx), "
            "failed (5xx), aborted (no answer).",
            ["outcome"],
            registry=self.registry,
        )
        self._duration = Histogram(
            "hub_graphql_request_duration_seconds",
            "From the first byte of a request to the last one of its answer.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._sockets = Gauge(
            "hub_graphql_sockets", "WebSocket connections open now.", registry=self.registry
        )
        self._streams = Gauge(
            "hub_graphql_streams", "Streams of events open now.", registry=self.registry
        )
        self._up = self._gauge("hub_up", "Whether a store answers.", "store")
        self._jobs = self._gauge("hub_jobs", "Jobs promised and not done.", "queue", "state")
        self._due = self._gauge("hub_queue_depth", "Jobs that should be running by now.", "queue")
        self._oldest = self._gauge(
            "hub_queue_oldest_seconds", "How long the longest of them has been due.", "queue"
        )
        self._messages = self._gauge(
            "hub_queue_messages", "Messages in the queue; each names up to 100 jobs.", "queue"
        )
        self._publications = self._gauge(
            "hub_publications", "Publications on their way or waiting.", "state", "hold_reason"
        )
        self._late = Gauge(
            "hub_publications_most_late_seconds",
            "How long the latest publication has been due.",
            registry=self.registry,
        )
        self._deliveries = self._gauge(
            "hub_deliveries",
            "Events for endpoints: pending now; calls delivered and failed and events given_up, "
            "since the endpoint was made.",
            "outcome",
        )
        self._undelivered = Gauge(
            "hub_deliveries_oldest_seconds",
            "How long the oldest pending delivery has waited.",
            registry=self.registry,
        )
        self._by_outcome = {
            outcome: self._requests.labels(outcome)
            for outcome in ("ok", "errors", "refused", "failed", "aborted")
        }

    def _gauge(self, name: str, description: str, *labels: str) -> Gauge:
        return Gauge(name, description, labels, registry=self.registry)

    def watched(self, app: ASGIApp) -> ASGIApp:
        """Return the application with its requests counted and timed."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket":
                with self._sockets.track_inprogress():
                    await app(scope, receive, send)
                return
            watch = _Watch(send, self._streams)
            started = time.perf_counter()
            try:
                await app(scope, receive, watch.send)
            finally:
                if watch.streamed:
                    self._streams.dec()
                else:
                    self._duration.observe(time.perf_counter() - started)
                self._by_outcome[watch.outcome()].inc()

        return _Endpoint(serve)

    async def render(self, hub: Hub) -> bytes:
        """Return all figures; a store that does not answer is shown as down, the rest stays."""
        await asyncio.gather(
            self._read("database", self._read_database(hub)),
            self._read("queue", self._read_queue(hub)),
        )
        return generate_latest(self.registry)

    async def _read(self, store: str, reading: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                await reading
        except Exception as error:  # noqa: BLE001 - whatever it is, the other figures are wanted
            _log.warning("no figures from a store", store=store, error=str(error))
            self._up.labels(store).set(0)
        else:
            self._up.labels(store).set(1)

    async def _read_database(self, hub: Hub) -> None:
        async with hub.unscoped() as session:
            jobs = await job_figures(session)
            publications = await publication_figures(session)
            deliveries = await delivery_figures(session)
        for gauge in (self._jobs, self._due, self._oldest, self._publications):
            gauge.clear()
        for queue in QUEUES:
            self._due.labels(queue).set(0)
            self._oldest.labels(queue).set(0)
        for found in jobs:
            self._jobs.labels(found.queue, found.state).set(found.jobs)
            if found.state == "WAITING":
                self._due.labels(found.queue).set(found.due)
                self._oldest.labels(found.queue).set(found.oldest_seconds)
        for state, reason in _WATCHED:
            self._publications.labels(state, reason).set(0)
        for row in publications:
            self._publications.labels(row.state, row.hold_reason).set(row.publications)
        for outcome in _OUTCOMES:
            self._deliveries.labels(outcome).set(0)
        for counted in deliveries:
            self._deliveries.labels(counted.outcome).set(counted.deliveries)
        self._undelivered.set(max((one.oldest_seconds or 0 for one in deliveries), default=0))
        self._late.set(max((row.most_late_seconds for row in publications), default=0))

    async def _read_queue(self, hub: Hub) -> None:
        for queue, messages in (await hub.queue.depths()).items():
            self._messages.labels(queue).set(messages)


def metrics_endpoint(
    metrics: Metrics, settings: Settings
) -> Callable[[Request], Awaitable[Response]]:
    """Return the answer to `/metrics`."""

    async def serve(request: Request) -> Response:
        if not may_read(request.scope, request.headers, settings):
            return PlainTextResponse(
                "Figures are for this machine alone; set HUB_METRICS_TOKEN to read them from "
                "elsewhere with `Authorization: Bearer …`.\n",
                status_code=403,
            )
        return Response(
            await metrics.render(request.app.state.hub),
            headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"},
        )

    return serve


def may_read(scope: Scope, headers: Mapping[str, str], settings: Settings) -> bool:
    """Say whether a request may see the figures.

    With HUB_METRICS_TOKEN: whoever sends it. Without: whoever asks from this machine itself, and
    not through a proxy on it.
    """
    if settings.metrics_token is not None:
        wanted = f"Bearer {settings.metrics_token.get_secret_value()}"
        return hmac.compare_digest(headers.get("authorization", "").encode(), wanted.encode())
    peer = scope.get("client")
    direct = not any(name in headers for name in _FORWARDED)
    return direct and peer is not None and peer[0] in _LOOPBACK


class _Endpoint:
    """An ASGI application that Starlette's routes do not take for a request handler."""

    def __init__(self, serve: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serve(scope, receive, send)


class _Watch:
    """Listens to an answer while it is sent."""

    __slots__ = ("_errors", "_send", "_status", "_streams", "streamed")

    def __init__(self, send: Send, streams: Gauge) -> None:
        self._send = send
        self._streams = streams
        self._status = 0
        self._errors = False
        #: Whether it lasts as long as its reader wants: that is no measure of the hub.
        self.streamed = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self.streamed = any(
                name == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in message["headers"]
            )
            if self.streamed:
                self._streams.inc()
        elif message.get("body", b"").startswith(_ERRORS):
            # The door puts errors first.
            self._errors = True
        await self._send(message)

    def outcome(self) -> str:
        if not self._status:
            return "aborted"
        if self._status >= 500:
            return "failed"
        if self._status >= 400:
            return "refused"
        return "errors" if self._errors else "ok"
