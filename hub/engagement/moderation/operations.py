"""The rules of a brand: making, changing and ordering them, and trying them on what came lately."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from hub.access.models import Member
from hub.channels.models import Channel
from hub.engagement.models import Direction, Message, SavedReply, Thread, ThreadKind
from hub.engagement.moderation.errors import TooBroad
from hub.engagement.moderation.events import (
    ModerationRuleCreated,
    ModerationRuleDeleted,
    ModerationRulesReordered,
    ModerationRuleUpdated,
)
from hub.engagement.moderation.forms import RULES_MAX, require_acts, require_conditions
from hub.engagement.moderation.loading import facts_of, rule_of
from hub.engagement.moderation.models import ActionKind, ModerationRule, RuleMatch
from hub.engagement.moderation.rules import (
    Act,
    Facts,
    Rule,
    Verdict,
    is_broad,
    judge,
    quoted,
    share,
)
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text
from hub.kernel.errors import Invalid, NotFound, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.strategy.models import Brand

_NAME = 200
#: On how many of the last messages a rule is tried before it may hide or delete.
_TRIED = 200
LAST_MAX = 1_000
SAMPLES_MAX = 20
_SEVERE = frozenset({ActionKind.HIDE, ActionKind.DELETE})
#: What a rule does of these, whoever makes it must be allowed to do by hand.
_ANSWERING = frozenset({ActionKind.REPLY, ActionKind.TAG, ActionKind.ASSIGN, ActionKind.PRIORITY})

Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A rule as somebody writes it; conditions and actions are still as they were given."""

    brand_id: UUID
    name: str
    conditions: Sequence[Mapping[str, Any]]
    actions: Sequence[Mapping[str, Any]]
    channel_ids: Sequence[UUID] = ()
    thread_kinds: Sequence[ThreadKind] = ()
    match: RuleMatch = RuleMatch.ALL
    enabled: bool = True
    stop: bool = False


class DryWarning(StrEnum):
    """What a trial tells of a rule as a whole."""

    MATCHES_NEARLY_EVERYTHING = "MATCHES_NEARLY_EVERYTHING"
    MATCHES_NOTHING = "MATCHES_NOTHING"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A message a rule would act on, why, and where in its text."""

    message_id: UUID
    reason: str
    spans: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What a rule would have done about the last messages of its channels."""

    looked_at: int
    matched: int
    share: float
    acts: Mapping[ActionKind, int]
    samples: Sequence[Sample]
    warnings: Sequence[DryWarning]


async def create_rule(
    work: UnitOfWork, *, draft: Draft, accept_broad: bool = False
) -> ModerationRule:
    """Make a rule of a brand; it is tried after those there are.

    One that would hide or delete nearly everything is refused unless that is accepted.
    """
    work.caller.require(Permission.ENGAGEMENT_MODERATE)
    # Rules of a brand are numbered one after the other.
    brand = await get(work, Brand, draft.brand_id, path=("input", "brandId"), lock=True)
    clean = await _cleaned(work, vars(draft), brand_id=brand.id, path=("input",))
    count, last = (
        await work.session.execute(
            select(func.count(), func.max(ModerationRule.position)).where(
                ModerationRule.brand_id == brand.id
            )
        )
    ).one()
    if count >= RULES_MAX:
        raise Invalid(f"A brand has {RULES_MAX} rules at most.", path=("input", "brandId"))
    row = ModerationRule(
        id=new_id(),
        workspace_id=brand.workspace_id,
        brand_id=brand.id,
        position=(last or 0) + 1,
        version=1,
        **clean,
    )
    _require_allowed(work, row)
    await _require_narrow(work, row, accepted=accept_broad)
    await work.add(row)
    work.record(ModerationRuleCreated(subject_id=row.id))
    return row


async def update_rule(
    work: UnitOfWork,
    *,
    rule_id: UUID,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
    accept_broad: bool = False,
) -> ModerationRule:
    """Change a rule; `changes` has the fields of a draft, but for the brand."""
    work.caller.require(Permission.ENGAGEMENT_MODERATE)
    row = await get(work, ModerationRule, rule_id, lock=True)
    clean = await _cleaned(work, changes, brand_id=row.brand_id, path=("input",))
    changed = await edit(work, row, clean, expected_version=expected_version)
    _require_allowed(work, row)
    if set(changed) - {"name"}:
        await _require_narrow(work, row, accepted=accept_broad)
    if changed:
        work.record(ModerationRuleUpdated(subject_id=row.id, fields=changed))
    return row


async def delete_rule(work: UnitOfWork, *, rule_id: UUID) -> ModerationRule:
    """Throw a rule away; what it did stays, under its name. Return what it was."""
    work.caller.require(Permission.ENGAGEMENT_MODERATE)
    row = await get(work, ModerationRule, rule_id, lock=True)
    await work.session.delete(row)
    work.record(ModerationRuleDeleted(subject_id=rule_id))
    return row


async def reorder_rules(
    work: UnitOfWork, *, brand_id: UUID, rule_ids: Sequence[UUID]
) -> Sequence[ModerationRule]:
    """Try the rules of a brand in this order from now on; every one of them is named once."""
    work.caller.require(Permission.ENGAGEMENT_MODERATE)
    brand = await get(work, Brand, brand_id, path=("input", "brandId"), lock=True)
    found = await work.all(
        select(ModerationRule)
        .where(ModerationRule.brand_id == brand.id)
        .order_by(ModerationRule.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    known = {row.id: row for row in found}
    for index, rule_id in enumerate(rule_ids):
        if rule_id not in known:
            path = ("input", "ruleIds", str(index))
            raise NotFound("There is nothing with this id.", path=path)
    if len(rule_ids) != len(known) or set(rule_ids) != set(known):
        raise Invalid("Name every rule of the brand once.", path=("input", "ruleIds"))
    for place, rule_id in enumerate(rule_ids, start=1):
        await edit(work, known[rule_id], {"position": place}, expected_version=None)
    work.record(ModerationRulesReordered(subject_id=brand.id, rule_ids=tuple(rule_ids)))
    return [known[rule_id] for rule_id in rule_ids]


async def dry_run(
    work: UnitOfWork,
    *,
    rule_id: UUID | None = None,
    draft: Draft | None = None,
    last: int = _TRIED,
) -> DryRun:
    """Return what a stored rule, or one that is being written, finds; nothing is changed."""
    work.caller.require(Permission.ENGAGEMENT_READ)
    if (rule_id is None) == (draft is None):
        raise Invalid("Name either a rule or its id.", path=("ruleId",))
    if not 1 <= last <= LAST_MAX:
        raise Invalid(f"This is a number from 1 to {LAST_MAX}.", path=("newest",))
    if draft is None:
        row = await get(work, ModerationRule, rule_id or UUID(int=0), path=("ruleId",))
        return await _tried(work, rule_of(row), brand_id=row.brand_id, last=last)
    brand = await get(work, Brand, draft.brand_id, path=("rule", "brandId"))
    clean = await _cleaned(work, vars(draft), brand_id=brand.id, path=("rule",))
    row = ModerationRule(id=new_id(), version=1, position=0, brand_id=brand.id, **clean)
    return await _tried(work, rule_of(row), brand_id=brand.id, last=last)


def _require_allowed(work: UnitOfWork, row: ModerationRule) -> None:
    if any(act.kind in _ANSWERING for act in rule_of(row).acts):
        work.caller.require(Permission.ENGAGEMENT_REPLY)


async def _require_narrow(work: UnitOfWork, row: ModerationRule, *, accepted: bool) -> None:
    rule = rule_of(row)
    if accepted or not row.enabled or not {act.kind for act in rule.acts} & _SEVERE:
        return
    found = await _tried(work, rule, brand_id=row.brand_id, last=_TRIED)
    if is_broad(found.matched, found.looked_at):
        raise TooBroad(
            f"It would have held for {found.matched} of the last {found.looked_at} messages "
            f"({found.share:.0%}). Narrow it down, or say acceptBroad.",
            path=("input", "conditions"),
        )


async def _tried(work: UnitOfWork, rule: Rule, *, brand_id: UUID, last: int) -> DryRun:
    where = [Channel.brand_id == brand_id, Message.direction == Direction.INBOUND]
    if rule.channel_ids:
        where.append(Message.channel_id.in_(rule.channel_ids))
    if rule.thread_kinds:
        where.append(Thread.kind.in_(rule.thread_kinds))
    messages = await work.all(
        select(Message)
        .join(Channel, Channel.id == Message.channel_id)
        .join(Thread, Thread.id == Message.thread_id)
        .where(*where)
        .order_by(Message.written_at.desc(), Message.id.desc())
        .limit(last)
    )
    facts = await facts_of(work, messages=messages, rules=[rule]) if messages else {}
    # Many long texts and many words to look for are the work of seconds: nobody waits behind it.
    verdicts = await asyncio.to_thread(_verdicts, rule, facts)
    found = [(message, verdicts[message.id]) for message in messages if message.id in verdicts]
    return DryRun(
        looked_at=len(messages),
        matched=len(found),
        share=share(len(found), len(messages)),
        acts=Counter({act.kind: len(found) for act in rule.acts}),
        samples=[
            Sample(
                message_id=message.id,
                reason=verdict.reason,
                spans=quoted(message.text, verdict.spans),
            )
            for message, verdict in found[:SAMPLES_MAX]
        ],
        warnings=list(_warnings(len(found), len(messages))),
    )


def _verdicts(rule: Rule, facts: Mapping[UUID, Facts]) -> Mapping[UUID, Verdict]:
    found = {message_id: judge(rule, known) for message_id, known in facts.items()}
    return {message_id: verdict for message_id, verdict in found.items() if verdict is not None}


def _warnings(matched: int, looked_at: int) -> list[DryWarning]:
    if is_broad(matched, looked_at):
        return [DryWarning.MATCHES_NEARLY_EVERYTHING]
    return [] if matched else [DryWarning.MATCHES_NOTHING]


async def _cleaned(
    work: UnitOfWork, given: Mapping[str, Any], *, brand_id: UUID, path: Path
) -> dict[str, Any]:
    """Return those of the given fields that a rule is made of, as they are stored."""
    clean = {name: given[name] for name in ("match", "enabled", "stop") if name in given}
    if "name" in given:
        clean["name"] = require_text(given["name"], most=_NAME, path=(*path, "name"))
    if "thread_kinds" in given:
        clean["thread_kinds"] = sorted({ThreadKind(kind).value for kind in given["thread_kinds"]})
    if "channel_ids" in given:
        clean["channel_ids"] = await _channels(
            work, given["channel_ids"], brand_id, (*path, "channelIds")
        )
    if "conditions" in given:
        conditions = require_conditions(given["conditions"], path=(*path, "conditions"))
        clean["conditions"] = [condition.to_json() for condition in conditions]
    if "actions" in given:
        acts = require_acts(given["actions"], path=(*path, "actions"))
        for index, act in enumerate(acts):
            await _require_named(work, act, brand_id, (*path, "actions", str(index)))
        clean["actions"] = [act.to_json() for act in acts]
    return clean


async def _channels(
    work: UnitOfWork, channel_ids: Sequence[UUID], brand_id: UUID, path: Path
) -> list[str]:
    found = await work.session.execute(
        select(Channel.id, Channel.brand_id).where(Channel.id.in_(channel_ids))
    )
    brands = {row.id: row.brand_id for row in found}
    for index, channel_id in enumerate(channel_ids):
        if channel_id not in brands:
            raise NotFound("There is nothing with this id.", path=(*path, str(index)))
        if brands[channel_id] != brand_id:
            raise Invalid("This channel belongs to another brand.", path=(*path, str(index)))
    return sorted({str(channel_id) for channel_id in channel_ids})


async def _require_named(work: UnitOfWork, act: Act, brand_id: UUID, path: Path) -> None:
    """Raise unless whoever or whatever an act names is there."""
    if act.assignee_id is not None:
        where = (*path, "assigneeId")
        member = await get(work, Member, act.assignee_id, path=where)
        if member.removed_at is not None:
            raise WrongState("This member was removed.", path=where)
    if act.saved_reply_id is not None:
        where = (*path, "savedReplyId")
        saved = await get(work, SavedReply, act.saved_reply_id, path=where)
        if saved.brand_id != brand_id:
            raise Invalid("These words belong to another brand.", path=where)
