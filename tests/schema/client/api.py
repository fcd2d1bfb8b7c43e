"""A client of the real application: GraphQL over HTTP, without a network in between."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx
from starlette.applications import Starlette

from hub.access.models import Role
from hub.kernel.settings import Settings
from schema.app import create_app
from schema.base.node import to_global_id
from tests.factories import World

ERRORS = "errors{code message path currentVersion}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    data: Any
    errors: list[dict[str, Any]]

    @property
    def codes(self) -> list[str]:
        """The codes of the errors of the request as a whole, in order."""
        return [error["extensions"]["code"] for error in self.errors]

    @property
    def payload(self) -> dict[str, Any]:
        """The one payload of the answer."""
        assert self.errors == []
        (found,) = self.data.values()
        return dict(found)

    @property
    def refusal(self) -> dict[str, Any]:
        """The one error of the payload, without its words."""
        payload = self.payload
        error = dict(*payload.pop("errors"))
        assert error.pop("message")
        assert set(payload.values()) <= {None}
        if error["currentVersion"] is None:
            del error["currentVersion"]
        return error


@dataclass(frozen=True, kw_only=True)
class Api:
    """The application and who asks it."""

    app: Starlette
    http: httpx.AsyncClient
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_(self, token: str) -> "Api":
        """Return the same API for another caller."""
        return self.sending(authorization=f"Bearer {token}")

    def sending(self, **headers: str) -> "Api":
        """Return the same API with more headers, in Python spelling."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})

    async def ask(self, query: str, **variables: Any) -> Answer:
        """Send a document."""
        response = await self.http.post(
            "/graphql", json={"query": query, "variables": variables}, headers=self.headers
        )
        content = response.json()
        return Answer(
            status=response.status_code,
            headers=response.headers,
            data=content.get("data"),
            errors=content.get("errors", []),
        )

    async def do(self, mutation: str, selection: str = "", **given: Any) -> Answer:
        """Send one mutation with its input, as `brandCreate`; ask for these fields and errors."""
        kind = mutation[0].upper() + mutation[1:]
        return await self.ask(
            f"mutation($input:{kind}Input!){{{mutation}(input:$input){{{selection} {ERRORS}}}}}",
            input=given,
        )


@asynccontextmanager
async def an_api(settings: Settings) -> AsyncIterator[Api]:
    """Run the application, as a server would."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
            yield Api(app=app, http=http)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A workspace and the API as each of its members uses it."""

    world: World
    api: Api

    def as_(self, role: Role) -> Api:
        """Return the API as the member of a role."""
        return self.api.as_(self.world.tokens[role])

    @property
    def manager(self) -> Api:
        """As who manages."""
        return self.as_(Role.MANAGER)

    @property
    def editor(self) -> Api:
        """As who writes."""
        return self.as_(Role.EDITOR)

    @property
    def approver(self) -> Api:
        """As who decides."""
        return self.as_(Role.APPROVER)

    @property
    def brand(self) -> str:
        """The global id of the brand."""
        return gid("Brand", self.world.brand_id)


def gid(kind: str, row_id: UUID | str) -> str:
    """Return the id as clients know it."""
    return to_global_id(kind, row_id)
