"""Asking a platform who the credentials of a channel belong to."""

from hub.channels import operations
from hub.channels.jobs import CheckChannel
from hub.channels.operations import Checked
from workers.accounts import account_of
from workers.connectors.errors import NeedsAuth, PlatformError
from workers.handling import Again, Toolbox, handles


@handles(CheckChannel)
async def check(job: CheckChannel, tools: Toolbox) -> Again | None:
    """Ask, with no transaction open, and keep the answer."""
    async with tools.unit_of_work(job.workspace_id) as work:
        access = await operations.access(work, channel_id=job.channel_id)
    if access is None:
        return None
    try:
        found = await tools.connectors[access.platform].check(account_of(access))
    except PlatformError as error:
        async with tools.unit_of_work(job.workspace_id) as work:
            await operations.settle_failed_check(
                work,
                channel_id=job.channel_id,
                message=error.message,
                needs_auth=isinstance(error, NeedsAuth),
            )
        return None
    async with tools.unit_of_work(job.workspace_id) as work:
        await operations.settle_check(
            work,
            channel_id=job.channel_id,
            found=Checked(
                remote_id=found.remote_id,
                handle=found.handle,
                url=found.url,
                dialect=found.dialect,
                guarantee=found.guarantee,
                capabilities=found.capabilities,
                limits=found.limits,
            ),
        )
    return None
