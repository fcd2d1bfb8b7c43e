"""Remarks: made on a place of a text, answered, resolved; those that block hold approvals."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from hub.content.models import ContentItem, Revision
from hub.kernel.caller import Permission
from hub.kernel.editing import edit, get, require_text, require_version, touch
from hub.kernel.errors import Forbidden, Invalid, WrongState
from hub.kernel.ids import global_id, new_id
from hub.kernel.work import UnitOfWork
from hub.review import notices
from hub.review.anchors import anchored
from hub.review.errors import RemarksOpen
from hub.review.events import (
    RemarkAdded,
    RemarkDeleted,
    RemarkEdited,
    RemarkReopened,
    RemarkResolved,
)
from hub.review.models import NoticeKind, Remark, Review
from hub.review.rules import OPEN

_TEXT = 5_000
_SHOWN = 80
_PATH = ("input", "id")


async def add(
    work: UnitOfWork,
    *,
    item_id: UUID,
    text: str,
    parent_id: UUID | None = None,
    revision_id: UUID | None = None,
    field: str | None = None,
    start: int | None = None,
    end: int | None = None,
    blocking: bool = False,
) -> Remark:
    """Remark on a revision (None: the current one), or answer a remark.

    The span is in code points of the field, its end exclusive; what it holds is kept as a quote.
    """
    work.caller.require(Permission.REVIEW_REMARK)
    author_id = _member(work)
    item = await get(work, ContentItem, item_id, path=("input", "contentItemId"), lock=blocking)
    parent = await _parent(work, item, parent_id)
    if parent is not None and (blocking or field is not None or start is not None):
        raise Invalid(
            "An answer is about what its remark is about, and blocks nothing.",
            path=("input", "blocking" if blocking else "field"),
        )
    revision = await _revision(work, item, revision_id)
    words = {name: getattr(revision, name) for name in ("title", "summary", "link", "parts")}
    anchor = anchored(words, field=field, start=start, end=end, path=("input",))
    remark = Remark(
        id=new_id(),
        workspace_id=item.workspace_id,
        item_id=item.id,
        revision_id=revision.id,
        review_id=await work.one(
            select(Review.id).where(Review.item_id == item.id, Review.state.in_(OPEN))
        ),
        parent_id=None if parent is None else parent.id,
        author_id=author_id,
        text=require_text(text, most=_TEXT, path=("input", "text")),
        field=anchor.field if anchor else None,
        span_start=anchor.start if anchor else None,
        span_end=anchor.end if anchor else None,
        quote=anchor.quote if anchor else "",
        blocking=blocking,
    )
    await work.add(remark)
    work.record(
        RemarkAdded(
            subject_id=remark.id, item_id=item.id, parent_id=remark.parent_id, blocking=blocking
        )
    )
    await _tell(work, remark, parent, revision)
    return remark


async def change(
    work: UnitOfWork,
    *,
    remark_id: UUID,
    expected_version: int | None = None,
    changes: Mapping[str, Any],
) -> Remark:
    """Change the words of one's own remark, or whether it blocks."""
    work.caller.require(Permission.REVIEW_REMARK)
    remark = await _own(work, remark_id)
    clean = dict(changes)
    if "text" in clean:
        clean["text"] = require_text(clean["text"], most=_TEXT, path=("input", "text"))
    if clean.get("blocking") and remark.parent_id is not None:
        raise Invalid("An answer blocks nothing.", path=("input", "blocking"))
    changed = await edit(work, remark, clean, expected_version=expected_version)
    if changed:
        work.record(RemarkEdited(subject_id=remark.id, item_id=remark.item_id, fields=changed))
    return remark


async def resolve(
    work: UnitOfWork, *, remark_id: UUID, expected_version: int | None = None
) -> Remark:
    """Say that what a remark asks for is done."""
    work.caller.require(Permission.REVIEW_REMARK)
    remark = await _to_settle(work, remark_id, expected_version)
    if remark.resolved_at is None:
        remark.resolved_at, remark.resolved_by = work.now, work.caller.member_id
        touch(work, remark)
        work.record(RemarkResolved(subject_id=remark.id, item_id=remark.item_id))
    return remark


async def reopen(
    work: UnitOfWork, *, remark_id: UUID, expected_version: int | None = None
) -> Remark:
    """Say that what a remark asks for is not done after all."""
    work.caller.require(Permission.REVIEW_REMARK)
    remark = await _to_settle(work, remark_id, expected_version)
    if remark.resolved_at is not None:
        remark.resolved_at = remark.resolved_by = None
        touch(work, remark)
        work.record(RemarkReopened(subject_id=remark.id, item_id=remark.item_id))
    return remark


async def delete(work: UnitOfWork, *, remark_id: UUID, expected_version: int | None = None) -> UUID:
    """Take one's own remark away, unless somebody has answered; return whose content it was."""
    work.caller.require(Permission.REVIEW_REMARK)
    remark = await _own(work, remark_id)
    require_version(remark, expected_version)
    if await work.one(select(Remark.id).where(Remark.parent_id == remark.id).limit(1)):
        raise WrongState("Somebody has answered this. Resolve it instead.", path=_PATH)
    await work.session.delete(remark)
    await work.session.flush()
    work.record(RemarkDeleted(subject_id=remark.id, item_id=remark.item_id))
    return remark.item_id


async def require_none_blocking(work: UnitOfWork, *, item_id: UUID) -> None:
    """Raise RemarksOpen, naming the first, where a blocking remark is not resolved.

    Whoever asks holds the item, and so does whoever adds such a remark: one of both is first.
    """
    first = await work.one(
        select(Remark)
        .where(Remark.item_id == item_id, Remark.blocking, Remark.resolved_at.is_(None))
        .order_by(Remark.id)
        .limit(1)
    )
    if first is not None:
        words = first.text if len(first.text) <= _SHOWN else f"{first.text[:_SHOWN]}…"
        raise RemarksOpen(
            f"A blocking remark is not resolved: “{words}” ({global_id('Remark', first.id)}).",
            path=("input", "reviewId"),
        )


def _member(work: UnitOfWork) -> UUID:
    if work.caller.member_id is None:
        raise Forbidden("Only a member can make remarks.")
    return work.caller.member_id


async def _locked(work: UnitOfWork, remark_id: UUID) -> Remark:
    """Return a remark with its item held first, as everybody takes them."""
    found = await get(work, Remark, remark_id, path=_PATH)
    await get(work, ContentItem, found.item_id, lock=True)
    return await get(work, Remark, remark_id, path=_PATH, lock=True)


async def _own(work: UnitOfWork, remark_id: UUID) -> Remark:
    remark = await _locked(work, remark_id)
    if remark.author_id != work.caller.member_id and not work.caller.may(
        Permission.WORKSPACE_ADMIN
    ):
        raise Forbidden("This is somebody else's remark.", path=_PATH)
    return remark


async def _to_settle(work: UnitOfWork, remark_id: UUID, expected_version: int | None) -> Remark:
    remark = await _locked(work, remark_id)
    require_version(remark, expected_version)
    if remark.parent_id is not None:
        raise Invalid("Resolve the remark that this answers.", path=_PATH)
    mine = remark.author_id == work.caller.member_id
    others = (Permission.REVIEW_DECIDE, Permission.CONTENT_WRITE)
    if not mine and not any(work.caller.may(permission) for permission in others):
        raise Forbidden("This takes its author, or whoever may write or decide.", path=_PATH)
    return remark


async def _parent(work: UnitOfWork, item: ContentItem, parent_id: UUID | None) -> Remark | None:
    if parent_id is None:
        return None
    path = ("input", "parentId")
    parent = await get(work, Remark, parent_id, path=path)
    if parent.item_id != item.id:
        raise Invalid("This remark is about another content.", path=path)
    if parent.parent_id is None:
        return parent
    # Answers to answers stand under the same remark.
    return await get(work, Remark, parent.parent_id, path=path)


async def _revision(work: UnitOfWork, item: ContentItem, revision_id: UUID | None) -> Revision:
    path = ("input", "revisionId")
    revision = await get(work, Revision, revision_id or item.current_revision_id, path=path)
    if revision.item_id != item.id:
        raise Invalid("This is a revision of another content.", path=path)
    return revision


async def _tell(
    work: UnitOfWork, remark: Remark, parent: Remark | None, revision: Revision
) -> None:
    about = notices.About(item_id=remark.item_id, review_id=remark.review_id, remark_id=remark.id)
    kind = NoticeKind.REMARK_ADDED if parent is None else NoticeKind.REMARK_ANSWERED
    to = revision.author_id if parent is None else parent.author_id
    await notices.tell(work, kind, to=[to], about=about, key=str(remark.id))
