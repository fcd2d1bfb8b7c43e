"""Answers and counters come back to the publication that caused them, each exactly once."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from hub.analytics.models import Measurement
from hub.audit.models import EventRow
from hub.channels.models import ChannelState
from hub.channels.operations import connect
from hub.engagement import operations as engagement
from hub.engagement.models import Direction, Message, Person, Thread
from hub.kernel.errors import Invalid, Unsupported
from hub.kernel.work import Hub
from hub.publishing.models import Publication, PublicationState
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, a_world, channel, publication
from tests.working import a_toolbox, move_clock, work_off
from workers.handling import Toolbox
from workers.simulators.mastodon import create_simulator
from workers.simulators.serving import served

_MINUTE = timedelta(minutes=1, seconds=1)


@dataclass(frozen=True, kw_only=True)
class Network:
    """The stand-in of a network, and how other people act on it."""

    base_url: str
    token: str

    async def person(self, name: str) -> "Somebody":
        """Make another account."""
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False) as http:
            made = await http.post("/api/v1/_sim/accounts", json={"username": name})
            return Somebody(base_url=self.base_url, token=made.json()["access_token"])


@dataclass(frozen=True, kw_only=True)
class Somebody:
    """Another account of the network."""

    base_url: str
    token: str

    async def post(self, path: str, **fields: str) -> str:
        """Do something; return the id of what it made."""
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False) as http:
            answer = await http.post(
                path, json=fields, headers={"Authorization": f"Bearer {self.token}"}
            )
            answer.raise_for_status()
            return str(answer.json()["id"])


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A network for this file."""
    with served(create_simulator(dialect="mastodon")) as address:
        yield address


@pytest.fixture
async def network(base_url: str, request: pytest.FixtureRequest) -> Network:
    """The network with a fresh account of the brand."""
    name = f"brand{abs(hash(request.node.name)) % 10**9}"
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as http:
        made = await http.post("/api/v1/_sim/accounts", json={"username": name})
    return Network(base_url=base_url, token=made.json()["access_token"])


@pytest.fixture
async def tools(hub: Hub, base_url: str) -> AsyncIterator[Toolbox]:
    """A worker that may call the network."""
    async with a_toolbox(hub, allow=(urlsplit(base_url).netloc,)) as opened:
        yield opened


@pytest.fixture
async def world(hub: Hub) -> World:
    """A workspace."""
    return await a_world(hub)


async def connected(world: World, network: Network, tools: Toolbox) -> UUID:
    """Connect the brand's account and let the check run."""
    async with world.hub.unit_of_work(world.manager) as work:
        made = await connect(
            work,
            brand_id=world.brand_id,
            platform="mastodon",
            name="Network",
            settings={"base_url": network.base_url},
            credentials={"access_token": network.token},
        )
    await work_off(tools)
    found = await channel(world, made.id)
    assert (found.state, found.state_message) == (ChannelState.READY, "")
    return made.id


async def published(world: World, network: Network, tools: Toolbox) -> Publication:
    """Publish something."""
    channel_id = await connected(world, network, tools)
    made = await a_publication(world, channel_id=channel_id, text="Who comes to the fair?")
    await work_off(tools)
    found = await publication(world, made.id)
    assert found.state is PublicationState.PUBLISHED
    return found


async def messages(world: World) -> list[Message]:
    """Return every message, oldest first."""
    async with world.hub.unit_of_work(world.system) as work:
        return list(await work.all(select(Message).order_by(Message.written_at, Message.id)))


async def events(world: World, name: str) -> list[EventRow]:
    """Return every event of a name."""
    async with world.hub.unit_of_work(world.system) as work:
        return list(await work.all(select(EventRow).where(EventRow.name == name)))


async def look(world: World, publication_id: UUID, tools: Toolbox) -> None:
    """Collect now, as `publicationCollect` does."""
    async with world.hub.unit_of_work(world.editor) as work:
        await engagement.collect_now(work, publication_id=publication_id)
    await work_off(tools)


async def test_an_answer_becomes_a_message_of_the_publication_once(
    world: World, network: Network, tools: Toolbox
) -> None:
    row = await published(world, network, tools)
    ada = await network.person("ada")
    answer = await ada.post("/api/v1/statuses", status="I do!", in_reply_to_id=row.remote_id or "")

    for _ in range(3):
        await look(world, row.id, tools)

    (message,) = await messages(world)
    assert (message.remote_id, message.text) == (answer, "I do!")
    assert message.direction is Direction.INBOUND
    assert len(await events(world, "message.received")) == 1
    async with world.hub.unit_of_work(world.system) as work:
        thread = await work.one(select(Thread))
        person = await work.one(select(Person))
    assert thread is not None
    assert person is not None
    assert (thread.publication_id, message.thread_id) == (row.id, thread.id)
    assert (message.person_id, person.name) == (person.id, person.name)


async def test_answers_are_collected_by_themselves_while_a_post_is_young(
    world: World, network: Network, tools: Toolbox, database: Database
) -> None:
    row = await published(world, network, tools)
    ada = await network.person("ada2")
    await ada.post("/api/v1/statuses", status="First", in_reply_to_id=row.remote_id or "")
    await work_off(tools)
    assert await messages(world) == []

    await move_clock(world.hub, database.owner_url, _MINUTE)
    await work_off(tools)
    await ada.post("/api/v1/statuses", status="Second", in_reply_to_id=row.remote_id or "")
    await move_clock(world.hub, database.owner_url, _MINUTE)
    await work_off(tools)

    assert [message.text for message in await messages(world)] == ["First", "Second"]


async def test_likes_and_answers_are_measured_only_when_they_change(
    world: World, network: Network, tools: Toolbox, database: Database
) -> None:
    row = await published(world, network, tools)
    ada = await network.person("ada3")
    await ada.post(f"/api/v1/statuses/{row.remote_id}/favourite")

    for _ in range(3):
        await move_clock(world.hub, database.owner_url, _MINUTE)
        await work_off(tools)
    await ada.post("/api/v1/statuses", status="Yes", in_reply_to_id=row.remote_id or "")
    await move_clock(world.hub, database.owner_url, _MINUTE)
    await work_off(tools)

    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(select(Measurement).order_by(Measurement.measured_at))
    kept = [(measured.metric, measured.value) for measured in rows]
    assert sorted(kept) == [("LIKES", 1), ("REPLIES", 0), ("REPLIES", 1), ("SHARES", 0)]


async def test_a_reply_goes_out_once_and_joins_the_conversation(
    world: World, network: Network, tools: Toolbox
) -> None:
    row = await published(world, network, tools)
    ada = await network.person("ada4")
    await ada.post("/api/v1/statuses", status="When?", in_reply_to_id=row.remote_id or "")
    await look(world, row.id, tools)
    (question,) = await messages(world)

    async with world.hub.unit_of_work(world.editor) as work:
        answer = await engagement.reply(work, message_id=question.id, text="At noon.")
    await work_off(tools)
    await look(world, row.id, tools)

    sent = await publication(world, answer.id)
    assert sent.state is PublicationState.PUBLISHED
    assert sent.approved_hash == sent.sent_hash
    inbound, outbound = await messages(world)
    assert (inbound.id, outbound.direction) == (question.id, Direction.OUTBOUND)
    assert outbound.text.endswith("At noon.")
    assert (outbound.publication_id, outbound.remote_id) == (sent.id, sent.remote_id)
    assert outbound.parent_remote_id == question.remote_id
    async with httpx.AsyncClient(base_url=network.base_url, trust_env=False) as http:
        ledger = (await http.get("/api/v1/_sim/ledger")).json()
    assert str(ledger).count("At noon.") == 1


async def test_a_reply_that_is_too_long_changes_nothing(
    world: World, network: Network, tools: Toolbox
) -> None:
    row = await published(world, network, tools)
    ada = await network.person("ada5")
    await ada.post("/api/v1/statuses", status="When?", in_reply_to_id=row.remote_id or "")
    await look(world, row.id, tools)
    (question,) = await messages(world)

    with pytest.raises(Exception, match="500") as caught:
        async with world.hub.unit_of_work(world.editor) as work:
            await engagement.reply(work, message_id=question.id, text="x" * 501)

    assert getattr(caught.value, "path", None) == ("input", "text")
    assert await work_off(tools) == 0
    with pytest.raises(Invalid):
        async with world.hub.unit_of_work(world.editor) as work:
            await engagement.reply(work, message_id=question.id, text="  ")


async def test_a_place_without_answers_says_so(world: World, tools: Toolbox) -> None:
    channel_id = await a_channel(world, platform_key="feed")
    made = await a_publication(world, channel_id=channel_id)
    await work_off(tools)

    with pytest.raises(Unsupported):
        async with world.hub.unit_of_work(world.editor) as work:
            await engagement.collect_now(work, publication_id=made.id)


async def test_nobody_looks_before_the_time_the_platform_named(
    world: World, network: Network, tools: Toolbox
) -> None:
    row = await published(world, network, tools)
    async with httpx.AsyncClient(base_url=network.base_url, trust_env=False) as http:
        rule = {"method": "GET", "path": "/api/v1/statuses/*", "effect": "ratelimit", "count": 1}
        await http.post("/api/v1/_sim/faults", json=rule)
    ada = await network.person("ada6")
    await ada.post("/api/v1/statuses", status="Hello?", in_reply_to_id=row.remote_id or "")

    await look(world, row.id, tools)
    held = await channel(world, row.channel_id)
    await look(world, row.id, tools)

    # The fault was for one call only: a second one would have brought the answer.
    assert held.rate_held_until is not None
    assert held.rate_held_until > await world.hub.now()
    assert await messages(world) == []
