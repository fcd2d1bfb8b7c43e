"""Asking for triggers, endpoints and deliveries."""

from typing import Annotated

import strawberry

from schema.automation.types import (
    ContentImport,
    Delivery,
    DeliveryState,
    Endpoint,
    Trigger,
    TriggerCall,
)
from schema.base.fields import LASTING
from schema.base.filters import any_of, contains, equal, every_of, none_of, some_of
from schema.base.lists import all_of, ordering
from schema.base.node import row_id
from schema.base.paging import Connection
from schema.base.reading import Info, read_one

TriggerOrder = ordering(
    "TriggerOrder",
    "Orders of triggers.",
    {
        "NAME_ASC": ("name", "By name."),
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
EndpointOrder = ordering(
    "EndpointOrder",
    "Orders of endpoints.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
ContentImportOrder = ordering(
    "ContentImportOrder",
    "Orders of imports.",
    {
        "CREATED_AT_ASC": ("id", "Oldest first."),
        "CREATED_AT_DESC": ("-id", "Newest first."),
    },
)
DeliveryOrder = ordering(
    "DeliveryOrder",
    "Orders of deliveries.",
    {
        "SEQUENCE_ASC": ("sequence", "In the order of the events."),
        "SEQUENCE_DESC": ("-sequence", "Latest event first."),
        "NEXT_AT_ASC": ("next_at", "What is sent next, first."),
    },
)


@strawberry.input(description="Which triggers; all conditions hold together.")
class TriggerFilter:
    and_: list["TriggerFilter"] | None = every_of()
    or_: list["TriggerFilter"] | None = some_of()
    not_: "TriggerFilter | None" = none_of()
    name_contains: str | None = contains("The name contains this.", "name")
    enabled: bool | None = equal("Is switched on, or off.", "enabled")


@strawberry.input(description="Which endpoints; all conditions hold together.")
class EndpointFilter:
    and_: list["EndpointFilter"] | None = every_of()
    or_: list["EndpointFilter"] | None = some_of()
    not_: "EndpointFilter | None" = none_of()
    url_contains: str | None = contains("The address contains this.", "url")
    enabled: bool | None = equal("Is switched on, or off.", "enabled")


@strawberry.input(description="Which deliveries; all conditions hold together.")
class DeliveryFilter:
    and_: list["DeliveryFilter"] | None = every_of()
    or_: list["DeliveryFilter"] | None = some_of()
    not_: "DeliveryFilter | None" = none_of()
    endpoint_in: list[strawberry.ID] | None = any_of(
        "Is for one of these endpoints.", "endpoint_id", ids_of="Endpoint"
    )
    state_in: list[DeliveryState] | None = any_of("Is in one of these states.", "state")
    event_name_in: list[str] | None = any_of("Is of an event of one of these names.", "event_name")


@strawberry.input(description="Which imports; all conditions hold together.")
class ContentImportFilter:
    and_: list["ContentImportFilter"] | None = every_of()
    or_: list["ContentImportFilter"] | None = some_of()
    not_: "ContentImportFilter | None" = none_of()
    applied: bool | None = equal("Has changed something, or not.", "applied")
    dry_run: bool | None = equal("Was a trial, or not.", "dry_run")


@strawberry.type
class AutomationQueries:
    @strawberry.field(
        description="What a call of a trigger began, by the id it was answered with; null when "
        "there is none, or not any more.",
        metadata={LASTING: True},
    )
    async def operation(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002 - its name in the API
    ) -> TriggerCall | None:
        found: TriggerCall | None = await read_one(info, "TriggerCall", row_id(id, "TriggerCall"))
        return found

    content_imports: Connection[ContentImport] = all_of(
        "The imports of the workspace, newest first unless said.",
        "ContentImport",
        filters=ContentImportFilter,
        orders=ContentImportOrder,
        order=("-id",),
    )
    triggers: Connection[Trigger] = all_of(
        "The doors that automation tools have.",
        "Trigger",
        filters=TriggerFilter,
        orders=TriggerOrder,
        order=("name",),
    )
    endpoints: Connection[Endpoint] = all_of(
        "The addresses that hear events.",
        "Endpoint",
        filters=EndpointFilter,
        orders=EndpointOrder,
        order=("id",),
    )
    deliveries: Connection[Delivery] = all_of(
        "What endpoints were sent and will be, latest event first unless said.",
        "Delivery",
        filters=DeliveryFilter,
        orders=DeliveryOrder,
        order=("-sequence",),
    )
