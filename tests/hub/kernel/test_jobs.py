"""The order book of promised work: leases, fences, keys, crashes."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from hub.kernel import jobs
from hub.kernel.ids import new_id
from hub.kernel.jobs import Claimed, Job, JobRow, JobState, Promise
from hub.kernel.work import Hub
from tests.hub.kernel.errands import Errand, KeyedErrand

WORKSPACE = UUID("01900000-0000-7000-8000-00000000000a")
SUBJECT = UUID("01900000-0000-7000-8000-00000000000b")
HOUR = timedelta(hours=1)
LEASE = 30.0


async def promise(hub: Hub, *given: Job, due_at: datetime | None = None) -> list[UUID]:
    """Write promises; return what would be rung."""
    async with hub.unscoped() as session:
        bells = await jobs.write(session, [Promise(job=job, due_at=due_at) for job in given])
        return [bell.job_id for bell in bells]


async def rows(hub: Hub) -> list[JobRow]:
    async with hub.unscoped() as session:
        return list((await session.execute(select(JobRow).order_by(JobRow.id))).scalars())


async def only(hub: Hub) -> JobRow:
    (row,) = await rows(hub)
    return row


async def claim(hub: Hub, job_id: UUID) -> Claimed | None:
    async with hub.unscoped() as session:
        return await jobs.claim(session, job_id, lease=LEASE)


async def claimed(hub: Hub, job: Job) -> Claimed:
    (job_id,) = await promise(hub, job)
    held = await claim(hub, job_id)
    assert held is not None
    return held


async def fall_silent(hub: Hub, job_id: UUID) -> None:
    """Let the lease of a job run out, as when its worker died."""
    async with hub.unscoped() as session:
        await session.execute(
            update(JobRow)
            .where(JobRow.id == job_id)
            .values(lease_until=text("clock_timestamp() - interval '1 s'"))
        )


def test_a_job_survives_its_way_through_json() -> None:
    job = Errand(workspace_id=WORKSPACE, subject_id=SUBJECT, note="hello")

    arguments = job.arguments()

    assert arguments == {
        "workspace_id": str(WORKSPACE),
        "subject_id": str(SUBJECT),
        "note": "hello",
    }
    assert Errand.from_arguments(arguments) == job
    # A job of an older version lacks a field, one of a newer version has one more.
    assert Errand.from_arguments({"workspace_id": str(WORKSPACE), "later": 1}) == Errand(
        workspace_id=WORKSPACE
    )


async def test_a_promise_is_rung_when_it_is_due_and_kept_until_then(hub: Hub) -> None:
    later = await hub.now() + HOUR

    due = await promise(hub, Errand(workspace_id=WORKSPACE), Errand(workspace_id=WORKSPACE))
    waiting = await promise(hub, Errand(workspace_id=WORKSPACE), due_at=later)

    assert len(set(due)) == 2
    assert waiting == []
    kept = await rows(hub)
    assert [row.state for row in kept] == [JobState.WAITING] * 3
    assert kept[2].due_at == later
    assert await claim(hub, kept[2].id) is None


async def test_a_job_has_one_worker_at_a_time_until_it_is_finished(hub: Hub) -> None:
    (job_id,) = await promise(hub, KeyedErrand(workspace_id=WORKSPACE, subject_id=SUBJECT))

    held = await claim(hub, job_id)

    assert held == Claimed(
        id=job_id,
        name="test.keyed",
        queue="media",
        arguments={"workspace_id": str(WORKSPACE), "subject_id": str(SUBJECT)},
        fence=1,
        attempts=1,
    )
    assert await claim(hub, job_id) is None
    async with hub.unscoped() as session:
        await jobs.finish(session, held)
    assert await rows(hub) == []
    assert await claim(hub, job_id) is None


async def test_two_workers_racing_for_a_job_never_both_get_it(hub: Hub) -> None:
    (job_id,) = await promise(hub, Errand(workspace_id=WORKSPACE))
    async with hub.unscoped() as one, hub.unscoped() as other:
        assert await jobs.claim(one, job_id, lease=LEASE) is not None
        assert await jobs.claim(other, job_id, lease=LEASE) is None


async def test_a_silent_worker_loses_its_job_and_can_no_longer_settle_it(hub: Hub) -> None:
    first = await claimed(hub, Errand(workspace_id=WORKSPACE))
    await fall_silent(hub, first.id)

    second = await claim(hub, first.id)

    assert second is not None
    assert (second.fence, second.attempts) == (2, 2)
    async with hub.unscoped() as session:
        assert not await jobs.renew(session, first, lease=LEASE)
        assert not await jobs.again(session, first, due_at=None)
        assert not await jobs.park(session, first, error="late")
        await jobs.finish(session, first)
    row = await only(hub)
    assert (row.state, row.fence, row.crashes) == (JobState.RUNNING, 2, 1)
    async with hub.unscoped() as session:
        assert await jobs.renew(session, second, lease=LEASE)
        await jobs.finish(session, second)
    assert await rows(hub) == []


async def test_a_renewed_lease_is_not_taken_over(hub: Hub) -> None:
    held = await claimed(hub, Errand(workspace_id=WORKSPACE))
    await fall_silent(hub, held.id)
    async with hub.unscoped() as session:
        assert await jobs.renew(session, held, lease=LEASE)

    assert await claim(hub, held.id) is None


async def test_a_job_put_back_waits_for_its_time_with_what_went_wrong(hub: Hub) -> None:
    later = await hub.now() + HOUR
    held = await claimed(hub, Errand(workspace_id=WORKSPACE))

    async with hub.unscoped() as session:
        assert await jobs.again(session, held, due_at=later, error="ValueError: no")

    row = await only(hub)
    assert (row.state, row.due_at, row.last_error) == (JobState.WAITING, later, "ValueError: no")
    assert (row.attempts, row.lease_until, row.rings) == (1, None, 0)
    assert await claim(hub, held.id) is None


async def test_a_job_that_only_goes_on_later_starts_counting_anew(hub: Hub) -> None:
    held = await claimed(hub, Errand(workspace_id=WORKSPACE))

    async with hub.unscoped() as session:
        await jobs.again(session, held, due_at=None)

    row = await only(hub)
    assert (row.attempts, row.crashes, row.last_error) == (0, 0, None)
    following = await claim(hub, held.id)
    assert following is not None
    assert following.fence == 2


async def test_a_parked_job_is_nobodys_until_it_is_promised_again(hub: Hub) -> None:
    job = KeyedErrand(workspace_id=WORKSPACE, subject_id=SUBJECT)
    held = await claimed(hub, job)
    async with hub.unscoped() as session:
        await session.execute(update(JobRow).values(attempts=6, crashes=2))
        assert await jobs.park(session, held, error="it cannot be done")

    assert await claim(hub, held.id) is None
    async with hub.unscoped() as session:
        assert await jobs.to_ring(session, limit=10) == []
    row = await only(hub)
    assert (row.state, row.last_error) == (JobState.PARKED, "it cannot be done")

    assert await promise(hub, job) == [held.id]

    row = await only(hub)
    assert (row.state, row.attempts, row.crashes) == (JobState.WAITING, 0, 0)
    assert await claim(hub, held.id) is not None


async def test_a_keyed_job_that_waits_is_one_at_the_earlier_time(hub: Hub) -> None:
    now = await hub.now()
    job = KeyedErrand(workspace_id=WORKSPACE, subject_id=SUBJECT)
    await promise(hub, job, due_at=now + 2 * HOUR)

    assert await promise(hub, job, due_at=now + HOUR) == []
    assert (await only(hub)).due_at == now + HOUR
    assert await promise(hub, job, due_at=now + 3 * HOUR) == []
    assert (await only(hub)).due_at == now + HOUR

    assert await promise(hub, job) == [(await only(hub)).id]
    assert await promise(hub, KeyedErrand(workspace_id=WORKSPACE, subject_id=new_id())) != []
    assert len(await rows(hub)) == 2


@pytest.mark.parametrize("ends", ["finish", "again"])
async def test_a_keyed_job_promised_while_it_runs_runs_once_more(hub: Hub, ends: str) -> None:
    now = await hub.now()
    job = KeyedErrand(workspace_id=WORKSPACE, subject_id=SUBJECT)
    held = await claimed(hub, job)

    assert await promise(hub, job, due_at=now + 2 * HOUR) == []
    assert await promise(hub, job, due_at=now + HOUR) == []
    assert (await only(hub)).state is JobState.RUNNING

    async with hub.unscoped() as session:
        if ends == "finish":
            await jobs.finish(session, held)
        else:
            await jobs.again(session, held, due_at=now + 3 * HOUR)
    row = await only(hub)
    assert (row.state, row.due_at, row.repeat_at) == (JobState.WAITING, now + HOUR, None)


async def test_a_job_that_takes_its_worker_down_three_times_is_parked(hub: Hub) -> None:
    (job_id,) = await promise(hub, Errand(workspace_id=WORKSPACE))
    for crashes in range(jobs.CRASHES_UNTIL_PARKED):
        assert await claim(hub, job_id) is not None, f"after {crashes} crashes"
        await fall_silent(hub, job_id)

    assert await claim(hub, job_id) is None
    async with hub.unscoped() as session:
        assert await jobs.to_ring(session, limit=10) == []

    row = await only(hub)
    assert row.state is JobState.PARKED
    assert row.last_error == "The worker died or fell silent while doing this, 3 times."


async def test_the_relay_rings_what_is_due_and_backs_off(hub: Hub) -> None:
    await promise(hub, Errand(workspace_id=WORKSPACE))
    await promise(hub, Errand(workspace_id=WORKSPACE), due_at=await hub.now() + HOUR)
    due, waiting = await rows(hub)

    async def ring() -> list[UUID]:
        async with hub.unscoped() as session:
            return [bell.job_id for bell in await jobs.to_ring(session, limit=10)]

    async def age(seconds: float) -> None:
        async with hub.unscoped() as session:
            await session.execute(
                text("UPDATE jobs SET rung_at = rung_at - make_interval(secs => :s)"),
                {"s": seconds},
            )

    assert await ring() == [due.id]
    assert await ring() == []
    await age(5)
    assert await ring() == []
    await age(2)
    assert await ring() == [due.id]
    await age(11)
    assert await ring() == []
    await age(2)
    assert await ring() == [due.id]
    assert waiting.rung_at is None


async def test_the_relay_rings_for_a_silent_worker(hub: Hub) -> None:
    held = await claimed(hub, Errand(workspace_id=WORKSPACE))
    await fall_silent(hub, held.id)

    async with hub.unscoped() as session:
        assert [bell.job_id for bell in await jobs.to_ring(session, limit=10)] == [held.id]
        assert await jobs.to_ring(session, limit=10) == []


async def test_the_relay_takes_no_more_than_it_was_told_oldest_first(hub: Hub) -> None:
    now = await hub.now()
    for hours in (1, 3, 2):
        await promise(hub, Errand(workspace_id=WORKSPACE), due_at=now - hours * HOUR)
    one, three, two = await rows(hub)

    async with hub.unscoped() as session:
        rung = {bell.job_id for bell in await jobs.to_ring(session, limit=2)}

    assert rung == {three.id, two.id}
    assert one.id not in rung


async def test_a_running_job_needs_a_lease(hub: Hub) -> None:
    await promise(hub, Errand(workspace_id=WORKSPACE))

    with pytest.raises(Exception, match="ck_jobs_running_has_lease"):
        async with hub.unscoped() as session:
            await session.execute(update(JobRow).values(state=JobState.RUNNING))
