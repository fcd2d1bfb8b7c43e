"""Pausing publishing at once, and ending a pause with a decision for everything it has held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.channels.models import Channel
from hub.content.models import ContentItem
from hub.kernel.caller import Permission
from hub.kernel.editing import get, require_text, touch
from hub.kernel.errors import HubError, Invalid, Taken, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing import operations
from hub.publishing.events import PublicationHeld, PublishingPaused, PublishingResumed
from hub.publishing.models import (
    HoldReason,
    Pause,
    PauseDecision,
    PauseScope,
    Publication,
    PublicationState,
)
from hub.publishing.pausing import alone_with_pauses, pause_over, stopped_by
from hub.publishing.rules import paused_because
from hub.strategy.models import Brand, Campaign

REASON_MAX = 500
#: So many decisions fit into one request; everything else follows the rule for the rest.
DECISIONS_MAX = 500
#: So many publications that could no longer be stopped are named.
NAMED_MAX = 100

_SUBJECTS: Mapping[PauseScope, tuple[str, type[Any]]] = {
    PauseScope.BRAND: ("brand_id", Brand),
    PauseScope.CHANNEL: ("channel_id", Channel),
    PauseScope.CAMPAIGN: ("campaign_id", Campaign),
}


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What a person wants for one held publication; `at` goes with RESCHEDULE."""

    publication_id: UUID
    decision: PauseDecision
    at: datetime | None = None


async def start(
    work: UnitOfWork,
    *,
    scope: PauseScope,
    reason: str,
    subject_id: UUID | None = None,
    incident_id: UUID | None = None,
    replies_too: bool = False,
) -> tuple[Pause, Sequence[UUID]]:
    """Pause publishing in a scope from this moment on; return what was in flight already.

    What is due is held at once, what is due later when its time comes. Answers to people go on
    unless `replies_too`; taking down and hiding always do.
    """
    work.caller.require(Permission.PUBLISHING_PAUSE)
    reason = require_text(reason, most=REASON_MAX, path=("input", "reason"))
    places = await _places(work, scope, subject_id)
    await alone_with_pauses(work)
    running = select(Pause.id).where(Pause.ended_at.is_(None), Pause.scope == scope)
    for name, value in places.items():
        running = running.where(getattr(Pause, name) == value)
    if await work.one(running) is not None:
        raise Taken("This is paused already.", path=("input", "scope"))
    pause = Pause(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        scope=scope,
        incident_id=incident_id,
        reason=reason,
        replies_too=replies_too,
        started_by=work.caller.member_id,
        outcomes=[],
        **places,
    )
    await work.add(pause)
    await work.flush()
    held = await operations.hold(
        work,
        reason=HoldReason.PAUSED,
        problem=paused_because(reason),
        # What is due later stays scheduled: most pauses end before its time comes.
        where=[*stopped_by(pause), Publication.due_at <= work.now],
        pause_id=pause.id,
    )
    in_flight = await _in_flight(work, pause)
    work.record(
        PublishingPaused(
            subject_id=pause.id,
            scope=scope,
            reason=reason,
            incident_id=incident_id,
            held=len(held),
            in_flight=tuple(in_flight),
        )
    )
    return pause, in_flight


async def end(
    work: UnitOfWork,
    *,
    pause_id: UUID,
    decisions: Sequence[Decided] = (),
    rest: PauseDecision | None = None,
) -> Pause:
    """End a pause; every publication it held gets the decision made for it, or that for the rest.

    Without a decision for the rest, what is still in time goes out and what is not is HELD(MISSED).
    A decision that cannot be carried out leaves its publication held and says why in `outcomes`.
    """
    work.caller.require(Permission.PUBLISHING_PAUSE)
    work.caller.require(Permission.PUBLISHING_WRITE)
    wanted = _wanted(decisions, rest)
    await alone_with_pauses(work)
    pause = await get(work, Pause, pause_id, lock=True)
    if pause.ended_at is not None:
        raise WrongState("This pause has ended already.", path=("input", "id"))
    pause.ended_at, pause.ended_by = work.now, work.caller.member_id
    touch(work, pause)
    await work.flush()
    rows = await _held_by(work, pause)
    outcomes = [await _settle(work, row, wanted.get(row.id), rest) for row in rows]
    here = {row.id for row in rows}
    outcomes += [_not_held(one) for one in wanted.values() if one.publication_id not in here]
    pause.outcomes = outcomes
    work.record(_resumed(pause, rows))
    return pause


def _wanted(decisions: Sequence[Decided], rest: PauseDecision | None) -> dict[UUID, Decided]:
    if rest is PauseDecision.RESCHEDULE:
        raise Invalid("Each publication needs a time of its own.", path=("input", "rest"))
    if len(decisions) > DECISIONS_MAX:
        raise Invalid(f"Decide on {DECISIONS_MAX} at most.", path=("input", "decisions"))
    wanted: dict[UUID, Decided] = {}
    for index, one in enumerate(decisions):
        path = ("input", "decisions", str(index))
        if one.publication_id in wanted:
            raise Invalid("There are two decisions on this one.", path=(*path, "publicationId"))
        if (one.decision is PauseDecision.RESCHEDULE) != (one.at is not None):
            raise Invalid("A time goes with RESCHEDULE, and only there.", path=(*path, "at"))
        wanted[one.publication_id] = one
    return wanted


async def _places(work: UnitOfWork, scope: PauseScope, subject_id: UUID | None) -> dict[str, UUID]:
    path = ("input", "subjectId")
    if scope is PauseScope.WORKSPACE:
        if subject_id is not None:
            raise Invalid("The whole workspace needs no id.", path=path)
        return {}
    if subject_id is None:
        raise Invalid(f"Name the {scope.value.lower()} to pause.", path=path)
    name, table = _SUBJECTS[scope]
    await get(work, table, subject_id, path=path)
    return {name: subject_id}


async def _in_flight(work: UnitOfWork, pause: Pause) -> Sequence[UUID]:
    return await work.all(
        select(Publication.id)
        .where(
            *stopped_by(pause),
            Publication.state.in_([PublicationState.PUBLISHING, PublicationState.UNCONFIRMED]),
            Publication.commit_attempted_at.is_not(None),
        )
        .order_by(Publication.id)
        .limit(NAMED_MAX)
    )


async def _held_by(work: UnitOfWork, pause: Pause) -> Sequence[Publication]:
    return await work.all(
        select(Publication)
        .where(
            Publication.pause_id == pause.id,
            Publication.state == PublicationState.HELD,
            Publication.hold_reason == HoldReason.PAUSED,
        )
        .order_by(Publication.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def _settle(
    work: UnitOfWork, row: Publication, wanted: Decided | None, rest: PauseDecision | None
) -> dict[str, Any]:
    if wanted is not None:
        return await _carry_out(work, row, wanted)
    if rest is not None:
        return await _carry_out(work, row, Decided(publication_id=row.id, decision=rest))
    return await _settle_unasked(work, row)


async def _carry_out(work: UnitOfWork, row: Publication, wanted: Decided) -> dict[str, Any]:
    goes_out = wanted.decision in {PauseDecision.RELEASE, PauseDecision.RESCHEDULE}
    if goes_out and await _is_taken_over(work, row):
        return _outcome(row, wanted, code="STILL_PAUSED", message=row.problem)
    try:
        match wanted.decision:
            case PauseDecision.RELEASE:
                await operations.resume(work, publication_id=row.id)
            case PauseDecision.RESCHEDULE:
                await operations.reschedule(work, publication_id=row.id, scheduled_for=wanted.at)
            case PauseDecision.CANCEL:
                await operations.cancel(work, publication_id=row.id)
            case PauseDecision.KEEP:
                _keep(work, row, "Somebody kept it back when the pause ended.")
    except HubError as error:
        # One that cannot be done holds up no other: it waits for a person, as it did.
        _keep(work, row, f"The pause has ended. {error.message}")
        return _outcome(row, wanted, code=error.code.value, message=error.message)
    return _outcome(row, wanted)


async def _settle_unasked(work: UnitOfWork, row: Publication) -> dict[str, Any]:
    """Release what is still in time; what is not waits for a person, and is never dropped."""
    due_at = row.due_at or row.scheduled_for or work.now
    if work.now - due_at <= timedelta(seconds=work.settings.grace_seconds) or _is_partly_out(row):
        return await _carry_out(
            work, row, Decided(publication_id=row.id, decision=PauseDecision.RELEASE)
        )
    if await _is_taken_over(work, row):
        return _outcome(row, None, code="STILL_PAUSED", message=row.problem)
    row.hold_reason = HoldReason.MISSED
    row.pause_id = None
    row.problem = f"It should have gone out at {due_at.isoformat()}, while publishing was paused."
    touch(work, row)
    work.record(PublicationHeld(subject_id=row.id, reason=HoldReason.MISSED, problem=row.problem))
    return _outcome(row, None, code="MISSED", message=row.problem)


async def _is_taken_over(work: UnitOfWork, row: Publication) -> bool:
    """Hand a publication over to another pause that runs over it, if there is one."""
    channel = await get(work, Channel, row.channel_id)
    item = await get(work, ContentItem, row.item_id) if row.item_id is not None else None
    other = await pause_over(work, row=row, channel=channel, item=item)
    if other is None:
        return False
    row.pause_id = other.pause_id
    row.problem = paused_because(other.reason)
    touch(work, row)
    return True


def _keep(work: UnitOfWork, row: Publication, problem: str) -> None:
    row.problem = problem
    touch(work, row)


def _is_partly_out(row: Publication) -> bool:
    return bool(row.checkpoint.get("parts"))


def _outcome(
    row: Publication, wanted: Decided | None, *, code: str = "", message: str = ""
) -> dict[str, Any]:
    return {
        "publication_id": str(row.id),
        "decision": None if wanted is None else wanted.decision.value,
        "code": code,
        "message": message,
    }


def _not_held(wanted: Decided) -> dict[str, Any]:
    return {
        "publication_id": str(wanted.publication_id),
        "decision": wanted.decision.value,
        "code": "NOT_FOUND",
        "message": "This pause holds nothing with this id.",
    }


def _resumed(pause: Pause, rows: Sequence[Publication]) -> PublishingResumed:
    states = [row.state for row in rows]
    return PublishingResumed(
        subject_id=pause.id,
        incident_id=pause.incident_id,
        released=states.count(PublicationState.SCHEDULED),
        still_held=states.count(PublicationState.HELD),
        cancelled=states.count(PublicationState.CANCELLED),
    )
