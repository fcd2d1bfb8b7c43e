"""Taking a publication, and the moment of truth: all that is asked before anything may go out.

Everything a worker does at a platform happens between two of these transactions. Locks are always
taken in one order (channel, approval, content item, publication), so nothing can deadlock with
people's edits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import and_, func, or_, select, text

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.channels.platforms import platform as platform_by_key
from hub.channels.platforms.base import EditionContent, Guarantee
from hub.content import tracking
from hub.content.models import ContentItem, Edition
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing.events import PublicationStarted, PublicationUnconfirmed
from hub.publishing.models import Attempt, HoldReason, Publication, PublicationState
from hub.publishing.rules import Obstacle, Situation, obstacle
from hub.publishing.sending import (
    PENDING,
    Claim,
    LeaseLost,
    NotNow,
    Outcome,
    held,
    note_attempt,
    note_outcome,
    note_silence,
    stop,
)
from hub.review.models import Approval

#: How soon to ask again while a job is finding out whose credentials a channel has.
_CHECK_WAIT = timedelta(seconds=2)


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
        return _when(work, found)
    waits = _waits(work, row, facts)
    if waits is not None:
        return waits
    access = await channels.access(work, channel_id=row.channel_id)
    blocked = obstacle(facts.situation(work, row)) if access else _NO_CREDENTIALS
    if access is None or (blocked is not None and row.commit_attempted_at is None):
        stop(work, row, blocked or _NO_CREDENTIALS)
        return None
    await _take(work, row, facts.edition, worker=worker)
    return await _claimed(work, row, facts, access, blocked)


_NO_CREDENTIALS = Obstacle(
    reason=HoldReason.NEEDS_AUTH, message="The channel has no credentials any more."
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


def _when(work: UnitOfWork, row: Publication) -> NotNow | None:
    if row.state is PublicationState.PUBLISHING and row.lease_until is not None:
        return NotNow(due_at=_on_hub_clock(work, row.lease_until))
    waits = row.state in {PublicationState.SCHEDULED, PublicationState.UNCONFIRMED}
    return NotNow(due_at=row.due_at) if waits and row.due_at is not None else None


def _on_hub_clock(work: UnitOfWork, at: datetime) -> datetime:
    # Leases and rate holds are kept in the bare clock, jobs are due by the hub's.
    return at + (work.now - work.clock)


def _waits(work: UnitOfWork, row: Publication, facts: "_Facts") -> NotNow | None:
    """Return how long a claimable publication must wait for its platform, if it must."""
    in_doubt = row.commit_attempted_at is not None
    if in_doubt and facts.channel.guarantee is Guarantee.BLIND:
        # Nobody will be called, so there is nothing to wait for.
        return None
    if (until := facts.rate_held_until(work.clock)) is not None:
        return _wait_for_rate(work, row, until)
    if facts.is_being_checked and work.now - (row.due_at or work.now) <= _grace(work):
        # New credentials must not be used before it is known whose they are.
        return NotNow(due_at=work.now + _CHECK_WAIT)
    return _wait_to_be_seen(work, row, facts)


def _wait_for_rate(work: UnitOfWork, row: Publication, until: datetime) -> NotNow:
    due_at = _on_hub_clock(work, until)
    if row.state is PublicationState.PUBLISHING:
        in_doubt = row.commit_attempted_at is not None
        row.state = PublicationState.UNCONFIRMED if in_doubt else PublicationState.SCHEDULED
        row.lease_until = None
    row.due_at = due_at
    return NotNow(due_at=due_at)


def _wait_to_be_seen(work: UnitOfWork, row: Publication, facts: "_Facts") -> NotNow | None:
    """Give the platform time to show what a worker that fell silent may have sent."""
    if row.state is not PublicationState.PUBLISHING or row.commit_attempted_at is None:
        return None
    seen_at = row.commit_attempted_at + facts.settle
    if seen_at <= work.clock:
        return None
    row.state = PublicationState.UNCONFIRMED
    row.lease_until = None
    row.due_at = _on_hub_clock(work, seen_at)
    row.problem = "The worker fell silent while sending; the platform will be asked."
    row.version += 1
    row.updated_at = work.now
    work.record(PublicationUnconfirmed(subject_id=row.id, needs_person=False, problem=row.problem))
    return NotNow(due_at=row.due_at)


async def _take(work: UnitOfWork, row: Publication, edition: Edition, *, worker: str) -> None:
    if row.attempts:
        await note_silence(work, row)
    row.state = PublicationState.PUBLISHING
    row.fence += 1
    row.attempts += 1
    row.lease_until = work.clock + timedelta(seconds=work.settings.lease_seconds)
    row.frozen_at = row.frozen_at or work.now
    row.approved_hash = edition.hash
    row.problem = ""
    await work.add(
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


async def _claimed(
    work: UnitOfWork,
    row: Publication,
    facts: "_Facts",
    access: ChannelAccess,
    blocked: Obstacle | None,
) -> Claim:
    polls = await _polls(work, row)
    in_doubt_since = row.commit_attempted_at
    return Claim(
        publication_id=row.id,
        fence=row.fence,
        attempt=row.attempts,
        tries=row.attempts - row.attempts_forgiven - polls,
        polls=polls,
        guarantee_settle=facts.settle,
        replay_window=facts.replay_window,
        access=access,
        edition=EditionContent.from_json(orjson.loads(facts.edition.body)),
        idempotency_key=row.idempotency_key,
        frozen_at=row.frozen_at or work.now,
        in_reply_to=row.in_reply_to,
        checkpoint=row.checkpoint,
        commit_step=row.commit_step,
        commit_attempted_at=in_doubt_since,
        commit_age=work.clock - in_doubt_since if in_doubt_since else None,
        looks=row.reconcile_count,
        obstacle=blocked,
    )


async def _polls(work: UnitOfWork, row: Publication) -> int:
    """Count the tries that only found the platform busy: waiting is not failing."""
    counted = select(func.count()).where(
        Attempt.publication_id == row.id,
        Attempt.number > row.attempts_forgiven,
        Attempt.outcome == PENDING,
    )
    return await work.one(counted) or 0


_DURABLY = text(
    "SELECT set_config('synchronous_commit', 'on', true) "
    "WHERE current_setting('synchronous_commit') = 'off'"
)


async def authorise_commit(
    work: UnitOfWork, *, claim: Claim, step: str, wire_digest: str
) -> Obstacle | NotNow | None:
    """Write the moment of truth: past this commit the step may be at the platform.

    Returns why it must not be sent, or when to ask again, if anything stands in the way; raises
    LeaseLost when this worker no longer holds the publication.
    """
    found = await work.one(select(Publication).where(Publication.id == claim.publication_id))
    if found is None:
        raise LeaseLost
    facts = await _facts(work, found, lock=True)
    row = await held(work, claim)
    # A server told to be forgetful must not forget this one commit: it would send twice.
    await work.session.execute(_DURABLY)
    refused = await _refused(work, claim, row, facts)
    if refused is not None:
        return refused
    if row.commit_step != step or row.commit_attempted_at is None:
        row.commit_step = step
        row.commit_attempted_at = work.clock
        row.reconcile_count = 0
    row.sent_hash = facts.edition.hash
    row.lease_until = work.clock + timedelta(seconds=work.settings.lease_seconds)
    await note_attempt(work, claim, step=step, wire_digest=wire_digest)
    return None


async def _refused(
    work: UnitOfWork, claim: Claim, row: Publication, facts: "_Facts"
) -> Obstacle | NotNow | None:
    in_doubt = row.commit_attempted_at is not None
    blocked = obstacle(facts.situation(work, row))
    if blocked is not None and in_doubt:
        # It may be out already: the next try looks, and sends nothing.
        await note_outcome(work, claim, Outcome(outcome="STOPPED", message=blocked.message))
        row.state = PublicationState.UNCONFIRMED
        row.lease_until = None
        row.due_at = work.now
        return NotNow(due_at=work.now)
    if blocked is not None:
        await note_outcome(work, claim, Outcome(outcome="STOPPED", message=blocked.message))
        stop(work, row, blocked)
        return blocked
    if (until := facts.rate_held_until(work.clock)) is not None:
        await note_outcome(work, claim, Outcome(outcome="RATE_HELD"))
        return _wait_for_rate(work, row, until)
    if facts.is_being_checked:
        await note_outcome(work, claim, Outcome(outcome="CHANNEL_CHECKED"))
        row.state = PublicationState.UNCONFIRMED if in_doubt else PublicationState.SCHEDULED
        row.lease_until = None
        row.due_at = row.due_at or work.now
        return NotNow(due_at=work.now + _CHECK_WAIT)
    return None


def _grace(work: UnitOfWork) -> timedelta:
    return timedelta(seconds=work.settings.grace_seconds)


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """The rows around a publication that decide whether it may go out."""

    channel: Channel
    edition: Edition
    approved: bool
    current_revision_id: UUID | None
    tracking: str

    @property
    def is_being_checked(self) -> bool:
        return self.channel.state is ChannelState.CHECKING

    @property
    def settle(self) -> timedelta:
        return timedelta(seconds=platform_by_key(self.channel.platform).settle_seconds)

    @property
    def replay_window(self) -> timedelta:
        return timedelta(seconds=platform_by_key(self.channel.platform).replay_window_seconds)

    def rate_held_until(self, clock: datetime) -> datetime | None:
        until = self.channel.rate_held_until
        return until if until is not None and until > clock else None

    def situation(self, work: UnitOfWork, row: Publication) -> Situation:
        return Situation(
            now=work.now,
            due_at=row.due_at or work.now,
            expires_at=row.expires_at,
            grace=_grace(work),
            channel_enabled=self.channel.enabled,
            channel_works=self.channel.state in {ChannelState.READY, ChannelState.CHECKING},
            channel_message=self.channel.state_message,
            approved=self.approved,
            is_current_revision=self.current_revision_id is None
            or self.current_revision_id == row.revision_id,
            accept_older_revision=row.accept_older_revision,
            edition_basis_is_current=self.edition.basis == self.channel.basis
            and self.edition.tracking == self.tracking,
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
        tracking="" if item is None else await tracking.current(work, item=item, body=edition.body),
    )
