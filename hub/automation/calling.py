"""Calls of triggers: found by their key, checked, done once, and answered the same every time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.automation import rules, sealing
from hub.automation.errors import IdReused, TooManyCalls
from hub.automation.events import TriggerFired, TriggerRefused
from hub.automation.models import Trigger, TriggerCall
from hub.automation.rules import Wish
from hub.channels.models import Channel
from hub.content.models import ContentItem, Edition
from hub.kernel.caller import ActorKind, Caller, Permission
from hub.kernel.errors import ErrorCode, HubError, NotFound, Unauthenticated, WrongState
from hub.kernel.ids import global_id, new_id
from hub.kernel.signatures import Signed, is_genuine, secret_bytes
from hub.kernel.work import UnitOfWork
from hub.publishing import operations as publishing
from hub.publishing.errors import NotApproved
from hub.publishing.models import HoldReason, Publication, PublicationState
from hub.review.models import Approval

#: What a trigger may do, whatever whoever made it may.
MAY = frozenset({Permission.PUBLISHING_WRITE})

_OUTDATED = (HoldReason.SUPERSEDED, HoldReason.EDITION_STALE)
_ENDED = (
    PublicationState.CANCELLED,
    PublicationState.FAILED,
    PublicationState.EXPIRED,
    PublicationState.WITHDRAWN,
)
_STATUS = {
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


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a call is answered: a status and plain JSON; `replayed` when it was done before."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


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
        permissions=MAY,
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
    answered = await _done(work, message)
    await work.add(
        TriggerCall(
            id=new_id(),
            workspace_id=work.caller.workspace_id,
            trigger_id=trigger_id,
            message_id=message.id,
            body_hash=digest,
            status=answered.status,
            code=answered.body.get("code"),
            answer=answered.body,
            received_at=work.clock,
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


async def _done(work: UnitOfWork, message: Signed) -> Answer:
    try:
        async with work.savepoint():
            return await _publish(work, message)
    except HubError as error:
        work.record(
            TriggerRefused(
                subject_id=_trigger_id(work), message_id=message.id, code=error.code.value
            )
        )
        return refused(error)


async def _publish(work: UnitOfWork, message: Signed) -> Answer:
    wish = rules.read_wish(message.body)
    item = await work.one(
        select(ContentItem)
        .where(ContentItem.external_reference == wish.externalReference)
        .with_for_update()
    )
    if item is None:
        raise NotFound("No content has this reference.", path=("externalReference",))
    if item.archived:
        raise WrongState("This content is archived.", path=("externalReference",))
    rows, scheduled = [], []
    for edition in await _editions(work, item, wish):
        row = await _standing(work, item, edition)
        if row is None:
            row = await publishing.schedule(
                work,
                item_id=item.id,
                channel_id=edition.channel_id,
                scheduled_for=wish.scheduledFor,
            )
            scheduled.append(row.id)
        rows.append(row)
    work.record(
        TriggerFired(
            subject_id=_trigger_id(work),
            message_id=message.id,
            external_reference=wish.externalReference,
            publications=tuple(row.id for row in rows),
            scheduled=tuple(scheduled),
        )
    )
    return Answer(status=202 if scheduled else 200, body=_told(wish, rows))


async def _editions(work: UnitOfWork, item: ContentItem, wish: Wish) -> Sequence[Edition]:
    """Return the approved editions that are asked for; NotApproved unless it is all of them."""
    found = await work.all(
        select(Edition)
        .join(Approval, Approval.edition_id == Edition.id)
        .where(
            Edition.revision_id == item.current_revision_id,
            Approval.hash == Edition.hash,
            Approval.revoked_at.is_(None),
        )
        .order_by(Edition.id)
    )
    approved = {edition.channel_id: edition for edition in found}
    wanted = await _channels(work, wish) if wish.channelIds or wish.channels else list(approved)
    for place in wanted:
        if place not in approved:
            raise NotApproved(
                "Nobody has approved the current words of this content for one of the channels.",
                path=("channels" if wish.channels else "channelIds",),
            )
    if not wanted:
        raise NotApproved(
            "Nobody has approved the current words of this content. Have them reviewed first.",
            path=("externalReference",),
        )
    return [approved[place] for place in wanted]


async def _channels(work: UnitOfWork, wish: Wish) -> list[UUID]:
    rows = await work.session.execute(
        select(Channel.id, Channel.external_reference).where(
            Channel.workspace_id == work.caller.workspace_id
        )
    )
    field_name = "channels" if wish.channels else "channelIds"
    known = {
        row.external_reference if wish.channels else global_id("Channel", row.id): row.id
        for row in rows
    }
    asked = wish.channels or wish.channelIds or []
    for index, name in enumerate(asked):
        if name not in known:
            raise NotFound("There is no such channel.", path=(field_name, str(index)))
    return list(dict.fromkeys(known[name] for name in asked))


async def _standing(work: UnitOfWork, item: ContentItem, edition: Edition) -> Publication | None:
    """Return what is out or on its way of this content on the channel, if anything.

    What is held because its words are outdated does not count, unless they are these very words.
    """
    rows = await work.all(
        select(Publication)
        .where(
            Publication.item_id == item.id,
            Publication.channel_id == edition.channel_id,
            Publication.state.not_in(_ENDED),
        )
        .order_by(Publication.id.desc())
    )
    standing = (
        row for row in rows if row.hold_reason not in _OUTDATED or row.edition_id == edition.id
    )
    return next(standing, None)


def _told(wish: Wish, rows: Sequence[Publication]) -> dict[str, Any]:
    return {
        "externalReference": wish.externalReference,
        "publications": [
            {
                "id": global_id("Publication", row.id),
                "channelId": global_id("Channel", row.channel_id),
                "state": row.state.value,
                "holdReason": row.hold_reason.value if row.hold_reason else None,
                "scheduledFor": row.scheduled_for.isoformat() if row.scheduled_for else None,
                "url": row.url,
            }
            for row in rows
        ],
    }


def _trigger_id(work: UnitOfWork) -> UUID:
    if work.caller.trigger_id is None:
        raise TypeError("Only a trigger answers calls.")
    return work.caller.trigger_id
