"""Asking for platforms and channels."""

import strawberry

from hub.channels.platforms import PLATFORMS
from schema.base.filters import any_of, contains, equal, every_of, none_of, some_of
from schema.base.lists import all_of, ordering
from schema.base.paging import Connection
from schema.base.reading import Info
from schema.channels.types import Channel, ChannelState, Platform, shown_platform

ChannelOrder = ordering(
    "ChannelOrder",
    "Orders of channels.",
    {
        "NAME_ASC": ("name", "By name."),
        "NAME_DESC": ("-name", "By name, backwards."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)


@strawberry.input(description="Which channels; all conditions hold together.")
class ChannelFilter:
    and_: list["ChannelFilter"] | None = every_of()
    or_: list["ChannelFilter"] | None = some_of()
    not_: "ChannelFilter | None" = none_of()
    brand_in: list[strawberry.ID] | None = any_of(
        "Belongs to one of these brands.", "brand_id", ids_of="Brand"
    )
    platform_in: list[str] | None = any_of("Is on one of these platforms, by key.", "platform")
    state_in: list[ChannelState] | None = any_of("Is in one of these states.", "state")
    enabled: bool | None = equal("Is switched on, or off.", "enabled")
    name_contains: str | None = contains("The name contains this.", "name")
    external_reference: str | None = equal("Has this key of yours.", "external_reference")


@strawberry.type
class ChannelQueries:
    @strawberry.field(description="Every kind of place the hub can speak at.")
    def platforms(self, info: Info) -> list[Platform]:
        # What the hub knows is no secret, but only callers ask for it.
        _ = info.context.caller
        return [shown_platform(known) for known in PLATFORMS.values()]

    channels: Connection[Channel] = all_of(
        "The channels of the workspace.",
        "Channel",
        filters=ChannelFilter,
        orders=ChannelOrder,
        order=("name",),
    )
