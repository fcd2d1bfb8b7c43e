"""What runs when: one table, run by the one relay that leads."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from hub.access import operations as access
from hub.analytics import clicks
from hub.analytics import operations as analytics
from hub.audit import operations as audit
from hub.automation import calling, delivering
from hub.engagement import inboxes
from hub.kernel import idempotency, jobs
from hub.kernel.caller import Caller
from hub.kernel.changes import forget_changes
from hub.kernel.work import Hub
from hub.publishing import amending, sending
from hub.publishing import operations as publishing
from hub.publishing import queries as publications
from hub.publishing.jobs import Publish

#: Jobs rung in one turn.
RING = 1_000


@dataclass(frozen=True, kw_only=True)
class Periodic:
    """A task and how often it runs; it answers whether there is more to do at once."""

    name: str
    every: timedelta
    task: Callable[[Hub], Awaitable[bool]]


async def ring_due_jobs(hub: Hub) -> bool:
    """Ring what is due and was not rung, and what a dead worker left."""
    async with hub.unscoped() as session:
        bells = await jobs.to_ring(session, limit=RING)
    if await hub.queue.ring(bells):
        return len(bells) == RING
    async with hub.unscoped() as session:
        await jobs.unring(session, bells)
    return False


async def seal_events(hub: Hub) -> bool:
    """Number and chain the events of every workspace that has new ones."""
    async with hub.unscoped() as session:
        waiting = await audit.unsealed_workspaces(session)
    more = False
    for workspace_id in waiting:
        async with hub.unit_of_work(Caller.system(workspace_id)) as work:
            sealed = await audit.seal(work)
            if sealed:
                await delivering.promise_deliveries(work)
        more = more or sealed == audit.BATCH
    return more


async def sweep_strays(hub: Hub) -> bool:
    """Promise anew the jobs of publications that are due and have none.

    One whose job was parked is not tried again: a person is shown it, with the evidence.
    """
    async with hub.unscoped() as session:
        strays = await publications.strays(session)
    for workspace_id, publication_id in strays:
        job = Publish(workspace_id=workspace_id, publication_id=publication_id)
        async with hub.unscoped() as session:
            problem = await jobs.parked_reason(session, key=job.key())
        async with hub.unit_of_work(Caller.system(workspace_id)) as work:
            if problem is None:
                publishing.promise_again(work, publication_id=publication_id)
            else:
                await sending.give_up(work, publication_id=publication_id, problem=problem)
    return False


async def sweep_amendments(hub: Hub) -> bool:
    """Take up again, or end, the changes to what is out that no worker is at."""
    async with hub.unscoped() as session:
        waiting = await publications.stray_amendments(session)
    for workspace_id in waiting:
        async with hub.unit_of_work(Caller.system(workspace_id)) as work:
            await amending.sweep(work)
    return False


async def sweep_endpoints(hub: Hub) -> bool:
    """Promise anew the jobs of endpoints that have something to hear and no job."""
    async with hub.unscoped() as session:
        idle = await delivering.idle_endpoints(session)
    for workspace_id, endpoint_id in idle:
        async with hub.unit_of_work(Caller.system(workspace_id)) as work:
            delivering.promise_again(work, endpoint_id=endpoint_id)
    return False


async def sweep_inboxes(hub: Hub) -> bool:
    """Have every inbox read that can be and is not."""
    async with hub.unscoped() as session:
        idle = await inboxes.idle_inboxes(session)
    for workspace_id, channel_id in idle:
        async with hub.unit_of_work(Caller.system(workspace_id)) as work:
            inboxes.promise_reading(work, channel_id=channel_id)
    return False


async def forget_expired_keys(hub: Hub) -> bool:
    """Delete keys, calls and deliveries that stand for nothing any more."""
    async with hub.unscoped() as session:
        everywhere = await access.workspaces(session)
    for workspace in everywhere:
        async with hub.unit_of_work(Caller.system(workspace.id)) as work:
            await idempotency.forget_expired(work)
            await calling.forget_old_calls(work)
            await delivering.forget_old_deliveries(work)
    return False


async def count_clicks(hub: Hub) -> bool:
    """Make a metric of the clicks that were counted lately."""
    since = await hub.now() - clicks.LATELY
    async with hub.unscoped() as session:
        followed = await clicks.clicked_workspaces(session, since=since)
    for workspace_id in followed:
        async with hub.unit_of_work(Caller.system(workspace_id)) as work:
            await clicks.measure_clicks(work)
    return False


async def count_audiences(hub: Hub) -> bool:
    """Promise to count the accounts that were not counted today."""
    async with hub.unscoped() as session:
        everywhere = await access.workspaces(session)
    for workspace in everywhere:
        async with hub.unit_of_work(Caller.system(workspace.id)) as work:
            await analytics.promise_channels(work)
    return False


async def forget_seen_changes(hub: Hub) -> bool:
    """Throw away what is noted of changes and everybody has seen."""
    async with hub.unscoped() as session:
        await forget_changes(session)
    return False


CALENDAR = (
    Periodic(name="ring due jobs", every=timedelta(milliseconds=500), task=ring_due_jobs),
    Periodic(name="seal events", every=timedelta(milliseconds=300), task=seal_events),
    Periodic(name="sweep strays", every=timedelta(seconds=30), task=sweep_strays),
    Periodic(name="sweep amendments", every=timedelta(seconds=30), task=sweep_amendments),
    Periodic(name="sweep endpoints", every=timedelta(seconds=30), task=sweep_endpoints),
    Periodic(name="sweep inboxes", every=timedelta(seconds=30), task=sweep_inboxes),
    Periodic(name="count clicks", every=timedelta(seconds=30), task=count_clicks),
    Periodic(name="count audiences", every=timedelta(hours=1), task=count_audiences),
    Periodic(name="forget changes", every=timedelta(minutes=1), task=forget_seen_changes),
    Periodic(name="forget expired keys", every=timedelta(hours=1), task=forget_expired_keys),
)
