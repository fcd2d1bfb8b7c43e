"""Rows for reading tests: a brand with a campaign, channels, and contents that went out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.access.models import Member, Role, Workspace
from hub.analytics.models import Measurement
from hub.channels.models import Channel, ChannelState
from hub.channels.platforms import platform
from hub.channels.platforms.base import EditionContent, EditionPart, MediaFacts
from hub.content.models import (
    Asset,
    AssetState,
    ContentItem,
    Edition,
    EditionOrigin,
    Revision,
    Variant,
)
from hub.kernel.caller import ActorKind, Caller, Permission
from hub.kernel.ids import new_id
from hub.kernel.model import Base
from hub.publishing.models import Publication, PublicationState
from hub.strategy.models import Brand, Campaign

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@dataclass(kw_only=True)
class Rows:
    """Writes rows straight into the tables of one workspace, as their owner."""

    engine: AsyncEngine
    workspace_id: UUID = field(default_factory=new_id)

    async def add(self, model: type[Base], **values: Any) -> UUID:
        """Write one row; return its id."""
        return (await self.add_all(model, [values]))[0]

    async def add_all(self, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[UUID]:
        """Write several rows; return their ids."""
        table: Any = model.__table__
        mine = {"workspace_id": self.workspace_id} if "workspace_id" in table.c else {}
        complete = [{"id": new_id(), **mine, **row} for row in rows]
        await self._write(table, complete)
        return [row["id"] for row in complete]

    async def _write(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(insert(table), list(rows))


@dataclass(kw_only=True)
class Library:
    """A filled workspace: what it holds and how to add to it."""

    rows: Rows
    caller: Caller
    brand: UUID
    campaign: UUID
    channels: list[UUID]
    asset: UUID

    async def an_item(self, *, title: str, campaign: UUID | None = None, **more: Any) -> UUID:
        """Write an item with one revision that shows the picture."""
        item, revision = new_id(), new_id()
        await self.rows.add(
            ContentItem,
            id=item,
            brand_id=self.brand,
            campaign_id=campaign,
            title=title,
            locale="en",
            current_revision_id=revision,
            **more,
        )
        await self.a_revision(item, id=revision, title=title)
        return item

    async def a_revision(
        self,
        item: UUID,
        *,
        id: UUID,  # noqa: A002 - the column's name
        title: str,
        number: int = 1,
        author: UUID | None = None,
    ) -> None:
        """Write a revision of two parts, the first with the picture."""
        await self.rows.add(
            Revision,
            id=id,
            item_id=item,
            number=number,
            title=title,
            summary="",
            parts=[
                {"text": f"{title}, first", "media": [str(self.asset)]},
                {"text": f"{title}, second", "media": []},
            ],
            link="",
            tags=["news"],
            slug="",
            locale="en",
            hash=f"hash of {title}",
            author_id=author or self.caller.member_id,
        )

    async def an_edition(
        self,
        revision: UUID,
        channel: UUID,
        *,
        text: str,
        problems: list[dict[str, Any]] | None = None,
    ) -> tuple[UUID, str]:
        """Write an edition with the picture; return its id and hash."""
        content = EditionContent(
            platform="mastodon",
            title="",
            parts=(
                EditionPart(
                    text=text,
                    length=len(text),
                    media=(
                        MediaFacts(
                            asset_id=str(self.asset),
                            sha256="ab" * 32,
                            mime="image/png",
                            size=10,
                            width=4,
                            height=3,
                            alt="A cat",
                        ),
                    ),
                ),
            ),
            fields={"visibility": "public"},
        )
        edition = await self.rows.add(
            Edition,
            revision_id=revision,
            channel_id=channel,
            origin=EditionOrigin.CONTENT,
            body=content.to_bytes().decode(),
            hash=content.digest(),
            basis="",
            problems=problems or [],
        )
        return edition, content.digest()

    async def a_publication(
        self,
        item: UUID,
        revision: UUID,
        channel: UUID,
        *,
        state: PublicationState = PublicationState.PLANNED,
        **more: Any,
    ) -> UUID:
        """Write a publication of a new edition."""
        edition, digest = await self.an_edition(revision, channel, text=f"{item}")
        known: dict[str, Any] = {
            "edition_id": edition,
            "channel_id": channel,
            "item_id": item,
            "revision_id": revision,
            "origin": EditionOrigin.CONTENT,
            "state": state,
            "idempotency_key": new_id(),
            "checkpoint": {},
            "refs": [],
            "approved_hash": digest,
        }
        if state is PublicationState.PUBLISHED:
            known |= {"remote_id": f"r-{edition}", "sent_hash": digest, "published_at": NOON}
        return await self.rows.add(Publication, **known | more)

    async def revision_of(self, item: UUID) -> UUID:
        """Return the current revision of an item."""
        async with self.rows.engine.connect() as connection:
            found = await connection.execute(
                ContentItem.__table__.select().where(ContentItem.id == item)
            )
            return UUID(str(found.one().current_revision_id))

    async def measure(self, publication: UUID, metric: str, values: list[int]) -> None:
        """Write values of a metric, one per hour."""
        await self.rows.add_all(
            Measurement,
            [
                {
                    "publication_id": publication,
                    "metric": metric,
                    "value": value,
                    "approximate": False,
                    "measured_at": NOON + timedelta(hours=hour),
                }
                for hour, value in enumerate(values)
            ],
        )


async def a_library(rows: Rows, *, name: str = "Acme") -> Library:
    """Fill a workspace with a brand, a campaign, two channels and a picture."""
    await rows.add(Workspace, id=rows.workspace_id, slug=name.lower(), name=name)
    member = await rows.add(
        Member, name=f"Ada of {name}", email=f"ada@{name.lower()}.example", role=Role.ADMIN
    )
    brand = await rows.add(
        Brand, slug="brand", name=f"{name} Brand", description="", locales=["en", "fr"]
    )
    campaign = await rows.add(
        Campaign,
        brand_id=brand,
        name=f"{name} Spring",
        objective="Be seen",
        brief="Say it kindly",
        locale="en",
    )
    channels = [await a_channel(rows, brand, name=f"Channel {number}") for number in (1, 2)]
    asset = await rows.add(
        Asset,
        brand_id=brand,
        filename="cat.png",
        state=AssetState.READY,
        mime="image/png",
        size=10,
        width=4,
        height=3,
        sha256="ab" * 32,
        storage_key="ab/cat.png",
        alt={"fr": "Un chat", "en": "A cat"},
    )
    return Library(
        rows=rows,
        caller=Caller(
            workspace_id=rows.workspace_id,
            kind=ActorKind.MEMBER,
            member_id=member,
            name=f"Ada of {name}",
            permissions=frozenset(Permission),
        ),
        brand=brand,
        campaign=campaign,
        channels=channels,
        asset=asset,
    )


async def a_channel(
    rows: Rows, brand: UUID, *, name: str, platform_key: str = "mastodon", **more: Any
) -> UUID:
    """Write a ready channel."""
    known = platform(platform_key)
    return await rows.add(
        Channel,
        **{
            "brand_id": brand,
            "platform": known.key,
            "name": name,
            "timezone": "Europe/Paris",
            "settings": {"base_url": "https://social.example"},
            "state": ChannelState.READY,
            "guarantee": known.guarantee,
            "capabilities": sorted(known.capabilities),
            "limits": known.limits.to_json(),
            "basis": "basis",
            "public_key": new_id().hex,
            **more,
        },
    )


async def a_variant(library: Library, revision: UUID, **more: Any) -> UUID:
    """Write a variant for mastodon unless said."""
    return await library.rows.add(
        Variant, **{"revision_id": revision, "platform": "mastodon", "settings": {}, **more}
    )


async def full_items(library: Library, count: int) -> list[UUID]:
    """Write items as frontends list them: three variants, two publications with metrics each."""
    items = []
    for number in range(count):
        item = await library.an_item(title=f"Item {number:02}", campaign=library.campaign)
        revision = await library.revision_of(item)
        await a_variant(library, revision)
        for channel in library.channels:
            await a_variant(library, revision, platform=None, channel_id=channel, title="Other")
            publication = await library.a_publication(
                item, revision, channel, state=PublicationState.PUBLISHED
            )
            await library.measure(publication, "likes", [1, 2, 3])
            await library.measure(publication, "replies", [5])
        items.append(item)
    return items
