"""Reading revisions and pictures as the rules see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.channels.platforms.base import MediaFacts
from hub.content.models import Asset, AssetState, Revision, Variant
from hub.content.rules import Part, RevisionFacts, VariantWords, Words, alt_text, pictures_of
from hub.kernel.model import Json
from hub.kernel.work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the words of an item refer to, as far as it is there.

    `platforms` are those of the channels; `campaign_brand_id` is the brand the campaign belongs to.
    """

    has_brand: bool
    campaign_brand_id: UUID | None
    is_taken: bool
    asset_ids: frozenset[UUID]
    platforms: Mapping[UUID, str]


# Only what is asked for: a NULL in place of it would have the statement planned anew each time.
_BRAND = "EXISTS (SELECT FROM brands WHERE workspace_id = $1 AND id = {given})"
_CAMPAIGN = "(SELECT brand_id FROM campaigns WHERE workspace_id = $1 AND id = {given})"
_REFERENCE = (
    "EXISTS (SELECT FROM content_items WHERE workspace_id = $1 AND external_reference = {given})"
)
_ASSETS = "ARRAY(SELECT id FROM assets WHERE workspace_id = $1 AND id = ANY({given}::uuid[]))"
_PLATFORMS = """(
    SELECT jsonb_object_agg(id, platform) FROM channels
    WHERE workspace_id = $1 AND id = ANY({given}::uuid[])
)"""


async def surroundings(
    work: UnitOfWork,
    *,
    brand_id: UUID | None = None,
    campaign_id: UUID | None = None,
    external_reference: str | None = None,
    parts: Sequence[Part] = (),
    variants: Sequence[VariantWords] = (),
) -> Surroundings:
    """Return what is there of all that an item is about to refer to, in one round trip."""
    channels = {one.channel_id for one in variants if one.channel_id is not None}
    wanted: list[tuple[str, Any]] = [
        (_BRAND, brand_id),
        (_CAMPAIGN, campaign_id),
        (_REFERENCE, external_reference),
        (_ASSETS, list(pictures_of(parts, variants)) or None),
        (_PLATFORMS, list(channels) or None),
    ]
    found = await _found(work, [one for one in wanted if one[1] is not None])
    return Surroundings(
        has_brand=found.get(_BRAND, False),
        campaign_brand_id=found.get(_CAMPAIGN),
        is_taken=found.get(_REFERENCE, False),
        asset_ids=frozenset(found.get(_ASSETS, ())),
        platforms={UUID(key): name for key, name in (found.get(_PLATFORMS) or {}).items()},
    )


async def _found(work: UnitOfWork, asked: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    if not asked:
        return {}
    columns = (sql.format(given=f"${number}") for number, (sql, _) in enumerate(asked, start=2))
    (row,) = await work.rows(
        f"SELECT {', '.join(columns)}",
        work.caller.workspace_id,
        *(value for _, value in asked),
    )
    return {sql: value for (sql, _), value in zip(asked, row, strict=True)}


def facts_of(revision: Revision) -> RevisionFacts:
    """Return a stored revision as the rules see it."""
    return RevisionFacts(
        title=revision.title,
        summary=revision.summary,
        parts=parts_of(revision.parts),
        link=revision.link,
        tags=tuple(revision.tags),
        slug=revision.slug,
        locale=revision.locale,
        shortens_links=revision.shortens_links,
    )


def parts_of(stored: list[Json]) -> tuple[Part, ...]:
    """Return stored parts as the rules see them."""
    return tuple(
        Part(text=part["text"], media=tuple(UUID(asset_id) for asset_id in part["media"]))
        for part in stored
    )


async def variants(work: UnitOfWork, *, revision_id: UUID) -> list[VariantWords]:
    """Return the variants of a revision."""
    rows = await work.all(select(Variant).where(Variant.revision_id == revision_id))
    return [
        VariantWords(
            platform=row.platform,
            channel_id=row.channel_id,
            settings=row.settings,
            words=Words(
                title=row.title,
                summary=row.summary,
                parts=parts_of(row.parts) if row.parts is not None else None,
                link=row.link,
                tags=tuple(row.tags) if row.tags is not None else None,
            ),
        )
        for row in rows
    ]


async def media(
    work: UnitOfWork, *, asset_ids: Iterable[UUID], locale: str
) -> Mapping[UUID, MediaFacts]:
    """Return what is known of the pictures that are ready; the others are left out."""
    wanted = set(asset_ids)
    if not wanted:
        return {}
    rows = await work.all(
        select(Asset).where(Asset.id.in_(wanted), Asset.state == AssetState.READY)
    )
    return {
        row.id: MediaFacts(
            asset_id=str(row.id),
            sha256=row.sha256 or "",
            mime=row.mime or "",
            size=row.size or 0,
            width=row.width or 0,
            height=row.height or 0,
            alt=alt_text(row.alt, locale=locale),
        )
        for row in rows
    }
