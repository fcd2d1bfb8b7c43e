"""Comments that take part: judged as they come, read once more after the close, ruled on by hand.

Nothing here knows the other operations of engagement, which tell it what has arrived.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from hub.channels.models import Channel
from hub.engagement.contests import draw
from hub.engagement.contests.events import (
    ContestEntryDisqualified,
    ContestEntryReadmitted,
    ContestRead,
)
from hub.engagement.contests.jobs import JudgeContest, ReadContest
from hub.engagement.contests.models import (
    Contest,
    ContestEntry,
    ContestSource,
    ContestState,
    EntryReason,
    EntryState,
    Ruling,
)
from hub.engagement.contests.queries import is_unread
from hub.engagement.contests.rules import (
    GATHERS,
    JUDGED,
    OVERRULABLE,
    REASON_MAX,
    SETTLES,
    Comment,
    Conditions,
    Judgement,
    Terms,
    Who,
    handle_key,
    judge,
    read_again,
    window_end,
)
from hub.engagement.jobs import CollectMessages
from hub.engagement.models import Direction, Message, Person, Thread
from hub.kernel.caller import Permission
from hub.kernel.editing import get, require_text
from hub.kernel.errors import WrongState
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A comment as it was judged, with what lists and proofs tell of it."""

    comment: Comment
    entrant: str | None
    reasons: tuple[dict[str, Any], ...]
    ruling: Ruling | None
    ruling_reason: str


async def comments_changed(work: UnitOfWork, *, publication_id: UUID) -> None:
    """Promise to judge the contests under this publication: its comments are others now."""
    for contest, _ in await _concerned(work, publication_id):
        work.promise(
            JudgeContest(workspace_id=contest.workspace_id, contest_id=contest.id),
            due_at=work.now + GATHERS,
        )


async def note_read(work: UnitOfWork, *, publication_id: UUID, began_at: datetime) -> None:
    """Keep that all comments of a publication were read, as they were when the reading began."""
    for contest, source in await _concerned(work, publication_id):
        unread = _is_unread(source, contest)
        # A reading that took long and ends last knows less than a later one.
        source.read_at = max(began_at, source.read_at or began_at)
        if unread and not _is_unread(source, contest):
            work.promise(ReadContest(workspace_id=contest.workspace_id, contest_id=contest.id))


async def _concerned(
    work: UnitOfWork, publication_id: UUID
) -> Sequence[tuple[Contest, ContestSource]]:
    found = await work.session.execute(
        select(Contest, ContestSource)
        .join(ContestSource, ContestSource.contest_id == Contest.id)
        .where(ContestSource.publication_id == publication_id, Contest.state.in_(JUDGED))
        .order_by(Contest.id)
    )
    return [(contest, source) for contest, source in found]


def _is_unread(source: ContestSource, contest: Contest) -> bool:
    """Say whether comments of before the close may be missing."""
    if contest.closed_at is None:
        return False
    return source.read_at is None or source.read_at < contest.closed_at + SETTLES


async def unread(work: UnitOfWork, *, contest: Contest) -> Sequence[ContestSource]:
    """Return the publications whose comments were not read since a contest has closed."""
    if contest.closed_at is None:
        return ()
    return await work.all(
        select(ContestSource)
        .where(
            ContestSource.contest_id == contest.id,
            is_unread(ContestSource, contest.closed_at),
        )
        .order_by(ContestSource.id)
    )


async def read_out(work: UnitOfWork, *, contest_id: UUID) -> datetime | None:
    """Have all comments of a closed contest read; return when to look again, None: all are."""
    contest = await _locked(work, contest_id)
    if contest is None or contest.state is not ContestState.CLOSED or contest.closed_at is None:
        return None
    begins = contest.closed_at + SETTLES
    if work.now < begins:
        return begins
    left = await unread(work, contest=contest)
    for source in left:
        work.promise(
            CollectMessages(workspace_id=contest.workspace_id, publication_id=source.publication_id)
        )
    if left:
        return read_again(since=begins, now=work.now)
    await judged(work, contest=contest)
    work.record(ContestRead(subject_id=contest.id))
    return None


async def judge_all(work: UnitOfWork, *, contest_id: UUID) -> None:
    """Judge the comments of a contest, unless its list is frozen."""
    contest = await _locked(work, contest_id)
    if contest is not None and contest.state in JUDGED:
        await judged(work, contest=contest)


async def _locked(work: UnitOfWork, contest_id: UUID) -> Contest | None:
    return await work.one(select(Contest).where(Contest.id == contest_id).with_for_update())


async def judged(work: UnitOfWork, *, contest: Contest) -> Sequence[Judged]:
    """Judge every comment of a contest that is locked; keep what has changed, and return all."""
    own = await work.all(select(Channel).where(Channel.brand_id == contest.brand_id))
    comments = await _comments(work, contest, own)
    rows = await work.all(select(ContestEntry).where(ContestEntry.contest_id == contest.id))
    entries = {row.message_id: row for row in rows}
    found = judge(
        comments.values(),
        terms=await _terms(work, contest, own),
        rulings={row.message_id: row.ruling for row in rows if row.ruling is not None},
    )
    told = [
        _told(contest, comments[one.message_id], one, entries.get(one.message_id)) for one in found
    ]
    # Whoever no longer takes part leaves first: a person has one comment that does.
    await _keep(work, contest, entries, [one for one in told if one.reasons])
    await _keep(work, contest, entries, [one for one in told if not one.reasons])
    return told


def _told(
    contest: Contest, comment: Comment, found: Judgement, entry: ContestEntry | None
) -> Judged:
    said = entry.ruling_reason if entry else ""
    return Judged(
        comment=comment,
        entrant=draw.entrant_name(contest_id=contest.id, person_id=comment.who.id)
        if comment.who
        else None,
        reasons=tuple(
            {"code": reason.value, "text": said if reason is EntryReason.BY_HAND else ""}
            for reason in found.reasons
        ),
        ruling=entry.ruling if entry else None,
        ruling_reason=said,
    )


async def _keep(
    work: UnitOfWork,
    contest: Contest,
    entries: Mapping[UUID, ContestEntry],
    told: Sequence[Judged],
) -> None:
    for one in told:
        entry = entries.get(one.comment.message_id)
        state = EntryState.DISQUALIFIED if one.reasons else EntryState.ELIGIBLE
        if entry is None:
            work.put(ContestEntry, _row(contest, one, state))
        elif entry.reasons != list(one.reasons):
            entry.state, entry.reasons = state, list(one.reasons)
    await work.flush()


def _row(contest: Contest, one: Judged, state: EntryState) -> Mapping[str, Any]:
    return {
        "id": new_id(),
        "workspace_id": contest.workspace_id,
        "contest_id": contest.id,
        "message_id": one.comment.message_id,
        "person_id": one.comment.who.id if one.comment.who else None,
        "entrant": one.entrant,
        "written_at": one.comment.written_at,
        "state": state,
        "reasons": list(one.reasons),
    }


async def _comments(
    work: UnitOfWork, contest: Contest, own: Sequence[Channel]
) -> Mapping[UUID, Comment]:
    accounts = _accounts(own)
    # By columns: whole rows of many thousand comments would take three times as long.
    found = await work.session.execute(
        select(
            Message.id.label("message_id"),
            Message.text,
            Message.written_at,
            Message.hidden,
            Message.edited_at,
            Message.deleted_at,
            Person.id.label("person_id"),
            Person.channel_id,
            Person.remote_id,
            Person.handle,
            Person.created_at,
            Person.group_id,
            Channel.platform,
        )
        .join(Thread, Thread.id == Message.thread_id)
        .join(ContestSource, ContestSource.publication_id == Thread.publication_id)
        .join(Channel, Channel.id == Message.channel_id)
        .outerjoin(Person, Person.id == Message.person_id)
        .where(ContestSource.contest_id == contest.id, Message.direction == Direction.INBOUND)
    )
    return {
        row.message_id: Comment(
            message_id=row.message_id,
            who=_who(row, accounts) if row.person_id else None,
            text=row.text,
            written_at=row.written_at,
            hidden=row.hidden,
            edited_at=row.edited_at,
            deleted=row.deleted_at is not None,
        )
        for row in found
    }


def _accounts(own: Sequence[Channel]) -> frozenset[tuple[object, str]]:
    """Return the brand's own accounts: by channel and id there, and by platform and handle."""
    by_id = {(row.id, row.remote_id) for row in own}
    return frozenset(by_id | {(row.platform, handle_key(row.handle)) for row in own})


def _who(row: Any, own: frozenset[tuple[object, str]]) -> Who:
    known = {(row.channel_id, row.remote_id), (row.platform, handle_key(row.handle))}
    return Who(
        id=row.person_id,
        handle=row.handle,
        own=bool(known & own),
        known_since=row.created_at,
        group=row.group_id,
    )


async def _terms(work: UnitOfWork, contest: Contest, own: Sequence[Channel]) -> Terms:
    barred = [UUID(one) for one in contest.excluded_person_ids]
    conditions = Conditions.from_json(contest.conditions)
    handles = [handle_key(handle) for handle in conditions.excluded_handles]
    # Whoever is excluded by one handle is so with all accounts that are known to be theirs.
    humans = select(func.coalesce(Person.group_id, Person.id)).where(
        or_(
            Person.id.in_(barred),
            and_(
                Person.group_id.is_not(None),
                func.lower(func.ltrim(Person.handle, "@")).in_(handles),
            ),
        )
    )
    return Terms(
        opens_at=contest.opens_at,
        ends_at=window_end(contest.closes_at, contest.closed_at),
        conditions=conditions,
        own_handles=frozenset(row.handle for row in own),
        excluded=frozenset(await work.all(humans) if barred or handles else ()),
    )


async def disqualify(work: UnitOfWork, *, entry_id: UUID, reason: str) -> ContestEntry:
    """Take a comment out of a contest, for a reason that the proof shows to everybody."""
    work.caller.require(Permission.CONTEST_MANAGE)
    contest, entry = await _ruled_on(work, entry_id)
    if entry.ruling is Ruling.DISQUALIFIED:
        raise WrongState("This was disqualified by hand already.", path=("input", "id"))
    said = _rule(work, entry, Ruling.DISQUALIFIED, reason)
    await judged(work, contest=contest)
    work.record(ContestEntryDisqualified(subject_id=entry.id, contest_id=contest.id, reason=said))
    return entry


async def readmit(work: UnitOfWork, *, entry_id: UUID, reason: str) -> ContestEntry:
    """Let a comment take part after all, where its faults are of a kind that may be overlooked.

    Nobody can overlook that it was written outside of the window, is hidden, is somebody's second,
    or that its writer may not take part.
    """
    work.caller.require(Permission.CONTEST_MANAGE)
    contest, entry = await _ruled_on(work, entry_id)
    if entry.state is EntryState.ELIGIBLE:
        raise WrongState("This takes part already.", path=("input", "id"))
    final = [one["code"] for one in entry.reasons if one["code"] not in OVERRULABLE]
    if final:
        raise WrongState(f"This cannot be overlooked: {', '.join(final)}.", path=("input", "id"))
    said = _rule(work, entry, Ruling.READMITTED, reason)
    await judged(work, contest=contest)
    work.record(ContestEntryReadmitted(subject_id=entry.id, contest_id=contest.id, reason=said))
    return entry


async def _ruled_on(work: UnitOfWork, entry_id: UUID) -> tuple[Contest, ContestEntry]:
    known = await get(work, ContestEntry, entry_id)
    # The contest before the entry, as everybody does who judges.
    contest = await get(work, Contest, known.contest_id, lock=True)
    if contest.state not in JUDGED:
        raise WrongState(
            f"The list of this contest is fixed: it is {contest.state.value}.", path=("input", "id")
        )
    return contest, await get(work, ContestEntry, entry_id, lock=True)


def _rule(work: UnitOfWork, entry: ContestEntry, ruling: Ruling, reason: str) -> str:
    entry.ruling = ruling
    entry.ruling_reason = require_text(reason, most=REASON_MAX, path=("input", "reason"))
    entry.ruled_by = work.caller.member_id
    return entry.ruling_reason
