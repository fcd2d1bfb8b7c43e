"""One request to a simulated WordPress site: who is asking, for what, and how it is answered."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from workers.simulators import wordpress_json as shapes
from workers.simulators.wordpress_world import STRANGER, Refusal, User, World

PER_PAGE_MAX = 100


@dataclass(frozen=True)
class Call:
    """One request of a user who is known."""

    request: Request
    world: World
    user: User

    @property
    def base(self) -> str:
        """Return the address the client reached the site by."""
        return str(self.request.base_url).rstrip("/")

    @property
    def number(self) -> int:
        """Return the number in the path."""
        return int(self.request.path_params["id"])

    def asked(self, name: str, default: str = "") -> str:
        """Return a parameter of the query."""
        return self.request.query_params.get(name, default)

    async def body(self) -> dict[str, Any]:
        """Return the JSON of the request; what is not readable is refused as there."""
        try:
            given = orjson.loads(await self.request.body() or b"{}")
        except orjson.JSONDecodeError as error:
            raise Refusal(400, "rest_invalid_json", "Invalid JSON body passed.") from error
        return dict(given)

    def answer(self, found: shapes.Json, status: int = 200) -> JSONResponse:
        """Answer with the fields that were asked for."""
        return JSONResponse(shapes.picked(found, self.asked("_fields")), status)

    def listing(self, found: Sequence[shapes.Json], total: int) -> JSONResponse:
        """Answer with one page of a list and the size of the whole."""
        size = self.per_page()
        headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(-(-total // size))}
        fields = self.asked("_fields")
        return JSONResponse([shapes.picked(one, fields) for one in found], headers=headers)

    def per_page(self) -> int:
        """Return how many are asked for; more than a hundred is refused."""
        size = int(self.asked("per_page", "10"))
        if not 1 <= size <= PER_PAGE_MAX:
            raise Refusal(400, "rest_invalid_param", "Invalid parameter(s): per_page")
        return size

    def start(self) -> int:
        """Return where the page begins, by `offset` or by `page`."""
        page = int(self.asked("page", "1"))
        return int(self.asked("offset", "0")) or self.per_page() * (page - 1)


Handler = Callable[[Call], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def open_to_all(handler: Handler) -> Endpoint:
    """Find out who is asking; without a password, or with a wrong one, it is a stranger.

    Seen on a running WordPress 6.1.9: a wrong application password is no error by itself.
    """

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        world: World = request.app.state.world
        user = _user(world, request.headers.get("authorization", ""))
        return await handler(Call(request, world, user or STRANGER))

    return endpoint


def signed_in(handler: Handler) -> Endpoint:
    """Refuse strangers, as WordPress does: 401 with a code that depends on what they want."""

    @wraps(handler)
    async def guarded(call: Call) -> Response:
        if call.user is not STRANGER:
            return await handler(call)
        match call.request.method:
            case "POST":
                code, act = "rest_cannot_create", "create posts as this user"
            case "DELETE":
                code, act = "rest_cannot_delete", "delete this post"
            case _:
                code, act = "rest_forbidden_context", "edit this post"
        raise Refusal(401, code, f"Sorry, you are not allowed to {act}.")

    return open_to_all(guarded)


def _user(world: World, header: str) -> User | None:
    kind, _, encoded = header.partition(" ")
    try:
        login, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return world.holder(login, password) if kind == "Basic" else None
