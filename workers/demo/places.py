"""The world outside the hub: a network with other people on it, and a webhook's receiver."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from workers.demo.client import Json


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody's account at the network."""

    username: str
    token: str


class Network:
    """A server that speaks Mastodon's API; its control routes hand out accounts."""

    def __init__(self, http: httpx.AsyncClient, *, url: str) -> None:
        self._http = http
        self.url = url

    async def join(self, *, username: str, name: str) -> Account:
        """Open an account."""
        made = await self._post(
            "/api/v1/_sim/accounts", None, json={"username": username, "name": name}
        )
        return Account(username=username, token=made["access_token"])

    async def like(self, who: Account, status_id: str) -> None:
        """Like a post."""
        await self._post(f"/api/v1/statuses/{status_id}/favourite", who)

    async def share(self, who: Account, status_id: str) -> None:
        """Share a post."""
        await self._post(f"/api/v1/statuses/{status_id}/reblog", who)

    async def answer(self, who: Account, status_id: str, text: str) -> str:
        """Answer a post; returns the id of the answer."""
        said = {"status": text, "in_reply_to_id": status_id}
        made = await self._post("/api/v1/statuses", who, json=said)
        return str(made["id"])

    async def mentions(self, who: Account) -> Sequence[Json]:
        """Return the posts somebody was told of because they were addressed in them."""
        answer = await self._http.get(
            f"{self.url}/api/v1/notifications",
            params={"types[]": "mention", "limit": 40},
            headers=_bearer(who),
        )
        answer.raise_for_status()
        return [notice["status"] for notice in answer.json()]

    async def status(self, who: Account, status_id: str) -> Json:
        """Return a post as somebody sees it."""
        answer = await self._http.get(
            f"{self.url}/api/v1/statuses/{status_id}", headers=_bearer(who)
        )
        answer.raise_for_status()
        shown: Json = answer.json()
        return shown

    async def ledger(self, username: str) -> Sequence[Json]:
        """Return everything an account ever posted itself, deleted or not."""
        answer = await self._http.get(
            f"{self.url}/api/v1/_sim/ledger", params={"account": username}
        )
        answer.raise_for_status()
        return [entry for entry in answer.json()["statuses"] if entry["reblog_of"] is None]

    async def _post(self, path: str, who: Account | None, json: Json | None = None) -> Json:
        answer = await self._http.post(
            f"{self.url}{path}", json=json, headers=_bearer(who) if who else None
        )
        answer.raise_for_status()
        made: Json = answer.json()
        return made


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """An address that takes deliveries, and the secret both ends know."""

    name: str
    url: str
    secret: str


class Receiver:
    """Somebody else's program that a webhook delivers to; it verifies every signature."""

    def __init__(self, http: httpx.AsyncClient, *, url: str) -> None:
        self._http = http
        self._url = url

    async def open(self, name: str) -> Inbox:
        """Open an address."""
        answer = await self._http.post(f"{self._url}/_sim/inboxes", json={"name": name})
        answer.raise_for_status()
        made = answer.json()
        return Inbox(name=name, url=made["url"], secret=made["secrets"][0])

    async def received(self, inbox: Inbox) -> Json:
        """Return what an address kept, every delivery in order, and what it refused."""
        answer = await self._http.get(f"{self._url}/_sim/inboxes/{inbox.name}")
        answer.raise_for_status()
        shown: Json = answer.json()
        return shown


def _bearer(who: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {who.token}"}
