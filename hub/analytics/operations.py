"""Keeping what the platforms count."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from hub.analytics.events import ChannelMeasured, PublicationMeasured
from hub.analytics.jobs import Measure, MeasureChannel
from hub.analytics.models import ChannelHour, Measurement, PublicationHour
from hub.analytics.series import hour_of
from hub.channels.models import Channel, ChannelState
from hub.channels.platforms.base import Capability
from hub.engagement.rules import next_look
from hub.kernel.caller import Permission
from hub.kernel.editing import get
from hub.kernel.errors import WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication, PublicationState

#: Accounts are counted once a day, whenever the hub comes to it.
_A_DAY = timedelta(hours=20)


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
        await _keep_hours(
            work,
            PublicationHour.__table__,
            {"publication_id": row.id},
            {name: (value, value - last.get(name, 0)) for name, value in changed.items()},
        )
        work.record(PublicationMeasured(subject_id=row.id, counters=dict(changed)))
    return changed


async def record_channel(
    work: UnitOfWork, *, channel_id: UUID, counters: Mapping[str, int]
) -> Mapping[str, int]:
    """Keep what an account is counted as now; return what has changed.

    What has not is kept as well, as a row of this hour: it says that somebody has looked.
    """
    row = await get(work, Channel, channel_id, lock=True)
    last = await _latest_of_channel(work, channel_id=row.id)
    await _keep_hours(
        work,
        ChannelHour.__table__,
        {"channel_id": row.id},
        {name: (value, value - last.get(name, value)) for name, value in counters.items()},
    )
    changed = {name: value for name, value in counters.items() if last.get(name) != value}
    if changed:
        work.record(ChannelMeasured(subject_id=row.id, counters=dict(changed)))
    return changed


async def promise_channels(work: UnitOfWork) -> int:
    """Promise to count every account that was not counted today; return how many."""
    counted = select(ChannelHour.channel_id).where(ChannelHour.hour > work.now - _A_DAY)
    waiting = await work.all(
        select(Channel).where(
            Channel.enabled,
            Channel.state == ChannelState.READY,
            Channel.capabilities.contains([Capability.AUDIENCE.value]),
            Channel.id.not_in(counted),
        )
    )
    for row in waiting:
        work.promise(MeasureChannel(workspace_id=row.workspace_id, channel_id=row.id))
    return len(waiting)


async def _keep_hours(
    work: UnitOfWork,
    table: Any,
    of: Mapping[str, UUID],
    counters: Mapping[str, tuple[int, int]],
) -> None:
    """Write what counters did in this hour, on top of what they did in it already."""
    if not counters:
        return
    hours: Table = table
    given = insert(hours).values(
        [
            {
                "id": new_id(),
                "workspace_id": work.caller.workspace_id,
                **of,
                "metric": name,
                "hour": hour_of(work.now),
                "value": value,
                "increase": increase,
            }
            for name, (value, increase) in counters.items()
        ]
    )
    await work.session.execute(
        given.on_conflict_do_update(
            index_elements=["workspace_id", *of, "metric", "hour"],
            set_={
                "value": given.excluded.value,
                "increase": hours.c.increase + given.excluded.increase,
            },
        )
    )


async def _latest_of_channel(work: UnitOfWork, *, channel_id: UUID) -> dict[str, int]:
    rows = await work.session.execute(
        select(ChannelHour.metric, ChannelHour.value)
        .where(ChannelHour.channel_id == channel_id)
        .ext(distinct_on(ChannelHour.metric))
        .order_by(ChannelHour.metric, ChannelHour.hour.desc())
    )
    return {row.metric: row.value for row in rows}


async def latest(work: UnitOfWork, *, publication_id: UUID) -> dict[str, int]:
    """Return the newest value of every metric of a publication."""
    rows = await work.session.execute(
        select(Measurement.metric, Measurement.value)
        .where(Measurement.publication_id == publication_id)
        .ext(distinct_on(Measurement.metric))
        .order_by(Measurement.metric, Measurement.measured_at.desc())
    )
    return {row.metric: row.value for row in rows}
