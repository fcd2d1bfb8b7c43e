"""Who is told what by mail: a row and a job for each, written with what they are about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from hub.access.models import Member
from hub.kernel.ids import new_id
from hub.kernel.texts import storable
from hub.kernel.work import UnitOfWork
from hub.review.jobs import SendNotice
from hub.review.models import Notice, NoticeFailure, NoticeKind, NoticeState

#: Waits after a mail that did not leave; after the last one it has failed.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480))

_PROBLEM = 500
#: Trying again changes nothing about these.
_FOR_GOOD = frozenset({NoticeFailure.BAD_ADDRESS, NoticeFailure.REFUSED})


@dataclass(frozen=True, kw_only=True)
class About:
    """What a notice is about."""

    item_id: UUID
    review_id: UUID | None = None
    step_id: UUID | None = None
    remark_id: UUID | None = None


def are_sent(work: UnitOfWork) -> bool:
    """Say whether the hub sends mail at all."""
    return work.settings.smtp_url is not None


async def tell(
    work: UnitOfWork, kind: NoticeKind, *, to: Iterable[UUID | None], about: About, key: str
) -> None:
    """Promise a mail to each of them who takes mail, but not to whoever acts; once per key."""
    wanted = {one for one in to if one is not None and one != work.caller.member_id}
    if not wanted or not are_sent(work):
        return
    members = await work.all(
        select(Member.id)
        .where(Member.id.in_(wanted), Member.removed_at.is_(None), Member.email_notices)
        .order_by(Member.id)
    )
    keys = {member_id: f"{kind}:{key}:{member_id}" for member_id in members}
    told = await work.all(select(Notice.key).where(Notice.key.in_(keys.values())))
    for member_id in members:
        if keys[member_id] in told:
            continue
        notice = Notice(
            id=new_id(),
            workspace_id=work.caller.workspace_id,
            member_id=member_id,
            kind=kind,
            item_id=about.item_id,
            review_id=about.review_id,
            step_id=about.step_id,
            remark_id=about.remark_id,
            key=keys[member_id],
        )
        await work.add(notice)
        work.promise(SendNotice(workspace_id=notice.workspace_id, notice_id=notice.id))


async def settle_sent(work: UnitOfWork, *, notice_id: UUID) -> None:
    """Note that the server has taken a mail."""
    notice = await _pending(work, notice_id)
    if notice is not None:
        notice.state, notice.sent_at = NoticeState.SENT, work.now
        notice.failure, notice.problem = None, ""


async def settle_failed(
    work: UnitOfWork, *, notice_id: UUID, failure: NoticeFailure, problem: str
) -> datetime | None:
    """Note why a mail did not leave; return when to try again, None for never."""
    notice = await _pending(work, notice_id)
    if notice is None:
        return None
    notice.failure, notice.problem = failure, storable(problem)[:_PROBLEM]
    if failure in _FOR_GOOD or notice.tries > len(WAITS):
        notice.state = NoticeState.FAILED
        return None
    return work.now + WAITS[notice.tries - 1]


async def _pending(work: UnitOfWork, notice_id: UUID) -> Notice | None:
    return await work.one(
        select(Notice)
        .where(Notice.id == notice_id, Notice.state == NoticeState.PENDING)
        .with_for_update()
    )
