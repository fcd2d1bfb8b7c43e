"""Hearing that the server stops while answers that never end are still being sent."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def ending_with_the_server(close: Callable[[], None]) -> Iterator[None]:
    """Call `close` in this loop when the process is told to stop, before the server acts on it.

    A server waits for its open answers before it says that it stops, and cuts those off that last
    too long: whoever sends answers without an end must hear of it themselves. The handlers that
    were there still run, and are put back in the end. Outside the main thread nothing is heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    former: dict[signal.Signals, Any] = {one: signal.getsignal(one) for one in _SIGNALS}

    def heard(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(close)
        handler = former[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for one, handler in former.items():
        if callable(handler):
            signal.signal(one, heard)
    try:
        yield
    finally:
        for one, handler in former.items():
            if callable(handler):
                signal.signal(one, handler)
