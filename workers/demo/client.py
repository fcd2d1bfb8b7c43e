"""A client of the public GraphQL API, as anybody could write one."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from uuid import uuid4

import httpx

Json = dict[str, Any]
Found = TypeVar("Found")

POLL_SECONDS = 0.1


class StoryFailed(Exception):
    """The story cannot go on; the message says where it stopped and why."""


class Refused(StoryFailed):
    """The API understood a mutation and said no; `code` is its one word for why."""

    def __init__(self, act: str, errors: list[Json]) -> None:
        first = errors[0]
        super().__init__(
            f"{act}: {first['code']} {first['message']} ({'.'.join(first['path'] or [])})"
        )
        self.code: str = first["code"]


class Person:
    """One member of the workspace at the API, by their token."""

    def __init__(self, http: httpx.AsyncClient, *, api: str, token: str) -> None:
        self._http = http
        self._url = f"{api}/graphql"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, query: str, **variables: Any) -> Json:
        """Return the data of a query."""
        data: Json = await self._post(query, variables, {})
        return data

    async def act(self, mutation: str, given: Mapping[str, Any], selection: str) -> Json:
        """Perform a mutation once and return its payload; raises Refused for the API's no.

        Every act has a key of its own, so that repeating the request would change nothing.
        """
        name = f"{mutation[0].upper()}{mutation[1:]}"
        query = (
            f"mutation {name}($input: {name}Input!) {{ {mutation}(input: $input) "
            f"{{ {selection} errors {{ code message path }} }} }}"
        )
        key = {"Idempotency-Key": str(uuid4())}
        payload: Json = (await self._post(query, {"input": given}, key))[mutation]
        if payload["errors"]:
            raise Refused(mutation, payload["errors"])
        return payload

    async def _post(self, query: str, variables: Mapping[str, Any], more: Mapping[str, str]) -> Any:
        answer = await self._http.post(
            self._url,
            json={"query": query, "variables": variables},
            headers={**self._headers, **more},
        )
        try:
            body = answer.json()
        except ValueError:
            raise StoryFailed(f"The API answered {answer.status_code} without JSON.") from None
        if body.get("errors"):
            raise StoryFailed(f"The API answered: {body['errors'][0]['message']}")
        return body["data"]


async def until(
    look: Callable[[], Awaitable[Found | None]], *, seconds: float, what: str | Callable[[], str]
) -> Found:
    """Look again and again until something is found; raises StoryFailed after so many seconds."""
    deadline = time.monotonic() + seconds
    while (found := await look()) is None:
        if time.monotonic() > deadline:
            said = what if isinstance(what, str) else what()
            raise StoryFailed(f"After {seconds:.0f} s: {said}")
        await asyncio.sleep(POLL_SECONDS)
    return found
