"""Following publications while they go their way."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from hub.audit.queries import Sealed
from hub.kernel.caller import Permission
from hub.kernel.telling import told_facts
from hub.publishing.queries import publication_exists
from schema.base.node import row_id, to_global_id, unknown_id
from schema.base.reading import Info, read_many
from schema.base.scalars import JsonObject
from schema.context import Context
from schema.following import beginning, followed
from schema.publishing.types import Publication


@strawberry.type(description="Something that happened to a publication.")
class PublicationEvent:
    id: strawberry.ID = strawberry.field(
        description="The id of the event, as in `events` and as the `webhook-id` of endpoints."
    )
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
        async for events in followed(context, beginning(context, after)):
            concerned = [
                event
                for event in events
                if event.subject_type == "Publication" and only in {None, event.subject_id}
            ]
            for change in await _changes(info, concerned):
                context.position = change.event.sequence
                yield change


async def _existing(context: Context, global_id: strawberry.ID) -> UUID:
    path = ("publicationId",)
    found = row_id(global_id, "Publication", path=path)
    if not await publication_exists(context.reader, context.caller, found):
        raise unknown_id(path)
    return found


async def _changes(info: Info, events: Sequence[Sealed]) -> list[PublicationChange]:
    ids = list(dict.fromkeys(event.subject_id for event in events))
    if not ids:
        return []
    found = await read_many(info, "Publication", ids, under=("publication",))
    now: dict[UUID, Any] = dict(zip(ids, found, strict=True))
    return [
        PublicationChange(
            event=PublicationEvent(
                id=strawberry.ID(to_global_id("Event", event.id)),
                sequence=event.sequence,
                name=event.name,
                data=JsonObject(told_facts(event.name, event.data)),
                occurred_at=event.occurred_at,
            ),
            publication=now[event.subject_id],
        )
        for event in events
    ]
