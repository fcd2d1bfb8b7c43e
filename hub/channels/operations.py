"""Connecting channels, checking them, and switching them off."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.channels.events import (
    ChannelChecked,
    ChannelConnected,
    ChannelDisabled,
    ChannelEnabled,
    ChannelUpdated,
)
from hub.channels.jobs import CheckChannel
from hub.channels.models import Channel, ChannelState, Credential
from hub.channels.platforms import platform as platform_by_key
from hub.channels.platforms.base import Capability, Guarantee, Limits, Platform
from hub.channels.rules import basis, capability_names, place_of, read, require_timezone
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, free_reference, get, require_text, require_version, touch
from hub.kernel.errors import Invalid
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.strategy.models import Brand

_NAME = 200


@dataclass(frozen=True, kw_only=True)
class ChannelAccess:
    """What a worker needs to talk to a channel's platform. `secrets` never leaves the worker.

    `page` is where the hub itself shows what the channel has published.
    """

    channel_id: UUID
    workspace_id: UUID
    platform: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    dialect: str
    remote_id: str
    guarantee: Guarantee
    limits: Limits
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the platform said at a check that worked."""

    remote_id: str
    handle: str
    url: str
    dialect: str
    guarantee: Guarantee
    capabilities: frozenset[Capability]
    limits: Limits


async def connect(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    platform: str,
    name: str,
    settings: Mapping[str, Any],
    credentials: Mapping[str, Any],
    timezone: str = "UTC",
    external_reference: str | None = None,
) -> Channel:
    """Add an account on a platform; a job asks the platform before it can be used."""
    work.caller.require(Permission.CHANNELS_WRITE)
    kind = platform_by_key(platform, path=("input", "platform"))
    brand = await get(work, Brand, brand_id, path=("input", "brandId"))
    clean = read(kind.settings, settings, path=("input", "settings")).model_dump(mode="json")
    secret = _secret(kind, credentials)
    channel = Channel(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        brand_id=brand.id,
        platform=kind.key,
        name=require_text(name, most=_NAME, path=("input", "name")),
        timezone=require_timezone(timezone, path=("input", "timezone")),
        settings=clean,
        guarantee=kind.guarantee,
        capabilities=capability_names(kind.capabilities),
        limits=kind.limits.to_json(),
        basis="",
        public_key=secrets.token_urlsafe(16),
        external_reference=await free_reference(work, Channel, external_reference),
    )
    channel.basis = _basis(channel, dialect="")
    await work.add(channel)
    await _store_secret(work, channel, secret)
    work.record(ChannelConnected(subject_id=channel.id, platform=kind.key))
    work.promise(CheckChannel(workspace_id=channel.workspace_id, channel_id=channel.id))
    return channel


async def update(
    work: UnitOfWork,
    *,
    channel_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Channel:
    """Change a channel's name, zone, settings or credentials; the last two are checked again."""
    work.caller.require(Permission.CHANNELS_WRITE)
    channel = await get(work, Channel, channel_id, lock=True)
    require_version(channel, expected_version)
    kind = platform_by_key(channel.platform)
    clean: dict[str, Any] = {}
    if "name" in changes:
        clean["name"] = require_text(changes["name"], most=_NAME, path=("input", "name"))
    if "timezone" in changes:
        clean["timezone"] = require_timezone(changes["timezone"], path=("input", "timezone"))
    if "settings" in changes:
        settings = read(kind.settings, changes["settings"], path=("input", "settings"))
        clean["settings"] = settings.model_dump(mode="json")
        _require_same_place(channel, clean["settings"])
    changed = await edit(work, channel, clean, expected_version=None)
    if "credentials" in changes:
        await _store_secret(work, channel, _secret(kind, changes["credentials"]))
        if not changed:
            touch(work, channel)
        changed = (*changed, "credentials")
    if not changed:
        return channel
    if {"settings", "credentials"} & set(changed):
        channel.state = ChannelState.CHECKING
        channel.basis = _basis(channel, dialect=channel.dialect)
        work.promise(CheckChannel(workspace_id=channel.workspace_id, channel_id=channel.id))
    work.record(ChannelUpdated(subject_id=channel.id, fields=changed))
    return channel


def _require_same_place(channel: Channel, settings: Mapping[str, Any]) -> None:
    """Raise Invalid for another server or site: post 5 of it is not post 5 of this one.

    The account's number may well be the same there, so checking it would not tell.
    """
    if not channel.remote_id or place_of(settings) == place_of(channel.settings):
        return
    raise Invalid(
        "What is out on this channel is known by its numbers at the address it has. Connect the "
        "other address as a channel of its own.",
        path=("input", "settings", "base_url"),
    )


async def check(work: UnitOfWork, *, channel_id: UUID) -> Channel:
    """Ask the platform again, in a job."""
    work.caller.require(Permission.CHANNELS_WRITE)
    channel = await get(work, Channel, channel_id, lock=True)
    channel.state = ChannelState.CHECKING
    touch(work, channel)
    work.promise(CheckChannel(workspace_id=channel.workspace_id, channel_id=channel.id))
    return channel


async def set_enabled(
    work: UnitOfWork, *, channel_id: UUID, enabled: bool, expected_version: int | None = None
) -> Channel:
    """Switch a channel on or off. Off holds everything before its moment of truth."""
    work.caller.require(Permission.CHANNELS_WRITE)
    channel = await get(work, Channel, channel_id, lock=True)
    if await edit(work, channel, {"enabled": enabled}, expected_version=expected_version):
        happened = ChannelEnabled if enabled else ChannelDisabled
        work.record(happened(subject_id=channel.id))
    return channel


async def access(work: UnitOfWork, *, channel_id: UUID) -> ChannelAccess | None:
    """Return what a worker needs to talk to the platform; None when the channel is gone."""
    row = (
        await work.session.execute(
            select(Channel, Credential)
            .join(Credential, Credential.channel_id == Channel.id)
            .where(Channel.id == channel_id)
        )
    ).one_or_none()
    if row is None:
        return None
    channel, credential = row
    return ChannelAccess(
        channel_id=channel.id,
        workspace_id=channel.workspace_id,
        platform=channel.platform,
        settings=channel.settings,
        secrets=work.vault.open(credential.sealed, row_id=credential.id),
        dialect=channel.dialect,
        remote_id=channel.remote_id,
        guarantee=channel.guarantee,
        limits=Limits.from_json(channel.limits),
        page=f"{work.settings.public_url.rstrip('/')}/feeds/{channel.public_key}",
    )


async def settle_check(work: UnitOfWork, *, channel_id: UUID, found: Checked) -> None:
    """Keep what the platform said; other credentials of another account are refused."""
    channel = await get(work, Channel, channel_id, lock=True)
    if channel.remote_id and found.remote_id != channel.remote_id:
        _settle(
            work,
            channel,
            ChannelState.FAILED,
            f"These credentials belong to {found.handle}, not to {channel.handle}. "
            "Connect the other account as a channel of its own.",
        )
        return
    channel.remote_id = found.remote_id
    channel.handle = found.handle
    channel.url = found.url
    channel.dialect = found.dialect
    channel.guarantee = found.guarantee
    channel.capabilities = capability_names(found.capabilities)
    channel.limits = found.limits.to_json()
    channel.basis = _basis(channel, dialect=found.dialect)
    _settle(work, channel, ChannelState.READY, "")


async def settle_failed_check(
    work: UnitOfWork, *, channel_id: UUID, message: str, needs_auth: bool
) -> None:
    """Keep why the platform could not be asked, in words for the person who connected it."""
    channel = await get(work, Channel, channel_id, lock=True)
    state = ChannelState.NEEDS_AUTH if needs_auth else ChannelState.FAILED
    _settle(work, channel, state, message)


async def hold_for_rate(work: UnitOfWork, *, channel_id: UUID, until: datetime) -> None:
    """Keep the platform's word that this account must wait."""
    channel = await get(work, Channel, channel_id, lock=True)
    if channel.rate_held_until is None or channel.rate_held_until < until:
        channel.rate_held_until = until


async def public_channel(session: AsyncSession, *, key: str) -> tuple[UUID, UUID] | None:
    """Return (workspace, channel) of a public address; None when there is none."""
    row = (
        await session.execute(text("SELECT * FROM hub_public_channel(:key)"), {"key": key})
    ).one_or_none()
    return (row.workspace_id, row.channel_id) if row else None


def _settle(work: UnitOfWork, channel: Channel, state: ChannelState, message: str) -> None:
    channel.state = state
    channel.state_message = message
    channel.checked_at = work.now
    touch(work, channel)
    work.record(ChannelChecked(subject_id=channel.id, state=state))


def _basis(channel: Channel, *, dialect: str) -> str:
    return basis(
        platform=channel.platform,
        settings=channel.settings,
        remote_id=channel.remote_id or "",
        limits=Limits.from_json(channel.limits),
        dialect=dialect,
    )


def _secret(kind: Platform, credentials: Mapping[str, Any]) -> dict[str, str]:
    secret = read(kind.credentials, credentials, path=("input", "credentials"))
    return {name: str(value) for name, value in secret.model_dump().items() if value is not None}


async def _store_secret(work: UnitOfWork, channel: Channel, secret: dict[str, str]) -> None:
    credential = await work.one(
        select(Credential).where(Credential.channel_id == channel.id).with_for_update()
    )
    if credential is None:
        credential = Credential(
            id=new_id(), workspace_id=channel.workspace_id, channel_id=channel.id
        )
        await work.add(credential)
    credential.key_id = work.vault.key_id
    credential.sealed = work.vault.seal(secret, row_id=credential.id)
    await work.session.flush()
