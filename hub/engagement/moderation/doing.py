"""What the platform does about a message for a rule: hiding, taking down, answering.

Locks have one order: the publication a message stands under, then the action.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.channels.platforms.base import Capability, ProblemSeverity
from hub.engagement import operations as engagement
from hub.engagement import saved_replies
from hub.engagement.events import MessageDeleted
from hub.engagement.models import Message
from hub.engagement.moderation.events import (
    MessageHeld,
    ModerationActionDone,
    ModerationActionFailed,
)
from hub.engagement.moderation.models import ActionKind, ActionState, ModerationAction
from hub.engagement.moderation.rules import Act
from hub.kernel.caller import ActorKind
from hub.kernel.editing import get
from hub.kernel.errors import HubError, Invalid, WrongState
from hub.kernel.work import UnitOfWork
from hub.publishing.events import AmendmentDone, AmendmentFailed, AmendmentRequested
from hub.publishing.models import Amendment, AmendmentKind

POLICY = "reply.by_rule"
#: How soon to ask again while the account must not be used.
_REST = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Deleting:
    """What a worker needs to take down what somebody wrote."""

    action_id: UUID
    access: ChannelAccess
    target: Mapping[str, Any]
    tries: int


async def begin(work: UnitOfWork, *, action_id: UUID) -> Deleting | datetime | None:
    """Do what a rule wants as far as the hub can; return what only the platform can do.

    A time says when the account may be used again, None that nothing is left to do.
    """
    action = await work.one(select(ModerationAction).where(ModerationAction.id == action_id))
    if action is None or action.state is not ActionState.PENDING:
        return None
    if action.kind is ActionKind.DELETE:
        return await _begin_deleting(work, action_id)
    try:
        async with work.savepoint():
            publication_id = await (
                _hide(work, action) if action.kind is ActionKind.HIDE else _answer(work, action)
            )
            row = await _pending(work, action_id)
            if row is None:
                raise WrongState("Somebody has undone it meanwhile.")
            row.publication_id = publication_id
            if publication_id is not None:
                settle(work, row)
    except HubError as error:
        await fail(work, action_id=action_id, problem=error.message)
    return None


async def _hide(work: UnitOfWork, action: ModerationAction) -> None:
    await engagement.set_hidden(work, message_id=action.message_id, hidden=True)


async def _answer(work: UnitOfWork, action: ModerationAction) -> UUID:
    act = Act.from_json(action.given)
    if act.saved_reply_id is None:
        raise Invalid("There is nothing to answer with.")
    filled = await saved_replies.render_saved_reply(
        work, saved_reply_id=act.saved_reply_id, message_id=action.message_id
    )
    wrong = [one for one in filled.problems if one.severity is ProblemSeverity.ERROR]
    if wrong:
        raise Invalid(wrong[0].message)
    publication = await engagement.reply(
        work,
        message_id=action.message_id,
        text=filled.text,
        saved_reply_id=act.saved_reply_id,
        policy=POLICY,
    )
    return publication.id


async def _begin_deleting(work: UnitOfWork, action_id: UUID) -> Deleting | datetime | None:
    action = await _pending(work, action_id)
    if action is None:
        return None
    message = await get(work, Message, action.message_id)
    channel = await get(work, Channel, message.channel_id)
    access = await channels.access(work, channel_id=channel.id)
    if message.deleted_at is not None:
        settle(work, action)
        return None
    if access is None or Capability.DELETE_MESSAGES not in channel.capabilities:
        problem = f"{channel.name} cannot take down what others write."
        await fail(work, action_id=action_id, problem=problem)
        return None
    held_for = (channel.rate_held_until or work.clock) - work.clock
    if held_for > timedelta():
        return work.now + held_for
    if not channel.enabled or channel.state is not ChannelState.READY:
        return work.now + _REST
    action.tries += 1
    return Deleting(
        action_id=action.id,
        access=access,
        target=engagement.target_of(message),
        tries=action.tries,
    )


async def settle_deleted(work: UnitOfWork, *, action_id: UUID) -> None:
    """Keep that the platform has taken it down."""
    action = await _pending(work, action_id)
    if action is None:
        return
    settle(work, action)
    message = await get(work, Message, action.message_id, lock=True)
    if message.deleted_at is None:
        message.deleted_at = work.now
        work.record(MessageDeleted(subject_id=message.id, thread_id=message.thread_id))


async def settle_later(work: UnitOfWork, *, action_id: UUID, problem: str) -> None:
    """Keep why it is not done yet."""
    action = await _pending(work, action_id)
    if action is not None:
        action.problem = problem


async def fail(work: UnitOfWork, *, action_id: UUID, problem: str) -> None:
    """Give it up."""
    action = await _pending(work, action_id)
    if action is not None:
        give_up(work, action, problem)


def settle(work: UnitOfWork, action: ModerationAction) -> None:
    """Keep that an action, which is locked, is done."""
    action.state = ActionState.DONE
    action.problem = ""
    work.record(
        ModerationActionDone(subject_id=action.id, message_id=action.message_id, kind=action.kind)
    )


def give_up(work: UnitOfWork, action: ModerationAction, problem: str) -> None:
    """Keep that an action, which is locked, could not be done."""
    action.state = ActionState.FAILED
    action.problem = problem
    work.record(
        ModerationActionFailed(
            subject_id=action.id,
            message_id=action.message_id,
            kind=action.kind,
            problem=problem,
        )
    )


async def _pending(work: UnitOfWork, action_id: UUID) -> ModerationAction | None:
    return await work.one(
        select(ModerationAction)
        .where(ModerationAction.id == action_id, ModerationAction.state == ActionState.PENDING)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


# --- what follows from hiding, whoever wanted it --------------------------------------------------


def by_somebody(work: UnitOfWork) -> bool:
    """Say whether a person, or a program for one, is at work: not the hub by itself."""
    return work.caller.kind is not ActorKind.SYSTEM


async def message_of(
    work: UnitOfWork, happened: AmendmentRequested | AmendmentFailed
) -> UUID | None:
    """Return the message an amendment hides or shows."""
    return await work.one(select(Amendment.message_id).where(Amendment.id == happened.subject_id))


async def note_amendment(work: UnitOfWork, happened: AmendmentDone | AmendmentFailed) -> None:
    """Keep that what was to be hidden is, or could not be; a reaction."""
    if happened.kind not in {AmendmentKind.HIDE, AmendmentKind.UNHIDE}:
        return
    if isinstance(happened, AmendmentDone):
        message_id = happened.message_id
    else:
        message_id = await message_of(work, happened)
    if message_id is None:
        return
    if happened.kind is AmendmentKind.HIDE:
        for action in await _hiding(work, message_id, ActionState.PENDING):
            if isinstance(happened, AmendmentDone):
                settle(work, action)
            else:
                give_up(work, action, happened.problem)
                await _wait_again(work, action)
    elif isinstance(happened, AmendmentFailed):
        for action in await _hiding(work, message_id, ActionState.UNDONE):
            action.problem = happened.problem


async def _wait_again(work: UnitOfWork, action: ModerationAction) -> None:
    """Let a message that waited until somebody hid it wait again: it is there for all to see."""
    if by_somebody(work) or not action.before.get("held"):
        return
    message = await get(work, Message, action.message_id, lock=True)
    if not message.held:
        message.held = True
        work.record(MessageHeld(subject_id=message.id))


async def _hiding(work: UnitOfWork, message_id: UUID, state: ActionState) -> list[ModerationAction]:
    found = await work.all(
        select(ModerationAction)
        .where(
            ModerationAction.message_id == message_id,
            ModerationAction.kind == ActionKind.HIDE,
            ModerationAction.state == state,
        )
        .order_by(ModerationAction.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found)
