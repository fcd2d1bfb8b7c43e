"""The application twice over one database: with compiled reads, and without them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx
import orjson
from sqlalchemy import update
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette

from hub.access import operations as access
from hub.access.models import Member, Role
from hub.kernel.caller import Caller, Permission
from hub.kernel.settings import Settings
from hub.kernel.work import Hub
from hub.runtime import open_hub
from schema.app import create_app
from tests.schema.compiled.data import Workspaceful, fill

ORIGIN = "http://127.0.0.1:8000"
_PASSWORD = "correct horse battery staple"

#: A member who may read much and not everything, so that answers have holes.
_NARROW = (
    Permission.CONTENT_READ,
    Permission.CHANNELS_READ,
    Permission.PUBLISHING_READ,
    Permission.ENGAGEMENT_READ,
)
_NARROWER = (Permission.REVIEW_READ, Permission.STRATEGY_READ, Permission.AUDIT_READ)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back, as it was written."""

    status: int
    body: Any


@dataclass(frozen=True, kw_only=True)
class Door:
    """One application, asked without a network or a client library in between."""

    app: Starlette

    async def ask(self, query: str, variables: Any, headers: Mapping[str, str]) -> Reply:
        """Send a document; read the answer with its keys in their order."""
        content = orjson.dumps({"query": query, "variables": variables})
        sent: list[Any] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "root_path": "",
            "query_string": b"",
            "headers": [
                (b"host", b"hub"),
                (b"content-type", b"application/json"),
                (b"accept", b"application/graphql-response+json"),
                *((name.encode(), value.encode()) for name, value in headers.items()),
            ],
            "client": ("127.0.0.1", 50_000),
            "server": ("hub", 80),
            "state": {},
        }
        unread = [{"type": "http.request", "body": content, "more_body": False}]

        async def receive() -> Any:
            if unread:
                return unread.pop()
            # As a server would: there is nothing more until the client goes away.
            return await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Reply(status=sent[0]["status"], body=orjson.loads(body))

    def counts(self) -> Mapping[str, int] | None:
        """Return how many operations were run compiled, and how many declined by what reason.

        The one place that knows where the application keeps them; None where it does not.
        """
        door = getattr(self.app.state, "door", None)
        compiler = getattr(door, "compiler", None)
        found = getattr(compiler, "counts", None)
        return None if found is None else dict(found)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two applications that must answer alike, and who may ask them for what."""

    compiled: Door
    reference: Door
    hub: Hub
    here: Workspaceful
    there: Workspaceful
    callers: Mapping[str, Mapping[str, str]]

    @classmethod
    async def over(cls, hub: Hub, doors: tuple[Door, Door], **more: Any) -> Self:
        """Make the callers."""
        here: Workspaceful = more["here"]
        there: Workspaceful = more["there"]
        callers = {
            "admin": await _token(hub, here, Role.ADMIN),
            "editor": await _token(hub, here, Role.EDITOR),
            "viewer": await _token(hub, here, Role.VIEWER),
            "narrow": await _token(hub, here, Role.ADMIN, scopes=_NARROW),
            "narrower": await _token(hub, here, Role.ADMIN, scopes=_NARROWER),
            "page": await _token(hub, here, Role.ADMIN, delivery=True),
            "elsewhere": await _token(hub, there, Role.ADMIN),
            "browser": await _session(hub, doors[1], here),
            "nobody": {},
        }
        return cls(
            compiled=doors[0], reference=doors[1], hub=hub, callers=callers, here=here, there=there
        )


@asynccontextmanager
async def a_pair(settings: Settings, owner_url: str, *, seed: int) -> AsyncIterator[Pair]:
    """Fill the database and open both applications on it."""
    engine = create_async_engine(owner_url, pool_size=1)
    try:
        here, there = await fill(engine, seed=seed)
    finally:
        await engine.dispose()
    async with AsyncExitStack() as stack:
        doors = [
            await stack.enter_async_context(a_door(settings, compiled=compiled))
            for compiled in (True, False)
        ]
        # Both read documents alike; what one of them has checked the other needs not check again.
        doors[1].app.state.door._documents = doors[0].app.state.door._documents
        hub = await stack.enter_async_context(open_hub(settings))
        yield await Pair.over(hub, (doors[0], doors[1]), here=here, there=there)


@asynccontextmanager
async def a_door(settings: Settings, *, compiled: bool) -> AsyncIterator[Door]:
    """Open one application."""
    app = create_app(settings.model_copy(update={"compiled_reads": compiled}))
    async with app.router.lifespan_context(app):
        yield Door(app=app)


async def _token(hub: Hub, space: Workspaceful, role: Role, **narrowed: Any) -> dict[str, str]:
    member = space.ids["Member"][list(Role).index(role)]
    async with hub.unit_of_work(Caller.system(space.id)) as work:
        token, secret = await access.issue_token(work, member_id=member, label="test", **narrowed)
        # Whoever uses it now does not change when it was last used.
        await work.session.flush()
        token.last_used_at = await hub.now()
    return {"authorization": f"Bearer {secret}"}


async def _session(hub: Hub, door: Door, space: Workspaceful) -> dict[str, str]:
    member = space.ids["Member"][0]
    async with hub.unit_of_work(Caller.system(space.id)) as work:
        await access.set_password(work, member_id=member, password=_PASSWORD)
        await work.change(
            update(Member).where(Member.id == member).values(email="boss@first.example")
        )
    transport = httpx.ASGITransport(door.app, client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
        signed = await http.post(
            "/session",
            json={"workspace": space.slug, "email": "boss@first.example", "password": _PASSWORD},
            headers={"origin": ORIGIN},
        )
    assert signed.status_code == 201, signed.text
    return {
        "cookie": signed.headers["set-cookie"].partition(";")[0],
        "origin": ORIGIN,
        "x-csrf-token": signed.json()["csrfToken"],
    }
