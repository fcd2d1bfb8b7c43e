"""A channel as connectors see it, and what their errors say of its whole account."""

from uuid import UUID

from hub.channels import operations as channels
from hub.channels.operations import ChannelAccess
from hub.kernel.work import UnitOfWork
from workers.connectors.errors import NeedsAuth, PlatformError, RateLimited
from workers.connectors.port import Account


def account_of(access: ChannelAccess) -> Account:
    """Return the account of a channel; its secrets go no further than the connector."""
    return Account(
        channel_id=access.channel_id,
        platform=access.platform,
        settings=access.settings,
        secrets=access.secrets,
        dialect=access.dialect,
        identity=access.remote_id,
        limits=access.limits,
        page=access.page,
    )


async def tell_channel(work: UnitOfWork, *, channel_id: UUID, error: PlatformError) -> None:
    """Keep what concerns the whole account; first of all, for locks have one order."""
    if isinstance(error, RateLimited):
        await channels.hold_for_rate(work, channel_id=channel_id, until=work.clock + error.wait)
    if isinstance(error, NeedsAuth):
        await channels.settle_failed_check(
            work, channel_id=channel_id, message=error.message, needs_auth=True
        )
