"""Every connector, by the key of its platform."""

from collections.abc import Mapping

from workers.connectors.bluesky import Bluesky
from workers.connectors.feed import Feed
from workers.connectors.http import Http
from workers.connectors.mastodon import Mastodon
from workers.connectors.misago import Misago
from workers.connectors.port import Connector
from workers.connectors.webhook import Webhook
from workers.connectors.wordpress import WordPress


def connectors(http: Http) -> Mapping[str, Connector]:
    """Return one connector per platform; all of them talk through the same client."""
    known: tuple[Connector, ...] = (
        Bluesky(http),
        Feed(),
        Mastodon(http),
        Misago(http),
        Webhook(http),
        WordPress(http),
    )
    return {connector.platform: connector for connector in known}
