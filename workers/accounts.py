"""A channel as connectors see it."""

from hub.channels.operations import ChannelAccess
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
