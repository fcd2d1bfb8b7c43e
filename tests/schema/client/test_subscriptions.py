"""Following publications over a socket, as a frontend does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from hub.access import operations as access
from hub.access.models import Role
from hub.audit.models import EventRow
from hub.kernel.ids import new_id
from hub.kernel.settings import Settings
from hub.publishing import operations as publishing
from hub.publishing.models import Publication
from tests.factories import World, a_channel, a_publication, a_world
from tests.schema.client.api import gid
from tests.schema.client.rows import seal
from tests.schema.client.serving import served

CHANGED = (
    "subscription($id:ID,$after:Int){publicationChanged(publicationId:$id,after:$after)"
    "{event{sequence name occurredAt data} publication{id state contentItem{title}}}}"
)


@pytest.fixture
async def address(settings: Settings) -> AsyncIterator[str]:
    """Where the application is served."""
    async with served(settings) as url:
        yield url


@asynccontextmanager
async def opened(address: str, token: str | None) -> AsyncIterator[ClientConnection]:
    """Open a socket and say who is there."""
    url = address.replace("http:", "ws:") + "/graphql"
    payload = {"Authorization": f"Bearer {token}"} if token else {}
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        assert await _hear(socket) == {"type": "connection_ack"}
        yield socket


async def follow(socket: ClientConnection, **variables: Any) -> None:
    """Subscribe."""
    payload = {"query": CHANGED, "variables": variables}
    await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))


async def change(socket: ClientConnection) -> dict[str, Any]:
    """Return the next change."""
    message = await _hear(socket)
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    found: dict[str, Any] = message["payload"]["data"]["publicationChanged"]
    return found


async def _hear(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        message: dict[str, Any] = json.loads(await socket.recv())
    return message


async def _scheduled(world: World, words: str = "Hello, world") -> Publication:
    return await a_publication(
        world,
        channel_id=await a_channel(world),
        text=words,
        scheduled_for=datetime.now(UTC) + timedelta(days=1),
    )


async def _cancel(world: World, row: Publication) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.cancel(work, publication_id=row.id)


async def test_changes_come_in_order_with_the_publication_as_it_is(
    world: World, address: str
) -> None:
    row = await _scheduled(world)
    async with opened(address, world.tokens[Role.EDITOR]) as socket:
        await follow(socket, after=0)
        await seal(world)
        first = await change(socket)
        await _cancel(world, row)
        await seal(world)
        second = await change(socket)

    assert first["event"]["name"] == "publication.scheduled"
    assert first["event"]["data"]["channel_id"] == gid("Channel", row.channel_id)
    assert first["publication"] == {
        "id": gid("Publication", row.id),
        "state": "SCHEDULED",
        "contentItem": {"title": "Hello"},
    }
    assert second["event"]["name"] == "publication.cancelled"
    assert second["publication"]["state"] == "CANCELLED"
    assert first["event"]["sequence"] < second["event"]["sequence"]


async def test_a_client_resumes_where_it_was_interrupted(world: World, address: str) -> None:
    row = await _scheduled(world)
    await seal(world)
    async with opened(address, world.tokens[Role.EDITOR]) as socket:
        await follow(socket, after=0)
        seen = (await change(socket))["event"]["sequence"]
    await _cancel(world, row)
    await seal(world)

    async with opened(address, world.tokens[Role.EDITOR]) as socket:
        await follow(socket, after=seen)
        missed = await change(socket)

    assert missed["event"]["name"] == "publication.cancelled"


async def test_without_a_sequence_only_what_happens_next_is_told(
    world: World, address: str
) -> None:
    row = await _scheduled(world)
    await seal(world)
    async with opened(address, world.tokens[Role.EDITOR]) as socket:
        await follow(socket)
        hearing = asyncio.create_task(change(socket))
        # Nobody is told when a subscription has begun, so things go on happening until it has.
        while not hearing.done():
            await _move(world, row)
            await seal(world)
            await asyncio.wait([hearing], timeout=0.2)
        told = await hearing

    assert told["event"]["name"] == "publication.scheduled"
    assert told["event"]["sequence"] > await _first(world, row)


async def _move(world: World, row: Publication) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.reschedule(
            work, publication_id=row.id, scheduled_for=work.now + timedelta(days=2)
        )


async def _first(world: World, row: Publication) -> int:
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.session.execute(
            text("SELECT min(sequence) FROM events WHERE subject_id = :id"), {"id": row.id}
        )
        return int(found.scalar_one())


async def test_one_publication_can_be_followed(world: World, address: str) -> None:
    other, wanted = await _scheduled(world), await _scheduled(world, "Something else")
    await _cancel(world, other)
    await _cancel(world, wanted)
    await seal(world)

    async with opened(address, world.tokens[Role.EDITOR]) as socket:
        await follow(socket, id=gid("Publication", wanted.id), after=0)
        told = [await change(socket) for _ in range(2)]

    assert [one["event"]["name"] for one in told] == [
        "publication.scheduled",
        "publication.cancelled",
    ]
    assert {one["publication"]["id"] for one in told} == {gid("Publication", wanted.id)}


async def test_nobody_hears_of_another_workspace(world: World, address: str) -> None:
    other = await a_world(world.hub, slug="other")
    await _scheduled(other)
    await seal(other)
    foreign = await _scheduled(other, "Something else")
    mine = await _scheduled(world)
    await seal(world)

    async with opened(address, world.tokens[Role.EDITOR]) as socket:
        await follow(socket, after=0)
        told = await change(socket)
    refused = []
    for one in (foreign.id, new_id()):
        async with opened(address, world.tokens[Role.EDITOR]) as socket:
            await follow(socket, id=gid("Publication", one))
            refused.append(await _hear(socket))

    assert told["publication"]["id"] == gid("Publication", mine.id)
    assert refused[0] == refused[1]
    assert refused[0]["payload"]["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_revoked_token_hears_nothing_more(world: World, address: str) -> None:
    await _scheduled(world)
    await seal(world)
    async with opened(address, world.tokens[Role.EDITOR]) as socket:
        await follow(socket, after=0)
        await change(socket)
        async with world.hub.unscoped() as session:
            await session.execute(text("UPDATE tokens SET revoked_at = clock_timestamp()"))
        async with asyncio.timeout(6):
            ended = await _hear(socket)

    assert ended["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_nobody_in_particular_hears_nothing(world: World, address: str) -> None:
    await _scheduled(world)
    await seal(world)
    async with opened(address, None) as socket:
        await follow(socket, after=0)
        refused = await _hear(socket)

    assert refused["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_who_may_not_read_publications_does_not_follow_them(
    world: World, address: str
) -> None:
    member_id = world.editor.member_id
    assert member_id is not None
    async with world.hub.unit_of_work(world.system) as work:
        _, narrow = await access.issue_token(
            work, member_id=member_id, label="narrow", scopes=["content.read"]
        )
    async with opened(address, narrow) as socket:
        await follow(socket, after=0)
        refused = await _hear(socket)

    assert refused["payload"]["errors"][0]["extensions"]["code"] == "FORBIDDEN"


HAPPENED = (
    "subscription($names:[String!],$after:Int){eventHappened(namesIn:$names,after:$after)"
    "{id sequence name actorName actorId data}}"
)


async def _happened(socket: ClientConnection) -> dict[str, Any]:
    message = await _hear(socket)
    assert message["type"] == "next", message
    found: dict[str, Any] = message["payload"]["data"]["eventHappened"]
    return found


async def test_the_whole_stream_is_followed_with_the_ids_of_the_list(
    world: World, address: str
) -> None:
    row = await _scheduled(world)
    await seal(world)
    async with opened(address, world.tokens[Role.MANAGER]) as socket:
        payload = {"query": HAPPENED, "variables": {"names": ["publication.*"], "after": 0}}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        heard = await _happened(socket)
    async with world.hub.unit_of_work(world.system) as work:
        (kept,) = await work.all(select(EventRow).where(EventRow.name == "publication.scheduled"))

    assert heard["name"] == "publication.scheduled"
    assert heard["data"]["channel_id"] == gid("Channel", row.channel_id)
    # The same id as in the list of events, and as the `webhook-id` of endpoints.
    assert heard["id"] == gid("Event", kept.id)
    assert (heard["sequence"], heard["actorName"]) == (kept.sequence, kept.actor_name)
    assert heard["actorId"] == gid("Member", kept.actor_id or "")


@pytest.mark.parametrize(
    ("role", "names", "code"),
    [(Role.VIEWER, ["*"], "FORBIDDEN"), (Role.MANAGER, ["nothing.of_the_kind"], "INVALID")],
)
async def test_the_whole_stream_is_for_those_who_may_audit_and_for_events_there_are(
    world: World, address: str, role: Role, names: list[str], code: str
) -> None:
    async with opened(address, world.tokens[role]) as socket:
        payload = {"query": HAPPENED, "variables": {"names": names}}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        message = await _hear(socket)

    assert message["type"] == "error" or message["payload"]["errors"]
    assert code in json.dumps(message)
