"""What stands around an item and decides how its links are followed: its brand and campaign."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, literal, select

from hub.channels.platforms.base import Draft
from hub.content.links import has_links
from hub.content.models import ContentItem, Edition
from hub.content.rules import slugified
from hub.kernel.editing import get
from hub.kernel.work import UnitOfWork
from hub.strategy import utm
from hub.strategy.models import Brand, Campaign
from hub.strategy.utm import Tracking


@dataclass(frozen=True, kw_only=True)
class Around:
    """The brand and the campaign of an item, as they are now."""

    brand: Brand
    campaign: Campaign | None

    @property
    def template(self) -> str:
        """Return the digest of what links get their parameters from; empty where they get none."""
        if self.campaign is None:
            return ""
        return utm.digest(self.campaign.utm, self.brand.own_domains)

    def digest(self, body: str) -> str:
        """Return the same for an edition: empty where it has no links."""
        return self.template if has_links(body) else ""

    def tracking(self, words: Draft, *, channel_name: str, platform: str) -> Tracking | None:
        """Return what is added to the links of a draft on its way to a channel; None: nothing."""
        if self.campaign is None or not self.campaign.utm:
            return None
        facts = {
            "platform": platform,
            "channel": slugified(channel_name),
            "campaign": slugified(self.campaign.name),
            "content": words.slug or slugified(words.title),
            "locale": words.locale.lower(),
        }
        return utm.tracking(self.campaign.utm, self.brand.own_domains, facts=facts)


async def surrounding(work: UnitOfWork, *, item_id: UUID) -> Around:
    """Return what stands around an item."""
    return await around(work, await get(work, ContentItem, item_id))


async def around(work: UnitOfWork, item: ContentItem) -> Around:
    """Return what stands around an item that was read, as it is now."""
    rows = (
        await work.session.execute(
            select(Brand, Campaign)
            .outerjoin(
                Campaign,
                and_(Campaign.id == item.campaign_id, Campaign.workspace_id == item.workspace_id),
            )
            .where(Brand.id == item.brand_id)
            .execution_options(populate_existing=True)
        )
    ).one()
    return Around(brand=rows[0], campaign=rows[1])


async def current(work: UnitOfWork, *, item: ContentItem, body: str) -> str:
    """Return what the `tracking` of an edition of an item would be, were it rendered now."""
    if item.campaign_id is None or not has_links(body):
        return ""
    return (await around(work, item)).template


def follows_another(template: str) -> ColumnElement[bool]:
    """Return the SQL for: an edition's links did not get their parameters from this template."""
    wanted = case((Edition.body.contains("://"), literal(template)), else_=literal(""))
    return Edition.tracking != wanted
