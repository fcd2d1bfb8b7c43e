"""Scheduling, calling back, and what a person decides when the hub cannot know."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, update

from hub.channels.models import Channel
from hub.content.models import ContentItem, Edition
from hub.kernel.caller import Permission
from hub.kernel.editing import free_reference, get, require_text, require_version, touch
from hub.kernel.errors import Invalid, Taken, TooLate, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing.editions import is_amending, newest_approved
from hub.publishing.errors import NotApproved
from hub.publishing.events import (
    PublicationCancelled,
    PublicationFailed,
    PublicationHeld,
    PublicationScheduled,
)
from hub.publishing.jobs import Publish
from hub.publishing.models import HoldReason, Publication, PublicationState
from hub.publishing.rules import CONFIRMED
from hub.publishing.sending import mark_published
from hub.review.models import ReviewTarget
from hub.review.rules import require_future

_ENDED = (
    PublicationState.CANCELLED,
    PublicationState.FAILED,
    PublicationState.EXPIRED,
    PublicationState.WITHDRAWN,
)
_REMOTE_ID = 500
_URL = 2_000
_CANCELLABLE = frozenset(
    {
        PublicationState.PLANNED,
        PublicationState.SCHEDULED,
        PublicationState.PUBLISHING,
        PublicationState.HELD,
        PublicationState.FAILED,
    }
)


async def schedule(
    work: UnitOfWork,
    *,
    item_id: UUID,
    channel_id: UUID,
    scheduled_for: datetime | None = None,
    expires_at: datetime | None = None,
    external_reference: str | None = None,
) -> Publication:
    """Send the approved edition of an item to a channel, at a time or at once.

    The edition is the newest approved one of the item's current revision; there is no other.
    """
    work.caller.require(Permission.PUBLISHING_WRITE)
    item = await get(work, ContentItem, item_id, path=("input", "contentItemId"), lock=True)
    if item.archived:
        raise WrongState("This is archived.", path=("input", "contentItemId"))
    channel = await get(work, Channel, channel_id, path=("input", "channelId"))
    edition = await newest_approved(
        work, revision_id=item.current_revision_id, channel_id=channel.id
    )
    if edition is None:
        raise NotApproved(
            f"Nobody has approved the current revision for {channel.name}. "
            "Submit it for review with this channel first.",
            path=("input", "contentItemId"),
        )
    when = require_future(scheduled_for, now=work.now, path=("input", "scheduledFor"))
    latest = require_future(expires_at, now=work.now, path=("input", "expiresAt"))
    if latest is not None and latest <= (when or work.now):
        raise Invalid("The latest time lies before the time itself.", path=("input", "expiresAt"))
    return await add(
        work,
        edition=edition,
        item=item,
        scheduled_for=when,
        expires_at=latest,
        external_reference=await free_reference(work, Publication, external_reference),
    )


async def add(
    work: UnitOfWork,
    *,
    edition: Edition,
    item: ContentItem | None,
    scheduled_for: datetime | None,
    expires_at: datetime | None = None,
    external_reference: str | None = None,
    in_reply_to: dict[str, Any] | None = None,
) -> Publication:
    """Write a publication of an approved edition and promise to send it; internal."""
    if await _living(work, edition) is not None or await is_amending(work, edition):
        raise Taken(
            "These words are scheduled or published on this channel already.",
            path=("input", "channelId"),
        )
    when = scheduled_for or work.now
    row = Publication(
        id=new_id(),
        workspace_id=work.caller.workspace_id,
        edition_id=edition.id,
        channel_id=edition.channel_id,
        item_id=item.id if item else None,
        revision_id=edition.revision_id,
        origin=edition.origin,
        state=PublicationState.SCHEDULED,
        scheduled_for=when,
        due_at=when,
        expires_at=expires_at,
        in_reply_to=in_reply_to,
        idempotency_key=new_id(),
        approved_hash=edition.hash,
        checkpoint={},
        refs=[],
        external_reference=external_reference,
    )
    await work.add(row)
    await _replace_outdated(work, row)
    _promise(work, row)
    work.record(
        PublicationScheduled(subject_id=row.id, channel_id=row.channel_id, scheduled_for=when)
    )
    return row


async def _replace_outdated(work: UnitOfWork, row: Publication) -> None:
    """Cancel what is held on the channel because its words, now approved anew, were outdated."""
    outdated = await work.all(
        select(Publication)
        .where(
            Publication.item_id == row.item_id,
            Publication.channel_id == row.channel_id,
            Publication.id != row.id,
            Publication.state == PublicationState.HELD,
            Publication.hold_reason.in_([HoldReason.SUPERSEDED, HoldReason.EDITION_STALE]),
        )
        .order_by(Publication.id)
        .with_for_update()
    )
    for held in outdated:
        if not held.checkpoint.get("parts"):
            _call_back(work, held)


async def _living(work: UnitOfWork, edition: Edition) -> Publication | None:
    return await work.one(
        select(Publication)
        .where(Publication.edition_id == edition.id, Publication.state.not_in(_ENDED))
        .with_for_update()
    )


async def schedule_approved(work: UnitOfWork, *, review_id: UUID) -> None:
    """Schedule every target of an approved review that named a time; a reaction to the approval.

    Where the same words wait because an earlier approval was revoked, they get the new time.
    """
    rows = await work.session.execute(
        select(ReviewTarget, Edition, ContentItem)
        .join(Edition, Edition.id == ReviewTarget.edition_id)
        .join(ContentItem, ContentItem.current_revision_id == Edition.revision_id)
        .where(ReviewTarget.review_id == review_id, ReviewTarget.scheduled_for.is_not(None))
        .order_by(ReviewTarget.id)
    )
    for target, edition, item in rows.all():
        living = await _living(work, edition)
        if living is None and await is_amending(work, edition):
            # They are about to take the place of what is out there.
            continue
        if living is None:
            await add(work, edition=edition, item=item, scheduled_for=target.scheduled_for)
        elif living.hold_reason is HoldReason.UNAPPROVED:
            _reschedule(work, living, target.scheduled_for or work.now)


async def reschedule(
    work: UnitOfWork,
    *,
    publication_id: UUID,
    scheduled_for: datetime | None,
    expected_version: int | None = None,
) -> Publication:
    """Give a publication another time, before it has begun to go out."""
    row = await _locked(work, publication_id, expected_version)
    movable = {PublicationState.PLANNED, PublicationState.SCHEDULED, PublicationState.HELD}
    if row.state not in movable or _has_begun(row):
        raise _too_late(row)
    when = require_future(scheduled_for, now=work.now, path=("input", "scheduledFor")) or work.now
    if row.expires_at is not None and row.expires_at <= when:
        raise Invalid("Its latest time lies before that.", path=("input", "scheduledFor"))
    _reschedule(work, row, when)
    return row


def _reschedule(work: UnitOfWork, row: Publication, when: datetime) -> None:
    row.scheduled_for = when
    _set_due(work, row, when)
    work.record(
        PublicationScheduled(subject_id=row.id, channel_id=row.channel_id, scheduled_for=when)
    )


async def cancel(
    work: UnitOfWork, *, publication_id: UUID, expected_version: int | None = None
) -> Publication:
    """Call a publication back; refused once its moment of truth has passed."""
    row = await _locked(work, publication_id, expected_version)
    ended = row.state is PublicationState.FAILED
    if row.state not in _CANCELLABLE or (_has_begun(row) and not ended):
        raise _too_late(row)
    _call_back(work, row)
    return row


def _call_back(work: UnitOfWork, row: Publication) -> None:
    row.state = PublicationState.CANCELLED
    row.hold_reason = None
    row.due_at = None
    row.lease_until = None
    # A worker that holds it finds another fence, and stops.
    row.fence += 1
    touch(work, row)
    work.record(PublicationCancelled(subject_id=row.id))


async def resume(
    work: UnitOfWork, *, publication_id: UUID, expected_version: int | None = None
) -> Publication:
    """Let a held publication go out after all: at its time when that is still to come, or now.

    Resuming one whose text was changed sends the older, approved revision, knowingly. Whatever
    else held it must be mended first: the moment of truth asks everything again.
    """
    row = await _locked(work, publication_id, expected_version)
    if row.state is not PublicationState.HELD:
        raise WrongState(f"This publication is {row.state.value}, not held.", path=_ID)
    if row.hold_reason is HoldReason.EDITION_STALE:
        raise WrongState(
            "The channel or the campaign changed since this was approved. Submit the text for "
            "review again.",
            path=_ID,
        )
    row.accept_older_revision = (
        row.accept_older_revision or row.hold_reason is HoldReason.SUPERSEDED
    )
    due_at = max(row.scheduled_for or work.now, work.now)
    _set_due(work, row, due_at)
    work.record(
        PublicationScheduled(subject_id=row.id, channel_id=row.channel_id, scheduled_for=due_at)
    )
    return row


async def retry(
    work: UnitOfWork, *, publication_id: UUID, expected_version: int | None = None
) -> Publication:
    """Send again what failed, or what nobody could confirm: the one act that may double a post."""
    work.caller.require(Permission.PUBLISHING_WRITE)
    found = await get(work, Publication, publication_id)
    if found.item_id is not None:
        # An edit that is being asked for with the same words comes before or after.
        await get(work, ContentItem, found.item_id, lock=True)
    row = await _locked(work, publication_id, expected_version)
    needs_person = row.state is PublicationState.UNCONFIRMED and row.due_at is None
    if row.state is not PublicationState.FAILED and not needs_person:
        raise WrongState(f"This publication is {row.state.value}; wait for it.", path=_ID)
    await _require_alone(work, row)
    row.commit_step = None
    row.commit_attempted_at = None
    row.reconcile_count = 0
    row.attempts_forgiven = row.attempts
    # Another sending than the first: its key must not be taken for a repeat of that.
    row.idempotency_key = new_id()
    _set_due(work, row, work.now)
    work.record(
        PublicationScheduled(subject_id=row.id, channel_id=row.channel_id, scheduled_for=work.now)
    )
    return row


async def confirm(
    work: UnitOfWork,
    *,
    publication_id: UUID,
    remote_id: str | None = None,
    url: str | None = None,
    expected_version: int | None = None,
) -> Publication:
    """Say that it is out: somebody has looked at the platform."""
    row = await _unconfirmed(work, publication_id, expected_version)
    remote_id = await _free_remote_id(work, row, remote_id)
    _require_web_address(url)
    ref: dict[str, Any] = {
        "remote_id": remote_id or f"{CONFIRMED}{row.id}",
        "url": url or "",
        "published_at": None,
        "extra": {},
    }
    refs = [*row.checkpoint.get("parts", []), ref]
    edition = await get(work, Edition, row.edition_id)
    if len(refs) < _parts(edition):
        # More parts are to follow under this one: they need to know what they answer.
        if remote_id is None:
            raise Invalid(
                "More parts follow under this one: give its id at the platform.",
                path=("input", "remoteId"),
            )
        row.checkpoint = {**row.checkpoint, "parts": refs}
        row.commit_step = None
        row.commit_attempted_at = None
        _set_due(work, row, work.now)
        return row
    mark_published(work, row, refs)
    return row


async def abandon(
    work: UnitOfWork, *, publication_id: UUID, expected_version: int | None = None
) -> Publication:
    """Leave it as it is: it did not go out, or it does not matter any more."""
    row = await _unconfirmed(work, publication_id, expected_version)
    row.state = PublicationState.FAILED
    row.problem = "Somebody looked, and gave it up."
    row.commit_step = None
    row.commit_attempted_at = None
    row.due_at = None
    touch(work, row)
    work.record(PublicationFailed(subject_id=row.id, problem=row.problem))
    return row


async def hold(
    work: UnitOfWork, *, reason: HoldReason, problem: str, where: Sequence[Any]
) -> Sequence[UUID]:
    """Hold what has not passed its moment of truth; workers on it find another fence. Internal."""
    rows = await work.session.execute(
        update(Publication)
        .where(
            *where,
            Publication.workspace_id == work.caller.workspace_id,
            Publication.state.in_([PublicationState.SCHEDULED, PublicationState.PUBLISHING]),
            Publication.commit_attempted_at.is_(None),
        )
        .values(
            state=PublicationState.HELD,
            hold_reason=reason,
            problem=problem,
            lease_until=None,
            fence=Publication.fence + 1,
            version=Publication.version + 1,
            updated_at=work.now,
        )
        .returning(Publication.id)
        .execution_options(synchronize_session=False)
    )
    held = rows.scalars().all()
    for publication_id in held:
        work.record(PublicationHeld(subject_id=publication_id, reason=reason, problem=problem))
    return held


async def resume_paused(work: UnitOfWork, *, channel_id: UUID) -> None:
    """Give back what a switched-off channel held: what is late by now is held as missed."""
    rows = await work.all(
        select(Publication)
        .where(
            Publication.channel_id == channel_id,
            Publication.state == PublicationState.HELD,
            Publication.hold_reason == HoldReason.PAUSED,
        )
        .with_for_update()
    )
    for row in rows:
        _set_due(work, row, row.due_at or row.scheduled_for or work.now)


async def in_flight(work: UnitOfWork, *, channel_id: UUID) -> Sequence[UUID]:
    """Return what was past its moment of truth when the channel was switched off."""
    return await work.all(
        select(Publication.id).where(
            Publication.channel_id == channel_id,
            Publication.state.in_([PublicationState.PUBLISHING, PublicationState.UNCONFIRMED]),
            Publication.commit_attempted_at.is_not(None),
        )
    )


def promise_again(work: UnitOfWork, *, publication_id: UUID) -> None:
    """Promise the job of a publication anew; the sweeper's remedy. Internal."""
    work.promise(Publish(workspace_id=work.caller.workspace_id, publication_id=publication_id))


_ID = ("input", "id")


async def _locked(
    work: UnitOfWork, publication_id: UUID, expected_version: int | None
) -> Publication:
    work.caller.require(Permission.PUBLISHING_WRITE)
    row = await get(work, Publication, publication_id, lock=True)
    require_version(row, expected_version)
    return row


async def _unconfirmed(
    work: UnitOfWork, publication_id: UUID, expected_version: int | None
) -> Publication:
    row = await _locked(work, publication_id, expected_version)
    if row.state is not PublicationState.UNCONFIRMED:
        raise WrongState(f"This publication is {row.state.value}, not unconfirmed.", path=_ID)
    return row


async def _require_alone(work: UnitOfWork, row: Publication) -> None:
    edition = await get(work, Edition, row.edition_id)
    other = await work.one(
        select(Publication.id).where(
            Publication.edition_id == row.edition_id,
            Publication.id != row.id,
            Publication.state.not_in(_ENDED),
        )
    )
    if other is not None or await is_amending(work, edition):
        raise Taken("These words are scheduled or published on this channel already.", path=_ID)


async def _free_remote_id(work: UnitOfWork, row: Publication, remote_id: str | None) -> str | None:
    if remote_id is None:
        return None
    path = ("input", "remoteId")
    remote_id = require_text(remote_id, most=_REMOTE_ID, path=path)
    other = select(Publication.id).where(
        Publication.channel_id == row.channel_id,
        Publication.remote_id == remote_id,
        Publication.id != row.id,
    )
    if await work.one(other) is not None:
        raise Taken("Another publication of this channel has that id.", path=path)
    return remote_id


def _require_web_address(url: str | None) -> None:
    if not url:
        return
    path = ("input", "url")
    require_text(url, most=_URL, path=path)
    if not url.startswith(("https://", "http://")):
        raise Invalid("An address starts with https:// or http://.", path=path)


def _has_begun(row: Publication) -> bool:
    """Say whether some of it is, or may be, at the platform."""
    return row.commit_attempted_at is not None or bool(row.checkpoint.get("parts"))


def _set_due(work: UnitOfWork, row: Publication, due_at: datetime) -> None:
    row.state = PublicationState.SCHEDULED
    row.hold_reason = None
    row.problem = ""
    row.due_at = due_at
    row.lease_until = None
    touch(work, row)
    _promise(work, row)


def _promise(work: UnitOfWork, row: Publication) -> None:
    work.promise(Publish(workspace_id=row.workspace_id, publication_id=row.id), due_at=row.due_at)


def _parts(edition: Edition) -> int:
    return len(orjson.loads(edition.body)["parts"])


def _too_late(row: Publication) -> TooLate | WrongState:
    if row.state in {PublicationState.PUBLISHING, PublicationState.UNCONFIRMED}:
        return TooLate("It is already on its way and cannot be called back.", path=_ID)
    return WrongState(f"This publication is {row.state.value}.", path=_ID)
