"""Meeting a bad day, through the API."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from hub.kernel.work import UnitOfWork
from hub.reputation import incidents as operations
from schema.base.perform import Given, Made, Payload, changes, perform, result, wanted
from schema.base.reading import Info
from schema.content.types import ContentItem
from schema.reputation.types import Incident
from schema.reputation.words import IncidentState, Severity


@strawberry.input
class _LinkedInput(Given):
    mention_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Mentions that belong to it; 100 at a time."
    )
    alert_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Alerts that belong to it; 100 at a time."
    )


@strawberry.input(description="An incident to open.")
class IncidentOpenInput(_LinkedInput):
    brand_id: strawberry.ID = strawberry.field(description="Whose bad day it is.")
    title: str = strawberry.field(description="What it is about, in a line.")
    summary: str = strawberry.field(default="", description="What is known.")
    severity: Severity = strawberry.field(default=Severity.MINOR, description="How bad it is.")
    owner_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Who sees to it; null: you."
    )


@strawberry.input(description="What to change of an incident; what is left out stays.")
class IncidentUpdateInput(Given):
    id: strawberry.ID = strawberry.field(description="The incident.")
    expected_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The `version` you read; CONFLICT if it is another by now.",
    )
    title: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What it is about."
    )
    summary: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="What is known; empty for nothing."
    )
    severity: strawberry.Maybe[Severity | None] = strawberry.field(
        default=None, description="How bad it is."
    )
    state: strawberry.Maybe[IncidentState | None] = strawberry.field(
        default=None, description="How far it is."
    )
    owner_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        default=None, description="Who sees to it; null: nobody."
    )


@strawberry.input(description="A line for the timeline of an incident.")
class IncidentNoteInput(Given):
    id: strawberry.ID = strawberry.field(description="The incident.")
    text: str = strawberry.field(description="What happened, or what was decided.")


@strawberry.input(description="What belongs to an incident.")
class IncidentLinkInput(_LinkedInput):
    id: strawberry.ID = strawberry.field(description="The incident.")


@strawberry.input(description="What may be said about an incident in one language.")
class IncidentStatementSetInput(Given):
    id: strawberry.ID = strawberry.field(description="The incident.")
    locale: str = strawberry.field(description='The language as a tag, such as "fr".')
    text: str = strawberry.field(description="The words.")


@strawberry.input(description="A holding statement to make a content item of.")
class IncidentStatementDraftInput(Given):
    id: strawberry.ID = strawberry.field(description="The incident.")
    locale: str = strawberry.field(description="Which language.")


@strawberry.type
class _IncidentPayload(Payload):
    incident: Incident | None = result("Incident", "The incident as it is now.")


@strawberry.type(description="The answer to incidentOpen.")
class IncidentOpenPayload(_IncidentPayload):
    pass


@strawberry.type(description="The answer to incidentUpdate.")
class IncidentUpdatePayload(_IncidentPayload):
    pass


@strawberry.type(description="The answer to incidentNote.")
class IncidentNotePayload(_IncidentPayload):
    pass


@strawberry.type(description="The answer to incidentLink.")
class IncidentLinkPayload(_IncidentPayload):
    pass


@strawberry.type(description="The answer to incidentStatementSet.")
class IncidentStatementSetPayload(_IncidentPayload):
    pass


@strawberry.type(description="The answer to incidentStatementDraft.")
class IncidentStatementDraftPayload(_IncidentPayload):
    content_item: ContentItem | None = result(
        "ContentItem", "The new item; submit it for review like any other."
    )


def _ids(given: Sequence[strawberry.ID], kind: str, argument: str) -> list[UUID]:
    return [wanted(one, kind, argument, str(index)) for index, one in enumerate(given)]


def _linked(given: Any) -> dict[str, list[UUID]]:
    return {
        "mention_ids": _ids(given.mention_ids, "Mention", "mentionIds"),
        "alert_ids": _ids(given.alert_ids, "Alert", "alertIds"),
    }


def _changes(given: IncidentUpdateInput) -> dict[str, Any]:
    found = changes(given, "title", "summary", "severity", "state", empty=("owner_id",))
    if found.get("owner_id") is not None:
        found["owner_id"] = wanted(found["owner_id"], "Member", "ownerId")
    return found


@strawberry.type
class IncidentMutations:
    @strawberry.mutation(description="Say that a bad day has begun.")
    async def incident_open(
        self,
        info: Info,
        input: Annotated[IncidentOpenInput, strawberry.argument(description="The incident.")],  # noqa: A002 - its name in the API
    ) -> IncidentOpenPayload:
        async def act(work: UnitOfWork) -> Made:
            owner = input.owner_id
            incident = await operations.open_incident(
                work,
                brand_id=wanted(input.brand_id, "Brand", "brandId"),
                title=input.title,
                summary=input.summary,
                severity=input.severity,
                owner_id=None if owner is None else wanted(owner, "Member", "ownerId"),
                **_linked(input),
            )
            return {"incident": incident.id}

        return await perform(info, IncidentOpenPayload, act)

    @strawberry.mutation(
        description="Change who sees to an incident, how bad it is, how far it is, or its words."
    )
    async def incident_update(
        self,
        info: Info,
        input: Annotated[IncidentUpdateInput, strawberry.argument(description="The change.")],  # noqa: A002 - its name in the API
    ) -> IncidentUpdatePayload:
        async def act(work: UnitOfWork) -> Made:
            incident = await operations.update_incident(
                work,
                incident_id=wanted(input.id, "Incident", "id"),
                expected_version=input.expected_version,
                changes=_changes(input),
            )
            return {"incident": incident.id}

        return await perform(info, IncidentUpdatePayload, act)

    @strawberry.mutation(description="Write a line into the timeline of an incident.")
    async def incident_note(
        self,
        info: Info,
        input: Annotated[IncidentNoteInput, strawberry.argument(description="The line.")],  # noqa: A002 - its name in the API
    ) -> IncidentNotePayload:
        async def act(work: UnitOfWork) -> Made:
            incident_id = wanted(input.id, "Incident", "id")
            incident = await operations.note(work, incident_id=incident_id, text=input.text)
            return {"incident": incident.id}

        return await perform(info, IncidentNotePayload, act)

    @strawberry.mutation(
        description="Say which mentions and alerts belong to an incident; they leave any other."
    )
    async def incident_link(
        self,
        info: Info,
        input: Annotated[IncidentLinkInput, strawberry.argument(description="What belongs.")],  # noqa: A002 - its name in the API
    ) -> IncidentLinkPayload:
        async def act(work: UnitOfWork) -> Made:
            incident_id = wanted(input.id, "Incident", "id")
            incident = await operations.link(work, incident_id=incident_id, **_linked(input))
            return {"incident": incident.id}

        return await perform(info, IncidentLinkPayload, act)

    @strawberry.mutation(
        description="Write what may be said about an incident, in one language; other words than "
        "before need a draft of their own."
    )
    async def incident_statement_set(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - its name in the API
            IncidentStatementSetInput, strawberry.argument(description="The words.")
        ],
    ) -> IncidentStatementSetPayload:
        async def act(work: UnitOfWork) -> Made:
            incident = await operations.set_statement(
                work,
                incident_id=wanted(input.id, "Incident", "id"),
                locale=input.locale,
                text=input.text,
            )
            return {"incident": incident.id}

        return await perform(info, IncidentStatementSetPayload, act)

    @strawberry.mutation(
        description="Make a content item of a holding statement: it goes through review like every "
        "other word of the brand."
    )
    async def incident_statement_draft(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - its name in the API
            IncidentStatementDraftInput, strawberry.argument(description="Which.")
        ],
    ) -> IncidentStatementDraftPayload:
        async def act(work: UnitOfWork) -> Made:
            incident, item_id = await operations.draft_statement(
                work, incident_id=wanted(input.id, "Incident", "id"), locale=input.locale
            )
            return {"incident": incident.id, "content_item": item_id}

        return await perform(info, IncidentStatementDraftPayload, act)
