"""Asking what happened."""

import strawberry

from hub.kernel.caller import ActorKind
from hub.kernel.telling import told_events
from schema.audit.types import Event, EventType
from schema.base.filters import TimeRange, any_of, between, every_of, greater, none_of, some_of
from schema.base.lists import all_of, ordering
from schema.base.paging import Connection
from schema.base.reading import Info
from schema.base.scalars import JsonObject

EventOrder = ordering(
    "EventOrder",
    "Orders of events.",
    {
        "SEQUENCE_ASC": ("sequence", "In the order they were sealed."),
        "SEQUENCE_DESC": ("-sequence", "Latest first."),
    },
)


@strawberry.input(description="Which events; all conditions hold together.")
class EventFilter:
    and_: list["EventFilter"] | None = every_of()
    or_: list["EventFilter"] | None = some_of()
    not_: "EventFilter | None" = none_of()
    name_in: list[str] | None = any_of("Has one of these names.", "name")
    subject_type_in: list[str] | None = any_of("Is about one of these types.", "subject_type")
    subject_in: list[strawberry.ID] | None = any_of(
        "Is about one of these objects.", "subject_id", ids_of="*"
    )
    actor_in: list[strawberry.ID] | None = any_of(
        "Was done by one of these members or triggers.", "actor_id", ids_of="*"
    )
    actor_kind_in: list[ActorKind] | None = any_of(
        "Was done by one of these kinds of callers.", "actor_kind"
    )
    after_sequence: int | None = greater("Has a later number than this.", "sequence")
    occurred_at: TimeRange | None = between("Happened in this span.", "occurred_at")


@strawberry.type
class AuditQueries:
    @strawberry.field(description="Every kind of event there is, by name.")
    def event_types(self, info: Info) -> list[EventType]:
        # What the hub can tell is no secret, but only callers ask for it.
        _ = info.context.caller
        return [
            EventType(
                name=known.name,
                description=known.description,
                subject_type=known.subject_type,
                data_schema=JsonObject(dict(known.schema)),
            )
            for known in told_events()
        ]

    events: Connection[Event] = all_of(
        "What happened in the workspace, latest first unless said.",
        "Event",
        filters=EventFilter,
        orders=EventOrder,
        order=("-sequence",),
    )
