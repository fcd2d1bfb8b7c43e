"""What is mailed: whether it still is to be said, to whom, and in which words."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from hub.access.models import Member
from hub.content.models import ContentItem
from hub.kernel.editing import get
from hub.kernel.ids import global_id
from hub.kernel.work import UnitOfWork
from hub.review import notices, runs
from hub.review.letters import Facts, Letter, letter
from hub.review.models import (
    Decision,
    Notice,
    NoticeKind,
    NoticeState,
    Remark,
    Review,
    ReviewState,
    ReviewStep,
    StepState,
)
from hub.strategy.models import Brand

_OF_STEPS = frozenset({NoticeKind.STEP_OPENED, NoticeKind.DUE_SOON, NoticeKind.OVERDUE})


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A mail to send, and the address it goes to."""

    notice_id: UUID
    name: str
    address: str
    letter: Letter


async def remind(work: UnitOfWork, *, step_id: UUID, hours: int) -> None:
    """Tell those who still must decide at a step that is open, so many hours after it was due."""
    step = await work.one(
        select(ReviewStep).where(ReviewStep.id == step_id, ReviewStep.state == StepState.OPEN)
    )
    if step is None:
        return
    review = await get(work, Review, step.review_id)
    standing = await runs.standing(work, review, step)
    await notices.tell(
        work,
        NoticeKind.DUE_SOON if hours < 0 else NoticeKind.OVERDUE,
        to=standing.able - standing.approved,
        about=notices.About(item_id=review.item_id, review_id=review.id, step_id=step.id),
        key=f"{step.id}:{hours}",
    )


async def outgoing(work: UnitOfWork, *, notice_id: UUID) -> Outgoing | None:
    """Return a mail that is about to be tried; None where it was sent or need not be said now."""
    notice = await work.one(
        select(Notice)
        .where(Notice.id == notice_id, Notice.state == NoticeState.PENDING)
        .with_for_update()
    )
    if notice is None:
        return None
    member = await get(work, Member, notice.member_id)
    wanted = notices.are_sent(work) and member.removed_at is None and member.email_notices
    facts = await _facts(work, notice) if wanted else None
    if facts is None:
        notice.state = NoticeState.SKIPPED
        return None
    notice.tries += 1
    return Outgoing(
        notice_id=notice.id,
        name=member.name,
        address=member.email,
        letter=letter(notice.kind, member.locale, facts),
    )


async def _facts(work: UnitOfWork, notice: Notice) -> Facts | None:
    """Return what a letter speaks of; None where that is over."""
    item = await get(work, ContentItem, notice.item_id)
    brand = await get(work, Brand, item.brand_id)
    about = Facts(title=item.title, brand=brand.name, link=_link(work, notice))
    if notice.remark_id is not None:
        remark = await work.one(select(Remark).where(Remark.id == notice.remark_id))
        if remark is None:
            return None
        who = await _name(work, remark.author_id)
        return replace(about, who=who, words=remark.text, quote=remark.quote)
    review = await get(work, Review, notice.review_id or notice.item_id)
    if notice.kind in _OF_STEPS:
        return await _of_step(work, notice, review, about)
    if notice.kind is NoticeKind.APPROVED and review.state is not ReviewState.APPROVED:
        return None
    decision = await work.one(
        select(Decision)
        .where(Decision.review_id == review.id)
        .order_by(Decision.id.desc())
        .limit(1)
    )
    who = await _name(work, decision.member_id) if decision else ""
    return replace(about, who=who, words=decision.remark if decision else "")


async def _of_step(work: UnitOfWork, notice: Notice, review: Review, about: Facts) -> Facts | None:
    step = await get(work, ReviewStep, notice.step_id or review.id)
    standing = await runs.standing(work, review, step)
    asked = notice.member_id in standing.able - standing.approved
    if step.state is not StepState.OPEN or not asked:
        return None
    who = await _name(work, review.submitted_by)
    return replace(about, who=who, step=step.name, due_at=step.due_at, words=review.note)


async def _name(work: UnitOfWork, member_id: UUID | None) -> str:
    if member_id is None:
        return ""
    return (await get(work, Member, member_id)).name


def _link(work: UnitOfWork, notice: Notice) -> str:
    template = work.settings.frontend_url or ""
    review = global_id("Review", notice.review_id) if notice.review_id else ""
    return template.replace("{review}", review).replace(
        "{content}", global_id("ContentItem", notice.item_id)
    )
