"""Worlds for tests: small, valid by default, made through the operations people use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from hub.access import operations as access
from hub.access.models import Role
from hub.access.rules import granted
from hub.channels import operations as channels
from hub.channels.models import Channel
from hub.channels.platforms import platform
from hub.channels.platforms.base import Capability, Guarantee
from hub.content import operations as content
from hub.content.models import ContentItem
from hub.content.rules import Part, VariantWords, Words
from hub.kernel.caller import ActorKind, Caller
from hub.kernel.work import Hub
from hub.publishing.models import Publication
from hub.review import operations as review
from hub.review.models import Verdict
from hub.review.operations import Target
from hub.strategy import operations as strategy


@dataclass(frozen=True, kw_only=True)
class World:
    """A workspace with a brand and one member per role, each with a token."""

    hub: Hub
    workspace_id: UUID
    brand_id: UUID
    callers: Mapping[Role, Caller]
    tokens: Mapping[Role, str]

    @property
    def editor(self) -> Caller:
        """Who writes."""
        return self.callers[Role.EDITOR]

    @property
    def approver(self) -> Caller:
        """Who approves."""
        return self.callers[Role.APPROVER]

    @property
    def manager(self) -> Caller:
        """Who connects channels."""
        return self.callers[Role.MANAGER]

    @property
    def system(self) -> Caller:
        """The hub itself."""
        return Caller.system(self.workspace_id)


async def a_world(hub: Hub, *, slug: str = "acme") -> World:
    """Make a workspace with a brand, and a member with a token for every role."""
    async with hub.unscoped() as session:
        workspace = await access.create_workspace(session, slug=slug, name=slug.title())
    system = Caller.system(workspace.id)
    callers: dict[Role, Caller] = {}
    tokens: dict[Role, str] = {}
    async with hub.unit_of_work(system) as work:
        for role in Role:
            name = f"{role.value.title()} of {slug}"
            member = await access.add_member(
                work, name=name, email=f"{role.value.lower()}@{slug}.example", role=role
            )
            _, tokens[role] = await access.issue_token(work, member_id=member.id, label="test")
            callers[role] = Caller(
                workspace_id=workspace.id,
                kind=ActorKind.MEMBER,
                member_id=member.id,
                name=name,
                permissions=granted(role, ()),
            )
        brand = await strategy.create_brand(
            work, slug=f"{slug}-brand", name="Brand", locales=["en", "fr"]
        )
    return World(
        hub=hub, workspace_id=workspace.id, brand_id=brand.id, callers=callers, tokens=tokens
    )


async def a_channel(
    world: World,
    *,
    platform_key: str = "mastodon",
    settings: Mapping[str, Any] | None = None,
    credentials: Mapping[str, Any] | None = None,
    ready: bool = True,
    guarantee: Guarantee | None = None,
    name: str = "A channel",
) -> UUID:
    """Connect a channel; `ready` takes the platform's good word for granted."""
    defaults: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
        "mastodon": ({"base_url": "https://social.example"}, {"access_token": "secret"}),
        "misago": (
            {"base_url": "https://forum.example", "category": "3"},
            {"username": "hub", "password": "secret"},
        ),
        "feed": ({"title": "News", "description": "All of it", "language": "en"}, {}),
        "webhook": (
            {"url": "https://hook.example/in"},
            {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        ),
        "wordpress": (
            {"base_url": "https://blog.example"},
            {"username": "editor", "application_password": "secret words"},
        ),
    }
    # Any other platform is connected with what the caller gives.
    default_settings, default_credentials = defaults.get(platform_key, ({}, {}))
    async with world.hub.unit_of_work(world.manager) as work:
        channel = await channels.connect(
            work,
            brand_id=world.brand_id,
            platform=platform_key,
            name=name,
            settings=settings if settings is not None else default_settings,
            credentials=credentials if credentials is not None else default_credentials,
        )
        if ready:
            # As `settle_check` would, without asking anybody; the promised check is dropped.
            work.promises.clear()
            kind = platform(platform_key)
            await channels.settle_check(
                work,
                channel_id=channel.id,
                found=channels.Checked(
                    remote_id=f"remote-{channel.id}",
                    handle="@brand",
                    url="https://social.example/@brand",
                    dialect="",
                    guarantee=guarantee or kind.guarantee,
                    capabilities=frozenset(Capability(name) for name in channel.capabilities),
                    limits=kind.limits,
                ),
            )
    return channel.id


async def an_item(
    world: World,
    *,
    text: str = "Hello, world",
    title: str = "Hello",
    parts: Sequence[Part] | None = None,
    variants: Sequence[VariantWords] = (),
    locale: str = "en",
) -> UUID:
    """Write an item down as the editor."""
    async with world.hub.unit_of_work(world.editor) as work:
        item = await content.create_item(
            work,
            brand_id=world.brand_id,
            words=Words(title=title, parts=tuple(parts) if parts else (Part(text=text),)),
            locale=locale,
            variants=variants,
        )
    return item.id


async def in_review(
    world: World,
    *,
    item_id: UUID,
    channel_ids: Sequence[UUID],
    scheduled_for: datetime | None = None,
) -> UUID:
    """Submit an item as the editor and prepare its editions."""
    async with world.hub.unit_of_work(world.editor) as work:
        submitted = await review.submit(
            work,
            item_id=item_id,
            targets=[
                Target(channel_id=channel_id, scheduled_for=scheduled_for)
                for channel_id in channel_ids
            ],
        )
        work.promises.clear()
    async with world.hub.unit_of_work(world.system) as work:
        await review.prepare(work, review_id=submitted.id)
    return submitted.id


async def approve(world: World, *, review_id: UUID) -> None:
    """Approve a review as the approver."""
    async with world.hub.unit_of_work(world.approver) as work:
        await review.decide(work, review_id=review_id, verdict=Verdict.APPROVE)


async def a_publication(
    world: World,
    *,
    channel_id: UUID,
    text: str = "Hello, world",
    parts: Sequence[Part] | None = None,
    scheduled_for: datetime | None = None,
) -> Publication:
    """Write, review, approve and schedule (None: now) something on a channel."""
    item_id = await an_item(world, text=text, parts=parts)
    when = scheduled_for or await world.hub.now()
    await approve(
        world,
        review_id=await in_review(
            world, item_id=item_id, channel_ids=[channel_id], scheduled_for=when
        ),
    )
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.one(select(Publication).where(Publication.item_id == item_id))
    assert found is not None
    return found


async def publication(world: World, publication_id: UUID) -> Publication:
    """Read a publication as it is now."""
    return await _read(world, Publication, publication_id)


async def channel(world: World, channel_id: UUID) -> Channel:
    """Read a channel as it is now."""
    return await _read(world, Channel, channel_id)


async def item(world: World, item_id: UUID) -> ContentItem:
    """Read an item as it is now."""
    return await _read(world, ContentItem, item_id)


Row = TypeVar("Row", bound=Any)


async def _read(world: World, table: type[Row], row_id: UUID) -> Row:
    async with world.hub.unit_of_work(world.system) as work:
        found: Row | None = await work.one(select(table).where(table.id == row_id))
    assert found is not None
    return found
