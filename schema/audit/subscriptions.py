"""Following everything that happens."""

from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from hub.automation.rules import require_patterns
from hub.kernel.caller import Permission
from hub.kernel.events import is_named, names
from schema.audit.types import Event
from schema.base.reading import Info, read_many
from schema.context import Context
from schema.following import beginning, followed


@strawberry.type
class AuditSubscriptions:
    @strawberry.subscription(
        description="Everything that happens from now on, or since `after`, in its order and "
        "without gaps: the same events, with the same ids, as `events` and as endpoints are sent. "
        "It ends with UNAUTHENTICATED when the token does."
    )
    async def event_happened(
        self,
        info: Info,
        names_in: Annotated[
            list[str] | None,
            strawberry.argument(
                description='Only these: names, "publication.*" for a kind; null: all.'
            ),
        ] = strawberry.UNSET,
        after: Annotated[
            int | None,
            strawberry.argument(
                description="Begin behind this sequence, to miss nothing after an interruption; "
                "null: with what happens next."
            ),
        ] = strawberry.UNSET,
    ) -> AsyncIterator[Event]:
        context: Context = info.context
        context.caller.require(Permission.AUDIT_READ)
        wanted = names_in if isinstance(names_in, list) else ["*"]
        patterns = require_patterns(wanted, known=names())
        async for events in followed(context, beginning(context, after)):
            heard = [one for one in events if is_named(patterns, name=one.name)]
            found = await read_many(info, "Event", [one.id for one in heard]) if heard else []
            for one, event in zip(heard, found, strict=True):
                context.position = one.sequence
                yield event
