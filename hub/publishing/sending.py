"""Keeping how far a sending has come, and settling what it came to.

Every transaction here goes on only while the worker still holds the publication by its fence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text, update

from hub.channels.operations import ChannelAccess
from hub.channels.platforms.base import EditionContent
from hub.kernel.work import UnitOfWork
from hub.publishing.events import (
    PublicationDelayed,
    PublicationExpired,
    PublicationFailed,
    PublicationHeld,
    PublicationPublished,
    PublicationUnconfirmed,
)
from hub.publishing.models import Attempt, HoldReason, Publication, PublicationState
from hub.publishing.rules import Next, Obstacle, Turn

#: The outcome of a try that only found the platform busy.
PENDING = "PENDING"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A publication this worker holds, with all it needs to send without looking again.

    `tries` counts what was tried since a person last said "again", `polls` the tries among them
    that only waited for the platform. `obstacle` is set only when an earlier commit's
    outcome is unknown and nothing new may be sent: then the worker may look, and must not send.
    """

    publication_id: UUID
    fence: int
    attempt: int
    tries: int
    polls: int
    guarantee_settle: timedelta
    replay_window: timedelta
    access: ChannelAccess
    edition: EditionContent
    idempotency_key: UUID
    frozen_at: datetime
    in_reply_to: Mapping[str, Any] | None
    checkpoint: Mapping[str, Any]
    commit_step: str | None
    commit_attempted_at: datetime | None
    commit_age: timedelta | None
    looks: int
    obstacle: Obstacle | None = None


@dataclass(frozen=True, kw_only=True)
class NotNow:
    """Nothing to do before this time."""

    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a try came to, for the evidence."""

    outcome: str
    error: str = ""
    message: str = ""
    status: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class LeaseLost(Exception):
    """Another worker, or a person, has taken the publication from this one."""


async def renew(work: UnitOfWork, *, claim: Claim) -> None:
    """Keep the publication for another lease, while a step takes its time."""
    await work.change(
        update(Publication)
        .where(
            Publication.id == claim.publication_id,
            Publication.fence == claim.fence,
            Publication.state == PublicationState.PUBLISHING,
        )
        .values(lease_until=work.clock + timedelta(seconds=work.settings.lease_seconds))
    )


async def save_step(
    work: UnitOfWork,
    *,
    claim: Claim,
    checkpoint: Mapping[str, Any],
    committed: bool,
    remote_id: str | None = None,
) -> None:
    """Keep how far the sending has come; a commit with a known outcome is no longer in doubt.

    The last commit is saved with `committed` false: what is all out must look begun to everybody
    who would hold it or call it back, until it is settled as published.
    Raises NotOurs when `remote_id` is another publication of the channel.
    """
    row = await held(work, claim)
    if remote_id is not None and await _is_another(work, row, remote_id):
        raise NotOurs
    row.checkpoint = dict(checkpoint)
    row.lease_until = work.clock + timedelta(seconds=work.settings.lease_seconds)
    if committed:
        row.commit_step = None
        row.commit_attempted_at = None
        row.reconcile_count = 0


class NotOurs(Exception):
    """The platform answered with a post that is known to be another publication."""


async def _is_another(work: UnitOfWork, row: Publication, remote_id: str) -> bool:
    found = select(Publication.id).where(
        Publication.channel_id == row.channel_id,
        Publication.remote_id == remote_id,
        Publication.id != row.id,
    )
    return await work.one(found) is not None


async def settle_published(
    work: UnitOfWork, *, claim: Claim, refs: Sequence[Mapping[str, Any]]
) -> None:
    """It is out: keep where."""
    row = await held(work, claim)
    await note_outcome(work, claim, Outcome(outcome="PUBLISHED"))
    mark_published(work, row, refs)


def mark_published(work: UnitOfWork, row: Publication, refs: Sequence[Mapping[str, Any]]) -> None:
    """Set everything that being out means."""
    first = refs[0]
    row.state = PublicationState.PUBLISHED
    row.hold_reason = None
    row.remote_id = first["remote_id"]
    row.url = first.get("url") or None
    row.refs = [dict(ref) for ref in refs]
    row.published_at = work.now
    row.sent_hash = row.sent_hash or row.approved_hash
    row.commit_step = None
    row.commit_attempted_at = None
    row.lease_until = None
    row.due_at = None
    row.problem = ""
    row.version += 1
    row.updated_at = work.now
    work.record(
        PublicationPublished(
            subject_id=row.id,
            channel_id=row.channel_id,
            url=row.url or "",
            hash=row.sent_hash or "",
        )
    )


async def settle_pending(
    work: UnitOfWork, *, claim: Claim, checkpoint: Mapping[str, Any], wait: timedelta
) -> datetime:
    """The platform is still busy with our pictures: come back later, holding no lease."""
    row = await held(work, claim)
    row.checkpoint = dict(checkpoint)
    row.state = PublicationState.SCHEDULED
    row.lease_until = None
    row.due_at = work.now + wait
    await note_outcome(work, claim, Outcome(outcome=PENDING))
    return row.due_at


async def settle_failure(
    work: UnitOfWork, *, claim: Claim, following: Next, outcome: Outcome, certain: bool
) -> datetime | None:
    """Keep what went wrong and what follows; return when the next try is due, if there is one.

    `certain` says that no try of the step took effect: then no outcome is in doubt.
    """
    row = await held(work, claim)
    await note_outcome(work, claim, outcome)
    if certain:
        row.commit_step = None
        row.commit_attempted_at = None
        row.reconcile_count = 0
    elif claim.commit_attempted_at is not None:
        # The same was sent twice and nobody knows more: from here on the platform is asked.
        row.reconcile_count += 1
    row.problem = outcome.message
    row.lease_until = None
    row.version += 1
    row.updated_at = work.now
    return _turn(work, row, following, outcome.message)


async def settle_look(
    work: UnitOfWork, *, claim: Claim, following: Next, outcome: Outcome
) -> datetime | None:
    """Keep that a look could not say whether it is out, and what follows."""
    row = await held(work, claim)
    await note_outcome(work, claim, outcome)
    row.reconcile_count += 1
    row.problem = outcome.message
    row.lease_until = None
    row.version += 1
    return _turn(work, row, following, outcome.message)


async def taken(work: UnitOfWork, *, claim: Claim, remote_ids: Sequence[str]) -> frozenset[str]:
    """Return which of these posts belong to other publications of the same channel."""
    rows = await work.session.execute(
        _TAKEN,
        {
            "workspace": work.caller.workspace_id,
            "channel": claim.access.channel_id,
            "publication": claim.publication_id,
            "wanted": list(remote_ids),
        },
    )
    return frozenset(rows.scalars())


_TAKEN = text("""
SELECT ref ->> 'remote_id'
FROM publications AS p,
    jsonb_array_elements(p.refs || coalesce(p.checkpoint -> 'parts', '[]')) AS ref
WHERE p.workspace_id = :workspace AND p.channel_id = :channel AND p.id <> :publication
    AND ref ->> 'remote_id' = ANY(:wanted)
""")


async def settle_not_out(work: UnitOfWork, *, claim: Claim) -> None:
    """The platform says for certain that it is not out, and an obstacle forbids sending it."""
    row = await held(work, claim)
    await note_outcome(work, claim, Outcome(outcome="NOT_OUT"))
    row.commit_step = None
    row.commit_attempted_at = None
    if claim.obstacle is not None:
        stop(work, row, claim.obstacle)


async def give_up(work: UnitOfWork, *, publication_id: UUID, problem: str) -> None:
    """Show a person what no worker could bring to an end; they may let it go on. Internal."""
    row = await work.one(
        select(Publication)
        .where(
            Publication.id == publication_id,
            or_(Publication.lease_until.is_(None), Publication.lease_until < work.clock),
        )
        .with_for_update(skip_locked=True)
    )
    if row is None or row.state not in _UNDER_WAY:
        return
    row.fence += 1
    await note_silence(work, row)
    if row.state is PublicationState.UNCONFIRMED or row.commit_attempted_at is not None:
        row.state = PublicationState.UNCONFIRMED
        row.due_at = None
        row.lease_until = None
        row.problem = problem
        row.version += 1
        row.updated_at = work.now
        work.record(PublicationUnconfirmed(subject_id=row.id, needs_person=True, problem=problem))
        return
    stop(work, row, Obstacle(reason=HoldReason.PROBLEM, message=problem))


_UNDER_WAY = frozenset(
    {PublicationState.SCHEDULED, PublicationState.PUBLISHING, PublicationState.UNCONFIRMED}
)


def _turn(work: UnitOfWork, row: Publication, following: Next, message: str) -> datetime | None:
    match following.turn:
        case Turn.RETRY:
            row.state = PublicationState.SCHEDULED
            row.due_at = work.now + following.wait
            work.record(PublicationDelayed(subject_id=row.id, due_at=row.due_at, problem=message))
            return row.due_at
        case Turn.LOOK_UP:
            row.state = PublicationState.UNCONFIRMED
            row.due_at = work.now + following.wait
            work.record(
                PublicationUnconfirmed(subject_id=row.id, needs_person=False, problem=message)
            )
            return row.due_at
        case Turn.ASK_PERSON:
            row.state = PublicationState.UNCONFIRMED
            row.due_at = None
            work.record(
                PublicationUnconfirmed(subject_id=row.id, needs_person=True, problem=message)
            )
        case Turn.HOLD:
            reason = following.reason or HoldReason.PROBLEM
            stop(work, row, Obstacle(reason=reason, message=message))
        case Turn.FAIL:
            row.state = PublicationState.FAILED
            row.due_at = None
            work.record(PublicationFailed(subject_id=row.id, problem=message))
    return None


def stop(work: UnitOfWork, row: Publication, blocked: Obstacle) -> None:
    """Take a publication out of the workers' hands: expired, or held for a person."""
    row.lease_until = None
    row.problem = blocked.message
    row.version += 1
    row.updated_at = work.now
    if blocked.expired:
        row.state = PublicationState.EXPIRED
        row.due_at = None
        work.record(PublicationExpired(subject_id=row.id))
        return
    row.state = PublicationState.HELD
    row.hold_reason = blocked.reason or HoldReason.PROBLEM
    row.pause_id = blocked.pause_id
    work.record(PublicationHeld(subject_id=row.id, reason=row.hold_reason, problem=blocked.message))


async def held(work: UnitOfWork, claim: Claim) -> Publication:
    """Return the publication, locked, that this worker still holds; raises LeaseLost."""
    row = await work.one(
        select(Publication)
        .where(
            Publication.id == claim.publication_id,
            Publication.fence == claim.fence,
            Publication.state == PublicationState.PUBLISHING,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise LeaseLost
    return row


async def note_attempt(work: UnitOfWork, claim: Claim, *, step: str, wire_digest: str) -> None:
    """Note what is about to be sent."""
    await work.change(
        update(Attempt)
        .where(Attempt.publication_id == claim.publication_id, Attempt.number == claim.attempt)
        .values(step=step, wire_digest=wire_digest)
    )


async def note_outcome(work: UnitOfWork, claim: Claim, outcome: Outcome) -> None:
    """Note what the try came to."""
    await work.change(
        update(Attempt)
        .where(Attempt.publication_id == claim.publication_id, Attempt.number == claim.attempt)
        .values(
            finished_at=work.now,
            outcome=outcome.outcome,
            error=outcome.error or None,
            message=outcome.message or None,
            status=outcome.status,
        )
    )


async def note_silence(work: UnitOfWork, row: Publication) -> None:
    """Note at the try of a worker that fell silent that nobody knows what it came to."""
    await work.change(
        update(Attempt)
        .where(
            Attempt.publication_id == row.id,
            Attempt.number == row.attempts,
            Attempt.outcome.is_(None),
        )
        .values(finished_at=work.now, outcome="SILENT", message="The worker fell silent.")
    )
