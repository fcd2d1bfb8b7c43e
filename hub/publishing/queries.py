"""Reading publications for doors that are not GraphQL: feeds, and figures for operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.channels.models import Channel
from hub.channels.platforms.base import EditionContent
from hub.content.models import Edition
from hub.kernel.caller import Caller
from hub.kernel.reading import Reader
from hub.publishing.models import Publication, PublicationState


@dataclass(frozen=True, kw_only=True)
class FeedItem:
    """A publication that is out, with exactly what was approved."""

    id: UUID
    published_at: datetime
    updated_at: datetime
    content: EditionContent


@dataclass(frozen=True, kw_only=True)
class PublicationFigures:
    """Publications in one state, and how late the latest of them is."""

    state: str
    hold_reason: str
    publications: int
    most_late_seconds: float


async def publication_figures(session: AsyncSession) -> Sequence[PublicationFigures]:
    """Return sums over all workspaces of what is on its way or waits for a person."""
    rows = await session.execute(text("SELECT * FROM hub_publication_counts()"))
    return [
        PublicationFigures(
            state=row.state,
            hold_reason=row.hold_reason,
            publications=row.publications,
            most_late_seconds=row.most_late_seconds or 0.0,
        )
        for row in rows
    ]


async def stray_amendments(session: AsyncSession, *, most: int = 100) -> Sequence[UUID]:
    """Return workspaces in which an amendment waits for a worker past its time; the relay's."""
    rows = await session.execute(text("SELECT * FROM hub_stray_amendments(:most)"), {"most": most})
    return rows.scalars().all()


async def publication_exists(reader: Reader, caller: Caller, publication_id: UUID) -> bool:
    """Say whether the caller's workspace has this publication."""
    rows = await reader.rows(
        caller,
        select(Publication.id).where(
            Publication.id == publication_id, Publication.workspace_id == caller.workspace_id
        ),
    )
    return bool(rows)


async def feed_settings(reader: Reader, caller: Caller, channel_id: UUID) -> dict[str, Any] | None:
    """Return the settings of a channel that is a feed; None for every other one."""
    rows = await reader.rows(
        caller,
        select(Channel.settings).where(
            Channel.id == channel_id,
            Channel.workspace_id == caller.workspace_id,
            Channel.platform == "feed",
        ),
    )
    return rows[0]["settings"] if rows else None


async def feed_items(
    reader: Reader, caller: Caller, channel_id: UUID, *, most: int = 50
) -> Sequence[FeedItem]:
    """Return what is out on a channel, newest first."""
    newest = (
        _published(caller, channel_id)
        .order_by(Publication.published_at.desc(), Publication.id.desc())
        .limit(most)
        .subquery()
    )
    # The texts are fetched for the few that are shown, not for all that are ordered.
    rows = await reader.rows(
        caller,
        select(newest.c.id, newest.c.published_at, newest.c.edited_at, Edition.body)
        .join_from(newest, Edition, Edition.id == newest.c.edition_id)
        .where(Edition.workspace_id == caller.workspace_id)
        .order_by(newest.c.published_at.desc(), newest.c.id.desc()),
    )
    return [_item(row) for row in rows]


async def feed_item(
    reader: Reader, caller: Caller, channel_id: UUID, publication_id: UUID
) -> FeedItem | None:
    """Return one publication that is out on a channel."""
    one = _published(caller, channel_id).where(Publication.id == publication_id).subquery()
    rows = await reader.rows(
        caller,
        select(one.c.id, one.c.published_at, one.c.edited_at, Edition.body)
        .join_from(one, Edition, Edition.id == one.c.edition_id)
        .where(Edition.workspace_id == caller.workspace_id),
    )
    return _item(rows[0]) if rows else None


def _published(
    caller: Caller, channel_id: UUID
) -> Select[UUID, datetime | None, datetime | None, UUID]:
    return select(
        Publication.id,
        Publication.published_at,
        Publication.edited_at,
        Publication.edition_id,
    ).where(
        Publication.workspace_id == caller.workspace_id,
        Publication.channel_id == channel_id,
        Publication.state == PublicationState.PUBLISHED,
        Publication.published_at.is_not(None),
    )


def _item(row: Any) -> FeedItem:
    return FeedItem(
        id=row["id"],
        published_at=row["published_at"],
        updated_at=row["edited_at"] or row["published_at"],
        content=EditionContent.from_json(orjson.loads(row["body"])),
    )


async def strays(session: AsyncSession, *, most: int = 100) -> Sequence[tuple[UUID, UUID]]:
    """Return (workspace, publication) of what is due and has no job, as after a restored backup."""
    rows = await session.execute(
        text("SELECT * FROM hub_stray_publications(:most)"), {"most": most}
    )
    return [(row.workspace_id, row.publication_id) for row in rows]
