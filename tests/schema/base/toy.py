"""A small schema behind a real door; `python -m tests.schema.base.toy FD SETTINGS` serves it."""

import asyncio
import json
import logging
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import strawberry
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from strawberry.schema.config import StrawberryConfig

from hub.kernel.errors import NotFound, Unauthenticated
from schema.base.documents import GuardedSchema
from schema.base.door import DoorSettings, GraphQLDoor
from schema.base.facts import RequestFacts
from schema.base.persisted import Persisted
from schema.base.scalars import SCALARS, JsonObject
from schema.base.sharing import Audience

TOKEN = "toy-token"


@dataclass
class Context:
    anonymous: bool
    response_headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    facts: RequestFacts | None = None
    position: int | None = None
    holder: str = "toy"
    audience: Audience | None = None
    changes: list[str] = field(default_factory=list)
    vouch: Callable[[], bool] | None = None

    def changed(self) -> None:
        self.changes.append(self.holder)


Info = strawberry.Info[Context, None]


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.type
class PageInfo:
    has_next_page: bool = False


@strawberry.type
class Tag:
    name: str = "tag"


@strawberry.type
class Item:
    id: strawberry.ID = strawberry.ID("1")
    title: str = "An item"

    @strawberry.field
    def tags(self) -> list[Tag]:
        return [Tag()]

    @strawberry.field
    def children(self, first: int | None = None, last: int | None = None) -> "ItemConnection":
        return ItemConnection(edges=[ItemEdge()] * (first or last or 20))

    @strawberry.field
    def parent(self) -> "Item | None":
        return Item()


@strawberry.type
class ItemEdge:
    cursor: str = "c"
    node: Item = field(default_factory=Item)


@strawberry.type
class ItemConnection:
    total_count: int = 1
    page_info: PageInfo = field(default_factory=PageInfo)
    edges: list[ItemEdge] = field(default_factory=lambda: [ItemEdge()])


class ConnectionDoesNotExistError(Exception):
    """Named and placed like the error of the database library."""


ConnectionDoesNotExistError.__module__ = "asyncpg.exceptions"


@strawberry.type
class Query:
    @strawberry.field
    def greeting(self) -> str:
        return "hello"

    @strawberry.field
    def echo(self, text: str) -> str:
        return text

    @strawberry.field
    def paint(self, colour: Colour) -> str:
        return colour.value

    @strawberry.field
    def later(self, when: datetime) -> datetime:
        return when

    @strawberry.field
    def now(self) -> datetime:
        return datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    @strawberry.field
    def mirror(self, value: JsonObject) -> JsonObject:
        return value

    @strawberry.field
    def items(self, first: int | None = None, last: int | None = None) -> ItemConnection:
        return ItemConnection(edges=[ItemEdge()] * (first or last or 20))

    @strawberry.field
    def nodes(self, ids: list[strawberry.ID]) -> list[Item]:
        return [Item(id=each) for each in ids]

    @strawberry.field
    def item(self, id: strawberry.ID) -> Item | None:  # noqa: A002 - the API says id
        raise NotFound(f"There is no item {id}.", path=("id",))

    @strawberry.field
    def boom(self) -> str | None:
        raise ZeroDivisionError("a secret of ours")

    @strawberry.field
    def store_down(self) -> str | None:
        raise ConnectionDoesNotExistError("postgres at 10.0.0.1")

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.sleep(60)
        return "too late"

    @strawberry.field
    def who(self, info: Info) -> bool:
        return info.context.anonymous


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, info: Info, name: str) -> str:
        facts = info.context.facts
        if facts and facts.idempotency_key == "busy":
            info.context.status = 409
            info.context.response_headers["retry-after"] = "2"
        if facts and facts.idempotency_key == "again":
            info.context.response_headers["idempotency-replayed"] = "true"
        return facts.request_hash if facts else name


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number

    @strawberry.subscription
    async def forever(self) -> AsyncIterator[Item]:
        yield Item()
        await asyncio.Event().wait()

    @strawberry.subscription
    async def broken(self) -> AsyncIterator[int]:
        yield 1
        raise ZeroDivisionError("a secret of ours")


async def get_context(
    connection: Request | WebSocket, parameters: Mapping[str, Any] | None
) -> Context:
    given = connection.headers.get("authorization") or (parameters or {}).get("authorization")
    if given == "Bearer outage":
        raise ConnectionRefusedError("the database is down")
    if given and given != f"Bearer {TOKEN}":
        raise Unauthenticated("This token is not known, or no longer valid.")
    return Context(anonymous=not given)


def a_door(
    *,
    persisted: Persisted | None = None,
    clock: Callable[[], float] = time.monotonic,
    **settings: Any,
) -> GraphQLDoor:
    schema = GuardedSchema(
        Query, Mutation, Subscription, config=StrawberryConfig(scalar_map=SCALARS)
    )
    return GraphQLDoor(
        schema,
        get_context=get_context,
        settings=DoorSettings(**settings),
        persisted=persisted,
        clock=clock,
    )


def an_app(**settings: Any) -> Starlette:
    door = a_door(**settings)
    return Starlette(
        routes=[Route("/graphql", door), WebSocketRoute("/graphql", door)],
    )


def main() -> None:
    settings = json.loads(sys.argv[2])
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    server = uvicorn.Server(
        uvicorn.Config(
            an_app(**settings), log_level="critical", lifespan="off", ws_max_size=1_000_000
        )
    )
    server.run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
