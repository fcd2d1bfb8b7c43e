"""What reading reviews needs of SQL beyond their columns.

What `rules` says of who decides is said here once more, in SQL; a test holds both together.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Text, and_, cast, func, or_, select
from sqlalchemy.sql import literal_column

from hub.access.models import Member
from hub.content.models import ContentItem, Revision
from hub.kernel.shapes import EMPTY, Expression, Link, exists_in, me, newest_in, one_of, within
from hub.review.models import Decision, Remark, Review, ReviewState, ReviewStep
from hub.review.rules import DECIDING_ROLES

# Written out: an index may hold the rows of these alone.
_OPEN: ColumnElement[Any] = literal_column("'OPEN'")
_IN_REVIEW: ColumnElement[Any] = literal_column("'IN_REVIEW'")


def author_ids(review: FromClause) -> ColumnElement[Any]:
    """Return who wrote what a review is about, as JSON: every revision since the last approved one.

    The same persons as `operations.decide` refuses where four eyes are asked for.
    """
    revision = Revision.__table__.alias()
    found: Select[Any] = (
        select(func.coalesce(func.json_agg(revision.c.author_id.distinct()), EMPTY))
        .where(_to_approve(review, revision))
        .correlate_except(revision)
    )
    return found.scalar_subquery()


def _to_approve(review: FromClause, revision: FromClause) -> ColumnElement[bool]:
    """Return whether a revision is one of those since the last approved one."""
    approved, earlier = Review.__table__.alias(), Revision.__table__.alias()
    last: Select[Any] = (
        select(func.coalesce(func.max(earlier.c.number), 0))
        .where(
            within(earlier),
            within(approved),
            earlier.c.id == approved.c.revision_id,
            approved.c.item_id == review.c.item_id,
            approved.c.state == ReviewState.APPROVED.value,
        )
        .correlate_except(earlier, approved)
    )
    return and_(
        within(revision),
        revision.c.item_id == review.c.item_id,
        revision.c.number > last.scalar_subquery(),
    )


def of_open_step(column: str) -> Expression:
    """Return a column of the step of a review that is open, or null."""
    return lambda review: newest_in(ReviewStep, column, lambda step: _is_open(review, step))


def _is_open(review: FromClause, step: FromClause) -> ColumnElement[bool]:
    return and_(step.c.review_id == review.c.id, step.c.state == _OPEN)


#: The way from a review to its open step.
OPEN_STEP = Link(on=_is_open)


def _is_asked(step: FromClause, member: FromClause) -> ColumnElement[bool]:
    """Return whether a step asks a member, whoever wrote the text."""
    named = func.jsonb_array_length(step.c.roles) + func.jsonb_array_length(step.c.member_ids)
    return and_(
        within(member),
        member.c.removed_at.is_(None),
        one_of(member.c.role, [role.value for role in DECIDING_ROLES]),
        or_(
            named == 0,
            step.c.roles.op("?", is_comparison=True)(cast(member.c.role, Text)),
            step.c.member_ids.op("?", is_comparison=True)(cast(member.c.id, Text)),
        ),
    )


def candidate_ids(review: FromClause) -> ColumnElement[Any]:
    """Return whom the open step of a review asks, as JSON; among them may be its authors."""
    step, member = ReviewStep.__table__.alias(), Member.__table__.alias()
    found: Select[Any] = (
        select(func.coalesce(func.json_agg(member.c.id), EMPTY))
        .where(within(step), _is_open(review, step), _is_asked(step, member))
        .correlate_except(step, member)
    )
    return found.scalar_subquery()


def approver_ids(review: FromClause) -> ColumnElement[Any]:
    """Return who has approved the open step of a review, as JSON.

    Whoever asks for changes closes the step, so every decision of an open one is an approval.
    """
    step, decision = ReviewStep.__table__.alias(), Decision.__table__.alias()
    found: Select[Any] = (
        select(func.coalesce(func.json_agg(decision.c.member_id), EMPTY))
        .where(
            within(step),
            _is_open(review, step),
            within(decision),
            decision.c.step_id == step.c.id,
        )
        .correlate_except(step, decision)
    )
    return found.scalar_subquery()


def is_blocked(review: FromClause) -> ColumnElement[bool]:
    """Return whether a blocking remark on what a review is about is not resolved."""
    return exists_in(
        Remark,
        lambda remark: and_(
            remark.c.item_id == review.c.item_id,
            remark.c.blocking,
            remark.c.resolved_at.is_(None),
        ),
    )


def waits_for_me(review: FromClause) -> ColumnElement[bool]:
    """Return whether whoever reads may approve a review now, and has not yet."""
    step, member = ReviewStep.__table__.alias(), Member.__table__.alias()
    found: Select[Any] = (
        select(literal_column("1"))
        .where(
            within(step),
            _is_open(review, step),
            member.c.id == me(),
            _is_asked(step, member),
            ~exists_in(
                Decision,
                lambda decision: and_(
                    decision.c.step_id == step.c.id, decision.c.member_id == me()
                ),
            ),
            or_(~step.c.four_eyes, ~_is_mine(review)),
        )
        .correlate_except(step, member)
    )
    return and_(review.c.state == _IN_REVIEW, found.exists())


def _is_mine(review: FromClause) -> ColumnElement[bool]:
    wrote = exists_in(
        Revision,
        lambda revision: and_(_to_approve(review, revision), revision.c.author_id == me()),
    )
    return or_(review.c.submitted_by.is_not_distinct_from(me()), wrote)


def words_now(remark: FromClause) -> ColumnElement[Any]:
    """Return the words of the current revision of what a remark is about, as JSON."""
    item, revision = ContentItem.__table__.alias(), Revision.__table__.alias()
    words = [
        word
        for name in ("title", "summary", "link", "parts")
        for word in (literal_column(f"'{name}'"), revision.c[name])
    ]
    found: Select[Any] = (
        select(func.json_build_object(*words))
        .where(
            within(item),
            item.c.id == remark.c.item_id,
            within(revision),
            revision.c.id == item.c.current_revision_id,
        )
        .correlate_except(item, revision)
    )
    return found.scalar_subquery()


def has_answers(remark: FromClause) -> ColumnElement[bool]:
    """Return whether somebody has answered a remark."""
    return exists_in(Remark, lambda answer: answer.c.parent_id == remark.c.id)


def first_remarks(here: str) -> Link:
    """Link a row to the remarks on the content its column names, without answers to them."""
    return Link(
        on=lambda row, remark: and_(remark.c.item_id == row.c[here], remark.c.parent_id.is_(None))
    )


def is_mine(notice: FromClause) -> ColumnElement[bool]:
    """Return whether a notice is for whoever reads."""
    return notice.c.member_id == me()
