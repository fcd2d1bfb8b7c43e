"""What the door tells a request's context, and what the context tells the door."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from starlette.requests import Request
from starlette.types import Receive, Scope
from starlette.websockets import WebSocket

from schema.base.head import head_of
from schema.base.sharing import Audience


class HttpRequest(Request):
    """A request whose headers have been looked at."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self.head = head_of(scope)


@dataclass(eq=False)
class RequestFacts:
    """What idempotency keys need to know of a request; the hash is computed when asked for.

    `resume_after` is the id of the last event that a reader of a stream has seen.
    """

    idempotency_key: str | None
    query: str
    variables: Mapping[str, Any]
    operation_name: str | None
    resume_after: int | None = None

    @cached_property
    def request_hash(self) -> str:
        """SHA-256 of the request, hexadecimal; the same for every spelling of the same JSON."""
        canonical = json.dumps(
            [self.query, self.variables, self.operation_name],
            sort_keys=True,
            separators=(",", ":"),
        )
        return hashlib.sha256(canonical.encode()).hexdigest()


class DoorContext(Protocol):
    """The part of a context the door reads and writes; resolvers may know much more.

    `response_headers` are copied to the HTTP answer, and `status` replaces its status when set.
    `facts` is set by the door before any resolver runs. A subscription sets `position` to the
    number behind which a reader goes on that has seen its last result. `vouch` says whether the
    same request would still come from the same caller; None where that takes more than memory.
    """

    response_headers: dict[str, str]
    vouch: Callable[[], bool] | None
    status: int | None
    facts: RequestFacts | None
    position: int | None

    @property
    def holder(self) -> Hashable:
        """Whose open streams and points are counted together: those of one token."""

    @property
    def anonymous(self) -> bool:
        """Whether nobody is known to be asking."""

    @property
    def audience(self) -> Audience | None:
        """Those who get the same answers to shared fields; None for who is one of a kind."""

    def changed(self) -> None:
        """Hear that this request may have changed something."""


# The second argument is what a WebSocket client sent with `connection_init`; None over HTTP.
GetContext = Callable[[Request | WebSocket, Mapping[str, Any] | None], Awaitable[DoorContext]]
