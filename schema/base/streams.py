"""Answers as server-sent events: the graphql-sse protocol in its distinct connections mode.

The library has such a transport, but only behind its own reading of requests, which knows no
bounds, and without ids: a reader that was interrupted could not go on where it was.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from schema.base.documents import Draft, running
from schema.base.facts import DoorContext
from schema.base.masking import mask_exception
from schema.base.refusals import DoorCode, bad_request

STREAM = "text/event-stream"

Results = AsyncGenerator[Any, None]

_BEAT = b":\n\n"
# A browser drops an event without data, so there is always some.
_COMPLETE = b"event: complete\ndata:\n\n"
_HEADERS = {
    "cache-control": "no-store",
    "vary": "accept, authorization",
    # Asks proxies to hand every event on at once.
    "x-accel-buffering": "no",
}
_RETRY_SECONDS = 5
_ID_MAX = 1 << 63


def read_position(values: list[str]) -> int | None:
    """Read the `Last-Event-ID` headers of a request: the number to go on behind, if any.

    Raises Refusal for anything but one number, since the hub gives nothing else as id.
    """
    given = [value.strip() for value in values if value.strip()]
    if not given:
        return None
    if len(given) == 1 and given[0].isascii() and given[0].isdigit() and len(given[0]) <= 19:
        position = int(given[0])
        if position < _ID_MAX:
            return position
    raise bad_request(DoorCode.BAD_REQUEST, "The Last-Event-ID is no id of an event of the hub.")


def one_event(content: Mapping[str, Any], *, headers: Mapping[str, str]) -> Response:
    """Return an answer that is known already, as a stream of one result."""
    return Response(
        _next(content, position=None) + _COMPLETE,
        media_type=STREAM,
        headers={**_HEADERS, **headers},
    )


class Streams:
    """The open streams of one door: so many per token, and all of them ended together."""

    def __init__(self, *, most: int, beat_seconds: float) -> None:
        self.beat_seconds = beat_seconds
        self.closing = asyncio.Event()
        self._most = most
        self._open: Counter[Hashable] = Counter()

    def close(self) -> None:
        """End every stream in the midst, as when the server stops: readers come back elsewhere."""
        self.closing.set()

    def answer(self, results: Results, *, draft: Draft, context: DoorContext) -> Response:
        """Return the stream of a subscription's results. Raises Refusal where there are too many.

        A place is taken when the answer starts, in the same step of the loop as this look.
        """
        if self._open[context.holder] >= self._most:
            raise bad_request(
                DoorCode.TOO_MANY_SUBSCRIPTIONS,
                f"A token holds {self._most} streams at once.",
                status=429,
                retry_after=str(_RETRY_SECONDS),
            )
        return _EventStream(self, results, draft=draft, context=context)

    @contextmanager
    def place(self, holder: Hashable) -> Iterator[None]:
        """Hold one of the places of a token."""
        self._open[holder] += 1
        try:
            yield
        finally:
            self._open[holder] -= 1
            if not self._open[holder]:
                del self._open[holder]


class _EventStream(Response):
    """A response that lasts until the results end, the client leaves or the server stops."""

    media_type = STREAM

    def __init__(
        self, streams: Streams, results: Results, *, draft: Draft, context: DoorContext
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._streams = streams
        self._results = results
        self._draft = draft
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the signature is ASGI's
        """Send the stream."""
        with self._streams.place(self._context.holder):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            left = asyncio.create_task(_left(receive))
            tasks = (
                asyncio.create_task(self._tell(send)),
                asyncio.create_task(self._streams.closing.wait()),
                left,
            )
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone = left.done()
                await _stopped(*tasks)
            if not gone:
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send) -> None:
        """Send every result, and a sign of life where none comes for a while."""
        try:
            with running(self._draft):
                await _send(send, _BEAT)
                await self._tell_results(send)
        except OSError:
            return  # The client has left in the midst of a send.
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a code
            shown = {"errors": [mask_exception(error).formatted]}
            await _send(send, _next(shown, position=None) + _COMPLETE)

    async def _tell_results(self, send: Send) -> None:
        waiting: asyncio.Task[Any] | None = None
        try:
            while True:
                waiting = asyncio.create_task(_following(self._results))
                while not (await asyncio.wait({waiting}, timeout=self._streams.beat_seconds))[0]:
                    await _send(send, _BEAT)
                result = waiting.result()
                if result is None:
                    break
                # Nothing is made ahead of its sending, so the position is this result's.
                await _send(send, _next(_content(result), position=self._context.position))
            await _send(send, _COMPLETE)
        finally:
            if waiting is not None:
                await _stopped(waiting)
            await self._results.aclose()


async def _following(results: Results) -> Any:
    return await anext(results, None)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stopped(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})


def _content(result: ExecutionResult) -> dict[str, Any]:
    # Their errors are masked already, where the schema hands the result over.
    errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
    return {**errors, "data": result.data}


def _next(content: Mapping[str, Any], *, position: int | None) -> bytes:
    named = b"" if position is None else b"id: %d\n" % position
    return b"%sevent: next\ndata: %s\n\n" % (named, orjson.dumps(content))
