"""Preparing the editions of a review."""

from hub.review import operations
from hub.review.jobs import PrepareReview
from workers.handling import Again, Toolbox, handles


@handles(PrepareReview)
async def prepare(job: PrepareReview, tools: Toolbox) -> Again | None:
    """Render and store: pure work, one transaction."""
    async with tools.unit_of_work(job.workspace_id) as work:
        await operations.prepare(work, review_id=job.review_id)
    return None
