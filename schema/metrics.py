"""Figures for operators in the format of Prometheus: what came in, what waits, what is late.

Sums over all workspaces and never a word of content; who may read them is `may_read`.
"""

import asyncio
import hmac
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import nullcontext
from itertools import accumulate

from prometheus_client import CollectorRegistry, Gauge, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.automation.delivering import delivery_figures
from hub.kernel.figures import job_figures
from hub.kernel.log import logger
from hub.kernel.queue import QUEUES
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.publishing.queries import publication_figures
from schema.base.answers import STEADY, Answer
from schema.base.door import GraphQLDoor
from schema.base.head import RawHeaders
from schema.base.streams import STREAM

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

    def __init__(self, counts: Counter[str] | None = None) -> None:
        self.registry = CollectorRegistry()
        # How operations were answered, as the compiler counts them.
        self._counts: Counter[str] = Counter() if counts is None else counts
        self.registry.register(_Operations(self._counts))
        ProcessCollector(registry=self.registry)
        self._requests = _Requests()
        self.registry.register(self._requests)
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

    def _gauge(self, name: str, description: str, *labels: str) -> Gauge:
        return Gauge(name, description, labels, registry=self.registry)

    async def serve(
        self, door: GraphQLDoor, scope: Scope, receive: Receive, send: Send, headers: RawHeaders
    ) -> Answer | None:
        """Have the door answer a request, with these headers as well; count and time it.

        Return the answer, if it is one that was known as a whole.
        """
        started = time.perf_counter()
        outcome, streams = "aborted", False
        try:
            answer = await door.answer(scope, receive)
            if isinstance(answer, Answer):
                answer.headers = (*answer.headers, *headers)
                await answer(scope, receive, send)
                outcome = _outcome(answer.status, answer.body)
                return answer
            _add(answer, headers)
            # A stream lasts as long as its reader wants: that is no measure of the hub.
            streams = answer.headers.get("content-type", "").startswith(STREAM)
            with self._streams.track_inprogress() if streams else nullcontext():
                await answer(scope, receive, send)
            outcome = _outcome(answer.status_code, bytes(answer.body[: len(_ERRORS)]))
            return None
        finally:
            if not streams:
                self._requests.took(time.perf_counter() - started)
            self._requests.ended(outcome)

    def recalled(self, seconds: float) -> None:
        """Count and time an answer that was given again before its request was read."""
        self._requests.took(seconds)
        self._requests.ended("ok")
        self._counts["recalled"] += 1

    def watched(self, door: GraphQLDoor) -> ASGIApp:
        """Return the door as a route: sockets, and requests that come the long way."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket":
                with self._sockets.track_inprogress():
                    await door(scope, receive, send)
                return
            await self.serve(door, scope, receive, send, ())

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


class _Requests(Collector):
    """Requests by outcome and by how long they took: counted with next to no work for each."""

    def __init__(self) -> None:
        self._outcomes = dict.fromkeys(("ok", "errors", "refused", "failed", "aborted"), 0)
        self._buckets = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0

    def took(self, seconds: float) -> None:
        self._buckets[bisect_left(_BUCKETS, seconds)] += 1
        self._seconds += seconds

    def ended(self, outcome: str) -> None:
        self._outcomes[outcome] += 1

    def collect(self) -> Iterator[Metric]:
        """Yield both figures as they are now."""
        counter = CounterMetricFamily(
            "hub_graphql_requests",
            "GraphQL requests over HTTP: ok, errors (answered with errors), refused (4xx), "
            "failed (5xx), aborted (no answer).",
            labels=["outcome"],
        )
        for outcome, requests in self._outcomes.items():
            counter.add_metric([outcome], requests)
        yield counter
        bounds = (*(str(float(bound)) for bound in _BUCKETS), "+Inf")
        yield HistogramMetricFamily(
            "hub_graphql_request_duration_seconds",
            "From the first byte of a request to the last one of its answer.",
            buckets=list(zip(bounds, accumulate(self._buckets), strict=True)),
            sum_value=self._seconds,
        )


class _Operations(Collector):
    """Operations by how their answers were found."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield the figure as it is now."""
        counts = self._counts
        counter = CounterMetricFamily(
            "hub_graphql_operations",
            "Operations of callers: recalled (given away again, unread), kept (given away again), "
            "compiled (written by the database), declined (left to graphql-core).",
            labels=["how"],
        )
        kept, compiled, recalled = counts["kept"], counts["compiled"], counts["recalled"]
        counter.add_metric(["recalled"], recalled)
        counter.add_metric(["kept"], kept)
        counter.add_metric(["compiled"], compiled - kept)
        counter.add_metric(["declined"], counts.total() - recalled - kept - compiled)
        yield counter


def _add(answer: Response, headers: RawHeaders) -> None:
    own = {name for name, _ in answer.raw_headers}
    more = [one for one in (*headers, *STEADY) if one[0] not in own]
    answer.raw_headers = [*answer.raw_headers, *more, (b"vary", b"origin")]


def _outcome(status: int, body: bytes) -> str:
    if status >= 500:
        return "failed"
    if status >= 400:
        return "refused"
    # The door puts errors first.
    return "errors" if body.startswith(_ERRORS) else "ok"
