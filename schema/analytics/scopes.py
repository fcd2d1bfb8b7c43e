"""What figures are summed over and compared with, as clients say it."""

import strawberry

from hub.analytics import series
from hub.analytics.queries import EVERYTHING, Scope, ScopeKind
from hub.kernel.errors import Invalid, NotFound
from schema.base.enums import describe
from schema.base.node import row_id

Comparison = series.Comparison
describe(
    Comparison,
    description="What a period is compared with.",
    values={
        "NONE": "Nothing.",
        "PREVIOUS": "As many days right before it.",
        "PREVIOUS_YEAR": "As many days from the same day of the year before.",
    },
)


@strawberry.input(description="What figures are summed over: one thing, or the whole workspace.")
class FigureScope:
    campaign_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="What serves this campaign."
    )
    channel_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="What goes to this channel."
    )
    content_item_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="What tells this content."
    )
    brand_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="What goes to channels of this brand."
    )


_THINGS = (
    ("campaign_id", "campaignId", "Campaign", ScopeKind.CAMPAIGN),
    ("channel_id", "channelId", "Channel", ScopeKind.CHANNEL),
    ("content_item_id", "contentItemId", "ContentItem", ScopeKind.CONTENT_ITEM),
    ("brand_id", "brandId", "Brand", ScopeKind.BRAND),
)


def scope_of(given: FigureScope | None, *path: str) -> Scope:
    """Return the scope a client names; raise Invalid for two things at once.

    `path` is where it stands among the arguments.
    """
    named = [
        (name, kind, scope, value)
        for attribute, name, kind, scope in _THINGS
        if given and (value := getattr(given, attribute) or None) is not None
    ]
    if not named:
        return EVERYTHING
    if len(named) > 1:
        raise Invalid("Name one thing, or none for the whole workspace.", path=path)
    name, kind, scope, value = named[0]
    return Scope(kind=scope, id=row_id(value, kind, path=(*path, name)))


def placed(error: NotFound, given: FigureScope | None, *path: str) -> NotFound:
    """Return an error of a scope that is not there with the input that named it."""
    named = [
        name for attribute, name, _, _ in _THINGS if given and (getattr(given, attribute) or None)
    ]
    return NotFound(error.message, path=(*path, *named))
