"""Revisions on their way into the database: checked against what is there, and laid down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete, select

from hub.channels.platforms import platform as platform_by_key
from hub.channels.platforms.base import PlatformModel
from hub.channels.rules import read
from hub.content.models import ContentAudience, ContentItem, Revision, Variant
from hub.content.queries import Surroundings
from hub.content.rules import (
    RevisionFacts,
    VariantWords,
    Words,
    media_of,
    require_apart,
    require_words,
    revision_hash,
)
from hub.kernel.errors import Invalid, NotFound
from hub.kernel.work import UnitOfWork

AUDIENCES_MAX = 50


@dataclass(frozen=True, kw_only=True)
class Written:
    """An item and its newest revision, by their ids."""

    id: UUID
    revision_id: UUID


def write_revision(
    work: UnitOfWork,
    item: Written,
    facts: RevisionFacts,
    variants: Sequence[VariantWords],
    there: Surroundings,
    *,
    number: int,
) -> None:
    """Write the newest revision of an item; raise Invalid for words that none can hold."""
    require_words(
        Words(
            title=facts.title,
            summary=facts.summary,
            parts=facts.parts,
            link=facts.link,
            tags=facts.tags,
        ),
        path=("input",),
    )
    require_assets(there, media_of(facts, variants))
    work.put(
        Revision,
        {
            "id": item.revision_id,
            "workspace_id": work.caller.workspace_id,
            "item_id": item.id,
            "number": number,
            "hash": revision_hash(facts, variants),
            "author_id": work.caller.member_id,
            **facts.to_json(),
        },
    )
    for variant in variants:
        work.put(Variant, _row(work.caller.workspace_id, item, variant))


def _row(workspace_id: UUID, item: Written, variant: VariantWords) -> Mapping[str, Any]:
    words = variant.words
    return {
        "workspace_id": workspace_id,
        "revision_id": item.revision_id,
        "platform": variant.platform,
        "channel_id": variant.channel_id,
        "title": words.title,
        "summary": words.summary,
        "parts": [part.to_json() for part in words.parts] if words.parts is not None else None,
        "link": words.link,
        "tags": words.tags,
        "settings": variant.settings,
    }


def cleaned(variants: Sequence[VariantWords], there: Surroundings) -> list[VariantWords]:
    """Return variants with settings as their platforms read them; raise what is wrong with one."""
    require_apart(variants, path=("input", "variants"))
    return [
        replace(
            variant,
            settings=_variant_settings(variant, there, path=("input", "variants", str(index))),
        )
        for index, variant in enumerate(variants)
    ]


def _variant_settings(
    variant: VariantWords, there: Surroundings, *, path: tuple[str, ...]
) -> Mapping[str, Any]:
    require_words(variant.words, path=path)
    if (variant.platform is None) == (variant.channel_id is None):
        raise Invalid("A variant is for one platform or for one channel.", path=path)
    key = variant.platform
    if variant.channel_id is not None:
        key = there.platforms.get(variant.channel_id)
        if key is None:
            raise NotFound("There is nothing with this id.", path=(*path, "channelId"))
    kind = platform_by_key(key or "", path=(*path, "platform"))
    if not variant.settings and _may_be_empty(kind.variant_settings):
        return {}
    settings = read(kind.variant_settings, variant.settings, path=(*path, "settings"))
    return settings.model_dump(mode="json", exclude_unset=True)


@cache
def _may_be_empty(model: type[PlatformModel]) -> bool:
    """Say whether a platform takes settings in which nothing is set, as nearly all variants do."""
    try:
        model.model_validate({})
    except ValidationError:
        return False
    return True


def require_assets(there: Surroundings, asset_ids: set[UUID]) -> None:
    """Raise Invalid where a picture is not there."""
    if asset_ids - there.asset_ids:
        raise Invalid("There is no picture of that id.", path=("input", "parts", "media"))


def require_campaign(there: Surroundings, campaign_id: UUID | None, *, brand_id: UUID) -> None:
    """Raise NotFound or Invalid where the campaign is not one of the brand."""
    if campaign_id is None:
        return
    if there.campaign_brand_id is None:
        raise NotFound("There is nothing with this id.", path=("input", "campaignId"))
    if there.campaign_brand_id != brand_id:
        raise Invalid("This campaign belongs to another brand.", path=("input", "campaignId"))


def require_pillar(there: Surroundings, pillar_id: UUID | None, *, brand_id: UUID) -> None:
    """Raise NotFound or Invalid where the pillar is not one of the brand."""
    if pillar_id is None:
        return
    if there.pillar_brand_id is None:
        raise NotFound("There is nothing with this id.", path=("input", "pillarId"))
    if there.pillar_brand_id != brand_id:
        raise Invalid("This pillar belongs to another brand.", path=("input", "pillarId"))


def require_audiences(there: Surroundings, audience_ids: Sequence[UUID], *, brand_id: UUID) -> None:
    """Raise NotFound or Invalid where an audience is not one of the brand."""
    path = ("input", "audienceIds")
    if len(audience_ids) > AUDIENCES_MAX:
        raise Invalid(f"At most {AUDIENCES_MAX} audiences are allowed.", path=path)
    for index, audience_id in enumerate(audience_ids):
        if audience_id not in there.audiences:
            raise NotFound("There is nothing with this id.", path=(*path, str(index)))
        if there.audiences[audience_id] != brand_id:
            raise Invalid("This audience belongs to another brand.", path=(*path, str(index)))


def moved(item: ContentItem, campaign_id: UUID | None, pillar_id: UUID | None) -> list[str]:
    """Give an item another campaign (None: the one it has) and pillar; return what changed."""
    wanted = {"campaign_id": campaign_id or item.campaign_id, "pillar_id": pillar_id}
    changed = [name for name, value in wanted.items() if getattr(item, name) != value]
    for name in changed:
        setattr(item, name, wanted[name])
    return changed


async def meant_anew(work: UnitOfWork, item: ContentItem, audience_ids: Sequence[UUID]) -> bool:
    """Write down whom an item is meant for; say whether that is a change."""
    of_item = ContentAudience.item_id == item.id
    known = set(await work.all(select(ContentAudience.audience_id).where(of_item)))
    gone = known - set(audience_ids)
    if gone:
        await work.change(
            delete(ContentAudience).where(of_item, ContentAudience.audience_id.in_(gone))
        )
    mean_for(work, item.id, [one for one in audience_ids if one not in known])
    return known != set(audience_ids)


def mean_for(work: UnitOfWork, item_id: UUID, audience_ids: Sequence[UUID]) -> None:
    """Write down that an item is meant for audiences it was not meant for."""
    for audience_id in dict.fromkeys(audience_ids):
        values = {
            "workspace_id": work.caller.workspace_id,
            "item_id": item_id,
            "audience_id": audience_id,
        }
        work.put(ContentAudience, values)
