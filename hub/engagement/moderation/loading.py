"""What rules are tried on, read from the database: rules, and facts of many messages at once."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from hub.channels.models import Channel
from hub.engagement.contests.rules import handle_key
from hub.engagement.models import Message, Person, Thread, ThreadKind
from hub.engagement.moderation.forms import RATE_MESSAGES_MAX, RATE_MINUTES_MAX
from hub.engagement.moderation.models import (
    ConditionKind,
    ModerationRule,
    Sanction,
    SanctionKind,
    SanctionState,
)
from hub.engagement.moderation.rules import Act, Condition, Facts, Rule
from hub.kernel.work import UnitOfWork

#: Persons with this tag belong to the brand's team: no rule is tried on what they write.
TEAM = "team"
_LONGEST = timedelta(minutes=RATE_MINUTES_MAX)
#: In these states somebody is sanctioned, as far as the hub is concerned.
HOLDS = (SanctionState.WANTED, SanctionState.IN_FORCE)


def rule_of(row: ModerationRule) -> Rule:
    """Return a stored rule as it is tried."""
    return Rule(
        id=row.id,
        name=row.name,
        version=row.version,
        channel_ids=frozenset(map(UUID, row.channel_ids)),
        thread_kinds=frozenset(map(ThreadKind, row.thread_kinds)),
        match=row.match,
        conditions=tuple(map(Condition.from_json, row.conditions)),
        acts=tuple(map(Act.from_json, row.actions)),
        stop=row.stop,
    )


async def rules_of(work: UnitOfWork, *, brand_ids: Sequence[UUID]) -> Mapping[UUID, list[Rule]]:
    """Return the rules of brands that are switched on, in their order.

    Nobody throws one away before what it did is written.
    """
    found = await work.all(
        select(ModerationRule)
        .where(ModerationRule.brand_id.in_(brand_ids), ModerationRule.enabled)
        .order_by(ModerationRule.id)
        .with_for_update(read=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    rules: dict[UUID, list[Rule]] = defaultdict(list)
    for row in sorted(found, key=lambda row: (row.position, row.id)):
        rules[row.brand_id].append(rule_of(row))
    return rules


async def sanctions_of(
    work: UnitOfWork, person_ids: Sequence[UUID | None]
) -> Mapping[UUID, list[Sanction]]:
    """Return the sanctions that persons are under."""
    found = await work.all(
        select(Sanction)
        .where(Sanction.person_id.in_(set(filter(None, person_ids))), Sanction.state.in_(HOLDS))
        .order_by(Sanction.id)
    )
    sanctions: dict[UUID, list[Sanction]] = defaultdict(list)
    for row in found:
        sanctions[row.person_id].append(row)
    return sanctions


async def facts_of(
    work: UnitOfWork, *, messages: Sequence[Message], rules: Sequence[Rule]
) -> Mapping[UUID, Facts]:
    """Return what is known of messages by their ids; those of the brand's own people are left out.

    What no rule asks for is not read.
    """
    asked = {condition.kind: condition for rule in rules for condition in rule.conditions}
    first = any(condition.first_message for rule in rules for condition in rule.conditions)
    ids = {message.person_id for message in messages if message.person_id is not None}
    persons = {row.id: row for row in await work.all(select(Person).where(Person.id.in_(ids)))}
    kinds = await _kinds(work, messages)
    ours = await _ours(work, persons.values())
    sanctions = await sanctions_of(work, list(ids)) if ConditionKind.AUTHOR in asked else {}
    times = await _times(work, messages, ids) if ConditionKind.RATE in asked else {}
    firsts = await _firsts(work, ids) if first else {}
    facts: dict[UUID, Facts] = {}
    for message in messages:
        person = persons.get(message.person_id) if message.person_id else None
        if person is not None and (person.id in ours or TEAM in person.tags):
            continue
        key = message.person_id or UUID(int=0)
        facts[message.id] = Facts(
            text=message.text,
            html=message.html,
            channel_id=message.channel_id,
            thread_kind=kinds[message.thread_id],
            written_at=message.written_at,
            language=message.language,
            sentiment=message.sentiment,
            handle=person.handle if person else "",
            first_message=firsts.get(key) == message.id,
            person_tags=frozenset(person.tags if person else ()),
            sanctions=frozenset(SanctionKind(one.kind) for one in sanctions.get(key, ())),
            times=_recent(times.get(key, ()), message.written_at),
        )
    return facts


async def is_ours(work: UnitOfWork, person: Person) -> bool:
    """Say whether a person is an account of the workspace itself."""
    return bool(await _ours(work, [person]))


async def _kinds(work: UnitOfWork, messages: Sequence[Message]) -> Mapping[UUID, ThreadKind]:
    ids = {message.thread_id for message in messages}
    found = await work.session.execute(select(Thread.id, Thread.kind).where(Thread.id.in_(ids)))
    return {row.id: row.kind for row in found}


async def _ours(work: UnitOfWork, persons: Iterable[Person]) -> set[UUID]:
    """Return which persons are accounts of the workspace itself."""
    rows = await work.session.execute(
        select(Channel.id, Channel.platform, Channel.remote_id, Channel.handle)
    )
    channels = list(rows)
    platforms = {row.id: row.platform for row in channels}
    own = {(row.platform, row.remote_id) for row in channels if row.remote_id}
    own |= {(row.platform, handle_key(row.handle)) for row in channels if row.handle}
    return {
        person.id
        for person in persons
        if {
            (platforms.get(person.channel_id), person.remote_id),
            (platforms.get(person.channel_id), handle_key(person.handle)),
        }
        & own
    }


async def _times(
    work: UnitOfWork, messages: Sequence[Message], person_ids: set[UUID]
) -> Mapping[UUID, list[datetime]]:
    since = min(message.written_at for message in messages) - _LONGEST
    found = await work.session.execute(
        select(Message.person_id, Message.written_at)
        .where(Message.person_id.in_(person_ids), Message.written_at > since)
        .order_by(Message.written_at)
    )
    times: dict[UUID, list[datetime]] = defaultdict(list)
    for row in found:
        times[row.person_id].append(row.written_at)
    return times


async def _firsts(work: UnitOfWork, person_ids: set[UUID]) -> Mapping[UUID, UUID]:
    """Return the first message of each person."""
    ranked = (
        select(
            Message.id,
            Message.person_id,
            func.row_number()
            .over(partition_by=Message.person_id, order_by=(Message.written_at, Message.id))
            .label("place"),
        )
        .where(Message.person_id.in_(person_ids))
        .subquery()
    )
    found = await work.session.execute(
        select(ranked.c.id, ranked.c.person_id).where(ranked.c.place == 1)
    )
    return {row.person_id: row.id for row in found}


def _recent(times: Sequence[datetime], written_at: datetime) -> Sequence[datetime]:
    """Return the last times up to a moment: as many as any rule counts."""
    until = bisect_right(times, written_at)
    return times[max(0, until - RATE_MESSAGES_MAX) : until]
