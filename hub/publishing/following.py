"""Holding what is on its way with links that would be followed by other parameters now."""

from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from hub.content.models import ContentItem, Edition
from hub.content.tracking import Around, follows_another
from hub.kernel.work import UnitOfWork
from hub.publishing import operations
from hub.publishing.models import HoldReason, Publication
from hub.strategy.models import Brand, Campaign

_PROBLEM = "What the links are followed by changed since it was prepared."


async def hold_stale(
    work: UnitOfWork,
    *,
    campaign_id: UUID | None = None,
    brand_id: UUID | None = None,
    item_id: UUID | None = None,
) -> None:
    """Hold what is stale of a campaign, of a brand, or of an item; reactions end in it.

    They are prepared anew by submitting the text for review again, as after any other change.
    """
    found = select(ContentItem.campaign_id, Brand, Campaign).join(
        Brand,
        and_(Brand.id == ContentItem.brand_id, Brand.workspace_id == ContentItem.workspace_id),
    )
    found = found.outerjoin(
        Campaign,
        and_(
            Campaign.id == ContentItem.campaign_id,
            Campaign.workspace_id == ContentItem.workspace_id,
        ),
    )
    of = {
        ContentItem.campaign_id: campaign_id,
        ContentItem.brand_id: brand_id,
        ContentItem.id: item_id,
    }
    mine = or_(*(column == value for column, value in of.items() if value is not None))
    each = found.where(mine).ext(distinct_on(ContentItem.campaign_id))
    rows = await work.session.execute(each)
    for campaign, brand, row in rows.all():
        template = Around(brand=brand, campaign=row).template
        items = select(ContentItem.id).where(
            mine, ContentItem.campaign_id.is_not_distinct_from(campaign)
        )
        await operations.hold(
            work,
            reason=HoldReason.EDITION_STALE,
            problem=_PROBLEM,
            where=[
                Publication.item_id.in_(items),
                exists().where(
                    Edition.id == Publication.edition_id,
                    Edition.workspace_id == Publication.workspace_id,
                    follows_another(template),
                ),
            ],
        )
