"""Whatever people and workers do in whatever order: states follow the table, promises are kept."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.channels import operations as channels
from hub.kernel.errors import HubError
from hub.kernel.jobs import JobRow
from hub.kernel.work import Hub, UnitOfWork
from hub.publishing import claiming, sending
from hub.publishing import operations as publishing
from hub.publishing.models import HoldReason, Publication
from hub.publishing.rules import TRANSITIONS, Next, Turn
from hub.publishing.sending import Claim, LeaseLost, Outcome
from hub.review.models import Approval
from tests import factories
from tests.factories import World, a_channel, a_publication, a_world

NOTHING = Outcome(outcome="TEST")
SOON = timedelta(seconds=0)


class Walk:
    """One publication on its way, with a person and a worker who know no manners."""

    def __init__(self, world: World, row: Publication) -> None:
        self.world = world
        self.id = row.id
        self.channel_id = row.channel_id
        self.claim: Claim | None = None
        self.sent = 0

    async def person(self, act: Callable[[UnitOfWork], Awaitable[object]]) -> None:
        async with self.world.hub.unit_of_work(self.world.manager) as work:
            await act(work)

    async def worker(self, act: Callable[[UnitOfWork, Claim], Awaitable[object]]) -> None:
        if self.claim is None:
            return
        async with self.world.hub.unit_of_work(self.world.system) as work:
            await act(work, self.claim)

    async def reschedule(self) -> None:
        await self.person(
            lambda work: publishing.reschedule(work, publication_id=self.id, scheduled_for=None)
        )

    async def cancel(self) -> None:
        await self.person(lambda work: publishing.cancel(work, publication_id=self.id))

    async def resume(self) -> None:
        await self.person(lambda work: publishing.resume(work, publication_id=self.id))

    async def retry(self) -> None:
        await self.person(lambda work: publishing.retry(work, publication_id=self.id))

    async def confirm(self) -> None:
        await self.person(lambda work: publishing.confirm(work, publication_id=self.id))

    async def abandon(self) -> None:
        await self.person(lambda work: publishing.abandon(work, publication_id=self.id))

    async def switch_off(self) -> None:
        await self.person(
            lambda work: channels.set_enabled(work, channel_id=self.channel_id, enabled=False)
        )

    async def switch_on(self) -> None:
        await self.person(
            lambda work: channels.set_enabled(work, channel_id=self.channel_id, enabled=True)
        )

    async def take(self) -> None:
        async with self.world.hub.unit_of_work(self.world.system) as work:
            found = await claiming.claim(work, publication_id=self.id, worker="walk")
        self.claim = found if isinstance(found, Claim) else self.claim

    async def authorise(self) -> None:
        async def act(work: UnitOfWork, claim: Claim) -> None:
            refused = await claiming.authorise_commit(
                work, claim=claim, step="commit:0", wire_digest="d"
            )
            self.sent += refused is None

        await self.worker(act)

    async def fail(self, turn: Turn, *, certain: bool) -> None:
        following = Next(turn=turn, wait=SOON, reason=HoldReason.NEEDS_AUTH)
        await self.worker(
            lambda work, claim: sending.settle_failure(
                work, claim=claim, following=following, outcome=NOTHING, certain=certain
            )
        )

    async def try_again(self) -> None:
        await self.fail(Turn.RETRY, certain=True)

    async def give_up(self) -> None:
        await self.fail(Turn.FAIL, certain=True)

    async def stop(self) -> None:
        await self.fail(Turn.HOLD, certain=True)

    async def look_up(self) -> None:
        await self.fail(Turn.LOOK_UP, certain=False)

    async def ask(self) -> None:
        await self.fail(Turn.ASK_PERSON, certain=False)

    async def settle(self) -> None:
        await self.worker(
            lambda work, claim: sending.settle_published(
                work, claim=claim, refs=[{"remote_id": str(self.id), "url": ""}]
            )
        )


ACTS = [name for name in vars(Walk) if not name.startswith("_")]
ACTS = [name for name in ACTS if name not in {"person", "worker", "fail"}]


async def job_of(world: World, publication_id: UUID) -> JobRow | None:
    async with world.hub.unit_of_work(world.system) as work:
        return await work.one(select(JobRow).where(JobRow.key == f"publish:{publication_id}"))


async def check(walk: Walk, before: Publication) -> Publication:
    """Check everything that must hold after every step."""
    row = await factories.publication(walk.world, walk.id)
    assert row.state is before.state or row.state in TRANSITIONS[before.state]
    assert row.fence >= before.fence
    assert row.version >= before.version
    if row.state == "PUBLISHED":
        assert row.sent_hash == row.approved_hash
        assert row.published_at is not None
    if row.state == "SCHEDULED":
        # Whoever made it wait has promised to come back.
        assert row.due_at is not None
        assert await job_of(walk.world, walk.id) is not None
    if row.state == "CANCELLED":
        assert row.commit_attempted_at is None
    return row


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.sampled_from(ACTS), min_size=8, max_size=25))
async def test_every_walk_keeps_to_the_table(hub: Hub, steps: list[str]) -> None:
    world = await _world(hub)
    walk = Walk(world, await a_publication(world, channel_id=await a_channel(world)))
    row = await factories.publication(world, walk.id)

    for step in steps:
        try:
            await getattr(walk, step)()
        except (HubError, LeaseLost):
            # Refused: then nothing has changed.
            same = await factories.publication(world, walk.id)
            assert (same.state, same.version, same.fence) == (row.state, row.version, row.fence)
        row = await check(walk, row)

    async with hub.unit_of_work(world.system) as work:
        approvals = await work.all(
            select(Approval.hash).where(Approval.edition_id == row.edition_id)
        )
    assert row.sent_hash is None or row.sent_hash in approvals


_WORLDS: dict[int, World] = {}


async def _world(hub: Hub) -> World:
    """Return the one world of this hub: every example walks through a publication of its own."""
    if id(hub) not in _WORLDS:
        _WORLDS.clear()
        _WORLDS[id(hub)] = await a_world(hub)
    return _WORLDS[id(hub)]
