"""Reading counters."""

from collections import Counter

from hub.analytics import operations
from hub.analytics.jobs import Measure
from hub.channels.platforms.base import Capability
from hub.engagement.operations import looking as find
from workers.accounts import account_of
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
