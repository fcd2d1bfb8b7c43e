"""Promises: work written down in the transaction that promises it, done later by a worker.

The table is the order book; the queue is only the doorbell. A job is claimed with a lease and a
fencing number, so a lost, late or doubled message changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Self, cast, get_args
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    CursorResult,
    Index,
    TextClause,
    func,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hub.kernel import pile
from hub.kernel.ids import new_id
from hub.kernel.model import Base, text_enum

#: A job that took its worker down this often is parked with its evidence.
CRASHES_UNTIL_PARKED = 3

#: Waits after an unexpected error, in seconds; after the last one the job is parked.
ERROR_WAITS = (2, 10, 60, 300, 1800)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Base of every job: ids only, never content. A subclass gives its `name` and `queue`.

    `key` makes a job unique while it waits: promising it twice keeps one, at the earlier time.
    """

    name: ClassVar[str]
    queue: ClassVar[str] = "default"

    workspace_id: UUID

    def key(self) -> str | None:
        """Return what this job is unique by, or None when each promise is its own."""
        return None

    def arguments(self) -> dict[str, Any]:
        """Return the job's fields as plain JSON."""
        return {
            key: str(value) if isinstance(value, UUID) else value
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_arguments(cls, arguments: dict[str, Any]) -> Self:
        """Build the job from what `arguments` stored."""
        return cls(
            **{
                field.name: _restored(field.type, arguments[field.name])
                for field in fields(cls)
                if field.name in arguments
            }
        )


def _restored(kind: Any, stored: Any) -> Any:
    is_id = stored is not None and UUID in (kind, *get_args(kind))
    return UUID(stored) if is_id else stored


class JobState(StrEnum):
    """Waiting for its time or a worker, or parked for a person to look at."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    PARKED = "PARKED"


class JobRow(Base):
    """A promised job. Done jobs are deleted; parked ones stay until somebody retries them."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("state <> 'RUNNING' OR lease_until IS NOT NULL", name="running_has_lease"),
        # The relay's only questions: what is due and was not rung lately; whose lease ran out?
        Index("ix_jobs_waiting", "due_at", postgresql_where=text("state = 'WAITING'")),
        Index("ix_jobs_running", "lease_until", postgresql_where=text("state = 'RUNNING'")),
        Index("uq_jobs_key", "key", unique=True, postgresql_where=text("key IS NOT NULL")),
    )

    workspace_id: Mapped[UUID]
    name: Mapped[str]
    queue: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    key: Mapped[str | None]
    state: Mapped[JobState] = mapped_column(text_enum(JobState), default=JobState.WAITING)
    due_at: Mapped[datetime]
    repeat_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    crashes: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    fence: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    lease_until: Mapped[datetime | None]
    rung_at: Mapped[datetime | None]
    rings: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    last_error: Mapped[str | None]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """A job and when it is due (None: now)."""

    job: Job
    due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Bell:
    """What the queue is told: which job is due, on which queue. Nothing else ever travels."""

    job_id: UUID
    queue: str


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A job this worker holds until its lease runs out."""

    id: UUID
    name: str
    queue: str
    arguments: dict[str, Any]
    fence: int
    attempts: int


# A key that is promised twice at once is promised at the earlier time; LEAST leaves NULLs out.
# `{rows}` is the parameter with the promises as JSON, in the way of whoever runs this.
_WRITE = """
INSERT INTO jobs (id, workspace_id, name, queue, arguments, key, state, due_at)
SELECT id, workspace_id, name, queue, arguments, key, 'WAITING',
    coalesce(least(due_at, CASE WHEN at_once THEN hub_now() END), hub_now())
FROM jsonb_to_recordset({rows}) AS promised (id uuid, workspace_id uuid, name text, queue text,
    arguments jsonb, key text, due_at timestamptz, at_once boolean)
ON CONFLICT (key) WHERE key IS NOT NULL DO UPDATE SET
    -- One that is running keeps its claim and is made due once more when it ends.
    repeat_at = CASE WHEN jobs.state = 'RUNNING'
        THEN least(jobs.repeat_at, excluded.due_at) END,
    due_at = CASE WHEN jobs.state = 'RUNNING' THEN jobs.due_at
        WHEN jobs.state = 'PARKED' THEN excluded.due_at
        ELSE least(jobs.due_at, excluded.due_at) END,
    state = CASE WHEN jobs.state = 'PARKED' THEN 'WAITING' ELSE jobs.state END,
    attempts = CASE WHEN jobs.state = 'PARKED' THEN 0 ELSE jobs.attempts END,
    crashes = CASE WHEN jobs.state = 'PARKED' THEN 0 ELSE jobs.crashes END,
    rung_at = NULL,
    rings = 0
RETURNING id, queue, state = 'WAITING' AND due_at <= hub_now() AS due
"""
_WRITE_IN_SESSION = text(_WRITE.format(rows="CAST(:rows AS jsonb)"))


def insertion(parameter: int) -> str:
    """Return the statement that writes promises, as JSON in the parameter `$n`; see `bells`."""
    return _WRITE.format(rows=f"${parameter}")


def document(promises: Sequence[Promise]) -> str:
    """Return promises as the JSON they are written from, each key once."""
    rows: dict[Any, dict[str, Any]] = {}
    for promise in promises:
        made, key = new_id(), promise.job.key()
        row = rows.setdefault(
            key or made,
            {
                "id": made,
                "workspace_id": promise.job.workspace_id,
                "name": promise.job.name,
                "queue": promise.job.queue,
                "arguments": promise.job.arguments(),
                "key": key,
                "due_at": promise.due_at,
                "at_once": False,
            },
        )
        if promise.due_at is None:
            row["at_once"] = True
        elif row["due_at"] is None or promise.due_at < row["due_at"]:
            row["due_at"] = promise.due_at
    return pile.document(list(rows.values()))


def bells(written: Iterable[Any]) -> list[Bell]:
    """Return a bell for each written job that is due already."""
    return [Bell(job_id=row[0], queue=row[1]) for row in written if row[2]]


async def write(session: AsyncSession, promises: Sequence[Promise]) -> list[Bell]:
    """Write the promises; return a bell for each that is due already.

    A keyed job that waits is moved to the earlier of both times; a parked one waits again.
    """
    if not promises:
        return []
    return bells(await session.execute(_WRITE_IN_SESSION, {"rows": document(promises)}))


_CLAIM = text("""
UPDATE jobs SET state = 'RUNNING', fence = fence + 1, attempts = attempts + 1,
    crashes = crashes + CASE WHEN state = 'RUNNING' THEN 1 ELSE 0 END,
    lease_until = clock_timestamp() + make_interval(secs => :lease)
WHERE id = (
    SELECT id FROM jobs
    WHERE id = :id AND (
        (state = 'WAITING' AND due_at <= hub_now())
        OR (state = 'RUNNING' AND lease_until < clock_timestamp() AND crashes + 1 < :crashes)
    )
    FOR UPDATE SKIP LOCKED
)
RETURNING id, name, queue, arguments, fence, attempts
""")

_RENEW = text("""
UPDATE jobs SET lease_until = clock_timestamp() + make_interval(secs => :lease)
WHERE id = :id AND fence = :fence AND state = 'RUNNING'
""")

_DONE = text("""
DELETE FROM jobs WHERE id = :id AND fence = :fence AND state = 'RUNNING' AND repeat_at IS NULL
""")

_AGAIN = text("""
UPDATE jobs SET state = 'WAITING', lease_until = NULL, rung_at = NULL, rings = 0,
    crashes = CASE WHEN :progressed THEN 0 ELSE crashes END,
    attempts = CASE WHEN CAST(:error AS text) IS NULL THEN 0 ELSE attempts END,
    last_error = :error,
    due_at = coalesce(least(repeat_at, :due_at), hub_now()),
    repeat_at = NULL
WHERE id = :id AND fence = :fence AND state = 'RUNNING'
""")

_PARK = text("""
UPDATE jobs SET state = 'PARKED', lease_until = NULL, last_error = :error
WHERE id = :id AND fence = :fence AND state = 'RUNNING'
""")

_PARK_CRASHED = text("""
UPDATE jobs SET state = 'PARKED', lease_until = NULL,
    last_error = 'The worker died or fell silent while doing this, ' || :crashes || ' times.'
WHERE id IN (
    SELECT id FROM jobs
    WHERE state = 'RUNNING' AND lease_until < clock_timestamp() AND crashes + 1 >= :crashes
    FOR UPDATE SKIP LOCKED
)
""")

# Re-ringing backs off (3 * 2^n s, at most a minute): a fixed wait does not converge under load.
_TO_RING = text("""
UPDATE jobs SET rung_at = clock_timestamp(), rings = rings + 1
WHERE id IN (
    SELECT id FROM jobs
    WHERE (
        state = 'WAITING' AND due_at <= hub_now()
        AND (rung_at IS NULL
             OR rung_at < clock_timestamp()
                - make_interval(secs => least(60, 3 * power(2, least(rings, 10)))))
    ) OR (
        state = 'RUNNING' AND lease_until < clock_timestamp()
        AND (rung_at IS NULL
             OR rung_at < clock_timestamp()
                - make_interval(secs => least(10, 3 * power(2, least(rings, 10)))))
    )
    ORDER BY due_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
RETURNING id, queue
""")


async def claim(session: AsyncSession, job_id: UUID, *, lease: float) -> Claimed | None:
    """Take a due job, or one whose worker fell silent; None when somebody else has it."""
    parameters = {"id": job_id, "lease": lease, "crashes": CRASHES_UNTIL_PARKED}
    row = (await session.execute(_CLAIM, parameters)).one_or_none()
    if row is None:
        return None
    return Claimed(
        id=row.id,
        name=row.name,
        queue=row.queue,
        arguments=row.arguments,
        fence=row.fence,
        attempts=row.attempts,
    )


async def renew(session: AsyncSession, held: Claimed, *, lease: float) -> bool:
    """Keep the job for another lease; False when it was taken over."""
    return await _touch(session, _RENEW, held, lease=lease)


async def finish(session: AsyncSession, held: Claimed) -> None:
    """Delete the job, or make it due again where it was promised anew while it ran."""
    if not await _touch(session, _DONE, held):
        await again(session, held, due_at=None)


async def again(
    session: AsyncSession,
    held: Claimed,
    *,
    due_at: datetime | None,
    error: str | None = None,
    progressed: bool = True,
) -> bool:
    """Put the job back for a later time (None: now); `error` says what went wrong, if anything.

    `progressed` says that the job got somewhere: the crashes before it are forgotten.
    """
    return await _touch(session, _AGAIN, held, due_at=due_at, error=error, progressed=progressed)


async def park(session: AsyncSession, held: Claimed, *, error: str) -> bool:
    """Set the job aside for a person, with its evidence."""
    return await _touch(session, _PARK, held, error=error)


async def _touch(
    session: AsyncSession, statement: TextClause, held: Claimed, **parameters: object
) -> bool:
    result = await session.execute(statement, {"id": held.id, "fence": held.fence, **parameters})
    return cast("CursorResult[Any]", result).rowcount == 1


async def to_ring(session: AsyncSession, *, limit: int) -> list[Bell]:
    """Park what crashed too often; return what is due and was not rung lately."""
    await session.execute(_PARK_CRASHED, {"crashes": CRASHES_UNTIL_PARKED})
    rows = await session.execute(_TO_RING, {"limit": limit})
    return [Bell(job_id=row.id, queue=row.queue) for row in rows]


_UNRING = text("""
UPDATE jobs SET rung_at = NULL, rings = greatest(rings - 1, 0) WHERE id = ANY(:ids)
""")


async def unring(session: AsyncSession, bells: Sequence[Bell]) -> None:
    """Take back that these were rung: the queue did not take them, so ring again soon."""
    await session.execute(_UNRING, {"ids": [bell.job_id for bell in bells]})


async def exists(session: AsyncSession, *, key: str) -> bool:
    """Say whether there is a job of this key, in whatever state."""
    found = await session.execute(select(JobRow.id).where(JobRow.key == key))
    return found.scalar_one_or_none() is not None


async def parked_reason(session: AsyncSession, *, key: str) -> str | None:
    """Return why the job of a key was parked; None when it is not parked."""
    found = await session.execute(
        select(func.coalesce(JobRow.last_error, "")).where(
            JobRow.key == key, JobRow.state == JobState.PARKED
        )
    )
    reason: str | None = found.scalar_one_or_none()
    return reason


async def listed(session: AsyncSession, *, state: JobState | None, most: int) -> Sequence[JobRow]:
    """Return jobs, the longest due first."""
    statement = select(JobRow).order_by(JobRow.due_at, JobRow.id).limit(most)
    if state is not None:
        statement = statement.where(JobRow.state == state)
    return (await session.execute(statement)).scalars().all()


async def unpark(session: AsyncSession, job_id: UUID) -> Bell | None:
    """Let a parked job wait for a worker again; None when there is none of that id."""
    row = (
        await session.execute(
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.state == JobState.PARKED)
            .values(
                state=JobState.WAITING,
                attempts=0,
                crashes=0,
                rings=0,
                rung_at=None,
                due_at=func.least(JobRow.due_at, func.hub_now()),
            )
            .returning(JobRow.id, JobRow.queue)
        )
    ).one_or_none()
    return Bell(job_id=row.id, queue=row.queue) if row else None
