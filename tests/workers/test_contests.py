"""A contest on a network: comments come in, time closes it, and the last reading is waited for."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from hub.channels import operations as channels
from hub.engagement.contests import drawing, operations
from hub.engagement.contests.models import Contest, ContestEntry, ContestSource
from hub.engagement.contests.rules import Conditions
from hub.kernel.errors import WrongState
from hub.kernel.work import Hub
from hub.publishing.models import Publication
from tests.conftest import Database
from tests.factories import World
from tests.workers.test_engagement import Network, published
from tests.working import a_toolbox, jobs_left, move_clock, work_off
from workers.handling import Toolbox
from workers.simulators.mastodon import create_simulator
from workers.simulators.serving import served

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1, seconds=1)


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


async def opened(world: World, row: Publication) -> UUID:
    """Open a contest under a publication: two winners, the hashtag is asked for."""
    async with world.hub.unit_of_work(world.editor) as work:
        made = await operations.create(
            work,
            brand_id=world.brand_id,
            name="Foire",
            rules=[("fr", "Commentez avec #foire.")],
            publication_ids=[row.id],
            opens_at=work.now - HOUR,
            closes_at=work.now + HOUR,
            winner_count=2,
            conditions=Conditions(hashtags=("#foire",)),
        )
        await operations.open_contest(work, contest_id=made.id)
    return made.id


async def state_of(world: World, contest_id: UUID) -> str:
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.one(select(Contest.state).where(Contest.id == contest_id))
    assert found is not None
    return found.value


async def judged(world: World) -> dict[str, list[str]]:
    """Return what became of everybody's comment, by the state of its entry."""
    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(select(ContestEntry).order_by(ContestEntry.written_at))
    return {
        state: [row.entrant or "" for row in rows if row.state == state]
        for state in ("ELIGIBLE", "DISQUALIFIED")
    }


async def test_comments_are_judged_as_they_come_and_once_more_after_the_close(
    world: World, network: Network, tools: Toolbox, database: Database
) -> None:
    row = await published(world, network, tools)
    contest = await opened(world, row)
    await work_off(tools)
    ada, bob, eve = [await network.person(name) for name in ("ada", "bob", "eve")]

    async def comment(person: object, text: str) -> None:
        await person.post(  # type: ignore[attr-defined]  # somebody of the network
            "/api/v1/statuses", status=text, in_reply_to_id=row.remote_id or ""
        )

    await comment(ada, "Moi ! #Foire")
    await comment(bob, "Et moi ?")
    for _ in range(2):
        await move_clock(world.hub, database.owner_url, MINUTE)
        await work_off(tools)
    found = await judged(world)
    assert (len(found["ELIGIBLE"]), len(found["DISQUALIFIED"])) == (1, 1)

    # In time, and not yet read when the contest closes by itself.
    await comment(eve, "Moi aussi #foire")
    await move_clock(world.hub, database.owner_url, HOUR)
    async with world.hub.unit_of_work(world.system) as work:
        await operations.close_when_due(work, contest_id=contest)
    assert await state_of(world, contest) == "CLOSED"
    with pytest.raises(WrongState):
        async with world.hub.unit_of_work(world.editor) as work:
            await drawing.freeze(work, contest_id=contest)
    await work_off(tools)
    await move_clock(world.hub, database.owner_url, MINUTE)
    await work_off(tools)

    async with world.hub.unit_of_work(world.editor) as work:
        frozen = await drawing.freeze(work, contest_id=contest)
    assert frozen.proof is not None
    handles = sorted(line.split("\t")[2] for line in frozen.proof["entrants"])
    assert [handle.removeprefix("@").rstrip("0123456789") for handle in handles] == ["ada", "eve"]
    left = {job.name for job in await jobs_left(world.hub)}
    assert not {"contest.close", "contest.read_comments", "contest.judge"} & left


async def test_a_contest_closes_by_itself_when_its_time_comes(
    world: World, network: Network, tools: Toolbox, database: Database
) -> None:
    row = await published(world, network, tools)
    contest = await opened(world, row)
    await work_off(tools)
    assert await state_of(world, contest) == "OPEN"

    await move_clock(world.hub, database.owner_url, HOUR)
    await work_off(tools)

    assert await state_of(world, contest) == "CLOSED"


async def test_what_cannot_be_read_is_tried_again_until_it_can(
    world: World, network: Network, tools: Toolbox, database: Database
) -> None:
    row = await published(world, network, tools)
    contest = await opened(world, row)
    async with world.hub.unit_of_work(world.manager) as work:
        await channels.set_enabled(work, channel_id=row.channel_id, enabled=False)
    await move_clock(world.hub, database.owner_url, HOUR)
    await work_off(tools)
    await move_clock(world.hub, database.owner_url, MINUTE)
    await work_off(tools)

    async def read_at() -> object:
        async with world.hub.unit_of_work(world.system) as work:
            return await work.one(
                select(ContestSource.read_at).where(ContestSource.contest_id == contest)
            )

    assert await read_at() is None
    assert "contest.read_comments" in {job.name for job in await jobs_left(world.hub)}
    async with world.hub.unit_of_work(world.manager) as work:
        await channels.set_enabled(work, channel_id=row.channel_id, enabled=True)
    await move_clock(world.hub, database.owner_url, 3 * MINUTE)
    await work_off(tools)

    assert await read_at() is not None
    assert "contest.read_comments" not in {job.name for job in await jobs_left(world.hub)}
