"""Pausing publishing, as the API shows it: what runs, what it holds, how it ended."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from hub.actions import Action
from hub.kernel.caller import Permission
from hub.kernel.shapes import columns, named_in
from hub.kernel.work import UnitOfWork
from hub.publishing import models
from hub.publishing import pauses as operations
from schema.access.types import Member
from schema.base.enums import describe
from schema.base.fields import Asking, Facts, column, embedded, paged, reads, to_one
from schema.base.filters import any_of, equal, every_of, none_of, some_of
from schema.base.lists import all_of, ordering
from schema.base.node import Node
from schema.base.offers import available_actions
from schema.base.paging import Connection
from schema.base.perform import Given, Made, Payload, perform, result, wanted
from schema.base.reading import Info
from schema.channels.types import Channel
from schema.publishing.types import Publication
from schema.strategy.types import Brand, Campaign

if TYPE_CHECKING:
    from schema.reputation.types import Incident

LazyIncident = Annotated["Incident", strawberry.lazy("schema.reputation.types")]

PauseScope = models.PauseScope
describe(
    PauseScope,
    description="How much a pause stops.",
    values={
        "WORKSPACE": "Everything of the workspace.",
        "BRAND": "Everything on the channels of one brand.",
        "CHANNEL": "Everything on one channel.",
        "CAMPAIGN": "Everything that serves one campaign.",
    },
)
PauseDecision = models.PauseDecision
describe(
    PauseDecision,
    description="What becomes of a publication that a pause has held, when the pause ends.",
    values={
        "RELEASE": "It goes out at its time, or now where that is over.",
        "RESCHEDULE": "It goes out at another time.",
        "KEEP": "It stays held until somebody resumes or cancels it.",
        "CANCEL": "It does not go out.",
    },
)


@strawberry.type(description="What was decided for one publication when a pause ended.")
class PauseOutcome:
    publication: Publication | None = strawberry.field(
        description="Which; null where the pause held nothing with the id that was given."
    )
    decision: PauseDecision | None = strawberry.field(
        description="What was asked for; null: what was in time went out, the rest was missed."
    )
    code: str = strawberry.field(
        description="Empty where it was done. Otherwise why it is still held: MISSED, STILL_PAUSED "
        "(another pause runs), NOT_FOUND, or the code of an error."
    )
    message: str = strawberry.field(description="Why it is still held, for people; may be empty.")


def _outcomes(facts: Facts, _asking: Asking, known: Mapping[str, Any]) -> list[PauseOutcome]:
    return [
        PauseOutcome(
            publication=known.get(one["publication_id"]),
            decision=PauseDecision(one["decision"]) if one["decision"] else None,
            code=one["code"],
            message=one["message"],
        )
        for one in facts["outcomes"]
    ]


@reads(
    models.Pause,
    permission=Permission.PUBLISHING_READ,
    facts={"running": lambda pause: pause.c.ended_at.is_(None)},
)
@strawberry.type(description="Nothing of a scope goes out while it runs.")
class Pause(Node):
    scope: PauseScope = column("How much it stops.")
    brand: Brand | None = to_one("Whose channels, with BRAND.", columns("brand_id"))
    channel: Channel | None = to_one("Which channel, with CHANNEL.", columns("channel_id"))
    campaign: Campaign | None = to_one("Which campaign, with CAMPAIGN.", columns("campaign_id"))
    incident: LazyIncident | None = to_one(
        "What it is for, where it is for an incident.", columns("incident_id")
    )
    running: bool = column("Whether it stops anything now.")
    reason: str = column("Why, in the words of whoever started it.")
    replies_too: bool = column("Whether answers to people are stopped as well.")
    started_by: Member | None = to_one("Who started it; null: a tool.", columns("started_by"))
    ended_by: Member | None = to_one("Who ended it; null: nobody yet.", columns("ended_by"))
    ended_at: datetime | None = column("When it ended; null while it runs.")
    publications: Connection[Publication] = paged(
        "What it holds, and what was kept back when it ended; newest first.",
        columns("id", "pause_id"),
    )
    outcomes: list[PauseOutcome] = embedded(
        "What was decided when it ended, for each publication that it held.",
        needs=("outcomes",),
        target="Publication",
        link=named_in("outcomes", "$[*].publication_id"),
        make=_outcomes,
        lasting=True,
    )
    available_actions: list[Action] = available_actions("Pause")
    version: int = column("Counts up with every change.")
    created_at: datetime = column("When it began.")
    updated_at: datetime = column("When it last changed.")


PauseOrder = ordering(
    "PauseOrder",
    "Orders of pauses.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)


@strawberry.input(description="Which pauses; all conditions hold together.")
class PauseFilter:
    and_: list["PauseFilter"] | None = every_of()
    or_: list["PauseFilter"] | None = some_of()
    not_: "PauseFilter | None" = none_of()
    running: bool | None = equal("Runs now, or has ended.", "running")
    scope_in: list[PauseScope] | None = any_of("Stops as much as one of these.", "scope")
    incident_in: list[strawberry.ID] | None = any_of(
        "Is for one of these incidents.", "incident_id", ids_of="Incident"
    )


@strawberry.type
class PauseQueries:
    pauses: Connection[Pause] = all_of(
        "The pauses of the workspace.",
        "Pause",
        filters=PauseFilter,
        orders=PauseOrder,
        order=("-id",),
    )


@strawberry.input(description="What to pause, and why.")
class PauseStartInput(Given):
    scope: PauseScope = strawberry.field(description="How much to stop.")
    reason: str = strawberry.field(description="Why; everybody who finds something held reads it.")
    subject_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The brand, channel or campaign to stop; left out for WORKSPACE.",
    )
    incident_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The incident it is for; it is noted there."
    )
    replies_too: bool = strawberry.field(
        default=False,
        description="Whether answers to people stop as well. Usually they go on: silence towards "
        "those who ask makes a bad day worse.",
    )


@strawberry.input(description="What becomes of one publication that a pause has held.")
class PauseDecisionInput(Given):
    publication_id: strawberry.ID = strawberry.field(description="The publication.")
    decision: PauseDecision = strawberry.field(description="What becomes of it.")
    at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="The other time, with RESCHEDULE."
    )


@strawberry.input(description="A pause to end.")
class PauseEndInput(Given):
    id: strawberry.ID = strawberry.field(description="The pause.")
    decisions: list[PauseDecisionInput] = strawberry.field(
        default_factory=list, description="What becomes of publications, one by one."
    )
    rest: PauseDecision | None = strawberry.field(
        default=strawberry.UNSET,
        description="What becomes of everything else; not RESCHEDULE. Left out: what is in time "
        "goes out, what is not is HELD as MISSED.",
    )


@strawberry.type(description="The answer to pauseStart.")
class PauseStartPayload(Payload):
    pause: Pause | None = result("Pause", "The pause, from this moment on.")
    in_flight: list[Publication] | None = result(
        "Publication",
        "What was past its moment of truth already and can no longer be stopped; 100 at most.",
    )


@strawberry.type(description="The answer to pauseEnd.")
class PauseEndPayload(Payload):
    pause: Pause | None = result("Pause", "The pause as it ended; see its `outcomes`.")


#: The type of what a scope stops.
_KINDS = {
    PauseScope.BRAND: "Brand",
    PauseScope.CHANNEL: "Channel",
    PauseScope.CAMPAIGN: "Campaign",
}


@strawberry.type
class PauseMutations:
    @strawberry.mutation(
        description="Pause publishing at once: nothing of the scope passes its moment of truth "
        "from now on. Taking down and hiding go on."
    )
    async def pause_start(
        self,
        info: Info,
        input: Annotated[PauseStartInput, strawberry.argument(description="What and why.")],  # noqa: A002 - its name in the API
    ) -> PauseStartPayload:
        async def act(work: UnitOfWork) -> Made:
            kind, given = _KINDS.get(input.scope, ""), input.subject_id
            pause, in_flight = await operations.start(
                work,
                scope=input.scope,
                reason=input.reason,
                subject_id=None if given is None else wanted(given, kind, "subjectId"),
                incident_id=None
                if input.incident_id is None
                else wanted(input.incident_id, "Incident", "incidentId"),
                replies_too=input.replies_too,
            )
            return {"pause": pause.id, "in_flight": in_flight}

        return await perform(info, PauseStartPayload, act)

    @strawberry.mutation(
        description="End a pause, with a decision for everything it held. One that cannot be "
        "carried out stays held and says why; nothing is lost."
    )
    async def pause_end(
        self,
        info: Info,
        input: Annotated[PauseEndInput, strawberry.argument(description="Which, and how.")],  # noqa: A002 - its name in the API
    ) -> PauseEndPayload:
        async def act(work: UnitOfWork) -> Made:
            decisions = [
                operations.Decided(
                    publication_id=wanted(
                        one.publication_id,
                        "Publication",
                        "decisions",
                        str(index),
                        "publicationId",
                    ),
                    decision=one.decision,
                    at=one.at,
                )
                for index, one in enumerate(input.decisions)
            ]
            pause = await operations.end(
                work, pause_id=wanted(input.id, "Pause", "id"), decisions=decisions, rest=input.rest
            )
            return {"pause": pause.id}

        return await perform(info, PauseEndPayload, act)
