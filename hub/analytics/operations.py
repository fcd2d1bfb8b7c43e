"""Keeping what the platforms count."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from hub.analytics.events import PublicationMeasured
from hub.analytics.jobs import Measure
from hub.analytics.models import Measurement
from hub.channels.models import Channel
from hub.channels.platforms.base import Capability
from hub.engagement.rules import next_look
from hub.kernel.caller import Permission
from hub.kernel.editing import get
from hub.kernel.errors import WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication, PublicationState


async def begin_measuring(work: UnitOfWork, *, publication_id: UUID) -> None:
    """Promise to read the counters of what has just been published; a reaction."""
    row = await get(work, Publication, publication_id)
    channel = await get(work, Channel, row.channel_id)
    if Capability.METRICS not in channel.capabilities or row.published_at is None:
        return
    work.promise(
        Measure(workspace_id=row.workspace_id, publication_id=row.id),
        due_at=next_look(published_at=row.published_at, now=work.now),
    )


async def measure_now(work: UnitOfWork, *, publication_id: UUID) -> Publication:
    """Read the counters at once instead of at the next turn."""
    work.caller.require(Permission.ANALYTICS_READ)
    row = await get(work, Publication, publication_id)
    if row.state is not PublicationState.PUBLISHED:
        raise WrongState("Nothing is published here yet.", path=("input", "id"))
    channel = await get(work, Channel, row.channel_id)
    if Capability.METRICS in channel.capabilities:
        work.promise(Measure(workspace_id=row.workspace_id, publication_id=row.id))
    return row


async def record(
    work: UnitOfWork, *, publication_id: UUID, counters: Mapping[str, int], approximate: bool
) -> Mapping[str, int]:
    """Keep the counters that changed since they were last seen; return those."""
    # The lock orders two measurements of the same publication.
    row = await get(work, Publication, publication_id, lock=True)
    last = await latest(work, publication_id=row.id)
    changed = {name: value for name, value in counters.items() if last.get(name) != value}
    await work.add(
        *(
            Measurement(
                id=new_id(),
                workspace_id=row.workspace_id,
                publication_id=row.id,
                metric=name,
                value=value,
                approximate=approximate,
                measured_at=work.now,
            )
            for name, value in changed.items()
        )
    )
    if changed:
        work.record(PublicationMeasured(subject_id=row.id, counters=dict(changed)))
    return changed


async def latest(work: UnitOfWork, *, publication_id: UUID) -> dict[str, int]:
    """Return the newest value of every metric of a publication."""
    rows = await work.session.execute(
        select(Measurement.metric, Measurement.value)
        .where(Measurement.publication_id == publication_id)
        .ext(distinct_on(Measurement.metric))
        .order_by(Measurement.metric, Measurement.measured_at.desc())
    )
    return {row.metric: row.value for row in rows}
