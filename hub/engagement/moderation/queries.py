"""Reading rules: what the channels they are about can do."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, cast, func, or_
from sqlalchemy.dialects.postgresql import JSONB

from hub.channels.models import Channel
from hub.kernel.shapes import all_in


def channels_able(rule: FromClause) -> ColumnElement[Any]:
    """Return the capabilities of each channel that a rule is about."""
    named = cast(rule.c.channel_ids, JSONB)
    return all_in(
        Channel,
        "capabilities",
        lambda channel: (
            (channel.c.brand_id == rule.c.brand_id)
            & or_(
                func.jsonb_array_length(named) == 0,
                named.op("?")(cast(channel.c.id, Text)),
            )
        ),
        newest_per="id",
    )
