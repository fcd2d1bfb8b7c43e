"""How bytes of HTTP become requests: uvicorn's way, and a short one for what came just before."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from schema.base.recalling import RAW, RAW_MOST, STATE, Recollections


class RecallingProtocol(HttpToolsProtocol):
    """Answers a request that is remembered before it is parsed.

    Only what arrives as one piece between two whole messages can be such a request, so no byte of
    another one is ever taken for it.
    """

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._recollections: Recollections | None = self.app_state.get(STATE)
        self._begun = 0
        self._within = False

    def on_message_begin(self) -> None:
        """Note that the bytes to come belong to a message."""
        self._begun += 1
        self._within = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note that the next byte begins another message."""
        self._within = False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Answer what is remembered, and have everything else parsed."""
        if self._recollections is None or not self._idle():
            super().data_received(data)
            return
        answer = self._recollections.recall(data, self.server_state.default_headers)
        if answer is not None:
            self.transport.write(answer)
            self.on_response_complete()
            return
        begun = self._begun
        super().data_received(data)
        # What was asked as one piece and leaves the connection open may be learnt. Nothing of it
        # has been answered yet: the application begins behind this call.
        alone = self._begun == begun + 1 and not self._within
        if alone and len(data) <= RAW_MOST and self.cycle is not None and self.cycle.keep_alive:
            self.scope[RAW] = data  # type: ignore[literal-required]  # a key of our own

    def _idle(self) -> bool:
        between = not self._within and (self.cycle is None or self.cycle.response_complete)
        return between and not self.flow.write_paused and not self.config.access_log
