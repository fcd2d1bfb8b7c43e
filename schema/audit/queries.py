"""Asking what happened."""

import strawberry

from schema.audit.types import Event
from schema.base.filters import TimeRange, any_of, between, every_of, greater, none_of, some_of
from schema.base.lists import all_of, ordering
from schema.base.paging import Connection

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
    after_sequence: int | None = greater("Has a later number than this.", "sequence")
    occurred_at: TimeRange | None = between("Happened in this span.", "occurred_at")


@strawberry.type
class AuditQueries:
    events: Connection[Event] = all_of(
        "What happened in the workspace, latest first unless said.",
        "Event",
        filters=EventFilter,
        orders=EventOrder,
        order=("-sequence",),
    )
