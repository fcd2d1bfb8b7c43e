"""Deliveries: promised from the sealed stream, begun, and settled; what workers and relays do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import EventRow
from hub.automation import rules, sealing
from hub.automation.events import EndpointDisabled
from hub.automation.jobs import DeliverEvents
from hub.automation.models import (
    AttemptOutcome,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    DisabledReason,
    Endpoint,
)
from hub.kernel.ids import global_id, new_id
from hub.kernel.signatures import secret_bytes, signed
from hub.kernel.telling import told_facts
from hub.kernel.texts import storable
from hub.kernel.work import UnitOfWork

#: Events looked at in one transaction, and deliveries promised ahead of what is sent.
BATCH = 100
_MESSAGE = 500


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of an endpoint that is to be made now; everything it takes, and no more."""

    delivery_id: UUID
    number: int
    url: str
    headers: dict[str, str]
    body: bytes
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What is next for an endpoint: a call, or when there will be one (None: nothing waits).

    `more` says that there are events to look at yet: ask again at once.
    """

    call: Call | None = None
    due_at: datetime | None = None
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class Came:
    """What came of a call. `message` is for people and holds no secret; `wait` was asked for."""

    outcome: AttemptOutcome
    status: int | None = None
    message: str = ""
    wait: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class DeliveryFigures:
    """Calls or deliveries of one outcome; how long the oldest of them has waited."""

    outcome: str
    deliveries: int
    oldest_seconds: float


async def promise_deliveries(work: UnitOfWork) -> None:
    """Wake every endpoint of the workspace: there are new sealed events. The relay's."""
    found = await work.all(select(Endpoint.id).where(Endpoint.enabled))
    for endpoint_id in found:
        promise_again(work, endpoint_id=endpoint_id)


def promise_again(work: UnitOfWork, *, endpoint_id: UUID) -> None:
    """Promise the job of an endpoint."""
    work.promise(DeliverEvents(workspace_id=work.caller.workspace_id, endpoint_id=endpoint_id))


async def idle_endpoints(session: AsyncSession, *, most: int = 100) -> Sequence[tuple[UUID, UUID]]:
    """Return (workspace, endpoint) of what should be called and has no job."""
    rows = await session.execute(text("SELECT * FROM hub_idle_endpoints(:most)"), {"most": most})
    return [(row.workspace_id, row.endpoint_id) for row in rows]


async def delivery_figures(session: AsyncSession) -> Sequence[DeliveryFigures]:
    """Return sums over all workspaces, by outcome."""
    rows = await session.execute(text("SELECT * FROM hub_delivery_counts()"))
    return [DeliveryFigures(**row._mapping) for row in rows]  # noqa: SLF001 - its public name in SQLAlchemy


async def begin(work: UnitOfWork, *, endpoint_id: UUID) -> Turn:
    """Take up the next delivery of an endpoint: from here on its attempt is on record."""
    endpoint = await _endpoint(work, endpoint_id)
    if endpoint is None or not endpoint.enabled:
        return Turn()
    more = await _promise_next(work, endpoint)
    delivery = await _next(work, endpoint_id)
    if delivery is None:
        return Turn(due_at=await _next_time(work, endpoint_id), more=more)
    event = (
        await work.session.execute(select(EventRow).where(EventRow.id == delivery.event_id))
    ).scalar_one()
    delivery.tries += 1
    delivery.attempt_count += 1
    await work.add(
        DeliveryAttempt(
            id=new_id(),
            workspace_id=delivery.workspace_id,
            delivery_id=delivery.id,
            number=delivery.attempt_count,
        )
    )
    return Turn(call=_call(work, endpoint, delivery, event))


async def settle(work: UnitOfWork, *, endpoint_id: UUID, call: Call, came: Came) -> None:
    """Keep what came of a call.

    An older call that ends after a newer one has been begun can only tell of success.
    """
    endpoint = await _endpoint(work, endpoint_id)
    delivery = await work.one(
        select(Delivery).where(Delivery.id == call.delivery_id).with_for_update()
    )
    if endpoint is None or delivery is None:
        return
    await work.change(
        update(DeliveryAttempt)
        .where(
            DeliveryAttempt.delivery_id == call.delivery_id,
            DeliveryAttempt.number == call.number,
        )
        .values(
            outcome=came.outcome,
            status=came.status,
            message=storable(came.message)[:_MESSAGE],
            finished_at=work.now,
        )
    )
    if came.outcome is AttemptOutcome.DELIVERED:
        _delivered(work, endpoint, delivery)
        return
    endpoint.failed_count += 1
    if delivery.attempt_count != call.number or delivery.state is not DeliveryState.PENDING:
        return
    _failed(work, endpoint, delivery, came)


async def forget_old_deliveries(work: UnitOfWork) -> int:
    """Delete the workspace's deliveries that ended long ago; return how many."""
    before = work.now - timedelta(days=work.settings.delivery_days)
    old = select(Delivery.id).where(Delivery.ended_at < before)
    await work.change(delete(DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_(old)))
    return await work.change(delete(Delivery).where(Delivery.ended_at < before))


async def _endpoint(work: UnitOfWork, endpoint_id: UUID) -> Endpoint | None:
    return await work.one(
        select(Endpoint)
        .where(Endpoint.id == endpoint_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def _promise_next(work: UnitOfWork, endpoint: Endpoint) -> bool:
    """Promise what the next events bring, and move the cursor, both or neither.

    Says whether there may be more. Nothing is promised while enough waits already: the stream
    itself is the store of what is to come.
    """
    waiting = await work.one(
        select(func.count()).where(
            Delivery.endpoint_id == endpoint.id, Delivery.state == DeliveryState.PENDING
        )
    )
    if (waiting or 0) >= BATCH:
        return False
    events = await work.all(
        select(EventRow)
        .where(EventRow.sequence > endpoint.cursor)
        .order_by(EventRow.sequence)
        .limit(BATCH)
    )
    if not events:
        return False
    heard = [event for event in events if _is_heard(endpoint, event)]
    if heard:
        await work.session.execute(_promised(work, endpoint, heard))
    endpoint.cursor = events[-1].sequence or endpoint.cursor
    return len(events) == BATCH


def _is_heard(endpoint: Endpoint, event: EventRow) -> bool:
    return rules.is_heard(
        endpoint.events, name=event.name, is_own_test=event.subject_id == endpoint.id
    )


def _promised(work: UnitOfWork, endpoint: Endpoint, events: Sequence[EventRow]) -> Any:
    again = {
        "state": DeliveryState.PENDING,
        "aside": False,
        "tries": 0,
        "promised_at": work.now,
        "next_at": work.now,
        "ended_at": None,
    }
    # They exist already only where the cursor was set back: then they are sent again.
    return (
        insert(Delivery)
        .values(
            [
                {
                    "id": new_id(),
                    "workspace_id": endpoint.workspace_id,
                    "endpoint_id": endpoint.id,
                    "event_id": event.id,
                    "event_name": event.name,
                    "sequence": event.sequence,
                    "attempt_count": 0,
                    **again,
                }
                for event in events
            ]
        )
        .on_conflict_do_update(index_elements=["endpoint_id", "sequence"], set_=again)
    )


def _pending(endpoint_id: UUID) -> Select[Delivery]:
    return select(Delivery).where(
        Delivery.endpoint_id == endpoint_id, Delivery.state == DeliveryState.PENDING
    )


async def _next(work: UnitOfWork, endpoint_id: UUID) -> Delivery | None:
    """Return what is due: one that stepped aside, or else the first of those in order."""
    aside = await work.one(
        _pending(endpoint_id)
        .where(Delivery.aside, Delivery.next_at <= work.now)
        .order_by(Delivery.sequence)
        .limit(1)
        .with_for_update()
    )
    if aside is not None:
        return aside
    first = await work.one(
        _pending(endpoint_id)
        .where(~Delivery.aside)
        .order_by(Delivery.sequence)
        .limit(1)
        .with_for_update()
    )
    is_due = first is not None and first.next_at is not None and first.next_at <= work.now
    return first if is_due else None


async def _next_time(work: UnitOfWork, endpoint_id: UUID) -> datetime | None:
    first = (
        _pending(endpoint_id)
        .where(~Delivery.aside)
        .order_by(Delivery.sequence)
        .limit(1)
        .with_only_columns(Delivery.id)
        .scalar_subquery()
    )
    found = await work.session.execute(
        select(func.min(Delivery.next_at)).where(
            Delivery.endpoint_id == endpoint_id,
            Delivery.state == DeliveryState.PENDING,
            or_(Delivery.aside, Delivery.id == first),
        )
    )
    due_at: datetime | None = found.scalar_one()
    return due_at


def _call(work: UnitOfWork, endpoint: Endpoint, delivery: Delivery, event: EventRow) -> Call:
    secrets = tuple(sealing.opened(work, endpoint, row_id=endpoint.id))
    body = rules.written(told(event))
    headers = signed(
        [secret_bytes(secret) for secret in secrets],
        message_id=global_id("Event", event.id),
        at=work.clock,
        body=body,
    )
    return Call(
        delivery_id=delivery.id,
        number=delivery.attempt_count,
        url=endpoint.url,
        headers={"Content-Type": "application/json", **headers},
        body=body,
        secrets=secrets,
    )


def told(event: EventRow) -> dict[str, Any]:
    """Return an event as an endpoint hears it; its ids are those of the API."""
    return {
        "type": event.name,
        "timestamp": event.occurred_at.isoformat(),
        "data": {
            "eventId": global_id("Event", event.id),
            "sequence": event.sequence,
            "workspaceId": global_id("Workspace", event.workspace_id),
            "subjectType": event.subject_type,
            "subjectId": global_id(event.subject_type, event.subject_id),
            "actorKind": event.actor_kind.value,
            "actorName": event.actor_name,
            "facts": told_facts(event.name, event.data),
        },
    }


def _delivered(work: UnitOfWork, endpoint: Endpoint, delivery: Delivery) -> None:
    endpoint.delivered_count += 1
    endpoint.failures, endpoint.failing_since, endpoint.problem = 0, None, ""
    delivery.state = DeliveryState.DELIVERED
    delivery.next_at = None
    delivery.ended_at = work.now


def _failed(work: UnitOfWork, endpoint: Endpoint, delivery: Delivery, came: Came) -> None:
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or work.now
    endpoint.problem = storable(came.message)[:_MESSAGE]
    wait = rules.next_wait(delivery.tries, asked=came.wait, seed=str(delivery.id))
    delivery.aside = delivery.aside or rules.steps_aside(came.outcome, tries=delivery.tries)
    if wait is None:
        endpoint.given_up_count += 1
        delivery.state = DeliveryState.GIVEN_UP
        delivery.next_at = None
        delivery.ended_at = work.now
    else:
        delivery.next_at = work.now + wait
    if came.outcome is AttemptOutcome.GONE:
        _disable(work, endpoint, DisabledReason.GONE, "It answered 410: it is gone for good.")
    elif rules.is_failing(failures=endpoint.failures, lasting=work.now - endpoint.failing_since):
        _disable(work, endpoint, DisabledReason.FAILING, f"Every call failed: {came.message}")


def _disable(work: UnitOfWork, endpoint: Endpoint, reason: DisabledReason, problem: str) -> None:
    if not endpoint.enabled:
        return
    endpoint.enabled = False
    endpoint.disabled_reason = reason
    endpoint.problem = storable(problem)[:_MESSAGE]
    endpoint.version += 1
    endpoint.updated_at = work.now
    work.record(EndpointDisabled(subject_id=endpoint.id, reason=reason))
