"""What rules do to messages that come in, in the transaction that receives them.

What concerns the hub alone is done at once; what the platform must do is a job of its own, so that
nothing a rule wants can keep a message from being received. An act that cannot be done is recorded
with its problem. All messages that come together are judged together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from hub.channels.models import Channel
from hub.engagement import cases, threads
from hub.engagement.events import MessageEdited, MessageReceived, ThreadOpened
from hub.engagement.models import Direction, Message, Thread, ThreadState
from hub.engagement.moderation.events import (
    MessageFlagged,
    MessageHeld,
    ModerationActionTaken,
)
from hub.engagement.moderation.jobs import ActOnMessage
from hub.engagement.moderation.loading import facts_of, rules_of, sanctions_of
from hub.engagement.moderation.models import (
    ActionKind,
    ActionState,
    ModerationAction,
    ModerationRule,
    Sanction,
    SanctionKind,
)
from hub.engagement.moderation.rules import REPLY_REST, Act, Rule, Verdict, evaluate, quoted
from hub.kernel.editing import get, touch
from hub.kernel.errors import HubError
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork

#: These hold for a message of which the platform has not said yet that it is done.
UNDER_WAY = (ActionState.PENDING, ActionState.DONE)
_SILENCED = frozenset({SanctionKind.MUTE, SanctionKind.BLOCK})


async def moderate(work: UnitOfWork, happened: MessageReceived | MessageEdited) -> None:
    """Try the rules on all messages that came, or were edited, in this transaction; a reaction."""
    came = [one for one in work.events if isinstance(one, MessageReceived | MessageEdited)]
    if happened is not came[0]:
        return
    ids = {one.subject_id for one in came}
    rules, sanctions = await _holding(work, ids)
    if not rules and not sanctions:
        return
    messages = await work.all(
        select(Message)
        .where(Message.id.in_(ids), Message.direction == Direction.INBOUND)
        .order_by(Message.written_at, Message.id)
    )
    brands = await _brands(work, messages)
    everything = [rule for some in rules.values() for rule in some]
    facts = await facts_of(work, messages=messages, rules=everything)
    acted = await _acted(work, [one.subject_id for one in came if isinstance(one, MessageEdited)])
    for message in messages:
        known = facts.get(message.id)
        if known is None:
            continue
        silencing = _silencing(sanctions.get(message.person_id or UUID(int=0), ()))
        if silencing is not None:
            await _silence(work, message, silencing)
            continue
        mine = rules.get(brands[message.channel_id], ())
        # Many words to look for in a long text are work that nothing else should wait behind.
        for verdict in await asyncio.to_thread(evaluate, mine, known):
            await _follow(work, message, verdict, acted)
    await _close_silenced(work, messages)


async def _holding(
    work: UnitOfWork, message_ids: set[UUID]
) -> tuple[Mapping[UUID, list[Rule]], Mapping[UUID, list[Sanction]]]:
    """Return the rules and sanctions there are for these messages: mostly none."""
    brands = (
        select(Channel.brand_id)
        .join(Message, Message.channel_id == Channel.id)
        .where(Message.id.in_(message_ids))
    )
    concerned = await work.all(
        select(ModerationRule.brand_id)
        .where(ModerationRule.brand_id.in_(brands), ModerationRule.enabled)
        .distinct()
    )
    rules = await rules_of(work, brand_ids=list(concerned)) if concerned else {}
    persons = await work.all(
        select(Sanction.person_id)
        .join(Message, Message.person_id == Sanction.person_id)
        .where(Message.id.in_(message_ids))
        .distinct()
    )
    return rules, await sanctions_of(work, list(persons)) if persons else {}


async def _brands(work: UnitOfWork, messages: Iterable[Message]) -> Mapping[UUID, UUID]:
    ids = {message.channel_id for message in messages}
    found = await work.session.execute(
        select(Channel.id, Channel.brand_id).where(Channel.id.in_(ids))
    )
    return {row.id: row.brand_id for row in found}


async def _acted(
    work: UnitOfWork, edited: Sequence[UUID]
) -> set[tuple[UUID, UUID | None, ActionKind]]:
    """Return what rules have done already to messages that were edited."""
    if not edited:
        return set()
    found = await work.session.execute(
        select(ModerationAction.message_id, ModerationAction.rule_id, ModerationAction.kind).where(
            ModerationAction.message_id.in_(edited), ModerationAction.state.in_(UNDER_WAY)
        )
    )
    return {(row.message_id, row.rule_id, row.kind) for row in found}


async def _follow(
    work: UnitOfWork,
    message: Message,
    verdict: Verdict,
    acted: set[tuple[UUID, UUID | None, ActionKind]],
) -> None:
    rule = verdict.rule
    for act in rule.acts:
        if (message.id, rule.id, act.kind) in acted:
            continue
        done = await _done(work, message, verdict, act)
        if done is None:
            continue
        await note(
            work,
            message=message,
            kind=act.kind,
            reason=verdict.reason,
            done=done,
            spans=quoted(message.text, verdict.spans),
            given=act.to_json(),
            rule=rule,
        )


@dataclass(frozen=True, kw_only=True)
class Done:
    """How far an act has come, what went wrong, and what undoing it puts back."""

    state: ActionState = ActionState.DONE
    problem: str = ""
    before: Mapping[str, Any] | None = None


async def note(
    work: UnitOfWork,
    *,
    message: Message,
    kind: ActionKind,
    reason: str,
    done: Done,
    spans: Sequence[Mapping[str, Any]] = (),
    given: Mapping[str, Any] | None = None,
    rule: Rule | None = None,
    sanction_id: UUID | None = None,
    member_id: UUID | None = None,
) -> ModerationAction:
    """Record what is done to a message; where the platform must do it, promise the job."""
    row = ModerationAction(
        id=new_id(),
        workspace_id=message.workspace_id,
        message_id=message.id,
        channel_id=message.channel_id,
        person_id=message.person_id,
        rule_id=rule.id if rule else None,
        rule_name=rule.name if rule else "",
        rule_version=rule.version if rule else None,
        member_id=member_id,
        sanction_id=sanction_id,
        kind=kind,
        reason=reason,
        spans=[dict(span) for span in spans],
        given=dict(given or {}),
        before=dict(done.before or {}),
        state=done.state,
        problem=done.problem,
    )
    await work.add(row)
    work.record(
        ModerationActionTaken(
            subject_id=row.id, message_id=message.id, kind=kind, rule_id=row.rule_id, reason=reason
        )
    )
    if done.state is ActionState.PENDING and rule is not None:
        work.promise(ActOnMessage(workspace_id=row.workspace_id, action_id=row.id))
    return row


async def _done(work: UnitOfWork, message: Message, verdict: Verdict, act: Act) -> Done | None:
    """Do an act, or begin it; None where there is nothing to do."""
    try:
        return await _ACTS[act.kind](work, message, verdict, act)
    except HubError as error:
        return Done(state=ActionState.FAILED, problem=error.message)


# --- what each act does at once -------------------------------------------------------------------


async def _later(work: UnitOfWork, message: Message, _verdict: Verdict, act: Act) -> Done | None:
    if act.kind is ActionKind.HIDE and message.hidden:
        return None
    # What several rules want of the platform is asked of it once.
    under_way = await work.one(
        select(ModerationAction.id)
        .where(
            ModerationAction.message_id == message.id,
            ModerationAction.kind == act.kind,
            ModerationAction.state.in_(UNDER_WAY),
        )
        .limit(1)
    )
    return Done(state=ActionState.PENDING) if under_way is None else None


async def _hold(
    work: UnitOfWork, message: Message, _verdict: Verdict, _act: Act | None
) -> Done | None:
    if message.held:
        return None
    message.held = True
    work.record(MessageHeld(subject_id=message.id))
    return Done()


async def _tag(work: UnitOfWork, message: Message, _verdict: Verdict, act: Act) -> Done | None:
    thread = await get(work, Thread, message.thread_id)
    new = sorted(set(act.tags) - set(thread.tags))
    if not new:
        return None
    await threads.update_thread(
        work, thread_id=thread.id, changes={"tags": sorted({*thread.tags, *new})}
    )
    return Done(before={"added": new})


async def _assign(work: UnitOfWork, message: Message, _verdict: Verdict, act: Act) -> Done | None:
    thread = await get(work, Thread, message.thread_id)
    before = thread.assignee_id
    if before == act.assignee_id:
        return None
    await threads.update_thread(work, thread_id=thread.id, changes={"assignee_id": act.assignee_id})
    return Done(before={"assignee_id": str(before) if before else None})


async def _prioritise(
    work: UnitOfWork, message: Message, _verdict: Verdict, act: Act
) -> Done | None:
    thread = await get(work, Thread, message.thread_id)
    before = thread.priority
    if before is act.priority:
        return None
    await threads.update_thread(work, thread_id=thread.id, changes={"priority": act.priority})
    return Done(before={"priority": before.value})


async def _reply(work: UnitOfWork, message: Message, verdict: Verdict, _act: Act) -> Done | None:
    if work.now - message.written_at > REPLY_REST:
        return Done(
            state=ActionState.FAILED,
            problem="It was written more than a day ago: an answer of itself would surprise.",
        )
    answered = await work.one(
        select(ModerationAction.id)
        .where(
            ModerationAction.kind == ActionKind.REPLY,
            ModerationAction.rule_id == verdict.rule.id,
            or_(
                ModerationAction.message_id == message.id,
                ModerationAction.person_id == message.person_id,
            ),
            ModerationAction.state.in_(UNDER_WAY),
            ModerationAction.created_at > work.now - REPLY_REST,
        )
        .limit(1)
    )
    return Done(state=ActionState.PENDING) if answered is None else None


async def _flag(work: UnitOfWork, message: Message, verdict: Verdict, _act: Act) -> Done | None:
    work.record(
        MessageFlagged(subject_id=message.id, rule_id=verdict.rule.id, reason=verdict.reason)
    )
    return Done()


_ACTS: Mapping[
    ActionKind, Callable[[UnitOfWork, Message, Verdict, Act], Awaitable[Done | None]]
] = {
    ActionKind.HIDE: _later,
    ActionKind.DELETE: _later,
    ActionKind.HOLD: _hold,
    ActionKind.TAG: _tag,
    ActionKind.ASSIGN: _assign,
    ActionKind.PRIORITY: _prioritise,
    ActionKind.REPLY: _reply,
    ActionKind.NOTIFY: _flag,
}


# --- those who are muted --------------------------------------------------------------------------


def _silencing(sanctions: Sequence[Sanction]) -> Sanction | None:
    return next((one for one in sanctions if one.kind in _SILENCED), None)


async def _silence(work: UnitOfWork, message: Message, sanction: Sanction) -> None:
    """Let a message wait because its writer is muted or blocked; no rule is tried on it."""
    if message.held:
        return
    message.held = True
    work.record(MessageHeld(subject_id=message.id))
    said = "muted" if sanction.kind is SanctionKind.MUTE else "blocked"
    await note(
        work,
        message=message,
        kind=ActionKind.HOLD,
        reason=f"Its writer is {said}: {sanction.reason}",
        done=Done(),
        sanction_id=sanction.id,
    )


async def _close_silenced(work: UnitOfWork, messages: Sequence[Message]) -> None:
    """Let conversations be done that were opened by nothing but messages of the silenced."""
    opened = {one.subject_id for one in work.events if isinstance(one, ThreadOpened)}
    silenced = {
        one.message_id
        for one in work.events
        if isinstance(one, ModerationActionTaken)
        and one.kind is ActionKind.HOLD
        and one.rule_id is None
    }
    for thread_id in sorted(opened):
        written = {message.id for message in messages if message.thread_id == thread_id}
        if not written or not written <= silenced:
            continue
        thread = await get(work, Thread, thread_id)
        thread.state = ThreadState.DONE
        cases.close(thread)
        touch(work, thread)
