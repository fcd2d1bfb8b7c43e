"""Reading the inbox: what is waiting, and what one human being wrote on all their accounts."""

from dataclasses import dataclass

from sqlalchemy import ARRAY, FromClause, Uuid, case, cast, func, select
from sqlalchemy.sql.elements import ColumnElement

from hub.engagement.models import Person, Priority, Thread, ThreadState
from hub.kernel.caller import Caller, Permission
from hub.kernel.reading import Reader
from hub.kernel.shapes import Link, within


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many conversations there are, by state; the rest is about those that are not done."""

    new: int
    open: int
    waiting: int
    done: int
    mine: int
    unassigned: int
    overdue: int


async def counts(reader: Reader, caller: Caller) -> Counts:
    """Count the conversations of the caller's workspace, in one statement."""
    caller.require(Permission.ENGAGEMENT_READ)
    undone = Thread.state != ThreadState.DONE
    wanted: dict[str, ColumnElement[bool]] = {
        **{state.value.lower(): Thread.state == state for state in ThreadState},
        "mine": undone & (Thread.assignee_id == caller.member_id),
        "unassigned": undone & Thread.assignee_id.is_(None),
        "overdue": undone & Thread.overdue,
    }
    (row,) = await reader.rows(
        caller,
        select(
            *(func.count().filter(condition).label(name) for name, condition in wanted.items())
        ).where(Thread.workspace_id == caller.workspace_id),
    )
    return Counts(**{name: int(row[name]) for name in wanted})


def urgency(thread: FromClause) -> ColumnElement[int]:
    """Return the priority of a conversation as something that sorts: the most urgent is highest."""
    ranks = {priority.value: rank for rank, priority in enumerate(Priority)}
    return case(ranks, value=thread.c.priority, else_=0)


def _same(row: FromClause, account: FromClause) -> ColumnElement[bool]:
    return (account.c.id == row.c.id) | (account.c.group_id == row.c.group_id)


def _by_the_same(row: FromClause, other: FromClause) -> ColumnElement[bool]:
    accounts = Person.__table__.alias()
    ids = select(accounts.c.id).where(within(accounts), _same(row, accounts))
    # As an array, or PostgreSQL reads every message of the workspace to join it with the few ids.
    several = func.array(ids.correlate(row).scalar_subquery(), type_=ARRAY(Uuid()))
    return other.c.person_id == func.any(cast(several, ARRAY(Uuid())))


#: The messages of a person and of every account that is linked with theirs.
HISTORY = Link(on=_by_the_same)
#: A person's account and every one that is linked with it.
ACCOUNTS = Link(on=_same)
