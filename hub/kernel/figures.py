"""Figures of the queue for operators: sums over all workspaces, never a word of content."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, kw_only=True)
class JobFigures:
    """Jobs of one queue in one state; `due` of them should be running, for so many seconds."""

    queue: str
    state: str
    jobs: int
    due: int
    oldest_seconds: float


_JOBS = text("""
SELECT queue, state, count(*) AS jobs,
    count(*) FILTER (WHERE state = 'WAITING' AND due_at <= hub_now()) AS due,
    greatest(0, extract(epoch FROM max(
        CASE WHEN state = 'WAITING' THEN hub_now() - due_at END
    )))::float8 AS oldest_seconds
FROM jobs GROUP BY queue, state
""")


async def job_figures(session: AsyncSession) -> Sequence[JobFigures]:
    """Return the figures of every queue and state that has jobs."""
    rows = await session.execute(_JOBS)
    return [JobFigures(**row._mapping) for row in rows]  # noqa: SLF001 - its public name in SQLAlchemy
