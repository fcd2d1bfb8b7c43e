"""Endpoints hear what happens: in order, at least once, with the ids of the audit stream."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import select, text, update
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.audit.models import EventRow
from hub.automation import delivering
from hub.automation import operations as automation
from hub.automation.jobs import DeliverEvents
from hub.automation.models import (
    AttemptOutcome,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    DisabledReason,
    Endpoint,
)
from hub.kernel.errors import WrongState
from hub.kernel.ids import global_id
from hub.kernel.jobs import JobRow
from hub.kernel.settings import Settings
from hub.kernel.telling import told_facts
from hub.strategy import operations as strategy
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication, a_world
from tests.workers.stands import Stand, an_account
from tests.workers.victims import Victims
from tests.working import a_toolbox, due_jobs, move_clock, work_off
from workers.apart import Apart
from workers.calendar import forget_expired_keys, ring_due_jobs, seal_events, sweep_endpoints
from workers.handling import Toolbox, run
from workers.simulators.serving import served

S = DeliveryState
A = AttemptOutcome


@dataclass(frozen=True, kw_only=True)
class Ear:
    """An inbox at the receiver, and the endpoint that is sent to it."""

    stand: Stand
    world: World
    name: str
    endpoint_id: UUID
    secret: str

    @property
    def path(self) -> str:
        return f"/hooks/{self.name}"

    async def heard(self) -> list[dict[str, Any]]:
        """Return what was taken, each once, in the order it came."""
        shown = await self.stand.ask("GET", f"inboxes/{self.name}")
        assert shown["refused"] == []
        return [message["payload"] for message in shown["messages"]]

    async def names(self) -> list[str]:
        return [message["type"] for message in await self.heard()]

    async def deliveries(self) -> list[str]:
        """Return the ids of all that came, repeats included."""
        return list((await self.stand.ask("GET", f"inboxes/{self.name}"))["deliveries"])

    async def down(self, effect: str = "status", **more: Any) -> None:
        await self.stand.fault(effect, path=self.path, count=0, **more)

    async def up(self) -> None:
        await self.stand.quiet()

    async def row(self) -> Endpoint:
        async with self.world.hub.unit_of_work(self.world.system) as work:
            found = await work.one(select(Endpoint).where(Endpoint.id == self.endpoint_id))
        assert found is not None
        return found

    async def log(self) -> Sequence[Delivery]:
        async with self.world.hub.unit_of_work(self.world.system) as work:
            return await work.all(
                select(Delivery)
                .where(Delivery.endpoint_id == self.endpoint_id)
                .order_by(Delivery.sequence)
            )

    async def attempts(self, delivery: Delivery) -> list[tuple[AttemptOutcome | None, int | None]]:
        async with self.world.hub.unit_of_work(self.world.system) as work:
            rows = await work.all(
                select(DeliveryAttempt)
                .where(DeliveryAttempt.delivery_id == delivery.id)
                .order_by(DeliveryAttempt.number)
            )
        return [(row.outcome, row.status) for row in rows]


async def an_ear(world: World, stand: Stand, *, events: Sequence[str] = ("brand.*",)) -> Ear:
    """Open an inbox and let it hear events, as a manager would."""
    name = f"ear{uuid4().hex[:12]}"
    async with world.hub.unit_of_work(world.manager) as work:
        row, secret = await automation.create_endpoint(
            work, url=f"{stand.base}/hooks/{name}", events=list(events)
        )
    await stand.ask("POST", "inboxes", json={"name": name, "secrets": [secret]})
    return Ear(stand=stand, world=world, name=name, endpoint_id=row.id, secret=secret)


@pytest.fixture
def stand(stands: dict[str, Stand]) -> Stand:
    return stands["webhook"]


@pytest.fixture
async def ear(world: World, stand: Stand) -> Ear:
    """An endpoint that hears of brands, when everything before is sealed."""
    await seal_all(world)
    return await an_ear(world, stand)


async def seal_all(world: World) -> None:
    while await seal_events(world.hub):
        pass


async def happen(world: World, count: int = 1) -> list[str]:
    """Let something happen, so many times, each in its own transaction; return the event ids."""
    for _ in range(count):
        async with world.hub.unit_of_work(world.manager) as work:
            await strategy.create_brand(
                work, slug=f"b-{uuid4().hex[:10]}", name="B", locales=["en"]
            )
    await seal_all(world)
    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(
            select(EventRow).where(EventRow.name == "brand.created").order_by(EventRow.sequence)
        )
    return [global_id("Event", row.id) for row in rows][-count:]


async def later(world: World, database: Database, tools: Toolbox, by: timedelta) -> None:
    await move_clock(world.hub, database.owner_url, by)
    await work_off(tools)


async def tell(world: World) -> list[tuple[str, dict[str, Any]]]:
    """Return the events about endpoints."""
    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(
            select(EventRow).where(EventRow.subject_type == "Endpoint").order_by(EventRow.id)
        )
    return [(row.name, row.data) for row in rows]


async def test_an_endpoint_hears_a_publication_from_schedule_to_out(
    world: World, tools: Toolbox, stands: dict[str, Stand], stand: Stand
) -> None:
    account = await an_account(world, tools, stands["mastodon"])
    await seal_all(world)
    ear = await an_ear(world, stand, events=["publication.*"])

    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    await seal_all(world)
    await work_off(tools)

    heard = await ear.heard()
    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(
            select(EventRow).where(EventRow.name.like("publication.%")).order_by(EventRow.sequence)
        )
    assert [one["type"] for one in heard] == [
        "publication.scheduled",
        "publication.started",
        "publication.published",
    ]
    assert heard == [
        {
            "type": row.name,
            "timestamp": row.occurred_at.isoformat(),
            "data": {
                "eventId": global_id("Event", row.id),
                "sequence": row.sequence,
                "workspaceId": global_id("Workspace", world.workspace_id),
                "subjectType": "Publication",
                "subjectId": global_id("Publication", made.id),
                "actorKind": row.actor_kind.value,
                "actorName": row.actor_name,
                "facts": told_facts(row.name, row.data),
            },
        }
        for row in rows
    ]
    assert await ear.deliveries() == [global_id("Event", row.id) for row in rows]


async def test_many_events_are_heard_once_each_and_in_their_order(
    world: World, tools: Toolbox, ear: Ear
) -> None:
    ids = await happen(world, 30)
    await work_off(tools)

    assert await ear.deliveries() == ids
    assert {row.state for row in await ear.log()} == {S.DELIVERED}
    assert (await ear.row()).delivered_count == 30


async def test_more_than_one_batch_is_heard_completely(
    world: World, tools: Toolbox, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "BATCH", 10)
    async with world.hub.unit_of_work(world.manager) as work:
        for number in range(24):
            await strategy.create_brand(work, slug=f"x-{number}", name="B", locales=["en"])
    ids = await happen(world, 1)
    await work_off(tools)

    assert len(await ear.deliveries()) == 25
    assert (await ear.deliveries())[-1:] == ids
    sequences = [message["data"]["sequence"] for message in await ear.heard()]
    assert sequences == sorted(sequences)


async def test_what_is_not_asked_for_is_not_heard(
    world: World, tools: Toolbox, stand: Stand, ear: Ear
) -> None:
    exact = await an_ear(world, stand, events=["campaign.created", "channel.*"])
    everything = await an_ear(world, stand, events=["*"])

    await happen(world, 2)
    await a_channel(world, ready=False)
    await seal_all(world)
    async with world.hub.unit_of_work(world.system) as work:
        await work.session.execute(text("DELETE FROM jobs WHERE name = 'channels.check'"))
    await work_off(tools)

    assert await ear.names() == ["brand.created"] * 2
    assert await exact.names() == ["channel.connected"]
    assert (await everything.names())[-3:] == ["brand.created"] * 2 + ["channel.connected"]


async def test_what_another_workspace_does_is_never_heard(
    world: World, tools: Toolbox, stand: Stand, ear: Ear
) -> None:
    stranger = await a_world(world.hub, slug="other")
    await happen(stranger, 3)
    await seal_all(world)
    await work_off(tools)

    assert await ear.heard() == []


@contextmanager
def an_oracle(secret: str) -> Iterator[tuple[str, list[Any]]]:
    """Serve a receiver that believes only what `standardwebhooks` verifies."""
    taken: list[Any] = []

    async def take(request: Request) -> Response:
        body = await request.body()
        taken.append(Webhook(secret).verify(body, dict(request.headers)))
        return JSONResponse({})

    with served(Starlette(routes=[Route("/in", take, methods=["POST"])])) as base:
        yield base, taken


async def test_an_independent_library_verifies_what_is_sent(world: World) -> None:
    await seal_all(world)
    async with world.hub.unit_of_work(world.manager) as work:
        row, secret = await automation.create_endpoint(
            work, url="https://later.example/in", events=["brand.*"]
        )
    with an_oracle(secret) as (base, taken):
        async with world.hub.unit_of_work(world.manager) as work:
            await automation.update_endpoint(
                work, endpoint_id=row.id, changes={"url": f"{base}/in"}
            )
        (event_id,) = await happen(world)
        async with a_toolbox(world.hub, allow=(base.removeprefix("http://"),)) as tools:
            await work_off(tools)

    assert [one["data"]["eventId"] for one in taken] == [event_id]


async def test_during_an_overlap_both_secrets_verify(
    world: World, tools: Toolbox, stand: Stand, ear: Ear
) -> None:
    async with world.hub.unit_of_work(world.manager) as work:
        _, newer = await automation.rotate_endpoint_secret(
            work, endpoint_id=ear.endpoint_id, overlap=timedelta(hours=1)
        )

    await happen(world)
    await work_off(tools)
    await stand.ask("POST", "inboxes", json={"name": ear.name, "secrets": [newer]})
    await happen(world)
    await work_off(tools)
    assert len(await ear.heard()) == 2

    async with world.hub.unit_of_work(world.system) as work:
        await work.change(update(Endpoint).values(previous_until=work.clock))
    await stand.ask("POST", "inboxes", json={"name": ear.name, "secrets": [ear.secret]})
    await happen(world)
    await work_off(tools)
    shown = await stand.ask("GET", f"inboxes/{ear.name}")
    assert (shown["count"], shown["refused"]) == (2, ["No signature fits"])


async def test_while_a_receiver_is_down_nothing_is_lost_and_order_is_kept(
    world: World, database: Database, tools: Toolbox, ear: Ear
) -> None:
    await ear.down(status=503)
    ids = await happen(world, 3)
    await work_off(tools)
    assert await ear.deliveries() == []
    # Those behind wait for the first: it alone was tried.
    assert [row.attempt_count for row in await ear.log()] == [1, 0, 0]
    assert (await ear.row()).failing_since is not None

    await later(world, database, tools, timedelta(seconds=10))
    assert [row.attempt_count for row in await ear.log()] == [2, 0, 0]

    await ear.up()
    ids += await happen(world, 2)
    await later(world, database, tools, timedelta(minutes=5))

    assert await ear.deliveries() == ids
    assert {row.state for row in await ear.log()} == {S.DELIVERED}
    first = (await ear.log())[0]
    assert await ear.attempts(first) == [(A.UNWELL, 503), (A.UNWELL, 503), (A.DELIVERED, 200)]
    assert ((await ear.row()).failures, (await ear.row()).failing_since) == (0, None)


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [("drop_before", A.UNREACHABLE), ("drop_after", A.UNREACHABLE), ("status_after", A.UNWELL)],
)
async def test_a_lost_answer_is_sent_again_with_the_same_id(
    world: World,
    database: Database,
    tools: Toolbox,
    ear: Ear,
    effect: str,
    outcome: AttemptOutcome,
) -> None:
    await ear.stand.fault(effect, path=ear.path)
    ids = await happen(world)
    await work_off(tools)
    await later(world, database, tools, timedelta(seconds=10))

    assert set(await ear.deliveries()) == set(ids)
    assert len(await ear.heard()) == 1
    (row,) = await ear.log()
    assert [one for one, _ in await ear.attempts(row)] == [outcome, A.DELIVERED]


async def test_one_that_is_refused_lets_the_others_pass(
    world: World, database: Database, tools: Toolbox, ear: Ear
) -> None:
    await ear.stand.fault("status", path=ear.path, status=422, said="Not this one, whsec_x")
    ids = await happen(world, 3)
    await work_off(tools)
    assert await ear.deliveries() == ids[1:]

    await later(world, database, tools, timedelta(seconds=10))

    assert await ear.deliveries() == [*ids[1:], ids[0]]
    assert await ear.attempts((await ear.log())[0]) == [(A.REFUSED, 422), (A.DELIVERED, 200)]


async def test_one_that_fails_for_long_lets_the_others_pass(
    world: World, database: Database, tools: Toolbox, ear: Ear
) -> None:
    await ear.stand.fault("status", path=ear.path, status=500, count=5)
    ids = await happen(world, 2)
    for _ in range(5):
        await later(world, database, tools, timedelta(minutes=20))

    assert await ear.deliveries() == [ids[1]]
    await later(world, database, tools, timedelta(hours=1))
    assert await ear.deliveries() == [ids[1], ids[0]]


async def test_an_endpoint_that_asks_to_wait_is_left_alone(
    world: World, database: Database, tools: Toolbox, ear: Ear
) -> None:
    await ear.stand.fault("ratelimit", path=ear.path, headers={"Retry-After": "3600"})
    ids = await happen(world)
    await work_off(tools)

    await later(world, database, tools, timedelta(minutes=55))
    assert await ear.deliveries() == []
    await later(world, database, tools, timedelta(minutes=6))
    assert await ear.deliveries() == ids


async def test_an_endpoint_that_is_gone_is_switched_off(
    world: World, tools: Toolbox, ear: Ear
) -> None:
    await ear.stand.fault("status", path=ear.path, status=410)
    await happen(world, 2)
    await work_off(tools)

    row = await ear.row()
    assert (row.enabled, row.disabled_reason) == (False, DisabledReason.GONE)
    assert await tell(world) == [
        ("endpoint.created", {"events": ["brand.*"]}),
        ("endpoint.disabled", {"reason": "GONE"}),
    ]
    await happen(world)
    await work_off(tools)
    assert await ear.deliveries() == []


async def test_after_three_days_of_failures_an_endpoint_is_switched_off(
    world: World, database: Database, tools: Toolbox, ear: Ear
) -> None:
    await ear.down(status=500)
    ids = await happen(world)
    await work_off(tools)
    for _ in range(14):
        assert (await ear.row()).enabled
        await later(world, database, tools, timedelta(hours=15))
        if not (await ear.row()).enabled:
            break

    row = await ear.row()
    assert (row.enabled, row.disabled_reason) == (False, DisabledReason.FAILING)
    assert row.failures >= 10
    assert ("endpoint.disabled", {"reason": "FAILING"}) in await tell(world)

    # Mended and switched on, it hears what was waiting and what happened meanwhile.
    ids += await happen(world, 2)
    await ear.up()
    async with world.hub.unit_of_work(world.manager) as work:
        await automation.update_endpoint(
            work, endpoint_id=ear.endpoint_id, changes={"enabled": True}
        )
    await later(world, database, tools, timedelta(hours=15))
    assert await ear.deliveries() == ids


async def test_a_delivery_is_given_up_in_the_end_and_can_be_sent_again(
    world: World, database: Database, tools: Toolbox, stand: Stand, ear: Ear
) -> None:
    await ear.stand.fault("status", path=ear.path, status=400, count=15)
    (first,) = await happen(world)
    await work_off(tools)
    for _ in range(16):
        # Others work, so the endpoint as a whole is not failing; they pass this one.
        await later(world, database, tools, timedelta(hours=15))
        if (await ear.log())[0].state is not S.PENDING:
            break
        async with world.hub.unit_of_work(world.system) as work:
            await work.change(update(Endpoint).values(failures=0, failing_since=None))

    row = (await ear.log())[0]
    assert (row.state, row.attempt_count, row.next_at) == (S.GIVEN_UP, 15, None)
    assert (await ear.row()).given_up_count == 1
    assert first not in await ear.deliveries()

    async with world.hub.unit_of_work(world.manager) as work:
        await automation.replay_delivery(work, delivery_id=row.id)
    await work_off(tools)
    assert await ear.deliveries() == [first]
    assert [outcome for outcome, _ in await ear.attempts(row)] == [A.REFUSED] * 15 + [A.DELIVERED]


async def test_events_are_sent_again_from_a_number_on(
    world: World, tools: Toolbox, ear: Ear
) -> None:
    ids = await happen(world, 4)
    await work_off(tools)
    third = (await ear.log())[2].sequence

    async with world.hub.unit_of_work(world.manager) as work:
        await automation.replay_endpoint(work, endpoint_id=ear.endpoint_id, from_sequence=third)
    await work_off(tools)

    assert await ear.deliveries() == [*ids, *ids[2:]]
    assert len(await ear.heard()) == 4
    assert [row.attempt_count for row in await ear.log()] == [1, 1, 2, 2]


async def test_an_endpoint_made_today_can_hear_of_yesterday(
    world: World, tools: Toolbox, stand: Stand
) -> None:
    ids = await happen(world, 2)
    ear = await an_ear(world, stand)

    async with world.hub.unit_of_work(world.manager) as work:
        await automation.replay_endpoint(work, endpoint_id=ear.endpoint_id, from_sequence=1)
    await work_off(tools)

    assert (await ear.deliveries())[-2:] == ids


async def test_a_test_is_heard_whatever_else_is(
    world: World, tools: Toolbox, stand: Stand, ear: Ear
) -> None:
    other = await an_ear(world, stand)
    async with world.hub.unit_of_work(world.manager) as work:
        await automation.send_test(work, endpoint_id=ear.endpoint_id)
    await seal_all(world)
    await work_off(tools)

    assert await ear.names() == ["endpoint.tested"]
    assert await other.heard() == []


async def test_switched_off_it_hears_nothing_and_then_what_happens_from_there_on(
    world: World, tools: Toolbox, ear: Ear
) -> None:
    async def switch(*, on: bool) -> None:
        async with world.hub.unit_of_work(world.manager) as work:
            await automation.update_endpoint(
                work, endpoint_id=ear.endpoint_id, changes={"enabled": on}
            )

    await switch(on=False)
    await happen(world, 2)
    await work_off(tools)
    assert await ear.heard() == []
    with pytest.raises(WrongState):
        async with world.hub.unit_of_work(world.manager) as work:
            await automation.send_test(work, endpoint_id=ear.endpoint_id)

    await switch(on=True)
    ids = await happen(world, 1)
    await work_off(tools)
    assert await ear.deliveries() == ids


async def test_a_deleted_endpoint_leaves_nothing_behind(
    world: World, tools: Toolbox, ear: Ear
) -> None:
    await happen(world, 2)
    await work_off(tools)
    await happen(world, 1)
    async with world.hub.unit_of_work(world.manager) as work:
        await automation.delete_endpoint(work, endpoint_id=ear.endpoint_id)
    await work_off(tools)

    assert len(await ear.deliveries()) == 2
    async with world.hub.unit_of_work(world.system) as work:
        for table in (Endpoint, Delivery, DeliveryAttempt):
            assert await work.all(select(table)) == []


async def test_an_address_inside_is_never_called(world: World, ear: Ear) -> None:
    await happen(world)
    async with a_toolbox(world.hub) as tools:
        await work_off(tools)

    assert await ear.deliveries() == []
    (row,) = await ear.log()
    assert await ear.attempts(row) == [(A.REFUSED, None)]


async def test_a_redirect_is_never_followed(world: World, tools: Toolbox, ear: Ear) -> None:
    await ear.stand.fault(
        "status", path=ear.path, status=302, headers={"Location": f"{ear.stand.base}/hooks/x"}
    )
    await happen(world)
    await work_off(tools)

    assert await ear.deliveries() == []
    assert await ear.attempts((await ear.log())[0]) == [(A.REFUSED, 302)]


async def test_the_log_quotes_an_answer_without_its_secrets(
    world: World, tools: Toolbox, ear: Ear
) -> None:
    await ear.stand.fault(
        "status", path=ear.path, status=500, said=f"I know {ear.secret}\x00 and Bearer abcdef"
    )
    await happen(world)
    await work_off(tools)

    async with world.hub.unit_of_work(world.system) as work:
        (attempt,) = await work.all(select(DeliveryAttempt))
    assert attempt.message.startswith('{"error":"I know …')
    assert ear.secret not in attempt.message
    assert "abcdef" not in attempt.message
    assert attempt.finished_at is not None


class TestDeath:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Short leases: a dead worker is noticed soon."""
        return settings.model_copy(update={"lease_seconds": 0.7})

    @pytest.mark.parametrize("milestone", ["delivery_begun", "delivery_sent"])
    async def test_a_worker_that_dies_delivers_again_with_the_same_id(
        self, world: World, tools: Toolbox, ear: Ear, victims: Victims, milestone: str
    ) -> None:
        ids = await happen(world, 2)
        (job_id,) = await due_jobs(world.hub)

        await victims.start(tools, ear.stand, job_id, milestone)
        assert await victims.end() < 0
        died = await ear.deliveries()
        assert died == (ids[:1] if milestone == "delivery_sent" else [])

        async with asyncio.timeout(20):
            while len(await ear.deliveries()) < len(died) + 2:
                await work_off(tools)
        assert await ear.deliveries() == [*died, *ids]
        assert len(await ear.heard()) == 2
        assert [one for one, _ in await ear.attempts((await ear.log())[0])] == [None, A.DELIVERED]


async def test_a_relay_that_dies_after_sealing_has_promised_already(
    world: World, tools: Toolbox, ear: Ear
) -> None:
    ids = await happen(world)
    async with world.hub.unscoped() as session:
        names = (await session.execute(select(JobRow.name))).scalars().all()
    assert names == [DeliverEvents.name]

    await work_off(tools)
    assert await ear.deliveries() == ids


async def test_an_endpoint_whose_job_is_lost_is_found_again(
    world: World, tools: Toolbox, ear: Ear
) -> None:
    ids = await happen(world)
    async with world.hub.unscoped() as session:
        await session.execute(text("DELETE FROM jobs"))
    await work_off(tools)
    assert await ear.deliveries() == []

    await sweep_endpoints(world.hub)
    await work_off(tools)

    assert await ear.deliveries() == ids
    async with world.hub.unscoped() as session:
        assert await delivering.idle_endpoints(session) == []


async def test_an_older_call_that_ends_late_cannot_undo_a_newer_one(
    world: World, tools: Toolbox, ear: Ear
) -> None:
    await happen(world)
    async with world.hub.unit_of_work(world.system) as work:
        slow = await delivering.begin(work, endpoint_id=ear.endpoint_id)
    await work_off(tools)
    assert slow.call is not None

    async with world.hub.unit_of_work(world.system) as work:
        await delivering.settle(
            work,
            endpoint_id=ear.endpoint_id,
            call=slow.call,
            came=delivering.Came(outcome=A.UNREACHABLE, message="late"),
        )

    (row,) = await ear.log()
    assert (row.state, row.next_at) == (S.DELIVERED, None)
    assert await ear.attempts(row) == [(A.UNREACHABLE, None), (A.DELIVERED, 200)]


@pytest.fixture
async def apart(tools: Toolbox) -> AsyncIterator[Apart]:
    """Places beside the messages, as a worker process has them."""
    made = Apart(places=2)
    yield made
    await made.close()


async def test_slow_endpoints_hold_no_thread_and_no_place_of_publications(
    world: World, tools: Toolbox, stands: dict[str, Stand], stand: Stand, apart: Apart
) -> None:
    account = await an_account(world, tools, stands["mastodon"])
    await seal_all(world)
    ears = [await an_ear(world, stand) for _ in range(5)]
    for ear in ears:
        await ear.down("hang_after")
    await happen(world)
    busy = Toolbox(
        hub=tools.hub,
        http=tools.http,
        connectors=tools.connectors,
        storage=tools.storage,
        apart=apart,
    )
    made = await a_publication(world, channel_id=account.channel_id)

    # All of it ends while the endpoints still hang: five of them, in two places.
    async with asyncio.timeout(4):
        for job_id in await due_jobs(world.hub):
            assert await run(job_id, busy)
    assert await account.texts() == ["Hello, world"]
    assert made.id is not None
    await apart.close()


async def until(asked: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Ask until the answer is the wanted one; fail after a while."""
    ends = time.monotonic() + 5
    while await asked() != wanted:
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)


async def test_an_endpoint_that_hangs_delays_no_other(
    world: World, tools: Toolbox, stand: Stand, apart: Apart
) -> None:
    await seal_all(world)
    hanging, well = await an_ear(world, stand), await an_ear(world, stand)
    await hanging.down("hang_after")
    ids = await happen(world, 3)
    busy = Toolbox(
        hub=tools.hub,
        http=tools.http,
        connectors=tools.connectors,
        storage=tools.storage,
        apart=apart,
    )

    for job_id in await due_jobs(world.hub):
        await run(job_id, busy)

    await until(well.deliveries, ids)
    await apart.close()
    assert await hanging.deliveries() != ids


async def test_old_deliveries_are_forgotten_and_what_waits_is_not(
    world: World, database: Database, tools: Toolbox, ear: Ear
) -> None:
    await happen(world, 2)
    await work_off(tools)
    await ear.down(status=500)
    await happen(world, 1)
    await work_off(tools)
    async with world.hub.unit_of_work(world.system) as work:
        old = work.now - timedelta(days=31)
        await work.change(
            update(Delivery).where(Delivery.ended_at.is_not(None)).values(ended_at=old)
        )

    await forget_expired_keys(world.hub)

    assert [row.state for row in await ear.log()] == [S.PENDING]
    async with world.hub.unit_of_work(world.system) as work:
        assert len(await work.all(select(DeliveryAttempt))) == 1


async def test_figures_say_what_was_delivered_and_what_waits_how_long(
    world: World, database: Database, tools: Toolbox, ear: Ear
) -> None:
    await happen(world, 3)
    await work_off(tools)
    await ear.down(status=500)
    await happen(world, 2)
    await work_off(tools)
    await move_clock(world.hub, database.owner_url, timedelta(seconds=100))

    async with world.hub.unscoped() as session:
        figures = {one.outcome: one for one in await delivering.delivery_figures(session)}

    assert {name: one.deliveries for name, one in figures.items()} == {
        "pending": 2,
        "delivered": 3,
        "failed": 1,
        "given_up": 0,
    }
    assert 100 <= figures["pending"].oldest_seconds < 130


async def test_a_burst_of_events_rings_an_endpoint_once(world: World, ear: Ear) -> None:
    await happen(world, 5)
    await ring_due_jobs(world.hub)

    async with world.hub.unscoped() as session:
        rows = (await session.execute(select(JobRow))).scalars().all()
    assert [(row.key, row.queue) for row in rows] == [(f"deliver:{ear.endpoint_id}", "webhooks")]


async def test_nobody_else_may_read_the_tables(database: Database) -> None:
    connection = await asyncpg.connect(database.database_url.replace("+asyncpg", ""))
    try:
        assert await connection.fetch("SELECT * FROM endpoints") == []
        assert await connection.fetch("SELECT * FROM hub_delivery_counts()") != []
    finally:
        await connection.close()
