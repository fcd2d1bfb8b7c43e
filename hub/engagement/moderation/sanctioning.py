"""Sanctions on persons: imposed for a reason, in force where they can be, lifted again.

Muting or blocking twice is doing it once, so a lost answer is followed by the same again. What
somebody who is muted or blocked writes waits for a moderator, wherever the sanction holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.operations import ChannelAccess
from hub.channels.platforms.base import Capability
from hub.engagement import operations as engagement
from hub.engagement.models import Direction, Message, Person
from hub.engagement.moderation.events import (
    SanctionCreated,
    SanctionFailed,
    SanctionInForce,
    SanctionLifted,
    SanctionLifting,
)
from hub.engagement.moderation.jobs import EnforceSanction
from hub.engagement.moderation.loading import is_ours
from hub.engagement.moderation.models import (
    NoticeWay,
    Sanction,
    SanctionKind,
    SanctionPlace,
    SanctionState,
)
from hub.kernel.caller import Permission
from hub.kernel.editing import get, require_text
from hub.kernel.errors import HubError, Invalid, Taken, Unsupported, WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication, PublicationState

REASON_MAX = 1_000
NOTICE_MAX = 2_000
_REST = timedelta(minutes=5)
#: How often to look whether a notice has left before somebody is blocked.
_NOTICE_REST = timedelta(seconds=5)
_ON_ITS_WAY = frozenset(
    {PublicationState.PLANNED, PublicationState.SCHEDULED, PublicationState.PUBLISHING}
)
_STANDING = (SanctionState.WANTED, SanctionState.IN_FORCE, SanctionState.LIFTING)
_NEEDS: Mapping[SanctionKind, Capability] = {
    SanctionKind.MUTE: Capability.MUTE,
    SanctionKind.BLOCK: Capability.BLOCK,
}


@dataclass(frozen=True, kw_only=True)
class Enforcing:
    """What a worker needs to bring a sanction into force, or to lift it."""

    sanction_id: UUID
    access: ChannelAccess
    person: str
    kind: SanctionKind
    on: bool
    tries: int


async def create_sanction(
    work: UnitOfWork,
    *,
    person_id: UUID,
    kind: SanctionKind,
    reason: str,
    notice: str = "",
    until: datetime | None = None,
) -> Sanction:
    """Warn, mute or block somebody; a notice is sent where that can be done.

    Where the platform cannot mute or block, the hub does: what they write waits for a moderator.
    """
    work.caller.require(Permission.ENGAGEMENT_MODERATE)
    person = await get(work, Person, person_id, path=("input", "personId"), lock=True)
    words = require_text(reason, most=REASON_MAX, path=("input", "reason"))
    told = require_text(
        notice, most=NOTICE_MAX, path=("input", "notice"), empty=kind is not SanctionKind.WARN
    )
    _require_until(work, kind, until)
    if await is_ours(work, person):
        raise Invalid("This is an account of your own.", path=("input", "personId"))
    await _require_free(work, person, kind)
    channel = await get(work, Channel, person.channel_id)
    there = kind in _NEEDS and _NEEDS[kind] in channel.capabilities
    row = Sanction(
        id=new_id(),
        workspace_id=person.workspace_id,
        person_id=person.id,
        channel_id=person.channel_id,
        kind=kind,
        place=SanctionPlace.PLATFORM if there else SanctionPlace.HUB,
        reason=words,
        notice=told,
        until=until,
        state=SanctionState.WANTED,
        imposed_by=work.caller.member_id,
        tries=0,
        problem="",
    )
    if told:
        await _tell(work, row, channel)
    await work.add(row)
    work.record(SanctionCreated(subject_id=row.id, person_id=person.id, kind=kind, until=until))
    await work.flush()
    if not there:
        _in_force(work, row)
    if there or until is not None:
        _promise(work, row, until if not there else None)
    return row


def _require_until(work: UnitOfWork, kind: SanctionKind, until: datetime | None) -> None:
    if until is None:
        return
    if kind is SanctionKind.WARN:
        raise Invalid("A warning has no end.", path=("input", "until"))
    if until <= work.now:
        raise Invalid("This time is over.", path=("input", "until"))


async def _require_free(work: UnitOfWork, person: Person, kind: SanctionKind) -> None:
    if kind is SanctionKind.WARN:
        return
    standing = await work.one(
        select(Sanction.id).where(
            Sanction.person_id == person.id,
            Sanction.kind == kind,
            Sanction.state.in_(_STANDING),
        )
    )
    if standing is not None:
        raise Taken("They are under this sanction already.", path=("input", "kind"))


async def _tell(work: UnitOfWork, row: Sanction, channel: Channel) -> None:
    """Send the notice: in private where the channel can, a warning else as a public answer."""
    privately = Capability.DIRECT_MESSAGES in channel.capabilities
    last = await work.one(
        select(Message.id)
        .where(
            Message.person_id == row.person_id,
            Message.direction == Direction.INBOUND,
            Message.deleted_at.is_(None),
        )
        .order_by(Message.written_at.desc(), Message.id.desc())
        .limit(1)
    )
    warns = row.kind is SanctionKind.WARN
    if last is None or not (privately or warns):
        if warns:
            raise Unsupported(
                "There is no message of theirs that could be answered.", path=("input", "personId")
            )
        row.problem = f"{channel.name} cannot tell them in private."
        return
    try:
        publication = await engagement.reply(
            work, message_id=last, text=row.notice, privately=privately
        )
    except HubError as error:
        error.path = ("input", "notice")
        raise
    row.publication_id = publication.id
    row.told = NoticeWay.PRIVATE if privately else NoticeWay.REPLY


async def lift_sanction(work: UnitOfWork, *, sanction_id: UUID, reason: str = "") -> Sanction:
    """Take a sanction back."""
    work.caller.require(Permission.ENGAGEMENT_MODERATE)
    row = await get(work, Sanction, sanction_id, lock=True)
    if row.state not in {SanctionState.WANTED, SanctionState.IN_FORCE}:
        raise WrongState(
            f"It is {row.state.value}: there is nothing to lift.", path=("input", "id")
        )
    row.lift_reason = require_text(reason, most=REASON_MAX, path=("input", "reason"), empty=True)
    row.lifted_by = work.caller.member_id
    _lift(work, row)
    return row


def _lift(work: UnitOfWork, row: Sanction) -> None:
    row.state = SanctionState.LIFTING
    row.tries = 0
    row.problem = ""
    work.record(SanctionLifting(subject_id=row.id, person_id=row.person_id, kind=row.kind))
    if row.place is SanctionPlace.HUB:
        _lifted(work, row)
        return
    _promise(work, row, None)


def _in_force(work: UnitOfWork, row: Sanction) -> None:
    row.state = SanctionState.IN_FORCE
    row.in_force_at = work.now
    work.record(SanctionInForce(subject_id=row.id, person_id=row.person_id, kind=row.kind))


def _lifted(work: UnitOfWork, row: Sanction) -> None:
    row.state = SanctionState.LIFTED
    row.lifted_at = work.now
    work.record(SanctionLifted(subject_id=row.id, person_id=row.person_id, kind=row.kind))


def _promise(work: UnitOfWork, row: Sanction, due_at: datetime | None) -> None:
    work.promise(EnforceSanction(workspace_id=row.workspace_id, sanction_id=row.id), due_at=due_at)


# --- what a worker does ---------------------------------------------------------------------------


async def begin(work: UnitOfWork, *, sanction_id: UUID) -> Enforcing | datetime | None:
    """Return what the platform is to be told; a time when to ask again; None when it is done."""
    row = await _locked(work, sanction_id)
    if row is None:
        return None
    if row.state is SanctionState.IN_FORCE:
        if row.until is None or row.until > work.now:
            return row.until
        _lift(work, row)
    if row.state not in {SanctionState.WANTED, SanctionState.LIFTING}:
        return None
    if await _notice_is_under_way(work, row):
        return work.now + _NOTICE_REST
    channel = await get(work, Channel, row.channel_id)
    access = await channels.access(work, channel_id=channel.id)
    if access is None:
        _fail(work, row, "The channel cannot be reached any more.")
        return None
    held_for = (channel.rate_held_until or work.clock) - work.clock
    if held_for > timedelta():
        return work.now + held_for
    if not channel.enabled or channel.state is not ChannelState.READY:
        return work.now + _REST
    row.tries += 1
    person = await get(work, Person, row.person_id)
    return Enforcing(
        sanction_id=row.id,
        access=access,
        person=person.remote_id,
        kind=row.kind,
        on=row.state is SanctionState.WANTED,
        tries=row.tries,
    )


async def _notice_is_under_way(work: UnitOfWork, row: Sanction) -> bool:
    # Who is blocked reads nothing any more.
    if row.publication_id is None or row.state is not SanctionState.WANTED:
        return False
    state = await work.one(select(Publication.state).where(Publication.id == row.publication_id))
    return state in _ON_ITS_WAY


async def settle(work: UnitOfWork, *, enforcing: Enforcing) -> datetime | None:
    """Keep that the platform has done it; return when there is something to do again, if ever."""
    row = await _locked(work, enforcing.sanction_id)
    if row is None:
        return None
    if enforcing.on and row.state is SanctionState.WANTED:
        row.tries, row.problem = 0, ""
        _in_force(work, row)
        return row.until
    if not enforcing.on and row.state is SanctionState.LIFTING:
        row.problem = ""
        _lifted(work, row)
        return None
    # It was lifted while it came into force.
    return work.now if row.state is SanctionState.LIFTING else None


async def settle_later(work: UnitOfWork, *, enforcing: Enforcing, problem: str) -> None:
    """Keep why it is not done yet."""
    row = await _locked(work, enforcing.sanction_id)
    if row is not None:
        row.problem = problem


async def fail(work: UnitOfWork, *, enforcing: Enforcing, problem: str) -> None:
    """Give it up: what could not be lifted is in force still."""
    row = await _locked(work, enforcing.sanction_id)
    if row is None:
        return
    if row.state is SanctionState.LIFTING and not enforcing.on:
        row.state = SanctionState.IN_FORCE
        row.until = None
        row.problem = problem
        _tell_failed(work, row)
        return
    _fail(work, row, problem)


def _fail(work: UnitOfWork, row: Sanction, problem: str) -> None:
    row.state = SanctionState.FAILED
    row.problem = problem
    _tell_failed(work, row)


def _tell_failed(work: UnitOfWork, row: Sanction) -> None:
    work.record(
        SanctionFailed(
            subject_id=row.id, person_id=row.person_id, kind=row.kind, problem=row.problem
        )
    )


async def _locked(work: UnitOfWork, sanction_id: UUID) -> Sanction | None:
    statement: Any = select(Sanction).where(Sanction.id == sanction_id).with_for_update()
    return await work.one(statement.execution_options(populate_existing=True))
