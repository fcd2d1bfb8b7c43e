"""Monitors and mentions, as people change them."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, select, update

from hub.channels.models import Channel
from hub.channels.platforms.base import Capability
from hub.engagement import operations as engagement
from hub.engagement.placing import Received
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text, require_version, touch
from hub.kernel.errors import Invalid, Unsupported, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.reputation.alarms import Alarms, require_alarms
from hub.reputation.events import (
    AlertAcknowledged,
    MentionToInbox,
    MentionUpdated,
    MonitorCreated,
    MonitorUpdated,
)
from hub.reputation.jobs import CheckSource
from hub.reputation.models import Alert, Mention, MentionState, Monitor, MonitorSource, SourceKind
from hub.reputation.rules import SOURCES_MAX, URL_MAX, Query, canonical_url, require_query
from hub.strategy.models import Brand

_NAME = 200


async def create_monitor(
    work: UnitOfWork,
    *,
    brand_id: UUID,
    name: str,
    query: Query,
    channel_ids: Sequence[UUID] = (),
    feeds: Sequence[str] = (),
    enabled: bool = True,
    alarms: Alarms | None = None,
    opens_incident: bool = False,
) -> Monitor:
    """Watch what is said of a brand; its sources are looked at from now on."""
    work.caller.require(Permission.REPUTATION_WRITE)
    brand = await get(work, Brand, brand_id, path=("input", "brandId"))
    monitor = Monitor(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        brand_id=brand.id,
        name=require_text(name, most=_NAME, path=("input", "name")),
        query=require_query(query, path=("input", "query")).to_json(),
        enabled=enabled,
        alarms=require_alarms(alarms or Alarms(), path=("input", "alarms")).to_json(),
        opens_incident=opens_incident,
    )
    places = [
        *await _channels(work, channel_ids),
        *_feeds(feeds),
    ]
    _require_places(places)
    await work.add(monitor)
    await work.add(*(_source(work, monitor, place) for place in places))
    await _look_at(work, monitor)
    work.record(MonitorCreated(subject_id=monitor.id))
    return monitor


async def update_monitor(
    work: UnitOfWork,
    *,
    monitor_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Monitor:
    """Change a monitor; `channel_ids` and `feeds` replace the former ones of their kind."""
    work.caller.require(Permission.REPUTATION_WRITE)
    monitor = await get(work, Monitor, monitor_id, lock=True)
    require_version(monitor, expected_version)
    clean = {name: changes[name] for name in ("enabled", "opens_incident") if name in changes}
    if "name" in changes:
        clean["name"] = require_text(changes["name"], most=_NAME, path=("input", "name"))
    if "query" in changes:
        clean["query"] = require_query(changes["query"], path=("input", "query")).to_json()
    if "alarms" in changes:
        clean["alarms"] = require_alarms(changes["alarms"], path=("input", "alarms")).to_json()
    moved = await _move(work, monitor, changes)
    changed = await edit(work, monitor, clean, expected_version=None)
    if moved and not changed:
        touch(work, monitor)
    changed = (*changed, *moved)
    if not changed:
        return monitor
    if "query" in changed:
        # What was passed over so far may be what is wanted now.
        await work.change(
            update(MonitorSource)
            .where(MonitorSource.monitor_id == monitor.id)
            .values(cursor="", validators={})
        )
    await _look_at(work, monitor)
    work.record(MonitorUpdated(subject_id=monitor.id, fields=changed))
    return monitor


async def _move(work: UnitOfWork, monitor: Monitor, changes: Mapping[str, Any]) -> tuple[str, ...]:
    """Give a monitor other sources; return which kinds of them have changed."""
    wanted: list[tuple[UUID | None, str]] = []
    if "channel_ids" in changes:
        wanted += await _channels(work, changes["channel_ids"])
    if "feeds" in changes:
        wanted += _feeds(changes["feeds"])
    former = await work.all(select(MonitorSource).where(MonitorSource.monitor_id == monitor.id))
    there = {(one.channel_id, one.url): one for one in former}
    fields = {SourceKind.SEARCH: "channel_ids", SourceKind.FEED: "feeds"}
    kept = [place for place, one in there.items() if fields[one.kind] not in changes]
    _require_places([*kept, *wanted])
    gone = [one for place, one in there.items() if place not in {*kept, *wanted}]
    new = [place for place in wanted if place not in there]
    if gone:
        ids = [one.id for one in gone]
        await work.change(delete(MonitorSource).where(MonitorSource.id.in_(ids)))
    added = [_source(work, monitor, place) for place in new]
    await work.add(*added)
    return tuple(sorted({fields[one.kind] for one in (*gone, *added)}))


async def _channels(work: UnitOfWork, channel_ids: Sequence[UUID]) -> list[tuple[UUID | None, str]]:
    places: list[tuple[UUID | None, str]] = []
    for index, channel_id in enumerate(channel_ids[: SOURCES_MAX + 1]):
        path = ("input", "channelIds", str(index))
        channel = await get(work, Channel, channel_id, path=path)
        if Capability.SEARCH_MENTIONS not in channel.capabilities:
            raise Unsupported(f"{channel.name} cannot be searched.", path=path)
        places.append((channel.id, ""))
    return list(dict.fromkeys(places))


def _feeds(feeds: Sequence[str]) -> list[tuple[UUID | None, str]]:
    places: list[tuple[UUID | None, str]] = []
    for index, given in enumerate(feeds[: SOURCES_MAX + 1]):
        path = ("input", "feeds", str(index))
        url = require_text(given, most=URL_MAX, path=path)
        if not canonical_url(url) or "@" in urlsplit(url).netloc:
            raise Invalid("A feed has an address that begins with https://.", path=path)
        places.append((None, url))
    return list(dict.fromkeys(places))


def _require_places(places: Sequence[tuple[UUID | None, str]]) -> None:
    if not places:
        raise Invalid(
            "Name at least one channel that can be searched, or one feed.", path=("input", "feeds")
        )
    if len(places) > SOURCES_MAX:
        raise Invalid(f"A monitor has {SOURCES_MAX} sources at most.", path=("input", "feeds"))


def _source(work: UnitOfWork, monitor: Monitor, place: tuple[UUID | None, str]) -> MonitorSource:
    channel_id, url = place
    return MonitorSource(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        monitor_id=monitor.id,
        kind=SourceKind.FEED if channel_id is None else SourceKind.SEARCH,
        channel_id=channel_id,
        url=url,
        title="",
        cursor="",
        validators={},
        failures=0,
        problem="",
    )


async def _look_at(work: UnitOfWork, monitor: Monitor) -> None:
    """Promise to look at every source of a monitor now, or stop looking."""
    sources = await work.all(select(MonitorSource).where(MonitorSource.monitor_id == monitor.id))
    for source in sources:
        source.due_at = work.now if monitor.enabled else None
        if monitor.enabled:
            work.promise(CheckSource(workspace_id=source.workspace_id, source_id=source.id))


async def update_mention(
    work: UnitOfWork,
    *,
    mention_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Mention:
    """Say how far one has come with a mention, or how it really sounds.

    What is IGNORED counts for no alarm. How a person says it sounds is never reckoned anew.
    """
    work.caller.require(Permission.REPUTATION_WRITE)
    mention = await get(work, Mention, mention_id, lock=True)
    clean = {name: changes[name] for name in ("state", "sentiment_label") if name in changes}
    changed = await edit(work, mention, clean, expected_version=expected_version)
    if changed:
        work.record(MentionUpdated(subject_id=mention.id, fields=changed))
    return mention


async def bring_to_inbox(work: UnitOfWork, *, mention_id: UUID) -> Mention:
    """Make a mention a conversation of the inbox, where it can be answered; once."""
    work.caller.require(Permission.REPUTATION_WRITE)
    work.caller.require(Permission.ENGAGEMENT_REPLY)
    mention = await get(work, Mention, mention_id, lock=True)
    if mention.thread_id is not None:
        raise WrongState("It is in the inbox already.", path=("input", "id"))
    if mention.channel_id is None or mention.remote is None:
        raise Unsupported("An article of a feed cannot be answered.", path=("input", "id"))
    thread = await engagement.open_for_mention(
        work, channel_id=mention.channel_id, post=_as_post(mention, mention.remote)
    )
    mention.thread_id = thread.id
    if mention.state is MentionState.NEW:
        mention.state = MentionState.SEEN
    touch(work, mention)
    work.record(MentionToInbox(subject_id=mention.id, thread_id=thread.id))
    return mention


def _as_post(mention: Mention, remote: Mapping[str, Any]) -> Received:
    return Received(
        remote_id=remote["remote_id"],
        parent_remote_id=remote["parent_remote_id"],
        person_remote_id=remote["person_remote_id"],
        person_handle=mention.author_handle,
        person_name=mention.author_name,
        person_url=mention.author_url,
        text=mention.text,
        html=f"<p>{escape(mention.text)}</p>",
        url=mention.url,
        written_at=mention.published_at,
        language=mention.language,
        extra=remote["extra"],
    )


async def acknowledge_alert(work: UnitOfWork, *, alert_id: UUID) -> Alert:
    """Say that one has seen an alert; whoever comes later changes nothing."""
    work.caller.require(Permission.REPUTATION_WRITE)
    alert = await get(work, Alert, alert_id, lock=True)
    if alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by = work.now, work.caller.member_id
        work.record(AlertAcknowledged(subject_id=alert.id))
    return alert
