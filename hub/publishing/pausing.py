"""What a running pause stops, and the lock that says who was first: a pause or a sending.

Every moment of truth shares the lock, starting or ending a pause takes it alone. So what is not
past its moment of truth when a pause begins will not pass it, and what is can be named.
"""

from sqlalchemy import ColumnElement, or_, select, text

from hub.channels.models import Channel
from hub.content.models import ContentItem, EditionOrigin
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Pause, PauseScope, Publication
from hub.publishing.rules import Paused

_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


async def share_pauses(work: UnitOfWork) -> None:
    """Keep every pause of the workspace as it is until this transaction ends.

    Comes before the lock of any row, or two could wait for each other.
    """
    await work.session.execute(_SHARED, {"name": _name(work)})


async def alone_with_pauses(work: UnitOfWork) -> None:
    """Wait until nobody is at a moment of truth, and let nobody pass one meanwhile."""
    await work.session.execute(_ALONE, {"name": _name(work)})


def _name(work: UnitOfWork) -> str:
    return f"pauses:{work.caller.workspace_id}"


async def pause_over(
    work: UnitOfWork, *, row: Publication, channel: Channel, item: ContentItem | None
) -> Paused | None:
    """Return the oldest running pause that stops a publication; None where there is none."""
    where = [Pause.scope == PauseScope.WORKSPACE, Pause.channel_id == channel.id]
    where.append(Pause.brand_id == channel.brand_id)
    if item is not None and item.campaign_id is not None:
        where.append(Pause.campaign_id == item.campaign_id)
    statement = select(Pause).where(Pause.ended_at.is_(None), or_(*where))
    if row.origin is EditionOrigin.REPLY:
        statement = statement.where(Pause.replies_too)
    found = await work.one(
        statement.order_by(Pause.id).limit(1).execution_options(populate_existing=True)
    )
    return None if found is None else Paused(pause_id=found.id, reason=found.reason)


def stopped_by(pause: Pause) -> list[ColumnElement[bool]]:
    """Return the SQL for: a publication is in the scope of this pause."""
    answers = [] if pause.replies_too else [Publication.origin != EditionOrigin.REPLY]
    match pause.scope:
        case PauseScope.CHANNEL:
            return [Publication.channel_id == pause.channel_id, *answers]
        case PauseScope.BRAND:
            theirs = select(Channel.id).where(Channel.brand_id == pause.brand_id)
            return [Publication.channel_id.in_(theirs), *answers]
        case PauseScope.CAMPAIGN:
            items = select(ContentItem.id).where(ContentItem.campaign_id == pause.campaign_id)
            return [Publication.item_id.in_(items), *answers]
        case _:
            return answers
