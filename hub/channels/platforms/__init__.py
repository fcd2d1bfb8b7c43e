"""Every platform the hub knows, in one table."""

from collections.abc import Mapping

from hub.channels.platforms import bluesky, feed, mastodon, misago, webhook, wordpress
from hub.channels.platforms.base import Platform
from hub.kernel.errors import Invalid

PLATFORMS: Mapping[str, Platform] = {
    known.key: known
    for known in (
        bluesky.PLATFORM,
        feed.PLATFORM,
        mastodon.PLATFORM,
        misago.PLATFORM,
        webhook.PLATFORM,
        wordpress.PLATFORM,
    )
}


def platform(key: str, *, path: tuple[str, ...] = ()) -> Platform:
    """Return the platform of that key; Invalid names the ones that exist."""
    known = PLATFORMS.get(key)
    if known is None:
        names = ", ".join(sorted(PLATFORMS))
        raise Invalid(f"There is no platform {key!r}; the hub knows {names}.", path=path)
    return known
