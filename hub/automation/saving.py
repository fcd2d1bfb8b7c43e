"""Writing down and submitting what a row says: made, or changed where its reference is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from hub.automation.models import RowOutcome
from hub.automation.rows import Row, RowVariant
from hub.channels.models import Channel
from hub.channels.platforms import PLATFORMS
from hub.content import operations as content
from hub.content.models import ContentItem
from hub.content.rules import VariantWords
from hub.kernel.errors import Invalid, NotFound
from hub.kernel.ids import global_id
from hub.kernel.work import UnitOfWork
from hub.review import operations as reviewing
from hub.review.models import Review, ReviewState, ReviewTarget
from hub.review.operations import Target
from hub.review.rules import OPEN
from hub.strategy.models import Brand, Campaign


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a row may name: brands by slug, channels and campaigns by their reference; all by id."""

    brands: Mapping[str, UUID]
    locales: Mapping[UUID, Sequence[str]]
    channels: Mapping[str, UUID]
    campaigns: Mapping[str, UUID]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What became of a row."""

    item_id: UUID
    revision_id: UUID
    outcome: RowOutcome


async def names(work: UnitOfWork) -> Names:
    """Return every name of the workspace that a row can use."""
    mine = work.caller.workspace_id
    brands = (
        await work.session.execute(
            select(Brand.id, Brand.slug, Brand.locales).where(Brand.workspace_id == mine)
        )
    ).all()
    return Names(
        brands=_named("Brand", [(row.id, row.slug) for row in brands]),
        locales={row.id: row.locales for row in brands},
        channels=await _referenced(work, Channel),
        campaigns=await _referenced(work, Campaign),
    )


async def save(work: UnitOfWork, row: Row, known: Names) -> Saved:
    """Write a row down: new content, or a new revision of what has its reference.

    Nothing goes out by this: what was scheduled of other words is held, as after every change.
    """
    brand_id = _find(known.brands, row.brand, "brand")
    campaign_id = _find(known.campaigns, row.campaign, "campaign")
    variants = (
        None
        if row.variants is None
        else [_variant(variant, known, index) for index, variant in enumerate(row.variants)]
    )
    item = await work.one(
        select(ContentItem)
        .where(ContentItem.external_reference == row.externalReference)
        .with_for_update()
    )
    if item is not None:
        return await _revised(work, item, row, variants, brand_id, campaign_id)
    if brand_id is None:
        raise Invalid("New content needs a brand.", path=("brand",))
    if row.text is None and row.parts is None:
        raise Invalid("New content needs words.", path=("text",))
    made = await content.create_item(
        work,
        brand_id=brand_id,
        campaign_id=campaign_id,
        words=row.words(path=("input",)),
        locale=row.locale or known.locales[brand_id][0],
        slug=row.slug or "",
        variants=variants or (),
        external_reference=row.externalReference,
    )
    return Saved(item_id=made.id, revision_id=made.revision_id, outcome=RowOutcome.CREATED)


async def submit(
    work: UnitOfWork,
    *,
    item_id: UUID,
    channels: Sequence[str],
    known: Names,
    scheduled_for: datetime | None,
    note: str = "",
) -> tuple[Review, bool]:
    """Submit the current revision, unless it was for these channels; say whether this is new."""
    wanted = [
        require_channel(known, name, ("channels", str(at))) for at, name in enumerate(channels)
    ]
    there = await _submitted(work, item_id, wanted)
    if there is not None:
        return there, False
    review = await reviewing.submit(
        work,
        item_id=item_id,
        targets=[Target(channel_id=one, scheduled_for=scheduled_for) for one in wanted],
        note=note,
    )
    return review, True


async def _revised(
    work: UnitOfWork,
    item: ContentItem,
    row: Row,
    variants: Sequence[VariantWords] | None,
    brand_id: UUID | None,
    campaign_id: UUID | None,
) -> Saved:
    if brand_id is not None and brand_id != item.brand_id:
        raise Invalid("The content of this reference belongs to another brand.", path=("brand",))
    before = item.version
    item = await content.revise_item(
        work,
        item_id=item.id,
        words=row.words(path=("input",)),
        locale=row.locale,
        slug=row.slug,
        variants=variants,
        campaign_id=campaign_id,
    )
    return Saved(
        item_id=item.id,
        revision_id=item.current_revision_id,
        outcome=RowOutcome.UNCHANGED if item.version == before else RowOutcome.UPDATED,
    )


async def _submitted(work: UnitOfWork, item_id: UUID, wanted: Sequence[UUID]) -> Review | None:
    """Return the review in which the current revision is open or approved for these channels."""
    reviews = await work.all(
        select(Review)
        .join(ContentItem, ContentItem.current_revision_id == Review.revision_id)
        .where(ContentItem.id == item_id, Review.state.in_([*OPEN, ReviewState.APPROVED]))
        .order_by(Review.id.desc())
    )
    for review in reviews:
        covered = await work.all(
            select(ReviewTarget.channel_id).where(ReviewTarget.review_id == review.id)
        )
        if set(wanted) <= set(covered):
            return review
    return None


def _variant(given: RowVariant, known: Names, index: int) -> VariantWords:
    path = ("variants", str(index))
    if given.platform is not None and given.platform not in PLATFORMS:
        raise Invalid("There is no such platform.", path=(*path, "platform"))
    return VariantWords(
        platform=given.platform,
        channel_id=None
        if given.channel is None
        else require_channel(known, given.channel, (*path, "channel")),
        words=given.words(path=("input", *path)),
        settings=given.settings,
    )


def require_channel(known: Names, name: str, path: tuple[str, ...]) -> UUID:
    """Return the channel a row names; raise NotFound where there is none."""
    if name not in known.channels:
        raise NotFound("There is no such channel.", path=path)
    return known.channels[name]


def _find(known: Mapping[str, UUID], name: str | None, field: str) -> UUID | None:
    if name is None:
        return None
    if name not in known:
        raise NotFound(f"There is no such {field}.", path=(field,))
    return known[name]


async def _referenced(
    work: UnitOfWork, table: type[Channel] | type[Campaign]
) -> Mapping[str, UUID]:
    rows = await work.session.execute(
        select(table.id, table.external_reference).where(
            table.workspace_id == work.caller.workspace_id
        )
    )
    return _named(table.__name__, [(row.id, row.external_reference) for row in rows])


def _named(kind: str, rows: Sequence[tuple[UUID, str | None]]) -> Mapping[str, UUID]:
    own = {name: row_id for row_id, name in rows if name is not None}
    return {**own, **{global_id(kind, row_id): row_id for row_id, _ in rows}}
