"""The inbox of a channel, from the network to the hub and back, and never in public."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from hub.engagement import operations as engagement
from hub.engagement import service_targets, threads
from hub.engagement.models import Message, Priority, Thread, ThreadKind, ThreadState
from hub.kernel.work import Hub
from hub.publishing.models import PublicationState
from tests.conftest import Database
from tests.factories import World, a_world, publication
from tests.hub.traces import events_of
from tests.workers.test_engagement import Network, connected, messages
from tests.working import a_toolbox, move_clock, work_off
from workers.calendar import sweep_inboxes
from workers.handling import Toolbox
from workers.simulators.mastodon import create_simulator
from workers.simulators.serving import served


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A network for this file."""
    with served(create_simulator(dialect="mastodon")) as address:
        yield address


@pytest.fixture
async def network(base_url: str, request: pytest.FixtureRequest) -> Network:
    """The network with a fresh account of the brand."""
    async with httpx.AsyncClient(base_url=base_url, trust_env=False) as http:
        name = {"username": name_of(request)}
        made = await http.post("/api/v1/_sim/accounts", json=name)
    return Network(base_url=base_url, token=made.json()["access_token"])


def name_of(request: pytest.FixtureRequest) -> str:
    return f"inbox{abs(hash(request.node.name)) % 10**9}"


@pytest.fixture
async def tools(hub: Hub, base_url: str) -> AsyncIterator[Toolbox]:
    """A worker that may call the network."""
    async with a_toolbox(hub, allow=(urlsplit(base_url).netloc,)) as opened:
        yield opened


@pytest.fixture
async def world(hub: Hub) -> World:
    """A workspace."""
    return await a_world(hub)


async def thread_of(world: World) -> Thread:
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.one(select(Thread))
    assert found is not None
    return found


async def ledger(network: Network, text: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=network.base_url, trust_env=False) as http:
        stored = (await http.get("/api/v1/_sim/ledger")).json()["statuses"]
    return [one for one in stored if text in one["text"]]


async def begun(world: World, network: Network, tools: Toolbox) -> UUID:
    """Connect the account and have its inbox read from now on, as the relay does."""
    channel_id = await connected(world, network, tools)
    await sweep_inboxes(world.hub)
    await work_off(tools)
    return channel_id


async def test_a_private_message_is_collected_answered_in_private_and_liked(
    world: World,
    network: Network,
    tools: Toolbox,
    database: Database,
    request: pytest.FixtureRequest,
) -> None:
    await begun(world, network, tools)
    ada = await network.person("privada")
    me = name_of(request)
    await ada.post("/api/v1/statuses", status=f"@{me} Secret ?", visibility="direct")
    for _ in range(2):
        await move_clock(world.hub, database.owner_url, timedelta(seconds=61))
        await work_off(tools)
    (question,) = await messages(world)
    assert ((await thread_of(world)).kind, question.audience) == (ThreadKind.DIRECT, "direct")

    async with world.hub.unit_of_work(world.editor) as work:
        answer = await engagement.reply(work, message_id=question.id, text="Oui, ce soir.")
    async with world.hub.unit_of_work(world.editor) as work:
        await engagement.set_liked(work, message_id=question.id, liked=True)
    await work_off(tools)

    assert (await publication(world, answer.id)).state is PublicationState.PUBLISHED
    (sent,) = await ledger(network, "Oui, ce soir.")
    assert (sent["visibility"], sent["in_reply_to_id"]) == ("direct", question.remote_id)
    assert sent["text"] == "@privada Oui, ce soir."
    question, reply = await messages(world)
    assert (question.liked, question.like_wanted) == (True, None)
    assert reply.thread_id == question.thread_id
    assert (await thread_of(world)).state is ThreadState.WAITING
    # The answer to the answer stays in the conversation.
    again = f"@{me} Merci"
    await ada.post("/api/v1/statuses", status=again, visibility="direct", in_reply_to_id=sent["id"])
    await move_clock(world.hub, database.owner_url, timedelta(seconds=61))
    await work_off(tools)
    assert len({one.thread_id for one in await messages(world)}) == 1
    assert (await thread_of(world)).state is ThreadState.OPEN


async def test_a_like_that_cannot_be_given_is_told(
    world: World,
    network: Network,
    tools: Toolbox,
    database: Database,
    request: pytest.FixtureRequest,
) -> None:
    await begun(world, network, tools)
    ada = await network.person("goneada")
    post = await ada.post("/api/v1/statuses", status=f"@{name_of(request)} Hello")
    await move_clock(world.hub, database.owner_url, timedelta(seconds=61))
    await work_off(tools)
    (message,) = await messages(world)
    async with httpx.AsyncClient(base_url=network.base_url, trust_env=False) as http:
        headers = {"Authorization": f"Bearer {ada.token}"}
        (await http.delete(f"/api/v1/statuses/{post}", headers=headers)).raise_for_status()

    async with world.hub.unit_of_work(world.editor) as work:
        await engagement.set_liked(work, message_id=message.id, liked=True)
    await work_off(tools)

    (message,) = await messages(world)
    assert (message.liked, message.like_wanted) == (False, None)
    assert message.like_problem
    told = [one.name for one in await events_of(world) if one.name.startswith("message.like")]
    assert told == ["message.like_requested", "message.like_failed"]


async def test_deadlines_and_rests_end_by_the_hubs_clock(
    world: World,
    network: Network,
    tools: Toolbox,
    database: Database,
    request: pytest.FixtureRequest,
) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        await service_targets.set_service_target(
            work, brand_id=world.brand_id, timezone="UTC", minutes={Priority.NORMAL: 10}
        )
    await begun(world, network, tools)
    ada = await network.person("slowada")
    await ada.post("/api/v1/statuses", status=f"@{name_of(request)} Anybody?")
    await move_clock(world.hub, database.owner_url, timedelta(seconds=61))
    await work_off(tools)
    thread = await thread_of(world)
    assert (thread.kind, thread.state, thread.overdue) == (
        ThreadKind.POST,
        ThreadState.NEW,
        False,
    )
    async with world.hub.unit_of_work(world.editor) as work:
        until = work.now + timedelta(minutes=5)
        await threads.snooze_thread(work, thread_id=thread.id, until=until)

    await move_clock(world.hub, database.owner_url, timedelta(minutes=6))
    await work_off(tools)
    assert (await thread_of(world)).state is ThreadState.OPEN
    for _ in range(2):
        await move_clock(world.hub, database.owner_url, timedelta(minutes=10))
        await work_off(tools)

    assert (await thread_of(world)).overdue is True
    told = [one.name for one in await events_of(world) if one.name.startswith("thread.")]
    assert told == ["thread.opened", "thread.snoozed", "thread.woken", "thread.target_missed"]
    async with world.hub.unit_of_work(world.system) as work:
        assert len(await work.all(select(Message))) == 1
