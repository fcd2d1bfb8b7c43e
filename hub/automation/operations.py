"""Making, changing and removing triggers and endpoints."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from hub.audit.models import EventChain
from hub.automation import rules, sealing
from hub.automation.events import (
    EndpointCreated,
    EndpointDeleted,
    EndpointDisabled,
    EndpointReplayed,
    EndpointSecretRotated,
    EndpointTested,
    EndpointUpdated,
    TriggerCreated,
    TriggerDeleted,
    TriggerSecretRotated,
    TriggerUpdated,
)
from hub.automation.jobs import DeliverEvents
from hub.automation.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    DisabledReason,
    Endpoint,
    Trigger,
    TriggerAction,
    TriggerCall,
)
from hub.channels.platforms.webhook import WebhookSettings
from hub.channels.rules import read
from hub.kernel import events as kernel_events
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text, require_version, touch
from hub.kernel.errors import Invalid, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork

_NAME = 200
_DESCRIPTION = 1_000


async def create_trigger(
    work: UnitOfWork, *, name: str, actions: Sequence[TriggerAction] = (TriggerAction.PUBLISH,)
) -> tuple[Trigger, str]:
    """Open a door for an automation tool; return it and its secret, which is never shown again."""
    work.caller.require(Permission.AUTOMATION_WRITE)
    _require_actions(work, actions)
    row_id = new_id()
    sealed, secret = sealing.fresh(work.vault, row_id)
    row = Trigger(
        id=row_id,
        workspace_id=work.caller.workspace_id,
        name=require_text(name, most=_NAME, path=("input", "name")),
        actions=_actions(actions),
        public_key=secrets.token_urlsafe(24),
        key_id=work.vault.key_id,
        sealed=sealed,
    )
    await work.add(row)
    work.record(
        TriggerCreated(subject_id=row.id, actions=tuple(TriggerAction(one) for one in row.actions))
    )
    return row, secret


async def update_trigger(
    work: UnitOfWork,
    *,
    trigger_id: UUID,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Trigger:
    """Rename a trigger, let it do other things, or switch it on or off: off, it is refused."""
    work.caller.require(Permission.AUTOMATION_WRITE)
    row = await get(work, Trigger, trigger_id, lock=True)
    clean = dict(changes)
    _require_actions(work, row.actions)
    if "actions" in clean:
        _require_actions(work, clean["actions"])
        clean["actions"] = _actions(clean["actions"])
    if "name" in clean:
        clean["name"] = require_text(clean["name"], most=_NAME, path=("input", "name"))
    changed = await edit(work, row, clean, expected_version=expected_version)
    if changed:
        work.record(TriggerUpdated(subject_id=row.id, fields=changed))
    return row


async def rotate_trigger_secret(
    work: UnitOfWork,
    *,
    trigger_id: UUID,
    overlap: timedelta = sealing.OVERLAP,
    expected_version: int | None = None,
) -> tuple[Trigger, str]:
    """Give a trigger a new secret and return both; the one before is good for the overlap."""
    work.caller.require(Permission.AUTOMATION_WRITE)
    row = await get(work, Trigger, trigger_id, lock=True)
    _require_actions(work, row.actions)
    require_version(row, expected_version)
    secret = sealing.rotate(work, row, row_id=row.id, overlap=overlap)
    touch(work, row)
    work.record(
        TriggerSecretRotated(subject_id=row.id, previous_until=row.previous_until or work.clock)
    )
    return row, secret


async def delete_trigger(work: UnitOfWork, *, trigger_id: UUID) -> None:
    """Close a trigger's door for ever; what it published stays."""
    work.caller.require(Permission.AUTOMATION_WRITE)
    row = await get(work, Trigger, trigger_id, lock=True)
    await work.change(delete(TriggerCall).where(TriggerCall.trigger_id == row.id))
    await work.session.delete(row)
    work.record(TriggerDeleted(subject_id=trigger_id))


async def create_endpoint(
    work: UnitOfWork, *, url: str, events: Sequence[str], description: str = ""
) -> tuple[Endpoint, str]:
    """Let an address hear events from now on; return it and its secret, shown this once."""
    work.caller.require(Permission.AUTOMATION_WRITE)
    # It hears what the stream of events says.
    work.caller.require(Permission.AUDIT_READ)
    row_id = new_id()
    sealed, secret = sealing.fresh(work.vault, row_id)
    row = Endpoint(
        id=row_id,
        workspace_id=work.caller.workspace_id,
        url=_address(url),
        description=_described(description),
        events=rules.require_patterns(events, known=kernel_events.names()),
        cursor=await _newest(work),
        key_id=work.vault.key_id,
        sealed=sealed,
    )
    await work.add(row)
    work.record(EndpointCreated(subject_id=row.id, events=tuple(row.events)))
    return row, secret


async def update_endpoint(
    work: UnitOfWork,
    *,
    endpoint_id: UUID,
    changes: Mapping[str, Any],
    expected_version: int | None = None,
) -> Endpoint:
    """Change an endpoint, or switch it on or off.

    What failed and is switched on again goes on where it stopped, so that nothing is lost. What
    somebody switched off goes on from now; what happened in between comes with a replay.
    """
    work.caller.require(Permission.AUTOMATION_WRITE)
    work.caller.require(Permission.AUDIT_READ)
    row = await get(work, Endpoint, endpoint_id, lock=True)
    clean = dict(changes)
    if "url" in clean:
        clean["url"] = _address(clean["url"])
    if "description" in clean:
        clean["description"] = _described(clean["description"])
    if "events" in clean:
        clean["events"] = rules.require_patterns(clean["events"], known=kernel_events.names())
    changed = await edit(work, row, clean, expected_version=expected_version)
    if not changed:
        return row
    if "enabled" in changed and row.enabled:
        if row.disabled_reason is DisabledReason.BY_HAND:
            row.cursor = await _newest(work)
        row.disabled_reason = None
        row.problem = ""
        row.failures, row.failing_since = 0, None
        work.promise(_delivering(row))
    if "enabled" in changed and not row.enabled:
        row.disabled_reason = DisabledReason.BY_HAND
        work.record(EndpointDisabled(subject_id=row.id, reason=DisabledReason.BY_HAND))
    work.record(EndpointUpdated(subject_id=row.id, fields=changed))
    return row


async def rotate_endpoint_secret(
    work: UnitOfWork,
    *,
    endpoint_id: UUID,
    overlap: timedelta = sealing.OVERLAP,
    expected_version: int | None = None,
) -> tuple[Endpoint, str]:
    """Give an endpoint a new secret and return both; the one before signs too for the overlap."""
    work.caller.require(Permission.AUTOMATION_WRITE)
    work.caller.require(Permission.AUDIT_READ)
    row = await get(work, Endpoint, endpoint_id, lock=True)
    require_version(row, expected_version)
    secret = sealing.rotate(work, row, row_id=row.id, overlap=overlap)
    touch(work, row)
    work.record(
        EndpointSecretRotated(subject_id=row.id, previous_until=row.previous_until or work.clock)
    )
    return row, secret


async def delete_endpoint(work: UnitOfWork, *, endpoint_id: UUID) -> None:
    """Remove an endpoint with its deliveries; a call that is on its way still arrives."""
    work.caller.require(Permission.AUTOMATION_WRITE)
    row = await get(work, Endpoint, endpoint_id, lock=True)
    own = select(Delivery.id).where(Delivery.endpoint_id == row.id)
    await work.change(delete(DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_(own)))
    await work.change(delete(Delivery).where(Delivery.endpoint_id == row.id))
    await work.session.delete(row)
    work.record(EndpointDeleted(subject_id=endpoint_id))


async def send_test(work: UnitOfWork, *, endpoint_id: UUID) -> Endpoint:
    """Send an endpoint an event of its own: through the stream, like all others."""
    work.caller.require(Permission.AUTOMATION_WRITE)
    row = await get(work, Endpoint, endpoint_id, lock=True)
    _require_enabled(row)
    work.record(EndpointTested(subject_id=row.id))
    return row


async def replay_endpoint(work: UnitOfWork, *, endpoint_id: UUID, from_sequence: int) -> Endpoint:
    """Send an endpoint every event it hears again, from a number on, in order."""
    work.caller.require(Permission.AUTOMATION_WRITE)
    work.caller.require(Permission.AUDIT_READ)
    row = await get(work, Endpoint, endpoint_id, lock=True)
    _require_enabled(row)
    if from_sequence < 1:
        raise Invalid("Events are numbered from 1.", path=("input", "fromSequence"))
    row.cursor = min(row.cursor, from_sequence - 1)
    touch(work, row)
    work.record(EndpointReplayed(subject_id=row.id, from_sequence=from_sequence, only_one=False))
    work.promise(_delivering(row))
    return row


async def replay_delivery(work: UnitOfWork, *, delivery_id: UUID) -> Delivery:
    """Send one delivery again, now, whatever became of it."""
    work.caller.require(Permission.AUTOMATION_WRITE)
    delivery = await get(work, Delivery, delivery_id)
    endpoint = await get(work, Endpoint, delivery.endpoint_id, lock=True)
    delivery = await get(work, Delivery, delivery_id, lock=True)
    _require_enabled(endpoint)
    delivery.state = DeliveryState.PENDING
    delivery.tries = 0
    # Out of its turn anyway, so nothing has to wait for it.
    delivery.aside = True
    delivery.promised_at = delivery.next_at = work.now
    delivery.ended_at = None
    work.record(
        EndpointReplayed(subject_id=endpoint.id, from_sequence=delivery.sequence, only_one=True)
    )
    work.promise(_delivering(endpoint))
    return delivery


def _require_actions(work: UnitOfWork, actions: Sequence[str]) -> None:
    # Whoever holds the secret may do all of it: nobody hands out more than they have.
    for action in actions:
        work.caller.require(rules.NEEDS[action])


def _actions(actions: Sequence[str]) -> list[str]:
    if not actions:
        raise Invalid("Say at least one thing it may do.", path=("input", "actions"))
    return [action.value for action in TriggerAction if action in actions]


def _delivering(row: Endpoint) -> DeliverEvents:
    return DeliverEvents(workspace_id=row.workspace_id, endpoint_id=row.id)


def _require_enabled(row: Endpoint) -> None:
    if not row.enabled:
        raise WrongState("This endpoint is switched off.", path=("input", "id"))


def _address(url: str) -> str:
    return read(WebhookSettings, {"url": url}, path=("input",)).url


def _described(description: str) -> str:
    path = ("input", "description")
    return require_text(description, most=_DESCRIPTION, path=path, empty=True)


async def _newest(work: UnitOfWork) -> int:
    """Return the number of the newest sealed event.

    What happened already and is not sealed yet will be heard: rather one too many than too few.
    """
    found = await work.one(select(func.max(EventChain.sequence)))
    return int(found or 0)
