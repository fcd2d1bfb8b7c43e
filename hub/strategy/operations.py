"""Brands and campaigns: who speaks, and what for."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.access.operations import require_slug
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, free_reference, get, require_text
from hub.kernel.errors import Invalid, Taken
from hub.kernel.ids import new_id
from hub.kernel.locales import require_locale
from hub.kernel.work import UnitOfWork
from hub.strategy.events import BrandCreated, BrandUpdated, CampaignCreated, CampaignUpdated
from hub.strategy.models import Brand, Campaign

_NAME = 200
_TEXT = 20_000


async def create_brand(
    work: UnitOfWork, *, slug: str, name: str, description: str = "", locales: list[str]
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
    """Change a brand's name, description or locales."""
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
    """Change a campaign's name, objective, brief, locale or dates."""
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
    _require_order(
        clean.get("starts_on", campaign.starts_on), clean.get("ends_on", campaign.ends_on)
    )
    changed = await edit(work, campaign, clean, expected_version=expected_version)
    if changed:
        work.record(CampaignUpdated(subject_id=campaign.id, fields=changed))
    return campaign


def _locales(tags: list[str]) -> list[str]:
    if not tags:
        raise Invalid("A brand speaks at least one language.", path=("input", "locales"))
    return [
        require_locale(tag, path=("input", "locales", str(index))) for index, tag in enumerate(tags)
    ]


def _require_order(starts_on: date | None, ends_on: date | None) -> None:
    if starts_on and ends_on and ends_on < starts_on:
        raise Invalid("A campaign cannot end before it starts.", path=("input", "endsOn"))
