"""A worker dies at every step; another goes on: there is one post, or a person is asked."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import asyncpg
import pytest
import redis

from hub.content.rules import Part
from hub.embedded.servers import EmbeddedServers, embedded_servers
from hub.kernel.ids import new_id
from hub.kernel.settings import Settings
from hub.publishing.models import Publication, PublicationState
from tests.conftest import APP_PASSWORD, TEMPLATE, Database, Servers, _make_template
from tests.factories import World, a_publication, publication
from tests.workers.interleaving import run_to
from tests.workers.stands import (
    Account,
    Stand,
    a_picture,
    an_account,
    job_of,
    outcomes,
    to_next_try,
)
from tests.workers.test_publishing import PICTURE, PICTURE_HASH
from tests.workers.victims import Victims
from tests.working import jobs_left, work_off
from workers.calendar import ring_due_jobs
from workers.handling import Toolbox, run

S = PublicationState
ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 20.0
STEPS = (
    "before_claim",
    "after_claim",
    "saved:upload",
    "before_truth",
    "after_truth",
    "performed:commit",
    "saved:commit",
    "before_settle",
)
#: A class of guarantee each; what is particular to blogs and forums has files of its own.
KINDS = ("mastodon", "gotosocial", "writeonly", "bluesky")
#: Where the outcome of a commit is in doubt when the worker dies.
IN_DOUBT = ("after_truth", "performed:commit")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Short leases: a dead worker is noticed soon."""
    return settings.model_copy(update={"lease_seconds": 0.7})


async def a_picture_post(world: World, tools: Toolbox, account: Account) -> Publication:
    asset_id = await a_picture(world, tools, PICTURE, sha256=PICTURE_HASH, alt="A lighthouse")
    return await a_publication(
        world, channel_id=account.channel_id, parts=[Part(text="Look", media=(asset_id,))]
    )


def collapsed(tries: Sequence[str | None]) -> list[str | None]:
    """Leave out repeats: on a busy machine the lease of a second may run out more than once."""
    return [tried for tried, _ in groupby(tries)]


async def go_on(world: World, tools: Toolbox, database: Database, made: Publication) -> None:
    """Let another worker do what it finds due, until nothing is promised or a person is asked."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while await job_of(world.hub, made.id) is not None:
        assert time.monotonic() < deadline, "it never came to rest"
        await ring_due_jobs(world.hub)
        await work_off(tools)
        found = await publication(world, made.id)
        if found.state in {S.UNCONFIRMED, S.SCHEDULED} and found.due_at is not None:
            await to_next_try(world, database.owner_url, made.id)
        await asyncio.sleep(0.1)


async def empty_redis(tools: Toolbox) -> None:
    """Lose everything the hub keeps there."""
    with redis.Redis.from_url(tools.hub.settings.redis_url) as client:
        await asyncio.to_thread(client.flushdb)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("milestone", STEPS)
async def test_a_dead_worker_is_replaced_and_there_is_one_post_or_a_person_is_asked(
    world: World,
    tools: Toolbox,
    stands: dict[str, Stand],
    database: Database,
    victims: Victims,
    milestone: str,
    kind: str,
) -> None:
    account = await an_account(world, tools, stands[kind])
    made = await a_picture_post(world, tools, account)
    job = await job_of(world.hub, made.id)
    await victims.start(tools, account.stand, job.id, milestone)
    assert await victims.end() == -signal.SIGKILL
    await empty_redis(tools)

    await go_on(world, tools, database, made)

    found = await publication(world, made.id)
    asks = kind == "writeonly" and milestone in IN_DOUBT
    stored = 0 if asks and milestone == "after_truth" else 1
    assert (found.state, found.due_at) == (S.UNCONFIRMED if asks else S.PUBLISHED, None)
    assert await account.texts() == ["Look"] * stored
    assert collapsed(await outcomes(world, made.id)) == {
        "before_claim": ["PUBLISHED"],
    }.get(milestone, ["SILENT", "UNKNOWN" if asks else "PUBLISHED"])
    if not asks:
        assert found.sent_hash == found.approved_hash
        assert found.remote_id == (await account.posts())[0]["id"]
    assert all(row.name != "publishing.publish" for row in await jobs_left(world.hub))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_worker_that_dies_while_the_platform_keeps_it_waiting_has_posted_once(
    world: World,
    tools: Toolbox,
    stands: dict[str, Stand],
    database: Database,
    victims: Victims,
    kind: str,
) -> None:
    account = await an_account(world, tools, stands[kind])
    await account.stand.fault("hang_after")
    made = await a_publication(world, channel_id=account.channel_id, text="Stored")
    job = await job_of(world.hub, made.id)
    pid = await victims.start(tools, account.stand, job.id, "never")
    await until_stored(account)
    os.kill(pid, signal.SIGKILL)
    assert await victims.end() == -signal.SIGKILL

    await go_on(world, tools, database, made)

    found = await publication(world, made.id)
    assert found.state is (S.UNCONFIRMED if kind == "writeonly" else S.PUBLISHED)
    assert await account.texts() == ["Stored"]


async def until_stored(account: Account) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await account.posts():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", ["gotosocial", "bluesky"])
async def test_a_thread_is_not_begun_again_after_a_crash(
    world: World,
    tools: Toolbox,
    stands: dict[str, Stand],
    database: Database,
    victims: Victims,
    kind: str,
) -> None:
    account = await an_account(world, tools, stands[kind])
    made = await a_publication(
        world, channel_id=account.channel_id, parts=[Part(text=word) for word in "ABC"]
    )
    for milestone in ("saved:commit", "performed:commit"):
        job = await job_of(world.hub, made.id)
        await until_free(world, made)
        await victims.start(tools, account.stand, job.id, milestone)
        assert await victims.end() == -signal.SIGKILL

    await go_on(world, tools, database, made)

    posts = await account.posts()
    assert [post["text"] for post in posts] == ["A", "B", "C"]
    assert [post["in_reply_to_id"] for post in posts] == [None, posts[0]["id"], posts[1]["id"]]
    tries = await outcomes(world, made.id)
    assert collapsed(tries) == ["SILENT", "PUBLISHED"]
    assert len(tries) >= 3


async def until_free(world: World, made: Publication) -> None:
    """Wait until the leases of a dead worker have run out."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        async with world.hub.unit_of_work(world.system) as work:
            row = await publication(world, made.id)
            if row.lease_until is None or row.lease_until < work.clock:
                return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.03)


class TestWithADatabaseThatDiesToo:
    """PostgreSQL is killed between the worker's death and the next worker."""

    @pytest.fixture(scope="class")
    @classmethod
    def own(cls) -> Iterator[EmbeddedServers]:
        """Servers of this class alone, that keep what was committed."""
        folder = Path(tempfile.mkdtemp(prefix="content-hub-crashes-"))
        folder.chmod(0o711)
        with asyncio.Runner() as runner:
            held = embedded_servers(folder, keep=False)
            servers = runner.run(held.__aenter__())
            home = servers.home.folder
            try:
                yield servers
            finally:
                runner.run(held.__aexit__(None, None, None))
                shutil.rmtree(home, ignore_errors=True)
                shutil.rmtree(folder, ignore_errors=True)

    @pytest.fixture(scope="class")
    @classmethod
    def servers(cls, own: EmbeddedServers) -> Servers:
        """Take the place of the session's servers."""
        made = Servers(admin_url=own.admin_url, redis_url=own.redis_url)
        asyncio.run(_make_template(made))
        return made

    @pytest.fixture
    async def database(self, servers: Servers) -> Database:
        """Copy the template; the copy goes with the servers."""
        name = f"t_{new_id().hex[-20:]}"
        admin = await asyncpg.connect(servers.url("postgres").replace("+asyncpg", ""))
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER hub_owner")
        await admin.close()
        return Database(
            name=name,
            admin_url=servers.url(name),
            owner_url=servers.url(name, user="hub_owner"),
            database_url=servers.url(name, user="hub_app"),
        )

    @pytest.mark.parametrize("milestone", ["after_claim", "after_truth", "performed:commit"])
    async def test_what_was_committed_before_is_enough(
        self,
        own: EmbeddedServers,
        world: World,
        tools: Toolbox,
        stands: dict[str, Stand],
        database: Database,
        victims: Victims,
        milestone: str,
    ) -> None:
        account = await an_account(world, tools, stands["gotosocial"])
        made = await a_publication(world, channel_id=account.channel_id, text="Look")
        job = await job_of(world.hub, made.id)
        await victims.start(tools, account.stand, job.id, milestone)
        assert await victims.end() == -signal.SIGKILL
        await crash(own)
        meanwhile = await asyncio.gather(
            *(run(job.id, tools) for _ in range(3)), return_exceptions=True
        )
        await revive(own)
        await empty_redis(tools)

        await go_on(world, tools, database, made)

        assert meanwhile == [False] * 3
        assert (await publication(world, made.id)).state is S.PUBLISHED
        assert await account.texts() == ["Look"]

    async def test_a_worker_outlives_the_database_in_the_middle_of_a_sending(
        self,
        own: EmbeddedServers,
        world: World,
        tools: Toolbox,
        stands: dict[str, Stand],
        database: Database,
    ) -> None:
        account = await an_account(world, tools, stands["gotosocial"])
        made = await a_publication(world, channel_id=account.channel_id, text="Look")
        async with run_to(tools, made.id, "performed:commit"):
            await crash(own)
        await revive(own)

        await go_on(world, tools, database, made)

        assert (await publication(world, made.id)).state is S.PUBLISHED
        assert await account.texts() == ["Look"]


async def crash(own: EmbeddedServers) -> None:
    """Kill PostgreSQL as a power cut does."""
    assert own.postgres.pid is not None
    os.kill(own.postgres.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not own.postgres.has_crashed:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def revive(own: EmbeddedServers) -> None:
    """Start PostgreSQL again; it gives its roles the passwords of its own folder."""
    await own.postgres.restart()
    admin = await asyncpg.connect(own.admin_url.replace("+asyncpg", ""))
    for role in ("hub_owner", "hub_app"):
        await admin.execute(f"ALTER ROLE {role} PASSWORD '{APP_PASSWORD}'")
    await admin.close()
