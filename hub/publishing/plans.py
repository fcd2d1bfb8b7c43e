"""The plan of a campaign: written as a whole, and what there is to fill it with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, delete, func, literal_column, null, select

from hub.channels.models import Channel
from hub.channels.platforms import platform as platform_by_key
from hub.content.models import ContentItem, Variant
from hub.kernel.caller import Permission
from hub.kernel.editing import get, require_version, touch
from hub.kernel.errors import Invalid, NotFound
from hub.kernel.ids import new_id
from hub.kernel.shapes import EMPTY, one_of, within
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication
from hub.review.models import Review, ReviewTarget
from hub.review.rules import OPEN
from hub.strategy.events import CampaignPlanSet
from hub.strategy.models import Campaign, Pillar, PlanEntry

ENTRIES_MAX = 50
PLANNED_MAX = 1_000
DAYS_MAX = 370
_ENTRIES = ("input", "entries")


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """So many publications from one day to another: anywhere, on a platform, or on a channel."""

    planned: int
    starts_on: date
    ends_on: date
    platform: str | None = None
    channel_id: UUID | None = None
    pillar_id: UUID | None = None


async def set_plan(
    work: UnitOfWork,
    *,
    campaign_id: UUID,
    entries: Sequence[NewEntry],
    expected_version: int | None = None,
) -> Campaign:
    """Write the whole plan of a campaign; the former one is gone. None entries: there is none."""
    work.caller.require(Permission.STRATEGY_WRITE)
    campaign = await get(work, Campaign, campaign_id, path=("input", "campaignId"), lock=True)
    require_version(campaign, expected_version)
    if len(entries) > ENTRIES_MAX:
        raise Invalid(f"A plan has at most {ENTRIES_MAX} entries.", path=_ENTRIES)
    for index, entry in enumerate(entries):
        _require_entry(entry, (*_ENTRIES, str(index)))
    await _require_places(work, campaign, entries)
    await work.change(delete(PlanEntry).where(PlanEntry.campaign_id == campaign.id))
    for position, entry in enumerate(entries):
        values = {
            "id": new_id(),
            "workspace_id": campaign.workspace_id,
            "campaign_id": campaign.id,
            "position": position,
            **entry.__dict__,
        }
        work.put(PlanEntry, values)
    touch(work, campaign)
    work.record(
        CampaignPlanSet(
            subject_id=campaign.id,
            entries=len(entries),
            planned=sum(entry.planned for entry in entries),
        )
    )
    return campaign


def _require_entry(entry: NewEntry, path: tuple[str, ...]) -> None:
    if not 1 <= entry.planned <= PLANNED_MAX:
        raise Invalid(f"Plan from 1 to {PLANNED_MAX}.", path=(*path, "planned"))
    days = (entry.ends_on - entry.starts_on).days + 1
    if days < 1:
        raise Invalid("The last day is not before the first.", path=(*path, "endsOn"))
    if days > DAYS_MAX:
        raise Invalid(f"At most {DAYS_MAX} days are allowed.", path=(*path, "endsOn"))
    if entry.platform is not None and entry.channel_id is not None:
        raise Invalid("Name a platform or a channel, not both.", path=(*path, "platform"))
    if entry.platform is not None:
        platform_by_key(entry.platform, path=(*path, "platform"))


async def _require_places(
    work: UnitOfWork, campaign: Campaign, entries: Sequence[NewEntry]
) -> None:
    """Raise NotFound or Invalid where a channel or pillar is not one of the campaign's brand."""
    channels = {entry.channel_id for entry in entries if entry.channel_id is not None}
    pillars = {entry.pillar_id for entry in entries if entry.pillar_id is not None}
    brands: dict[UUID, UUID] = {}
    for table, ids in ((Channel, channels), (Pillar, pillars)):
        if ids:
            found = select(table.id, table.brand_id).where(table.id.in_(ids))
            brands |= {row.id: row.brand_id for row in (await work.session.execute(found)).all()}
    for index, entry in enumerate(entries):
        for name, wanted in (("channelId", entry.channel_id), ("pillarId", entry.pillar_id)):
            path = (*_ENTRIES, str(index), name)
            if wanted is not None and wanted not in brands:
                raise NotFound("There is nothing with this id.", path=path)
            if wanted is not None and brands[wanted] != campaign.brand_id:
                raise Invalid("This belongs to another brand.", path=path)


def plan_facts(campaign: FromClause) -> ColumnElement[Any]:
    """Return the SQL of a plan and all that may fill it, as `hub.publishing.coverage.read` reads.

    One JSON object for a row of campaigns.
    """
    return func.json_build_object(
        *_named("entries", _entries(campaign)),
        *_named("out", _out(campaign)),
        *_named("reviewed", _reviewed(campaign)),
        *_named("variants", _variants(campaign)),
    )


def _entries(campaign: FromClause) -> Select[Any]:
    entry = PlanEntry.__table__.alias()
    names = (
        *("id", "position", "planned", "starts_on", "ends_on"),
        *("platform", "channel_id", "pillar_id"),
    )
    one = func.json_build_object(*(part for name in names for part in _named(name, entry.c[name])))
    found = select(func.coalesce(func.json_agg(one), EMPTY))
    found = found.where(within(entry), entry.c.campaign_id == campaign.c.id)
    return found.correlate_except(entry)


def _out(campaign: FromClause) -> Select[Any]:
    item, row, channel = (model.__table__.alias() for model in (ContentItem, Publication, Channel))
    at = func.coalesce(row.c.published_at, row.c.scheduled_for)
    one = _one(item, channel, at, state=row.c.state)
    found = select(func.coalesce(func.json_agg(one), EMPTY)).where(
        within(item),
        item.c.campaign_id == campaign.c.id,
        within(row),
        row.c.item_id == item.c.id,
        within(channel),
        channel.c.id == row.c.channel_id,
    )
    return found.correlate_except(item, row, channel)


def _reviewed(campaign: FromClause) -> Select[Any]:
    item, review, target, channel = (
        model.__table__.alias() for model in (ContentItem, Review, ReviewTarget, Channel)
    )
    found = select(
        func.coalesce(func.json_agg(_one(item, channel, target.c.scheduled_for)), EMPTY)
    ).where(
        within(item),
        item.c.campaign_id == campaign.c.id,
        item.c.archived.is_(literal_column("false")),
        within(review),
        review.c.item_id == item.c.id,
        review.c.revision_id == item.c.current_revision_id,
        one_of(review.c.state, (*sorted(OPEN), "APPROVED")),
        within(target),
        target.c.review_id == review.c.id,
        within(channel),
        channel.c.id == target.c.channel_id,
    )
    return found.correlate_except(item, review, target, channel)


def _variants(campaign: FromClause) -> Select[Any]:
    item, variant, channel = (model.__table__.alias() for model in (ContentItem, Variant, Channel))
    joined = variant.outerjoin(
        channel,
        (channel.c.id == variant.c.channel_id) & (channel.c.workspace_id == variant.c.workspace_id),
    )
    one = _one(
        item, channel, null(), platform=func.coalesce(variant.c.platform, channel.c.platform)
    )
    found = (
        select(func.coalesce(func.json_agg(one), EMPTY))
        .select_from(item, joined)
        .where(
            within(item),
            item.c.campaign_id == campaign.c.id,
            item.c.archived.is_(literal_column("false")),
            within(variant),
            variant.c.revision_id == item.c.current_revision_id,
        )
    )
    return found.correlate_except(item, variant, channel)


def _one(
    item: FromClause,
    channel: FromClause,
    at: ColumnElement[Any],
    *,
    platform: ColumnElement[Any] | None = None,
    state: ColumnElement[Any] | None = None,
) -> ColumnElement[Any]:
    return func.json_build_object(
        *_named("item", item.c.id),
        *_named("pillar_id", item.c.pillar_id),
        *_named("channel_id", channel.c.id),
        *_named("platform", channel.c.platform if platform is None else platform),
        *_named("zone", channel.c.timezone),
        *_named("at", at),
        *([] if state is None else _named("state", state)),
    )


def _named(name: str, value: Any) -> tuple[ColumnElement[Any], Any]:
    return literal_column(f"'{name}'"), (
        value.scalar_subquery() if isinstance(value, Select) else value
    )
