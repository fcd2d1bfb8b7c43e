"""Deadlines that cost next to nothing: all of one kind last equally long, so one timer serves all.

`asyncio.timeout` arms a timer of its own every time, which takes longer than many a request.
"""

import asyncio
from types import TracebackType
from typing import Self


class Deadlines:
    """Deadlines of so many seconds each; they are due in the order in which they began."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waiting: dict[Deadline, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, deadline: "Deadline", loop: asyncio.AbstractEventLoop) -> float:
        """Take a deadline in and return when it is due."""
        when = loop.time() + self.seconds
        self._waiting[deadline] = None
        if self._loop is not loop:
            self._loop = loop
            loop.call_at(when, self._due, loop)
        return when

    def end(self, deadline: "Deadline") -> None:
        """Let a deadline go."""
        self._waiting.pop(deadline, None)

    def _due(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while self._waiting:
            oldest = next(iter(self._waiting))
            if oldest.when > now:
                loop.call_at(oldest.when, self._due, loop)
                return
            del self._waiting[oldest]
            oldest.expire()
        self._loop = None


class Deadline:
    """Cancels what runs in its block when the time is over, and makes a TimeoutError of it."""

    __slots__ = ("_cancelling", "_of", "_task", "expired", "when")

    def __init__(self, of: Deadlines) -> None:
        self._of = of
        self.expired = False
        self.when = 0.0

    def __enter__(self) -> Self:
        """Begin."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A deadline is for what runs in a task.")
        self._task = task
        self._cancelling = task.cancelling()
        self.when = self._of.begin(self, task.get_loop())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; whatever was cancelled by somebody else stays cancelled."""
        if not self.expired:
            self._of.end(self)
            return
        others = self._task.uncancel() > self._cancelling
        if kind is asyncio.CancelledError and not others:
            raise TimeoutError from error

    def expire(self) -> None:
        """Cancel the task."""
        self.expired = True
        self._task.cancel()
