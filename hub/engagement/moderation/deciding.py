"""What moderators decide about single messages: letting go what waits, hiding, taking back."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.engagement import operations as engagement
from hub.engagement import threads
from hub.engagement.models import Message, Priority, Thread
from hub.engagement.moderation.acting import UNDER_WAY, Done, note
from hub.engagement.moderation.doing import by_somebody, message_of
from hub.engagement.moderation.events import MessageReleased, ModerationActionUndone
from hub.engagement.moderation.models import ActionKind, ActionState, ModerationAction
from hub.engagement.moderation.rules import Act
from hub.kernel.caller import Permission
from hub.kernel.editing import get
from hub.kernel.errors import Unsupported, WrongState
from hub.kernel.work import UnitOfWork
from hub.publishing.events import AmendmentRequested
from hub.publishing.models import AmendmentKind

_LASTING: Mapping[ActionKind, str] = {
    ActionKind.DELETE: "What the platform has taken down cannot be brought back from here.",
    ActionKind.REPLY: "An answer is not undone: withdraw its publication.",
    ActionKind.NOTIFY: "Those who were told know it.",
}


async def release_message(work: UnitOfWork, *, message_id: UUID) -> Message:
    """Let a message be that has waited for a moderator."""
    work.caller.require(Permission.ENGAGEMENT_MODERATE)
    message = await get(work, Message, message_id, path=("input", "messageId"), lock=True)
    if not message.held:
        raise WrongState("It does not wait for a moderator.", path=("input", "messageId"))
    message.held = False
    work.record(MessageReleased(subject_id=message.id))
    for action in await _standing(work, message.id, ActionKind.HOLD):
        _undone(work, action)
    return message


async def undo_action(work: UnitOfWork, *, action_id: UUID) -> ModerationAction:
    """Take back what was done to a message, as far as that can be."""
    work.caller.require(Permission.ENGAGEMENT_MODERATE)
    seen = await get(work, ModerationAction, action_id)
    path = ("input", "id")
    if seen.state not in UNDER_WAY:
        raise WrongState(f"It is {seen.state.value}: there is nothing to undo.", path=path)
    waits = seen.state is ActionState.PENDING and seen.tries == 0
    if seen.kind in _LASTING and not waits:
        raise Unsupported(_LASTING[seen.kind], path=path)
    if seen.kind in _BACK:
        await _BACK[seen.kind](work, seen)
    action = await get(work, ModerationAction, action_id, lock=True)
    if action.state not in UNDER_WAY or (action.kind in _LASTING and action.tries):
        raise WrongState("It was done, or undone, in this moment. Look again.", path=path)
    _undone(work, action)
    return action


async def note_wish(work: UnitOfWork, happened: AmendmentRequested) -> None:
    """Keep that a member hides an answer, or shows it again; a reaction."""
    if happened.kind not in {AmendmentKind.HIDE, AmendmentKind.UNHIDE} or not by_somebody(work):
        return
    message_id = await message_of(work, happened)
    if message_id is None:
        return
    message = await get(work, Message, message_id)
    if happened.kind is AmendmentKind.UNHIDE:
        for action in await _standing(work, message.id, ActionKind.HIDE):
            _undone(work, action)
        return
    await note(
        work,
        message=message,
        kind=ActionKind.HIDE,
        reason="A member hides it.",
        done=Done(state=ActionState.PENDING, before={"held": True} if message.held else None),
        member_id=work.caller.member_id,
    )
    if message.held:
        message.held = False
        for action in await _standing(work, message.id, ActionKind.HOLD):
            _undone(work, action)


async def _standing(work: UnitOfWork, message_id: UUID, kind: ActionKind) -> list[ModerationAction]:
    found = await work.all(
        select(ModerationAction)
        .where(
            ModerationAction.message_id == message_id,
            ModerationAction.kind == kind,
            ModerationAction.state.in_(UNDER_WAY),
        )
        .order_by(ModerationAction.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found)


def _undone(work: UnitOfWork, action: ModerationAction) -> None:
    action.state = ActionState.UNDONE
    action.undone_by = work.caller.member_id
    action.undone_at = work.now
    work.record(
        ModerationActionUndone(subject_id=action.id, message_id=action.message_id, kind=action.kind)
    )


# --- what each kind puts back ---------------------------------------------------------------------


async def _show(work: UnitOfWork, action: ModerationAction) -> None:
    try:
        await engagement.set_hidden(work, message_id=action.message_id, hidden=False)
    except WrongState:
        # It is not hidden, or not yet: nothing is to be shown again.
        return


async def _let_go(work: UnitOfWork, action: ModerationAction) -> None:
    message = await get(work, Message, action.message_id, lock=True)
    if message.held:
        message.held = False
        work.record(MessageReleased(subject_id=message.id))


async def _thread_of(work: UnitOfWork, action: ModerationAction) -> Thread:
    message = await get(work, Message, action.message_id)
    return await get(work, Thread, message.thread_id)


async def _untag(work: UnitOfWork, action: ModerationAction) -> None:
    thread = await _thread_of(work, action)
    tags = sorted(set(thread.tags) - set(action.before.get("added", ())))
    await threads.update_thread(work, thread_id=thread.id, changes={"tags": tags})


async def _unassign(work: UnitOfWork, action: ModerationAction) -> None:
    thread = await _thread_of(work, action)
    # Whoever was given it since keeps it.
    if thread.assignee_id != Act.from_json(action.given).assignee_id:
        return
    stored: Any = action.before.get("assignee_id")
    before = UUID(stored) if stored else None
    await threads.update_thread(work, thread_id=thread.id, changes={"assignee_id": before})


async def _reprioritise(work: UnitOfWork, action: ModerationAction) -> None:
    thread = await _thread_of(work, action)
    if thread.priority is not Act.from_json(action.given).priority:
        return
    before = Priority(action.before.get("priority", Priority.NORMAL))
    await threads.update_thread(work, thread_id=thread.id, changes={"priority": before})


_BACK: Mapping[ActionKind, Callable[[UnitOfWork, ModerationAction], Awaitable[None]]] = {
    ActionKind.HIDE: _show,
    ActionKind.HOLD: _let_go,
    ActionKind.TAG: _untag,
    ActionKind.ASSIGN: _unassign,
    ActionKind.PRIORITY: _reprioritise,
}
