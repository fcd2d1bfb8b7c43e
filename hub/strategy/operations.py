"""Brands and campaigns, audiences, pillars and goals: who speaks, to whom, and what for."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from hub.access.operations import require_slug
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, free_reference, get, require_text, require_version
from hub.kernel.errors import Invalid, Taken
from hub.kernel.ids import new_id
from hub.kernel.locales import require_locale
from hub.kernel.work import UnitOfWork
from hub.strategy.events import (
    AudienceCreated,
    AudienceDeleted,
    AudienceUpdated,
    BrandCreated,
    BrandUpdated,
    CampaignCreated,
    CampaignUpdated,
    GoalCreated,
    GoalDeleted,
    GoalUpdated,
    PillarCreated,
    PillarDeleted,
    PillarUpdated,
)
from hub.strategy.models import Audience, Brand, Campaign, Goal, GoalMetric, Pillar
from hub.strategy.utm import require_domains, require_template

_NAME = 200
_TEXT = 20_000
_LOCALES = 50
_TARGET = 2_000_000_000


async def create_brand(
    work: UnitOfWork,
    *,
    slug: str,
    name: str,
    description: str = "",
    locales: list[str],
    own_domains: Sequence[str] = (),
) -> Brand:
    """Add a brand to the workspace."""
    work.caller.require(Permission.STRATEGY_WRITE)
    require_slug(slug)
    if await work.one(select(Brand.id).where(Brand.slug == slug)):
        raise Taken(f"There is a brand {slug} already.", path=("input", "slug"))
    brand = Brand(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        slug=slug,
        name=require_text(name, most=_NAME, path=("input", "name")),
        description=require_text(
            description, most=_TEXT, path=("input", "description"), empty=True
        ),
        locales=_locales(locales),
        own_domains=require_domains(own_domains, path=("input", "ownDomains")),
    )
    await work.add(brand)
    work.record(BrandCreated(subject_id=brand.id))
    return brand


async def update_brand(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Brand:
    """Change a brand's name, description, locales or domains."""
    work.caller.require(Permission.STRATEGY_WRITE)
    brand = await get(work, Brand, brand_id, lock=True)
    clean: dict[str, Any] = {}
    if "name" in changes:
        clean["name"] = require_text(changes["name"], most=_NAME, path=("input", "name"))
    if "description" in changes:
        clean["description"] = require_text(
            changes["description"], most=_TEXT, path=("input", "description"), empty=True
        )
    if "locales" in changes:
        clean["locales"] = _locales(changes["locales"])
    if "own_domains" in changes:
        clean["own_domains"] = require_domains(changes["own_domains"], path=("input", "ownDomains"))
    changed = await edit(work, brand, clean, expected_version=expected_version)
    if changed:
        work.record(BrandUpdated(subject_id=brand.id, fields=changed))
    return brand


async def create_campaign(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    name: str,
    objective: str = "",
    brief: str = "",
    locale: str = "en",
    starts_on: date | None = None,
    ends_on: date | None = None,
    external_reference: str | None = None,
    paid: bool = False,
    utm: Mapping[str, str] | None = None,
) -> Campaign:
    """Add a campaign to a brand."""
    work.caller.require(Permission.STRATEGY_WRITE)
    brand = await get(work, Brand, brand_id, path=("input", "brandId"))
    reference = await free_reference(work, Campaign, external_reference)
    _require_order(starts_on, ends_on)
    campaign = Campaign(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        brand_id=brand.id,
        name=require_text(name, most=_NAME, path=("input", "name")),
        objective=require_text(objective, most=_TEXT, path=("input", "objective"), empty=True),
        brief=require_text(brief, most=_TEXT, path=("input", "brief"), empty=True),
        locale=require_locale(locale, path=("input", "locale")),
        starts_on=starts_on,
        ends_on=ends_on,
        external_reference=reference,
        paid=paid,
        utm=None if utm is None else require_template(utm, path=("input", "utm")),
    )
    await work.add(campaign)
    work.record(CampaignCreated(subject_id=campaign.id))
    return campaign


async def update_campaign(
    work: UnitOfWork,
    *,
    campaign_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Campaign:
    """Change a campaign's name, objective, brief, locale, dates, payment or link parameters."""
    work.caller.require(Permission.STRATEGY_WRITE)
    campaign = await get(work, Campaign, campaign_id, lock=True)
    clean = dict(changes)
    for field, most, empty in (
        ("name", _NAME, False),
        ("objective", _TEXT, True),
        ("brief", _TEXT, True),
    ):
        if field in clean:
            clean[field] = require_text(clean[field], most=most, path=("input", field), empty=empty)
    if "locale" in clean:
        require_locale(clean["locale"], path=("input", "locale"))
    if clean.get("utm") is not None:
        clean["utm"] = require_template(clean["utm"], path=("input", "utm"))
    _require_order(
        clean.get("starts_on", campaign.starts_on), clean.get("ends_on", campaign.ends_on)
    )
    changed = await edit(work, campaign, clean, expected_version=expected_version)
    if changed:
        work.record(CampaignUpdated(subject_id=campaign.id, fields=changed))
    return campaign


async def create_audience(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    name: str,
    description: str = "",
    needs: str = "",
    locales: Sequence[str] = (),
) -> Audience:
    """Add people a brand speaks to."""
    work.caller.require(Permission.STRATEGY_WRITE)
    brand = await get(work, Brand, brand_id, path=("input", "brandId"))
    clean = _described(
        {"name": name, "description": description, "needs": needs, "locales": locales}
    )
    audience = Audience(
        id=new_id(), workspace_id=work.caller.workspace_id, brand_id=brand.id, **clean
    )
    await work.add(audience)
    work.record(AudienceCreated(subject_id=audience.id, brand_id=brand.id))
    return audience


async def update_audience(
    work: UnitOfWork,
    *,
    audience_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Audience:
    """Change what is known of an audience."""
    work.caller.require(Permission.STRATEGY_WRITE)
    audience = await get(work, Audience, audience_id, lock=True)
    changed = await edit(work, audience, _described(changes), expected_version=expected_version)
    if changed:
        work.record(AudienceUpdated(subject_id=audience.id, fields=changed))
    return audience


async def delete_audience(
    work: UnitOfWork, *, audience_id: UUID, expected_version: int | None = None
) -> None:
    """Remove an audience; contents are meant for it no more."""
    work.caller.require(Permission.STRATEGY_WRITE)
    audience = await get(work, Audience, audience_id, lock=True)
    require_version(audience, expected_version)
    await work.change(delete(Audience).where(Audience.id == audience.id))
    work.record(AudienceDeleted(subject_id=audience.id, brand_id=audience.brand_id))


async def create_pillar(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    name: str,
    description: str = "",
    target_share: int | None = None,
) -> Pillar:
    """Add a theme a brand comes back to."""
    work.caller.require(Permission.STRATEGY_WRITE)
    brand = await get(work, Brand, brand_id, path=("input", "brandId"))
    clean = _described({"name": name, "description": description, "target_share": target_share})
    pillar = Pillar(id=new_id(), workspace_id=work.caller.workspace_id, brand_id=brand.id, **clean)
    await work.add(pillar)
    work.record(PillarCreated(subject_id=pillar.id, brand_id=brand.id))
    return pillar


async def update_pillar(
    work: UnitOfWork,
    *,
    pillar_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Pillar:
    """Change a theme's name, description or share."""
    work.caller.require(Permission.STRATEGY_WRITE)
    pillar = await get(work, Pillar, pillar_id, lock=True)
    changed = await edit(work, pillar, _described(changes), expected_version=expected_version)
    if changed:
        work.record(PillarUpdated(subject_id=pillar.id, fields=changed))
    return pillar


async def delete_pillar(
    work: UnitOfWork, *, pillar_id: UUID, expected_version: int | None = None
) -> None:
    """Remove a theme; contents and plans that name it lose it."""
    work.caller.require(Permission.STRATEGY_WRITE)
    pillar = await get(work, Pillar, pillar_id, lock=True)
    require_version(pillar, expected_version)
    await work.change(delete(Pillar).where(Pillar.id == pillar.id))
    work.record(PillarDeleted(subject_id=pillar.id, brand_id=pillar.brand_id))


async def create_goal(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    name: str,
    metric: GoalMetric,
    target: int,
    starts_on: date,
    deadline: date,
    campaign_id: UUID | None = None,
) -> Goal:
    """Set a goal for a brand, or for one of its campaigns."""
    work.caller.require(Permission.STRATEGY_WRITE)
    brand = await get(work, Brand, brand_id, path=("input", "brandId"))
    if campaign_id is not None:
        campaign = await get(work, Campaign, campaign_id, path=("input", "campaignId"))
        if campaign.brand_id != brand.id:
            raise Invalid("This campaign belongs to another brand.", path=("input", "campaignId"))
    _require_span(starts_on, deadline)
    goal = Goal(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        brand_id=brand.id,
        campaign_id=campaign_id,
        metric=metric,
        starts_on=starts_on,
        deadline=deadline,
        **_described({"name": name, "target": target}),
    )
    await work.add(goal)
    work.record(GoalCreated(subject_id=goal.id, brand_id=brand.id))
    return goal


async def update_goal(
    work: UnitOfWork,
    *,
    goal_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Goal:
    """Change a goal's name, target or days; what it counts stays."""
    work.caller.require(Permission.STRATEGY_WRITE)
    goal = await get(work, Goal, goal_id, lock=True)
    clean = _described(changes)
    _require_span(clean.get("starts_on", goal.starts_on), clean.get("deadline", goal.deadline))
    changed = await edit(work, goal, clean, expected_version=expected_version)
    if changed:
        work.record(GoalUpdated(subject_id=goal.id, fields=changed))
    return goal


async def delete_goal(
    work: UnitOfWork, *, goal_id: UUID, expected_version: int | None = None
) -> None:
    """Remove a goal."""
    work.caller.require(Permission.STRATEGY_WRITE)
    goal = await get(work, Goal, goal_id, lock=True)
    require_version(goal, expected_version)
    await work.change(delete(Goal).where(Goal.id == goal.id))
    work.record(GoalDeleted(subject_id=goal.id, brand_id=goal.brand_id))


def _described(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as they are stored; Invalid names the one that cannot be."""
    clean = dict(given)
    for field, most, empty in (
        ("name", _NAME, False),
        ("description", _TEXT, True),
        ("needs", _TEXT, True),
    ):
        if field in clean:
            clean[field] = require_text(clean[field], most=most, path=("input", field), empty=empty)
    if "locales" in clean:
        clean["locales"] = _tags(clean["locales"])
    share = clean.get("target_share")
    if share is not None and not 0 <= share <= 100:
        raise Invalid("A share is from 0 to 100 percent.", path=("input", "targetShare"))
    if "target" in clean and not 0 < clean["target"] <= _TARGET:
        raise Invalid(f"A target is from 1 to {_TARGET}.", path=("input", "target"))
    return clean


def _locales(tags: Sequence[str]) -> list[str]:
    if not tags:
        raise Invalid("A brand speaks at least one language.", path=("input", "locales"))
    return _tags(tags)


def _tags(tags: Sequence[str]) -> list[str]:
    if len(tags) > _LOCALES:
        raise Invalid(f"At most {_LOCALES} languages are allowed.", path=("input", "locales"))
    return [
        require_locale(tag, path=("input", "locales", str(index))) for index, tag in enumerate(tags)
    ]


def _require_span(starts_on: date, deadline: date) -> None:
    if deadline < starts_on:
        raise Invalid("A goal cannot end before it starts.", path=("input", "deadline"))


def _require_order(starts_on: date | None, ends_on: date | None) -> None:
    if starts_on and ends_on and ends_on < starts_on:
        raise Invalid("A campaign cannot end before it starts.", path=("input", "endsOn"))
