"""Reading counters."""

from collections import Counter

from hub.analytics import operations
from hub.analytics.jobs import Measure, MeasureChannel
from hub.channels import operations as channels
from hub.channels.platforms.base import Capability
from hub.engagement.operations import looking as find
from workers.accounts import account_of, tell_channel
from workers.connectors.errors import PlatformError
from workers.connectors.port import Ref
from workers.engagement import in_vain
from workers.handling import Again, Toolbox, handles


@handles(Measure)
async def measure(job: Measure, tools: Toolbox) -> Again | None:
    """Read the counters of every part of a publication and keep their sums."""
    async with tools.unit_of_work(job.workspace_id) as work:
        looking = await find(work, publication_id=job.publication_id, capability=Capability.METRICS)
    if looking is None:
        return None
    following = Again(due_at=looking.next_look) if looking.next_look else None
    if not looking.refs:
        return following
    connector = tools.connectors[looking.access.platform]
    refs = [Ref.from_json(ref) for ref in looking.refs]
    try:
        measured = await connector.fetch_metrics(account_of(looking.access), refs)
    except PlatformError as error:
        return await in_vain(job.workspace_id, looking, error, tools)
    counters: Counter[str] = Counter()
    for one in measured:
        counters.update(one.counters)
    async with tools.unit_of_work(job.workspace_id) as work:
        await operations.record(
            work,
            publication_id=job.publication_id,
            counters=counters,
            approximate=any(one.approximate for one in measured),
        )
    return following


@handles(MeasureChannel)
async def measure_channel(job: MeasureChannel, tools: Toolbox) -> Again | None:
    """Read what the platform counts of an account as a whole; a failure waits for the next day."""
    async with tools.unit_of_work(job.workspace_id) as work:
        access = await channels.access(work, channel_id=job.channel_id)
    if access is None:
        return None
    try:
        found = await tools.connectors[access.platform].check(account_of(access))
    except PlatformError as error:
        async with tools.unit_of_work(job.workspace_id) as work:
            await tell_channel(work, channel_id=job.channel_id, error=error)
        return None
    # What another account has is none of this channel's business; a check of its own says so.
    if found.counters and found.remote_id == access.remote_id:
        async with tools.unit_of_work(job.workspace_id) as work:
            await operations.record_channel(
                work, channel_id=job.channel_id, counters=found.counters
            )
    return None
