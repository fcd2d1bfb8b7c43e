"""Calls of triggers: found by their key, checked, done once, and answered the same every time."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.automation import following, rules, sealing
from hub.automation.acting import ACTIONS, Answer, Done
from hub.automation.errors import IdReused, TooManyCalls
from hub.automation.events import TriggerFired, TriggerRefused
from hub.automation.models import Trigger, TriggerAction, TriggerCall
from hub.automation.rows import read_object
from hub.kernel.caller import ActorKind, Caller
from hub.kernel.errors import ErrorCode, HubError, Unauthenticated
from hub.kernel.ids import global_id, new_id
from hub.kernel.signatures import Signed, is_genuine, secret_bytes
from hub.kernel.work import UnitOfWork

_STATUS = {
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.NOT_APPROVED: 409,
    ErrorCode.WRONG_STATE: 409,
    ErrorCode.TAKEN: 409,
    ErrorCode.IDEMPOTENCY_KEY_REUSED: 409,
    ErrorCode.RATE_LIMITED: 429,
}
_OTHERWISE = 422
#: Inputs of the operations below, as the body of a call names them.
_NAMES = {"contentItemId": "externalReference", "channelId": "channelIds"}


async def trigger_by_key(session: AsyncSession, *, key: str) -> tuple[UUID, UUID] | None:
    """Return (workspace, trigger) of a public key; None when there is none."""
    row = (
        await session.execute(text("SELECT * FROM hub_public_trigger(:key)"), {"key": key})
    ).one_or_none()
    return (row.workspace_id, row.trigger_id) if row else None


async def authenticate(work: UnitOfWork, *, trigger_id: UUID, message: Signed) -> Caller:
    """Return the trigger as a caller; Unauthenticated, and nothing more, for every wrong call.

    A trigger that does not exist takes the same steps as one that does.
    """
    trigger = await work.one(select(Trigger).where(Trigger.id == trigger_id))
    _require_genuine(work, trigger, message)
    return Caller(
        workspace_id=work.caller.workspace_id,
        kind=ActorKind.TRIGGER,
        trigger_id=trigger_id,
        name=trigger.name if trigger else "",
        permissions=frozenset(rules.NEEDS[action] for action in trigger.actions)
        if trigger
        else frozenset(),
    )


async def answer(work: UnitOfWork, *, message: Signed) -> Answer:
    """Do what a genuine call asks, once; the caller is its trigger.

    What is done and its answer are one transaction. A refusal is kept as well, and nothing but
    it. Raises Unauthenticated, IdReused and TooManyCalls, of which nothing is kept.
    """
    trigger_id = _trigger_id(work)
    # Calls of one trigger follow one another: whoever repeats waits for the answer of the first.
    trigger = await work.one(
        select(Trigger)
        .where(Trigger.id == trigger_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    _require_genuine(work, trigger, message)
    digest = rules.body_hash(message.body)
    earlier = await work.one(
        select(TriggerCall).where(
            TriggerCall.trigger_id == trigger_id, TriggerCall.message_id == message.id
        )
    )
    if earlier is not None:
        if earlier.body_hash != digest:
            raise IdReused("This webhook-id stands for another body. Take a new one for this.")
        return Answer(status=earlier.status, body=earlier.answer, replayed=True)
    await _require_pace(work)
    call_id = new_id()
    done = await _done(work, trigger, message, call_id)
    answered = done.answer
    await work.add(
        TriggerCall(
            id=call_id,
            workspace_id=work.caller.workspace_id,
            trigger_id=trigger_id,
            message_id=message.id,
            body_hash=digest,
            status=answered.status,
            code=answered.body.get("code"),
            answer=answered.body,
            received_at=work.clock,
            action=done.action,
            item_id=done.item_id,
            review_id=done.review_id,
            import_id=done.import_id,
            publications=[str(one) for one in done.publications],
        )
    )
    await work.change(
        update(Trigger).where(Trigger.id == trigger_id).values(last_called_at=work.clock)
    )
    return answered


async def forget_old_calls(work: UnitOfWork) -> int:
    """Delete the workspace's calls that no genuine request can repeat; return how many."""
    return await work.change(
        delete(TriggerCall).where(TriggerCall.received_at < work.clock - rules.CALLS_KEPT)
    )


def refused(error: HubError) -> Answer:
    """Return how an expected error is answered."""
    path = list(error.path)
    if path[:1] == ["input"]:
        path = [_NAMES.get(part, part) for part in path[1:]]
    return Answer(
        status=_STATUS.get(error.code, _OTHERWISE),
        body={"code": error.code.value, "message": error.message, "path": path},
    )


def _require_genuine(work: UnitOfWork, trigger: Trigger | None, message: Signed) -> None:
    secrets = (
        sealing.opened(work, trigger, row_id=trigger.id)
        if trigger is not None
        else sealing.nobodys(work.vault)
    )
    keys = [secret_bytes(secret) for secret in secrets]
    genuine = is_genuine(message, keys, now=work.clock)
    if trigger is None or not trigger.enabled or not genuine:
        raise Unauthenticated("This call is not valid.")


async def _require_pace(work: UnitOfWork) -> None:
    since = work.clock - rules.RATE_SPAN
    row = (
        await work.session.execute(
            select(func.count(), func.min(TriggerCall.received_at)).where(
                TriggerCall.trigger_id == work.caller.trigger_id, TriggerCall.received_at > since
            )
        )
    ).one()
    if row[0] >= work.settings.trigger_rate:
        raise TooManyCalls(wait=row[1] - since)


async def _done(work: UnitOfWork, trigger: Trigger | None, message: Signed, call_id: UUID) -> Done:
    given: dict[str, Any] = {}
    action = None
    try:
        given = read_object(message.body)
        action = rules.wanted_action(given, trigger.actions if trigger else ())
        async with work.savepoint():
            done = await ACTIONS[action](work, given)
    except HubError as error:
        done = Done(action=action, answer=refused(error))
    if done.answer.body.get("code") is not None:
        work.record(
            TriggerRefused(
                subject_id=_trigger_id(work),
                message_id=message.id,
                code=done.answer.body["code"],
            )
        )
        return done
    _note(work, message, done)
    return replace(done, answer=_followed(work, done, call_id))


def _note(work: UnitOfWork, message: Signed, done: Done) -> None:
    work.record(
        TriggerFired(
            subject_id=_trigger_id(work),
            message_id=message.id,
            external_reference=done.external_reference,
            action=done.action or TriggerAction.PUBLISH,
            publications=done.publications,
            scheduled=done.scheduled,
            item_id=done.item_id,
            review_id=done.review_id,
            import_id=done.import_id,
        )
    )


def _followed(work: UnitOfWork, done: Done, call_id: UUID) -> Answer:
    """Say in an answer where what it began can be followed."""
    path = following.operation_path(
        work.vault, workspace_id=work.caller.workspace_id, call_id=call_id
    )
    operation = {
        "id": global_id("TriggerCall", call_id),
        "url": f"{work.settings.public_url.rstrip('/')}{path}",
    }
    return replace(done.answer, body={**done.answer.body, "operation": operation})


def _trigger_id(work: UnitOfWork) -> UUID:
    if work.caller.trigger_id is None:
        raise TypeError("Only a trigger answers calls.")
    return work.caller.trigger_id
