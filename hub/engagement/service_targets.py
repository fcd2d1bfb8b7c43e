"""How soon a brand answers for the first time: promised per brand, or for one of its channels."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select

from hub.channels.models import Channel
from hub.channels.rules import require_timezone
from hub.engagement.events import ServiceTargetDeleted, ServiceTargetSet
from hub.engagement.hours import HOLIDAYS_MAX, MINUTES_MAX, require_spans
from hub.engagement.models import Priority, ServiceTarget
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get
from hub.kernel.errors import Invalid
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.strategy.models import Brand


async def set_service_target(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    channel_id: UUID | None = None,
    timezone: str,
    minutes: Mapping[Priority, int],
    hours: Sequence[tuple[str, str, str]] = (),
    holidays: Sequence[date] = (),
) -> ServiceTarget:
    """Say how soon a brand, or one of its channels, answers; it holds for what comes from now on.

    `hours` are (weekday, opens, closes); none: round the clock.
    """
    work.caller.require(Permission.STRATEGY_WRITE)
    brand = await get(work, Brand, brand_id, path=("input", "brandId"), lock=True)
    if channel_id is not None:
        channel = await get(work, Channel, channel_id, path=("input", "channelId"))
        if channel.brand_id != brand.id:
            raise Invalid("This is a channel of another brand.", path=("input", "channelId"))
    values = {
        "timezone": require_timezone(timezone, path=("input", "timeZone")),
        "minutes": _require_minutes(minutes),
        "hours": [span.to_json() for span in require_spans(hours, path=("input", "hours"))],
        "holidays": _require_days(holidays),
    }
    target = await work.one(
        select(ServiceTarget)
        .where(
            ServiceTarget.brand_id == brand.id,
            ServiceTarget.channel_id.is_not_distinct_from(channel_id),
        )
        .with_for_update()
    )
    if target is None:
        target = ServiceTarget(
            id=new_id(),
            workspace_id=work.caller.workspace_id,
            brand_id=brand.id,
            channel_id=channel_id,
            **values,
        )
        await work.add(target)
    elif not await edit(work, target, values, expected_version=None):
        return target
    work.record(ServiceTargetSet(subject_id=target.id))
    return target


async def delete_service_target(work: UnitOfWork, *, target_id: UUID) -> ServiceTarget:
    """Promise nothing there any more; what was promised stays. Return what it was."""
    work.caller.require(Permission.STRATEGY_WRITE)
    target = await get(work, ServiceTarget, target_id, lock=True)
    await work.session.delete(target)
    work.record(ServiceTargetDeleted(subject_id=target_id))
    return target


def _require_minutes(minutes: Mapping[Priority, int]) -> dict[str, int]:
    if not minutes:
        raise Invalid("Name at least one priority.", path=("input", "firstReplyMinutes"))
    for priority, number in minutes.items():
        if not 1 <= number <= MINUTES_MAX:
            raise Invalid(
                f"{priority.value}: 1 to {MINUTES_MAX} minutes.",
                path=("input", "firstReplyMinutes"),
            )
    return {priority.value: number for priority, number in minutes.items()}


def _require_days(days: Sequence[date]) -> list[str]:
    if len(days) > HOLIDAYS_MAX:
        raise Invalid(f"There may be {HOLIDAYS_MAX} holidays.", path=("input", "holidays"))
    return sorted({day.isoformat() for day in days})
