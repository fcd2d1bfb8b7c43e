"""The engine's transactions: claim, the moment of truth, checkpoint, settle.

Everything a worker does at a platform happens between two of these. Locks are always taken in one
order (channel, approval, content item, publication), so nothing can deadlock with people's edits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import and_, or_, select, text, update

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.channels.platforms import platform as platform_by_key
from hub.channels.platforms.base import EditionContent
from hub.content.models import ContentItem, Edition
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing.events import (
    PublicationDelayed,
    PublicationExpired,
    PublicationFailed,
    PublicationHeld,
    PublicationPublished,
    PublicationStarted,
    PublicationUnconfirmed,
)
from hub.publishing.models import Attempt, HoldReason, Publication, PublicationState
from hub.publishing.rules import Next, Obstacle, Situation, Turn, obstacle
from hub.review.models import Approval


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A publication this worker holds, with all it needs to send without looking again.

    `obstacle` is set only when an earlier commit's outcome is unknown and nothing new may be sent:
    then the worker may look, and must not send.
    """

    publication_id: UUID
    fence: int
    attempt: int
    tries: int
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


async def claim(work: UnitOfWork, *, publication_id: UUID, worker: str) -> Claim | NotNow | None:
    """Take a due publication, or one whose worker fell silent.

    None means that there is nothing to do: it is settled, held, or somebody else has it.
    """
    found = await work.one(select(Publication).where(Publication.id == publication_id))
    if found is None:
        return None
    facts = await _facts(work, found, lock=False)
    row = await work.one(
        select(Publication)
        .where(Publication.id == publication_id, _claimable(work))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        return _when(found)
    if row.commit_attempted_at is None and (held_until := facts.rate_held_until(work.clock)):
        return _wait_for_rate(work, row, held_until)
    blocked = obstacle(facts.situation(work, row))
    if blocked is not None and row.commit_attempted_at is None:
        _stop(work, row, blocked)
        return None
    _take(work, row, facts.edition)
    work.session.add(
        Attempt(
            id=new_id(),
            workspace_id=row.workspace_id,
            publication_id=row.id,
            number=row.attempts,
            fence=row.fence,
            worker=worker,
        )
    )
    work.record(PublicationStarted(subject_id=row.id, attempt=row.attempts))
    access = await channels.access(work, channel_id=row.channel_id)
    if access is None:
        return None
    kind = platform_by_key(access.platform)
    return Claim(
        publication_id=row.id,
        fence=row.fence,
        attempt=row.attempts,
        tries=row.attempts - row.attempts_forgiven,
        guarantee_settle=timedelta(seconds=kind.settle_seconds),
        replay_window=timedelta(seconds=kind.replay_window_seconds),
        access=access,
        edition=EditionContent.from_json(orjson.loads(facts.edition.body)),
        idempotency_key=row.idempotency_key,
        frozen_at=row.frozen_at or work.now,
        in_reply_to=row.in_reply_to,
        checkpoint=row.checkpoint,
        commit_step=row.commit_step,
        commit_attempted_at=row.commit_attempted_at,
        commit_age=work.clock - row.commit_attempted_at if row.commit_attempted_at else None,
        looks=row.reconcile_count,
        obstacle=blocked,
    )


def _claimable(work: UnitOfWork) -> Any:
    return or_(
        and_(
            Publication.state.in_([PublicationState.SCHEDULED, PublicationState.UNCONFIRMED]),
            Publication.due_at <= work.now,
        ),
        and_(
            Publication.state == PublicationState.PUBLISHING,
            Publication.lease_until < work.clock,
        ),
    )


def _when(row: Publication) -> NotNow | None:
    if row.state is PublicationState.PUBLISHING and row.lease_until is not None:
        return NotNow(due_at=row.lease_until)
    waits = row.state in {PublicationState.SCHEDULED, PublicationState.UNCONFIRMED}
    return NotNow(due_at=row.due_at) if waits and row.due_at is not None else None


def _wait_for_rate(work: UnitOfWork, row: Publication, until: datetime) -> NotNow:
    # The hub's clock may be shifted against the bare one that rate holds are kept in.
    due_at = until + (work.now - work.clock)
    if row.state is PublicationState.PUBLISHING:
        row.state = PublicationState.SCHEDULED
        row.lease_until = None
    row.due_at = due_at
    return NotNow(due_at=due_at)


def _take(work: UnitOfWork, row: Publication, edition: Edition) -> None:
    row.state = PublicationState.PUBLISHING
    row.fence += 1
    row.attempts += 1
    row.lease_until = work.clock + timedelta(seconds=work.settings.lease_seconds)
    row.frozen_at = row.frozen_at or work.now
    row.approved_hash = edition.hash
    row.problem = ""


async def authorise_commit(
    work: UnitOfWork, *, claim: Claim, step: str, wire_digest: str
) -> Obstacle | None:
    """Write the moment of truth: past this commit the step may be at the platform.

    Returns why it must not be sent, if anything stands in the way; raises LeaseLost when this
    worker no longer holds the publication.
    """
    found = await work.one(select(Publication).where(Publication.id == claim.publication_id))
    if found is None:
        raise LeaseLost
    facts = await _facts(work, found, lock=True)
    row = await _held(work, claim)
    blocked = obstacle(facts.situation(work, row))
    if blocked is not None:
        if row.commit_attempted_at is None:
            _stop(work, row, blocked)
        return blocked
    if row.commit_step != step or row.commit_attempted_at is None:
        row.commit_step = step
        row.commit_attempted_at = work.clock
        row.reconcile_count = 0
    row.sent_hash = facts.edition.hash
    row.lease_until = work.clock + timedelta(seconds=work.settings.lease_seconds)
    await _note_attempt(work, claim, step=step, wire_digest=wire_digest)
    return None


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
) -> None:
    """Keep how far the sending has come; a commit with a known outcome is no longer in doubt."""
    row = await _held(work, claim)
    row.checkpoint = dict(checkpoint)
    row.lease_until = work.clock + timedelta(seconds=work.settings.lease_seconds)
    if committed:
        row.commit_step = None
        row.commit_attempted_at = None
        row.reconcile_count = 0


async def settle_published(
    work: UnitOfWork, *, claim: Claim, refs: Sequence[Mapping[str, Any]]
) -> None:
    """It is out: keep where."""
    row = await _held(work, claim)
    await _note_outcome(work, claim, Outcome(outcome="PUBLISHED"))
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
    row = await _held(work, claim)
    row.checkpoint = dict(checkpoint)
    row.state = PublicationState.SCHEDULED
    row.lease_until = None
    row.due_at = work.now + wait
    await _note_outcome(work, claim, Outcome(outcome="PENDING"))
    return row.due_at


async def settle_failure(
    work: UnitOfWork, *, claim: Claim, following: Next, outcome: Outcome, certain: bool
) -> datetime | None:
    """Keep what went wrong and what follows; return when the next try is due, if there is one.

    `certain` says that the step certainly did not take effect: then no outcome is in doubt.
    """
    row = await _held(work, claim)
    await _note_outcome(work, claim, outcome)
    if certain:
        row.commit_step = None
        row.commit_attempted_at = None
        row.reconcile_count = 0
    row.problem = outcome.message
    row.lease_until = None
    row.version += 1
    row.updated_at = work.now
    return _turn(work, row, following, outcome.message)


async def settle_look(
    work: UnitOfWork, *, claim: Claim, following: Next, outcome: Outcome
) -> datetime | None:
    """Keep that a look could not say whether it is out, and what follows."""
    row = await _held(work, claim)
    await _note_outcome(work, claim, outcome)
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
    row = await _held(work, claim)
    await _note_outcome(work, claim, Outcome(outcome="NOT_OUT"))
    row.commit_step = None
    row.commit_attempted_at = None
    if claim.obstacle is not None:
        _stop(work, row, claim.obstacle)


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
            _stop(work, row, Obstacle(reason=reason, message=message))
        case Turn.FAIL:
            row.state = PublicationState.FAILED
            row.due_at = None
            work.record(PublicationFailed(subject_id=row.id, problem=message))
    return None


def _stop(work: UnitOfWork, row: Publication, blocked: Obstacle) -> None:
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
    work.record(PublicationHeld(subject_id=row.id, reason=row.hold_reason, problem=blocked.message))


async def _held(work: UnitOfWork, claim: Claim) -> Publication:
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


async def _note_attempt(work: UnitOfWork, claim: Claim, *, step: str, wire_digest: str) -> None:
    await work.change(
        update(Attempt)
        .where(Attempt.publication_id == claim.publication_id, Attempt.number == claim.attempt)
        .values(step=step, wire_digest=wire_digest)
    )


async def _note_outcome(work: UnitOfWork, claim: Claim, outcome: Outcome) -> None:
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


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """The rows around a publication that decide whether it may go out."""

    channel: Channel
    edition: Edition
    approved: bool
    current_revision_id: UUID | None

    def rate_held_until(self, clock: datetime) -> datetime | None:
        until = self.channel.rate_held_until
        return until if until is not None and until > clock else None

    def situation(self, work: UnitOfWork, row: Publication) -> Situation:
        return Situation(
            now=work.now,
            due_at=row.due_at or work.now,
            expires_at=row.expires_at,
            grace=timedelta(seconds=work.settings.grace_seconds),
            channel_enabled=self.channel.enabled,
            channel_works=self.channel.state in {ChannelState.READY, ChannelState.CHECKING},
            channel_message=self.channel.state_message,
            approved=self.approved,
            is_current_revision=self.current_revision_id is None
            or self.current_revision_id == row.revision_id,
            accept_older_revision=row.accept_older_revision,
            edition_basis_is_current=self.edition.basis == self.channel.basis,
            partly_out=bool(row.checkpoint.get("parts")),
        )


async def _facts(work: UnitOfWork, row: Publication, *, lock: bool) -> _Facts:
    """Read what decides; with `lock`, nobody can change it before this transaction ends."""

    def shared(statement: Any) -> Any:
        fresh = statement.execution_options(populate_existing=True)
        return fresh.with_for_update(read=True) if lock else fresh

    channel = (
        await work.session.execute(shared(select(Channel).where(Channel.id == row.channel_id)))
    ).scalar_one()
    edition = (
        await work.session.execute(select(Edition).where(Edition.id == row.edition_id))
    ).scalar_one()
    approvals = await work.all(
        shared(
            select(Approval).where(
                Approval.edition_id == edition.id,
                Approval.hash == edition.hash,
                Approval.revoked_at.is_(None),
            )
        )
    )
    item = (
        await work.one(shared(select(ContentItem).where(ContentItem.id == row.item_id)))
        if row.item_id is not None
        else None
    )
    return _Facts(
        channel=channel,
        edition=edition,
        approved=bool(approvals) and not (item is not None and item.archived),
        current_revision_id=item.current_revision_id if item is not None else None,
    )
