"""Finding anew what voice guides say of contents."""

from uuid import UUID

from hub.content import voice
from hub.content.jobs import CheckVoice
from workers.handling import Again, Toolbox, handles


@handles(CheckVoice)
async def check(job: CheckVoice, tools: Toolbox) -> Again | None:
    """Go through the brand's open contents, some in each transaction; repeating it is harmless."""
    after: UUID | None = None
    while True:
        async with tools.unit_of_work(job.workspace_id) as work:
            after = await voice.check_again(work, brand_id=job.brand_id, after=after)
        if after is None:
            return None
