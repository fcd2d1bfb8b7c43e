"""Closing contests in time, having their comments read once more, and judging them."""

from hub.engagement.contests import entries, operations
from hub.engagement.contests.jobs import CloseContest, JudgeContest, ReadContest
from workers.handling import Again, Toolbox, handles


@handles(CloseContest)
async def close(job: CloseContest, tools: Toolbox) -> Again | None:
    """Close what is over."""
    async with tools.unit_of_work(job.workspace_id) as work:
        due_at = await operations.close_when_due(work, contest_id=job.contest_id)
    return Again(due_at=due_at) if due_at else None


@handles(ReadContest)
async def read(job: ReadContest, tools: Toolbox) -> Again | None:
    """Promise to read what was not read since the close, and look again whether it was."""
    async with tools.unit_of_work(job.workspace_id) as work:
        due_at = await entries.read_out(work, contest_id=job.contest_id)
    return Again(due_at=due_at) if due_at else None


@handles(JudgeContest)
async def judge(job: JudgeContest, tools: Toolbox) -> Again | None:
    """Judge the comments: one transaction."""
    async with tools.unit_of_work(job.workspace_id) as work:
        await entries.judge_all(work, contest_id=job.contest_id)
    return None
