"""Carrying out an amendment: taking it, the moment of truth before each call, and its end.

An edit passes the same question as a publication: is this approved now, and may it go out? What
an amendment does is the same however often it is done, so a lost answer needs no detective.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.channels.platforms.base import EditionContent
from hub.content import tracking
from hub.content.models import ContentItem, Edition
from hub.kernel import jobs
from hub.kernel.work import UnitOfWork
from hub.publishing.amendments import close
from hub.publishing.events import AmendmentDone, PublicationEdited, PublicationWithdrawn
from hub.publishing.jobs import Amend, ReadBack
from hub.publishing.models import (
    Amendment,
    AmendmentKind,
    AmendmentState,
    Publication,
    PublicationState,
    Standing,
)
from hub.publishing.rules import Situation, obstacle
from hub.publishing.sending import LeaseLost, NotNow
from hub.review.models import Approval

#: How soon to ask again while a job is finding out whose credentials a channel has.
_CHECK_WAIT = timedelta(seconds=2)
#: How long after its time an amendment without a job is noticed, and how many at once.
_STRAY = timedelta(minutes=1)
_SWEPT = 100


@dataclass(frozen=True, kw_only=True)
class AmendmentClaim:
    """An amendment this worker carries out, with all it needs; `edition` is set for an edit."""

    amendment_id: UUID
    publication_id: UUID
    edition_id: UUID | None
    kind: AmendmentKind
    fence: int
    tries: int
    access: ChannelAccess
    refs: Sequence[Mapping[str, Any]]
    target: Mapping[str, Any] | None
    edition: EditionContent | None
    idempotency_key: UUID
    frozen_at: datetime
    in_reply_to: Mapping[str, Any] | None
    checkpoint: Mapping[str, Any]


async def claim(work: UnitOfWork, *, amendment_id: UUID) -> AmendmentClaim | NotNow | None:
    """Take an amendment that is due; None means that there is nothing to do any more."""
    found = await work.one(select(Amendment).where(Amendment.id == amendment_id))
    if found is None or found.state is not AmendmentState.PENDING:
        return None
    publication = (
        await work.session.execute(
            select(Publication).where(Publication.id == found.publication_id)
        )
    ).scalar_one()
    channel = (
        await work.session.execute(select(Channel).where(Channel.id == publication.channel_id))
    ).scalar_one()
    row = await _pending(work, amendment_id)
    if row is None:
        return None
    waits = _waits(work, row, channel)
    if waits is not None:
        return waits
    access = await channels.access(work, channel_id=channel.id)
    if access is None:
        close(work, row, problem="The channel has no credentials any more.")
        return None
    row.fence += 1
    row.attempts += 1
    return AmendmentClaim(
        amendment_id=row.id,
        publication_id=publication.id,
        edition_id=row.edition_id,
        kind=row.kind,
        fence=row.fence,
        tries=row.attempts,
        access=access,
        refs=publication.refs,
        target=row.target,
        edition=await _edition(work, row),
        idempotency_key=publication.idempotency_key,
        frozen_at=publication.frozen_at or work.now,
        in_reply_to=publication.in_reply_to,
        checkpoint=row.checkpoint,
    )


def _waits(work: UnitOfWork, row: Amendment, channel: Channel) -> NotNow | None:
    if row.due_at is not None and row.due_at > work.now:
        return NotNow(due_at=row.due_at)
    held_for = (channel.rate_held_until or work.clock) - work.clock
    if held_for > timedelta():
        return NotNow(due_at=work.now + held_for)
    if channel.state is ChannelState.CHECKING:
        # New credentials must not be used before it is known whose they are.
        return NotNow(due_at=work.now + _CHECK_WAIT)
    return None


async def _edition(work: UnitOfWork, row: Amendment) -> EditionContent | None:
    if row.edition_id is None:
        return None
    edition = await work.one(select(Edition).where(Edition.id == row.edition_id))
    return EditionContent.from_json(orjson.loads(edition.body)) if edition else None


async def authorise(work: UnitOfWork, *, claim: AmendmentClaim) -> bool | NotNow:
    """Write the moment of truth before a call that changes something; False ends the amendment.

    NotNow while the account must rest or is being checked. Raises LeaseLost when somebody else
    has it, or has ended it.
    """
    facts = await _facts(work, claim)
    row = await _held(work, claim)
    waits = _waits(work, row, facts.channel)
    if waits is not None:
        row.due_at = waits.due_at
        return waits
    problem = _obstacle(work, claim, facts)
    if problem:
        _end(work, row, problem=problem)
        return False
    row.attempted_at = row.attempted_at or work.clock
    return True


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """The rows that decide; nobody can change them before this transaction ends."""

    publication: Publication
    channel: Channel
    edition: Edition | None
    item: ContentItem | None
    approved: bool
    tracking: str


async def _facts(work: UnitOfWork, claim: AmendmentClaim) -> _Facts:
    """Read and lock what decides, in the one order of locks there is."""

    def shared(statement: Any) -> Any:
        return statement.with_for_update(read=True).execution_options(populate_existing=True)

    wanted = select(Publication).where(Publication.id == claim.publication_id)
    found = (await work.session.execute(wanted)).scalar_one()
    edition = (
        await work.one(select(Edition).where(Edition.id == claim.edition_id))
        if claim.edition_id
        else None
    )
    channel = select(Channel).where(Channel.id == found.channel_id)
    approval = select(Approval).where(
        Approval.edition_id == claim.edition_id,
        Approval.hash == (edition.hash if edition else ""),
        Approval.revoked_at.is_(None),
    )
    item = select(ContentItem).where(ContentItem.id == found.item_id)
    fresh = wanted.with_for_update().execution_options(populate_existing=True)
    channel_row = (await work.session.execute(shared(channel))).scalar_one()
    approved = bool(await work.all(shared(approval)))
    item_row = await work.one(shared(item))
    return _Facts(
        channel=channel_row,
        approved=approved,
        item=item_row,
        publication=(await work.session.execute(fresh)).scalar_one(),
        edition=edition,
        tracking=""
        if item_row is None or edition is None
        else await tracking.current(work, item=item_row, body=edition.body),
    )


def _obstacle(work: UnitOfWork, claim: AmendmentClaim, facts: _Facts) -> str:
    """Return why this may not be done now; empty when nothing stands in the way."""
    if facts.publication.state is not PublicationState.PUBLISHED:
        return f"The publication is {facts.publication.state.value} by now."
    if claim.kind is not AmendmentKind.EDIT:
        return ""
    edition, item, channel = facts.edition, facts.item, facts.channel
    if edition is None or item is None:
        return "The new words are not there any more."
    blocked = obstacle(
        Situation(
            now=work.now,
            due_at=work.now,
            expires_at=None,
            grace=timedelta(),
            channel_enabled=channel.enabled,
            channel_works=channel.state is ChannelState.READY,
            channel_message=channel.state_message,
            approved=facts.approved and not item.archived,
            is_current_revision=item.current_revision_id == edition.revision_id,
            accept_older_revision=False,
            edition_basis_is_current=edition.basis == channel.basis
            and edition.tracking == facts.tracking,
            partly_out=True,
        )
    )
    return blocked.message if blocked else ""


async def save(work: UnitOfWork, *, claim: AmendmentClaim, checkpoint: Mapping[str, Any]) -> None:
    """Keep how far it has come; raises LeaseLost."""
    row = await _held(work, claim)
    row.checkpoint = dict(checkpoint)


async def settle_done(
    work: UnitOfWork, *, claim: AmendmentClaim, refs: Sequence[Mapping[str, Any]] = ()
) -> None:
    """It was done: the publication says so from now on. `refs` are the posts after an edit."""
    facts = await _facts(work, claim)
    publication = facts.publication
    row = await _held(work, claim)
    match row.kind:
        case AmendmentKind.EDIT:
            _edited(work, row, facts, refs)
        case AmendmentKind.WITHDRAW:
            _withdrawn(work, row, publication)
    row.state = AmendmentState.DONE
    row.due_at = None
    row.problem = ""
    row.finished_at = work.now
    work.record(
        AmendmentDone(
            subject_id=row.id,
            publication_id=publication.id,
            kind=row.kind,
            message_id=row.message_id,
        )
    )


def _edited(
    work: UnitOfWork, row: Amendment, facts: _Facts, refs: Sequence[Mapping[str, Any]]
) -> None:
    publication, edition = facts.publication, facts.edition
    if edition is None:
        raise LookupError("an edit has an edition: the database says so")
    row.hash = edition.hash
    publication.edition_id = edition.id
    publication.revision_id = edition.revision_id
    publication.approved_hash = edition.hash
    publication.sent_hash = edition.hash
    publication.refs = [dict(ref) for ref in refs]
    publication.checkpoint = dict(row.checkpoint)
    publication.remote_id = refs[0]["remote_id"]
    publication.url = refs[0].get("url") or publication.url
    publication.edited_at = work.now
    publication.standing = None
    _touched(work, publication)
    _look_again(work, publication)
    work.record(
        PublicationEdited(
            subject_id=publication.id,
            channel_id=publication.channel_id,
            url=publication.url or "",
            hash=edition.hash,
        )
    )


def _withdrawn(work: UnitOfWork, row: Amendment, publication: Publication) -> None:
    publication.state = PublicationState.WITHDRAWN
    publication.standing = Standing.GONE
    publication.standing_at = work.now
    _touched(work, publication)
    work.record(
        PublicationWithdrawn(
            subject_id=publication.id, channel_id=publication.channel_id, reason=row.reason
        )
    )


def _touched(work: UnitOfWork, publication: Publication) -> None:
    publication.version += 1
    publication.updated_at = work.now


async def settle_later(
    work: UnitOfWork, *, claim: AmendmentClaim, problem: str, wait: timedelta
) -> datetime:
    """Try again after a while; return when."""
    row = await _held(work, claim)
    row.problem = problem
    row.due_at = work.now + wait
    return row.due_at


async def settle_failed(work: UnitOfWork, *, claim: AmendmentClaim, problem: str) -> None:
    """It could not be done, or not wholly: say so, and look how the publication stands now."""
    row = await _held(work, claim)
    _end(work, row, problem=problem)


async def sweep(work: UnitOfWork) -> None:
    """Take up again what waits for a worker and has no job; end what no worker could bring to one.

    Otherwise a withdrawal would be pending for ever, and nobody could ask for it anew.
    """
    waiting = await work.all(
        select(Amendment.id)
        .where(Amendment.state == AmendmentState.PENDING, Amendment.due_at < work.now - _STRAY)
        .order_by(Amendment.id)
        .limit(_SWEPT)
    )
    for amendment_id in waiting:
        job = Amend(workspace_id=work.caller.workspace_id, amendment_id=amendment_id)
        if not await jobs.exists(work.session, key=job.key()):
            work.promise(job)
            continue
        problem = await jobs.parked_reason(work.session, key=job.key())
        row = None if problem is None else await _pending(work, amendment_id)
        if row is not None:
            _end(work, row, problem=problem or "No worker could bring it to an end.")


def _end(work: UnitOfWork, row: Amendment, *, problem: str) -> None:
    close(work, row, problem=problem)
    if row.attempted_at is not None:
        # A call before may have changed something: what it is now must be seen, not believed.
        work.promise(ReadBack(workspace_id=row.workspace_id, publication_id=row.publication_id))


def _look_again(work: UnitOfWork, publication: Publication) -> None:
    work.promise(
        ReadBack(workspace_id=publication.workspace_id, publication_id=publication.id),
        due_at=work.now + timedelta(minutes=1),
    )


async def _pending(work: UnitOfWork, amendment_id: UUID) -> Amendment | None:
    return await work.one(
        select(Amendment)
        .where(Amendment.id == amendment_id, Amendment.state == AmendmentState.PENDING)
        # Waits for whoever looks at it: to pass over it would be to forget it.
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def _held(work: UnitOfWork, claim: AmendmentClaim) -> Amendment:
    row = await work.one(
        select(Amendment)
        .where(
            Amendment.id == claim.amendment_id,
            Amendment.fence == claim.fence,
            Amendment.state == AmendmentState.PENDING,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise LeaseLost
    return row
