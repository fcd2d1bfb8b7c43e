"""People who sign in with a password, as a browser does it."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from hub.access import operations as access
from hub.access.models import Role
from tests.factories import World
from tests.schema.client.api import Api

PASSWORD = "correct horse battery staple"
ORIGIN = "http://127.0.0.1:8000"


@dataclass(kw_only=True)
class Browser:
    """A cookie jar, a page of ours that is open in it, and what that page has learnt."""

    api: Api
    origin: str | None = ORIGIN
    jar: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request as the page would, and keep the cookies that come back."""
        headers: dict[str, Any] = {}
        if self.origin is not None:
            headers["origin"] = self.origin
        if self.csrf:
            headers["x-csrf-token"] = self.csrf
        if self.jar:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        headers |= more.pop("headers", {})
        response = await self.api.http.request(method, path, headers=headers, **more)
        for cookie in response.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            if "max-age=0" in cookie.lower():
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        # The client's own jar would mix the cookies of several browsers.
        self.api.http.cookies.clear()
        return response

    async def sign_in(
        self,
        email: str = "editor@acme.example",
        password: str = PASSWORD,
        *,
        workspace: str | None = "acme",
        **more: Any,
    ) -> httpx.Response:
        """Sign in; the page keeps the token of the answer."""
        given = {"workspace": workspace, "email": email, "password": password}
        response = await self.send("POST", "/session", json=given, **more)
        if response.status_code == 201:
            self.csrf = response.json()["csrfToken"]
        return response

    async def ask(self, query: str, **variables: Any) -> httpx.Response:
        """Send GraphQL with the cookie."""
        return await self.send("POST", "/graphql", json={"query": query, "variables": variables})

    @property
    def session(self) -> str:
        """The secret in the cookie."""
        return self.jar["hub_session"]


async def give_password(world: World, role: Role, password: str = PASSWORD) -> None:
    """Set a member's password, as the command line does."""
    member_id = world.callers[role].member_id
    assert member_id is not None
    async with world.hub.unit_of_work(world.system) as work:
        await access.set_password(work, member_id=member_id, password=password)


def code(response: httpx.Response) -> str:
    """Return the code of a refusal of either door."""
    content = response.json()
    if "errors" in content:
        return str(content["errors"][0]["extensions"]["code"])
    return str(content["code"])
