"""Reading revisions and pictures as the rules see them."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select

from hub.channels.platforms.base import MediaFacts
from hub.content.models import Asset, AssetState, Revision, Variant
from hub.content.rules import Part, RevisionFacts, VariantWords, Words, alt_text
from hub.kernel.model import Json
from hub.kernel.work import UnitOfWork


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
