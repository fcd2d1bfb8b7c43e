"""Following publications while they go their way."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from hub.access.queries import token_lives
from hub.audit.queries import Sealed, sealed_after
from hub.kernel.caller import Permission
from hub.kernel.errors import Unauthenticated
from hub.publishing.queries import publication_exists
from schema.base.node import row_id, unknown_id
from schema.base.reading import Info, read_many
from schema.base.scalars import JsonObject
from schema.context import Context
from schema.freshness import LOOK_SECONDS
from schema.publishing.types import Publication

#: How often a follower asks for the end of the stream, which is looked at once for all.
_POLL_SECONDS = LOOK_SECONDS
#: How long a token that was revoked may still listen.
_TOKEN_SECONDS = 4.0


@strawberry.type(description="Something that happened to a publication.")
class PublicationEvent:
    sequence: int = strawberry.field(
        description="Its number in the workspace; give the last one you saw back as `after`."
    )
    name: str = strawberry.field(description="What happened, such as publication.published.")
    data: JsonObject = strawberry.field(description="The facts of the event itself.")
    occurred_at: datetime = strawberry.field(description="When it happened.")


@strawberry.type(description="A change of a publication.")
class PublicationChange:
    event: PublicationEvent = strawberry.field(description="What happened.")
    publication: Publication | None = strawberry.field(
        description="The publication as it is now, which may be later than the event."
    )


@strawberry.type
class PublishingSubscriptions:
    @strawberry.subscription(
        description="Everything that happens to publications from now on, or since `after`, in its "
        "order and without gaps. It ends with UNAUTHENTICATED when the token does."
    )
    async def publication_changed(
        self,
        info: Info,
        publication_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Only this publication; null: all of the workspace."),
        ] = strawberry.UNSET,
        after: Annotated[
            int | None,
            strawberry.argument(
                description="Begin behind this sequence, to miss nothing after an interruption; "
                "null: with what happens next."
            ),
        ] = strawberry.UNSET,
    ) -> AsyncIterator[PublicationChange]:
        context: Context = info.context
        context.caller.require(Permission.PUBLISHING_READ)
        only = await _existing(context, publication_id) if isinstance(publication_id, str) else None
        async for events in _followed(context, _beginning(context, after)):
            concerned = [
                event
                for event in events
                if event.subject_type == "Publication" and only in {None, event.subject_id}
            ]
            for change in await _changes(info, concerned):
                context.position = change.event.sequence
                yield change


def _beginning(context: Context, after: int | None) -> int | None:
    # A reader of a stream that comes back repeats its first request, and says what it has seen.
    if context.facts is not None and context.facts.resume_after is not None:
        return context.facts.resume_after
    return after if isinstance(after, int) else None


async def _existing(context: Context, global_id: strawberry.ID) -> UUID:
    path = ("publicationId",)
    found = row_id(global_id, "Publication", path=path)
    if not await publication_exists(context.reader, context.caller, found):
        raise unknown_id(path)
    return found


async def _followed(context: Context, after: int | None) -> AsyncIterator[Sequence[Sealed]]:
    """Yield what is sealed, batch by batch, until the token ends."""
    standing = context.standing()
    last = await standing.last() if after is None else after
    checked_at = time.monotonic()
    while True:
        if time.monotonic() - checked_at >= _TOKEN_SECONDS:
            if not await token_lives(context.reader, context.caller):
                raise Unauthenticated("The token is not valid any more.")
            checked_at = time.monotonic()
        more = await standing.last() > last
        events = await sealed_after(context.reader, context.caller, last) if more else ()
        if not events:
            await asyncio.sleep(_POLL_SECONDS)
            continue
        last = events[-1].sequence
        yield events


async def _changes(info: Info, events: Sequence[Sealed]) -> list[PublicationChange]:
    ids = list(dict.fromkeys(event.subject_id for event in events))
    if not ids:
        return []
    found = await read_many(info, "Publication", ids, under=("publication",))
    now: dict[UUID, Any] = dict(zip(ids, found, strict=True))
    return [
        PublicationChange(
            event=PublicationEvent(
                sequence=event.sequence,
                name=event.name,
                data=JsonObject(event.data),
                occurred_at=event.occurred_at,
            ),
            publication=now[event.subject_id],
        )
        for event in events
    ]
