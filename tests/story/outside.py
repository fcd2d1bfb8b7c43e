"""The world around the hub: people at a network, a web site with feeds, tools that listen."""

import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.sax.saxutils import escape

import httpx
import orjson
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

#: Made once: everything here is plain HTTP, and a context of its own for each call is slow.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody with an account of their own at the network, who uses it as everybody does."""

    base: str
    name: str
    token: str
    id: str

    async def say(self, text: str, **more: str) -> str:
        """Write a post; return its id."""
        return str((await self.send("POST", "/api/v1/statuses", status=text, **more))["id"])

    async def answer(self, post: str, text: str, **more: str) -> str:
        """Write below a post; return the id of the answer."""
        return await self.say(text, in_reply_to_id=post, **more)

    async def like(self, post: str) -> None:
        """Like a post."""
        await self.send("POST", f"/api/v1/statuses/{post}/favourite")

    async def send(self, method: str, path: str, **fields: str) -> Any:
        """Use the network."""
        async with httpx.AsyncClient(base_url=self.base, trust_env=False, verify=NO_TLS) as http:
            answer = await http.request(
                method,
                path,
                json=fields or None,
                headers={"Authorization": f"Bearer {self.token}"},
            )
            return answer.raise_for_status().json()


@dataclass(frozen=True, kw_only=True)
class Call:
    """What came to a receiver: the raw body and the headers."""

    body: bytes
    headers: dict[str, str]

    def verified(self, secret: str) -> dict[str, Any]:
        """Return the event, once the library of Standard Webhooks believes it."""
        told: dict[str, Any] = Webhook(secret).verify(self.body.decode(), self.headers)
        assert told == orjson.loads(self.body)
        return told


@dataclass(kw_only=True)
class Site:
    """Somebody's web site: feeds to read, and addresses where tools of theirs are told things."""

    base: str = ""
    feeds: dict[str, bytes] = field(default_factory=dict)
    calls: dict[str, list[Call]] = field(default_factory=dict)
    #: What a receiver answers next; 204 when nothing is said.
    answers: dict[str, list[int]] = field(default_factory=dict)

    def app(self) -> Starlette:
        """Return the site."""
        return Starlette(
            routes=[
                Route("/feeds/{name}", self._feed),
                Route("/hooks/{name}", self._hook, methods=["POST"]),
            ]
        )

    async def _feed(self, request: Request) -> Response:
        body = self.feeds[request.path_params["name"]]
        return Response(body, media_type="application/rss+xml")

    async def _hook(self, request: Request) -> Response:
        name = request.path_params["name"]
        call = Call(body=await request.body(), headers=dict(request.headers))
        self.calls.setdefault(name, []).append(call)
        waiting = self.answers.get(name, [])
        return Response(status_code=waiting.pop(0) if waiting else 204)

    def publish(self, name: str, articles: list[tuple[datetime, str, str]]) -> None:
        """Write a feed anew: when, headline and text of each article."""
        items = "".join(
            f"<item><title>{escape(title)}</title><link>https://presse.example/{name}/{number}</link>"
            f"<guid isPermaLink='false'>{name}-{number}</guid>"
            f"<pubDate>{format_datetime(at)}</pubDate>"
            f"<description>{escape(text)}</description></item>"
            for number, (at, title, text) in enumerate(articles)
        )
        self.feeds[name] = (
            "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel>"
            "<title>La presse</title><link>https://presse.example/</link><language>fr</language>"
            f"<description>Tout</description>{items}</channel></rss>"
        ).encode()
