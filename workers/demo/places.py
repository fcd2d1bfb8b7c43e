"""The world outside the hub: places with other people in them, a paper, a webhook's receiver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from workers.demo.client import Json


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody's account at a place, and how a channel is connected to it."""

    username: str
    settings: Mapping[str, Any]
    credentials: Mapping[str, str]


class Place:
    """A stand-in for a platform, and the other people there, by its control routes."""

    def __init__(
        self, http: httpx.AsyncClient, *, url: str, control: str, acts: frozenset[str]
    ) -> None:
        self.http = http
        self.url = url
        self._control = control
        self._acts = acts

    @property
    def control(self) -> str:
        """Where the place itself is controlled, its clock among other things."""
        return f"{self.url}{self._control}"

    @property
    def has_likes(self) -> bool:
        """Say whether people can like something here."""
        return "like" in self._acts

    @property
    def has_shares(self) -> bool:
        """Say whether people can share something here."""
        return "repost" in self._acts

    async def join(self, *, username: str, name: str) -> Account:
        """Open an account, or find it."""
        made = await self.act("accounts", {"username": username, "name": name})
        return Account(username=username, settings=made["settings"], credentials=made["secrets"])

    async def like(self, who: Account, post: str) -> None:
        """Like a post."""
        await self.act("like", {"account": who.username, "post": post})

    async def share(self, who: Account, post: str) -> None:
        """Share a post."""
        await self.act("repost", {"account": who.username, "post": post})

    async def answer(self, who: Account, post: str, text: str, *, to: Account) -> str:  # noqa: ARG002  networks address people
        """Answer a post of somebody's; returns the id of the answer."""
        made = await self.act("answer", {"account": who.username, "post": post, "text": text})
        return str(made["id"])

    def addressed(self, who: str, text: str) -> str:  # noqa: ARG002  networks address people
        """Return a reply to somebody as people write it here."""
        return text

    async def replies(self, brand: Account, text: str) -> int:
        """Return how often the brand's reply can be read here."""
        return sum(
            text in entry["text"] and entry["in_reply_to_id"] is not None
            for entry in await self.ledger(brand.username)
            if not entry["deleted"]
        )

    async def ledger(self, username: str) -> Sequence[Json]:
        """Return everything an account ever posted itself, deleted or not."""
        answer = await self.http.get(
            f"{self.url}{self._control}ledger", params={"account": username}
        )
        answer.raise_for_status()
        return [entry for entry in answer.json()["statuses"] if not entry.get("reblog_of")]

    async def act(self, name: str, given: Json) -> Json:
        """Use a control route."""
        answer = await self.http.post(f"{self.url}{self._control}{name}", json=given)
        answer.raise_for_status()
        made: Json = answer.json()
        return made


class Mastodon(Place):
    """A server that speaks Mastodon's API; people act by it as they would anywhere."""

    async def join(self, *, username: str, name: str) -> Account:
        """Open an account."""
        made = await self.act("accounts", {"username": username, "name": name})
        return Account(
            username=username,
            settings={"base_url": self.url},
            credentials={"access_token": made["access_token"]},
        )

    async def like(self, who: Account, post: str) -> None:
        """Like a post."""
        await self._post(f"/api/v1/statuses/{post}/favourite", who)

    async def share(self, who: Account, post: str) -> None:
        """Share a post."""
        await self._post(f"/api/v1/statuses/{post}/reblog", who)

    async def answer(self, who: Account, post: str, text: str, *, to: Account) -> str:
        """Answer a post of somebody's; returns the id of the answer."""
        said = {"status": f"@{to.username} {text}", "in_reply_to_id": post}
        made = await self._post("/api/v1/statuses", who, json=said)
        return str(made["id"])

    def addressed(self, who: str, text: str) -> str:
        """Return a reply to somebody: who is named is told of it."""
        return f"@{who} {text}"

    async def say(self, who: Account, text: str, *, language: str) -> None:
        """Post something to everybody."""
        await self._post("/api/v1/statuses", who, json={"status": text, "language": language})

    async def mentions(self, who: Account) -> Sequence[Json]:
        """Return the posts somebody was told of because they were addressed in them."""
        answer = await self.http.get(
            f"{self.url}/api/v1/notifications",
            params={"types[]": "mention", "limit": 40},
            headers=_bearer(who),
        )
        answer.raise_for_status()
        return [notice["status"] for notice in answer.json()]

    async def status(self, who: Account, status_id: str) -> Json:
        """Return a post as somebody sees it."""
        answer = await self.http.get(
            f"{self.url}/api/v1/statuses/{status_id}", headers=_bearer(who)
        )
        answer.raise_for_status()
        shown: Json = answer.json()
        return shown

    async def _post(self, path: str, who: Account, json: Json | None = None) -> Json:
        answer = await self.http.post(f"{self.url}{path}", json=json, headers=_bearer(who))
        answer.raise_for_status()
        made: Json = answer.json()
        return made


#: Where the control routes of each stand-in are, and what people can do there.
_CONTROL: Mapping[str, tuple[type[Place], str, frozenset[str]]] = {
    "mastodon": (Mastodon, "/api/v1/_sim/", frozenset({"like", "repost"})),
    "bluesky": (Place, "/_sim/bluesky/", frozenset({"like", "repost"})),
    "misago": (Place, "/api/_sim/", frozenset({"like"})),
    "wordpress": (Place, "/wp-json/_sim/", frozenset()),
}
PLACES = tuple(_CONTROL)


def place(platform: str, http: httpx.AsyncClient, *, url: str) -> Place:
    """Return the place where a platform's stand-in is."""
    kind, control, acts = _CONTROL[platform]
    return kind(http, url=url, control=control, acts=acts)


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

    async def trust(self, inbox: Inbox) -> None:
        """Let an address accept what is signed with its secret."""
        given = {"name": inbox.name, "secrets": [inbox.secret]}
        answer = await self._http.post(f"{self._url}/_sim/inboxes", json=given)
        answer.raise_for_status()

    def address(self, name: str) -> str:
        """Return where an address of that name is called."""
        return f"{self._url}/hooks/{name}"

    async def received(self, inbox: Inbox) -> Json:
        """Return what an address kept, every delivery in order, and what it refused."""
        answer = await self._http.get(f"{self._url}/_sim/inboxes/{inbox.name}")
        answer.raise_for_status()
        shown: Json = answer.json()
        return shown


class Press:
    """A paper with a feed, where articles appear."""

    def __init__(self, http: httpx.AsyncClient, *, url: str) -> None:
        self._http = http
        self.feed = f"{url}/feed.xml"
        #: Where the paper itself is controlled, its clock among other things.
        self.control = f"{url}/_sim/"

    async def print(self, title: str, text: str) -> None:
        """Let an article appear."""
        answer = await self._http.post(
            f"{self.control}articles", json={"title": title, "text": text}
        )
        answer.raise_for_status()


def _bearer(who: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {who.credentials['access_token']}"}
