"""What workers do for monitors: look at a source, keep what fits, come again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.reputation.events import MentionFound
from hub.reputation.jobs import CheckSource, JudgeMonitor
from hub.reputation.models import (
    Mention,
    MentionMatch,
    MentionState,
    Monitor,
    MonitorSource,
    SourceKind,
)
from hub.reputation.rules import (
    FEED_PACE,
    SEARCH_PACE,
    Query,
    Text,
    asked_for,
    believable,
    found_in,
    next_look,
)
from hub.reputation.sentiments import Rated, rated

TEXT_MAX = 10_000
_PROBLEM_MAX = 500
#: How long after its time a source without a job is noticed, and how many at once.
_STRAY = timedelta(minutes=10)
_SWEPT = 200
_PACES = {SourceKind.FEED: FEED_PACE, SourceKind.SEARCH: SEARCH_PACE}


@dataclass(frozen=True, kw_only=True)
class Looking:
    """What a worker needs to look at a source: an address, or a channel and what to ask for.

    `version` is that of the monitor.
    """

    source_id: UUID
    version: int
    url: str
    access: ChannelAccess | None
    terms: tuple[str, ...]
    cursor: str
    validators: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Said:
    """Something that was said at a source, as plain text."""

    identity: str
    platform: str
    title: str = ""
    text: str
    url: str
    language: str = ""
    author_name: str = ""
    author_handle: str = ""
    author_url: str = ""
    published_at: datetime | None
    #: What the platform needs to be told to answer it; None where nothing can be answered.
    remote: Mapping[str, Any] | None = None


async def looking(work: UnitOfWork, *, source_id: UUID) -> Looking | datetime | None:
    """Return what to look at, or when to come again; None: nobody wants to know any more."""
    row = await _source(work, source_id)
    if row is None:
        return None
    source, monitor = row
    if not monitor.enabled or source.due_at is None:
        return None
    if source.due_at > work.now:
        return source.due_at
    if source.channel_id is None:
        return _looking(source, monitor, None)
    channel = (
        await work.session.execute(select(Channel).where(Channel.id == source.channel_id))
    ).scalar_one()
    problem = _unusable(channel)
    # Rate holds are kept in the bare clock, looks are due by the hub's.
    held_for = (channel.rate_held_until or work.clock) - work.clock
    if problem or held_for > timedelta():
        source.problem = problem
        source.due_at = work.now + max(SEARCH_PACE, held_for)
        return source.due_at
    access = await channels.access(work, channel_id=channel.id)
    return None if access is None else _looking(source, monitor, access)


def _unusable(channel: Channel) -> str:
    if not channel.enabled:
        return f"{channel.name} is switched off."
    if channel.state is not ChannelState.READY:
        return f"{channel.name} is {channel.state.value}. {channel.state_message}".strip()
    return ""


def _looking(source: MonitorSource, monitor: Monitor, access: ChannelAccess | None) -> Looking:
    return Looking(
        source_id=source.id,
        version=monitor.version,
        url=source.url,
        access=access,
        terms=asked_for(Query.from_json(monitor.query)),
        cursor=source.cursor,
        validators=source.validators,
    )


async def _source(
    work: UnitOfWork, source_id: UUID, *, lock: bool = False
) -> tuple[MonitorSource, Monitor] | None:
    statement = (
        select(MonitorSource, Monitor)
        .join(Monitor, Monitor.id == MonitorSource.monitor_id)
        .where(MonitorSource.id == source_id)
    )
    if lock:
        statement = statement.with_for_update(of=MonitorSource)
    row = (await work.session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def settle_look(
    work: UnitOfWork,
    *,
    looked: Looking,
    said: Sequence[Said],
    cursor: str = "",
    validators: Mapping[str, str] | None = None,
    title: str = "",
) -> datetime | None:
    """Keep what fits and is new, and how far was read; return when to look again."""
    row = await _source(work, looked.source_id, lock=True)
    if row is None:
        return None
    source, monitor = row
    new = await _keep(work, source, monitor, [_bounded(one) for one in said])
    if monitor.version == looked.version:
        # Otherwise it may look for something else by now, and everything is to be read again.
        source.cursor = cursor
        source.validators = dict(validators or {})
    source.title = title or source.title
    source.last_checked_at = work.now
    source.problem, source.failures = "", 0
    if new or source.last_found_at is None:
        source.last_found_at = work.now
    if new:
        work.promise(JudgeMonitor(workspace_id=monitor.workspace_id, monitor_id=monitor.id))
    return _next(work, source, monitor)


async def settle_vain_look(
    work: UnitOfWork, *, looked: Looking, problem: str, wait: timedelta | None = None
) -> datetime | None:
    """Keep why a source could not be looked at, for people; return when to try again."""
    row = await _source(work, looked.source_id, lock=True)
    if row is None:
        return None
    source, monitor = row
    source.last_checked_at = work.now
    source.problem = problem[:_PROBLEM_MAX]
    source.failures += 1
    if wait is not None and source.channel_id is not None:
        await channels.hold_for_rate(work, channel_id=source.channel_id, until=work.clock + wait)
    return _next(work, source, monitor, wait=wait)


def _next(
    work: UnitOfWork, source: MonitorSource, monitor: Monitor, *, wait: timedelta | None = None
) -> datetime | None:
    if not monitor.enabled:
        source.due_at = None
        return None
    source.due_at = next_look(
        pace=_PACES[source.kind],
        now=work.now,
        last_found_at=source.last_found_at,
        failures=source.failures,
        asked_to_wait=wait,
    )
    return source.due_at


def _bounded(said: Said) -> Said:
    clean: dict[str, Any] = {
        name: value.replace("\x00", "")[:most]
        for name, most in _MOST.items()
        if isinstance(value := getattr(said, name), str)
    }
    return replace(said, **clean)


_MOST = {
    "identity": 1_000,
    "title": 500,
    "text": TEXT_MAX,
    "url": 2_000,
    "language": 20,
    "author_name": 200,
    "author_handle": 200,
    "author_url": 2_000,
}


async def _keep(
    work: UnitOfWork, source: MonitorSource, monitor: Monitor, said: Sequence[Said]
) -> int:
    """Keep what fits the query; return how much of it the monitor had not found before."""
    query = Query.from_json(monitor.query)
    fitting: list[tuple[Said, Rated, tuple[str, ...]]] = []
    for one in {one.identity: one for one in said}.values():
        rating = rated(_whole(one), language=one.language)
        terms = found_in(query, Text(text=_whole(one), language=rating.language or ""))
        if terms is not None:
            fitting.append((one, rating, terms))
    # In one order, so that two monitors that find the same never wait for each other.
    fitting.sort(key=lambda known: known[0].identity)
    new = 0
    for one, rating, terms in fitting:
        mention_id = await _mention(work, source, one, rating)
        if await _match(work, monitor, mention_id, terms):
            new += 1
            work.record(MentionFound(subject_id=mention_id, monitor_id=monitor.id))
    return new


def _whole(said: Said) -> str:
    return f"{said.title}\n{said.text}".strip()


async def _mention(work: UnitOfWork, source: MonitorSource, said: Said, rating: Rated) -> UUID:
    made: UUID | None = (
        await work.session.execute(
            insert(Mention)
            .values(
                id=new_id(),
                workspace_id=work.caller.workspace_id,
                identity=said.identity,
                kind=source.kind,
                platform=said.platform,
                channel_id=source.channel_id,
                source_title=source.title,
                author_name=said.author_name,
                author_handle=said.author_handle,
                author_url=said.author_url,
                title=said.title,
                text=said.text,
                url=said.url,
                language=rating.language,
                sentiment=rating.sentiment,
                sentiment_label=rating.label,
                state=MentionState.NEW,
                published_at=believable(said.published_at, now=work.now),
                remote=None if said.remote is None else dict(said.remote),
                version=1,
            )
            .on_conflict_do_nothing(index_elements=["workspace_id", "identity"])
            .returning(Mention.id)
        )
    ).scalar_one_or_none()
    if made is not None:
        return made
    found = select(Mention.id).where(Mention.identity == said.identity)
    return (await work.session.execute(found)).scalar_one()


async def _match(
    work: UnitOfWork, monitor: Monitor, mention_id: UUID, terms: Sequence[str]
) -> bool:
    made = await work.session.execute(
        insert(MentionMatch)
        .values(
            id=new_id(),
            workspace_id=work.caller.workspace_id,
            mention_id=mention_id,
            monitor_id=monitor.id,
            brand_id=monitor.brand_id,
            terms=list(terms),
        )
        .on_conflict_do_nothing(index_elements=["workspace_id", "mention_id", "monitor_id"])
        .returning(MentionMatch.id)
    )
    return made.scalar_one_or_none() is not None


async def sweep(work: UnitOfWork) -> None:
    """Promise anew to look at what is due and nobody looks at; the relay's."""
    strays = await work.all(
        select(MonitorSource.id)
        .where(MonitorSource.due_at < work.now - _STRAY)
        .order_by(MonitorSource.due_at)
        .limit(_SWEPT)
    )
    for source_id in strays:
        work.promise(CheckSource(workspace_id=work.caller.workspace_id, source_id=source_id))
