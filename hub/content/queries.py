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
from hub.strategy.guides import Heard, heard
from hub.strategy.voice import candidates


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the words of an item refer to, as far as it is there.

    `platforms` are those of the channels, `audiences` the brands of audiences; a campaign and a
    pillar are told by the brand they belong to. `guide` is what the brand's voice asks.
    """

    has_brand: bool
    campaign_brand_id: UUID | None
    paid: bool
    pillar_brand_id: UUID | None
    audiences: Mapping[UUID, UUID]
    is_taken: bool
    asset_ids: frozenset[UUID]
    platforms: Mapping[UUID, str]
    guide: Heard | None


# Only what is asked for: a NULL in place of it would have the statement planned anew each time.
_BRAND = "EXISTS (SELECT FROM brands WHERE workspace_id = $1 AND id = {0})"
_CAMPAIGN = """(
    SELECT jsonb_build_object('brand', brand_id, 'paid', paid) FROM campaigns
    WHERE workspace_id = $1 AND id = {0}
)"""
_PILLAR = "(SELECT brand_id FROM pillars WHERE workspace_id = $1 AND id = {0})"
_AUDIENCES = """(
    SELECT jsonb_object_agg(id, brand_id) FROM audiences
    WHERE workspace_id = $1 AND id = ANY({0}::uuid[])
)"""
_REFERENCE = (
    "EXISTS (SELECT FROM content_items WHERE workspace_id = $1 AND external_reference = {0})"
)
_ASSETS = "ARRAY(SELECT id FROM assets WHERE workspace_id = $1 AND id = ANY({0}::uuid[]))"
_PLATFORMS = """(
    SELECT jsonb_object_agg(id, platform) FROM channels
    WHERE workspace_id = $1 AND id = ANY({0}::uuid[])
)"""
_GUIDE = """(
    SELECT to_jsonb(g) FROM voice_guides AS g
    WHERE workspace_id = $1 AND brand_id = {0} AND locale = ANY({1}::text[])
    ORDER BY length(locale) DESC LIMIT 1
)"""


async def surroundings(
    work: UnitOfWork,
    *,
    brand_id: UUID | None = None,
    campaign_id: UUID | None = None,
    pillar_id: UUID | None = None,
    audience_ids: Sequence[UUID] = (),
    external_reference: str | None = None,
    parts: Sequence[Part] = (),
    variants: Sequence[VariantWords] = (),
    speaks: tuple[UUID, str] | None = None,
) -> Surroundings:
    """Return what is there of all that an item is about to refer to, in one round trip.

    `speaks` are the brand and the locale whose voice guide is wanted.
    """
    channels = {one.channel_id for one in variants if one.channel_id is not None}
    wanted: list[tuple[str, tuple[Any, ...]]] = [
        (_BRAND, (brand_id,)),
        (_CAMPAIGN, (campaign_id,)),
        (_PILLAR, (pillar_id,)),
        (_AUDIENCES, (list(audience_ids) or None,)),
        (_REFERENCE, (external_reference,)),
        (_ASSETS, (list(pictures_of(parts, variants)) or None,)),
        (_PLATFORMS, (list(channels) or None,)),
        (_GUIDE, (None,) if speaks is None else (speaks[0], candidates(speaks[1]))),
    ]
    found = await _found(work, [one for one in wanted if one[1][0] is not None])
    campaign = found.get(_CAMPAIGN) or {}
    guide = found.get(_GUIDE)
    return Surroundings(
        has_brand=found.get(_BRAND, False),
        campaign_brand_id=UUID(campaign["brand"]) if campaign else None,
        paid=campaign.get("paid", False),
        pillar_brand_id=found.get(_PILLAR),
        audiences={UUID(one): UUID(brand) for one, brand in (found.get(_AUDIENCES) or {}).items()},
        is_taken=found.get(_REFERENCE, False),
        asset_ids=frozenset(found.get(_ASSETS, ())),
        platforms={UUID(key): name for key, name in (found.get(_PLATFORMS) or {}).items()},
        guide=None if guide is None else heard(guide),
    )


async def _found(
    work: UnitOfWork, asked: Sequence[tuple[str, tuple[Any, ...]]]
) -> Mapping[str, Any]:
    if not asked:
        return {}
    values: list[Any] = []
    columns: list[str] = []
    for sql, given in asked:
        places = (f"${len(values) + number}" for number in range(2, len(given) + 2))
        columns.append(sql.format(*places))
        values += given
    (row,) = await work.rows(f"SELECT {', '.join(columns)}", work.caller.workspace_id, *values)
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
    rows = await work.all(
        select(Variant).where(Variant.revision_id == revision_id).order_by(Variant.id)
    )
    return [words_of_variant(row) for row in rows]


def words_of_variant(row: Variant) -> VariantWords:
    """Return a stored variant as the rules see it."""
    return VariantWords(
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
            duration_ms=row.duration_ms,
        )
        for row in rows
    }
